package tools

import (
	"context"
	"fmt"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type creditInput struct {
	Conversation conversationID `json:"conversation_id"`
	Customer     customerID     `json:"customer_id,omitempty"`
	Amount       creditAmount   `json:"amount"`
	Note         string         `json:"note,omitempty" jsonschema:"for whoever approves"`
	ThenReply    messageText    `json:"then_reply,omitempty" jsonschema:"sent to the customer once it is done"`
}

// GrantCredit gives a customer money off the invoices to come.
func GrantCredit(d Deps) Tool {
	return Write(Spec{
		Toolset: BillingExtended, Name: "grant_credit", Title: "Give credit", Idempotent: true,
		Scopes:      access.Scopes{access.BillingManage},
		Description: "Goodwill: give the conversation's customer an amount off the next invoices. Nothing goes back to a card. Asking again gives nothing more.",
	}, d.Guard, Operation[creditInput, policies.Credit, stripe.Credited]{
		Propose: d.proposeCredit, Perform: d.Stripe.CreditCustomer, Find: d.Stripe.FindCredited,
		Follow: func(in creditInput, e policies.Entry, c policies.Credit, out stripe.Credited) []policies.Followup {
			note := receipted(e, c.Asker, "Credit of %s was given to %s (%s); the balance is %s now.", out.Amount, out.Customer, out.ID, out.Balance)
			told := happened(c.Asker, "credit-granted", out.CreatedAt, map[string]string{"transaction": out.ID, "customer": out.Customer, "amount": out.Amount.String()})
			return withReply(c.Asker, in.ThenReply, append(note, told...))
		},
	})
}

func (d Deps) proposeCredit(ctx context.Context, in creditInput) (policies.Credit, error) {
	sum, err := money.Parse(string(in.Amount))
	if err != nil {
		return policies.Credit{}, fault.Invalidf(`give an exact amount such as "12.50 EUR"`, "%v", err)
	}
	t, id, err := d.tied(ctx, in.Conversation, in.Customer)
	c := policies.Credit{Asker: t.Asker, Customer: policies.Customer{ID: id}, Amount: sum}
	if err != nil {
		return c, err
	}
	customer, err := d.customer(ctx, t, id)
	if err != nil {
		return c, fmt.Errorf("read customer: %w", err)
	}
	c.Customer.Since, c.Customer.Currency = customer.Created, customer.Currency
	wants := d.Guard.Policy().Wants(policies.KindCredit)
	b, err := d.background(ctx, id, wants)
	c.Traits = traitsOf(t.Conversation, b, wants)
	return c, err
}
