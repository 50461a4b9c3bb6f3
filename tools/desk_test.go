package tools_test

import (
	"testing"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func onlyEntry(t *testing.T, d *servertest.Desk) policies.Entry {
	t.Helper()
	es, err := d.Ledger.List(t.Context(), ledger.Filter{})
	must(t, err)
	if len(es) != 1 {
		t.Fatalf("the ledger holds %d entries, want one", len(es))
	}
	return es[0]
}
