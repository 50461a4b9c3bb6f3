package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// planStories are the tickets about cards and plans.
func planStories() []ticketStory {
	return []ticketStory{
		{"A failed payment", "past-due", "the customer gets a link that the agent never sees", failedPayment},
		{"A plan that is not needed any more", "unused-time", "cancelled at once, and what was not used goes back with its tax", unusedTime},
		{"A plan that is too expensive", "too-expensive", "a discount that the policy lists, and no cancellation", discountInstead},
	}
}

// companyRules are what the default policy leaves to each company.
const companyRules = `
# Northwind Notes gives back what of a plan was not used, and knows one offer to stay.
cancel:
  at_period_end: allow
  refund_unused: {eur: {auto: 150.00, max: 300.00}}
discount:
  coupons: [STAY20]
  currencies: {eur: {auto: 50.00, max: 200.00}}
`

// writePolicy puts the policy of the demo into its folder and gives the file's name.
func writePolicy(dir string) (string, error) {
	file := filepath.Join(dir, "policy.yaml")
	text := citing(string(policies.Default())) + companyRules
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the demo's policy: %w", err)
	}
	return file, nil
}

// newCard is what the customer of the story enters on the page that the link leads to.
const newCard = "5100"

func failedPayment(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	sent, err := d.reply(ctx, "Hi Rosa, your card has expired. Please enter the new one here: {card_update}\n\nWe then try again by ourselves.")
	if err != nil {
		return err
	}
	d.check(sent.State == policies.Done && d.customerReads("https://billing.stripe.com/p/session/"), "the customer reads a link that opens her billing, since she is signed in")
	d.place.Stripe.UpdateCard("cus_rosa", stripeapi.Card{Brand: "mastercard", Last4: newCard})
	d.t.happened([]change{{What: "Stripe    cus_rosa", Now: "follows the link and enters a card ending in " + newCard}})
	again, err := d.call(ctx, "get_conversation", map[string]any{"conversation_id": d.ticket.conversation()})
	if err != nil {
		return err
	}
	d.check(strings.Contains(string(again.raw), newCard), "billing shows the new card, which the next attempt takes")
	d.check(strings.Contains(string(again.raw), "[link]") && !strings.Contains(d.heard.String(), "billing.stripe.com"), "no answer to the agent ever had the link")
	return nil
}

// customerReads reports whether some reply on the story's conversation has a text.
func (d *demo) customerReads(text string) bool {
	c, _ := d.place.Intercom.Conversation(d.ticket.conversation())
	for _, p := range c.Parts {
		if p.Type == "comment" && strings.Contains(p.Text, text) {
			return true
		}
	}
	return false
}

func unusedTime(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	if sub, _ := d.place.Stripe.Subscription("sub_anne"); sub.Status != "canceled" { // an earlier run may have come further
		if _, err := d.write(ctx, "cancel_subscription", map[string]any{"conversation_id": d.ticket.conversation(), "how": "now_with_refund"}); err != nil {
			return err
		}
	}
	sub, _ := d.place.Stripe.Subscription("sub_anne")
	back := d.place.Stripe.AmountRefunded("ch_anne_1")
	d.check(sub.Status == "canceled" && len(d.place.Stripe.RefundsOf("ch_anne_1")) == 1, "the plan has ended, and one refund was made")
	d.check(back > 0 && back < 14280, amount(back, "eur")+" of the 142.80 EUR paid, tax included, is what was not used")
	told, err := d.reply(ctx, "Hi Anne, your plan has ended. We have refunded "+amount(back, "eur")+" for the time that was left. The receipt: {receipt:ch_anne_1}")
	if err != nil {
		return err
	}
	d.check(told.State == policies.Done && d.customerReads("https://pay.stripe.com/receipts/"), "the customer reads the exact amount, with a link to the receipt")
	return nil
}

func discountInstead(ctx context.Context, d *demo) error {
	if err := d.read(ctx); err != nil {
		return err
	}
	if len(d.discounts()) == 0 { // an earlier run may have come further
		if err := d.offer(ctx); err != nil {
			return err
		}
	}
	sub, _ := d.place.Stripe.Subscription("sub_cleo")
	d.check(len(d.discounts()) == 1 && sub.Status == "active" && !sub.CancelAtPeriodEnd, "20% for three months are on the plan, which goes on")
	told, err := d.reply(ctx, "Hi Cleo, we would like you to stay: the next three months cost 16.00 EUR each instead of 20.00 EUR. You can still cancel whenever you like.")
	if err != nil {
		return err
	}
	d.check(told.State == policies.Done, "the customer is answered")
	return nil
}

// offer tries a discount that the agent makes up, and then the one there is.
func (d *demo) offer(ctx context.Context) error {
	give := func(coupon string) (answer, error) {
		return d.write(ctx, "apply_discount", map[string]any{"conversation_id": d.ticket.conversation(), "coupon": coupon})
	}
	invented, err := give("HALFPRICE")
	if err != nil {
		return err
	}
	d.check(invented.isError && len(d.discounts()) == 0, "a coupon that the policy does not list is refused")
	_, err = give("STAY20")
	return err
}

// discounts are those on the plan of the last story.
func (d *demo) discounts() []stripeapi.Discount {
	sub, _ := d.place.Stripe.Subscription("sub_cleo")
	return sub.Discounts
}
