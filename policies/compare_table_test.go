package policies

import (
	"reflect"
	"strings"
	"testing"
)

// edits are changes of testdata/whole.yaml that loosen it in one place; the way back
// tightens it there.
func edits() []struct{ from, to, path string } {
	return []struct{ from, to, path string }{
		{"  expires: 24h", "  expires: 25h", "approvals.expires"},
		{"  role: support-lead\n", "", "approvals.role"},
		{"  repeats: needs_approval", "  repeats: allow", "approvals.repeats"},
		{"identity: {claimed: deny,", "identity: {claimed: needs_approval,", "identity.claimed"},
		{"claimed_up_to: {eur: 5.00}", "claimed_up_to: {eur: 5.01}", "identity.claimed_up_to.eur"},
		{"claimed_up_to: {eur: 5.00}", "claimed_up_to: {eur: 5.00, usd: 1.00}", "identity.claimed_up_to.usd"},
		{"links: {allow: [help.example.com, example.org]}", "links: {allow: [help.example.com, example.org, example.net]}", "reply.words.links"},
		{"  without_conversation: approval", "  without_conversation: deny", "-approvals.without_conversation"},
		{"people: 2, expires: 4h", "expires: 4h", "approvals.bands.people[over 40.00 EUR]"},
		{"people: 2, expires: 4h", "people: 2", "approvals.bands.expires[over 40.00 EUR]"},
		{"default: full", "default: code", "-disclosure.default"},
		{"fin: hint", "fin: full", "disclosure.principals.fin"},
		{"denials: {count: 3,", "denials: {count: 4,", "denials.count"},
		{"denials: {count: 3, window: 1h}", "denials: {count: 3, window: 30m}", "denials.window"},
		{"  window: 30d\n  max", "  window: 31d\n  max", "refund.window"},
		{"max_percent: 80", "max_percent: 81", "refund.max_percent"},
		{"  max_percent: 80\n", "", "refund.max_percent"},
		{"duplicate_within: 7d", "duplicate_within: 8d", "refund.duplicate_within"},
		{"  account_age: 7d\n", "", "refund.account_age"},
		{"highest: deny", "highest: needs_approval", "refund.risk"},
		{"elevated: needs_approval, ", "", "refund.risk"},
		{"inquiry: needs_approval", "inquiry: allow", "refund.inquiry"},
		{"fraudulent: deny}", "fraudulent: needs_approval}", "refund.reasons.fraudulent"},
		{"{duplicate: needs_approval, fraudulent: deny}", "{fraudulent: deny}", "refund.reasons.duplicate"},
		{"cooldown: 24h", "cooldown: 23h", "refund.budgets[charge].count"},
		{"    eur: {auto: 10.00, max: 60.00}", "    eur: {auto: 10.01, max: 60.00}", "refund.currencies.eur.auto"},
		{"    eur: {auto: 10.00, max: 60.00}", "    eur: {auto: 10.00, max: 60.01}", "refund.currencies.eur.max"},
		{"    jpy: {auto: 1000, max: 5000}", "    jpy: {auto: 1000, max: 5000}\n    gbp: {auto: 1, max: 2}", "refund.currencies.gbp"},
		{"30d, count: 3, sum", "30d, count: 4, sum", "refund.budgets[customer].count"},
		{"window: 30d, count: 3", "window: 29d, count: 3", "refund.budgets[customer].count,refund.budgets[customer].sum.eur,refund.budgets[customer].sum.usd"},
		{"usd: 70.00", "usd: 70.01", "refund.budgets[customer].sum.usd"},
		{"sum: {eur: 60.00, usd: 70.00}", "sum: {eur: 60.00}", "refund.budgets[customer].sum.usd"},
		{"window: 90d, count: 2, sum: {eur: 40.00}}", "window: 90d, count: 2, sum: {eur: 40.00}, on_exceed: needs_approval}", "credit.budgets[customer].count,credit.budgets[customer].sum.eur"},
		{"of: [refund, credit], scope", "of: [refund], scope", "budgets[customer].count,budgets[customer].sum.eur"},
		{"breaker: {window: 24h", "breaker: {window: 23h", "breaker.sum.eur,breaker.sum.usd"},
		{"usd: 100.00}}", "usd: 101.00}}", "breaker.sum.usd"},
		{"    - {id: abroad, country: [CH, \"NO\"], then: needs_approval, cite: \"kb://policies/refunds.md#abroad\"}\n", "", "refund.when[abroad]"},
		{"country: [CH, \"NO\"]", "country: [CH]", "refund.when[abroad]"},
		{"then: deny}\n    - {id: abroad", "then: needs_approval}\n    - {id: abroad", "refund.when[enterprise]"},
		{"older_than: 14d", "older_than: 15d", "refund.when[annual]"},
		{"metadata: {segment: enterprise}", "metadata: {segment: enterprise, region: eu}", "refund.when[enterprise]"},
		{"plan: [price_1, Pro], metadata", "plan: [Pro], metadata", "refund.when[enterprise]"},
		{"message: Annual plans need finance}", "mode: shadow}", "refund.when[annual]"},
		{"now: needs_approval", "now: allow", "cancel.now"},
		{"coupons: [STAY20, LOYAL]", "coupons: [STAY20, LOYAL, HALF]", "discount.coupons"},
		{"cooldown: 12h", "cooldown: 11h", "retry.cooldown"},
		{"    eur: {auto: 15.00, max: 55.00}", "    eur: {auto: 15.00, max: 55.01}", "retry.currencies.eur.max"},
		{"max_chars: 40", "max_chars: 41", "reply.max_chars"},
		{"allow: [billing, refunded, vip]", "allow: [billing, refunded, vip, gold]", "tag.allow"},
		{"max: 50, alone: 10", "max: 51, alone: 10", "segment.max"},
		{"max: 50, alone: 10", "max: 50, alone: 11", "segment.alone"},
		{"attributes: [plan_note, tier]", "attributes: [plan_note, tier, note]", "contact.attributes"},
		{"customers: 30", "customers: 31", "lookup.customers"},
		{"window: 1h, personal_data", "window: 59m, personal_data", "lookup.window"},
		{"personal_data: masked", "personal_data: full", "lookup.personal_data"},
	}
}

