package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// Adoption is what came of comparing the ledger with Stripe.
type Adoption struct {
	Adopted []policies.Entry // that the ledger had lost
	Strange []error          // refunds that carry the ledger's mark and no id of its making
}

// AdoptRefunds brings back into the ledger the refunds that Stripe has made for
// it since a time and that it does not count, as after a backup was restored. It
// may run on any number of replicas at once. After an error some may be missing.
func AdoptRefunds(ctx context.Context, d Deps, since time.Time) (a Adoption, err error) {
	err = d.Stripe.Made(ctx, since, func(m stripe.Made) error {
		e, adopted, err := d.adopt(ctx, m)
		switch {
		case fault.CodeOf(err) == fault.Invalid:
			a.Strange = append(a.Strange, fmt.Errorf("refund %s: %w", m.ID, err))
			return nil
		case adopted:
			a.Adopted = append(a.Adopted, e)
		}
		return err
	})
	return a, err
}

func (d Deps) adopt(ctx context.Context, m stripe.Made) (policies.Entry, bool, error) {
	e, err := d.Guard.Ledger.Entry(ctx, m.Key)
	if err == nil && e.State.Counts() {
		return e, false, nil
	}
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return e, false, err
	}
	c, err := d.Stripe.Charge(ctx, m.Charge)
	if err != nil {
		return e, false, err
	}
	all, err := askedFor(c, m, true)
	if err != nil {
		return e, false, err
	}
	part, err := askedFor(c, m, false)
	if err != nil {
		return e, false, err
	}
	return policies.Adopt(ctx, d.Guard, m.Key, m.Refund, m.CreatedAt, all, part)
}

// askedFor is a refund as create_refund may have been asked for it: as all that
// remained, or as a part. Who asked, and why, is not known any more.
func askedFor(c stripe.Charge, m stripe.Made, rest bool) (policies.Asked[policies.Refund], error) {
	in := createRefundInput{Conversation: conversationID(m.Conversation), Charge: m.Charge, Reason: refundReason(m.Reason)}
	if !rest {
		in.Amount = exactAmount(m.Amount.String())
	}
	b, err := json.Marshal(in)
	if err != nil {
		return policies.Asked[policies.Refund]{}, fmt.Errorf("encode input: %w", err)
	}
	return policies.Asked[policies.Refund]{Input: b, Action: policies.Refund{
		Asker: policies.Asker{Conversation: m.Conversation, Ties: []policies.Tie{}}, Charge: c.Charge,
		Amount: m.Amount, Rest: rest, Reason: policies.Reason(m.Reason), Twins: []policies.Twin{},
	}}, nil
}
