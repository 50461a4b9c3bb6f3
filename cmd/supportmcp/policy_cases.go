package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

func testPolicyCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "test [FILE [CASES…]]", Short: "Judge cases, and say what no case touches",
		Long: "Judge cases by a policy and compare the decisions with those that the cases want. Without CASES, the cases of\n" +
			"the default policy are judged; without FILE, by the default policy. Then say which rules and bounds of the policy\n" +
			"could be gone without any case noticing. Nothing is read but the files. docs/policies/README.md has the format.",
		RunE: func(_ *cobra.Command, args []string) error {
			file := ""
			if len(args) > 0 {
				file = args[0]
			}
			p, err := parsePolicy(file)
			if err != nil {
				return err
			}
			cases, err := readCases(args)
			if err != nil {
				return err
			}
			failed := printChecks(w, p, cases)
			printCoverage(w, p, cases)
			if failed {
				return errSilent
			}
			return nil
		},
	}
}

// readCases reads the named files of cases, or those of the default policy.
func readCases(args []string) ([]*policies.Cases, error) {
	if len(args) < 2 {
		return policies.DefaultCases()
	}
	var all []*policies.Cases
	var problems []error
	for _, name := range args[1:] {
		c, err := readCaseFile(name)
		all, problems = append(all, c), append(problems, err)
	}
	return all, errors.Join(problems...)
}

func readCaseFile(name string) (*policies.Cases, error) {
	b, err := os.ReadFile(name) //nolint:gosec // whoever runs the command names the file
	if err != nil {
		return nil, fmt.Errorf("read the cases: %w", err)
	}
	c, err := policies.ParseCases(name, b)
	if err != nil {
		return nil, err
	}
	if c.Policy != nil {
		return nil, fault.Invalidf("take policy.yaml out of the file", "%s brings a policy of its own, which is not the one that is tested", name)
	}
	return c, nil
}

// printChecks tells every case that is decided otherwise, and whether there is one.
func printChecks(w world, p *policies.Policy, all []*policies.Cases) (failed bool) {
	var total, wrong int
	for _, file := range all {
		for _, c := range file.Cases {
			total++
			if told := c.Check(p); len(told) > 0 {
				wrong++
				fmt.Fprintf(w.out, "FAILED  %s: %s\n        %s\n", oneLine(file.Name), oneLine(c.Name), visible(strings.Join(told, "\n        ")))
			}
		}
	}
	fmt.Fprintf(w.out, "%s, %d decided otherwise than wanted\n", counted(total, "case"), wrong)
	return wrong > 0
}

func printCoverage(w world, p *policies.Policy, all []*policies.Cases) {
	var cases []policies.Case
	for _, file := range all {
		cases = append(cases, file.Cases...)
	}
	c := policies.Cover(p, cases)
	fmt.Fprintf(w.out, "%d of %d rules and bounds are needed by a case\n", c.Rules-len(c.Untouched), c.Rules)
	for _, path := range c.Untouched {
		fmt.Fprintf(w.out, "  untouched: %s\n", oneLine(path))
	}
}
