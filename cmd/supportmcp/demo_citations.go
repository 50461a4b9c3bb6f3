package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"supportmcp/policies"
)

// The sections of the sample documents that explain the demo's policy.
const (
	limitsDocument = "kb://northwind/refund-policy.md#limits"
	wordsDocument  = "kb://northwind/refund-policy.md#what-to-say"
)

// citingPolicy writes the default policy into a folder, with the documents that
// explain it, which only the demo has.
func citingPolicy(dir string) (path string, err error) {
	text := string(policies.Default())
	for section, document := range map[string]string{"refund": limitsDocument, "reply": wordsDocument} {
		text = strings.Replace(text, "\n"+section+":\n", "\n"+section+":\n  cite: "+document+"\n", 1)
	}
	path = filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write the demo's policy: %w", err)
	}
	return path, nil
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
