package policies

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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

func TestAFileThatIsNotReadableGivesNoPolicy(t *testing.T) {
	const empty = `the file is empty, so it denies everything: write at least "version: 1"`
	for file, want := range map[string]string{
		"":                              "1:1: " + empty,
		"  \n\n":                        "1:1: " + empty,
		"# only a comment\n":            "1:1: " + empty,
		"---\n":                         "1:1: " + empty,
		"~":                             "1:1: " + empty,
		strings.Repeat("#", 256<<10+1):  "1:1: the file is larger than 256 KiB",
		"version: 1\n\xff\xfe":          "2:1: this line is not UTF-8 text: save the file as UTF-8",
		"version: 1 # \u202eevil\n":     "1:14: the invisible character U+202E stands here: remove it",
		"\ufeffversion: 1":              "1:1: the invisible character U+FEFF stands here: remove it",
		"version: 1\nta\u200bg: x":      "2:3: the invisible character U+200B stands here: remove it",
		"version: 1 # é\u2066":          "1:15: the invisible character U+2066 stands here: remove it",
		"version: 1 # a\rrefund: {}":    "1:15: the invisible character U+000D stands here: remove it",
		"version: 1 # \u2028tag: {}":    "1:14: the invisible character U+2028 stands here: remove it",
		"version: 1 # \u0085tag: {}":    "1:14: the invisible character U+0085 stands here: remove it",
		"version: 1 # \u3164":           "1:14: the invisible character U+3164 stands here: remove it",
		"version: 1 # a\ufe0f":          "1:15: the invisible character U+FE0F stands here: remove it",
		"version: 1 # \U000e0041":       "1:14: the invisible character U+E0041 stands here: remove it",
		"version: 1\x00":                "1:11: the invisible character U+0000 stands here: remove it",
		"version: 1\nrefund:\n\twindow": "3:1: this line is indented with a tab: use spaces",
		"version: 1\n---\nversion: 1\n": "2:1: a second document starts here: a policy is one document",
		"[1, 2]":                        "1:1: the policy: want a block of keys and values, got a list",
		"version":                       `1:1: the policy: want a block of keys and values, got "version"`,
		"{}":                            "1:1: the policy: want a block of keys and values, got nothing",
		"version: 1\nreply: {max_chars: 1\n": "1:1: this is not YAML (did not find expected ',' or '}'): " +
			"check indentation, colons, quotes and brackets here and in the next line",
		"version: 1\nreply: max_chars: 1\n": "2:1: this is not YAML (mapping values are not allowed in this context): " +
			"check indentation, colons, quotes and brackets here and in the next line",
		"version: *one": "1:1: this is not YAML (unknown anchor 'one' referenced): " +
			"check indentation, colons, quotes and brackets here and in the next line",
		"version: 1\n...\n]": "2:1: this is not YAML (did not find expected <document start>): " +
			"check indentation, colons, quotes and brackets here and in the next line",
	} {
		refused(t, file, want)
	}
}