func TestEachLooserValueIsToldAtItsKeyAndTheWayBackIsStricter(t *testing.T) {
	whole, text := wholePolicy(t)
	for _, e := range edits() {
		changed := strings.Replace(text, e.from, e.to, 1)
		if changed == text {
			t.Errorf("%s: nothing to change at %q", e.path, e.from)
			continue
		}
		from, to := whole, compiled(t, changed)
		path, swapped := strings.CutPrefix(e.path, "-")
		if swapped {
			from, to = to, from
		}
		for _, way := range []struct {
			ds     []Difference
			looser bool
		}{{Compare(from, to), true}, {Compare(to, from), false}} {
			var paths []string
			for _, d := range way.ds {
				paths = append(paths, d.Path)
				if d.Looser != way.looser || d.Stricter == way.looser || d.Old == d.New {
					t.Errorf("%q to %q: %+v", e.from, e.to, d)
				}
			}
			if got := strings.Join(paths, ","); got != path {
				t.Errorf("%q to %q: told at %q, want %q", e.from, e.to, got, path)
			}
		}
	}
}

func TestAChangeOfWordsIsNeitherLooserNorStricter(t *testing.T) {
	whole, text := wholePolicy(t)
	for from, to := range map[string]string{
		"message: Annual plans need finance": "message: Finance decides", "#abroad\"": "#elsewhere\"", "#window\n": "#age\n",
		"channel: [email], then: deny, mode: shadow": "channel: [chat], then: deny, mode: shadow",
	} {
		ds := Compare(whole, compiled(t, strings.Replace(text, from, to, 1)))
		if len(ds) != 1 || ds[0].Looser || ds[0].Stricter || ds[0].Old == ds[0].New && !strings.Contains(ds[0].Path, "when") {
			t.Errorf("%q: %+v", from, ds)
		}
	}
	if ds := Compare(whole, compiled(t, "# a comment\n"+text)); len(ds) > 0 {
		t.Errorf("a comment: %+v", ds)
	}
}

