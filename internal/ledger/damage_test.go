package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// explained wants an error that says what is wrong and what to do, and that had no effect.
func explained(t *testing.T, err error, message, next string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || !strings.Contains(f.Message, message) || !strings.Contains(f.NextStep, next) || f.Took != fault.No {
		t.Errorf("got %+v, want %q, %q", err, message, next)
	}
}

// refundOf drafts a refund of a charge with an input of so many bytes.
func refundOf(charge string, size int) policies.Draft {
	input, _ := json.Marshal(strings.Repeat("x", size))
	return policies.Draft{
		Kind: policies.KindRefund, Principal: "agent", Input: input, Facts: []byte(`{}`), Lease: time.Minute,
		Subject: policies.Subject{Conversation: "conv_1", Customer: "cus_1", Charge: charge, Same: charge, Cost: money.Of(100, "eur")},
	}
}

func doneNow() policies.Settlement {
	return policies.Settlement{State: policies.Done, Receipt: []byte(`{}`)}
}

func pragma(t *testing.T, l *Ledger, name string, value int64) {
	t.Helper()
	if _, err := l.writer.ExecContext(t.Context(), fmt.Sprintf(`PRAGMA %s = %d`, name, value)); err != nil {
		t.Fatal(err)
	}
}

// refuses wants that neither a beginning nor an outcome can be recorded, and that
// both can be once the cause is mended.
func refuses(t *testing.T, l *Ledger, flying, message, next string, mend func()) {
	t.Helper()
	_, _, err := l.Begin(t.Context(), refundOf("ch_new", 100_000), allow)
	explained(t, err, message, next)
	big := doneNow()
	big.Receipt, _ = json.Marshal(strings.Repeat("x", 100_000))
	_, err = l.Settle(t.Context(), flying, big)
	explained(t, err, message, next)
	if _, err := l.Entry(t.Context(), flying); err != nil {
		t.Errorf("what is recorded cannot be read: %v", err)
	}
	mend()
	if e, err := l.Settle(t.Context(), flying, big); e.State != policies.Done || err != nil {
		t.Errorf("settled as %s: %v", e.State, err)
	}
	if _, replayed, err := l.Begin(t.Context(), refundOf("ch_new", 100_000), allow); replayed || err != nil {
		t.Errorf("begin: replayed %v, %v", replayed, err)
	}
	isSound(t, l)
}

func isSound(t *testing.T, l *Ledger) {
	t.Helper()
	if report, err := l.Verify(t.Context()); err != nil || !report.Sound() {
		t.Errorf("verify: %v, %v", report.Problems, err)
	}
}

