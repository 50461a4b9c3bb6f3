package segments

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// table is a table of the index: its name and its columns, the key first.
type table struct {
	name string
	cols []string
}

// upsert writes rows, each over the one with its key. The SQLite driver looks through
// the parameters of a statement for each of them, so statements stay short.
func (t table) upsert(ctx context.Context, tx *sql.Tx, rows [][]any) error {
	const most = 400 // parameters
	var set []string
	for _, c := range t.cols[1:] {
		set = append(set, c+" = excluded."+c)
	}
	for some := range slices.Chunk(rows, most/len(t.cols)) {
		var args []any
		for _, r := range some {
			args = append(args, r...)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO "+t.name+" ("+strings.Join(t.cols, ", ")+") VALUES "+tuples(len(some), len(t.cols))+
			" ON CONFLICT ("+t.cols[0]+") DO UPDATE SET "+strings.Join(set, ", "), args...)
		if err != nil {
			return fmt.Errorf("store in %s: %w", t.name, err)
		}
	}
	return nil
}

// tuples are the placeholders of so many rows.
func tuples(rows, cols int) string {
	var b strings.Builder
	for i := range rows * cols {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%cols == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// store keeps what a batch holds.
func (b Batch) store(ctx context.Context, tx *sql.Tx, keys []string, round int64) error {
	if err := storeCustomers(ctx, tx, b.Customers, keys, round); err != nil {
		return err
	}
	if err := subscriptionTable().upsert(ctx, tx, unique(b.Subscriptions, func(s Subscription) []any { return s.row(round) })); err != nil {
		return err
	}
	if err := storeCharges(ctx, tx, b.Charges, round); err != nil {
		return err
	}
	disputes := table{"billing_dispute", []string{"id", "customer", "open", "round"}}
	if err := disputes.upsert(ctx, tx, unique(b.Disputes, func(d Dispute) []any { return []any{d.ID, d.Customer, flag(d.Open), round} })); err != nil {
		return err
	}
	return forget(ctx, tx, b.Gone)
}

// unique are the rows of objects, the last one of each id: one statement must not
// write a row twice.
func unique[T any](objects []T, row func(T) []any) [][]any {
	at := map[any]int{}
	var out [][]any
	for _, o := range objects {
		r := row(o)
		if i, twice := at[r[0]]; twice {
			out[i] = r
			continue
		}
		at[r[0]] = len(out)
		out = append(out, r)
	}
	return out
}

func storeCustomers(ctx context.Context, tx *sql.Tx, customers []Customer, keys []string, round int64) error {
	if len(customers) == 0 {
		return nil
	}
	t := table{"billing_customer", []string{"id", "email", "card_brand", "card_last4", "card_until", "delinquent", "balance", "currency", "created_at", "round"}}
	err := t.upsert(ctx, tx, unique(customers, func(c Customer) []any {
		return []any{
			c.ID, folded(c.Email), c.Card.Brand, c.Card.Last4, millis(c.Card.until()), flag(c.Delinquent),
			c.Balance.Minor, string(c.Balance.Currency), millis(c.Created), round,
		}
	}))
	if err != nil {
		return err
	}
	var ids []string
	var kept [][]any
	for _, c := range customers {
		ids = append(ids, c.ID)
		for _, k := range keys {
			if v := c.Metadata[k]; v != "" {
				kept = append(kept, []any{c.ID, k, v})
			}
		}
	}
	if err := deleteIn(ctx, tx, "billing_metadata", "customer", ids); err != nil {
		return err
	}
	for _, r := range kept {
		_, err := tx.ExecContext(ctx, `INSERT INTO billing_metadata (customer, name, value) VALUES ($1, $2, $3)
			ON CONFLICT (customer, name) DO UPDATE SET value = excluded.value`, r...)
		if err != nil {
			return fmt.Errorf("store metadata: %w", err)
		}
	}
	return nil
}

func subscriptionTable() table {
	return table{"billing_subscription", []string{
		"id", "customer", "status", "plan", "names", "period", "cancel_at_period_end", "canceled_at", "ended_at", "trial_end",
		"period_end", "created_at", "card_brand", "card_last4", "card_until", "round",
	}}
}

func (s Subscription) row(round int64) []any {
	return []any{
		s.ID, s.Customer, s.Status, s.Plan, nameList(s.Names), s.Interval, flag(s.CancelAtPeriodEnd), millis(s.CanceledAt), millis(s.EndedAt), millis(s.TrialEnd),
		millis(s.PeriodEnd), millis(s.Created), s.Card.Brand, s.Card.Last4, millis(s.Card.until()), round,
	}
}

// nameList holds each name between line feeds, so that a whole one can be found.
func nameList(names []string) string {
	var b strings.Builder
	b.WriteString("\n")
	for _, n := range names {
		if n = oneName(n); n != "" {
			b.WriteString(n + "\n")
		}
	}
	return b.String()
}

func oneName(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// storeCharges keeps the sums of customers in step.
func storeCharges(ctx context.Context, tx *sql.Tx, charges []Charge, round int64) error {
	if len(charges) == 0 {
		return nil
	}
	t := table{"billing_charge", []string{"id", "customer", "currency", "net", "failed_at", "round"}}
	err := t.upsert(ctx, tx, unique(charges, func(c Charge) []any {
		return []any{c.ID, c.Customer, string(c.Net.Currency), c.Net.Minor, millis(c.FailedAt), round}
	}))
	if err != nil {
		return err
	}
	var ids []string
	for _, c := range charges {
		ids = append(ids, c.Customer)
	}
	slices.Sort(ids)
	return sum(ctx, tx, slices.Compact(ids))
}

func sum(ctx context.Context, tx *sql.Tx, customers []string) error {
	if err := deleteIn(ctx, tx, "billing_spend", "customer", customers); err != nil {
		return err
	}
	in, args := list(1, customers)
	_, err := tx.ExecContext(ctx, `INSERT INTO billing_spend (customer, currency, minor)
		SELECT customer, currency, CAST(SUM(net) AS BIGINT) FROM billing_charge WHERE customer IN (`+in+`) AND net > 0 GROUP BY customer, currency`, args...)
	if err != nil {
		return fmt.Errorf("sum up payments: %w", err)
	}
	return nil
}

// forget leaves nothing of customers.
func forget(ctx context.Context, tx *sql.Tx, customers []string) error {
	if len(customers) == 0 {
		return nil
	}
	if err := deleteIn(ctx, tx, "billing_customer", "id", customers); err != nil {
		return err
	}
	for _, t := range []string{"billing_metadata", "billing_subscription", "billing_charge", "billing_spend", "billing_dispute"} {
		if err := deleteIn(ctx, tx, t, "customer", customers); err != nil {
			return err
		}
	}
	return nil
}

func deleteIn(ctx context.Context, tx *sql.Tx, from, column string, values []string) error {
	for some := range slices.Chunk(values, 500) {
		in, args := list(1, some)
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+from+" WHERE "+column+" IN ("+in+")", args...); err != nil {
			return fmt.Errorf("delete from %s: %w", from, err)
		}
	}
	return nil
}

// list is a list of placeholders from a number on, with its arguments.
func list(from int, values []string) (in string, args []any) {
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = fmt.Sprintf("$%d", from+i)
		args = append(args, v)
	}
	return strings.Join(marks, ", "), args
}
