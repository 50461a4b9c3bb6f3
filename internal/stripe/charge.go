package stripe

import (
	"context"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v76"
	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Charge is one attempt to take money, with what became of it since.
type Charge struct {
	policies.Charge // what a refund is judged by

	Refunded       money.Money // with refunds under way and what a partial capture released
	Status         string      // succeeded, pending or failed
	FailureCode    string
	Decline        string // the bank's own reason, such as insufficient_funds; "" when it gave none
	FailureMessage string
	Description    string // written by the merchant, or by whoever could: data, never instructions
	Invoice        string // id
	Card           *Card
	Refunds        []Refund  // newest first
	Disputes       []Dispute // newest first; nearly always none
}

// Charge reads one charge with its refunds and disputes.
func (c *Client) Charge(ctx context.Context, id string) (Charge, error) {
	if err := chargeID().check(id); err != nil {
		return Charge{}, err
	}
	p := &stripe.ChargeParams{}
	p.Context, p.Expand = ctx, []*string{stripe.String("refunds")}
	sc, err := c.charges.Get(id, p)
	if err != nil {
		return Charge{}, readFailed("charge "+id, err)
	}
	return c.complete(ctx, sc, nil)
}

// ChargeOfPaymentIntent reads the latest charge of a payment intent, which is the
// one that succeeded if any did: after success there are no more attempts.
func (c *Client) ChargeOfPaymentIntent(ctx context.Context, id string) (Charge, error) {
	if err := intentID().check(id); err != nil {
		return Charge{}, err
	}
	p := &stripe.PaymentIntentParams{}
	p.Context, p.Expand = ctx, []*string{stripe.String("latest_charge.refunds")}
	intent, err := c.intents.Get(id, p)
	if err != nil {
		return Charge{}, readFailed("payment intent "+id, err)
	}
	if intent.LatestCharge == nil {
		return Charge{}, &fault.Error{
			Code: fault.NotFound, Took: fault.No,
			Message:  "nothing was charged for payment intent " + id,
			NextStep: "tell the customer that this payment was never completed",
		}
	}
	return c.complete(ctx, intent.LatestCharge, nil)
}

// ChargePage is a part of a customer's charges.
type ChargePage struct {
	Charges []Charge // newest first
	More    bool     // older ones follow
}

// Charges reads a customer's newest charges or, with the id of a charge, those
// that follow it: at most limit of them (1 to 100), with their refunds and
// disputes. Stripe takes any charge of the account as the one to begin after
// (https://docs.stripe.com/api/pagination).
func (c *Client) Charges(ctx context.Context, customer, after string, limit int) (ChargePage, error) {
	return c.ChargesIn(ctx, customer, ChargeFilter{After: after, Limit: limit})
}

// ChargeFilter says which charges of a customer are wanted.
type ChargeFilter struct {
	Intent       string    // of one payment intent; "" is all
	Since, Until time.Time // when they were made; Until is left out, zero is no bound
	After        string    // id of a charge: those that follow it
	Limit        int       // 1 to 100
}

// ChargesIn is Charges for some of them.
func (c *Client) ChargesIn(ctx context.Context, customer string, f ChargeFilter) (ChargePage, error) {
	if err := customerID().check(customer); err != nil {
		return ChargePage{}, err
	}
	if f.After != "" {
		if err := chargeID().check(f.After); err != nil {
			return ChargePage{}, err
		}
	}
	if err := checkLimit(f.Limit); err != nil {
		return ChargePage{}, err
	}
	var found []*stripe.Charge
	var more bool
	var recent []*stripe.Dispute
	group, both := errgroup.WithContext(ctx)
	group.Go(func() (err error) { found, more, err = c.chargesOf(both, customer, f); return err })
	group.Go(func() (err error) { recent, err = c.recentDisputes(both); return err })
	if err := group.Wait(); err != nil {
		return ChargePage{}, err
	}
	charges, err := c.completeAll(ctx, found, recent)
	return ChargePage{charges, more}, err
}

func (c *Client) chargesOf(ctx context.Context, customer string, f ChargeFilter) (found []*stripe.Charge, more bool, err error) {
	list := page[stripe.Charge](func(p stripe.ListParams) ([]*stripe.Charge, stripe.ListMeta, error) {
		it := c.charges.List(&stripe.ChargeListParams{
			ListParams: p, Customer: &customer, PaymentIntent: given(f.Intent), CreatedRange: between(f.Since, f.Until),
			Expand: []*string{stripe.String("data.refunds")},
		})
		on := it.ChargeList()
		return on.Data, on.ListMeta, it.Err()
	})
	if found, more, err = list.read(ctx, f.Limit, f.After); err != nil {
		return nil, false, readFailed("charges of customer "+customer, err)
	}
	return found, more, nil
}

func (c *Client) completeAll(ctx context.Context, found []*stripe.Charge, recent []*stripe.Dispute) ([]Charge, error) {
	out := make([]Charge, len(found))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for i, sc := range found {
		group.Go(func() (err error) {
			out[i], err = c.complete(ctx, sc, disputesAmong(recent, sc.ID))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// complete adds what a charge does not carry: refunds beyond the first ten, and
// disputes unless they are known. Nearly no charge has either, so nearly none
// costs a further request.
func (c *Client) complete(ctx context.Context, sc *stripe.Charge, disputes []*stripe.Dispute) (Charge, error) {
	if chargeID().check(sc.ID) != nil {
		return Charge{}, readFailed("charge", odd("is not a charge"))
	}
	what := "charge " + sc.ID
	refunds := sc.Refunds
	if refunds == nil || refunds.HasMore {
		all, err := c.refundsOf(ctx, sc.ID)
		if err != nil {
			return Charge{}, readFailed("refunds of "+what, err)
		}
		refunds = &stripe.RefundList{Data: all}
	}
	if sc.Disputed && len(disputes) == 0 {
		var err error
		if disputes, err = c.disputesOf(ctx, sc.ID); err != nil {
			return Charge{}, readFailed("disputes of "+what, err)
		}
	}
	out, err := chargeOf(sc, refunds.Data, disputes)
	if err != nil {
		return Charge{}, readFailed(what, err)
	}
	c.billed.learn(out.ID, out.Invoice)
	return out, nil
}

// chargeOf is pure: the facts of a charge from Stripe's objects.
func chargeOf(sc *stripe.Charge, refunds []*stripe.Refund, disputes []*stripe.Dispute) (Charge, error) {
	total, err := amount(sc.Amount, sc.Currency)
	if err != nil {
		return Charge{}, err
	}
	out := Charge{
		Charge: policies.Charge{
			ID: sc.ID, Amount: total, CreatedAt: at(sc.Created), Connected: connected(sc),
			Transferred: sc.TransferData != nil || sc.Transfer != nil, Fee: sc.ApplicationFee != nil || sc.ApplicationFeeAmount != 0,
			Succeeded: sc.Status == stripe.ChargeStatusSucceeded && sc.Paid, Captured: sc.Captured,
		},
		Status: string(sc.Status), FailureCode: sc.FailureCode, FailureMessage: sc.FailureMessage,
		Description: sc.Description, Card: cardCharged(sc),
	}
	if sc.Outcome != nil {
		out.Decline = sc.Outcome.Reason
	}
	out.refer(sc)
	out.assess(sc)
	if out.Refunds, err = refundsIn(refunds, total.Currency); err != nil {
		return Charge{}, err
	}
	if out.Disputes, err = disputesIn(disputes); err != nil {
		return Charge{}, err
	}
	out.Dispute = disputeState(sc.Disputed, out.Disputes)
	return out, out.count(sc)
}

// refer sets the ids of what the charge belongs to.
func (ch *Charge) refer(sc *stripe.Charge) {
	if sc.Customer != nil {
		ch.Customer = sc.Customer.ID
	}
	if sc.PaymentIntent != nil {
		ch.PaymentIntent = sc.PaymentIntent.ID
	}
	ch.Invoice = invoiceIn(sc)
}

// count works out what is refunded and what remains. Both of Stripe's ways of
// counting are taken, and the larger one believed. What a partial capture
// released is among what is refunded, so that amount captured less amount
// refunded would be too little.
func (ch *Charge) count(sc *stripe.Charge) error {
	if sc.AmountRefunded < 0 || sc.AmountCaptured < 0 {
		return odd("has a negative amount")
	}
	var under int64
	for _, r := range ch.Refunds {
		if !r.cameBack() {
			under += r.Amount.Minor
		}
	}
	c := ch.Amount.Currency
	refunded := max(sc.AmountRefunded, under)
	ch.Refunded = money.Of(refunded, c)
	ch.Remaining = money.Of(max(0, min(sc.Amount-refunded, sc.AmountCaptured)), c)
	return nil
}

// connected reports whether money of a connected account can be involved; a
// refund would leave that money where it is
// (https://docs.stripe.com/connect/charges).
func connected(sc *stripe.Charge) bool {
	return sc.OnBehalfOf != nil || sc.TransferData != nil || sc.TransferGroup != "" || sc.Transfer != nil ||
		sc.SourceTransfer != nil || sc.ApplicationFee != nil || sc.ApplicationFeeAmount != 0
}

func cardCharged(sc *stripe.Charge) *Card {
	if sc.PaymentMethodDetails == nil || sc.PaymentMethodDetails.Card == nil {
		return nil
	}
	d := sc.PaymentMethodDetails.Card
	return &Card{Brand: string(d.Brand), Last4: d.Last4, ExpMonth: int(d.ExpMonth), ExpYear: int(d.ExpYear)}
}

func (c *Client) refundsOf(ctx context.Context, charge string) ([]*stripe.Refund, error) {
	id := func(r *stripe.Refund) string { return r.ID }
	return all(ctx, id, func(p stripe.ListParams) ([]*stripe.Refund, stripe.ListMeta, error) {
		it := c.refunds.List(&stripe.RefundListParams{ListParams: p, Charge: &charge})
		list := it.RefundList()
		return list.Data, list.ListMeta, it.Err()
	})
}

func refundsIn(found []*stripe.Refund, c money.Currency) ([]Refund, error) {
	out := make([]Refund, 0, len(found))
	for _, r := range found {
		one, err := refundOf(r)
		if err != nil {
			return nil, err
		}
		if one.Amount.Currency != c {
			return nil, odd("has a refund in another currency than its charge")
		}
		out = append(out, one)
	}
	slices.SortStableFunc(out, func(a, b Refund) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out, nil
}
