package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// runningService is the program as a service over HTTP, in a process of its own.
type runningService struct {
	t        testing.TB
	cmd      *exec.Cmd
	address  string // of MCP
	operator string // of /readyz and /metrics; "" when it has none
	ended    chan struct{}

	mu   sync.Mutex
	said strings.Builder
}

// openService starts the program at a free port. When the test ends it is told to
// stop, and must stop in order unless it was killed.
func openService(t testing.TB, environ []string, args ...string) *runningService {
	t.Helper()
	return openProgram(t, "supportmcp", environ, nil, args...)
}

func openProgram(t testing.TB, program string, environ []string, as *syscall.SysProcAttr, args ...string) *runningService {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	s := &runningService{t: t, ended: make(chan struct{})}
	s.cmd = exec.CommandContext(context.Background(), path, append([]string{"serve", "--http", "127.0.0.1:0"}, args...)...) //nolint:usetesting // stopped by a signal
	s.cmd.Env, s.cmd.SysProcAttr = environ, as
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	up := make(chan struct{})
	go s.listen(stderr, up)
	t.Cleanup(s.stop)
	select {
	case <-up:
	case <-s.ended:
		t.Fatalf("no address is printed: %s", s.log())
	}
	return s
}

var (
	printedAddress  = regexp.MustCompile(`\burl"?[=:]"?(https?://[^\s"]+)`)
	printedOperator = regexp.MustCompile(`\boperator"?[=:]"?(http://[^\s"]+)`)
)

// listen reads the log to its end; up is closed when the address is known.
func (s *runningService) listen(stderr io.Reader, up chan struct{}) {
	defer close(s.ended)
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		s.mu.Lock()
		s.said.WriteString(lines.Text() + "\n")
		if found := printedOperator.FindStringSubmatch(lines.Text()); found != nil && s.operator == "" {
			s.operator = found[1]
		}
		found := printedAddress.FindStringSubmatch(lines.Text())
		if found != nil && s.address == "" {
			s.address = found[1]
			close(up)
		}
		s.mu.Unlock()
	}
}

// log is what the service has logged so far.
func (s *runningService) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

// signal tells the process something.
func (s *runningService) signal(what os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(what); err != nil {
		s.t.Fatal(err)
	}
}

// stop ends the service with a signal and wants an orderly end.
func (s *runningService) stop() {
	s.t.Helper()
	if s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	<-s.ended
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the server ended with %v: %s", err, s.log())
	}
}

// kill ends the service at once.
func (s *runningService) kill() {
	s.t.Helper()
	_ = s.cmd.Process.Kill()
	<-s.ended
	if err := s.cmd.Wait(); err != nil {
		if _, killed := errors.AsType[*exec.ExitError](err); !killed {
			s.t.Error(err)
		}
	}
}