func TestAFileThatCannotBeWrittenRecordsNothingAndLosesNothing(t *testing.T) {
	t.Run("full disk", func(t *testing.T) {
		l := openFile(t)
		flying := begin(t, l, "ch_flying")
		pragma(t, l, "max_page_count", 1) // SQLite takes the present size instead
		refuses(t, l, flying, "disk of the ledger is full", "free space", func() { pragma(t, l, "max_page_count", 1<<30) })
	})
	t.Run("read-only", func(t *testing.T) {
		l := openFile(t)
		flying := begin(t, l, "ch_flying")
		pragma(t, l, "query_only", 1)
		refuses(t, l, flying, "file cannot be written", "write access", func() { pragma(t, l, "query_only", 0) })
	})
	t.Run("put away", func(t *testing.T) {
		l := openFile(t)
		flying := begin(t, l, "ch_flying")
		path := strings.TrimSuffix(l.queue.file.Name(), "-queue")
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		_, err := l.Settle(t.Context(), flying, doneNow())
		explained(t, err, "moved or replaced", "start again")
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		if e, err := l.Settle(t.Context(), flying, doneNow()); e.State != policies.Done || err != nil {
			t.Errorf("settled as %s: %v", e.State, err)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		l := openFile(t)
		path := strings.TrimSuffix(l.queue.file.Name(), "-queue")
		if err := errors.Join(os.Rename(path, path+".away"), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		_, _, err := l.Begin(t.Context(), refundOf("ch_new", 1), allow)
		explained(t, err, "moved or replaced", "start again")
	})
}

func begin(t *testing.T, l *Ledger, charge string) string {
	t.Helper()
	e, _, err := l.Begin(t.Context(), refundOf(charge, 10), allow)
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// remembered is what a ledger must not get wrong: its entries, and what its
// budgets have used.
type remembered struct {
	Entries []policies.Entry
	Used    policies.Usage
}

func remember(t *testing.T, l *Ledger) (r remembered, err error) {
	r.Entries, err = l.List(t.Context(), Filter{Limit: longestList})
	if err != nil {
		return r, err
	}
	s, err := l.Read(t.Context(), policies.Reads{Queries: []policies.Query{{
		Scope: "customer:cus_1", Kinds: []policies.Kind{policies.KindRefund}, Currency: "eur", Window: 24 * time.Hour,
	}}})
	if err == nil {
		r.Used = s.Usage[0]
	}
	return r, err
}

func TestADamagedFileIsRefusedOrFoundDamaged(t *testing.T) {
	whole, want := wholeLedger(t)
	found := map[string]int{}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		broken := bytes.Clone(whole)
		if seed%6 == 0 {
			broken = broken[:random.IntN(len(broken))]
		} else {
			at := random.IntN(len(broken) - 64)
			for i := range 64 {
				broken[at+i] = byte(random.Uint32())
			}
		}
		found[damaged(t, seed, broken, want)]++
	}
	t.Logf("of 60 damaged files: %v", found)
	if found["refused"] == 0 || found["found by verify"] == 0 {
		t.Error("the damage is too light to tell anything")
	}
}

// marked is an amount that stands nowhere in a file but where it was recorded, and
// whose four bytes are all of its record.
const marked = 0x5a6b7c8d

func TestAnAmountThatIsChangedAnywhereInTheFileIsFound(t *testing.T) {
	whole, want := wholeLedger(t)
	amount := binary.BigEndian.AppendUint32(nil, marked)
	places := 0
	for at := 0; ; at++ {
		next := bytes.Index(whole[at:], amount)
		if next < 0 {
			break
		}
		at += next
		places++
		changed := bytes.Clone(whole)
		changed[at+1]--
		if was := damaged(t, uint64(at), changed, want); was == "harmless" {
			t.Errorf("changed at byte %d, and nobody noticed", at)
		}
	}
	if places < 11 { // an entry, and five holds with an index entry each
		t.Errorf("the amount stands in %d places", places)
	}
}

// wholeLedger is the file of a sound ledger, and what it remembers.
func wholeLedger(t *testing.T) ([]byte, remembered) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state", "ledger.db")
	l, err := Open(t.Context(), "sqlite:"+path, Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if id := begin(t, l, fmt.Sprint("ch_", i)); i%2 == 0 {
			if _, err := l.Settle(t.Context(), id, doneNow()); err != nil {
				t.Fatal(err)
			}
		}
	}
	d := refundOf("ch_marked", 10)
	d.Subject.Cost.Minor = marked
	if _, _, err := l.Begin(t.Context(), d, allow); err != nil {
		t.Fatal(err)
	}
	want, err := remember(t, l)
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole, want
}

// damaged says what became of a damaged file. Whatever is neither refused nor
// found is as it was; and the file is left for whoever repairs it.
func damaged(t *testing.T, seed uint64, file []byte, want remembered) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := errors.Join(os.Chmod(filepath.Dir(path), 0o700), os.WriteFile(path, file, 0o600)); err != nil {
		t.Fatal(err)
	}
	refused := func(err error) bool {
		if f, ok := errors.AsType[*fault.Error](err); err != nil && (!ok || f.NextStep == "") {
			t.Errorf("seed %d: not explained: %v", seed, err)
		}
		return err != nil
	}
	l, err := Open(t.Context(), "sqlite:"+path, Options{Mode: "test"})
	if refused(err) {
		return "refused"
	}
	defer l.Close()
	got, err := remember(t, l)
	if refused(err) {
		return "refused"
	}
	report, err := l.Verify(t.Context())
	if refused(err) {
		return "refused"
	}
	if !report.Sound() {
		return "found by verify"
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("seed %d: nothing was found, and the ledger remembers other things than before: %s", seed, cmp.Diff(want, got))
	}
	e, _, err := l.Begin(t.Context(), refundOf("ch_new", 10), allow)
	if !refused(err) {
		_, err = l.Settle(t.Context(), e.ID, doneNow())
		refused(err)
	}
	return "harmless"
}
