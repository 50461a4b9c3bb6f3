package policies

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/money"
)

// Reason is why a refund is asked for, in Stripe's words. It never loosens anything.
type Reason string

// The reasons (https://docs.stripe.com/api/refunds/create#create_refund-reason).
const (
	Duplicate           Reason = "duplicate"
	RequestedByCustomer Reason = "requested_by_customer"
	Fraudulent          Reason = "fraudulent"
)

// DisputeState is what a dispute means for a refund
// (https://docs.stripe.com/api/disputes/object#dispute_object-is_charge_refundable).
type DisputeState string

// The dispute states.
const (
	NoDispute         DisputeState = ""
	DisputeRefundable DisputeState = "refundable" // an inquiry: a refund can still end it
	DisputeBlocks     DisputeState = "blocks"     // a chargeback: the money has been taken back already
)

// Charge is a Stripe charge as far as judging needs it.
type Charge struct {
	ID            string       `json:"id"`
	PaymentIntent string       `json:"payment_intent,omitempty"`
	Customer      string       `json:"customer,omitempty"`
	Amount        money.Money  `json:"amount"`
	Remaining     money.Money  `json:"remaining"` // not yet refunded; refunds under way count as refunded
	Succeeded     bool         `json:"succeeded"` // and paid
	Captured      bool         `json:"captured"`
	Dispute       DisputeState `json:"dispute,omitempty"`
	Connected     bool         `json:"connected,omitempty"`   // money of a connected account is involved
	Transferred   bool         `json:"transferred,omitempty"` // Stripe sent such an account its share along with the payment
	Fee           bool         `json:"fee,omitempty"`         // and kept an application fee for the platform
	Risk          string       `json:"risk,omitempty"`        // Stripe's level: normal, elevated, highest; "" is not known
	Card          string       `json:"card,omitempty"`        // the fingerprint, which is the same for all customers with this card
	CreatedAt     time.Time    `json:"created_at"`
}

// RefundFrom is whose balance a refund of a charge with a connected account comes
// from (https://docs.stripe.com/connect/charges#refund-creation).
type RefundFrom string

// The balances.
const (
	FromPlatform RefundFrom = "platform"          // the account keeps its share, as Stripe does unless told otherwise
	FromAccount  RefundFrom = "connected_account" // its share is taken back, and gets the application fee back in proportion
)

// Twin is another succeeded, unrefunded charge of the same customer and amount.
// Whether a charge is a duplicate is computed from twins, never taken from an agent.
type Twin struct {
	Charge    string    `json:"charge"`
	CreatedAt time.Time `json:"created_at"`
}

// Refund gives back a charge in full or in part.
type Refund struct {
	Asker  Asker       `json:"asker"`
	Charge Charge      `json:"charge"`
	Amount money.Money `json:"amount"` // resolved: what Stripe will be asked for
	Rest   bool        `json:"rest"`   // asked as "what remains" instead of an amount
	Reason Reason      `json:"reason"`
	From   RefundFrom  `json:"from,omitempty"` // where the money of a Connected charge comes from, as the policy says
	Twins  []Twin      `json:"twins"`
	Since  time.Time   `json:"since,omitzero"` // when the charge's customer was created
	Traits Traits      `json:"traits"`
}

// RefundRules is the refund section of a policy.
type RefundRules struct {
	Section
	Currencies      CurrencyLimits
	MaxPercent      int64         // of the charge, all its refunds together; 0 is no limit
	Window          time.Duration // since the charge
	DuplicateWithin time.Duration // how close two charges must be for one to be a duplicate
	AccountAge      time.Duration // of the customer, at least
	Risk            map[string]Effect
	Inquiry         Effect            // a refund while the customer's bank asks about the charge
	Connect         RefundFrom        // where refunds of Connected charges come from; "" denies them
	Reasons         map[Reason]Effect // a stated reason only restricts
}

// Kind is KindRefund.
func (Refund) Kind() Kind { return KindRefund }

// Subject identifies a refund by its charge and by the amount as it was asked
// for, so that "refund the rest" asked twice is one refund.
func (r Refund) Subject() Subject {
	asked := "rest"
	if !r.Rest {
		asked = r.Amount.String()
	}
	s := r.Asker.subject(r.Charge.Customer, r.Charge.Card)
	s.Charge, s.Exclusive, s.Same, s.Cost = r.Charge.ID, "charge:"+r.Charge.ID, r.Charge.ID+" "+asked, r.Amount
	return s
}

// binds leaves out what is read only while a policy looks at it.
func (r Refund) binds() any {
	r.Traits, r.Since = Traits{}, time.Time{}
	return r
}

func (r Refund) traits() Traits {
	t := r.Traits
	t.PaidAt = r.Charge.CreatedAt
	return t
}

