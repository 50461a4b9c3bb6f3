package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func applyCommand(w world) *cobra.Command {
	var by string
	c := &cobra.Command{
		Use: "apply FILE", Short: "Put a policy in force that loosens the one before", Args: one,
		Long: "A running server takes up a changed policy file by itself, unless the file allows anything that was not\n" +
			"allowed before: that takes an approver. First put the file in its place (SUPPORTMCP_POLICY), then apply it.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if by == "" {
				by = userName()
			}
			text, file, err := toApply(w, args[0])
			if err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				return applyPolicy(ctx, w, l, file, ledger.Accepted{Body: string(text), By: by})
			})
		},
	}
	c.Flags().StringVar(&by, "as", "", "who lets it through; your user name when left out")
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

func applyPolicy(ctx context.Context, w world, l *ledger.Ledger, file *policies.Policy, a ledger.Accepted) error {
	history, err := l.Policies(ctx)
	if err != nil {
		return err
	}
	s := policies.Stand("policy", file, recorded(history, approved))
	if s.InForce != nil && s.InForce.Revision == file.Revision {
		_, err := fmt.Fprintf(w.out, "Revision %s is in force already.\n", file.Revision)
		return err
	}
	a.Seq = int64(len(history)) + 1
	if err := l.Accept(ctx, a); err != nil {
		return err
	}
	fmt.Fprintf(w.out, "Revision %s is let through by %s; running servers take it up within seconds.\n", file.Revision, oneLine(a.By))
	for _, d := range s.Looser {
		fmt.Fprintln(w.out, "  looser: "+oneLine(d))
	}
	return nil
}
