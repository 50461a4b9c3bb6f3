package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func privacyCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "privacy", Short: "What the ledger holds of people", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(eraseCommand(w))
	return c
}

func eraseCommand(w world) *cobra.Command {
	var d ledger.Data
	var by string
	var dryRun bool
	c := &cobra.Command{
		Use: "erase --customer ID", Short: "Erase the texts of a customer for good", Args: cobra.NoArgs,
		Long: "Erase messages, reasons, notes and facts of everything asked for about a Stripe customer's money, and of the\n" +
			"conversations it was asked for in. Conversations in which no money was asked for are named one by one.\n" +
			"Ids, amounts, rules and receipts of money stay, so budgets, repeats and proofs hold as before. What is not\n" +
			"settled, and a message that still answers an equal one, stays until later; the exit status is then 1.\n" +
			"Stripe, Intercom and backups of the ledger hold their own copies.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if by == "" {
				by = userName()
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				e, failed := l.Erase(ctx, d, by, dryRun)
				if failed != nil && e.Erased == 0 {
					return failed
				}
				if err := printErasure(w, d, e, dryRun); failed == nil {
					return err
				}
				return failed
			})
		},
	}
	c.Flags().StringVar(&d.Customer, "customer", "", "the Stripe customer, cus_…")
	c.Flags().StringArrayVar(&d.Conversations, "conversation", nil, "an Intercom conversation; may be given several times")
	c.Flags().StringVar(&by, "as", "", "who erases; your user name when left out")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "count, and change nothing")
	return c
}

func printErasure(w world, d ledger.Data, e ledger.Erasure, dryRun bool) error {
	if e.Erased+e.Earlier+len(e.Kept) == 0 {
		return &fault.Error{
			Code: fault.NotFound, Message: "the ledger has no action of " + d.String(),
			NextStep: "check the id; messages in conversations without a refund are found by --conversation",
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", counted(e.Erased, "action"), went(e.Erased, dryRun))
	if e.Earlier > 0 {
		fmt.Fprintf(&b, ", %d had before", e.Earlier)
	}
	fmt.Fprintf(&b, ". Conversations looked through: %s\n", oneLine(strings.Join(e.Conversations, ", ")))
	for _, k := range e.Kept {
		fmt.Fprintf(&b, "%s: %s is %s and keeps its texts: %s\n", oneLine(k.ID), oneLine(headline(k.Entry)), k.State, whyKept(k))
	}
	if _, err := fmt.Fprint(w.out, b.String()); err != nil {
		return err
	}
	if e.Lingers {
		fmt.Fprintln(w.err, lingering)
	}
	if len(e.Kept) > 0 || e.Lingers {
		return errSilent
	}
	return nil
}

// lingering says that SQLite's log could not be emptied.
const lingering = "Pieces of what was erased may still be in the database's -wal file, because somebody reads it: run this again in a minute."

func went(n int, dryRun bool) string {
	switch {
	case dryRun:
		return "would lose the texts"
	case n == 1:
		return "has lost its texts"
	}
	return "have lost their texts"
}

func whyKept(k ledger.Kept) string {
	switch k.State { //nolint:exhaustive // of what is settled only messages are kept
	case policies.Awaiting:
		return "decide on it with supportmcp approvals, and erase again"
	case policies.Approved:
		return "a running server carries it out; erase again after that"
	case policies.Executing, policies.InDoubt:
		return "a running server finds out what became of it; erase again after that"
	case policies.Review:
		return "a person must settle it first; erase again after that"
	}
	return "until then an equal message is answered with it; erase again after " + k.Until.Format(time.RFC3339)
}
