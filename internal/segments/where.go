package segments

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// where is a condition on rows of billing_customer under construction. Every
// column is NOT NULL, so that not is the plain opposite.
type where struct {
	now  time.Time
	args []any
}

// arg takes a value and gives its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *where) in(values []string) string {
	in, args := list(len(w.args)+1, values)
	w.args = append(w.args, args...)
	return "IN (" + in + ")"
}

// within is true of times from now on until so many days from now.
func (w *where) within(column string, days int) string {
	return column + " > " + w.arg(w.now.UnixMilli()) + " AND " + column + " <= " + w.arg(w.now.AddDate(0, 0, days).UnixMilli())
}

// since is true of times in the last so many days.
func (w *where) since(column string, days int) string {
	return column + " > " + w.arg(w.now.AddDate(0, 0, -days).UnixMilli()) + " AND " + column + " <= " + w.arg(w.now.UnixMilli())
}

func (w *where) filter(f Filter) string {
	switch {
	case len(f.All) > 0:
		return w.joined(f.All, " AND ")
	case len(f.Any) > 0:
		return w.joined(f.Any, " OR ")
	case f.Not != nil:
		return "NOT " + w.filter(*f.Not)
	case f.CardExpiresWithinDays != nil:
		return w.cardExpires(*f.CardExpiresWithinDays)
	case f.Subscription != nil:
		return w.subscribed(*f.Subscription)
	case f.PaymentFailedWithinDays != nil:
		return "(id IN (SELECT customer FROM billing_charge WHERE " + w.since("failed_at", *f.PaymentFailedWithinDays) + "))"
	case f.LifetimeSpend != nil:
		return w.spent(*f.LifetimeSpend)
	case f.Balance != nil:
		return w.balance(*f.Balance)
	}
	return w.yesNo(f)
}

func (w *where) joined(all []Filter, with string) string {
	parts := make([]string, len(all))
	for i, f := range all {
		parts[i] = w.filter(f)
	}
	return "(" + strings.Join(parts, with) + ")"
}

func (w *where) yesNo(f Filter) string {
	for _, one := range []struct {
		wanted *bool
		sql    string
	}{
		{f.PastDue, "(id IN (SELECT customer FROM billing_subscription WHERE status IN ('past_due', 'unpaid')))"},
		{f.Delinquent, "(delinquent = 1)"},
		{f.OpenDispute, "(id IN (SELECT customer FROM billing_dispute WHERE open = 1))"},
	} {
		switch {
		case one.wanted == nil:
		case *one.wanted:
			return one.sql
		default:
			return "(NOT " + one.sql + ")"
		}
	}
	return "(1 = 0)" // an empty filter, which no check lets through, finds nobody
}

// cardExpires looks at the customer's default card and at those of subscriptions
// that run. What counts is the last day on which a card is valid: on the first of
// December one of this month expires within 30 days.
func (w *where) cardExpires(days int) string {
	days++
	return "(" + w.within("card_until", days) + " OR id IN (SELECT customer FROM billing_subscription WHERE status " + w.in(running()) +
		" AND " + w.within("card_until", days) + "))"
}

func (w *where) subscribed(s Subscribed) string {
	var all []string
	switch {
	case len(s.Status) > 0:
		all = append(all, "status "+w.in(s.Status))
	case s.CanceledWithinDays == nil:
		all = append(all, "status "+w.in(running()))
	}
	if len(s.Plan) > 0 {
		var any []string
		for _, p := range s.Plan {
			any = append(any, "names LIKE "+w.arg("%\n"+literally(oneName(p))+"\n%")+" ESCAPE '!'")
		}
		all = append(all, "("+strings.Join(any, " OR ")+")")
	}
	if len(s.Interval) > 0 {
		all = append(all, "period "+w.in(s.Interval))
	}
	if s.CancellationScheduled != nil {
		all = append(all, fmt.Sprintf("cancel_at_period_end = %d", flag(*s.CancellationScheduled)))
	}
	if s.CanceledWithinDays != nil {
		all = append(all, w.since("canceled_at", *s.CanceledWithinDays))
	}
	if s.TrialEndsWithinDays != nil {
		all = append(all, w.within("trial_end", *s.TrialEndsWithinDays))
	}
	return "(id IN (SELECT customer FROM billing_subscription WHERE " + strings.Join(all, " AND ") + "))"
}

// literally takes away what LIKE makes of a text.
func literally(text string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(text)
}

// spent finds also who has paid nothing, where that is little enough.
func (w *where) spent(a AmountWithin) string {
	var all []string
	if a.AtLeast.Minor > 0 {
		all = append(all, "id IN (SELECT customer FROM billing_spend WHERE currency = "+w.arg(a.currency())+" AND minor >= "+w.arg(a.AtLeast.Minor)+")")
	}
	if !a.AtMost.IsZero() {
		all = append(all, "id NOT IN (SELECT customer FROM billing_spend WHERE currency = "+w.arg(a.currency())+" AND minor > "+w.arg(a.AtMost.Minor)+")")
	}
	return "(" + strings.Join(slices.Concat([]string{"1 = 1"}, all), " AND ") + ")"
}

func (w *where) balance(a AmountWithin) string {
	sql := "(currency = " + w.arg(a.currency())
	if !a.AtLeast.IsZero() {
		sql += " AND balance >= " + w.arg(a.AtLeast.Minor)
	}
	if !a.AtMost.IsZero() {
		sql += " AND balance <= " + w.arg(a.AtMost.Minor)
	}
	return sql + ")"
}
