package main

import (
	"context"
	"regexp"
	"strings"

	"supportmcp/internal/sandbox"
)

func segmentStory() ticketStory {
	return ticketStory{"Cards that expire soon", "card-expiring", "Stripe has no filter for expiry; the index has", cardsExpiring}
}

// cardsExpiring is what a support lead does, not an agent.
func cardsExpiring(ctx context.Context, d *demo) error {
	if err := d.fillIndex(ctx); err != nil {
		return err
	}
	out, err := d.says(ctx, "segments", "preview", "cards-expiring", "--tag", "card-expiring")
	if err != nil {
		return err
	}
	d.check(strings.Contains(out, "unmatched"), "it is counted who is in the segment, and who has no contact, before anything is changed")
	tagged := func() bool {
		person, _ := d.place.Intercom.Contact(sandbox.Person("card-expiring"))
		return len(person.Tags) > 0
	}
	if !tagged() || !d.kept { // an earlier run in the same folder may have come further
		d.check(!tagged(), "nothing is changed yet")
		if err := d.command(ctx, "segments", "apply", regexp.MustCompile(`plan_[a-z0-9]+`).FindString(out)); err != nil {
			return err
		}
	}
	d.check(tagged(), "whose card expires within 30 days has the tag")
	return nil
}

// fillIndex fills the billing index. An earlier run that was killed in it keeps it
// to itself for a minute.
func (d *demo) fillIndex(ctx context.Context) error {
	if !d.kept {
		return d.command(ctx, "index", "sync")
	}
	return d.wait(ctx, func() (bool, error) {
		_, err := d.says(ctx, "index", "sync")
		return err == nil, nil
	})
}
