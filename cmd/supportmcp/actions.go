package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
	"supportmcp/tools"
)

func actionsCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "actions", Short: "Settle what could not be found out", Args: cobra.NoArgs, RunE: help,
		Long: "When nobody can tell what became of an action, a running server looks at the vendor again and again. What it\n" +
			"cannot find out is put under review: it counts against the budgets until a person settles it here.",
	}
	c.AddCommand(unsettledCommand(w), showCommand(w), settleCommand(w))
	return c
}

func unsettledCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List what is under review, and what is not known yet", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				entries, err := unsettled(ctx, l)
				if err != nil {
					return err
				}
				return printUnsettled(w, entries)
			})
		},
	}
}

// unsettled lists what a person must settle first, then what the server still
// looks for, each oldest first.
func unsettled(ctx context.Context, l *ledger.Ledger) (all []policies.Entry, err error) {
	for _, s := range []policies.State{policies.Review, policies.InDoubt, policies.Executing} {
		entries, err := l.List(ctx, ledger.Filter{States: []policies.State{s}, OldestFirst: true, Limit: mostListed})
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

func printUnsettled(w world, entries []policies.Entry) error {
	if len(entries) == 0 {
		_, err := fmt.Fprintln(w.out, "Everything is settled.")
		return err
	}
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "ACTION\tSTATE\tWHAT\tCONVERSATION\tASKED BY\tFIRST SENT\tLOOKS")
	for _, e := range entries {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%d\n", oneLine(e.ID), e.State, oneLine(headline(e)),
			oneLine(e.Subject.Conversation), oneLine(string(e.Principal)), e.FirstSent.Format(time.RFC3339), e.Looks)
	}
	return tw.Flush()
}

func settleCommand(w world) *cobra.Command {
	var v policies.Verdict
	var s signatory
	c := &cobra.Command{
		Use: "settle ACTION done|failed", Short: "Say what became of an action under review", Args: two,
		Long: "Say what became of an action under review. The vendor is asked once more, with the keys of the environment:\n" +
			"what it has cannot be called failed, and is recorded with its receipt. While it cannot be asked, nothing is\n" +
			"settled. Where it shows nothing your word decides, so --note must say how you know: failed gives the budget\n" +
			"back, and done keeps it used.",
		RunE: func(cmd *cobra.Command, args []string) error {
			v.State = policies.State(args[1])
			return settleAction(cmd.Context(), w, args[0], v, s)
		},
	}
	c.Flags().StringVar(&v.By, "as", "", "who settles it where no roster is; your user name when left out")
	c.Flags().StringVar(&v.Note, "note", "", "how you know, kept with the action")
	s.flags(c)
	return c
}

// settleAction settles through the tool that performs the action, as a server
// with this environment would.
func settleAction(ctx context.Context, w world, id string, v policies.Verdict, s signatory) (err error) {
	h, err := handsOf(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.ledger.Close()) }()
	e, err := h.ledger.Entry(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(h.tools, func(t tools.Tool) bool { return !t.ReadOnly && t.Kind == e.Kind })
	if i < 0 {
		return &fault.Error{
			Code: fault.Refused, Message: "this release does not know actions of kind " + string(e.Kind),
			NextStep: "settle it with the release that asked for it",
		}
	}
	if v, err = s.verdict(ctx, w, h, e, v); err != nil {
		return err
	}
	if e, err = h.tools[i].Settle(ctx, e, v); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s: %s is now %s (by %s)\n", oneLine(e.ID), oneLine(headline(e)), e.State, oneLine(v.By))
	return err
}

// verdict is v with the person who gives it: the one who signs, once there is a
// roster of approvers.
func (s signatory) verdict(ctx context.Context, w world, h hands, e policies.Entry, v policies.Verdict) (policies.Verdict, error) {
	roster, err := h.authority.inForce(ctx)
	if err != nil {
		return v, err
	}
	if roster == nil {
		if v.By == "" {
			v.By = userName()
		}
		return v, nil
	}
	question := fmt.Sprintf("Sign that %s (%s) is %s?", oneLine(e.ID), oneLine(headline(e)), v.State)
	p, err := s.prove(w, *roster, question, func(signer string) approvers.Statement {
		return approvers.Of(e, v.State, h.authority.place, signer, w.now())
	})
	if err != nil {
		return v, err
	}
	st, err := approvers.ParseStatement(p.text)
	if err != nil {
		return v, err
	}
	v.By, v.Statement, v.Signature = st.Signer, p.text, p.signature
	_, err = h.authority.panel().Check(*roster, e, policies.Approval{By: v.By, Verdict: v.State, Statement: v.Statement, Signature: v.Signature})
	return v, err
}

// handsOf are the tools of the environment, on a ledger that is there already.
func handsOf(ctx context.Context, w world) (hands, error) {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return hands{}, err
	}
	cfg.LogLevel = "warn"
	s, err := configured(cfg, w)
	if err != nil {
		return hands{}, err
	}
	if err := mustExist(s.databaseURL); err != nil {
		return hands{}, err
	}
	h, err := newHands(ctx, s)
	if err != nil {
		return h, err
	}
	if err := h.policy.settle(ctx, s.policy); err != nil {
		return h, errors.Join(err, h.ledger.Close())
	}
	return h, nil
}
