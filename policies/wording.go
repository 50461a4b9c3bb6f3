package policies

import (
	"strconv"

	"supportmcp/policies/words"
)

// Own is what belongs to the customer of a conversation, as far as a text may
// mention it.
type Own = words.Own

// Wording is what a text mentions that needs facts before it can be judged.
type Wording struct{ text words.Text }

// WordingOf reads a text.
func WordingOf(body string) Wording { return Wording{words.Read(body)} }

// NeedsAsker reports whether the text names an address, an id or a card, so that
// it must be known whose they are.
func (w Wording) NeedsAsker() bool {
	return len(w.text.Emails())+len(w.text.IDs())+len(w.text.LastFours()) > 0
}

// NeedsPayments reports whether only the customer's payments can tell: the text
// names an id or a card, or says that money was or will be returned, and the
// receipts of the conversation, which a snapshot has, do not show it.
func (w Wording) NeedsPayments(s Snapshot) bool {
	return len(w.text.IDs())+len(w.text.LastFours()) > 0 || w.Claims() && !w.text.Shown(s.done())
}

// Claims reports whether the text says that money was or will be returned.
func (w Wording) Claims() bool { return w.text.Claims() }

// Own keeps of what is the customer's only what the text mentions, so that no
// more of it is recorded than the text itself tells.
func (w Wording) Own(all Own) Own { return w.text.Mentioned(all) }

// secretless keeps numbers of cards and keys out of what is stored at a vendor as
// somebody's words.
func secretless(text string) []Finding {
	if text == "" {
		return nil
	}
	return wording(words.Read(text).Secrets())
}

// done is what a text may say of the conversation's money.
func (s Snapshot) done() words.Done { return words.Done{Refunds: s.Receipts, Credits: s.Credits} }

// wording makes findings of what the checks of a text found. Actual stands in the
// event log, which holds no text, and so only counts.
func wording(problems []words.Problem) []Finding {
	out := make([]Finding, len(problems))
	for i, p := range problems {
		out[i] = Finding{Rule: "reply." + p.Check, Effect: Allow}
		if p.Found > 0 {
			out[i] = Finding{
				Rule: "reply." + p.Check, Effect: Deny, Limit: "0", Actual: strconv.Itoa(p.Found),
				Message: p.Message, NextStep: p.NextStep,
			}
		}
	}
	return out
}