func TestEveryMistakeIsToldWithItsPlaceAndWhatIsAllowed(t *testing.T) {
	for file, want := range map[string]string{
		// the whole file
		"tag: {allow: [a]}":        "1:1: the policy needs the key version",
		"version: 2":               `1:10: version: this server reads version 1, got "2"`,
		"version: 1.0":             `1:10: version: this server reads version 1, got "1.0"`,
		"version:":                 "1:9: version: want 1, got nothing",
		"version: {one: 1}":        "1:10: version: want 1, got a block of keys and values",
		"version: 1\nversion: 1":   "2:1: version is written twice",
		"version: 1\nrefnd: {}":    `2:1: unknown key "refnd" in the policy; did you mean refund?`,
		"version: 1\nmode: shadow": `2:1: unknown key "mode" in the policy; known here: version, approvals, disclosure, denials, identity, ties, refund, credit, cancel, discount, retry, reply, tag, segment, contact, lookup, budgets, breaker`,
		"version: 1\n[a]: b":       "2:1: a key in the policy must be a word",
		"version: 1\n'': b":        `2:1: unknown key "" in the policy; known here: version, approvals, disclosure, denials, identity, ties, refund, credit, cancel, discount, retry, reply, tag, segment, contact, lookup, budgets, breaker`,
		"version: 1\n" + strings.Repeat("x", 90) + ": 1": `2:1: unknown key "` + strings.Repeat("x", 40) +
			`…" in the policy; known here: version, approvals, disclosure, denials, identity, ties, refund, credit, cancel, discount, retry, reply, tag, segment, contact, lookup, budgets, breaker`,
		"version: &one 1":                             "1:10: the anchor &one has no use in a policy: remove it",
		"version: !!int 1":                            "1:10: the tag !!int has no use in a policy: remove it",
		"version: !money 1":                           "1:10: the tag !money has no use in a policy: remove it",
		"version: 1\nreply: &a {max_chars: 1}":        "2:8: the anchor &a has no use in a policy: remove it",
		"version: 1\ntag: [[[[[[[[[1]]]]]]]]]":        "2:6: tag: want a block of keys and values, got a list\n2:13: blocks are nested more than 8 deep",
		"version: 1\napprovals: {expires: 1}":         `2:22: approvals.expires: want a time span such as 30d, 24h or 15m, got "1"`,
		"version: 1\napprovals: {expires: 0d}":        `2:22: approvals.expires: want a time span such as 30d, 24h or 15m, got "0d"`,
		"version: 1\napprovals: {expires: -1h}":       `2:22: approvals.expires: want a time span such as 30d, 24h or 15m, got "-1h"`,
		"version: 1\napprovals: {expires: 1h30m}":     `2:22: approvals.expires: want a time span such as 30d, 24h or 15m, got "1h30m"`,
		"version: 1\napprovals: {expires: 99999999d}": `2:22: approvals.expires: want a time span such as 30d, 24h or 15m, got "99999999d"`,
		"version: 1\napprovals: {expires: [24h]}":     "2:22: approvals.expires: want a time span such as 30d, 24h or 15m, got a list",
		"version: 1\napprovals: {repeats: alow}":      `2:22: approvals.repeats: unknown word "alow"; did you mean allow?`,
		"version: 1\napprovals: {repeats: true}":      `2:22: approvals.repeats: unknown word "true"; known here: needs_approval, allow, deny`,
		"version: 1\napprovals: {repeats: Allow}":     `2:22: approvals.repeats: unknown word "Allow"; did you mean allow?`,
		"version: 1\napprovals: {repeats: [allow]}":   "2:22: approvals.repeats: want one of needs_approval, allow, deny, got a list",
		"version: 1\napprovals:":                      "2:11: approvals: want a block of keys and values, got nothing",
		// replies and tags
		"version: 1\nreply: {}":                                        "2:8: reply: want a block of keys and values, got nothing",
		"version: 1\nreply: {max_char: 5}":                             "2:8: reply needs the key max_chars\n2:9: unknown key \"max_char\" in reply; did you mean max_chars?",
		"version: 1\nreply: {max_chars: [5]}":                          "2:20: reply.max_chars: want a whole number from 1 to 20000, got a list",
		"version: 1\nreply: {max_chars: 0}":                            `2:20: reply.max_chars: want a whole number from 1 to 20000, got "0"`,
		"version: 1\nreply: {max_chars: 20001}":                        `2:20: reply.max_chars: want a whole number from 1 to 20000, got "20001"`,
		"version: 1\nreply: {max_chars: 1e3}":                          `2:20: reply.max_chars: want a whole number from 1 to 20000, got "1e3"`,
		"version: 1\nreply: {max_chars: 0x10}":                         `2:20: reply.max_chars: want a whole number from 1 to 20000, got "0x10"`,
		"version: 1\nreply: {max_chars: 1_000}":                        `2:20: reply.max_chars: want a whole number from 1 to 20000, got "1_000"`,
		"version: 1\nreply: {max_chars: 99999999999999999999}":         `2:20: reply.max_chars: want a whole number from 1 to 20000, got "99999999999999999999"`,
		"version: 1\nreply: {max_chars: yes}":                          `2:20: reply.max_chars: want a whole number from 1 to 20000, got "yes"`,
		"version: 1\ntag: {allow: []}":                                 "2:14: tag.allow: want a list, got nothing",
		"version: 1\ntag: {allow: vip}":                                `2:14: tag.allow: want a list, got "vip"`,
		"version: 1\ntag: {allow: ['']}":                               `2:15: tag.allow[1]: the name "" is empty, or starts or ends with a space`,
		"version: 1\ntag: {allow: [a, ' b']}":                          `2:18: tag.allow[2]: the name " b" is empty, or starts or ends with a space`,
		"version: 1\ntag: {allow: [VIP, vip]}":                         `2:20: tag.allow[2]: the tag "vip" is listed twice; upper and lower case are the same tag`,
		"version: 1\ntag: {allow: [007]}":                              `2:15: tag.allow[1]: write "007" in quotes, so that it is read as a name`,
		"version: 1\ntag: {allow: [true]}":                             `2:15: tag.allow[1]: write "true" in quotes, so that it is read as a name`,
		"version: 1\ntag: {allow: [null]}":                             "2:15: tag.allow[1]: want the name of a tag, at most 100 characters, got nothing",
		"version: 1\ntag:\n  allow:\n  - \n":                           "4:4: tag.allow[1]: want the name of a tag, at most 100 characters, got nothing",
		"version: 1\ntag: {allow: [{a: b}]}":                           "2:15: tag.allow[1]: want the name of a tag, at most 100 characters, got a block of keys and values",
		"version: 1\ntag: {allow: [" + strings.Repeat("x", 101) + "]}": `2:15: tag.allow[1]: want the name of a tag, at most 100 characters, got "` + strings.Repeat("x", 40) + `…"`,
		// aliases
		"version: 1\ntag: {allow: [&a x, *a]}": "2:15: the anchor &a has no use in a policy: remove it\n" +
			"2:21: *a repeats what is written elsewhere: write it out here",
		"version: 1\nreply: &r {max_chars: 5}\ntag: {<<: *r, allow: [x]}": "2:8: the anchor &r has no use in a policy: remove it\n" +
			"3:7: unknown key \"<<\" in tag; known here: allow, when, cite, budgets\n3:11: *r repeats what is written elsewhere: write it out here",
	} {
		refused(t, file, want)
	}
}

