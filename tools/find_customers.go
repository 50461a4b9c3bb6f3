package tools

import (
	"context"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type findCustomersInput struct {
	Email    string     `json:"email,omitempty" jsonschema:"whole address; or name or customer_id"`
	Name     string     `json:"name,omitempty" jsonschema:"a part of the name, 3 characters or more"`
	Customer customerID `json:"customer_id,omitempty"`
}

type foundCustomers struct {
	Customers []foundCustomer `json:"customers"`
	More      bool            `json:"more,omitempty"`
	Note      string          `json:"note,omitempty"`
}

type foundCustomer struct {
	Customer   string      `json:"customer_id"`
	Name       string      `json:"name,omitempty"`
	Email      string      `json:"email,omitempty" jsonschema:"as much as the policy shows"`
	Since      string      `json:"since"`
	Balance    money.Money `json:"balance,omitzero"`
	Delinquent bool        `json:"delinquent,omitempty"`
	Stale      bool        `json:"may_be_stale,omitempty" jsonschema:"found by search, which lags"`
}

// FindCustomers looks for customers outside of a conversation.
func FindCustomers(d Deps) Tool {
	return Read(Spec{
		Toolset: Lookup, Name: "find_customers", Title: "Find customers",
		Scopes:      access.Scopes{access.Lookup},
		Description: "Find Stripe customers by e-mail, name or id. Several with one address are duplicates and listed as such.",
	}, d.findCustomers)
}

// mostFound is how many customers an answer names.
const mostFound = 10

func (d Deps) findCustomers(ctx context.Context, by policies.Principal, in findCustomersInput) (foundCustomers, error) {
	given := 0
	for _, text := range []string{in.Email, in.Name, string(in.Customer)} {
		if text != "" {
			given++
		}
	}
	if given != 1 {
		return foundCustomers{}, fault.Invalidf("give email, name or customer_id", "exactly one of email, name and customer_id is needed")
	}
	p := d.Guard.Policy()
	if p == nil || p.Lookup == nil {
		return foundCustomers{}, noLookup()
	}
	found, more, err := d.lookup(ctx, in)
	if err != nil {
		return foundCustomers{}, fmt.Errorf("find customers: %w", err)
	}
	shown, refused, err := d.counted(ctx, by, p.Lookup, found[:min(len(found), mostFound)])
	if err != nil {
		return foundCustomers{}, fmt.Errorf("count customers looked up: %w", err)
	}
	out := in.answer(shown, more || len(found) > mostFound, access.Of(ctx).Shown(p.Lookup.PersonalData))
	if refused != nil {
		out.Note = refused.Message + "; others that were found are not shown: " + refused.NextStep
	}
	return out, nil
}

func (d Deps) lookup(ctx context.Context, in findCustomersInput) (found []stripe.Customer, more bool, err error) {
	switch {
	case in.Email != "":
		found, err = d.Stripe.CustomersByEmail(ctx, in.Email)
	case in.Name != "":
		found, more, err = d.Stripe.CustomersByName(ctx, in.Name, mostFound)
	default:
		var one stripe.Customer
		if one, err = d.Stripe.Customer(ctx, string(in.Customer)); err == nil {
			found = []stripe.Customer{one}
		}
		if fault.CodeOf(err) == fault.NotFound {
			err = nil
		}
	}
	return found, more, err
}

func (in findCustomersInput) answer(found []stripe.Customer, more bool, level policies.PersonalData) foundCustomers {
	out := foundCustomers{Customers: []foundCustomer{}, More: more}
	for _, c := range found {
		out.Customers = append(out.Customers, foundCustomer{
			Customer: c.ID, Name: label(shownName(c.Name, level), maxLabel), Email: label(shownEmail(c.Email, level), maxLabel), Since: c.Created.Format(time.DateOnly),
			Balance: c.Balance, Delinquent: c.Delinquent, Stale: c.Searched,
		})
	}
	stale := slices.ContainsFunc(found, func(c stripe.Customer) bool { return c.Searched })
	switch {
	case len(found) == 0:
		out.Note = "nobody was found; a customer of the last minutes can be missing from search"
	case in.Email != "" && len(found) > 1:
		out.Note = fmt.Sprintf("%d customers have this address: duplicates, or different people", len(found))
	case stale:
		out.Note = "search lags by minutes; read billing in a conversation for what is so now"
	}
	return out
}
