package policies

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Check says how a policy decides otherwise than a case wants it; nothing when it
// decides so.
func (c Case) Check(p *Policy) []string {
	var out []string
	tell := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	known := p.planned(c.action, Request{}).names()
	for _, name := range slices.Sorted(maps.Keys(c.Usage)) {
		if !slices.Contains(known, name) {
			tell("usage: there is no budget %q; known here: %s", name, strings.Join(known, ", "))
		}
	}
	d := c.Judge(p)
	if d.Effect != *c.Effect {
		tell("effect: want %s, got %s", *c.Effect, d.Effect)
	}
	if want, got := c.against(d.Against()); want != got {
		tell("against: want %s\n          got  %s", want, got)
	}
	if got := restricting(d.Shadow); !slices.Equal(c.Shadow, got) {
		tell("shadow: want %v, got %v", c.Shadow, got)
	}
	if c.Headroom != nil && d.Headroom != *c.Headroom {
		tell("headroom: want %s, got %s", *c.Headroom, d.Headroom)
	}
	if want, got := c.need(d.Need); want != got {
		tell("need: want %s, got %s", want, got)
	}
	return out
}

// need writes what is wanted and what was found so that both can be compared.
func (c Case) need(found Need) (want, got string) {
	if c.Need == nil {
		return "", ""
	}
	want = fmt.Sprintf("%d of role %q", max(c.Need.People, 1), c.Need.Role)
	got = fmt.Sprintf("%d of role %q", found.People, found.Role)
	if c.Need.Expires > 0 {
		want, got = want+" within "+FormatSpan(time.Duration(c.Need.Expires)), got+" within "+FormatSpan(found.Expires)
	}
	return want, got
}

// restricting are the rules that would have restricted.
func restricting(findings []Finding) (out []string) {
	for _, f := range findings {
		if f.Effect != Allow {
			out = append(out, f.Rule)
		}
	}
	return out
}

// against writes what is wanted and what was found so that both can be compared.
// Words for people matter only where the case gives some.
func (c Case) against(found []Finding) (want, got string) {
	wanted := slices.Clone(c.Against)
	slices.SortStableFunc(wanted, func(a, b wantedFinding) int { return cmp.Compare(a.Rule, b.Rule) })
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(a.Rule, b.Rule) })
	for i := range min(len(wanted), len(found)) {
		w, f := wanted[i].Finding, &found[i]
		if wanted[i].anyHow {
			*f = Finding{Rule: f.Rule}
		}
		f.Message, f.NextStep, f.Cite = givenOnly(w.Message, f.Message), givenOnly(w.NextStep, f.NextStep), givenOnly(w.Cite, f.Cite)
	}
	for _, w := range wanted {
		want += w.text() + " "
	}
	for i, f := range found {
		got += wantedFinding{f, i < len(wanted) && wanted[i].anyHow}.text() + " "
	}
	return "[" + strings.TrimSpace(want) + "]", "[" + strings.TrimSpace(got) + "]"
}

// givenOnly is the text that was found, if the case has something to say of it.
func givenOnly(wanted, found string) string {
	if wanted == "" {
		return ""
	}
	return found
}

func (w wantedFinding) text() string {
	if w.anyHow {
		return w.Rule
	}
	b, err := json.Marshal(w.Finding)
	if err != nil { // which it never is
		return err.Error()
	}
	return string(b)
}