func TestMistakesInTheRefundSection(t *testing.T) {
	const zero = "must be more than zero; a currency that is not listed is denied"
	for section, want := range map[string]string{
		"":                        "2:8: refund: want a block of keys and values, got nothing",
		" {duplicate_within: 7d}": "2:9: refund needs the key currencies\n2:9: refund needs the key window",
		" {window: 30, currencies: {eur: {auto: 1, max: 1}}}":                          `2:18: refund.window: want a time span such as 30d, 24h or 15m, got "30"`,
		" {window: 30d, budgets: [{scope: global, window: 1h, sum: {usd: 5}}]}":        "2:9: refund needs the key currencies",
		" {window: 30d, currencies: {}}":                                               "2:35: refund.currencies: want a block of keys and values, got nothing",
		" {window: 30d, currencies: {eur: }}":                                          "2:41: refund.currencies.eur: want a block of keys and values, got nothing",
		" {window: 30d, currencies: {eur: 50}}":                                        `2:41: refund.currencies.eur: want a block of keys and values, got "50"`,
		" {window: 30d, currencies: {euro: {auto: 1, max: 1}}}":                        `2:36: refund.currencies: "euro" is no currency that Stripe can charge; want a code such as eur`,
		" {window: 30d, currencies: {eur: {max: 1}}}":                                  "2:41: refund.currencies.eur needs the key auto",
		" {window: 30d, currencies: {eur: {auto: 1, max_amount: 1}}}":                  "2:41: refund.currencies.eur needs the key max\n2:51: unknown key \"max_amount\" in refund.currencies.eur; did you mean max?",
		" {window: 30d, currencies: {eur: {auto: 2, max: 1.99}}}":                      "2:41: refund.currencies.eur: auto (2.00 EUR) must not be above max (1.99 EUR)",
		" {window: 30d, currencies: {eur: {auto: 0, max: 0}}}":                         "2:56: refund.currencies.eur.max " + zero,
		" {window: 30d, currencies: {eur: {auto: -1, max: 1}}}":                        `2:48: refund.currencies.eur.auto: "-1" is no amount: want plain digits with at most one point, such as 12.50`,
		" {window: 30d, currencies: {eur: {auto: 1, max: 1.505}}}":                     `2:56: refund.currencies.eur.max: "1.505" is no amount: EUR has 2 decimals, got 3`,
		" {window: 30d, currencies: {jpy: {auto: 1, max: 1.0}}}":                       `2:56: refund.currencies.jpy.max: "1.0" is no amount: JPY has 0 decimals, got 1`,
		" {window: 30d, currencies: {kwd: {auto: 1, max: 1.505}}}":                     `2:56: refund.currencies.kwd.max: "1.505" is no amount: the smallest step in KWD is 0.010 KWD`,
		" {window: 30d, currencies: {isk: {auto: 1, max: 1.50}}}":                      `2:56: refund.currencies.isk.max: "1.50" is no amount: the smallest step in ISK is 1.00 ISK`,
		" {window: 30d, currencies: {eur: {auto: 1, max: .inf}}}":                      `2:56: refund.currencies.eur.max: ".inf" is no amount: want plain digits with at most one point, such as 12.50`,
		" {window: 30d, currencies: {eur: {auto: 1, max: 1e3}}}":                       `2:56: refund.currencies.eur.max: "1e3" is no amount: want plain digits with at most one point, such as 12.50`,
		" {window: 30d, currencies: {eur: {auto: 1, max: 1_000}}}":                     `2:56: refund.currencies.eur.max: "1_000" is no amount: want plain digits with at most one point, such as 12.50`,
		` {window: 30d, currencies: {eur: {auto: 1, max: "1,000"}}}`:                   `2:56: refund.currencies.eur.max: "1,000" is no amount: want plain digits with at most one point, such as 12.50`,
		" {window: 30d, currencies: {eur: {auto: 1, max: 50 EUR}}}":                    `2:56: refund.currencies.eur.max: "50 EUR" is no amount: want plain digits with at most one point, such as 12.50`,
		" {window: 30d, currencies: {eur: {auto: 1, max: 92233720368547758.07}}}":      `2:56: refund.currencies.eur.max: "92233720368547758.07" is no amount: amount is too large`,
		" {window: 30d, currencies: {eur: {auto: 1, max: true}}}":                      `2:56: refund.currencies.eur.max: "true" is no amount: want plain digits with at most one point, such as 12.50`,
		" {window: 30d, currencies: {eur: {auto: , max: [1]}}}":                        "2:48: refund.currencies.eur.auto: want an amount such as 1.00 EUR, got nothing\n2:55: refund.currencies.eur.max: want an amount such as 1.00 EUR, got a list",
		" {window: 30d, currencies: {eur: {auto: 1, max: 1}, EUR: {auto: 9, max: 9}}}": "2:60: refund.currencies.eur is written twice; upper and lower case are the same currency",
		" {window: 30d, currencies: {eur: {auto: 1, auto: 2, max: 3}}}":                "2:51: refund.currencies.eur.auto is written twice",
	} {
		refused(t, "version: 1\nrefund:"+section, want)
	}
}

