package policies

import (
	"strings"
	"time"

	"supportmcp/internal/money"
)

// Customer is a Stripe customer as far as judging needs it.
type Customer struct {
	ID       string         `json:"id"`
	Since    time.Time      `json:"since,omitzero"`     // when the customer was created
	Currency money.Currency `json:"currency,omitempty"` // of the balance; "" until there was one
}

// Credit gives a customer money off invoices to come (goodwill), as a customer
// balance transaction (https://docs.stripe.com/billing/customer/balance).
type Credit struct {
	Asker    Asker       `json:"asker"`
	Customer Customer    `json:"customer"`
	Amount   money.Money `json:"amount"`
	Traits   Traits      `json:"traits"`
}

// CreditRules is the credit section of a policy.
type CreditRules struct {
	Section
	Currencies CurrencyLimits
	AccountAge time.Duration
}

// Kind is KindCredit.
func (Credit) Kind() Kind { return KindCredit }

// Subject identifies a credit by its customer and amount, so that asked twice in a
// conversation it is given once.
func (c Credit) Subject() Subject {
	s := c.Asker.subject(c.Customer.ID)
	s.Exclusive, s.Same, s.Cost = "balance:"+c.Customer.ID, c.Customer.ID+" "+c.Amount.String(), c.Amount
	return s
}

func (c Credit) binds() any {
	c.Traits = Traits{}
	return c
}

func (c Credit) traits() Traits { return c.Traits }
func (Credit) asks() []Query    { return nil }

func (c Credit) judge(p *Policy, s Snapshot) []Finding {
	findings := append(c.Asker.judge(p, c.Customer.ID, c.Amount), c.sound())
	if p.Credit == nil {
		return append(findings, missing("credit"))
	}
	findings = append(findings, p.Credit.Currencies.judge("credit", "credited", c.Amount))
	return append(findings, accountAge("credit", p.Credit.AccountAge, c.Customer.Since, s.Now)...)
}

func (c Credit) sound() Finding {
	f := Finding{Rule: "structure.amount", Effect: Allow, Actual: c.Amount.String()}
	switch cur := c.Customer.Currency; {
	case c.Amount.Minor <= 0:
		f.Effect, f.Message, f.NextStep = Deny, "a credit must be more than zero", "give a positive amount"
	case cur != "" && c.Amount.Currency != cur:
		f.Effect, f.Message = Deny, "the customer is billed in "+strings.ToUpper(string(cur))
		f.NextStep = "give the amount in the customer's currency"
	}
	return f
}
