package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"supportmcp/internal/contract"
)

// printVerified writes a row for each difference, a line that counts them, and
// what stays in the accounts.
func printVerified(out io.Writer, r contract.Report) error {
	tw := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	if len(r.Differences) > 0 {
		fmt.Fprintln(tw, "\tCALL\tFIELD\tSANDBOX\tACCOUNT\tSEEN IN")
	}
	for _, d := range r.Differences {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", d.Weight, oneLine(d.Call), oneLine(d.Field), oneLine(d.Sandbox), oneLine(d.Account), strings.Join(d.Steps, ", "))
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := fmt.Fprintf(out, "%s in %s: %s that an adapter reads, %s, %s; %s only in the account\n",
		counted(r.Answers, "answer"), counted(r.Steps, "call"),
		counted(r.Count(contract.Wrong), "difference"), counted(r.Count(contract.Other), "other"), counted(r.Count(contract.Noted), "note"), counted(r.More, "field"))
	if len(r.Left) > 0 {
		fmt.Fprintln(out, "\nStill there:")
	}
	for _, l := range r.Left {
		fmt.Fprintf(out, "  %s %s %s: %s\n", l.Vendor, oneLine(l.What), oneLine(l.ID), oneLine(l.Why))
	}
	return err
}
