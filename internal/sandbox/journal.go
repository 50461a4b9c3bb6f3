package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"supportmcp/internal/sandbox/control"
)

// kept is a line of a journal: the first one says when the stories were played
// in, and with which seed, each later one is a write that a vendor has taken, or how far the clock was
// moved.
type kept struct {
	Start time.Time         `json:"start,omitzero"`
	Seed  Seed              `json:"seed,omitempty"`
	Ahead *control.Duration `json:"ahead,omitempty"`

	At     time.Time         `json:"at,omitzero"`
	Vendor string            `json:"vendor,omitempty"`
	Method string            `json:"method,omitempty"`
	URL    string            `json:"url,omitempty"`
	Header map[string]string `json:"header,omitempty"`
	Body   []byte            `json:"body,omitempty"`
	Status int               `json:"status,omitempty"`
}

// journal is a file in which a sandbox outlives its process.
type journal struct {
	mu     sync.Mutex // one write at a time, so that their order is that of the lines
	file   *os.File
	clock  *control.Clock
	broken error // a line could not be written; nothing is taken any more
}

// Keep makes both vendors as the journal at path left them, or new ones with this
// seed when there is no such file. A journal keeps its own seed, and refuses another
// one. From then on each write is on disk before it is answered, so
// that whenever the process dies, what a client was told has happened. Only one
// process at a time may keep a journal. Faults and the list of requests are not
// kept, and neither is the credential that a client used.
func Keep(clock *control.Clock, path string, seed Seed) (*Sandbox, error) {
	lines, err := readJournal(path)
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's journal: %w", err)
	}
	if len(lines) > 0 && seed != "" && seed != lines[0].Seed {
		return nil, fmt.Errorf("the sandbox of %s was made without the seed %s: name another folder", path, seed)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, fmt.Errorf("open the sandbox's journal: %w", err)
	}
	j := &journal{file: file, clock: clock}
	if len(lines) == 0 {
		lines = []kept{{Start: clock.Now(), Seed: seed}}
		if err := j.write(lines[0]); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	s, err := replay(clock, lines)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replay the sandbox's journal: %w", err), file.Close())
	}
	s.Stripe.Desk.Keep, s.Intercom.Desk.Keep = j.keep("stripe"), j.keep("intercom")
	s.journal = j
	clock.OnAdvance(j.advanced)
	return s, nil
}

// readJournal reads the lines of a journal. A process that died while it wrote the
// last one has not answered that write, so it never happened and is cut off.
func readJournal(path string) ([]kept, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1
	if whole < len(b) {
		if err := os.Truncate(path, int64(whole)); err != nil {
			return nil, err
		}
	}
	var out []kept
	for line := range bytes.Lines(b[:whole]) {
		var k kept
		if err := json.Unmarshal(line, &k); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(out)+1, err)
		}
		out = append(out, k)
	}
	if len(out) > 0 && out[0].Start.IsZero() {
		return nil, errors.New("its first line has no start")
	}
	return out, nil
}

// replay makes a sandbox and lets everything happen again, each at its time.
func replay(clock *control.Clock, lines []kept) (*Sandbox, error) {
	clock.Hold(lines[0].Start)
	defer clock.Hold(time.Time{})
	s := NewSeeded(clock, lines[0].Seed)
	vendors := map[string]http.Handler{"stripe": s.Stripe.Handler(), "intercom": s.Intercom.Handler()}
	for i, k := range lines[1:] {
		if k.Ahead != nil {
			clock.Advance(time.Duration(*k.Ahead) - clock.Ahead())
			continue
		}
		clock.Hold(k.At)
		r, err := k.request()
		if err != nil {
			return nil, err
		}
		if got := control.Apply(vendors[k.Vendor], r); got != k.Status {
			return nil, fmt.Errorf("line %d: %s %s was answered with %d and is now with %d", i+2, k.Method, k.URL, k.Status, got)
		}
	}
	s.Stripe.Desk.Forget()
	s.Intercom.Desk.Forget()
	return s, nil
}

func (k kept) request() (*http.Request, error) {
	r, err := http.NewRequestWithContext(context.Background(), k.Method, k.URL, bytes.NewReader(k.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range k.Header {
		r.Header.Set(name, value)
	}
	r.Header.Set("Authorization", "Bearer "+map[string]string{"stripe": StripeKey, "intercom": IntercomToken}[k.Vendor])
	return r, nil
}

// keep takes the writes of a vendor. Time stands still while one happens, so that
// it happens at the same moment when it is replayed.
func (j *journal) keep(vendor string) func(*http.Request, []byte, func() int) error {
	return func(r *http.Request, body []byte, apply func() int) error {
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.broken != nil {
			return j.broken
		}
		at := j.clock.Now()
		j.clock.Hold(at)
		defer j.clock.Hold(time.Time{})
		status := apply()
		if changesNothing(r, status) {
			return nil
		}
		return j.write(kept{At: at, Vendor: vendor, Method: r.Method, URL: r.URL.RequestURI(), Header: headers(r), Body: body, Status: status})
	}
}

// changesNothing reports whether a request need not be kept: a search, and one
// that was refused for its credential, which is not kept either.
func changesNothing(r *http.Request, status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || strings.HasSuffix(r.URL.Path, "/search")
}

// headers are those that decide what a request means.
func headers(r *http.Request) map[string]string {
	out := map[string]string{}
	for _, name := range []string{"Content-Type", "Idempotency-Key", "Stripe-Version", "Intercom-Version"} {
		if value := r.Header.Get(name); value != "" {
			out[name] = value
		}
	}
	return out
}

func (j *journal) advanced(ahead time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	d := control.Duration(ahead)
	_ = j.write(kept{Ahead: &d}) // an error is remembered, and ends all writes
}

// write puts a line on the disk.
func (j *journal) write(k kept) error {
	b, err := json.Marshal(k)
	if err == nil {
		_, err = j.file.Write(append(b, '\n'))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.broken = fmt.Errorf("write the sandbox's journal: %w", err)
	}
	return j.broken
}
