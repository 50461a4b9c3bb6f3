package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func reportCommand(w world) *cobra.Command {
	var since string
	c := &cobra.Command{
		Use: "report [FILE]", Short: "Show what the policy did: denials, shadow rules, waiting approvals, budgets",
		Long: "Show from the ledger of the environment what was denied and by which rules, what shadow rules would have done,\n" +
			"what waits for people and for how long, and how much of each budget is used now. The budgets are those of FILE,\n" +
			"or of the policy of the environment. Nothing is written.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			back, err := policies.ParseSpan(since)
			if err != nil {
				return fault.Invalidf("give --since 30d", "%v", err)
			}
			p, err := configuredPolicy(w, args)
			if err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				now := w.now()
				entries, err := l.History(ctx, now.Add(-max(back, p.LongestWindow())))
				if err != nil {
					return err
				}
				return printPolicyReport(w, policies.NewHistory(entries), p, now.Add(-back), now)
			})
		},
	}
	c.Flags().StringVar(&since, "since", "30d", "how far back")
	return c
}

func printPolicyReport(w world, h *policies.History, p *policies.Policy, since, now time.Time) error {
	var recent, waiting []policies.Entry
	for _, e := range h.Entries() {
		if !e.CreatedAt.Before(since) {
			recent = append(recent, e)
		}
		if e.State == policies.Awaiting {
			waiting = append(waiting, e)
		}
	}
	fmt.Fprintf(w.out, "%s since %s\n", counted(len(recent), "action"), since.Format(time.RFC3339))
	denied := byRule(recent, func(e policies.Entry) []policies.Finding {
		if e.State != policies.Denied {
			return nil
		}
		return slices.DeleteFunc(e.Decision.Against(), func(f policies.Finding) bool { return f.Effect != policies.Deny })
	})
	shadow := byRule(recent, func(e policies.Entry) []policies.Finding {
		return policies.Decision{Findings: e.Decision.Shadow}.Against()
	})
	printTotals(w, "Denied, by rule", denied)
	printTotals(w, "Shadow rules would have said", shadow)
	printTotals(w, "Waiting for a person", byAge(waiting, now))
	return printSpendings(w, h.Spendings(p, now))
}

// row is a line of a report.
type row struct {
	name string
	total
}

// byRule sums entries by the findings that count, the most frequent first.
func byRule(entries []policies.Entry, findings func(policies.Entry) []policies.Finding) []*row {
	rows := map[string]*row{}
	for _, e := range entries {
		for _, f := range findings(e) {
			name := f.Rule + ": " + f.Effect.String()
			if rows[name] == nil {
				rows[name] = &row{name: name}
			}
			rows[name].add(e.Subject.Cost)
		}
	}
	return slices.SortedFunc(maps.Values(rows), func(a, b *row) int { return cmp.Or(b.n-a.n, cmp.Compare(a.name, b.name)) })
}

// byAge sums what waits by how long it has.
func byAge(waiting []policies.Entry, now time.Time) []*row {
	rows := []*row{{name: "less than 1h"}, {name: "1h to 4h"}, {name: "4h to 24h"}, {name: "longer"}}
	bounds := []time.Duration{time.Hour, 4 * time.Hour, 24 * time.Hour}
	for _, e := range waiting {
		i, _ := slices.BinarySearch(bounds, now.Sub(e.CreatedAt)+1)
		rows[i].add(e.Subject.Cost)
	}
	return slices.DeleteFunc(rows, func(r *row) bool { return r.n == 0 })
}

func printTotals(w world, title string, rows []*row) {
	fmt.Fprintf(w.out, "\n%s\n", title)
	if len(rows) == 0 {
		fmt.Fprintln(w.out, "  nothing")
	}
	for _, r := range rows {
		fmt.Fprintf(w.out, "  %-40s %s\n", oneLine(r.name), &r.total)
	}
}

func printSpendings(w world, all []policies.Spending) error {
	fmt.Fprint(w.out, "\nBudgets now\n")
	if len(all) == 0 {
		_, err := fmt.Fprintln(w.out, "  the policy has none")
		return err
	}
	tw := tabwriter.NewWriter(w.out, 2, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "  BUDGET\tWINDOW\tLIMIT\tMOST USED\t\tBY\tOTHERS")
	for _, s := range all {
		fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\t%d %%\t%s\t%d\n", s.Path, policies.FormatSpan(s.Window), s.Limit, s.Used, s.Share, dash(s.By), s.Others)
	}
	return tw.Flush()
}
