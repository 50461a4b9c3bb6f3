package ledger

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// newQueues are two ends of one queue, as two processes have them.
func newQueues(t *testing.T) (ours, theirs *queue) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "queue")
	ours, theirs = openQueue(path), openQueue(path)
	t.Cleanup(func() {
		if err := errors.Join(ours.close(), theirs.close()); err != nil {
			t.Error(err)
		}
	})
	return ours, theirs
}

func TestOneProcessAtATimeIsNextToWrite(t *testing.T) {
	ours, theirs := newQueues(t)
	if err := ours.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := theirs.enter(gone); !errors.Is(err, errLocked) || !errors.Is(err, context.Canceled) {
		t.Errorf("entered while another is next: %v", err)
	}
	entered := make(chan error)
	go func() { entered <- theirs.enter(t.Context()) }()
	ours.leave()
	if err := <-entered; err != nil {
		t.Errorf("after the other left: %v", err)
	}
	if err := ours.enter(gone); !errors.Is(err, errLocked) {
		t.Errorf("who was just next comes before who waited: %v", err)
	}
	if err := theirs.close(); err != nil {
		t.Fatal(err)
	}
	if err := ours.enter(t.Context()); err != nil {
		t.Errorf("after the other died: %v", err)
	}
}

func TestAPlaceInTheQueueThatNeverComesIsExplained(t *testing.T) {
	l := openFile(t)
	theirs := openQueue(l.queue.file.Name())
	if err := theirs.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = theirs.close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 5*lookAgain)
	defer cancel()
	_, _, err := l.Begin(ctx, policies.Draft{Kind: policies.KindTag}, allow)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || !strings.Contains(f.Message, "other processes write") || f.NextStep == "" || f.Took != fault.No {
		t.Errorf("got %v", err)
	}
}

func TestWhereNoFileCanBeLockedWritersStillWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "ledger.db")
	if err := os.MkdirAll(path+"-queue", 0o700); err != nil { // a folder, so no file
		t.Fatal(err)
	}
	l, err := Open(t.Context(), "sqlite:"+path, Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, _, err := l.Begin(t.Context(), policies.Draft{Kind: policies.KindTag}, allow); err != nil {
		t.Errorf("begin: %v", err)
	}
}

func openFile(t *testing.T) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state", "ledger.db"), Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

func allow(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.Allow} }
