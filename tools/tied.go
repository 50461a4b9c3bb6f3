package tools

import (
	"context"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// tied is a conversation and the customer of theirs that is meant: the one
// that is named, or the only one there is. Whose it is not is answered like one
// that does not exist.
func (d Deps) tied(ctx context.Context, id conversationID, customer customerID) (ticket, string, error) {
	t, err := d.ticket(ctx, id)
	if err != nil {
		return t, "", err
	}
	ties := t.Asker.Ties
	i := slices.IndexFunc(ties, func(tie policies.Tie) bool { return tie.Customer == string(customer) })
	switch {
	case i >= 0:
		return t, ties[i].Customer, nil
	case len(ties) == 0:
		return t, "", &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "no Stripe customer is tied to this conversation's contact",
			NextStep: "ask which e-mail address was used to pay, or hand the conversation to a person",
		}
	case customer != "":
		return t, "", &fault.Error{
			Code: fault.NotFound, Took: fault.No, Message: "this conversation's contact is no such customer",
			NextStep: "read get_billing_overview, which lists the customers that may be asked for",
		}
	case len(ties) > 1:
		return t, "", fault.Invalidf("give customer_id, one of "+among(ties), "customer_id: %d customers are tied to this contact", len(ties))
	}
	return t, ties[0].Customer, nil
}

func among(ties []policies.Tie) string {
	var ids []string
	for _, tie := range ties[:min(len(ties), customers)] {
		ids = append(ids, tie.Customer)
	}
	return strings.Join(ids, ", ")
}