// asks for the refunds of the charge so far, whichever conversation they came from.
func (r Refund) asks() []Query {
	scope := scopeOf(PerCharge, r.Subject(), "")
	return []Query{{Scope: scope, Kinds: []Kind{KindRefund}, Currency: r.Amount.Currency, Window: forever}}
}

func (r Refund) judge(p *Policy, s Snapshot) []Finding {
	if r.Asker.Conversation == "" && !p.TakesCallers() {
		return []Finding{p.Approvals.outside()} // nothing was read: the answer would tell whether the charge exists
	}
	findings := append(r.Asker.judge(p, r.Charge.Customer, r.Amount), r.sound(), r.refundable(), r.remains(), r.undisputed(), r.unequalled(s))
	if p.Refund == nil {
		return append(findings, missing("refund"))
	}
	findings = append(findings,
		p.Refund.Currencies.judge("refund", "refunded", r.Amount),
		p.Refund.window(r.Charge.CreatedAt, s.Now),
		p.Refund.inquiry(r.Charge.Dispute),
		p.reason(&r))
	findings = append(findings, p.Refund.connect(&r)...)
	findings = append(findings, p.Refund.share(&r)...)
	findings = append(findings, p.Refund.risk(r.Charge.Risk)...)
	return append(findings, accountAge("refund", p.Refund.AccountAge, r.Since, s.Now)...)
}

// mostFindings is about how many a refund comes to, so that they are allocated once.
func (p *Policy) mostFindings() int {
	n := 16 + len(p.Budgets)
	if p.Refund != nil {
		n += len(p.Refund.When) + len(p.Refund.Budgets)
	}
	return n
}

// sound, refundable, remains and undisputed are rules that no policy file can
// switch off.
func (r *Refund) sound() Finding {
	f := Finding{Rule: "structure.amount", Effect: Allow, Actual: r.Amount.String()}
	switch c := r.Charge.Amount.Currency; {
	case r.Amount.Currency != c:
		f.Effect, f.Message = Deny, "the charge is in "+strings.ToUpper(string(c))
		f.NextStep = "give the amount in the currency of the charge"
	case r.Amount.Minor <= 0 && r.Rest:
		f.Effect, f.Message = Deny, "nothing is left to refund on this charge"
		f.NextStep = "read the refunds of this charge in get_billing_overview and tell the customer"
	case r.Amount.Minor <= 0:
		f.Effect, f.Message = Deny, "a refund must be more than zero"
		f.NextStep = "give a positive amount, or leave amount out to refund what remains"
	}
	return f
}

func (r *Refund) refundable() Finding {
	f := Finding{Rule: "structure.charge", Effect: Allow}
	switch {
	case !r.Charge.Succeeded:
		f.Effect, f.Message = Deny, "the payment did not succeed, so no money was taken"
		f.NextStep = "tell the customer that this payment failed"
	case !r.Charge.Captured:
		f.Effect, f.Message = Deny, "the payment is authorised but not captured, so no money was taken"
		f.NextStep = "hand the conversation to a person, who can release the authorisation"
	}
	return f
}

func (r *Refund) remains() Finding {
	left := r.Charge.Remaining
	f := Finding{Rule: "structure.remaining", Effect: Allow, Limit: left.String(), Actual: r.Amount.String(), MaxAllowedNow: left}
	if r.Amount.Currency != left.Currency || r.Amount.Minor > left.Minor {
		f.Effect, f.Message = Deny, fmt.Sprintf("only %s of %s are left on this charge", left, r.Charge.Amount)
		f.NextStep = "ask for no more than what is left, or leave amount out"
	}
	return f
}

func (r *Refund) undisputed() Finding {
	f := Finding{Rule: "structure.dispute", Effect: Allow}
	switch r.Charge.Dispute {
	case NoDispute, DisputeRefundable:
		return f
	case DisputeBlocks:
		f.Message = "the customer's bank has taken the money back in a dispute"
	default:
		f.Message = "the charge is disputed, and it is not known whether it can be refunded"
	}
	f.Effect, f.NextStep = Deny, "hand the conversation to a person who handles disputes"
	return f
}

// unequalled leaves to a person what may be one wish told twice: the same part of
// the same charge, asked for in two conversations. Asked twice in one, it is
// answered with the first receipt and never comes here. Where the policy lets
// agents repeat on purpose, it has answered the question.
func (r *Refund) unequalled(s Snapshot) Finding {
	f := Finding{Rule: "refund.equal", Effect: Allow}
	for _, u := range s.Usage {
		equal := func(done Settled) bool { return done.Minor == r.Amount.Minor }
		// More refunds than are listed: the equal one may be among the others.
		if !r.Rest && !s.MayRepeat && (slices.ContainsFunc(u.Settled, equal) || u.Count > int64(len(u.Settled))) {
			f.Effect, f.Message = NeedsApproval, "an equal part of this charge was refunded before"
		}
	}
	return f
}
