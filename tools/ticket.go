package tools

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// ticket is a conversation with the person who asks and what is theirs in Stripe.
type ticket struct {
	Conversation intercom.Conversation
	Contact      intercom.Contact
	Customers    []stripe.Customer // those that tying has read on its way
	Asker        policies.Asker
}

// ticket resolves a conversation in at most three dependent rounds: the
// conversation, its contact, and the company or the customers who may be theirs.
// Only where no company of the contact pays is there a fourth, for the customers.
func (d Deps) ticket(ctx context.Context, id conversationID) (ticket, error) {
	t, err := d.asking(ctx, id)
	if err != nil || t.Contact.ID == "" {
		return t, err
	}
	return t, d.tie(ctx, &t)
}

// asking resolves who asks, without what is theirs. Beside the conversation it
// reads whether the workspace verifies who signs in.
func (d Deps) asking(ctx context.Context, id conversationID) (t ticket, err error) {
	var verifies bool
	g, reads := errgroup.WithContext(ctx)
	g.Go(func() error {
		c, err := d.Intercom.Conversation(reads, string(id))
		t.Conversation = c
		if err != nil {
			return fmt.Errorf("read conversation: %w", err)
		}
		return nil
	})
	g.Go(func() (err error) {
		verifies, err = d.Intercom.VerifiesIdentity(reads)
		return err
	})
	if err := g.Wait(); err != nil {
		return t, err
	}
	c := t.Conversation
	t.Asker = policies.Asker{Conversation: c.ID, Ties: []policies.Tie{}}
	if len(c.Contacts) == 0 {
		t.Asker.Doubt = "the conversation has no contact"
		return t, nil
	}
	if t.Contact, err = d.Intercom.Contact(ctx, c.Contacts[0]); err != nil {
		return t, fmt.Errorf("read contact: %w", err)
	}
	t.Asker.Contact, t.Asker.Identity = t.Contact.ID, identityOf(c, t.Contact, verifies)
	if len(c.Contacts) > 1 {
		t.Asker.Doubt = fmt.Sprintf("%d people take part in the conversation", len(c.Contacts))
	}
	return t, nil
}

// identityOf is how well it is known that the contact wrote the conversation. Only
// a user whom the Messenger has verified, alone in it, is proven: an e-mail can be
// forged, and a visitor can type any address.
func identityOf(c intercom.Conversation, by intercom.Contact, verifies bool) policies.Identity {
	switch {
	case by.ID == "":
		return policies.Unidentified
	case verifies && c.Channel == "conversation" && by.Role == "user" && by.ExternalID != "" && len(c.Contacts) == 1 && onlyUsersWrote(c):
		return policies.Proven
	}
	return policies.Claimed
}

// onlyUsersWrote reports whether all that a customer wrote came from the
// conversation's contact, as a user, and none of it by e-mail. A visitor whom
// Intercom has merged into a user since wrote unverified.
func onlyUsersWrote(c intercom.Conversation) bool {
	return !slices.ContainsFunc(append([]intercom.Part{c.Source}, c.Parts...), func(p intercom.Part) bool {
		switch p.Author.Type {
		case "admin", "bot", "team":
			return false
		case "user":
			return p.Mailed || p.Author.ID != c.Contacts[0]
		}
		return true
	})
}

// writable reads a conversation for an action that needs nothing of Stripe's, and
// makes sure that this server may write to the workspace at all.
func (d Deps) writable(ctx context.Context, id conversationID) (intercom.Conversation, policies.Asker, error) {
	var c intercom.Conversation
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.Intercom.Ready(ctx) })
	g.Go(func() (err error) {
		c, err = d.Intercom.Conversation(ctx, string(id))
		return err
	})
	if err := g.Wait(); err != nil {
		return c, policies.Asker{}, err
	}
	a := policies.Asker{Conversation: c.ID, Ties: []policies.Tie{}}
	if len(c.Contacts) > 0 {
		a.Contact = c.Contacts[0]
	}
	return c, a, nil
}

// charge reads a charge by its own id or by its payment intent's.
func (d Deps) charge(ctx context.Context, charge, intent string) (stripe.Charge, error) {
	read, id := d.Stripe.Charge, charge
	if intent != "" {
		read, id = d.Stripe.ChargeOfPaymentIntent, intent
	}
	c, err := read(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return c, policies.UnknownCharge()
	}
	if err != nil {
		return c, fmt.Errorf("read charge: %w", err)
	}
	return c, nil
}
