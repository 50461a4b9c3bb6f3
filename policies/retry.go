package policies

import (
	"time"

	"supportmcp/internal/money"
)

// Invoice is a Stripe invoice as far as judging needs it.
type Invoice struct {
	ID           string       `json:"id"`
	Customer     string       `json:"customer"`
	Subscription string       `json:"subscription,omitempty"`
	Status       string       `json:"status"`
	Remaining    money.Money  `json:"remaining"`      // what still has to be paid
	Sent         bool         `json:"sent,omitempty"` // to the customer, who pays it without being charged
	Dispute      DisputeState `json:"dispute,omitempty"`
	TriedAt      time.Time    `json:"tried_at,omitzero"` // when Stripe last charged for it, whoever asked; zero: never
}

// DefaultCard is the card that Stripe charges when nobody names one.
type DefaultCard struct {
	Name  string    `json:"name,omitempty"` // such as "visa 4242", for whoever approves; "" when there is no card
	Until time.Time `json:"until,omitzero"` // when it stops working
}

// Retry pays an open invoice again with the customer's card, after the card was fixed.
type Retry struct {
	Asker   Asker       `json:"asker"`
	Invoice Invoice     `json:"invoice"`
	Card    DefaultCard `json:"card,omitzero"`
	Traits  Traits      `json:"traits"`
}

// RetryRules is the retry section of a policy.
type RetryRules struct {
	Section
	Currencies CurrencyLimits // of what is collected
	Cooldown   time.Duration  // since Stripe last charged for the invoice
}

// Kind is KindRetry.
func (Retry) Kind() Kind { return KindRetry }

// Subject identifies a retry by its invoice: an invoice is paid once. What the bank
// declined has not taken effect, so it can be tried again.
func (r Retry) Subject() Subject {
	s := r.Asker.subject(r.Invoice.Customer)
	s.Exclusive, s.Same, s.Cost = "invoice:"+r.Invoice.ID, r.Invoice.ID, r.Invoice.Remaining
	return s
}

// binds leaves out when it was last tried, which the policy looks at again.
func (r Retry) binds() any {
	r.Traits, r.Invoice.TriedAt = Traits{}, time.Time{}
	return r
}

func (r Retry) traits() Traits { return r.Traits }
func (Retry) asks() []Query    { return nil }

func (r Retry) judge(p *Policy, s Snapshot) []Finding {
	findings := append(r.Asker.judge(p, r.Invoice.Customer, r.Invoice.Remaining),
		r.Invoice.collectable(), r.Invoice.undisputed(), r.Card.works(s.Now))
	if p.Retry == nil {
		return append(findings, missing("retry"))
	}
	return append(findings,
		p.Retry.Currencies.judge("retry", "collected", r.Invoice.Remaining),
		p.Retry.rested(r.Invoice.TriedAt, s.Now))
}

// collectable, undisputed and works are rules that no policy file can switch off.
func (i Invoice) collectable() Finding {
	f := Finding{Rule: "structure.invoice", Effect: Deny, Actual: i.Status, NextStep: toAPerson}
	switch {
	case i.Status == "paid":
		f.Message, f.NextStep = "the invoice is paid already", "tell the customer that nothing is open on it"
	case i.Status == "draft":
		f.Message, f.NextStep = "the invoice is a draft: it is not asked for yet", "tell the customer that it is not due yet"
	case i.Status == "void":
		f.Message, f.NextStep = "the invoice was voided", "tell the customer that it does not have to be paid"
	case i.Status != "open":
		f.Message = "the invoice is not collected any more"
	case i.Sent:
		f.Message, f.NextStep = "the customer pays this invoice on their own; no card is charged for it", "ask the customer to pay as the invoice says, or hand the conversation to a person"
	case i.Remaining.Minor <= 0:
		f.Message = "nothing is left to pay on the invoice"
	default:
		f.Effect, f.NextStep = Allow, ""
	}
	return f
}

func (i Invoice) undisputed() Finding {
	f := Finding{Rule: "structure.dispute", Effect: Allow}
	if i.Dispute != NoDispute {
		f.Effect, f.Message = Deny, "a payment of this invoice is disputed"
		f.NextStep = "hand the conversation to a person who handles disputes"
	}
	return f
}

func (c DefaultCard) works(now time.Time) Finding {
	f := Finding{Rule: "structure.card", Effect: Allow, Actual: c.Name}
	switch {
	case c.Name == "":
		f.Effect, f.Message = Deny, "the customer has no card that Stripe would charge"
	case !now.Before(c.Until):
		f.Effect, f.Message = Deny, "the card that Stripe would charge has expired"
	}
	if f.Effect == Deny {
		f.NextStep = "ask the customer to put in another card first"
	}
	return f
}

// rested bounds how often a card is charged for one invoice. It counts from what
// Stripe has tried, since an attempt that the bank declined uses up no budget.
func (r *RetryRules) rested(tried, now time.Time) Finding {
	f := Finding{Rule: "retry.cooldown", Effect: Allow, Limit: FormatSpan(r.Cooldown)}
	if next := tried.Add(r.Cooldown); !tried.IsZero() && now.Before(next) {
		age := max(0, now.Sub(tried))
		f.Effect, f.RetryAfter, f.Actual = Deny, next, FormatSpan(age.Truncate(ageUnit(age)))
		f.Message, f.NextStep = "the invoice was tried too short a time ago", "wait until retry_after, or hand the conversation to a person"
	}
	return f
}
