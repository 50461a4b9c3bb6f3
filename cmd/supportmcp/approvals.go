package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func approvalsCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "approvals", Short: "Decide what the policy leaves to a person", Args: cobra.NoArgs, RunE: help,
		Long: "Actions that the policy leaves to a person wait here. A running server carries out what is approved within\n" +
			"two seconds, after it has read the facts again and judged them again.",
	}
	c.AddCommand(listCommand(w), showCommand(w), approveCommand(w), rejectCommand(w), statementCommand(w), watchCommand(w))
	return c
}

func listCommand(w world) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "list", Short: "List what waits, oldest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				f := ledger.Filter{States: []policies.State{policies.Awaiting}, OldestFirst: true, Limit: mostListed}
				if all {
					f = ledger.Filter{Limit: mostListed}
				}
				entries, err := l.List(ctx, f)
				if err != nil {
					return err
				}
				if all && len(entries) == 0 {
					_, err := fmt.Fprintln(w.out, "Nothing is recorded yet.")
					return err
				}
				if len(entries) == mostListed {
					fmt.Fprintf(w.err, "Only the first %d are listed; there may be more.\n", mostListed)
				}
				return printList(w, entries)
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "list every recorded action, whatever its state, newest first")
	return c
}

// mostListed bounds a list. Whoever floods the approvals must not hide the later
// ones in silence.
const mostListed = 1000

func printList(w world, entries []policies.Entry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w.out, "Nothing is waiting.")
		return err
	}
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "ACTION\tSTATE\tWHAT\tCONVERSATION\tASKED BY\tEXPIRES")
	for _, e := range entries {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(e.ID), e.State, oneLine(headline(e)),
			oneLine(e.Subject.Conversation), oneLine(string(e.Principal)), expiry(e, w.now()))
	}
	return tw.Flush()
}

// headline is an action in a few words.
func headline(e policies.Entry) string {
	if !e.Subject.Cost.IsZero() {
		return fmt.Sprintf("%s %s on %s", e.Kind, e.Subject.Cost, e.Subject.Charge)
	}
	return string(e.Kind)
}

func expiry(e policies.Entry, now time.Time) string {
	if e.State != policies.Awaiting {
		return "-"
	}
	left := e.ExpiresAt.Sub(now)
	switch {
	case left < 0:
		return "expired"
	case left < 2*time.Hour:
		return fmt.Sprintf("in %d min", int(left.Minutes()))
	}
	return fmt.Sprintf("in %d h", int(left.Hours()))
}

func showCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "show ACTION", Short: "Show the facts of one action, then what the agent says", Args: one,
		RunE: func(cmd *cobra.Command, args []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				e, err := l.Entry(ctx, args[0])
				if err != nil {
					return err
				}
				given, err := l.Approvals(ctx, e.ID)
				if err != nil {
					return err
				}
				return printEntry(w.out, e, w.now(), given...)
			})
		},
	}
}

func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

// withLedger opens the ledger of the configuration for one command.
func withLedger(ctx context.Context, w world, work func(context.Context, *ledger.Ledger) error) (err error) {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return err
	}
	if err := errors.Join(cfg.checkDatabase(), cfg.checkLogLevel()); err != nil {
		return err
	}
	url, err := cfg.databaseURL()
	if err != nil {
		return err
	}
	if err := mustExist(url); err != nil {
		return err
	}
	l, err := openLedger(ctx, settings{databaseURL: url, now: w.now, log: newLogger(w.err, "warn")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	return work(ctx, l)
}

// mustExist keeps a mistyped address from being answered by a new, empty ledger.
func mustExist(url string) error {
	path, isFile := strings.CutPrefix(url, "sqlite:")
	if !isFile {
		return nil
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &fault.Error{
		Code: fault.NotFound, Message: "there is no ledger at " + path,
		NextStep: "set SUPPORTMCP_DATABASE_URL to the ledger that the server uses; the server makes it at its first start",
	}
}
