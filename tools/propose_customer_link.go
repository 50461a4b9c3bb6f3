package tools

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/policies"
)

type linkInput struct {
	Conversation conversationID `json:"conversation_id"`
	Customer     string         `json:"customer_id,omitempty" jsonschema:"this or email"`
	Email        string         `json:"email,omitempty" jsonschema:"address that the customer pays with"`
	Remove       bool           `json:"remove,omitempty" jsonschema:"instead: take back all links of the contact"`
	Why          messageText    `json:"why"`
}

type linked struct {
	Contact  string `json:"contact_id"`
	Customer string `json:"customer_id,omitempty" jsonschema:"none: all links were taken back"`
}

// ProposeCustomerLink asks a person to confirm whose customer a contact is.
func ProposeCustomerLink(d Deps) Tool {
	return Write(Spec{
		Toolset: Ticket, Name: "propose_customer_link", Title: "Propose whose customer this is", Idempotent: true, Closed: true,
		Scopes:      access.Scopes{access.ConversationsWrite},
		Description: "Ask a person to confirm that the conversation's contact belongs to a Stripe customer, where none or the wrong one is tied.",
	}, d.Guard, Operation[linkInput, policies.Link, linked]{
		Propose: d.proposeLink, Perform: performLink,
		// The ledger itself is where a link is: one that it does not hold as done is not there.
		Find: func(context.Context, policies.Link, string) (linked, bool, error) { return linked{}, false, nil },
	})
}

func (d Deps) proposeLink(ctx context.Context, in linkInput) (policies.Link, error) {
	l := policies.Link{Email: in.Email, Remove: in.Remove, Why: string(in.Why)}
	switch given := in.Customer != "" || in.Email != ""; {
	case in.Remove && given:
		return l, fault.Invalidf("leave customer_id and email out to take all links back, and propose the right one after that", "remove takes back all links of the contact")
	case !in.Remove && (in.Customer == "") == (in.Email == ""):
		return l, fault.Invalidf("give customer_id or email", "exactly one of customer_id and email is needed")
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		t, err := d.ticket(ctx, in.Conversation)
		l.Asker = t.Asker
		return err
	})
	g.Go(func() (err error) {
		switch {
		case in.Customer != "":
			l.Customer, l.Problem, err = d.customerWithID(ctx, in.Customer)
		case in.Email != "":
			l.Customer, l.Problem, err = d.customerWithEmail(ctx, in.Email)
		}
		return err
	})
	return l, g.Wait()
}

// customerWithID tells the agent nothing of whether the customer exists: only
// whoever approves reads the problem.
func (d Deps) customerWithID(ctx context.Context, id string) (customer, problem string, err error) {
	c, err := d.Stripe.Customer(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return "", "Stripe has no such customer", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("read customer: %w", err)
	}
	return c.ID, "", nil
}

func (d Deps) customerWithEmail(ctx context.Context, email string) (customer, problem string, err error) {
	found, err := d.customersByEmail(ctx, email)
	switch {
	case err != nil:
		return "", "", err
	case len(found) != 1:
		return "", fmt.Sprintf("%d Stripe customers have this e-mail address", len(found)), nil
	}
	return found[0].ID, "", nil
}

// performLink does nothing more: that the entry is done is the link.
func performLink(_ context.Context, p *policies.Permit[policies.Link]) (linked, error) {
	l, _, err := p.Redeem()
	if err != nil {
		return linked{}, err
	}
	if l.Problem != "" {
		return linked{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "nobody can be linked: " + l.Problem,
			NextStep: "ask which customer is meant, and propose one by customer_id",
		}
	}
	return linked{Contact: l.Asker.Contact, Customer: l.Customer}, nil
}
