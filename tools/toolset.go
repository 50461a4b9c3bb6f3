package tools

import (
	"fmt"
	"slices"
	"strings"
)

// Toolset is a group of tools that an operator publishes together. Each tool
// belongs to one.
type Toolset string

// The toolsets there are.
const (
	Ticket    Toolset = "ticket"    // read a ticket with its billing, and act on it
	Knowledge Toolset = "knowledge" // find and read the company's documents

	BillingExtended Toolset = "billing-extended" // the rarer questions about a customer's billing
	Lookup          Toolset = "lookup"           // look for customers outside of a conversation
	Inbox           Toolset = "inbox"            // find conversations, and what the desk has to work with
	Contacts        Toolset = "contacts"         // find, tag and keep contacts
	Segments        Toolset = "segments"         // tag everybody whose billing is so
)

// Toolsets are all toolsets, in the order of the documents.
func Toolsets() []Toolset {
	return []Toolset{Ticket, Knowledge, BillingExtended, Lookup, Inbox, Contacts, Segments}
}

// DefaultToolsets are what resolving a ticket takes.
func DefaultToolsets() []Toolset { return []Toolset{Ticket, Knowledge} }

// ParseToolsets reads names separated by commas. "all" means every toolset, and
// no text at all the default ones.
func ParseToolsets(text string) ([]Toolset, error) {
	switch strings.TrimSpace(text) {
	case "":
		return DefaultToolsets(), nil
	case "all":
		return Toolsets(), nil
	}
	var sets []Toolset
	for name := range strings.SplitSeq(text, ",") {
		set := Toolset(strings.TrimSpace(name))
		if !slices.Contains(Toolsets(), set) {
			return nil, fmt.Errorf("names the toolset %q, which there is not: use all, or some of %s", set, known())
		}
		sets = append(sets, set)
	}
	return sets, nil
}

func known() string {
	names := make([]string, 0, len(Toolsets()))
	for _, s := range Toolsets() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

// Listed are the tools that clients may see and call: those of the toolsets and,
// when readOnly, only those that change nothing. The worker needs all the others,
// too: what was approved is carried out whether or not its tool is listed.
func Listed(all []Tool, sets []Toolset, readOnly bool) []Tool {
	var listed []Tool
	for _, t := range all {
		if slices.Contains(sets, t.Toolset) && (t.ReadOnly || !readOnly) {
			listed = append(listed, t)
		}
	}
	return listed
}
