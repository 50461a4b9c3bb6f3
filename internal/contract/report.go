package contract

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Weight is how much a difference matters.
type Weight string

// The weights, the heaviest first.
const (
	// Wrong is a field that an adapter reads, or a call that it could not make.
	Wrong Weight = "error"
	// Other is a field that no adapter reads: the sandbox is not as the account.
	Other Weight = "other"
	// Noted is null or empty on one side only, so that nothing could be compared.
	Noted Weight = "note"
)

// Difference is one place at which an account is not as the sandbox.
type Difference struct {
	Weight  Weight   `json:"weight"`
	Call    string   `json:"call"`            // "GET /v1/charges/{id}"; "" for what failed as a whole
	Field   string   `json:"field,omitempty"` // "refunds.data[].id"
	Sandbox string   `json:"sandbox"`         // JSON kinds
	Account string   `json:"account"`
	Steps   []string `json:"steps"` // in which it was seen
}

// Left is something that a run has made and that is still there.
type Left struct {
	Vendor string `json:"vendor"`
	What   string `json:"what"`
	ID     string `json:"id"`
	Why    string `json:"why"`
}

// Report is what a comparison has shown.
type Report struct {
	Steps       int          `json:"steps"`   // of adapters, that were made
	Answers     int          `json:"answers"` // that were compared
	More        int          `json:"more"`    // fields that only the account has
	Differences []Difference `json:"differences"`
	Left        []Left       `json:"left"`
}

// Same reports whether nothing differs but what could not be compared.
func (r Report) Same() bool { return r.Count(Wrong)+r.Count(Other) == 0 }

// Count is how many differences have a weight.
func (r Report) Count(w Weight) (n int) {
	for _, d := range r.Differences {
		if d.Weight == w {
			n++
		}
	}
	return n
}

// judge compares the steps that were made on both sides.
func judge(ctx context.Context, sandbox, account performance) Report {
	j := &judgement{sandbox: sandbox, found: map[[2]string]*Difference{}, more: map[string]int{}}
	for i, b := range account.steps {
		if b.setup {
			continue
		}
		j.report.Steps++
		j.step(ctx, sandbox.steps[i], b)
	}
	return j.done()
}

// judgement collects differences, each place of each call once.
type judgement struct {
	sandbox performance
	report  Report
	found   map[[2]string]*Difference // by call and field
	more    map[string]int            // additional fields, by call
}

func (j *judgement) step(ctx context.Context, a, b taken) {
	if b.err != nil || a.err != nil {
		j.add(a.does, Difference{Weight: Wrong, Call: a.does, Sandbox: outcome(a.err), Account: outcome(b.err)})
	}
	left, right := bodies(a.all), bodies(b.all)
	for _, call := range slices.Sorted(maps.Keys(left)) {
		if len(right[call]) > 0 {
			j.report.Answers += len(right[call])
			j.answers(ctx, a, call, left[call], right[call])
		}
	}
	if a.err == nil && b.err == nil { // what was not done is not asked for
		j.alone(a.does, left, right)
	}
}

// alone notes calls that were made on one side only, such as for what an account
// has already.
func (j *judgement) alone(does string, left, right map[string][][]byte) {
	const asked, not = "asked", "not asked"
	for call := range left {
		if len(right[call]) == 0 {
			j.add(does, Difference{Weight: Noted, Call: call, Sandbox: asked, Account: not})
		}
	}
	for call := range right {
		if len(left[call]) == 0 {
			j.add(does, Difference{Weight: Noted, Call: call, Sandbox: not, Account: asked})
		}
	}
}

func outcome(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}

// bodies are the answers that have a shape, by call.
func bodies(all []exchange) map[string][][]byte {
	out := map[string][][]byte{}
	for _, e := range all {
		if e.succeeded() {
			out[e.call] = append(out[e.call], e.body)
		}
	}
	return out
}

func (j *judgement) answers(ctx context.Context, a taken, call string, left, right [][]byte) {
	want, err := shapeOf(left...)
	if err != nil {
		j.add(a.does, Difference{Weight: Wrong, Call: call, Sandbox: err.Error(), Account: ""})
		return
	}
	got, err := shapeOf(right...)
	if err != nil {
		j.add(a.does, Difference{Weight: Wrong, Call: call, Sandbox: object, Account: "no JSON"})
		return
	}
	contrasts, more := compare(want, got, "")
	j.more[call] = max(j.more[call], more)
	for _, c := range contrasts {
		d := Difference{Weight: Other, Call: call, Field: c.path, Sandbox: c.sandbox, Account: c.account}
		switch {
		case c.mild:
			d.Weight = Noted
		case j.sandbox.reads(ctx, a, call, c, right):
			d.Weight = Wrong
		}
		j.add(a.does, d)
	}
}

// add notes a difference, or one more step that shows it; the heaviest weight stays.
func (j *judgement) add(does string, d Difference) {
	at := [2]string{d.Call, d.Field}
	known, ok := j.found[at]
	if !ok {
		known = &d
		j.found[at] = known
	}
	if weigh(d.Weight) < weigh(known.Weight) {
		known.Weight, known.Sandbox, known.Account = d.Weight, d.Sandbox, d.Account
	}
	if !slices.Contains(known.Steps, does) {
		known.Steps = append(known.Steps, does)
	}
}

func weigh(w Weight) int { return slices.Index([]Weight{Wrong, Other, Noted}, w) }

func (j *judgement) done() Report {
	j.report.Differences = []Difference{}
	for _, d := range j.found {
		j.report.Differences = append(j.report.Differences, *d)
	}
	slices.SortFunc(j.report.Differences, func(a, b Difference) int {
		return cmp.Or(weigh(a.Weight)-weigh(b.Weight), cmp.Compare(a.Call, b.Call), cmp.Compare(a.Field, b.Field))
	})
	for _, n := range j.more {
		j.report.More += n
	}
	return j.report
}

// reads reports whether the adapter reads a field of an answer. No list says so:
// the adapter is asked. It makes the step again on what the sandbox has answered,
// once as it was and then with the field as the account has it, or with another
// value; if that makes any difference to what it gives, it has read it.
func (p performance) reads(ctx context.Context, t taken, call string, c contrast, account [][]byte) bool {
	was, wasErr := p.again(ctx, t, t.all)
	if (wasErr == nil) != (t.err == nil) {
		return true // it cannot be told
	}
	for _, f := range []func(any) (any, bool){asTheAccount(c, account), another} {
		is, err := p.again(ctx, t, changed(t.all, call, c.path, f))
		if !reflect.DeepEqual(was, is) || fmt.Sprint(wasErr) != fmt.Sprint(err) {
			return true
		}
	}
	return false
}

// asTheAccount changes a value to what the account has in its place: nothing, or a
// value of another kind.
func asTheAccount(c contrast, account [][]byte) func(any) (any, bool) {
	return func(any) (any, bool) {
		if c.account == missing {
			return nil, false
		}
		return example(account, steps(c.path)), true
	}
}

// another is another value of the same kind.
func another(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return !v, true
	case float64:
		return v + 1, true
	case string:
		return v + "x", true
	case []any:
		return []any{}, true
	case map[string]any:
		return map[string]any{}, true
	}
	return nil, true
}
