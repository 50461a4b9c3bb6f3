package main

import (
	"github.com/spf13/cobra"

	"supportmcp/policies"
)

func policyCommand(w world) *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Write, prove, explain and compare policies", Args: cobra.NoArgs, RunE: help}
	c.AddCommand(&cobra.Command{
		Use: "print-default", Short: "Print the default policy, to start your own from", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := w.out.Write(policies.Default())
			return err
		},
	}, &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of the policy file, for editors", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := w.out.Write(policies.Schema())
			return err
		},
	}, checkPolicyCommand(w), testPolicyCommand(w), explainCommand(w), diffCommand(w), reportCommand(w), suggestCommand(w), applyCommand(w))
	return c
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// parsePolicy reads and compiles a policy file; "" is the default policy.
func parsePolicy(path string) (*policies.Policy, error) {
	name, text, err := readPolicy(path)
	if err != nil {
		return nil, err
	}
	return policies.Parse(name, text)
}

// configuredPolicy is the policy of the given file, or that of the environment.
func configuredPolicy(w world, args []string) (*policies.Policy, error) {
	if len(args) > 0 {
		return parsePolicy(args[0])
	}
	cfg, err := readConfig(w.environ)
	if err != nil {
		return nil, err
	}
	return parsePolicy(cfg.Policy)
}
