package main

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

// ticketStory is one ticket of the demo.
type ticketStory struct {
	Title string `json:"title"`
	Name  string `json:"story"` // in the sandbox
	Point string `json:"point"` // what it shows
	play  func(context.Context, *demo) error
}

func (s ticketStory) conversation() string { return sandbox.Conversation(s.Name) }

func ticketStories() []ticketStory {
	return append([]ticketStory{
		{"A duplicate charge", "duplicate-charge", "read, look up the rule, refund, answer: an ordinary ticket", duplicateCharge},
		{"The same refund asked again", "duplicate-charge", "a lost answer never costs a second refund", askedAgain},
		{"Above what an agent may refund alone", "annual-day-3", "a person decides, with the facts in front of them", needsApproval},
		{"An order to refund somebody else's charge", "other-customers-charge", "text of a customer is data, and money is tied to the one who asks", othersCharge},
		{"Somebody who only claims to be the customer", "unproven-asker", "an e-mail proves nobody, so a person decides", unprovenAsker},
		{"The budget is used up", "budget-used-up", "limits hold over time, and say what is left and when", budgetUsedUp},
		{"A refund that never happened", "too-old", "a reply may promise only what is recorded", falsePromise},
		segmentStory(),
	}, planStories()...)
}

func duplicateCharge(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	found, err := d.call(ctx, "search", map[string]any{"query": "refund a duplicate charge"})
	if err != nil {
		return err
	}
	d.check(strings.Contains(string(found.raw), "kb://northwind/refund-policy.md"), "the refund policy document is found")
	refund, err := d.write(ctx, "create_refund", d.refundOf("ch_maria_2", "duplicate"))
	if err != nil {
		return err
	}
	d.check(refund.State == policies.Done && len(d.place.Stripe.RefundsOf("ch_maria_2")) == 1, "20.00 EUR are refunded in Stripe, once")
	reply, err := d.write(ctx, "reply_to_conversation", map[string]any{
		"conversation_id": d.ticket.conversation(), "close": true,
		"body": "Hi Maria, you were right: the second payment of 20.00 EUR was a duplicate. We have refunded it; your bank usually shows it within 5 to 10 business days.",
	})
	if err != nil {
		return err
	}
	c, _ := d.place.Intercom.Conversation(d.ticket.conversation())
	d.check(reply.State == policies.Done && c.State == "closed", "the customer is answered and the conversation closed")
	return nil
}

func askedAgain(ctx context.Context, d *demo) error {
	again, err := d.write(ctx, "create_refund", d.refundOf("ch_maria_2", "duplicate"))
	if err != nil {
		return err
	}
	d.check(again.State == policies.Done && again.Replayed, "the first receipt comes back")
	d.check(len(d.place.Stripe.RefundsOf("ch_maria_2")) == 1, "nothing was sent to Stripe")
	return nil
}

func needsApproval(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	refund, err := d.write(ctx, "create_refund", d.refundOf("ch_tom_1", "requested_by_customer"))
	if err != nil {
		return err
	}
	waits := refund.State == policies.Awaiting && len(d.place.Stripe.RefundsOf("ch_tom_1")) == 0
	d.check(waits || refund.Replayed, "120.00 EUR wait for a person; nothing was sent")
	if err := d.explained(ctx, refund, limitsDocument, "a person approves it first"); err != nil {
		return err
	}
	if refund.State == policies.Awaiting { // an earlier run in the same folder may have come further
		if err := d.approve(ctx, refund.Action); err != nil {
			return err
		}
	}
	status, err := d.until(ctx, refund.Action, policies.Done)
	if err != nil {
		return err
	}
	d.check(status.State == policies.Done && len(d.place.Stripe.RefundsOf("ch_tom_1")) == 1, "the server carries it out and the agent sees it")
	return nil
}

func othersCharge(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	foreign, err := d.write(ctx, "create_refund", d.refundOf("ch_maria_1", "requested_by_customer"))
	if err != nil {
		return err
	}
	unknown, err := d.write(ctx, "create_refund", d.refundOf("ch_does_not_exist", "requested_by_customer"))
	if err != nil {
		return err
	}
	d.check(foreign.isError && foreign.Code == "not_found" && saysTheSame(foreign.raw, unknown.raw),
		"the agent hears the same as for a charge that does not exist")
	rule, err := d.deniedBy(ctx)
	if err != nil {
		return err
	}
	d.t.recorded(rule)
	d.check(rule.Rule == "owner_match" && len(d.place.Stripe.RefundsOf("ch_maria_1")) == 0,
		"the ledger holds the true rule, and Maria's charge is untouched")
	return nil
}

