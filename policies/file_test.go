package policies

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/money"
	"supportmcp/policies/words"
)

func TestTheDefaultFileHoldsTheLimitsItPromises(t *testing.T) {
	p, err := Parse("default.yaml", Default())
	if err != nil {
		t.Fatal(err)
	}
	sums := func(eur, usd, gbp, jpy, kwd int64) map[money.Currency]int64 {
		return map[money.Currency]int64{"eur": eur, "usd": usd, "gbp": gbp, "jpy": jpy, "kwd": kwd}
	}
	refunds := []Kind{KindRefund}
	want := &Policy{
		Revision:  revision(Default()),
		Approvals: ApprovalRules{Need: Need{Expires: 24 * time.Hour, People: 1}, Repeats: NeedsApproval},
		Denials:   DenialRules{Count: 10, Window: time.Hour},
		Identity:  &IdentityRules{Claimed: NeedsApproval},
		Refund: &RefundRules{
			Window:          30 * day,
			DuplicateWithin: 7 * day,
			Inquiry:         Allow,
			Currencies: map[money.Currency]Limits{
				"eur": {5000, 50000}, "usd": {5000, 50000}, "gbp": {4500, 45000}, "jpy": {7500, 75000}, "kwd": {15000, 150000},
			},
			Section: Section{Budgets: []Budget{
				{Scope: PerCustomer, Window: 90 * day, Count: 5, Sum: sums(50000, 50000, 45000, 75000, 150000), Kinds: refunds},
				{Scope: PerConversation, Window: 24 * time.Hour, Count: 3, Kinds: refunds},
				{Scope: PerPrincipal, Window: time.Hour, Count: 30, Kinds: refunds},
				{Scope: Global, Window: 24 * time.Hour, Sum: sums(500000, 500000, 450000, 750000, 1500000), Kinds: refunds},
			}},
		},
		Reply: &ReplyRules{
			MaxChars: 4000,
			Section:  Section{Budgets: []Budget{{Scope: PerConversation, Window: time.Hour, Count: 20, Kinds: []Kind{KindReply}}}},
		},
		Tag: &TagRules{Allow: []string{"billing", "refunded", "refund-declined", "duplicate-charge", "cancellation", "failed-payment", "needs-human"}},
		Segment: &SegmentRules{
			Allow: []string{"card-expiring"}, Alone: 25, Max: 1000,
			Attributes: []string{
				"billing_balance", "billing_card_brand", "billing_card_expires", "billing_delinquent", "billing_interval",
				"billing_payment_failed", "billing_period_end", "billing_plan", "billing_status",
			},
		},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

func TestTheCallerCannotChangeTheDefaultFile(t *testing.T) {
	Default()[0] = 'X'
	if Default()[0] == 'X' {
		t.Error("the default file was changed")
	}
}

func TestAFileWithOnlyAVersionDeniesEverything(t *testing.T) {
	p, err := Parse("policy.yaml", []byte("version: 1"))
	if err != nil {
		t.Fatal(err)
	}
	snap := Snapshot{Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	asker := Asker{Conversation: "1", Contact: "c1", Identity: Proven, Ties: []Tie{{Customer: "cus_1"}}}
	eur := money.Of(100, "eur")
	for _, a := range []Action{
		Refund{Asker: asker, Amount: eur, Charge: Charge{ID: "ch_1", Customer: "cus_1", Amount: eur, Remaining: eur, Succeeded: true, Captured: true, CreatedAt: snap.Now}},
		Reply{Message: Message{Asker: asker, Body: "Hello"}},
		Note{Message: Message{Asker: asker, Body: "Hello"}},
		SetState{Asker: asker, State: Closed},
		Tag{Asker: asker, Add: []string{"billing"}},
	} {
		_, judge := p.plan(a, Request{Principal: "agent"})
		if d := judge(snap); d.Effect != Deny {
			t.Errorf("%s: %v", a.Kind(), d)
		}
	}
}

func TestWhatAFileMayLeaveOutHasADefault(t *testing.T) {
	p, err := Parse("policy.yaml", []byte("version: 1\nrefund: {window: 2d, currencies: {eur: {auto: 0, max: 1}}}"))
	if err != nil {
		t.Fatal(err)
	}
	want := &RefundRules{Window: 2 * day, DuplicateWithin: 7 * day, Inquiry: Allow, Currencies: map[money.Currency]Limits{"eur": {0, 100}}}
	if diff := cmp.Diff(want, p.Refund); diff != "" || p.Approvals.Expires != day {
		t.Errorf("expires %s, %s", p.Approvals.Expires, diff)
	}
}

func TestWhatRepliesMayNameIsListed(t *testing.T) {
	p, err := Parse("policy.yaml", []byte(`version: 1
reply:
  max_chars: 10
  links: {allow: [help.example.com, münchen.de]}
  emails: {allow: [billing@example.com, example.org]}
  ibans: {allow: [DE89 3704 0044 0532 0130 00]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := words.Rules{
		Links: []string{"help.example.com", "münchen.de"}, Emails: []string{"billing@example.com", "example.org"},
		IBANs: []string{"DE89 3704 0044 0532 0130 00"},
	}
	if diff := cmp.Diff(want, p.Reply.Words); diff != "" {
		t.Error(diff)
	}
	refused(t, `version: 1
reply:
  max_chars: 10
  links: {allow: [https://a.com, "*.a.com", com, a.com/b, A.com, a.com]}
  emails: {allow: [a@b, "a.com "]}
  ibans: {allow: [DE00 1234]}
`, `4:19: reply.links.allow[1]: want a host such as help.example.com, got "https://a.com"
4:34: reply.links.allow[2]: want a host such as help.example.com, got "*.a.com"
4:45: reply.links.allow[3]: want a host such as help.example.com, got "com"
4:50: reply.links.allow[4]: want a host such as help.example.com, got "a.com/b"
4:66: reply.links.allow[6]: "a.com" is listed twice
5:20: reply.emails.allow[1]: want an address such as billing@example.com, or a domain, got "a@b"
5:25: reply.emails.allow[2]: want an address such as billing@example.com, or a domain, got "a.com "
6:19: reply.ibans.allow[1]: want the number of a bank account (IBAN), got "DE00 1234"`)
}

func TestAmountsAreReadAsTheyAreWritten(t *testing.T) {
	for written, want := range map[string]Limits{
		`eur: {auto: 50, max: 50}`:                       {5000, 5000},
		`eur: {auto: 0, max: 0.01}`:                      {0, 1},
		`EUR: {auto: "49.90", max: '49.90'}`:             {4990, 4990},
		`eur: {auto: 0.1, max: 0.30}`:                    {10, 30},
		`eur: {auto: 1.15, max: 92233720368547.75}`:      {115, 9223372036854775}, // no float64 holds it
		`jpy: {auto: 7500, max: 75000}`:                  {7500, 75000},
		`kwd: {auto: 1.5, max: 1.510}`:                   {1500, 1510},
		`isk: {auto: 50, max: 51.00}`:                    {5000, 5100},
		"ugx:\n      max: 1000\n      auto: 500":         {50000, 100000},
		"usd:\r\n      max: 1\r\n      auto: 1 # a note": {100, 100},
	} {
		p, err := Parse("policy.yaml", []byte("version: 1\nrefund:\n  window: 30d\n  currencies:\n    "+written+"\n"))
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if got := slices.Collect(maps.Values(p.Refund.Currencies)); !slices.Equal(got, []Limits{want}) {
			t.Errorf("%s: got %v, want %v", written, got, want)
		}
	}
}

func TestARevisionNamesTheExactBytes(t *testing.T) {
	first, _ := Parse("a", []byte("version: 1"))
	again, _ := Parse("b", []byte("version: 1"))
	other, _ := Parse("a", []byte("version: 1 # changed"))
	if first.Revision != again.Revision || first.Revision == other.Revision || len(first.Revision) != 12 {
		t.Error(first.Revision, again.Revision, other.Revision)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Default())
	for _, s := range []string{
		"version: 1", "", "---\n--- ", "a: &a [*a]", "version: !!binary 1", "? [a]\n: b", "0: [:!00 \xef", "#\n - #\n  #",
		"version: 1\nrefund: {window: 30d, currencies: {jpy: {auto: 1, max: 2}}, budgets: [{scope: global, window: 1h, sum: {jpy: 5}}]}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse("f", b)
		again, errAgain := Parse("f", b)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) || !cmp.Equal(p, again) {
			t.Fatalf("read differently the second time: %v, %v", err, errAgain)
		}
		if (p == nil) == (err == nil) {
			t.Fatalf("got %v, %v", p, err)
		}
		if p != nil {
			checkBounds(t, p)
		}
	})
}

// checkBounds holds for every policy that Parse lets through.
func checkBounds(t *testing.T, p *Policy) {
	t.Helper()
	if p.Approvals.Expires <= 0 || p.Reply != nil && (p.Reply.MaxChars < 1 || p.Reply.MaxChars > 20000) {
		t.Fatalf("out of bounds: %+v", p)
	}
	if p.Tag != nil && (len(p.Tag.Allow) == 0 || slices.Contains(p.Tag.Allow, "")) {
		t.Fatalf("nameless tags: %q", p.Tag.Allow)
	}
	if p.Refund == nil {
		return
	}
	if p.Refund.Window <= 0 || p.Refund.DuplicateWithin <= 0 || len(p.Refund.Currencies) == 0 {
		t.Fatalf("out of bounds: %+v", p.Refund)
	}
	for c, l := range p.Refund.Currencies {
		if l.Auto < 0 || l.Max < 1 || l.Auto > l.Max || l.Max%c.Step() != 0 || l.Auto%c.Step() != 0 {
			t.Fatalf("%s: %+v", c, l)
		}
	}
	for _, b := range p.Refund.Budgets {
		if b.Window <= 0 || b.Count < 0 || b.Count == 0 && len(b.Sum) == 0 || !slices.Equal(b.Kinds, []Kind{KindRefund}) {
			t.Fatalf("budget %+v", b)
		}
		for c, n := range b.Sum {
			if _, ok := p.Refund.Currencies[c]; !ok || n < 1 {
				t.Fatalf("budget %+v", b)
			}
		}
	}
}

func BenchmarkParse(b *testing.B) {
	file := Default()
	for b.Loop() {
		if _, err := Parse("default.yaml", file); err != nil {
			b.Fatal(err)
		}
	}
}

func TestASharedBudgetCountsTheActionsOfItsSections(t *testing.T) {
	p := compiled(t, "version: 1\nbudgets: [{of: [refund, credit], scope: customer, window: 7d, count: 2}]")
	if len(p.Budgets) != 1 || !slices.Equal(p.Budgets[0].Kinds, []Kind{KindCredit, KindRefund}) {
		t.Errorf("%+v", p.Budgets)
	}
	for k, want := range map[Kind]int{KindRefund: 1, KindCredit: 1, KindDiscount: 0, KindReply: 0} {
		if got := len(p.budgets(k)); got != want {
			t.Errorf("%s counts in %d budgets, want %d", k, got, want)
		}
	}
}

func TestTheIDOfARuleIsPlain(t *testing.T) {
	for id, want := range map[string]bool{
		"annual-plans": true, "a": true, "a_b-c9": true, "2024": true,
		"A": false, "-a": false, "a-": false, "a--b": false, "a-_b": false, "ä": false, "a b": false, "a.b": false,
	} {
		_, err := Parse("policy.yaml", []byte(`{version: 1, tag: {allow: [a], when: [{id: "`+id+`", tag: [a], then: deny}]}}`))
		if (err == nil) != want {
			t.Errorf("%q: %v", id, err)
		}
	}
}
