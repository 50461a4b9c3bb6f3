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

// newest is the time behind which the ledger's clock never runs, in milliseconds.
type newest struct {
	at    int64
	there bool // the ledger has one that can be read
	told  bool // an event tells it
}

func (v *verifier) readNewest(ctx context.Context, q queryer) error {
	return eachRow(ctx, q, func(scan func(...any) error) error {
		v.newest.there = v.readable("event_head", scan(&v.newest.at))
		return nil
	}, `SELECT newest FROM event_head`)
}

// checkNewest wants the newest time to be one that an event tells, and no earlier
// than the last event. It may be earlier than others: an operator lets the clock
// begin anew after it ran ahead.
func (v *verifier) checkNewest() {
	if !v.newest.there {
		return
	}
	if at := v.newest.at; at < millis(v.last.At) || at > 0 && !v.newest.told {
		v.add("the last event is of %s, and the ledger's clock runs from %s", v.last.At, fromMillis(at))
	}
}
