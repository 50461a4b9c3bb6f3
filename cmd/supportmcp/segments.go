package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/segments"
)

func segmentsCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "segments", Short: "Define segments of Stripe facts, preview, apply and undo them", Args: cobra.NoArgs, RunE: help,
		Long: "A segment is a filter over the billing index, such as cards-expiring, which is there from the start. Applying\n" +
			"one tags its members in Intercom, under the same policy and with the same approvals as for agents (docs/segments.md).",
	}
	c.AddCommand(segmentsListCommand(w), segmentsDefineCommand(w), segmentsPreviewCommand(w), segmentsApplyCommand(w), segmentsRevertCommand(w))
	return c
}

func segmentsListCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the segments that are defined", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				all, err := segments.NewStore(l, w.now).Definitions(ctx)
				if err != nil {
					return err
				}
				tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(tw, "NAME\tVERSION\tTITLE\tFILTER")
				for _, d := range all {
					filter, err := json.Marshal(d.Filter)
					if err != nil {
						return fmt.Errorf("encode the filter of %s: %w", d.Name, err)
					}
					fmt.Fprintf(tw, "%s\t%d\t%s\t%s\n", d.Name, d.Version, oneLine(d.Title), filter)
				}
				return tw.Flush()
			})
		},
	}
}

func segmentsDefineCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "define FILE", Short: "Define a segment, or a new version of one, from a YAML or JSON file; - is standard input", Args: one,
		Example: "  echo '{name: late, title: Late payers, filter: {past_due: true}}' | supportmcp segments define -",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := readDefinition(args[0], w)
			if err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				d, err := segments.NewStore(l, w.now).Define(ctx, d)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(w.out, "%s is defined, version %d\n", d.Name, d.Version)
				return err
			})
		},
	}
}

// longestDefinition is more bytes than any definition has.
const longestDefinition = 1 << 20

func readDefinition(path string, w world) (d segments.Definition, err error) {
	var text []byte
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(w.in, longestDefinition))
	} else {
		text, err = os.ReadFile(path) //nolint:gosec // the operator names the file
	}
	if err != nil {
		return d, fmt.Errorf("read the definition: %w", err)
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return d, fault.Invalidf("docs/segments.md has examples", "the definition is no YAML: %v", err)
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		return d, fault.Invalidf("write keys as text", "the definition cannot be read: %v", err)
	}
	var in struct {
		Name   string          `json:"name"`
		Title  string          `json:"title"`
		Filter json.RawMessage `json:"filter"`
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return d, fault.Invalidf("give name, title and filter", "the definition cannot be read: %v", err)
	}
	if in.Filter == nil {
		return d, fault.Invalidf("docs/segments.md lists the conditions", "the definition has no filter")
	}
	d.Name, d.Title = in.Name, in.Title
	d.Filter, err = segments.ParseFilter(in.Filter)
	return d, err
}

// previewed is what preview_segment answers.
type previewed struct {
	Plan      string    `json:"plan_id"`
	Title     string    `json:"title"`
	Version   int       `json:"version"`
	AsOf      time.Time `json:"as_of"`
	Customers int       `json:"customers"`
	Members   int       `json:"members"`
	Unmatched int       `json:"unmatched"`
	Several   int       `json:"several"`
	Enter     int       `json:"enter"`
	Leave     int       `json:"leave"`
	Sample    []struct {
		Contact  string `json:"contact_id"`
		Customer string `json:"customer_id"`
		Leaves   bool   `json:"leaves"`
	} `json:"sample"`
}

func segmentsPreviewCommand(w world) *cobra.Command {
	args := map[string]*string{"tag": new(string), "attribute": new(string), "value": new(string)}
	c := &cobra.Command{
		Use: "preview SEGMENT", Short: "Work out whom a segment would change, and keep that as a plan", Args: one,
		Example: "  supportmcp segments preview cards-expiring --tag card-expiring\n  supportmcp segments preview billing-attributes",
		RunE: func(cmd *cobra.Command, names []string) (err error) {
			h, err := handsOf(cmd.Context(), w)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.ledger.Close()) }()
			call := map[string]string{"segment": names[0]}
			for name, v := range args {
				if *v != "" {
					call[name] = *v
				}
			}
			var p previewed
			if err := h.ask(cmd.Context(), "preview_segment", call, &p); err != nil {
				return err
			}
			return p.print(w)
		},
	}
	c.Flags().StringVar(args["tag"], "tag", "", "the tag that members get and leavers lose")
	c.Flags().StringVar(args["attribute"], "attribute", "", "a custom attribute that members get and leavers lose")
	c.Flags().StringVar(args["value"], "value", "", "of the attribute")
	return c
}

func (p previewed) print(w world) error {
	fmt.Fprintf(w.out, "%s (version %d), facts of %s\n\n", oneLine(p.Title), p.Version, p.AsOf.Format(time.RFC3339))
	fmt.Fprintf(w.out, "customers   %d\nmembers     %s\nunmatched   %s without a contact\nin doubt    %s, left alone\nenter       %s\nleave       %s\n",
		p.Customers, counted(p.Members, "contact"), counted(p.Unmatched, "customer"), counted(p.Several, "customer"), counted(p.Enter, "contact"), counted(p.Leave, "contact"))
	for _, s := range p.Sample {
		sign := "+"
		if s.Leaves {
			sign = "-"
		}
		fmt.Fprintf(w.out, "  %s %s %s\n", sign, oneLine(s.Contact), oneLine(s.Customer))
	}
	_, err := fmt.Fprintf(w.out, "\nCarry it out:  supportmcp segments apply %s\n", p.Plan)
	return err
}
