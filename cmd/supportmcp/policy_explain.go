package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// aYear is how far back recorded actions are read besides the windows of budgets,
// so that earlier refunds of a charge are known.
const aYear = 365 * 24 * time.Hour

func explainCommand(w world) *cobra.Command {
	var action, file string
	c := &cobra.Command{
		Use: "explain [FILE] --action ID | --case FILE", Short: "Show what each rule says of an action",
		Long: "Judge one recorded action, or the cases of a file, by a policy, and show what each rule says. Without FILE it is\n" +
			"the policy of the environment. A recorded action is judged as of the time when it was asked for: what the budgets\n" +
			"had used then is computed from the ledger. Nothing is written.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (action == "") == (file == "") {
				return fault.Invalidf("give one of --action ID and --case FILE", "it is not said what is to be explained")
			}
			p, err := configuredPolicy(w, args)
			if err != nil {
				return err
			}
			if file != "" {
				return explainCases(w, p, file)
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				return explainAction(ctx, w, l, p, action)
			})
		},
	}
	c.Flags().StringVar(&action, "action", "", "the id of a recorded action")
	c.Flags().StringVar(&file, "case", "", "a file of cases")
	return c
}

func explainCases(w world, p *policies.Policy, file string) error {
	cases, err := readCaseFile(file)
	if err != nil {
		return err
	}
	for i, c := range cases.Cases {
		if i > 0 {
			fmt.Fprintln(w.out)
		}
		fmt.Fprintf(w.out, "%s: %s, judged by revision %s\n\n", oneLine(c.Name), c.Kind, p.Revision)
		if err := printDecision(w, c.Judge(p)); err != nil {
			return err
		}
	}
	return nil
}

func explainAction(ctx context.Context, w world, l *ledger.Ledger, p *policies.Policy, id string) error {
	e, err := l.Entry(ctx, id)
	if err != nil {
		return err
	}
	h, err := history(ctx, l, p.LongestWindow(), e.CreatedAt)
	if err != nil {
		return err
	}
	d, err := h.Judge(p, e)
	if err != nil {
		return err
	}
	fmt.Fprintf(w.out, "%s: %s, asked for at %s by %s\n", oneLine(e.ID), oneLine(headline(e)), e.CreatedAt.Format(time.RFC3339), oneLine(string(e.Principal)))
	fmt.Fprintf(w.out, "recorded then: %s by revision %s; judged now by revision %s\n", e.Decision.Effect, oneLine(e.Decision.Revision), p.Revision)
	fmt.Fprintf(w.out, "what budgets had used then is computed from the ledger\n\n")
	return printDecision(w, d)
}

// history is what the ledger recorded from one window, and at least a year, before
// a time on.
func history(ctx context.Context, l *ledger.Ledger, window time.Duration, from time.Time) (*policies.History, error) {
	entries, err := l.History(ctx, from.Add(-max(window, aYear)))
	if err != nil {
		return nil, err
	}
	return policies.NewHistory(entries), nil
}

// printDecision shows what every rule says, strictest first.
func printDecision(w world, d policies.Decision) error {
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "RULE\tSAYS\tLIMIT\tTHIS ACTION\tALLOWED NOW\tWHY")
	row := func(f policies.Finding, says string) {
		now := ""
		if !f.MaxAllowedNow.IsZero() {
			now = f.MaxAllowedNow.String()
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(f.Rule), says, dash(f.Limit), dash(f.Actual), dash(now), oneLine(f.Message))
	}
	for _, f := range d.Against() {
		row(f, f.Effect.String())
	}
	for _, f := range d.Findings {
		if f.Effect == policies.Allow {
			row(f, f.Effect.String())
		}
	}
	for _, f := range d.Shadow {
		row(f, f.Effect.String()+" (shadow)")
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w.out, "\nverdict: %s%s\n", d.Effect, needed(d))
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return oneLine(s)
}

// needed is who must approve, where a person must.
func needed(d policies.Decision) string {
	if d.Effect != policies.NeedsApproval || d.Need.People == 0 {
		return ""
	}
	who := "any approver"
	if d.Need.Role != "" {
		who = "the role " + oneLine(d.Need.Role)
	}
	people := "1 person"
	if d.Need.People > 1 {
		people = fmt.Sprintf("%d people", d.Need.People)
	}
	return fmt.Sprintf(" by %s of %s within %s", people, who, policies.FormatSpan(d.Need.Expires))
}
