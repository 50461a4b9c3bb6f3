package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// The sections of the sample documents that explain the demo's policy.
const (
	limitsDocument = "kb://northwind/refund-policy.md#limits"
	wordsDocument  = "kb://northwind/refund-policy.md#what-to-say"
)

// citing names in the sections of a policy the documents that explain them, which
// only the demo has.
func citing(policy string) string {
	for section, document := range map[string]string{"refund": limitsDocument, "reply": wordsDocument} {
		policy = strings.Replace(policy, "\n"+section+":\n", "\n"+section+":\n  cite: "+document+"\n", 1)
	}
	return policy
}

// explained follows the link of a decision to the section that explains it, as an
// agent does before it answers. words stand in the section. What an earlier run
// decided is not looked into.
func (d *demo) explained(ctx context.Context, a answer, document, words string) error {
	if a.Replayed {
		return nil
	}
	if a.Decision == nil || !slices.Contains(a.Decision.Cites(), document) {
		d.check(false, "the decision cites "+document)
		return nil
	}
	read, err := d.call(ctx, "fetch", map[string]any{"id": document})
	if err != nil {
		return err
	}
	d.check(strings.Contains(textOf(read.raw), words), "the decision cites the section that says “"+words+"”")
	return nil
}

// textOf is the text of a document that was fetched, on one line.
func textOf(raw json.RawMessage) string {
	var document struct{ Text string }
	if json.Unmarshal(raw, &document) != nil {
		return ""
	}
	return strings.Join(strings.Fields(document.Text), " ")
}
