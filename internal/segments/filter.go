package segments

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Filter says which customers are meant. Exactly one of its fields is set: All, Any
// or Not, which join others, or one condition.
type Filter struct {
	All []Filter `json:"all,omitempty"`
	Any []Filter `json:"any,omitempty"`
	Not *Filter  `json:"not,omitempty"`

	CardExpiresWithinDays   *int          `json:"card_expires_within_days,omitempty"`
	Subscription            *Subscribed   `json:"subscription,omitempty"`
	PaymentFailedWithinDays *int          `json:"payment_failed_within_days,omitempty"`
	PastDue                 *bool         `json:"past_due,omitempty"`
	Delinquent              *bool         `json:"delinquent,omitempty"`
	OpenDispute             *bool         `json:"open_dispute,omitempty"`
	LifetimeSpend           *AmountWithin `json:"lifetime_spend,omitempty"`
	Balance                 *AmountWithin `json:"balance,omitempty"`
}

// Subscribed is a subscription of the customer for which all that is given holds.
// Without Status and CanceledWithinDays, it runs.
type Subscribed struct {
	Status                Words `json:"status,omitempty"`
	Plan                  Words `json:"plan,omitempty"` // id or name of a price or a product, whatever its case
	Interval              Words `json:"interval,omitempty"`
	CancellationScheduled *bool `json:"cancellation_scheduled,omitempty"`
	CanceledWithinDays    *int  `json:"canceled_within_days,omitempty"`
	TrialEndsWithinDays   *int  `json:"trial_ends_within_days,omitempty"`
}

// AmountWithin bounds an amount; its ends are included, and are of one currency.
type AmountWithin struct {
	AtLeast money.Money `json:"at_least,omitzero"`
	AtMost  money.Money `json:"at_most,omitzero"`
}

// Words are one word or a list of words, of which one must be it.
type Words []string

// UnmarshalJSON reads a word or a list.
func (w *Words) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*w = Words{one}
		return nil
	}
	var all []string
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("want a word or a list of words, got %s", b)
	}
	*w = all
	return nil
}

const (
	deepest  = 5   // filters inside each other
	mostIn   = 50  // filters in one definition
	longest  = 730 // days
	mostText = 200 // bytes of a word
)

// ParseFilter reads a filter, strictly: a misspelt condition must not stand for
// none.
func ParseFilter(b []byte) (Filter, error) {
	var f Filter
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, wrongFilter(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return f, wrongFilter("there is more behind the filter")
	}
	n := 0
	return f, f.check("filter", 1, &n)
}

func wrongFilter(format string, args ...any) error {
	return fault.Invalidf("docs/segments.md lists the conditions", "the filter cannot be read: "+format, args...)
}

// check holds a filter to its bounds. n counts filters.
func (f Filter) check(path string, depth int, n *int) error {
	if *n++; depth > deepest || *n > mostIn {
		return wrongFilter("%s: at most %d filters, %d inside each other", path, mostIn, deepest)
	}
	names := f.names()
	if len(names) != 1 {
		return wrongFilter("%s: want exactly one condition, got %d (%s); join several with all or any", path, len(names), strings.Join(names, ", "))
	}
	path += "." + names[0]
	for i, inner := range slices.Concat(f.All, f.Any) {
		if err := inner.check(fmt.Sprintf("%s[%d]", path, i), depth+1, n); err != nil {
			return err
		}
	}
	switch {
	case f.Not != nil:
		return f.Not.check(path, depth+1, n)
	case f.Subscription != nil:
		return f.Subscription.check(path)
	case f.LifetimeSpend != nil:
		return f.LifetimeSpend.check(path)
	case f.Balance != nil:
		return f.Balance.check(path)
	}
	return days(path, f.CardExpiresWithinDays, f.PaymentFailedWithinDays)
}

// names are the fields that are set.
func (f Filter) names() []string {
	var out []string
	for _, one := range []struct {
		name string
		set  bool
	}{
		{"all", len(f.All) > 0},
		{"any", len(f.Any) > 0},
		{"not", f.Not != nil},
		{"card_expires_within_days", f.CardExpiresWithinDays != nil},
		{"subscription", f.Subscription != nil},
		{"payment_failed_within_days", f.PaymentFailedWithinDays != nil},
		{"past_due", f.PastDue != nil},
		{"delinquent", f.Delinquent != nil},
		{"open_dispute", f.OpenDispute != nil},
		{"lifetime_spend", f.LifetimeSpend != nil},
		{"balance", f.Balance != nil},
	} {
		if one.set {
			out = append(out, one.name)
		}
	}
	return out
}

func days(path string, all ...*int) error {
	for _, n := range all {
		if n != nil && (*n < 1 || *n > longest) {
			return wrongFilter("%s: want 1 to %d days, got %d", path, longest, *n)
		}
	}
	return nil
}

func (s Subscribed) check(path string) error {
	if len(s.Status)+len(s.Plan)+len(s.Interval) == 0 && s.CancellationScheduled == nil && s.CanceledWithinDays == nil && s.TrialEndsWithinDays == nil {
		return wrongFilter("%s: say what must hold for the subscription", path)
	}
	if err := s.Status.among(path+".status", statuses()); err != nil {
		return err
	}
	if err := s.Interval.among(path+".interval", []string{"day", "week", "month", "year"}); err != nil {
		return err
	}
	if slices.ContainsFunc(s.Plan, func(p string) bool { return oneName(p) == "" || len(p) > mostText }) || len(s.Plan) > mostIn {
		return wrongFilter("%s.plan: want ids or names of prices or products", path)
	}
	return days(path, s.CanceledWithinDays, s.TrialEndsWithinDays)
}

// statuses are Stripe's (https://docs.stripe.com/api/subscriptions/object#subscription_object-status).
func statuses() []string {
	return append(running(), "canceled", "incomplete", "incomplete_expired")
}

func running() []string { return []string{"active", "trialing", "past_due", "unpaid", "paused"} }

func (w Words) among(path string, known []string) error {
	for _, one := range w {
		if !slices.Contains(known, one) {
			return wrongFilter("%s: got %q, want one of %s", path, one, strings.Join(known, ", "))
		}
	}
	return nil
}

func (a AmountWithin) check(path string) error {
	switch {
	case a.AtLeast.IsZero() && a.AtMost.IsZero():
		return wrongFilter("%s: give at_least, at_most or both", path)
	case a.AtLeast.IsZero() || a.AtMost.IsZero():
	case a.AtLeast.Currency != a.AtMost.Currency:
		return wrongFilter("%s: at_least and at_most are of different currencies", path)
	case a.AtLeast.Minor > a.AtMost.Minor:
		return wrongFilter("%s: at_least is above at_most", path)
	}
	return nil
}

// currency is that of the ends that are given.
func (a AmountWithin) currency() string {
	if !a.AtLeast.IsZero() {
		return string(a.AtLeast.Currency)
	}
	return string(a.AtMost.Currency)
}
