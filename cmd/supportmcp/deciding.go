package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func approveCommand(w world) *cobra.Command {
	return verdictCommand(w, "approve", "Let an action be carried out", policies.Approved)
}

func rejectCommand(w world) *cobra.Command {
	return verdictCommand(w, "reject", "Refuse an action; the note is told to the agent", policies.Rejected)
}

// deciding is what a person says of an action, and how the person proves it.
type deciding struct {
	verdict  policies.State
	by, note string
	verifier string // who verified a caller
	signatory
}

func verdictCommand(w world, name, short string, verdict policies.State) *cobra.Command {
	d := deciding{verdict: verdict}
	c := &cobra.Command{
		Use: name + " ACTION", Short: short, Args: one,
		Long: short + ".\n\nWith a roster of approvers the decision is signed: the facts are shown at your terminal, and your key's\n" +
			"passphrase is asked for. Or sign what approvals statement prints with ssh-keygen, and give --signature.\n" +
			"Without a roster a name is enough in the sandbox, and nobody can approve anywhere else.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withAuthority(cmd.Context(), w, func(ctx context.Context, a authority) error {
				return d.decide(ctx, w, a, args[0])
			})
		},
	}
	c.Flags().StringVar(&d.by, "as", "", "who decides where no roster is; your user name when left out")
	c.Flags().StringVar(&d.note, "note", "", "why, kept with the decision")
	if verdict == policies.Approved {
		c.Flags().StringVar(&d.verifier, "verified-by", "", "who verified the caller, of what was asked for outside a conversation")
	}
	d.flags(c)
	return c
}

// withAuthority opens the ledger of the configuration, and finds out who may approve.
func withAuthority(ctx context.Context, w world, work func(context.Context, authority) error) error {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return err
	}
	return withLedger(ctx, w, func(ctx context.Context, l *ledger.Ledger) error {
		a, err := authorityOver(ctx, l, cfg.roster(), "", w.now)
		if err != nil {
			return err
		}
		return work(ctx, a)
	})
}

func (d deciding) decide(ctx context.Context, w world, a authority, id string) error {
	roster, err := a.inForce(ctx)
	if err != nil {
		return err
	}
	var e policies.Entry
	switch {
	case roster != nil:
		e, err = d.signed(ctx, w, a, *roster, id)
	case d.verdict == policies.Approved && a.place.Mode != "sandbox" && a.place.Mode != "":
		return approvers.NoRoster()
	default:
		e, err = d.named(ctx, a.ledger, id)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "%s: %s is now %s (by %s)\n", oneLine(e.ID), oneLine(headline(e)), e.State, oneLine(e.Approver))
	if e.State == policies.Awaiting {
		_, err = fmt.Fprintf(w.out, "More people must approve it: %s are needed.\n", e.Decision.Need)
	}
	return err
}

// named records a decision under a name that nobody checks.
func (d deciding) named(ctx context.Context, l *ledger.Ledger, id string) (policies.Entry, error) {
	if d.by == "" {
		d.by = userName()
	}
	return l.DecideNamed(ctx, id, policies.Approval{By: d.by, Verdict: d.verdict, Note: d.note, Verifier: d.verifier})
}

// signed records a decision that is signed, after it was checked as a server will.
func (d deciding) signed(ctx context.Context, w world, a authority, r approvers.Roster, id string) (policies.Entry, error) {
	if d.by != "" {
		return policies.Entry{}, fault.Invalidf("leave --as out", "the signature says who decides")
	}
	e, err := a.ledger.Entry(ctx, id)
	if err != nil {
		return e, err
	}
	if err := d.decidable(e); err != nil {
		return e, err
	}
	p, err := d.prove(w, r, d.question(e, w), func(signer string) approvers.Statement {
		return approvers.Of(e, d.verdict, a.place, signer, w.now())
	})
	if err != nil {
		return e, err
	}
	given := policies.Approval{Verdict: d.verdict, Note: d.note, Verifier: d.verifier, Statement: p.text, Signature: p.signature}
	if s, err := approvers.ParseStatement(p.text); err == nil {
		given.By = s.Signer
	}
	panel := a.panel()
	if _, err := panel.Check(r, e, given); err != nil {
		return e, err
	}
	panel.InForce = func(context.Context) (*approvers.Roster, error) { return &r, nil } // read before the transaction
	return a.ledger.Decide(ctx, id, given, func(e policies.Entry, all []policies.Approval) error {
		return panel.Judge(ctx, e, all, e.Decision.Need)
	})
}

// decidable wants the facts that are shown to be those that are signed: whoever can
// write to the ledger could make them differ.
func (d deciding) decidable(e policies.Entry) error {
	if e.State != policies.Awaiting {
		return &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: fmt.Sprintf("%s does not wait for approval: it is %s", e.ID, e.State),
			NextStep: "only actions that wait for approval can be decided",
		}
	}
	digest, err := policies.DigestOf(e.Kind, e.Facts)
	if err != nil {
		return err
	}
	if digest != e.Digest {
		return &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "the facts of " + e.ID + " are not those that it is bound to",
			NextStep: "run supportmcp audit verify: the ledger was changed by somebody else",
		}
	}
	return nil
}

// question shows the action as approvals show does, and asks.
func (d deciding) question(e policies.Entry, w world) string {
	var b strings.Builder
	_ = printEntry(&b, e, w.now()) // a builder takes everything
	return b.String() + "\nSign that this is " + string(d.verdict) + "?"
}

func statementCommand(w world) *cobra.Command {
	var by string
	verdicts := map[string]policies.State{"approve": policies.Approved, "reject": policies.Rejected, "done": policies.Done, "failed": policies.Failed}
	c := &cobra.Command{
		Use: "statement ACTION approve|reject|done|failed", Short: "Print what ssh-keygen shall sign", Args: two,
		Long: "Print the exact statement that a person signs to decide on an action, or (done, failed) to settle it:\n\n" +
			"  supportmcp approvals statement ACTION approve --as robin > decision\n" +
			"  ssh-keygen -Y sign -f KEY -n supportmcp decision\n" +
			"  supportmcp approvals approve ACTION --signature decision.sig",
		RunE: func(cmd *cobra.Command, args []string) error {
			verdict, known := verdicts[args[1]]
			if !known {
				return fault.Invalidf("say approve, reject, done or failed", "%q is no decision", args[1])
			}
			return withAuthority(cmd.Context(), w, func(ctx context.Context, a authority) error {
				e, err := a.ledger.Entry(ctx, args[0])
				if err != nil {
					return err
				}
				if verdict == policies.Approved || verdict == policies.Rejected {
					if err := (deciding{}).decidable(e); err != nil {
						return err
					}
				}
				roster, err := a.inForce(ctx)
				if err != nil {
					return err
				}
				return printStatement(w, roster, approvers.Of(e, verdict, a.place, by, w.now()))
			})
		},
	}
	c.Flags().StringVar(&by, "as", "", "the name in the roster of who will sign; your user name when left out")
	return c
}

// printStatement prints a statement for somebody who is in the roster.
func printStatement(w world, roster *approvers.Roster, s approvers.Statement) error {
	if roster == nil {
		return approvers.NoRoster()
	}
	if s.Signer == "" {
		s.Signer = userName()
	}
	if people := roster.People(); !slices.Contains(people, s.Signer) {
		return fault.Invalidf("give --as with one of: "+strings.Join(people, ", "), "%q is nobody in the roster in force", s.Signer)
	}
	text, err := s.Text()
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(w.out, text)
	return err
}
