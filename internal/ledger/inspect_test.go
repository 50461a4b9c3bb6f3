package ledger_test

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
)

func TestInspectSeesALedgerOfEitherEngine(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": freshFile, "PostgreSQL": postgres.Fresh} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			if got, err := ledger.Inspect(t.Context(), url, "test"); !cmp.Equal(got, ledger.Inspection{}) || err != nil {
				t.Fatalf("before the first use: %+v, %v", got, err)
			}
			l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: "test"})
			if err != nil {
				t.Fatal(err)
			}
			want := ledger.Inspection{Exists: true, Mode: "test", ID: l.ID()}
			for _, mode := range []string{"", "test"} {
				if got, err := ledger.Inspect(t.Context(), url, mode); !cmp.Equal(got, want) || err != nil {
					t.Errorf("while it is open: %+v, %v", got, err)
				}
			}
			want.Policies = []ledger.Accepted{{Seq: 1, Body: "version: 1", By: "robin"}}
			if err := errors.Join(l.Accept(t.Context(), want.Policies[0]), l.Close()); err != nil {
				t.Fatal(err)
			}
			if got, err := ledger.Inspect(t.Context(), url, "test"); !cmp.Equal(got, want, cmpopts.IgnoreFields(ledger.Accepted{}, "At")) || err != nil {
				t.Errorf("after it was closed: %+v, %v", got, err)
			}
			_, err = ledger.Inspect(t.Context(), url, "live")
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.Refused || !strings.Contains(f.Message, "belongs to test mode") {
				t.Errorf("in another mode: %v", err)
			}
		})
	}
}

func TestInspectLeavesEveryFileAsItIs(t *testing.T) {
	t.Parallel()
	missing := freshFile(t)
	if _, err := ledger.Inspect(t.Context(), missing, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(strings.TrimPrefix(missing, "sqlite:"))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}
	url := freshFile(t)
	l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	path := strings.TrimPrefix(url, "sqlite:")
	abandoned := newFolder(t, 0o700) // as a server leaves it that was killed
	for _, ending := range []string{"", "-wal", "-shm"} {
		text, err := os.ReadFile(path + ending)
		if err := errors.Join(err, os.WriteFile(filepath.Join(abandoned, "ledger.db"+ending), text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	unchanged(t, filepath.Dir(path), url)
	unchanged(t, abandoned, "sqlite:"+filepath.Join(abandoned, "ledger.db"))
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	unchanged(t, filepath.Dir(path), url)
}

// unchanged inspects a ledger and wants every file of its folder to stay. The
// shared index beside an open one (-shm) is memory that every reader locks.
func unchanged(t *testing.T, dir, url string) {
	t.Helper()
	before := contents(t, dir)
	if got, err := ledger.Inspect(t.Context(), url, "test"); err != nil || got.Mode != "test" {
		t.Errorf("%+v, %v", got, err)
	}
	if after := contents(t, dir); !maps.Equal(before, after) {
		t.Errorf("files before %v, after %v", before, after)
	}
}

func contents(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][32]byte{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if out[e.Name()] = sha256.Sum256(text); strings.HasSuffix(e.Name(), "-shm") {
			out[e.Name()] = [32]byte{}
		}
	}
	return out
}

func TestInspectRefusesWhatOpenWould(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	noise := filepath.Join(newFolder(t, 0o700), "noise.db")
	wide := filepath.Join(newFolder(t, 0o700), "wide.db")
	for _, path := range []string{noise, wide} {
		if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(wide, 0o644); err != nil { //nolint:gosec // on purpose
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"sqlite:" + noise: "damaged", "sqlite:" + wide: "open to other users",
		"sqlite:" + filepath.Join(newFolder(t, 0o755), "ledger.db"): "open to other users",
		"sqlite:" + filepath.Join(noise, "below", "ledger.db"):      "folder cannot be",
		"sqlite:": "has no path", "mysql://db": "neither SQLite nor PostgreSQL",
		"postgres://u:CANARY%zz@127.0.0.1/db": "cannot be read", "postgres://u:CANARY@127.0.0.1:1/db": "cannot be reached",
	} {
		_, err := ledger.Inspect(t.Context(), url, "")
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || !strings.Contains(f.Message, want) || f.NextStep == "" || strings.Contains(f.Error(), "CANARY") {
			t.Errorf("%s: got %v, want %q", url, err, want)
		}
	}
}
