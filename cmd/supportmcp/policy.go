package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"supportmcp/policies"
)

func policyCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "The policy file", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(&cobra.Command{
		Use: "print-default", Short: "Print the default policy, to start your own from", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := w.out.Write(policies.Default())
			return err
		},
	}, &cobra.Command{
		Use: "check FILE", Short: "Say everything that is wrong with a policy file", Args: one,
		RunE: func(_ *cobra.Command, args []string) error {
			name, text, err := readPolicy(args[0])
			if err != nil {
				return err
			}
			p, err := policies.Parse(name, text)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w.out, "%s is a valid policy, revision %s\n", oneLine(name), p.Revision)
			return err
		},
	})
	c.AddCommand(applyCommand(w))
	return c
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }
