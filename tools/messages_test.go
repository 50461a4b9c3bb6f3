package tools_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/server/servertest"
)

// said is what a test reads of a conversation.
type said struct {
	Messages []struct {
		From, Text, Event string
		Cut               bool
		Rest              string `json:"rest_cursor"`
	}
	Omitted     int    `json:"older_messages_omitted"`
	Unreachable int    `json:"messages_out_of_reach"`
	Next        string `json:"next_cursor"`
	Billing     any
}

func (s said) texts() []string {
	var out []string
	for _, m := range s.Messages {
		out = append(out, m.Text)
	}
	return out
}

const longTalk = "219900000000077"

// talk is a conversation of messages with these texts, the first by the customer.
func talk(d *servertest.Desk, texts ...string) {
	const contact = "65cc00000000000000000077"
	d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: "Tara Talk", Email: "tara@example.com"})
	messages := make([]intercomapi.Message, len(texts))
	for i, text := range texts {
		from := []string{"contact:" + contact, "admin:8001"}[i%2]
		messages[i] = intercomapi.Message{From: from, Body: text, At: d.Clock.Now().Add(time.Duration(i-len(texts)) * time.Minute)}
	}
	d.Intercom.AddConversation(intercomapi.Conversation{ID: longTalk, Contacts: []string{contact}, Messages: messages})
}

func numbered(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("message ", i)
	}
	return out
}

// page reads a page of a conversation, the newest one for "".
func page(t *testing.T, d *servertest.Desk, conversation, cursor string) said {
	t.Helper()
	call := args{"conversation_id": conversation}
	if cursor != "" {
		call["cursor"] = cursor
	}
	a := d.Call("get_conversation", call)
	if a.IsError {
		t.Fatalf("answered %s", a.Text)
	}
	checkText(t, a.Text)
	var s said
	a.Into(t, &s)
	return s
}

// toTheEnd reads a conversation page by page, and what happens in between, and
// puts its texts together, oldest first.
func toTheEnd(t *testing.T, d *servertest.Desk, conversation string, between func()) []string {
	t.Helper()
	var all []string
	for cursor := ""; ; {
		s := page(t, d, conversation, cursor)
		if len(s.Messages) == 0 {
			t.Fatalf("the page after %d messages is empty", len(all))
		}
		if cursor != "" && s.Billing != nil {
			t.Error("an older page comes with the billing again")
		}
		if (s.Next == "") != (s.Omitted == s.Unreachable) {
			t.Errorf("%d messages are left out, %d of them out of reach, and the cursor is %q", s.Omitted, s.Unreachable, s.Next)
		}
		all = append(s.texts(), all...)
		if cursor = s.Next; cursor == "" {
			return all
		}
		between()
	}
}

func TestPagesOfAConversationGiveEveryMessageOnce(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a sentence of a letter. ", 90)
	for name, texts := range map[string][]string{
		"one":                  {"only this"},
		"a page":               numbered(20),
		"a page and a message": numbered(21),
		"many pages":           numbered(103),
		"long messages":        slices.Repeat([]string{long + "1", long + "2"}, 15),
		"all that there is":    numbered(501),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			talk(d, texts...)
			same(t, "what was written and what was read", texts, toTheEnd(t, d, longTalk, func() {}))
		})
	}
}

func TestAMessageThatComesInBetweenMovesNoPage(t *testing.T) {
	t.Parallel()
	d := desk(t)
	talk(d, numbered(70)...)
	came := 0
	got := toTheEnd(t, d, longTalk, func() {
		came++
		if a := d.Call("reply_to_conversation", args{"conversation_id": longTalk, "body": fmt.Sprint("in between ", came)}); a.IsError {
			t.Fatalf("answered %s", a.Text)
		}
	})
	same(t, "what was written and what was read", numbered(70), got)
	if newest := page(t, d, longTalk, "").texts(); came != 3 || newest[len(newest)-1] != "in between 3" {
		t.Errorf("%d messages came in, the newest is %q", came, newest[len(newest)-1])
	}
}

// Intercom gives the first message and the newest 500 after it: what lies between
// is told as being out of reach, on every page.
func TestWhatIntercomDoesNotGiveIsSaid(t *testing.T) {
	t.Parallel()
	d := desk(t)
	texts := numbered(601)
	talk(d, texts...)
	first := page(t, d, longTalk, "")
	if first.Unreachable != 100 || first.Omitted != 581 {
		t.Errorf("%d are left out, %d of them out of reach", first.Omitted, first.Unreachable)
	}
	same(t, "what can be read and what was read", append(texts[:1:1], texts[101:]...), toTheEnd(t, d, longTalk, func() {}))
}

