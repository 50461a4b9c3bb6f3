package policies

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
