package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/money"
	"supportmcp/policies"
)

// hostileText tries what text from outside can try on a person's terminal.
const hostileText = "fine\x1b[2J\x1b]0;title\x07\u009b1m\u202e00.1\u202c\u200b\r\n\n   agent    approve everything\nFacts, read from Stripe and Intercom\n  amount         1.00 EUR\t\x00\xff"

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one", 10, []string{"one"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"one two three", 6, []string{"one", "two", "three"}},
		{"  spaces   between  ", 20, []string{"spaces between"}},
		{"unbreakable", 4, []string{"unbreakable"}},
		{"a unbreakable b", 4, []string{"a", "unbreakable", "b"}},
		{"äöü äöü", 7, []string{"äöü äöü"}},
		{"first\nsecond line", 20, []string{"first", "second line"}},
		{"gap\n\nend", 20, []string{"gap", "", "end"}},
		{"no room", 0, []string{"no", "room"}},
		{"no room", -5, []string{"no", "room"}},
	} {
		if diff := cmp.Diff(c.want, wrap(c.text, c.width)); diff != "" {
			t.Errorf("%q in %d: %s", c.text, c.width, diff)
		}
	}
}

func TestChangesAreWhatIsNewOrDifferentInOrderOfNames(t *testing.T) {
	t.Parallel()
	before := state{"a": "1", "b": "1", "gone": "1"}
	after := state{"c": "1", "b": "2", "a": "1"}
	want := []change{{What: "b", Now: "2"}, {What: "c", Now: "1"}}
	if diff := cmp.Diff(want, changes(before, after)); diff != "" {
		t.Error(diff)
	}
	if got := changes(after, after); len(got) != 0 {
		t.Errorf("nothing changed, and %v is told", got)
	}
}

// hostileCalls are the answers of tools to which a customer's text, or an
// agent's, can get.
func hostileCalls(t *testing.T) []toolCall {
	t.Helper()
	raw := func(v any) json.RawMessage {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	finding := policies.Finding{Rule: hostileText, Effect: policies.Deny, Message: hostileText, Actual: hostileText, Limit: hostileText}
	return []toolCall{
		{Tool: "get_conversation", Arguments: map[string]any{"x": hostileText}, answer: answer{raw: raw(map[string]any{
			"contact_name": hostileText, "messages": []any{map[string]any{"from": hostileText, "text": hostileText}},
			"billing": map[string]any{"customers": []any{map[string]any{
				"customer_id": hostileText, "tied_by": hostileText, "refund_headroom": []string{hostileText},
				"subscriptions": []any{map[string]any{"plan": hostileText}}, "payments": []any{map[string]any{"charge_id": hostileText, "policy": hostileText}},
			}}},
		})}},
		{Tool: "search", answer: answer{raw: raw(map[string]any{"results": []any{map[string]any{"id": hostileText, "title": hostileText, "snippet": hostileText}}})}},
		{
			Tool: "create_refund", Arguments: map[string]any{"note": hostileText},
			answer: answer{
				raw: raw(hostileText), isError: true, Action: hostileText, State: hostileText, Code: hostileText, Message: hostileText, NextStep: hostileText,
				Receipt: raw(hostileText), Decision: &policies.Decision{Effect: policies.Deny, Findings: []policies.Finding{finding}, Headroom: money.Of(1, "eur")},
			},
			Changes: []change{{What: hostileText, Now: hostileText}},
		},
		{Tool: "create_refund", answer: answer{State: policies.Done, Receipt: raw(map[string]any{"id": hostileText, "note": hostileText})}},
		{Tool: "get_action", answer: answer{State: policies.Awaiting, Action: hostileText}},
		{Tool: hostileText, answer: answer{State: hostileText, Message: hostileText}},
	}
}

func TestNothingInTheDemoCanSpeakToTheTerminal(t *testing.T) {
	t.Parallel()
	var story, lines strings.Builder
	for _, teller := range []transcript{newStory(&story), &jsonLines{out: &lines}} {
		teller.begin(ticketStories()[0])
		for _, c := range hostileCalls(t) {
			teller.called(c)
		}
		teller.recorded(policies.Finding{Rule: "x", Message: hostileText})
		teller.happened([]change{{What: hostileText, Now: hostileText}})
		teller.checked(false, hostileText)
		teller.end(1)
	}
	if i := strings.IndexFunc(story.String(), unshown); i >= 0 {
		t.Errorf("tells a hidden character: %q", story.String()[i:])
	}
	for line := range strings.Lines(story.String()) {
		if strings.HasPrefix(line, "   agent    approve") || strings.HasPrefix(line, "Facts, read") {
			t.Errorf("a customer's text takes the place of a line of the demo: %q", line)
		}
	}
	for line := range strings.Lines(lines.String()) {
		if !json.Valid([]byte(line)) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\n' || r == '\x7f' }) {
			t.Errorf("no line of JSON: %q", line)
		}
	}
}

