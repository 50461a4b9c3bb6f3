package main

import (
	"context"
	"time"

	"supportmcp/tools"
)

// How often the ledger is compared with Stripe, and how soon again when Stripe
// did not answer. What is compared overlaps, since clocks differ and lists lag.
const (
	everyComparison = time.Hour
	soonAgain       = time.Minute
	overlap         = time.Hour
)

// adopting compares the ledger with Stripe at the start and then every hour, so
// that a backup which was restored at any time knows since when to look.
func (h hands) adopting(ctx context.Context) {
	h.again(ctx, everyComparison, h.adopt, "the ledger could not be compared with Stripe; a refund that a restored backup has lost is not counted yet")
}

// again looks at once and then at a pace until ctx is done, sooner after a look that
// failed, of which the log then tells what it means.
func (h hands) again(ctx context.Context, pace time.Duration, look func(context.Context) error, failed string) {
	for {
		pause := pace
		if err := look(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			h.log.Warn("a look at the vendors failed", "means", failed, "err", err)
			pause = soonAgain
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
	}
}

// adopt compares once, and tells an operator what was found.
func (h hands) adopt(ctx context.Context) error {
	until := h.guard.Now()
	since, err := h.ledger.Compared(ctx)
	if err != nil {
		return err
	}
	if until.Before(since) { // a clock that was set back
		since = until
	}
	a, err := tools.AdoptRefunds(ctx, tools.Deps{Guard: h.guard, Stripe: h.stripe}, since.Add(-overlap))
	for _, e := range a.Adopted {
		h.log.Warn("Stripe made a refund for this ledger that it had lost; it is adopted and counts now", "action", e.ID, "charge", e.Subject.Charge, "amount", e.Subject.Cost.String())
	}
	for _, strange := range a.Strange {
		h.log.Warn("a refund carries the mark of this ledger and cannot be adopted; compare it by hand", "err", strange)
	}
	if err != nil {
		return err
	}
	return h.ledger.KeepCompared(ctx, until)
}
