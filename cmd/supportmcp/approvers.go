package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"supportmcp/internal/approvers"
	"supportmcp/internal/ledger"
)

func approversCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "approvers", Short: "Look at and change who may approve", Args: cobra.NoArgs, RunE: help,
		Long: "Who may approve stands in a roster, a file in OpenSSH's allowed-signers format. The ledger keeps the roster that it\n" +
			"accepted: the first one as it is, every later one with the signature of somebody of the one before.",
	}
	c.AddCommand(rosterCommand(w), enrollCommand(w))
	return c
}

func rosterCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show who can approve now", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withAuthority(cmd.Context(), w, func(ctx context.Context, a authority) error {
				roster, err := a.inForce(ctx)
				if err != nil {
					return err
				}
				if roster == nil {
					return approvers.NoRoster()
				}
				if err := printRoster(w, *roster); err != nil {
					return err
				}
				different, err := a.differs(ctx)
				if different != "" {
					fmt.Fprintln(w.err, oneLine(different)+"; supportmcp approvers apply puts the file in its place")
				}
				return err
			})
		},
	}
}

func printRoster(w world, r approvers.Roster) error {
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "NAME\tROLES\tKEY\tTYPE")
	for _, p := range r.Keys() {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", p.Name, strings.Join(p.Roles, ","), ssh.FingerprintSHA256(p.Key), p.Key.Type())
	}
	return tw.Flush()
}

func enrollCommand(w world) *cobra.Command {
	var s signatory
	var printing bool
	var by string
	c := &cobra.Command{
		Use: "apply FILE", Short: "Put another roster in the place of the accepted one", Args: one,
		Long: "Put another roster in the place of the accepted one. An approver of the accepted one signs it. Where no roster is\n" +
			"accepted yet, this is the first one and needs no signature. Give every server the same file.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return withAuthority(cmd.Context(), w, func(ctx context.Context, a authority) error {
				if printing {
					return a.printSuccession(ctx, w, args[0], by)
				}
				return s.apply(ctx, w, a, args[0])
			})
		},
	}
	s.flags(c)
	c.Flags().BoolVar(&printing, "print-statement", false, "print what ssh-keygen shall sign, and change nothing")
	c.Flags().StringVar(&by, "as", "", "with --print-statement: the name in the roster of who will sign")
	return c
}

func (s signatory) apply(ctx context.Context, w world, a authority, file string) error {
	text, next, err := readRoster(file)
	if err != nil {
		return err
	}
	accepted, newest, err := a.accepted(ctx)
	if err != nil {
		return err
	}
	act := ledger.Act{Purpose: string(approvers.Enroll), Subject: approvers.Hash([]byte(text)), Body: text}
	if accepted != nil {
		if act, err = s.succeed(w, a, *accepted, newest, act); err != nil {
			return err
		}
	}
	if _, err := a.ledger.RecordAct(ctx, act, newest.Number); err != nil {
		return err
	}
	if err := printRoster(w, next); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.out, "This roster is accepted now. Give every server the same file.")
	return err
}

// succeed signs a roster that follows the accepted one, or takes the signature that
// was given.
func (s signatory) succeed(w world, a authority, accepted approvers.Roster, newest, act ledger.Act) (ledger.Act, error) {
	p, err := s.prove(w, accepted, visible(act.Body)+"\nSign that this is the roster of approvers?", func(signer string) approvers.Statement {
		return approvers.Succession(newest.Body, act.Body, a.place, signer, w.now())
	})
	if err != nil {
		return act, err
	}
	chain := []approvers.Version{{Body: newest.Body}, {Body: act.Body, At: w.now(), Statement: p.text, Signature: p.signature}}
	if _, err := approvers.Accepted(chain, a.place); err != nil {
		return act, err
	}
	st, err := approvers.ParseStatement(p.text)
	act.By, act.Statement, act.Signature = st.Signer, p.text, p.signature
	return act, err
}

func (a authority) printSuccession(ctx context.Context, w world, file, by string) error {
	text, _, err := readRoster(file)
	if err != nil {
		return err
	}
	accepted, newest, err := a.accepted(ctx)
	if err != nil {
		return err
	}
	return printStatement(w, accepted, approvers.Succession(newest.Body, text, a.place, by, w.now()))
}
