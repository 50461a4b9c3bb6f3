package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

type lookupInput struct {
	By       policies.Principal `json:"by"`
	Customer string             `json:"customer_id"`
}

// seen is the receipt of a lookup.
type seen struct {
	Customer string `json:"customer"`
}

// lookUp lets the worker end lookups that a dying process has left.
func lookUp(d Deps) Tool { return Write(Spec{Name: "look_up_customer"}, d.Guard, lookingUp()) }

// lookingUp does nothing but be recorded.
func lookingUp() Operation[lookupInput, policies.Lookup, seen] {
	return Operation[lookupInput, policies.Lookup, seen]{
		Propose: func(_ context.Context, in lookupInput) (policies.Lookup, error) {
			return policies.Lookup(in), nil
		},
		Perform: func(_ context.Context, p *policies.Permit[policies.Lookup]) (seen, error) {
			l, _, err := p.Redeem()
			return seen{l.Customer}, err
		},
		Find: func(_ context.Context, l policies.Lookup, _ string) (seen, bool, error) {
			return seen{l.Customer}, true, nil
		},
	}
}

// counted are those of the found customers that a principal may see: who was seen
// within the window already, and as many others as the policy's budget has room
// for. refused says why the rest is kept back. When that is all, it is the error.
func (d Deps) counted(ctx context.Context, by policies.Principal, r *policies.LookupRules, found []stripe.Customer) (shown []stripe.Customer, refused *fault.Error, err error) {
	var reads policies.Reads
	for _, c := range found {
		reads.Queries = append(reads.Queries, r.Seen(by, c.ID))
	}
	before, err := d.Guard.Ledger.Read(ctx, reads)
	if err != nil {
		return nil, nil, err
	}
	for i, c := range found {
		if before.Usage[i].Count == 0 && refused == nil {
			if refused, err = d.count(ctx, by, c.ID); err != nil {
				return nil, nil, err
			}
		}
		if before.Usage[i].Count > 0 || refused == nil {
			shown = append(shown, c)
		}
	}
	if refused != nil && len(shown) == 0 {
		return nil, nil, refused
	}
	return shown, refused, nil
}

// count records a lookup, or says why there may be none.
func (d Deps) count(ctx context.Context, by policies.Principal, customer string) (*fault.Error, error) {
	in := lookupInput{By: by, Customer: customer}
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("encode a lookup: %w", err)
	}
	o, err := policies.Enforce(ctx, d.Guard, policies.Request{Principal: by, Input: raw}, lookingUp().on(in))
	if err != nil || o.State.Counts() {
		return nil, err
	}
	next := "read customers through their conversations"
	against := o.Decision.Against()
	if i := slices.IndexFunc(against, func(f policies.Finding) bool { return !f.RetryAfter.IsZero() }); i >= 0 {
		next += ", or try again after " + against[i].RetryAfter.UTC().Format(time.RFC3339)
	}
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, NextStep: next,
		Message: "as many different customers were looked up as the policy lets one agent: " + o.Message,
	}, nil
}
