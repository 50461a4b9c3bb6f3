package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/policies"
)

func openAt(path string) error {
	l, err := ledger.Open(context.Background(), "sqlite:"+path, ledger.Options{Now: ledgerClock, Mode: "test"})
	if err != nil {
		return err
	}
	return l.Close()
}

func ledgerClock() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func newFolder(t *testing.T, mode fs.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "state")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestANewFileIsForItsOwnerOnly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	path := filepath.Join(t.TempDir(), "a", "b", "ledger.db")
	l, err := ledger.Open(t.Context(), "sqlite:"+path, ledger.Options{Now: ledgerClock})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, want := range map[string]fs.FileMode{path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, want %v: %v", name, info.Mode().Perm(), want, err)
		}
	}
}

func TestAFileThatOthersCanReachIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	for _, c := range []struct {
		folder, file fs.FileMode
		mend         string // "" is accepted
	}{
		{0o700, 0o600, ""},
		{0o700, 0o640, "chmod 600 '"},
		{0o700, 0o604, "chmod 600 '"},
		{0o750, 0o600, "chmod 700 '"},
		{0o701, 0o600, "chmod 700 '"},
	} {
		dir := newFolder(t, c.folder)
		path := filepath.Join(dir, "ledger.db")
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chmod(path, c.file)); err != nil {
			t.Fatal(err)
		}
		err := openAt(path)
		f, refused := errors.AsType[*fault.Error](err)
		if refused != (c.mend != "") || refused && (f.Code != fault.Refused || !strings.Contains(f.NextStep, c.mend+dir)) {
			t.Errorf("folder %o, file %o: %v", c.folder, c.file, err)
		}
	}
}

func TestAFileThatIsNoLedgerIsRefusedInPlainWords(t *testing.T) {
	dir := newFolder(t, 0o700)
	noise := filepath.Join(dir, "noise.db")
	if err := os.WriteFile(noise, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder.db")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{noise: "damaged", folder: "is a folder", filepath.Join(noise, "below.db"): "folder cannot be created"} {
		err := openAt(path)
		if f, ok := errors.AsType[*fault.Error](err); !ok || !strings.Contains(f.Message, want) || f.NextStep == "" {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestAPathMayHaveAnyCharacter(t *testing.T) {
	dir := newFolder(t, 0o700)
	for _, name := range []string{"a b.db", "a?mode=memory.db", "a#b.db", "a%20b.db", "ä&ö.db", "file:x.db"} {
		path := filepath.Join(dir, name)
		if err := openAt(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s holds no ledger: %v", name, err)
		}
	}
}

func TestAFileThatMayOnlyBeReadIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	for name, c := range map[string]struct {
		folder, file fs.FileMode
		want         string
	}{
		"a file of its own":  {0o700, 0o600, "opened, <nil>"},
		"a read-only file":   {0o700, 0o400, "the ledger's file cannot be written: give the server's user write access"},
		"a read-only folder": {0o500, 0o600, "the ledger's file cannot be written"},
		"neither":            {0o500, 0o400, "the ledger's file cannot be"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := os.MkdirTemp("", "readonly") // t.TempDir is within a folder of root's alone
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = errors.Join(os.Chmod(dir, 0o700), os.RemoveAll(dir)) })
			path := filepath.Join(dir, "ledger.db")
			if err := errors.Join(openAt(path), os.Chmod(path, c.file), os.Chmod(dir, c.folder)); err != nil {
				t.Fatal(err)
			}
			if got := ledgertest.OpenAsUser(t, "sqlite:"+path, dir); !strings.HasPrefix(got, c.want) {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}

// retries is a log that tells of the first message it gets.
type retries struct {
	slog.Handler
	first chan<- string
}

func (r retries) Enabled(context.Context, slog.Level) bool { return true }

func (r retries) Handle(_ context.Context, record slog.Record) error {
	select {
	case r.first <- record.Message:
	default:
	}
	return nil
}

// locked opens a ledger whose file another connection keeps locked until release
// is called; waiting tells when somebody waits for that.
func locked(t *testing.T) (l *ledger.Ledger, waiting <-chan string, release func()) {
	t.Helper()
	path := filepath.Join(newFolder(t, 0o700), "ledger.db")
	if err := openAt(path); err != nil {
		t.Fatal(err)
	}
	first := make(chan string)
	l, err := ledger.Open(t.Context(), "sqlite:"+path, ledger.Options{Now: ledgerClock, Log: slog.New(retries{slog.DiscardHandler, first})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return l, first, func() { _ = tx.Rollback() }
}

func allowed(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.Allow} }

func TestAWriterWaitsForAnotherProcess(t *testing.T) {
	l, waiting, release := locked(t)
	began := make(chan error)
	go func() {
		_, _, err := l.Begin(t.Context(), policies.Draft{Kind: policies.KindTag}, allowed)
		began <- err
	}()
	<-waiting
	if _, err := l.Read(t.Context(), policies.Reads{}); err != nil {
		t.Errorf("a reader waits for a writer: %v", err)
	}
	release()
	if err := <-began; err != nil {
		t.Errorf("begin: %v", err)
	}
}

func TestAWaiterWhoGoesAwayRecordsNothing(t *testing.T) {
	l, waiting, release := locked(t)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 { // one waits for the file, and the others for their turn
		wg.Go(func() {
			_, _, err := l.Begin(ctx, policies.Draft{Kind: policies.KindTag}, allowed)
			if !errors.Is(err, context.Canceled) || fault.TookOf(err) != fault.No {
				t.Errorf("begin: %v", err)
			}
		})
	}
	<-waiting
	cancel()
	wg.Wait()
	release()
	all, err := l.List(t.Context(), ledger.Filter{})
	if err != nil || len(all) != 0 {
		t.Errorf("%d entries were recorded: %v", len(all), err)
	}
	if _, _, err := l.Begin(t.Context(), policies.Draft{Kind: policies.KindTag}, allowed); err != nil {
		t.Errorf("the ledger does not go on: %v", err)
	}
}

// edit changes a ledger's file as somebody with a database browser would.
func edit(t *testing.T, url, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