func TestARuleThatStandsInForAnotherLoosensNothing(t *testing.T) {
	whole, text := wholePolicy(t)
	for from, to := range map[string]string{
		"id: annual,": "id: yearly,", "older_than: 14d, ": "", "interval: [year], older_than": "interval: [year, month], older_than",
		"- {scope: person, window: 90d, sum: {eur: 90.00}}": "- {scope: person, window: 100d, sum: {eur: 80.00}}",
		"of: [refund, credit], scope: customer":             "of: [refund, credit, cancel], scope: customer",
	} {
		changed := strings.Replace(text, from, to, 1)
		if ds := Compare(whole, compiled(t, changed)); changed == text || loosened(ds) {
			t.Errorf("%q: %+v", from, ds)
		}
	}
}

func TestASectionMoreIsLooserAndOneLessStricter(t *testing.T) {
	whole, _ := wholePolicy(t)
	for _, section := range []string{"Refund", "Credit", "Cancel", "Discount", "Retry", "Reply", "Tag", "Segment", "Contact", "Lookup", "Breaker"} {
		without := *whole
		reflect.ValueOf(&without).Elem().FieldByName(section).SetZero()
		path := keyOf(section)
		found := func(ds []Difference, looser bool) bool {
			for _, d := range ds {
				if d.Path == path {
					return d.Looser == looser
				}
			}
			return false
		}
		guards := section == "Breaker" // what it adds restricts
		if !found(Compare(&without, whole), !guards) || !found(Compare(whole, &without), guards) {
			t.Errorf("%s is not told", section)
		}
	}
}

// Whoever adds a rule need not think of Compare: until then, any change of it is
// called looser.
func TestWhatCompareDoesNotKnowIsLooser(t *testing.T) {
	c := &comparison{}
	type section struct {
		Newest int
		Words  []string
		Byway  map[string]Effect
		hidden int
	}
	for _, after := range []section{{Newest: 2}, {Newest: 1, Words: []string{"a"}}, {Newest: 1, Byway: map[string]Effect{"a": Deny}}, {Newest: 1, hidden: 1}} {
		c.found = nil
		c.walk("newest", reflect.ValueOf(section{Newest: 1}), reflect.ValueOf(after))
		if len(c.found) != 1 || !c.found[0].Looser {
			t.Errorf("%+v: %+v", after, c.found)
		}
	}
}

func TestNoPolicyAtAllIsTheStrictest(t *testing.T) {
	whole, _ := wholePolicy(t)
	if !loosened(Compare(nil, whole)) || len(Compare(nil, nil)) > 0 {
		t.Error("a policy in place of none loosens")
	}
	least := compiled(t, "version: 1")
	if len(Compare(nil, least)) > 0 {
		t.Error("a file with only a version is as strict as none")
	}
}

// A missing section leaves claims to a person: taking one away that denies them
// loosens, although it also keeps links from being proposed.
func TestTakingTheIdentitySectionAwayMayLoosen(t *testing.T) {
	whole := parsed(t, "identity: {claimed: deny}\n"+someRefunds)
	bare := parsed(t, someRefunds)
	if got := Loosened(whole, bare); len(got) != 1 || !strings.HasPrefix(got[0], "identity.claimed") {
		t.Errorf("gone: %q", got)
	}
	if got := Loosened(bare, whole); len(got) != 1 || !strings.HasPrefix(got[0], "identity: ") {
		t.Errorf("new: %q", got)
	}
}