func TestMistakesInBudgets(t *testing.T) {
	const head = "version: 1\nrefund:\n  window: 30d\n  currencies: {eur: {auto: 1, max: 1}}\n  budgets: "
	for budgets, want := range map[string]string{
		"[]":                                    "5:12: refund.budgets: want a list, got nothing",
		"{scope: global, window: 1h, count: 1}": "5:12: refund.budgets: want a list, got a block of keys and values",
		"[{}]":                                  "5:13: refund.budgets[1]: want a block of keys and values, got nothing",
		"[{scope: global, window: 1h}]":         "5:13: refund.budgets[1] needs count, sum or both",
		"[{window: 1h, count: 1}]":              "5:13: refund.budgets[1] needs the key scope",
		"[{scope: global, count: 1}]":           "5:13: refund.budgets[1] needs the key window",
		"[{scope: customers, window: 1h, count: 1}]":                                     `5:21: refund.budgets[1].scope: unknown word "customers"; did you mean customer?`,
		"[{scope: Global, window: 1h, count: 1}]":                                        `5:21: refund.budgets[1].scope: unknown word "Global"; did you mean global?`,
		"[{scope: day, window: 1h, count: 1}]":                                           `5:21: refund.budgets[1].scope: unknown word "day"; known here: charge, conversation, customer, global, person, principal`,
		"[{scope: [global], window: 1h, count: 1}]":                                      "5:21: refund.budgets[1].scope: want one of charge, conversation, customer, global, person, principal, got a list",
		"[{scope: global, window: day, count: 1}]":                                       `5:37: refund.budgets[1].window: want a time span such as 30d, 24h or 15m, got "day"`,
		"[{scope: global, window: 1h, count: 0}]":                                        `5:48: refund.budgets[1].count: want a whole number from 1 to 1000000, got "0"`,
		"[{scope: global, window: 1h, count: 1.5}]":                                      `5:48: refund.budgets[1].count: want a whole number from 1 to 1000000, got "1.5"`,
		"[{scope: global, window: 1h, count: +5}]":                                       `5:48: refund.budgets[1].count: want a whole number from 1 to 1000000, got "+5"`,
		"[{scope: global, window: 1h, count: 010}]":                                      `5:48: refund.budgets[1].count: want a whole number from 1 to 1000000, got "010"`,
		"[{scope: global, window: 1h, sum: {}}]":                                         "5:46: refund.budgets[1].sum: want a block of keys and values, got nothing",
		"[{scope: global, window: 1h, sum: 5}]":                                          `5:46: refund.budgets[1].sum: want a block of keys and values, got "5"`,
		"[{scope: global, window: 1h, sum: {eur: 0}}]":                                   "5:52: refund.budgets[1].sum.eur must be more than zero; a currency that is not listed is denied",
		"[{scope: global, window: 1h, sum: {usd: 5}}]":                                   "5:47: refund.budgets[1].sum.usd: no limits are given for usd, so it is denied already",
		"[{scope: global, window: 1h, sum: {xxx: 5}}]":                                   `5:47: refund.budgets[1].sum: "xxx" is no currency that Stripe can charge; want a code such as eur`,
		"[{scope: global, window: 1h, sum: {eur: 5, EUR: 6}}]":                           "5:55: refund.budgets[1].sum.eur is written twice; upper and lower case are the same currency",
		"[{scope: global, window: 1h, count: 1}, {scope: global, window: 2h, count: x}]": `5:87: refund.budgets[2].count: want a whole number from 1 to 1000000, got "x"`,
		"[{scope: global, window: 1h, count: 1, on_exceed: allow}]":                      `5:62: refund.budgets[1].on_exceed: unknown word "allow"; known here: deny, needs_approval`,
		"[{scope: global, window: 1h, count: 1}, {scope: global, window: 1h, count: 2}]": `5:52: refund.budgets[2]: there is a budget with this scope and window already`,
	} {
		refused(t, head+budgets, want)
	}
}

