package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// mostChanges bounds the list of single actions.
const mostChanges = 20

func diffCommand(w world) *cobra.Command {
	var since string
	c := &cobra.Command{
		Use: "diff OLD NEW", Short: "Say what a change of the policy loosens and tightens, and what it would have changed",
		Long: "Say in which ways a policy is looser or stricter than another. Where that cannot be told, it is called looser.\n" +
			"Then judge what the ledger of the environment recorded by both, as of the time when it was asked for, and show\n" +
			"which decisions would change. Nothing is written.",
		Args: two,
		RunE: func(cmd *cobra.Command, args []string) error {
			back, err := policies.ParseSpan(since)
			if err != nil {
				return fault.Invalidf("give --since 30d", "%v", err)
			}
			before, err := parsePolicy(args[0])
			if err != nil {
				return err
			}
			after, err := parsePolicy(args[1])
			if err != nil {
				return err
			}
			printDifferences(w, policies.Compare(before, after))
			err = withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				return printChanges(ctx, w, l, before, after, back)
			})
			if fault.CodeOf(err) == fault.NotFound {
				fmt.Fprintln(w.err, "There is no ledger, so no recorded decisions are compared.")
				return nil
			}
			return err
		},
	}
	c.Flags().StringVar(&since, "since", "30d", "how far back recorded decisions are compared")
	return c
}

func printDifferences(w world, all []policies.Difference) {
	if len(all) == 0 {
		fmt.Fprintln(w.out, "Both policies decide alike.")
	}
	for _, kind := range []string{"looser", "stricter", "words only"} {
		for _, d := range all {
			if wayOf(d) == kind {
				fmt.Fprintf(w.out, "%-11s %s\n", kind+":", oneLine(sentence(d)))
			}
		}
	}
}

func wayOf(d policies.Difference) string {
	switch {
	case d.Looser:
		return "looser"
	case d.Stricter:
		return "stricter"
	}
	return "words only"
}

func sentence(d policies.Difference) string {
	switch {
	case d.Old == "":
		return fmt.Sprintf("%s is new: %s", d.Path, d.New)
	case d.New == "":
		return fmt.Sprintf("%s is gone; it was: %s", d.Path, d.Old)
	}
	return fmt.Sprintf("%s was %s and becomes %s", d.Path, d.Old, d.New)
}

func printChanges(ctx context.Context, w world, l *ledger.Ledger, before, after *policies.Policy, back time.Duration) error {
	since := w.now().Add(-back)
	h, err := history(ctx, l, max(before.LongestWindow(), after.LongestWindow()), since)
	if err != nil {
		return err
	}
	changes, judged, others := h.Changes(before, after, since)
	fmt.Fprintf(w.out, "\nOf %s in the last %s, %d would change.\n", counted(judged, "recorded decision"), policies.FormatSpan(back), len(changes))
	if others > 0 {
		fmt.Fprintf(w.out, "%s could not be judged: the facts were erased or are of another release.\n", strconv.Itoa(others)+" more")
	}
	sums := map[string]*total{}
	for _, c := range changes {
		way := fmt.Sprintf("%s → %s", c.Old.Effect, c.New.Effect)
		if sums[way] == nil {
			sums[way] = &total{}
		}
		sums[way].add(c.Entry.Subject.Cost)
	}
	for _, way := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(w.out, "  %-26s %s\n", way, sums[way])
	}
	for _, c := range changes[:min(len(changes), mostChanges)] {
		fmt.Fprintf(w.out, "  %s  %s: %s → %s%s\n", oneLine(c.Entry.ID), oneLine(headline(c.Entry)), c.Old.Effect, c.New.Effect, because(c))
	}
	return nil
}

// because names the rules that stand against an action under one policy only.
func because(c policies.Change) string {
	stricter := c.New
	if c.New.Effect > c.Old.Effect {
		stricter = c.Old
	}
	var rules []string
	for _, f := range stricter.Against() {
		if f.Effect == stricter.Effect {
			rules = append(rules, oneLine(f.Rule))
		}
	}
	return " (" + strings.Join(rules, ", ") + ")"
}

// total counts actions and sums what they cost, by currency.
type total struct {
	n    int
	sums map[money.Currency]int64
}

func (t *total) add(cost money.Money) {
	if t.n++; cost.Currency == "" {
		return
	}
	if t.sums == nil {
		t.sums = map[money.Currency]int64{}
	}
	t.sums[cost.Currency] += cost.Minor
}

// String is the count, then the sums in the order of the currencies.
func (t *total) String() string {
	out := []string{counted(t.n, "action")}
	for _, c := range slices.Sorted(maps.Keys(t.sums)) {
		out = append(out, money.Of(t.sums[c], c).String())
	}
	return strings.Join(out, ", ")
}
