package mutants

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger/ledgertest"
)

// plant chooses what is planted. The suite runs once for each, so that make
// mutants does it and go test ./... does not.
var plant = flag.String("plant", "^$", "plant the faults whose names match this expression")

// root is the module's folder.
const root = "../../.."

func TestEveryFaultStillFitsTheCode(t *testing.T) {
	for _, m := range mutants() {
		if _, err := m.changed(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

func TestEveryPlantedFaultIsFound(t *testing.T) {
	wanted := regexp.MustCompile(*plant)
	var db ledgertest.Postgres
	t.Cleanup(db.Stop)
	for _, m := range mutants() {
		if !wanted.MatchString(m.name) {
			continue
		}
		began := time.Now()
		found, err := m.hunt(t, db.Server(t))
		took := time.Since(began).Round(100 * time.Millisecond)
		if err != nil {
			t.Errorf("SURVIVED  %-62s %6s  %v", m.name, took, err)
			continue
		}
		t.Logf("caught    %-62s %6s  %s", m.name, took, found)
	}
}

// changed gives the text of each file with the fault in it.
func (m mutant) changed() (map[string]string, error) {
	out := map[string]string{}
	for _, e := range m.edits {
		text, seen := out[e.file]
		if !seen {
			b, err := os.ReadFile(filepath.Join(root, e.file))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.before); n != 1 {
			return nil, fmt.Errorf("%s has %d times, not once:\n%s", e.file, n, e.before)
		}
		out[e.file] = strings.Replace(text, e.before, e.after, 1)
	}
	return out, nil
}

// overlay writes the changed files, and the list that tells go of them.
func (m mutant) overlay(t *testing.T) (list string, err error) {
	dir := t.TempDir()
	changed, err := m.changed()
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range changed {
		original, err := filepath.Abs(filepath.Join(root, file))
		if err != nil {
			return "", err
		}
		replace[original] = filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(replace[original], []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, b, 0o600)
}

// hunt runs the tests on the planted fault and names the first that failed. It is
// an error when none did, or when the fault does not compile.
func (m mutant) hunt(t *testing.T, database string) (found string, err error) {
	list, err := m.overlay(t)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args := append([]string{"test", "-count=1", "-overlay", list, "-run", m.run, m.pkg}, m.args...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "SUPPORTMCP_TEST_POSTGRES="+database)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return "", errors.New("every test passed")
	}
	failed := regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`).FindAllStringSubmatch(string(out), -1)
	if len(failed) == 0 {
		return "", fmt.Errorf("no test ran: %s", out)
	}
	return failed[len(failed)-1][1], nil
}