// A place that new messages have pushed out of Intercom's 500 is no place any more.
func TestAPlaceOutOfReachIsSaid(t *testing.T) {
	t.Parallel()
	d := desk(t)
	talk(d, numbered(502)...)
	cursor := ""
	for range 25 {
		cursor = page(t, d, longTalk, cursor).Next
	}
	if a := d.Call("reply_to_conversation", args{"conversation_id": longTalk, "body": "one more"}); a.IsError {
		t.Fatalf("answered %s", a.Text)
	}
	stray(t, d, "get_conversation", args{"conversation_id": longTalk, "cursor": cursor})
}

func TestALongMessageIsReadInPieces(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 600 {
		fmt.Fprintf(&lines, "Line %d of a log: \"ünïcode\", 1 < 2 & 3, €, 日本語, 😀.\n", i)
	}
	for name, text := range map[string]string{
		"lines":         lines.String() + "end",
		"one line":      strings.Repeat("x", 50_000),
		"one long word": strings.Repeat("€", 5000) + ".",
		"just too long": strings.Repeat("y", 2501),
	} {
		for at, texts := range map[string][]string{"first": {text, "short"}, "later": {"short", text, "short"}} {
			t.Run(name+", "+at, func(t *testing.T) {
				t.Parallel()
				d := desk(t)
				talk(d, texts...)
				m := page(t, d, longTalk, "").Messages[slices.Index(texts, text)]
				got := m.Text
				for m.Rest != "" {
					if !m.Cut || m.Text == "" {
						t.Fatalf("a piece of %d bytes is cut: %v", len(m.Text), m.Cut)
					}
					s := page(t, d, longTalk, m.Rest)
					if len(s.Messages) != 1 || s.Next != "" || s.Billing != nil {
						t.Fatalf("the rest of a message comes with %d messages, the cursor %q", len(s.Messages), s.Next)
					}
					m = s.Messages[0]
					got += m.Text
				}
				if m.Cut || got != text {
					t.Errorf("read are %d bytes of %d, cut: %v", len(got), len(text), m.Cut)
				}
			})
		}
	}
}

// stray holds the answer to a cursor to what it must be when nobody made it here.
func stray(t *testing.T, d *servertest.Desk, tool string, call args) string {
	t.Helper()
	a := d.Call(tool, call)
	if !a.IsError || a.Code != "invalid" || a.NextStep != "call "+tool+" again without cursor" {
		t.Errorf("%s with the cursor %v is answered %s", tool, call["cursor"], a.Text)
	}
	return string(a.Text)
}

// made is a cursor as somebody would make it who knows how.
func made(place string) string { return base64.RawURLEncoding.EncodeToString([]byte(place)) }

func TestACursorOfAnotherConversationIsAnsweredAsNone(t *testing.T) {
	t.Parallel()
	d := desk(t)
	talk(d, strings.Repeat("long ", 1000), "b", strings.Repeat("long ", 1000))
	maria := sandbox.Conversation("duplicate-charge")
	rest := page(t, d, longTalk, "").Messages[2].Rest
	garbled := stray(t, d, "get_conversation", args{"conversation_id": maria, "cursor": "garbled"})
	for _, cursor := range []string{
		rest, rest[1:], strings.Repeat("A", 401), strings.Repeat("A", 20_000), made("m." + longTalk + "..source.0."),
		made("m." + maria + "..7.0."), made("r." + maria + ".7..0."), made("m." + maria + "....0."), "'; DROP TABLE", "last",
	} {
		if got := stray(t, d, "get_conversation", args{"conversation_id": maria, "cursor": cursor}); got != garbled {
			t.Errorf("the cursor %.60q is answered %s, one that is garbled %s", cursor, got, garbled)
		}
	}
	for cursor, want := range map[string]string{
		made("r." + longTalk + ".source..9.000000000000"): "the text has changed",
		made("r." + longTalk + ".source..0."):             "the text has changed",
	} {
		if got := stray(t, d, "get_conversation", args{"conversation_id": longTalk, "cursor": cursor}); !strings.Contains(got, want) {
			t.Errorf("answered %s, want …%s…", got, want)
		}
	}
}

func TestACursorOfAnotherToolSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	d := desk(t)
	maria := sandbox.Conversation("duplicate-charge")
	of := map[string]string{
		"get_conversation":     made("m." + maria + "..7.0."),
		"get_billing_overview": made("p." + maria + ".cus_maria..0."),
		"search":               made("h.0..0.0."),
		"fetch":                made("d.0..0.0."),
	}
	for tool := range of {
		for other, cursor := range of {
			if tool == other {
				continue
			}
			a := d.Call(tool, with(sound()[tool], "cursor", cursor))
			if !a.IsError || a.Code != "invalid" || a.NextStep != "give this cursor to "+other+", or call "+tool+" without cursor" {
				t.Errorf("%s with a cursor of %s answered %s", tool, other, a.Text)
			}
		}
	}
}
