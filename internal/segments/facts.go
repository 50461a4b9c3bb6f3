package segments

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"supportmcp/internal/money"
)

// Facts are what is told of a customer as attributes of a contact.
type Facts struct {
	Payer

	Plan, Status, Interval string // of the newest subscription that runs, or else of the newest
	PeriodEnd              time.Time
	Balance                money.Money
	Delinquent             bool
	CardBrand              string
	CardUntil              time.Time // the first moment at which the card is no longer valid
	FailedAt               time.Time // the newest payment that failed
}

// FactNames are the attributes that facts are written to.
func FactNames() []string {
	return []string{
		"billing_balance", "billing_card_brand", "billing_card_expires", "billing_delinquent", "billing_interval",
		"billing_payment_failed", "billing_period_end", "billing_plan", "billing_status",
	}
}

// Attributes are the facts as texts, which sort as they should; "" is nothing.
func (f Facts) Attributes() map[string]string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.DateOnly)
	}
	expires := ""
	if !f.CardUntil.IsZero() {
		expires = f.CardUntil.AddDate(0, -1, 0).Format("2006-01")
	}
	balance := ""
	if !f.Balance.IsZero() {
		balance = f.Balance.String()
	}
	return map[string]string{
		"billing_balance": balance, "billing_card_brand": f.CardBrand, "billing_card_expires": expires, "billing_delinquent": strconv.FormatBool(f.Delinquent),
		"billing_interval": f.Interval, "billing_payment_failed": day(f.FailedAt), "billing_period_end": day(f.PeriodEnd), "billing_plan": f.Plan, "billing_status": f.Status,
	}
}

// Facts are those of all customers, by id.
func (s *Store) Facts(ctx context.Context) ([]Facts, error) {
	all, at, err := s.payers(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.addSubscriptions(ctx, all, at); err != nil {
		return nil, err
	}
	return all, s.addFailures(ctx, all, at)
}

// payers are the customers with what they hold themselves, and where each stands.
func (s *Store) payers(ctx context.Context) (all []Facts, at map[string]int, err error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, email, balance, currency, delinquent, card_brand, card_until FROM billing_customer ORDER BY id`)
	if err != nil {
		return nil, nil, fmt.Errorf("read the facts of customers: %w", err)
	}
	defer rows.Close()
	at = map[string]int{}
	for rows.Next() {
		var f Facts
		var currency string
		var until int64
		var delinquent int
		if err := rows.Scan(&f.ID, &f.Email, &f.Balance.Minor, &currency, &delinquent, &f.CardBrand, &until); err != nil {
			return nil, nil, err
		}
		f.Balance.Currency, f.Delinquent, f.CardUntil = money.Currency(currency), delinquent == 1, moment(until)
		at[f.ID] = len(all)
		all = append(all, f)
	}
	return all, at, rows.Err()
}

// addSubscriptions goes from the least to the most telling one, so that the last of
// a customer stays. Its own card is the one that is charged.
func (s *Store) addSubscriptions(ctx context.Context, all []Facts, at map[string]int) error {
	w := where{}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT customer, plan, status, period, period_end, card_brand, card_until FROM billing_subscription
		ORDER BY CASE WHEN status `+w.in(running())+` THEN 1 ELSE 0 END, created_at, id`, w.args...)
	if err != nil {
		return fmt.Errorf("read the facts of subscriptions: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var customer, plan, status, period, brand string
		var end, until int64
		if err := rows.Scan(&customer, &plan, &status, &period, &end, &brand, &until); err != nil {
			return err
		}
		i, known := at[customer]
		if !known {
			continue
		}
		f := &all[i]
		f.Plan, f.Status, f.Interval, f.PeriodEnd = oneLine(plan), status, period, moment(end)
		if until > 0 {
			f.CardBrand, f.CardUntil = brand, moment(until)
		}
	}
	return rows.Err()
}

func (s *Store) addFailures(ctx context.Context, all []Facts, at map[string]int) error {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT customer, MAX(failed_at) FROM billing_charge WHERE failed_at > 0 GROUP BY customer`)
	if err != nil {
		return fmt.Errorf("read when payments failed: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var customer string
		var failed int64
		if err := rows.Scan(&customer, &failed); err != nil {
			return err
		}
		if i, known := at[customer]; known {
			all[i].FailedAt = moment(failed)
		}
	}
	return rows.Err()
}
