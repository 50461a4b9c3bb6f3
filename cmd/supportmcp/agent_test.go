package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

// patience bounds every wait of these tests; it is reached only when something is broken.
const patience = 30 * time.Second

// agent is an MCP client that started a server as a process, as desktop clients
// do. It may call from many goroutines.
type agent struct {
	t      testing.TB
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.ReadCloser
	log    bytes.Buffer  // written by the process; read it when the process has ended
	ended  chan struct{} // closed when standard output has ended
	mu     sync.Mutex
	asked  int
	waits  map[int]chan json.RawMessage
	strays []string // lines that are no answer
}

// hire starts the program of the PATH and greets it.
func hire(t testing.TB, environ []string, args ...string) *agent {
	t.Helper()
	return hireProgram(t, "supportmcp", environ, args...)
}

func hireProgram(t testing.TB, program string, environ []string, args ...string) *agent {
	t.Helper()
	a := launch(t, program, environ, args...)
	a.greet()
	return a
}

// launch starts a program without a word.
func launch(t testing.TB, program string, environ []string, args ...string) *agent {
	t.Helper()
	return launchAs(t, nil, program, environ, args...)
}

// launchAs is launch as another user.
func launchAs(t testing.TB, as *syscall.SysProcAttr, program string, environ []string, args ...string) *agent {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{t: t, ended: make(chan struct{}), waits: map[int]chan json.RawMessage{}}
	a.cmd = exec.CommandContext(context.Background(), path, args...) //nolint:usetesting // it must outlive the test's context to be ended in order
	a.cmd.Env, a.cmd.Stderr, a.cmd.SysProcAttr = environ, &a.log, as
	if a.in, err = a.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if a.out, err = a.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.fire)
	go a.listen()
	return a
}

func (a *agent) greet() {
	a.t.Helper()
	if !a.greeted() {
		a.fire()
		a.t.Fatalf("the server did not greet: %s", a.log.String())
	}
}

// greeted reports whether the server answered the greeting.
func (a *agent) greeted() bool {
	hello := map[string]any{"protocolVersion": "2025-06-18", "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "test", "version": "1"}}
	if a.ask("initialize", hello) == nil {
		return false
	}
	_, err := io.WriteString(a.in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	return err == nil
}

func (a *agent) listen() {
	defer close(a.ended)
	lines := bufio.NewScanner(a.out)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var m struct {
			ID     *int
			Result json.RawMessage
		}
		err := json.Unmarshal(lines.Bytes(), &m)
		a.mu.Lock()
		if err != nil || m.ID == nil || a.waits[*m.ID] == nil {
			a.strays = append(a.strays, lines.Text())
		} else {
			a.waits[*m.ID] <- m.Result
			delete(a.waits, *m.ID)
		}
		a.mu.Unlock()
	}
}

// ask sends a request and waits for its result; nil when there is none.
func (a *agent) ask(method string, params any) json.RawMessage {
	a.t.Helper()
	wait := make(chan json.RawMessage, 1)
	a.mu.Lock()
	a.asked++
	id := a.asked
	a.waits[id] = wait
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err == nil {
		_, err = a.in.Write(append(line, '\n'))
	}
	a.mu.Unlock()
	if err != nil {
		return nil
	}
	giveUp := time.NewTimer(patience)
	defer giveUp.Stop()
	select {
	case result := <-wait:
		return result
	case <-a.ended:
	case <-giveUp.C:
		a.t.Errorf("%s: no answer", method)
	}
	return nil
}

// told is a tool's answer, as far as these tests look into it.
type told struct {
	Error    bool   `json:"-"`
	Text     string `json:"-"`
	Action   string `json:"action_id"`
	Plan     string `json:"plan_id"`
	State    policies.State
	Replayed bool
	Code     string
	Message  string
	Receipt  struct {
		ID, Amount string
		Changed    int // contacts
	}
	Decision policies.Decision
}

// call calls a tool. Its answer is empty when the server ended first.
func (a *agent) call(tool string, args any) told {
	a.t.Helper()
	var r struct {
		IsError bool
		Content []struct{ Text string }
	}
	result := a.ask("tools/call", map[string]any{"name": tool, "arguments": args})
	if result == nil {
		return told{}
	}
	if err := json.Unmarshal(result, &r); err != nil || len(r.Content) == 0 {
		a.t.Errorf("%s answered %s", tool, result)
		return told{}
	}
	got := told{Error: r.IsError, Text: r.Content[0].Text}
	if err := json.Unmarshal([]byte(got.Text), &got); err != nil {
		a.t.Errorf("%s answered %s", tool, got.Text)
	}
	return got
}

// insist calls a tool again while it answers that another action is under way, as
// it says to do: on a slow machine a server's own wait is over before its turn comes.
func (a *agent) insist(tool string, args any) told {
	a.t.Helper()
	for {
		if got := a.call(tool, args); got.Code != string(fault.Busy) {
			return got
		}
	}
}

// leave hangs up, as a client does, and wants an orderly end.
func (a *agent) leave() {
	a.t.Helper()
	_ = a.in.Close()
	<-a.ended
	if err := a.cmd.Wait(); err != nil {
		a.t.Errorf("the server ended with %v: %s", err, a.log.String())
	}
	if len(a.strays) > 0 {
		a.t.Errorf("standard output held more than answers: %q", a.strays)
	}
}

// die closes both pipes without a word, as a client that was killed, and waits
// for the server's end.
func (a *agent) die() {
	a.t.Helper()
	_ = a.out.Close()
	<-a.ended
	_ = a.in.Close()
	if err := a.cmd.Wait(); err != nil {
		a.t.Errorf("the server ended with %v: %s", err, a.log.String())
	}
}

// fire ends the process at once, if it has not ended.
func (a *agent) fire() {
	if a.cmd.ProcessState != nil {
		return
	}
	_ = a.cmd.Process.Kill()
	<-a.ended
	_ = a.cmd.Wait()
}

// refundOf are the arguments of a refund in a story of the sandbox.
func refundOf(story, charge string, more ...string) map[string]any {
	args := map[string]any{"conversation_id": sandbox.Conversation(story), "charge_id": charge, "reason": "requested_by_customer"}
	for i := 0; i+1 < len(more); i += 2 {
		args[more[i]] = more[i+1]
	}
	return args
}

// eventually waits until something holds.
func eventually(t testing.TB, within time.Duration, what string, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		if time.Since(began) > within {
			t.Fatalf("not within %s: %s", within, what)
		}
		<-tick.C
	}
	return time.Since(began)
}

func (w told) String() string { return fmt.Sprintf("%s (error %v)", w.Text, w.Error) }
