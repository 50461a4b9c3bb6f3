package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/ledger"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

// everyIndexing is how often the events of Stripe are taken into the billing index.
const everyIndexing = time.Minute

// indexing keeps the billing index fresh where tools need it. Of several servers
// one does.
func (h hands) indexing(ctx context.Context) {
	if !h.indexed {
		return
	}
	h.again(ctx, everyIndexing, func(ctx context.Context) error {
		if _, err := h.index().Sync(ctx, nil); !errors.Is(err, segments.ErrBusy) {
			return err
		}
		return nil
	}, "the billing index is not brought up to date, so segments may be refused")
}

// index is the billing index as the policy in force needs it: it keeps the metadata
// that ties contacts to customers.
func (h hands) index() *segments.Index {
	var keys []string
	for _, w := range h.guard.Policy().Ways() {
		if w.Kind == policies.TieExternalID {
			keys = append(keys, w.Attribute)
		}
	}
	return segments.NewIndex(h.ledger, h.stripe, keys, h.guard.Now)
}

func indexCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "index", Short: "Look after the billing index that segments are found in", Args: cobra.NoArgs, RunE: help,
		Long: "The billing index mirrors what Stripe knows of customers into the ledger's database. A server that publishes\n" +
			"the toolset segments keeps it fresh; these commands fill it once, and show how it is (docs/segments.md).",
	}
	c.AddCommand(indexSyncCommand(w), indexStatusCommand(w))
	return c
}

func indexSyncCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "sync", Short: "Read everything once, or what has happened since", Args: cobra.NoArgs,
		Long: "Read customers, subscriptions, payments and disputes once, and afterwards only what has happened since. What is\n" +
			"interrupted goes on where it was the next time.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			h, err := handsOf(cmd.Context(), w)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.ledger.Close()) }()
			b := newBar(w.err)
			r, err := h.index().Sync(cmd.Context(), func(p segments.Progress) { b.tell(fmt.Sprintf("reading %s: %d objects so far", p.List, p.Seen)) })
			b.end()
			if err != nil {
				return err
			}
			if r.Scanned {
				fmt.Fprintf(w.out, "Read %d objects. ", r.Seen)
			}
			_, err = fmt.Fprintf(w.out, "Took in %d events and read %d objects again.\n", r.Events, r.Read)
			return err
		},
	}
}

func indexStatusCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show how old the index is, and what it holds", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				st, err := segments.NewIndex(l, nil, nil, w.now).Status(ctx)
				if err != nil {
					return err
				}
				return printIndex(w, st)
			})
		},
	}
}

func printIndex(w world, st segments.Status) error {
	fmt.Fprintf(w.out, "customers      %d\nsubscriptions  %d\nfull scan      %s\nup to date     %s\n", st.Customers, st.Subscriptions, age(st.ScannedAt, w.now()), age(st.FedUntil, w.now()))
	if st.Scanning != "" {
		at := "stopped in"
		if st.Filling {
			at = "reading"
		}
		fmt.Fprintf(w.out, "scan           %s %s, %d objects so far\n", at, st.Scanning, st.Seen)
	}
	if st.Failure != "" {
		fmt.Fprintf(w.out, "failing        %s\n", oneLine(st.Failure))
	}
	return nil
}
