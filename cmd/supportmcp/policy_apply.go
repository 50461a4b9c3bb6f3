package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"supportmcp/internal/approvers"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// applying is a policy that somebody lets through.
type applying struct {
	by   string
	text []byte
	file *policies.Policy
	signatory
}

func applyCommand(w world) *cobra.Command {
	var a applying
	c := &cobra.Command{
		Use: "apply FILE", Short: "Put a policy in force that loosens the one before", Args: one,
		Long: "A running server takes up a changed policy file by itself, unless the file allows anything that was not\n" +
			"allowed before: that takes an approver. First put the file in its place (SUPPORTMCP_POLICY), then apply it.\n" +
			"With a roster of approvers it is signed.",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if a.text, a.file, err = toApply(w, args[0]); err != nil {
				return err
			}
			return withAuthority(cmd.Context(), w, func(ctx context.Context, over authority) error { return a.apply(ctx, w, over) })
		},
	}
	c.Flags().StringVar(&a.by, "as", "", "who lets it through where no roster is; your user name when left out")
	a.flags(c)
	return c
}

// toApply reads the file, which must be the one that servers read: they would
// otherwise take up theirs again.
func toApply(w world, path string) ([]byte, *policies.Policy, error) {
	name, text, err := readPolicy(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := policies.Parse(name, text)
	if err != nil {
		return nil, nil, err
	}
	cfg, err := readConfig(w.environ)
	if err != nil {
		return nil, nil, err
	}
	_, configured, err := readPolicy(cfg.Policy)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(text, configured) {
		return nil, nil, fault.Invalidf("put it where SUPPORTMCP_POLICY points to, then apply it", "servers read another policy file, and would take that up again")
	}
	return text, file, nil
}

func (a applying) apply(ctx context.Context, w world, over authority) error {
	history, err := over.ledger.Policies(ctx)
	if err != nil {
		return err
	}
	records, err := allowed(over.policies).records(ctx, history)
	if err != nil {
		return err
	}
	s := policies.Stand("policy", a.file, records)
	if s.InForce != nil && s.InForce.Revision == a.file.Revision {
		_, err := fmt.Fprintf(w.out, "Revision %s is in force already.\n", a.file.Revision)
		return err
	}
	by, err := a.let(ctx, w, over, s)
	if err != nil {
		return err
	}
	if err := over.ledger.Accept(ctx, ledger.Accepted{Seq: int64(len(history)) + 1, Body: string(a.text), By: by}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.out, "Revision %s is let through by %s; running servers take it up within seconds.\n%s", a.file.Revision, oneLine(by), looserLines(s))
	return err
}

// let has an approver sign the policy, or takes a name where no roster is.
func (a applying) let(ctx context.Context, w world, over authority, s policies.Standing) (string, error) {
	roster, err := over.inForce(ctx)
	switch {
	case err != nil:
		return "", err
	case roster != nil && a.by != "":
		return "", fault.Invalidf("leave --as out", "the signature says who lets it through")
	case roster != nil:
		question := looserLines(s) + "Sign that policy " + a.file.Revision + " may be in force?"
		return a.act(ctx, w, over, question, policyStatement(string(a.text)), string(a.text))
	case a.by == "":
		return userName(), nil
	}
	return a.by, nil
}

func looserLines(s policies.Standing) string {
	var out strings.Builder
	for _, d := range s.Looser {
		out.WriteString("  looser: " + oneLine(d) + "\n")
	}
	return out.String()
}

func policyStatement(body string) approvers.Statement {
	return approvers.Statement{Purpose: approvers.Policy, Subject: "policy", Facts: approvers.Hash([]byte(body))}
}

// policies gives the test by which a policy was let through: by the signature of
// somebody in the roster in force, or by anybody's name before there was a roster.
func (a authority) policies(ctx context.Context) (func(ledger.Accepted) bool, error) {
	roster, err := a.inForce(ctx)
	switch {
	case err != nil: // nobody's signature counts, and whoever asks for one is told why
		return func(ledger.Accepted) bool { return false }, nil
	case roster == nil:
		return byNameOf, nil
	}
	rosters, err := a.acts(ctx)
	if err != nil || len(rosters) == 0 {
		return nil, err
	}
	acts, err := a.signed(ctx)
	if err != nil {
		return nil, err
	}
	signed := map[string]bool{}
	for _, act := range acts {
		if _, _, err := a.panel().Signed(ctx, policyStatement(act.Body), act.Statement, act.Signature); err == nil {
			signed[act.Body] = true
		}
	}
	return func(p ledger.Accepted) bool {
		return signed[p.Body] || byNameOf(p) && p.At.Before(rosters[0].At)
	}, nil
}

func byNameOf(p ledger.Accepted) bool { return p.By != "" }

// byName is the test where nobody is known who could sign.
func byName(context.Context) (func(ledger.Accepted) bool, error) { return byNameOf, nil }