func TestAllProblemsAreToldAtOnceInTheOrderOfTheFile(t *testing.T) {
	refused(t, "tag: {allow: [a, A]}\nrefund: {window: soon, currency: {}}\nversion: 3\nreply: {max_chars: many}",
		`1:18: tag.allow[2]: the tag "A" is listed twice; upper and lower case are the same tag
2:9: refund needs the key currencies
2:18: refund.window: want a time span such as 30d, 24h or 15m, got "soon"
2:24: unknown key "currency" in refund; did you mean currencies?
3:10: version: this server reads version 1, got "3"
4:20: reply.max_chars: want a whole number from 1 to 20000, got "many"`)
}

// refused checks that a file gives no policy, and every line of the error, which
// must come without the name of the file.
func refused(t *testing.T, file, want string) {
	t.Helper()
	p, err := Parse("policy.yaml", []byte(file))
	fe, ok := errors.AsType[*FileError](err)
	if !ok || p != nil {
		t.Errorf("%.200q: got %+v, %v; want %s", file, p, err, want)
		return
	}
	want = "policy.yaml:" + strings.ReplaceAll(want, "\n", "\npolicy.yaml:")
	if diff := cmp.Diff(want, fe.Error()); diff != "" {
		t.Errorf("%.200q:\n%s", file, diff)
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
