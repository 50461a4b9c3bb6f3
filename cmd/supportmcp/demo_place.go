package main

import (
	"fmt"
	"os"

	"supportmcp/internal/money"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/samples"
)

// state is what the vendors hold: one line for each thing that can change, by its name.
type state map[string]string

// look writes down the refunds in Stripe, the plans that the stories change, and the
// conversations in Intercom.
func (d *demo) look() state {
	s := state{}
	for _, r := range d.place.Stripe.Refunds() {
		s["Stripe    "+r.ID] = fmt.Sprintf("refund of %s on %s, %s", amount(r.Amount, r.Currency), r.Charge, r.Status)
	}
	for _, id := range []string{"sub_anne", "sub_cleo"} {
		sub, _ := d.place.Stripe.Subscription(id)
		s["Stripe    "+id] = "subscription, " + sub.Status
		for _, on := range sub.Discounts {
			s["Stripe    "+id] += ", with " + on.Coupon
		}
	}
	for _, story := range sandbox.Stories() {
		c, ok := d.place.Intercom.Conversation(story.Conversation)
		if !ok {
			continue
		}
		s["Intercom  "+c.ID] = c.State
		for _, p := range c.Parts {
			s["Intercom  part "+p.ID] = fmt.Sprintf("%s: %s", p.Type, p.Text)
		}
	}
	return s
}

func amount(minor int64, currency string) string {
	return money.Of(minor, money.Currency(currency)).String()
}

// change is one thing at a vendor that is not as it was.
type change struct {
	What string `json:"what"`
	Now  string `json:"now"`
}

// changes compares two looks, in the order of names.
func changes(before, after state) []change {
	out := []change{}
	for _, name := range sortedKeys(after) {
		if before[name] != after[name] {
			out = append(out, change{What: name, Now: after[name]})
		}
	}
	return out
}

// copySamples writes the sample documents into a folder that does not exist yet,
// so that the server reads them as it reads anybody's.
func copySamples(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.CopyFS(dir, samples.Knowledge()); err != nil {
		return fmt.Errorf("copy the sample documents: %w", err)
	}
	return nil
}
