package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func ledgerCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "Look after the ledger: backup and retention", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(backupCommand(w), pruneCommand(w))
	return c
}

func backupCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the ledger to a new file while it is used, and verify the copy", Args: one,
		Long: "Copy a SQLite ledger, as it is at one moment, to a new file that only you can read; then verify the copy and\n" +
			"print its size and root. For a ledger in PostgreSQL this prints the command to run instead.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := otherTools(w, args[0]); err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				b, err := l.Backup(ctx, args[0])
				if err != nil {
					return err
				}
				fmt.Fprintf(w.out, "%s: %d bytes\n", oneLine(args[0]), b.Bytes)
				return printReport(w, b.Report)
			})
		},
	}
}

func pruneCommand(w world) *cobra.Command {
	var before, by string
	var dryRun, printing bool
	var s signatory
	c := &cobra.Command{
		Use: "prune --before DATE", Short: "Erase the texts of what was settled before a date", Args: cobra.NoArgs,
		Long: "Erase messages, reasons, notes and facts of every action that was settled before a date, as privacy erase does.\n" +
			"Actions, budgets and events stay for ever: money is replayed for ever, and the log is proved from its start.\n" +
			"A date within the longest budget window of the policy, or within a day, is refused.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := pruning(w, before, by)
			if err != nil {
				return err
			}
			p.DryRun = dryRun
			return withAuthority(cmd.Context(), w, func(ctx context.Context, a authority) error {
				roster, err := a.inForce(ctx)
				if err != nil {
					return err
				}
				if printing {
					return printStatement(w, roster, pruneStatement(p, a, by, w.now()))
				}
				if roster != nil && !dryRun {
					want := pruneStatement(p, a, "", w.now())
					if p.By, err = s.act(ctx, w, a, "Sign that the texts of everything settled "+want.Subject+" are erased?", want, ""); err != nil {
						return err
					}
				}
				done, failed := a.ledger.Prune(ctx, p)
				if failed != nil && done.Erased == 0 {
					return failed
				}
				if err := printPruned(w, p, done); failed == nil {
					return err
				}
				return failed
			})
		},
	}
	c.Flags().StringVar(&before, "before", "", "2026-01-31 (its first moment in UTC), or a time such as 2026-01-31T12:00:00Z")
	c.Flags().StringVar(&by, "as", "", "who prunes where no roster is; your user name when left out")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "count, and change nothing")
	c.Flags().BoolVar(&printing, "print-statement", false, "print what ssh-keygen shall sign for --as, and change nothing")
	s.flags(c)
	return c
}

// pruneStatement is what a person signs to prune.
func pruneStatement(p ledger.Pruning, a authority, signer string, at time.Time) approvers.Statement {
	return approvers.Statement{
		Purpose: approvers.Prune, Subject: "before " + p.Before.Format(time.RFC3339), Place: a.place, Signer: signer, Time: at.UTC().Round(0),
	}
}

// pruning reads the date, and from the policy how far back budgets count.
func pruning(w world, before, by string) (p ledger.Pruning, err error) {
	if p.By = by; by == "" {
		p.By = userName()
	}
	if p.Before, err = date(before); err != nil {
		return p, err
	}
	cfg, err := readConfig(w.environ)
	if err != nil {
		return p, err
	}
	name, text, err := readPolicy(cfg.Policy)
	if err != nil {
		return p, err
	}
	rules, err := policies.Parse(name, text)
	if err != nil {
		return p, err
	}
	p.Window = rules.LongestWindow()
	return p, nil
}

func date(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if text == "" {
		return time.Time{}, fault.Invalidf("give --before 2026-01-31", "it is not said what is old")
	}
	return time.Time{}, fault.Invalidf("give a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z", "%q is no date", text)
}

func printPruned(w world, p ledger.Pruning, done ledger.Pruned) error {
	_, err := fmt.Fprintf(w.out, "%s from before %s %s.\n", counted(done.Erased, "action"), p.Before.Format(time.RFC3339), went(done.Erased, p.DryRun))
	if done.Kept > 0 {
		fmt.Fprintf(w.out, "Not settled, and left alone: %s.\n", counted(done.Kept, "action"))
	}
	if done.Lingers {
		fmt.Fprintln(w.err, lingering)
		return errSilent
	}
	return err
}
