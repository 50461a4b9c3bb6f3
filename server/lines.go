package server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"
	"time"
)

// lines feeds mcp-go one message at a time. mcp-go reads lines of any length,
// forgets a last line without a newline, and cancels what is under way as soon
// as its input ends; lines bounds them, completes them, and holds the end back
// until every request has its answer.
type lines struct {
	in      *bufio.Reader
	pending *pendingAnswers
	wait    time.Duration
	rest    []byte // of the line being handed over
	ended   error
}

func newLines(in io.Reader, pending *pendingAnswers, wait time.Duration) *lines {
	return &lines{in: bufio.NewReaderSize(in, 64<<10), pending: pending, wait: wait}
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	for len(l.rest) == 0 {
		if l.ended != nil {
			l.pending.settle(l.wait)
			return 0, l.ended
		}
		var line []byte
		if line, l.ended = l.next(); len(bytes.TrimSpace(line)) > 0 {
			l.pending.asked(line)
			l.rest = append(line, '\n')
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// next reads one line without its newline. One that is too long is replaced by
// text that is no JSON, so that the client gets a parse error and the next line is read.
func (l *lines) next() ([]byte, error) {
	var line []byte
	for {
		part, err := l.in.ReadSlice('\n')
		if len(line) <= maxLine {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if len(line) > maxLine {
			line = []byte("message too long")
		}
		return bytes.TrimRight(line, "\r\n"), err
	}
}

// answers passes on what is written and counts it as answered.
type answers struct {
	out     io.Writer
	pending *pendingAnswers
}

// Write implements io.Writer. mcp-go writes one message per call.
func (a *answers) Write(p []byte) (int, error) {
	answer := messageOf(p)
	if !answer.isAnswer() {
		return a.out.Write(p)
	}
	out, _ := a.pending.asking(answer.name()).complete(p)
	_, err := a.out.Write(out)
	a.pending.answered(answer.name())
	return len(p), err
}

// pendingAnswers are the requests that have no answer yet. A client that uses an
// id twice at once is counted for each.
type pendingAnswers struct {
	mu    sync.Mutex
	open  map[string][]message // by id
	empty chan struct{}        // closed when the last is answered while someone waits
}

// asked notes a request. One that listens is answered when its stream ends, which
// nobody waits for.
func (p *pendingAnswers) asked(line []byte) {
	m := messageOf(line)
	if !m.isRequest() || m.listens() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open == nil {
		p.open = map[string][]message{}
	}
	p.open[m.name()] = append(p.open[m.name()], m)
}

// asking is the oldest request with this id that has no answer.
func (p *pendingAnswers) asking(id string) message {
	p.mu.Lock()
	defer p.mu.Unlock()
	if open := p.open[id]; len(open) > 0 {
		return open[0]
	}
	return message{}
}

func (p *pendingAnswers) answered(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if rest := p.open[id]; len(rest) > 1 {
		p.open[id] = rest[1:]
	} else {
		delete(p.open, id)
	}
	if len(p.open) == 0 && p.empty != nil {
		close(p.empty)
		p.empty = nil
	}
}

// settle returns when nothing is pending, or after wait.
func (p *pendingAnswers) settle(wait time.Duration) {
	p.mu.Lock()
	if len(p.open) == 0 {
		p.mu.Unlock()
		return
	}
	empty := make(chan struct{})
	p.empty = empty
	p.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-empty:
	case <-t.C:
	}
}
