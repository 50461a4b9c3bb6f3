package policies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"supportmcp/internal/fault"
)

func TestARefusedPermitGivesNeitherActionNorKey(t *testing.T) {
	used := issue(refundOf(2000), "act_1")
	copied := *used
	if a, key, err := used.Peek(); err != nil || key != "act_1" || a.Amount.Minor != 2000 {
		t.Fatalf("before the first use: %v, %q, %v", a, key, err)
	}
	if a, key, err := used.Redeem(); err != nil || key != "act_1" || a.Amount.Minor != 2000 {
		t.Fatalf("the first use: %v, %q, %v", a, key, err)
	}
	revoked := issue(refundOf(2000), "act_1")
	revoked.revoke()
	for name, p := range map[string]*Permit[Refund]{
		"nil": nil, "zero": {}, "used": used, "a copy of a used one": &copied, "revoked": revoked,
	} {
		for _, give := range []func() (Refund, string, error){p.Peek, p.Redeem} {
			a, key, err := give()
			if fault.TookOf(err) != fault.No || fault.CodeOf(err) != fault.Internal || key != "" || a.Charge.ID != "" {
				t.Errorf("%s: %+v, %q, %v", name, a, key, err)
			}
		}
	}
}

func TestAPermitEndsWhenPerformReturns(t *testing.T) {
	for name, ending := range map[string]error{"done": nil, "failed": errors.New("timed out")} {
		d := newDesk(t)
		var kept *Permit[Refund]
		op := d.refunding(refundOf(2000))
		op.Perform = func(_ context.Context, p *Permit[Refund]) (slip, error) {
			kept = p
			return slip{}, ending
		}
		enforce(t, d, d.ask(), op)
		if _, _, err := kept.Redeem(); err == nil {
			t.Errorf("%s: the permit still works", name)
		}
	}
}

func TestAPermitIsRedeemedOnceByWhoeverComesFirst(t *testing.T) {
	p := issue(refundOf(2000), "act_1")
	var redeemed atomic.Int32
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			mine := *p
			if _, _, err := mine.Redeem(); err == nil {
				redeemed.Add(1)
			}
		})
	}
	wg.Wait()
	if redeemed.Load() != 1 {
		t.Errorf("redeemed %d times", redeemed.Load())
	}
}

// The programs stand for adapters: write is shaped as every write method is.
func TestAWriteWithoutItsPermitDoesNotCompile(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/permits.txtar")
	if err != nil {
		t.Fatal(err)
	}
	packages := exportData(t)
	for _, f := range archive.Files {
		name, want, wrong := strings.Cut(f.Name, ": ")
		err := compile(packages, f.Data)
		switch {
		case !wrong && err != nil:
			t.Errorf("%s: %v", name, err)
		case wrong && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

func compile(packages map[string]string, source []byte) error {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, "program.go", source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	config := types.Config{Importer: importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path])
	})}
	_, err = config.Check("example.com/adapter", files, []*ast.File{parsed}, nil)
	return err
}

// exportData asks the go command for the compiled form of what the programs import.
func exportData(t *testing.T) map[string]string {
	t.Helper()
	var problems bytes.Buffer
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "supportmcp/policies")
	list.Stderr = &problems
	out, err := list.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	packages := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		packages[path] = file
	}
	if packages["supportmcp/policies"] == "" {
		t.Fatal(fmt.Errorf("no export data in %s", out))
	}
	return packages
}
