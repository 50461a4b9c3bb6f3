package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"supportmcp/internal/ledger"
)

func auditCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Prove what was decided and done", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(&cobra.Command{
		Use: "verify", Short: "Recompute the whole event log and compare it with the ledger", Args: cobra.NoArgs,
		Long: "Recompute the Merkle tree over every recorded event from its exact bytes and compare it with the ledger.\n" +
			"Exit status 1 when a single byte, row or state does not fit.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				r, err := l.Verify(ctx)
				if err != nil {
					return err
				}
				return printReport(w, r)
			})
		},
	})
	return c
}

func printReport(w world, r ledger.Report) error {
	for _, p := range r.Problems {
		fmt.Fprintln(w.out, "PROBLEM", oneLine(p))
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(w.out, "%d events, %d problems: the ledger was changed outside supportmcp or is damaged\n", r.Events, len(r.Problems))
		return errSilent
	}
	_, err := fmt.Fprintf(w.out, "%d events fit, tree root %s\n", r.Events, r.Root)
	if r.Erased > 0 {
		_, err = fmt.Fprintf(w.out, "%s had their texts erased, as events tell; all else of them fits\n", counted(r.Erased, "action"))
	}
	return err
}
