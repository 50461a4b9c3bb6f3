package ledger_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// busyLedger is an open ledger of a file into which others write until stop.
func busyLedger(t *testing.T) (l *ledger.Ledger, stop func()) {
	t.Helper()
	l, err := ledger.Open(t.Context(), freshFile(t), ledger.Options{Now: ledgerClock, Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var writing sync.WaitGroup
	ended, first := make(chan struct{}), make(chan struct{})
	var once sync.Once
	for w := range 4 {
		writing.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-ended:
					return
				default:
				}
				e, _, err := l.Begin(t.Context(), benchDraft(10_000*w+i), allowed)
				if err == nil {
					_, err = l.Settle(t.Context(), e.ID, policies.Settlement{State: policies.Done, Receipt: []byte(`{}`)})
				}
				if err != nil {
					t.Errorf("a writer: %v", err)
					return
				}
				once.Do(func() { close(first) })
			}
		})
	}
	<-first
	return l, func() { close(ended); writing.Wait() }
}

func TestABackupIsTheLedgerOfOneMomentWhileOthersWrite(t *testing.T) {
	t.Parallel()
	l, stop := busyLedger(t)
	path := filepath.Join(newFolder(t, 0o700), "copy.db")
	b, err := l.Backup(t.Context(), path)
	stop()
	if err != nil || !b.Report.Sound() || b.Report.Events == 0 {
		t.Fatalf("backed up %+v: %v", b, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != b.Bytes || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Fatalf("the file is %v: %v", info, err)
	}
	if beside, err := os.ReadDir(filepath.Dir(path)); err != nil || len(beside) != 1 {
		t.Errorf("files in its folder: %v, %v", beside, err)
	}
	restored, err := ledger.Open(t.Context(), "sqlite:"+path, ledger.Options{Now: ledgerClock, Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	r, err := restored.Verify(t.Context())
	if err != nil || r.Root != b.Report.Root || r.Events != b.Report.Events {
		t.Errorf("restored %+v of %+v: %v", r, b.Report, err)
	}
	if _, _, err := restored.Begin(t.Context(), benchDraft(99_999), allowed); err != nil {
		t.Errorf("the restored ledger does not go on: %v", err)
	}
}

func TestABackupThatCannotBeWrittenLeavesNothing(t *testing.T) {
	t.Parallel()
	l, stop := busyLedger(t)
	stop()
	dir := newFolder(t, 0o700)
	taken := filepath.Join(dir, "taken.db")
	if err := errors.Join(os.WriteFile(taken, []byte("a letter"), 0o600), os.Symlink("nowhere", filepath.Join(dir, "link.db"))); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		taken:                            "is not overwritten",
		filepath.Join(dir, "link.db"):    "is not overwritten",
		dir:                              "is not overwritten",
		filepath.Join(dir, "no", "c.db"): "cannot be written",
		filepath.Join(taken, "below.db"): "cannot be written",
	} {
		_, err := l.Backup(t.Context(), path)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != fault.Refused || !strings.Contains(f.Message, want) || f.NextStep == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
	left, err := os.ReadDir(dir)
	if text, _ := os.ReadFile(taken); err != nil || len(left) != 2 || string(text) != "a letter" {
		t.Errorf("left are %v, with %q: %v", left, text, err)
	}
}

func TestABackupOfADamagedLedgerIsKeptAndTells(t *testing.T) {
	t.Parallel()
	url := freshFile(t)
	l, err := ledger.Open(t.Context(), url, ledger.Options{Now: ledgerClock})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, _, err := l.Begin(t.Context(), benchDraft(1), allowed); err != nil {
		t.Fatal(err)
	}
	edit(t, url, `UPDATE entry SET cost_minor = 1`)
	path := filepath.Join(newFolder(t, 0o700), "copy.db")
	b, err := l.Backup(t.Context(), path)
	if err != nil || b.Report.Sound() || b.Bytes == 0 {
		t.Errorf("backed up %+v: %v", b, err)
	}
}

func TestPostgreSQLIsBackedUpByItsOwnTools(t *testing.T) {
	t.Parallel()
	l, err := ledger.Open(t.Context(), postgres.Fresh(t), ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	path := filepath.Join(t.TempDir(), "copy.db")
	_, err = l.Backup(t.Context(), path)
	if _, there := os.Stat(path); fault.CodeOf(err) != fault.Refused || there == nil {
		t.Errorf("got %v", err)
	}
}
