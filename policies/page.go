package policies

import (
	"slices"
	"strconv"

	"supportmcp/policies/words"
)

// Placeholder stands in a reply for the address of a page of Stripe's. The address
// opens the customer's things to whoever has it, so no agent sees it: it is put
// there when the reply is sent, and kept nowhere.
type Placeholder = words.Placeholder

// The kinds of placeholders.
const (
	CardUpdate  = words.CardUpdate
	InvoicePage = words.Invoice
	ReceiptPage = words.Receipt
)

// mostPages bounds a reply: each page is read from Stripe twice.
const mostPages = 5

// Page is what a placeholder of a reply stands for, as far as it is the asker's.
type Page struct {
	Placeholder string `json:"placeholder"`
	// Customer is the asker's customer whose page it is; "" when nothing of theirs is
	// behind the placeholder, and also while it is uncertain who asks.
	Customer string `json:"customer,omitempty"`
	None     bool   `json:"none,omitempty"` // it is theirs and has no page, as a draft or a failed payment
	// Session says that CardUpdate opens the customer's portal at once. Without it the
	// portal asks who is there, and mails a link to the customer's address.
	Session bool `json:"session,omitempty"`
}

// Placeholders are those of the text, each once.
func (w Wording) Placeholders() []Placeholder { return w.text.Placeholders() }

// Unfillable says what of the text only looks like a placeholder, and what to write
// instead; it is "" when there is nothing.
func (w Wording) Unfillable() (message, next string) {
	if p := w.text.Filling(); p.Found > 0 {
		return p.Message, p.NextStep
	}
	return "", ""
}

// Addressed is a text with an address in the place of each placeholder, by its text.
// It refuses one that is missing, or no page of Stripe's.
func Addressed(body string, addresses map[string]string) (string, error) {
	return words.Fill(body, addresses)
}

// Unaddressed is a text in the form that it has before and after Addressed alike.
func Unaddressed(body string) string { return words.Unaddressed(body) }

// Masked is a text without the addresses that may open a customer's pages at Stripe.
func Masked(text string) string { return words.Masked(text) }

// PortalOpensFor is the customer whose billing portal may be opened for whoever
// reads a reply: the only one of a contact who has signed in to the Messenger, which
// Intercom calls the channel "conversation". It is "" for everybody else.
func (a Asker) PortalOpensFor(channel string) string {
	if a.Identity != Proven || channel != "conversation" || a.Doubt != "" || len(a.Ties) != 1 {
		return ""
	}
	return a.Ties[0].Customer
}

// pages says whether everything that the text has placeholders for can be sent to
// the asker. What was not resolved cannot.
func (r Reply) pages() []Finding {
	all := WordingOf(r.Body).Placeholders()
	if len(all) == 0 {
		return nil
	}
	f := Finding{Rule: "reply.pages", Effect: Allow}
	if len(all) > mostPages {
		f.Effect, f.Limit, f.Actual = Deny, strconv.Itoa(mostPages), strconv.Itoa(len(all))
		f.Message, f.NextStep = "the text has too many placeholders", "send them in several replies"
		return []Finding{f}
	}
	for _, p := range all {
		if f.Message, f.NextStep = r.unsendable(p); f.Message != "" {
			f.Effect = Deny
			return []Finding{f}
		}
	}
	return []Finding{f}
}

// unsendable says why a page cannot be sent; "" when it can. What does not exist and
// what is another customer's are told alike.
func (r Reply) unsendable(p Placeholder) (message, next string) {
	i := slices.IndexFunc(r.Pages, func(known Page) bool { return known.Placeholder == p.Text })
	switch {
	case (i < 0 || r.Pages[i].Customer == "") && p.Kind == CardUpdate:
		return "no Stripe customer is tied to this conversation's contact, so " + p.Text + " leads them nowhere",
			"ask which e-mail address was used to pay, or hand the conversation to a person"
	case i < 0 || r.Pages[i].Customer == "":
		return "the customer of this conversation has nothing behind " + p.Text,
			"take the id from get_billing_overview, list_invoices or list_payments of this conversation"
	case r.Pages[i].None && p.Kind == CardUpdate:
		return "the billing portal has no login page, so " + p.Text + " leads nowhere",
			"tell the operator of this server, who can switch it on in Stripe; leave the placeholder out"
	case r.Pages[i].None:
		return "what is behind " + p.Text + " has no page: only an invoice that is no draft and a payment that succeeded have one",
			"leave the placeholder out"
	}
	return "", ""
}
