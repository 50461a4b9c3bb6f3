package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/sandbox/samples"
	"supportmcp/policies"
)

// The demo must not show a document that is at odds with the guard beside it.
func TestTheDemosDocumentsPromiseWhatItsPolicyEnforces(t *testing.T) {
	t.Parallel()
	path, err := writePolicy(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policies.Parse(path, text)
	if err != nil {
		t.Fatal(err)
	}
	docs, refused, err := knowledge.ReadFolder("northwind", samples.Knowledge())
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	library, err := knowledge.New(docs)
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	w := world{out: &told, now: time.Now}
	if (promised{path, text}).compare(w, docs) > 0 || !strings.Contains(told.String(), ": 5 limits in 1 document.") {
		t.Error(told.String())
	}
	if got := p.Citations(); len(got) != 2 || printLostCitations(t.Context(), w, library, got) > 0 {
		t.Errorf("of %v are lost: %s", got, told.String())
	}
}