func TestAStoryFitsItsWidth(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 80, 120} {
		var out strings.Builder
		s := &storyteller{out: &out, width: width}
		s.called(toolCall{Tool: "reply_to_conversation", Arguments: map[string]any{"body": strings.Repeat("ordinary words ", 40)}, answer: answer{
			State: policies.Done, NextStep: strings.Repeat("grüße und mehr ", 30),
		}})
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("%d characters in a width of %d: %s", n, width, line)
			}
		}
	}
}

func TestAnEntryIsShownWithFactsFirstAndAgentsWordsLastOnOneLineEach(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	input, err := json.Marshal(map[string]string{"reason": hostileText, "note": hostileText, "amount": hostileText})
	if err != nil {
		t.Fatal(err)
	}
	refund := policies.Refund{Amount: money.Of(12000, "eur")}
	refund.Charge.ID, refund.Charge.Customer, refund.Asker.Doubt = hostileText, hostileText, hostileText
	facts, err := json.Marshal(refund)
	if err != nil {
		t.Fatal(err)
	}
	e := policies.Entry{
		Draft: policies.Draft{
			Kind: policies.KindRefund, Principal: hostileText, Input: input, Facts: facts, RepeatOf: hostileText,
			Subject: policies.Subject{Conversation: hostileText, Charge: hostileText, Cost: money.Of(12000, "eur")},
		},
		ID: hostileText, State: policies.Awaiting, Approver: hostileText, Note: hostileText, Receipt: json.RawMessage(hostileText),
		Decision:  policies.Decision{Revision: hostileText, Findings: []policies.Finding{{Rule: hostileText, Message: hostileText, Actual: hostileText, Limit: hostileText}}},
		CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	}
	var shown, listed strings.Builder
	if err := printEntry(&shown, e, now); err != nil {
		t.Fatal(err)
	}
	if err := printList(world{out: &listed, now: func() time.Time { return now }}, []policies.Entry{e, e}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{shown.String(), listed.String()} {
		if i := strings.IndexFunc(text, unshown); i >= 0 {
			t.Errorf("shows a hidden character: %q", text[i:])
		}
	}
	if n := strings.Count(listed.String(), "\n"); n != 3 {
		t.Errorf("two entries are listed in %d lines", n)
	}
	wantParts(t, shown.String(), "Facts, read", "The policy says", "Record", "The agent's words")
	last := shown.String()[strings.Index(shown.String(), "\nThe agent's words"):]
	if strings.Count(last, "\n  ") != 3 {
		t.Errorf("three arguments are shown as %s", last)
	}
}

// wantParts wants the lines that begin without an indent to be these and no
// others, after the first.
func wantParts(t *testing.T, text string, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(text) {
		if line != "\n" && !strings.HasPrefix(line, " ") {
			got = append(got, line)
		}
	}
	if !slices.EqualFunc(got[1:], want, strings.HasPrefix) {
		t.Errorf("parts %q, want %q", got[1:], want)
	}
}
