package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"supportmcp/policies"
)

// segmentFacts prints what an approver must know before many contacts are changed.
// A revert and a sync hold the same facts.
func segmentFacts(e policies.Entry, line func(name, value string)) {
	var r policies.Revert
	if err := json.Unmarshal(e.Facts, &r); err != nil {
		line("facts", "cannot be read: "+err.Error())
		return
	}
	line("segment", fmt.Sprintf("%s, version %d", r.Definition, r.Version))
	line("undoes", r.Action)
	line("tag", r.Tag)
	line("attributes", strings.Join(r.Attributes, ", "))
	gets, loses := "get it", "lose it"
	if r.Tag == "" {
		gets, loses = "are changed", "are changed back"
	}
	line("contacts", fmt.Sprintf("%d %s, %d %s", r.Adds, gets, r.Removes, loses))
	if r.Doubtful > 0 {
		line("left alone", fmt.Sprintf("%d customers with no contact, or with several", r.Doubtful))
	}
	line("plan", r.Plan)
}
