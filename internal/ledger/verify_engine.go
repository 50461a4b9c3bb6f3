package ledger

import "context"

// checkStorage lets the database compare its indexes with its tables: budgets are
// summed from an index alone, which a damaged file can make say something else
// than the rows that the other checks read.
func (v *verifier) checkStorage(ctx context.Context, q queryer, statements []string) error {
	for _, statement := range statements {
		err := eachRow(ctx, q, func(scan func(...any) error) error {
			var said string
			if err := scan(&said); err != nil {
				return err
			}
			if said != "ok" {
				v.add("the database says: %s", said)
			}
			return nil
		}, statement)
		if err != nil {
			return err
		}
	}
	return nil
}

// checkNewest wants the time behind which the ledger's clock never runs to be one
// that an event tells, and no earlier than the last event. It may be earlier than
// others: an operator lets the clock begin anew after it ran ahead.
func (v *verifier) checkNewest(ctx context.Context, q queryer) error {
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var newest int64
		if !v.readable("event_head", scan(&newest)) {
			return nil
		}
		if last := millis(v.last.At); newest < last || newest > 0 && !v.times[newest] {
			v.add("the last event is of %s, and the ledger's clock runs from %s", v.last.At, fromMillis(newest))
		}
		return nil
	}, `SELECT newest FROM event_head`)
}