func unprovenAsker(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	refund, err := d.write(ctx, "create_refund", d.refundOf("ch_hanna_1", "requested_by_customer"))
	if err != nil {
		return err
	}
	var rule policies.Finding
	if refund.Decision != nil {
		for _, f := range refund.Decision.Against() {
			rule = f
		}
	}
	d.check(refund.State == policies.Awaiting && rule.Rule == "identity" && rule.Actual == string(policies.Claimed),
		"20.00 EUR, which a signed-in customer would get at once, wait for a person")
	d.check(len(d.place.Stripe.RefundsOf("ch_hanna_1")) == 0, "nothing was sent to Stripe")
	return nil
}

func budgetUsedUp(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	for _, charge := range []string{"ch_noor_2", "ch_noor_3"} {
		a, err := d.write(ctx, "create_refund", d.refundOf(charge, "requested_by_customer"))
		if err != nil {
			return err
		}
		d.check(a.State == policies.Done, charge+" is refunded")
	}
	over, err := d.write(ctx, "create_refund", d.refundOf("ch_noor_1", "requested_by_customer"))
	if err != nil {
		return err
	}
	var budget policies.Finding
	if over.Decision != nil {
		for _, f := range over.Decision.Against() {
			if strings.HasPrefix(f.Rule, "budget.customer") {
				budget = f
			}
		}
	}
	d.check(over.isError && over.State == policies.Denied && budget.Effect == policies.Deny, "450.00 EUR more are denied by the customer's budget")
	d.check(budget.MaxAllowedNow.String() == "410.00 EUR" && budget.RetryAfter.After(time.Now()), "with what would still be allowed, and when")
	return d.explained(ctx, over, limitsDocument, "at most five refunds in 90 days")
}

func falsePromise(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	promise, err := d.reply(ctx, "Hi Ada, good news: we have refunded the 20.00 EUR, they will be on your card within 5 days.")
	if err != nil {
		return err
	}
	denied := promise.Decision != nil && slices.ContainsFunc(promise.Decision.Against(), func(f policies.Finding) bool { return f.Rule == "reply.promise" })
	d.check(promise.isError && denied, "the promise is denied, and the agent told what to do instead")
	honest, err := d.reply(ctx, "Hi Ada, I am sorry: we cannot refund payments that are older than 30 days.")
	if err != nil {
		return err
	}
	d.check(honest.State == policies.Done, "the true answer is sent")
	return nil
}

func (d *demo) reply(ctx context.Context, body string) (answer, error) {
	return d.write(ctx, "reply_to_conversation", map[string]any{"conversation_id": d.ticket.conversation(), "body": body})
}

// read is how every ticket begins.
func (d *demo) read(ctx context.Context) error {
	a, err := d.call(ctx, "get_conversation", map[string]any{"conversation_id": d.ticket.conversation()})
	d.check(err == nil && !a.isError, "one call reads the ticket with its billing")
	return err
}

// refundOf are the arguments that refund all that remains of a charge.
func (d *demo) refundOf(charge, reason string) map[string]any {
	return map[string]any{"conversation_id": d.ticket.conversation(), "charge_id": charge, "reason": reason}
}

// deniedBy reads the newest denial of this conversation from the ledger.
func (d *demo) deniedBy(ctx context.Context) (policies.Finding, error) {
	entries, err := d.ledger.List(ctx, ledger.Filter{States: []policies.State{policies.Denied}})
	if err != nil {
		return policies.Finding{}, err
	}
	for _, e := range entries {
		if against := e.Decision.Against(); e.Subject.Conversation == d.ticket.conversation() && len(against) > 0 {
			return against[0], nil
		}
	}
	return policies.Finding{}, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// saysTheSame compares two answers but for the names of their calls.
func saysTheSame(a, b json.RawMessage) bool {
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	delete(x, "call_id")
	delete(y, "call_id")
	return reflect.DeepEqual(x, y)
}
