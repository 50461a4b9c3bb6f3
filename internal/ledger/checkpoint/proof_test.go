package checkpoint_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"supportmcp/internal/ledger/checkpoint"
)

// proven is a log of some events, of which those at the given places are of one action.
type proven struct {
	checkpoint.Signer
	under  checkpoint.Checkpoint
	events []checkpoint.Event
}

func prove(t testing.TB, size int64, places ...int64) proven {
	t.Helper()
	p := proven{Signer: key(t, checkpoint.Verifier{})}
	var nodes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = nodes[index]
		}
		return out, nil
	})
	bodies, state := map[int64]string{}, ""
	for n := range size {
		bodies[n] = fmt.Sprintf(`{"seq":%d,"action":"act_other","to":"x"}`, n)
		if slices.Contains(places, n) {
			bodies[n] = fmt.Sprintf(`{"seq":%d,"at":"2026-01-02T03:04:05Z","action":"act_1","from":"%s","to":"s%d","note":"<é>"}`, n, state, n)
			state = fmt.Sprintf("s%d", n)
		}
		more, err := tlog.StoredHashes(n, []byte(bodies[n]), reader)
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, more...)
	}
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	p.under = sign(t, p.Signer, size, root)
	for _, n := range places {
		path, err := tlog.ProveRecord(size, n, reader)
		if err != nil {
			t.Fatal(err)
		}
		p.events = append(p.events, checkpoint.Event{Seq: n, Body: bodies[n], Path: path})
	}
	return p
}

func (p proven) file(t testing.TB) []byte {
	t.Helper()
	file, err := checkpoint.Prove("act_1", p.under, p.events)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAProofTellsWhatItsEventsSay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size   int64
		places []int64
	}{{1, []int64{0}}, {2, []int64{1}}, {7, []int64{2, 3, 6}}, {1000, []int64{0, 511, 512, 999}}} {
		p := prove(t, c.size, c.places...)
		under, said, err := p.Check(p.file(t))
		if err != nil || under != p.under || len(said) != len(c.places) {
			t.Fatalf("%v: %+v, %v", c, said, err)
		}
		if last := said[len(said)-1]; last.Seq != c.places[len(c.places)-1] || last.To != fmt.Sprintf("s%d", last.Seq) || last.At.Year() != 2026 {
			t.Errorf("the last event says %+v", last)
		}
	}
}

func TestNoChangedByteOfAProofIsAccepted(t *testing.T) {
	t.Parallel()
	p := prove(t, 11, 2, 5, 10)
	file := p.file(t)
	rapid.Check(t, func(t *rapid.T) {
		changed := change(t, file)
		if _, said, err := p.Check(changed); err == nil {
			t.Errorf("accepted, and says %+v: %s", said, changed)
		}
	})
	for i := range file { // each byte once, whatever rapid draws
		changed := slices.Clone(file)
		changed[i] ^= 1
		if _, _, err := p.Check(changed); err == nil {
			t.Errorf("byte %d changed, and nothing was found", i)
		}
	}
}

func TestAProofIsNotAcceptedUnderAnotherKey(t *testing.T) {
	t.Parallel()
	p := prove(t, 4, 1)
	if _, _, err := key(t, checkpoint.Verifier{}).Check(p.file(t)); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v", err)
	}
	if _, _, err := (checkpoint.Verifier{}).Check(p.file(t)); err == nil {
		t.Error("accepted without any key")
	}
}

func TestAProofThatWasPutTogetherDifferentlyIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*proven)
		want   string
	}{
		"without events":       {func(p *proven) { p.events = nil }, "no event"},
		"without the first":    {func(p *proven) { p.events = p.events[1:] }, "left out"},
		"without one between":  {func(p *proven) { p.events = slices.Delete(p.events, 1, 2) }, "left out"},
		"with one twice":       {func(p *proven) { p.events = append(p.events, p.events[2]) }, "left out"},
		"in another order":     {func(p *proven) { slices.Reverse(p.events) }, "left out"},
		"an event as another":  {func(p *proven) { p.events[1].Seq = 3 }, "not under the checkpoint"},
		"another event's path": {func(p *proven) { p.events[1].Path = p.events[0].Path }, "not under the checkpoint"},
		"a negative place":     {func(p *proven) { p.events[0].Seq = -1 }, "not under the checkpoint"},
		"a place beyond":       {func(p *proven) { p.events[0].Seq = 1 << 62 }, "not under the checkpoint"},
		"another checkpoint":   {func(p *proven) { p.under = sign(t, p.Signer, 12, p.under.Root) }, "not under the checkpoint"},
		"another root":         {func(p *proven) { p.under = sign(t, p.Signer, 11, tlog.Hash{}) }, "not under the checkpoint"},
	} {
		p := prove(t, 11, 2, 5, 10)
		c.change(&p)
		if _, _, err := p.Check(p.file(t)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestAProofOfAnotherActionsEventIsRefused(t *testing.T) {
	t.Parallel()
	p := prove(t, 4, 1)
	file, err := checkpoint.Prove("act_2", p.under, p.events)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Check(file); err == nil || !strings.Contains(err.Error(), "says that it is event 1 of act_1") {
		t.Errorf("got %v", err)
	}
}

// FuzzProof feeds the checker what is almost a proof; only the proof itself passes.
func FuzzProof(f *testing.F) {
	p := prove(f, 11, 2, 5, 10)
	file := p.file(f)
	f.Add(file)
	f.Add([]byte(`{"format":"supportmcp proof 1","events":[{"seq":9223372036854775807}]}`))
	var loose any
	if err := json.Unmarshal(file, &loose); err != nil {
		f.Fatal(err)
	}
	other, err := json.Marshal(loose)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(other)
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := p.Check(b); (err == nil) != (string(b) == string(file)) {
			t.Errorf("checked with %v: %s", err, b)
		}
	})
}
