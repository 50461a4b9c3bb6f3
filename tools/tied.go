package tools

import (
	"context"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// tied is the customer of a conversation that a reading tool is about: the one
// that is named, or the only one there is. Whose it is not is answered like one
// that does not exist.
func (d Deps) tied(ctx context.Context, id conversationID, customer customerID) (policies.Tie, error) {
	t, err := d.ticket(ctx, id)
	if err != nil {
		return policies.Tie{}, err
	}
	ties := t.Asker.Ties
	i := slices.IndexFunc(ties, func(tie policies.Tie) bool { return tie.Customer == string(customer) })
	switch {
	case i >= 0:
		return ties[i], nil
	case len(ties) == 0:
		return policies.Tie{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "no Stripe customer is tied to this conversation's contact",
			NextStep: "ask which e-mail address was used to pay, or hand the conversation to a person",
		}
	case customer != "":
		return policies.Tie{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "this conversation's contact is no such customer",
			NextStep: "read get_billing_overview, which lists the customers that may be asked for",
		}
	case len(ties) > 1:
		return policies.Tie{}, fault.Invalidf("give customer_id, one of "+among(ties), "customer_id: %d customers are tied to this contact", len(ties))
	}
	return ties[0], nil
}

func among(ties []policies.Tie) string {
	var ids []string
	for _, tie := range ties[:min(len(ties), customers)] {
		ids = append(ids, tie.Customer)
	}
	return strings.Join(ids, ", ")
}
