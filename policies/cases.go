package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

// Cases are judgements with the answers that are wanted, read from one file;
// docs/policies/README.md describes the format.
type Cases struct {
	Name   string
	Policy []byte // what they are judged by; nil: what they are run with
	Cases  []Case
}

// Case is one action in one situation, and what a policy must say of it.
type Case struct {
	Name   string
	action Action
	caseText
}

// caseText is a case as it is written.
type caseText struct {
	Kind        Kind                 `json:"kind"`
	Now         time.Time            `json:"now"`
	Principal   Principal            `json:"principal"`
	Action      json.RawMessage      `json:"action"`
	Usage       map[string]caseUsage `json:"usage"`
	Denied      int                  `json:"denied"`
	BreakerOpen bool                 `json:"breaker_open"`

	Effect   *Effect         `json:"effect"`
	Against  []wantedFinding `json:"against"`
	Shadow   []string        `json:"shadow"`   // rules that are only tried out and would have restricted
	Headroom *money.Money    `json:"headroom"` // only where given
	Need     *caseNeed       `json:"need"`     // only where given
}

// mostDenied is more than any policy counts.
const mostDenied = 1000

// caseNeed is who must approve.
type caseNeed struct {
	Role    string   `json:"role"`
	People  int      `json:"people"`  // 0 is one
	Expires caseSpan `json:"expires"` // only where given
}

// caseSpan is a time span as the policy file writes it.
type caseSpan time.Duration

// UnmarshalText reads 24h and the like.
func (s *caseSpan) UnmarshalText(b []byte) error {
	d, err := ParseSpan(string(b))
	*s = caseSpan(d)
	return err
}

// caseUsage is what a budget has used.
type caseUsage struct {
	Count   int64         `json:"count"`
	Sum     minor         `json:"sum"`
	Settled []caseSettled `json:"settled"`
}

type caseSettled struct {
	At    time.Time `json:"at"`
	Minor minor     `json:"minor"`
}

// minor is an amount in minor units, written as them or as people write money.
type minor int64

// UnmarshalJSON reads 1250 and "12.50 EUR" alike.
func (m *minor) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, (*int64)(m))
	}
	var amount money.Money
	err := json.Unmarshal(b, &amount)
	*m = minor(amount.Minor)
	return err
}

// wantedFinding is a finding that must stand against the action, or only its rule.
type wantedFinding struct {
	Finding
	anyHow bool // only the rule matters
}

// UnmarshalJSON reads the name of a rule, or a finding.
func (w *wantedFinding) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		w.anyHow = true
		return json.Unmarshal(b, &w.Rule)
	}
	return decodeStrictly(b, &w.Finding)
}

// ParseCases reads a file of cases: a txtar archive whose files are cases, each of
// them what changes in the file "base" (RFC 7396). All are YAML, and so may be
// JSON. The error tells of every case that cannot be read.
func ParseCases(name string, b []byte) (*Cases, error) {
	out := &Cases{Name: name}
	var base map[string]any
	var problems []error
	seen := map[string]bool{}
	for _, f := range archived(b) {
		err := error(nil)
		switch stem := strings.TrimSuffix(strings.TrimSuffix(f.name, ".yaml"), ".json"); {
		case seen[stem]:
			err = errors.New("another one has this name")
		case stem == "policy":
			out.Policy = f.text
		case stem == "base":
			err = yaml.Unmarshal(f.text, &base)
		default:
			var c Case
			c, err = readCase(stem, base, f.text)
			out.Cases = append(out.Cases, c)
		}
		if seen[strings.TrimSuffix(strings.TrimSuffix(f.name, ".yaml"), ".json")] = true; err != nil {
			problems = append(problems, fmt.Errorf("%s: %s: %w", name, f.name, err))
		}
	}
	if len(out.Cases) == 0 {
		problems = append(problems, fmt.Errorf("%s: holds no case; a case begins with a line such as: -- a small refund --", name))
	}
	return out, errors.Join(problems...)
}

type archivedFile struct {
	name string
	text []byte
}

// archived are the files of a txtar archive: each begins with a line that has its
// name between dashes. What stands before the first is a comment.
func archived(b []byte) (out []archivedFile) {
	for line := range strings.Lines(string(b)) {
		name, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n "), "-- ")
		if name, marked := strings.CutSuffix(name, " --"); ok && marked && strings.TrimSpace(name) != "" {
			out = append(out, archivedFile{name: strings.TrimSpace(name)})
		} else if n := len(out); n > 0 {
			out[n-1].text = append(out[n-1].text, line...)
		}
	}
	return out
}

func readCase(name string, base map[string]any, changes []byte) (Case, error) {
	c := Case{Name: name}
	var changed map[string]any
	if err := yaml.Unmarshal(changes, &changed); err != nil {
		return c, err
	}
	whole, err := json.Marshal(merged(base, changed))
	if err != nil {
		return c, err
	}
	if err := decodeStrictly(whole, &c.caseText); err != nil {
		return c, err
	}
	switch {
	case c.Effect == nil:
		return c, errors.New("it does not say the effect that is wanted: allow, needs_approval or deny")
	case c.Denied < 0 || c.Denied > mostDenied:
		return c, fmt.Errorf("denied: want 0 to %d, got %d", mostDenied, c.Denied)
	case c.Now.IsZero():
		return c, errors.New("it does not say when it is asked: now")
	}
	c.action, err = DecodeAction(c.Kind, c.Action)
	return c, err
}

// merged applies changes as RFC 7396 says: null removes, blocks merge, everything
// else replaces.
func merged(base, changes map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for k, v := range changes {
		change, isBlock := v.(map[string]any)
		old, _ := out[k].(map[string]any)
		_, given := out[k]
		switch {
		case v == nil && given: // a misspelt key stays, and is told
			delete(out, k)
		case isBlock:
			out[k] = merged(old, change)
		default:
			out[k] = v
		}
	}
	return out
}

// Judge is what a policy decides in the situation of a case.
func (c Case) Judge(p *Policy) Decision {
	by := c.Principal
	if by == "" {
		by = "agent"
	}
	pl := p.planned(c.action, Request{Principal: by})
	s := Snapshot{Now: c.Now, BreakerOpen: c.BreakerOpen, Denied: slices.Repeat([]time.Time{c.Now}, c.Denied)}
	for _, name := range pl.names() {
		s.Usage = append(s.Usage, c.Usage[name].usage())
	}
	return pl.judge(s)
}

func (u caseUsage) usage() Usage {
	out := Usage{Count: u.Count, Sum: int64(u.Sum)}
	for _, s := range u.Settled {
		out.Settled = append(out.Settled, Settled{s.At, int64(s.Minor)})
	}
	return out
}

// names are what cases call the usage that a judgement reads, in its order.
func (pl plan) names() (out []string) {
	for _, b := range pl.budgets {
		out = append(out, b.name())
	}
	if pl.breaker != nil {
		out = append(out, "breaker")
	}
	for range pl.action.asks() {
		out = append(out, "charge") // its refunds so far
	}
	return out
}
