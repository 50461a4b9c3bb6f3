package tools

import (
	"encoding/base64"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
)

func places() []place {
	return []place{
		{Thread: olderMessages, Within: "215470000000001", After: "12345"},
		{Thread: restOfMessage, Within: "215470000000001", Of: source, From: 1500, Digest: digest("text")},
		{Thread: olderPayments, Within: "215470000000001", Of: "cus_maria", After: "ch_3PqRsT2eZvKYlo2C1x000"},
		{Thread: olderPayments, Within: "215470000000001", Of: "cus_maria"},
		{Thread: moreHits, Within: digest("query"), From: 5, Digest: digest("hits")},
		{Thread: restOfDocument, Within: digest("kb://a/b.md"), From: 999_999_999, Digest: digest("")},
	}
}

func TestACursorComesBackAsThePlaceItWasMadeOf(t *testing.T) {
	t.Parallel()
	for _, want := range places() {
		c := want.cursor()
		got, err := c.place(want.Thread.tool(), want.Within)
		if err != nil || got != want {
			t.Errorf("%+v comes back as %+v, %v", want, got, err)
		}
		if len(c) > 120 || strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("%+v is the cursor %q", want, c)
		}
	}
}

// An id that is like none of a vendor's makes no cursor rather than a wrong one.
func TestAnOddIDMakesNoCursor(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a.b", "a b", "é", "a\n", strings.Repeat("1", maxCursor)} {
		for _, p := range []place{{Thread: olderMessages, After: id}, {Thread: restOfMessage, Of: id}, {Thread: olderPayments, Within: id}} {
			if c := p.cursor(); c != "" {
				t.Errorf("%+v is the cursor %q", p, c)
			}
		}
	}
	if c := (place{Thread: moreHits, From: 1_000_000_000}).cursor(); c != "" {
		t.Errorf("a place too far makes the cursor %q", c)
	}
}

func TestOnlyACursorThatWasMadeIsTaken(t *testing.T) {
	t.Parallel()
	sound := string(places()[0].cursor())
	raw := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, text := range map[string]string{
		"a word":                  "next",
		"a number":                "2",
		"cut off":                 sound[:len(sound)-3],
		"with more behind":        sound + "AAAA",
		"with a line break":       sound + "\n",
		"with a break inside":     sound[:8] + "\r\n" + sound[8:],
		"with a space":            " " + sound,
		"padded":                  sound + "=",
		"other base64":            base64.StdEncoding.EncodeToString([]byte("m.1..?>.0.")),
		"of no thread":            raw("x.1..2.0."),
		"of two letters":          raw("mm.1..2.0."),
		"with a field too few":    raw("m.1..2.0"),
		"with a field too many":   raw("m.1..2.0.."),
		"with a negative number":  raw("m.1..2.-1."),
		"with a zero in front":    raw("m.1..2.01."),
		"with a huge number":      raw("m.1..2.99999999999999999999."),
		"with a path":             raw("m.1..../../2.0."),
		"with text":               raw("m.1..a b.0."),
		"with a line":             raw("m.1..2.0.\n"),
		"with a digest of text":   raw("m.1..2.0.xyz"),
		"too long":                raw("m.1.." + strings.Repeat("2", maxCursor) + ".0."),
		"of another conversation": string(place{Thread: olderMessages, Within: "215470000000002", After: "12345"}.cursor()),
	} {
		p, err := cursor(text).place("get_conversation", "215470000000001")
		f, ok := err.(*fault.Error) //nolint:errorlint // the very error reaches the agent
		if !ok || f.Code != fault.Invalid || f.NextStep != "call get_conversation again without cursor" || p != (place{}) {
			t.Errorf("a cursor %s is %+v, %v", name, p, err)
		}
	}
	_, err := cursor(sound).place("search", "215470000000001")
	f, ok := err.(*fault.Error) //nolint:errorlint // the very error reaches the agent
	if !ok || f.Code != fault.Invalid || !strings.Contains(f.NextStep, "get_conversation") || !strings.Contains(f.NextStep, "search without cursor") {
		t.Errorf("a cursor of another tool is answered %v", err)
	}
}

// Intercom counts first messages and those that follow apart, so that two of one
// conversation may have the same id.
func TestTheFirstMessageIsNotTakenForOneWithItsID(t *testing.T) {
	t.Parallel()
	bodies := []string{strings.Repeat("first ", 1000), strings.Repeat("later ", 1000)}
	c := intercom.Conversation{ID: "1", Source: intercom.Part{ID: "7", Type: source, Body: bodies[0]}, Parts: []intercom.Part{{ID: "7", Type: "comment", Body: bodies[1]}}}
	out := conversationOf(c)
	out.tell(c, partsOf(c))
	for i, m := range out.Messages {
		p, _ := m.Rest.decode()
		rest := conversationOf(c)
		if err := rest.tellRest(c, p); err != nil {
			t.Errorf("the rest of message %d: %v", i, err)
		} else if got := m.Text + rest.Messages[0].Text; got != bodies[i] {
			t.Errorf("message %d reads %.20q…, %d bytes", i, got, len(got))
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, p := range places() {
		f.Add(string(p.cursor()))
	}
	f.Add("")
	f.Add("bS4xLi4yLjAu\n")
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := cursor(s).decode()
		if ok && (string(p.cursor()) != s || p.From < 0 || len(s) > maxCursor) {
			t.Errorf("%q is taken for %+v, which is the cursor %q", s, p, p.cursor())
		}
		if !ok && p.Thread.tool() != "" {
			t.Errorf("%q is refused and gives %+v", s, p)
		}
	})
}
