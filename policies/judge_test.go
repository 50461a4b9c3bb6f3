package policies

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"supportmcp/internal/money"
)

// vector is one judgement and what it must say. Each case of an archive in
// testdata/judge is its base.json with some fields replaced (RFC 7396).
type vector struct {
	Kind   Kind             `json:"kind"`
	Now    time.Time        `json:"now"`
	Action json.RawMessage  `json:"action"`
	Usage  map[string]Usage `json:"usage"` // by the name of the budget; none is nothing used

	Effect   *Effect      `json:"effect"`
	Against  []Finding    `json:"against"`  // all that did not allow; message and next_step only where given
	Headroom *money.Money `json:"headroom"` // only where given
}

func TestJudging(t *testing.T) {
	files, err := filepath.Glob("testdata/judge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		policy, base := testPolicy(t), []byte(nil)
		for _, f := range archive.Files {
			switch f.Name {
			case "policy.yaml":
				if policy, err = Parse(f.Name, f.Data); err != nil {
					t.Fatal(err)
				}
			case "base.json":
				base = f.Data
			default:
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
					readVector(t, base, f.Data).check(t, policy)
				})
			}
		}
	}
}

func (v vector) check(t *testing.T, p *Policy) {
	a := decodeAction(t, v.Kind, v.Action)
	_, judge := p.plan(a, Request{Principal: "agent"})
	snap := Snapshot{Now: v.Now}
	for _, b := range p.budgets(v.Kind) {
		snap.Usage = append(snap.Usage, v.Usage[b.name()])
		delete(v.Usage, b.name())
	}
	if len(v.Usage) > 0 {
		t.Fatalf("usage of budgets that do not exist: %v", slices.Collect(maps.Keys(v.Usage)))
	}
	d := judge(snap)
	if d.Effect != *v.Effect || d.Revision != p.Revision {
		t.Errorf("effect %s under %s, want %s", d.Effect, d.Revision, *v.Effect)
	}
	got := d.Against()
	for i := range min(len(got), len(v.Against)) {
		if v.Against[i].Message == "" {
			got[i].Message = ""
		}
		if v.Against[i].NextStep == "" {
			got[i].NextStep = ""
		}
	}
	if diff := cmp.Diff(v.Against, got); diff != "" && len(v.Against)+len(got) > 0 {
		t.Errorf("findings against (-want +got):\n%s", diff)
	}
	if v.Headroom != nil && d.Headroom != *v.Headroom {
		t.Errorf("headroom %s, want %s", d.Headroom, *v.Headroom)
	}
}

func readVector(t *testing.T, base, changes []byte) (v vector) {
	t.Helper()
	var b, c map[string]any
	for part, into := range map[*[]byte]*map[string]any{&base: &b, &changes: &c} {
		d := json.NewDecoder(bytes.NewReader(*part))
		d.UseNumber() // a float64 would round the largest amounts
		if err := d.Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	merge(b, c)
	whole, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	strictly(t, whole, &v)
	if v.Effect == nil {
		t.Fatal("the case must say the effect")
	}
	return v
}

// merge is RFC 7396: null removes, objects merge, everything else replaces.
func merge(into, from map[string]any) {
	for k, v := range from {
		old, isOld := into[k].(map[string]any)
		changes, isChanges := v.(map[string]any)
		switch {
		case v == nil:
			delete(into, k)
		case isOld && isChanges:
			merge(old, changes)
		default:
			into[k] = v
		}
	}
}

func decodeAction(t *testing.T, k Kind, b []byte) Action {
	t.Helper()
	switch k {
	case KindRefund:
		return decodeAs[Refund](t, b)
	case KindReply:
		return decodeAs[Reply](t, b)
	case KindNote:
		return decodeAs[Note](t, b)
	case KindState:
		return decodeAs[SetState](t, b)
	case KindTag:
		return decodeAs[Tag](t, b)
	case KindTagContact:
		return decodeAs[TagContact](t, b)
	case KindAssign:
		return decodeAs[Assign](t, b)
	case KindContact:
		return decodeAs[Contact](t, b)
	case KindEvent:
		return decodeAs[Event](t, b)
	case KindNewContact:
		return decodeAs[NewContact](t, b)
	}
	t.Fatalf("no action of kind %q", k)
	return nil
}

func decodeAs[A Action](t *testing.T, b []byte) (a A) {
	t.Helper()
	strictly(t, b, &a)
	return a
}

// strictly decodes so that a misspelt field fails instead of testing nothing.
func strictly(t *testing.T, b []byte, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}

// testPolicy has limits of its own, so that a better default breaks no vector.
func testPolicy(tb testing.TB) *Policy {
	tb.Helper()
	text, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := Parse("testdata/policy.yaml", text)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
