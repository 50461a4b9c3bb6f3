package proof

import (
	"encoding/json"

	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

// paid is what Stripe holds under one key: how often, and how much in all.
type paid struct {
	times int
	minor int64
}

func (p paid) and(minor int64) paid { return paid{p.times + 1, p.minor + minor} }

// checkPlans wants one credit note for each cancellation with refund that is done,
// with its subscription ended; one change of the balance for each credit that is
// done; and neither for any other entry.
func (r *Report) checkPlans(entries []policies.Entry, s *sandbox.Sandbox) {
	notes := map[string]paid{}
	for _, n := range s.Stripe.CreditNotes() {
		key := n.Metadata["operation_id"]
		notes[key] = notes[key].and(n.Total)
	}
	r.checkCollected(entries, s)
	for _, e := range entries {
		switch e.Kind { //nolint:exhaustive // the others are checked elsewhere, or leave no money anywhere
		case policies.KindCancel:
			r.checkPaid(e, notes[e.ID])
			r.checkEnded(e, s)
		case policies.KindCredit:
			var given paid
			for _, b := range s.Stripe.BalanceTransactions(e.Subject.Customer) {
				if b.Metadata["operation_id"] == e.ID {
					given = given.and(-b.Amount)
				}
			}
			r.checkPaid(e, given)
		}
	}
}

func (r *Report) checkPaid(e policies.Entry, p paid) {
	cost := e.Subject.Cost
	switch {
	case p.times > 1:
		r.add("DOUBLE: Stripe paid %d times for %s", p.times, e.ID)
	case p.times == 1 && p.minor != cost.Minor:
		r.add("%s is %s, and Stripe paid %d", e.ID, cost, p.minor)
	case e.State == policies.Done && cost.Minor > 0 && p.times == 0:
		r.add("LOST: %s is done, and Stripe has paid nothing for it", e.ID)
	case p.times == 1 && e.State != policies.Done && e.State != policies.Review:
		r.add("UNKNOWN: Stripe paid for %s, which is %s", e.ID, e.State)
	}
}

// checkEnded wants the subscription of a cancellation that is done to have ended,
// or to be set to end.
func (r *Report) checkEnded(e policies.Entry, s *sandbox.Sandbox) {
	var facts policies.Cancel
	if err := json.Unmarshal(e.Facts, &facts); err != nil {
		r.add("the facts of %s cannot be read: %v", e.ID, err)
		return
	}
	sub, _ := s.Stripe.Subscription(facts.Subscription.ID)
	over := sub.Status == "canceled" || facts.How == policies.AtPeriodEnd && sub.CancelAtPeriodEnd
	if e.State == policies.Done && !over {
		r.add("%s is done, and subscription %s goes on", e.ID, facts.Subscription.ID)
	}
}

// checkCollected wants an invoice paid once when a retry of it is done, and not at
// all unless one is done or for a person to settle. Payments bear no key.
func (r *Report) checkCollected(entries []policies.Entry, s *sandbox.Sandbox) {
	done, open := map[string]int{}, map[string]int{}
	for _, e := range entries {
		if id := e.Subject.Same; e.Kind == policies.KindRetry && e.State == policies.Done {
			done[id]++
		} else if e.Kind == policies.KindRetry {
			open[id] += map[bool]int{true: 1}[e.State == policies.Review]
		}
	}
	for id := range open {
		done[id] += 0 // what was asked for and not done is looked at, too
	}
	for id, n := range done {
		switch paid := len(s.Stripe.Payments(id)); {
		case paid > 1 || n > 1:
			r.add("DOUBLE: invoice %s is paid %d times, and %d retries of it are done", id, paid, n)
		case n == 1 && paid == 0:
			r.add("LOST: a retry of invoice %s is done, and nobody has paid it", id)
		case paid == 1 && n == 0 && open[id] == 0:
			r.add("UNKNOWN: invoice %s is paid, and no retry of it is done", id)
		}
	}
}
