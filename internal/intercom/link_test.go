package intercom_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
)

const (
	portal  = "https://billing.stripe.com/p/session/test_1?a=1&b=2"
	invoice = "https://invoice.stripe.com/i/acct_1/in_1"
)

// linked sends a reply with addresses for its placeholders.
func linked(c *intercom.Client, addresses map[string]string) func(context.Context, *policies.Permit[policies.Reply]) (intercom.Sent, error) {
	return func(ctx context.Context, p *policies.Permit[policies.Reply]) (intercom.Sent, error) {
		return c.Reply(ctx, p, addresses)
	}
}

// linking is a reply with two placeholders that the guard lets through.
func linking(d desk) policies.Reply {
	return policies.Reply{
		Message: d.message(ticket, "A card: {card_update}.\n\nOr pay ({invoice:in_1})!"),
		Pages:   []policies.Page{{Placeholder: "{card_update}", Customer: "cus_1"}, {Placeholder: "{invoice:in_1}", Customer: "cus_1"}},
	}
}

func TestAReplyIsSentWithAddressesAndFoundByItsText(t *testing.T) {
	d := newDesk(t)
	a := linking(d)
	sent, err := perform(t, a, linked(d.Client, map[string]string{"{card_update}": portal, "{invoice:in_1}": invoice}))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := d.Server.Conversation(ticket)
	if got := s.Parts[len(s.Parts)-1].Text; got != "A card: "+portal+".\n\nOr pay ("+invoice+")!" {
		t.Errorf("the customer reads %q", got)
	}
	if found, ok, err := d.FindReply(t.Context(), a, "act_1"); err != nil || !ok || found.Part != sent.Part {
		t.Errorf("found %+v, %v, %v", found, ok, err)
	}
	other := a
	other.Body = "A card: {card_update}.\n\nOr pay ({invoice:in_1}) now!"
	if found, ok, err := d.FindReply(t.Context(), other, "act_1"); ok || err != nil {
		t.Errorf("another text is found as %+v, %v", found, err)
	}
	c, err := d.Client.Conversation(t.Context(), ticket)
	if last := c.Parts[len(c.Parts)-1].Body; err != nil || last != "A card: [link].\n\nOr pay ([link])!" {
		t.Errorf("it is read as %q, %v", last, err)
	}
}

func TestAPlaceholderWithoutAPageIsNotSent(t *testing.T) {
	d := newDesk(t)
	for name, addresses := range map[string]map[string]string{
		"none":         nil,
		"one of two":   {"{card_update}": portal},
		"another host": {"{card_update}": portal, "{invoice:in_1}": "https://evil.example.com/x"},
		"more text":    {"{card_update}": portal, "{invoice:in_1}": invoice + " and a promise"},
	} {
		_, err := perform(t, linking(d), linked(d.Client, addresses))
		if fault.CodeOf(err) != fault.Internal || fault.TookOf(err) != fault.No || strings.Contains(err.Error(), "https") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}

// Intercom may make links of addresses, and write marks as entities.
func TestAFilledTextIsKnownInWhateverFormIntercomKeepsIt(t *testing.T) {
	const text = "A card: {card_update}.\n\nOr & <this>: {invoice:in_1}"
	for name, body := range map[string]string{
		"as it was sent":    "<p>A card: " + strings.ReplaceAll(portal, "&", "&amp;") + ".</p><p>Or &amp; &lt;this&gt;: " + invoice + "</p>",
		"with links":        `<p>A card: <a href="` + portal + `" rel="nofollow">` + portal + `</a>.</p><p>Or &amp; &lt;this&gt;: <a href="x">` + invoice + `</a></p>`,
		"breaks and spaces": "A card:&nbsp;" + portal + ".<br><br>Or &amp; &lt;this&gt;:\n" + invoice + "<br>",
		"another session":   "<p>A card: " + portal + "9.</p>\n<p>Or &amp; &lt;this&gt;: " + invoice + "</p>",
	} {
		if !intercom.SameText(body, text) {
			t.Errorf("%s is not known", name)
		}
	}
	for name, body := range map[string]string{
		"the placeholder's neighbour": "<p>A card: " + portal + ".</p><p>Or &amp; &lt;that&gt;: " + invoice + "</p>",
		"one address less":            "<p>A card: " + portal + ".</p><p>Or &amp; &lt;this&gt;:</p>",
		"another host":                "<p>A card: https://evil.example.com/x.</p><p>Or &amp; &lt;this&gt;: " + invoice + "</p>",
	} {
		if intercom.SameText(body, text) {
			t.Errorf("%s is taken for it", name)
		}
	}
}

func TestAddressesAreMaskedWhereverAConversationIsRead(t *testing.T) {
	d := newDesk(t)
	d.AddConversation(intercomapi.Conversation{ID: "77", Contacts: []string{ana}, Created: noon().Add(-time.Hour), Messages: []intercomapi.Message{
		{From: "contact:" + ana, Body: "What is " + portal + "?", At: noon().Add(-time.Hour)}, {From: "admin:" + mia, Body: "See " + invoice, Note: true, At: noon().Add(-time.Hour)},
	}})
	c, err := d.Client.Conversation(t.Context(), "77")
	if err != nil || c.Source.Body != "What is [link]?" || c.Parts[0].Body != "See [link]" {
		t.Errorf("%+v, %v", c, err)
	}
	page, err := d.SearchConversations(t.Context(), intercom.ConversationQuery{State: "open"}, "", 20)
	if err != nil || len(page.Items) == 0 {
		t.Fatalf("%+v, %v", page, err)
	}
	seen := false
	for _, c := range page.Items {
		seen = seen || c.ID == "77"
		if strings.Contains(c.Source.Body+c.Title, "stripe.com") {
			t.Errorf("a search reads %q, %q", c.Title, c.Source.Body)
		}
	}
	if !seen {
		t.Error("the conversation was not found")
	}
}
