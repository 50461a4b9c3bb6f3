package policies

import (
	"slices"
	"strings"
	"testing"
)

func casesOf(t *testing.T, text string) []Case {
	t.Helper()
	cases, err := ParseCases("cases.txtar", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cases.Cases
}

const tagBase = `-- base --
kind: tag
now: 2026-11-23T12:00:00Z
action: {asker: {conversation: "1", contact: c1, ties: []}, add: [billing], remove: []}
`

func TestCoverageNamesWhatNoCaseTouches(t *testing.T) {
	p := compiled(t, "version: 1\ntag: {allow: [billing, vip], budgets: [{scope: principal, window: 1h, count: 2}], when: [{id: mail, channel: [email], then: deny}]}")
	all := Cover(p, casesOf(t, tagBase+`-- listed --
effect: allow
action: {traits: {known: true, channel: chat}}
`))
	for _, want := range []string{"tag.allow[vip]", "tag.budgets[principal].count in 1h", "tag.when[mail]"} {
		if !slices.Contains(all.Untouched, want) {
			t.Errorf("%s is not missed: %v", want, all.Untouched)
		}
	}
	if slices.Contains(all.Untouched, "tag.allow[billing]") {
		t.Error("a case needs billing")
	}
}

func TestAPolicyIsCoveredWhenACaseNeedsEachOfItsRules(t *testing.T) {
	p := compiled(t, "version: 1\ntag: {allow: [billing, vip], budgets: [{scope: principal, window: 1h, count: 2}], when: [{id: mail, channel: [email], then: deny}]}")
	c := Cover(p, casesOf(t, tagBase+`-- both --
effect: allow
action: {add: [billing, vip], traits: {known: true, channel: chat}}
-- from a mail --
effect: deny
against: [tag.when.mail]
action: {traits: {known: true, channel: email}}
-- the third --
effect: deny
against: [budget.principal.1h]
usage: {budget.principal.1h: {count: 2}}
action: {traits: {known: true, channel: chat}}
`))
	missed := slices.DeleteFunc(c.Untouched, func(path string) bool { return !strings.HasPrefix(path, "tag.") })
	if len(missed) > 0 || c.Rules < 4 {
		t.Errorf("of %d, %v are missed", c.Rules, missed)
	}
}

func TestACaseThatCannotBeReadIsToldByName(t *testing.T) {
	for text, want := range map[string]string{
		"no files":                 "cases.txtar: holds no case",
		"-- a --\neffect: allow\n": "cases.txtar: a: it does not say when it is asked",
		tagBase + "-- a --\n{}\n":  "cases.txtar: a: it does not say the effect",
		tagBase + "-- a --\neffect: deny\ndenied: -1\n":                         "cases.txtar: a: denied: want 0 to 1000, got -1",
		tagBase + "-- a --\nefect: allow\n":                                     `cases.txtar: a: json: unknown field "efect"`,
		tagBase + "-- a --\neffect: perhaps\n":                                  "cases.txtar: a: unknown effect",
		tagBase + "-- a --\neffect: [\n":                                        "cases.txtar: a: yaml",
		tagBase + "-- a --\neffect: allow\naction: {ad: [x]}\n":                 `cases.txtar: a: read the facts of a tag: json: unknown field "ad"`,
		tagBase + "-- a --\neffect: allow\nkind: refnd\n":                       "cases.txtar: a: did you mean refund?",
		tagBase + "-- a --\neffect: allow\n-- a.yaml --\neffect: allow\n":       "cases.txtar: a.yaml: another one has this name",
		tagBase + "-- a --\neffect: allow\nagainst: [{rule: x, efect: deny}]\n": `unknown field "efect"`,
		tagBase + "-- a --\neffect: allow\nusage: {b: {sum: 1,50 EUR}}\n":       "cases.txtar: a: ",
	} {
		if _, err := ParseCases("cases.txtar", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestACheckTellsEverythingThatIsDecidedOtherwise(t *testing.T) {
	p := compiled(t, "version: 1\napprovals: {role: lead}\ntag: {allow: [vip], when: [{id: mail, channel: [email], then: deny, mode: shadow}]}")
	c := casesOf(t, tagBase+`-- a --
effect: needs_approval
against: [tag.section]
headroom: 5.00 EUR
need: {role: finance, people: 2, expires: 1h}
usage: {budget.customer.1h: {count: 1}}
`)[0]
	told := strings.Join(c.Check(p), "\n")
	for _, want := range []string{
		"effect: want needs_approval, got deny", "against: want [tag.section]", "tag.allow", "headroom: want 5.00 EUR", "shadow: want [], got [tag.when.mail]",
		`need: want 2 of role "finance" within 1h`, `there is no budget "budget.customer.1h"`,
	} {
		if !strings.Contains(told, want) {
			t.Errorf("%q is not told:\n%s", want, told)
		}
	}
}

// Whatever a file of cases holds, it is refused or can be judged.
func FuzzParseCases(f *testing.F) {
	f.Add([]byte(tagBase + "-- a --\neffect: allow\n"))
	f.Add([]byte("-- a --\n{kind: refund, now: 2026-11-23T12:00:00Z, action: {amount: 1 EUR}, effect: deny, denied: 3, breaker_open: true, usage: {breaker: {sum: -1}}}"))
	f.Add([]byte("-- base.json --\n{}\n-- a --\nkind: discount\nnow: 0001-01-01T00:00:01Z\naction: {}\neffect: deny\nneed: {expires: 1h}"))
	p, _ := wholePolicy(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		cases, err := ParseCases("f", b)
		if err != nil {
			return
		}
		for _, c := range cases.Cases {
			if told := c.Check(p); c.Judge(p).Effect != *c.Effect && len(told) == 0 {
				t.Fatalf("decided otherwise, and not told: %+v", c)
			}
		}
	})
}

func TestEveryKindOfActionCanBeRecordedAndReadAgain(t *testing.T) {
	for _, k := range kinds() {
		a, err := DecodeAction(k, []byte("{}"))
		if err != nil || a.Kind() != k {
			t.Errorf("%s: %v, %v", k, a, err)
			continue
		}
		facts, err := encode(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeAction(k, facts); err != nil {
			t.Errorf("%s: its facts are not read again: %v", k, err)
		}
	}
}
