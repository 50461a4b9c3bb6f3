package tools

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// customerAttribute is the attribute of contacts and companies in Intercom that
// names their Stripe customer. The workspace's own back end writes it.
const customerAttribute = "stripe_customer_id"

// The ways a Stripe customer is tied to an asker, surest first.
const (
	byContact = "contact attribute"
	byCompany = "company attribute"
	byEmail   = "e-mail"
)

// ticket is a conversation with the person who asks and what is theirs in Stripe.
type ticket struct {
	Conversation intercom.Conversation
	Contact      intercom.Contact
	Customers    []stripe.Customer // those that tying has read on its way
	Asker        policies.Asker
}

// ticket resolves a conversation in at most three dependent rounds: the
// conversation, its contact, and the company or the customers with its e-mail.
func (d Deps) ticket(ctx context.Context, id conversationID) (ticket, error) {
	c, err := d.Intercom.Conversation(ctx, string(id))
	if err != nil {
		return ticket{}, fmt.Errorf("read conversation: %w", err)
	}
	t := ticket{Conversation: c, Asker: policies.Asker{Conversation: c.ID, Ties: []policies.Tie{}}}
	if len(c.Contacts) == 0 {
		t.Asker.Doubt = "the conversation has no contact"
		return t, nil
	}
	if len(c.Contacts) > 1 {
		t.Asker.Doubt = fmt.Sprintf("%d people take part in the conversation", len(c.Contacts))
	}
	if t.Contact, err = d.Intercom.Contact(ctx, c.Contacts[0]); err != nil {
		return ticket{}, fmt.Errorf("read contact: %w", err)
	}
	t.Asker.Contact = t.Contact.ID
	if t.Contact.MoreCompanies || len(t.Contact.Companies) > maxCompanies {
		t.Asker.Doubt = "the contact belongs to more companies than were looked at"
	}
	return t, d.tie(ctx, &t)
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

// tie finds the Stripe customers of the contact. What the company wrote down in
// Intercom goes before an equal e-mail address.
func (d Deps) tie(ctx context.Context, t *ticket) error {
	var companies []policies.Tie
	var sameEmail []stripe.Customer
	own, found := customerOf(t.Contact.Attributes)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		companies, err = d.companyTies(ctx, t.Contact.Companies)
		return err
	})
	if !found {
		g.Go(func() (err error) {
			sameEmail, err = d.customersByEmail(ctx, t.Contact.Email)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if found {
		t.Asker.Ties = append(t.Asker.Ties, policies.Tie{Customer: own, Way: byContact})
	}
	t.Asker.Ties = append(t.Asker.Ties, companies...)
	if len(t.Asker.Ties) > 0 {
		return nil
	}
	t.Customers = sameEmail
	for _, c := range sameEmail {
		t.Asker.Ties = append(t.Asker.Ties, policies.Tie{Customer: c.ID, Way: byEmail})
	}
	switch {
	case len(sameEmail) > 0 && t.Contact.Role != "user" && t.Conversation.Channel != "email":
		t.Asker.Doubt = "a visitor typed this e-mail address and has not shown that it is theirs"
	case len(sameEmail) > 1:
		t.Asker.Doubt = fmt.Sprintf("%d Stripe customers have the contact's e-mail address", len(sameEmail))
	}
	return nil
}

// maxCompanies bounds how many companies of a contact are looked at.
const maxCompanies = 5

func (d Deps) companyTies(ctx context.Context, ids []string) ([]policies.Tie, error) {
	ids = ids[:min(len(ids), maxCompanies)]
	customers := make([]string, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	for i, id := range ids {
		g.Go(func() error {
			c, err := d.Intercom.Company(ctx, id)
			if err != nil {
				return fmt.Errorf("read company: %w", err)
			}
			customers[i], _ = customerOf(c.Attributes)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var ties []policies.Tie
	for _, c := range customers {
		if c != "" {
			ties = append(ties, policies.Tie{Customer: c, Way: byCompany})
		}
	}
	return ties, nil
}

// customersByEmail finds nobody for what is no e-mail address.
func (d Deps) customersByEmail(ctx context.Context, email string) ([]stripe.Customer, error) {
	if email == "" {
		return nil, nil
	}
	customers, err := d.Stripe.CustomersByEmail(ctx, email)
	if fault.CodeOf(err) == fault.Invalid {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find customers: %w", err)
	}
	return customers, nil
}

func customerOf(attributes map[string]string) (string, bool) {
	id := attributes[customerAttribute]
	return id, strings.HasPrefix(id, "cus_")
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
