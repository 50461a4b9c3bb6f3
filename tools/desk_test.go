package tools_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// policy is what these tests judge by, so that the default may change freely.
const policy = `version: 1
approvals: {expires: 24h}
identity: {claimed: needs_approval}
refund:
  window: 30d
  duplicate_within: 7d
  currencies:
    eur: {auto: 50.00, max: 500.00}
    jpy: {auto: 7500, max: 75000}
    kwd: {auto: 15.000, max: 150.000}
  budgets:
    - {scope: customer, window: 90d, count: 5, sum: {eur: 300.00, jpy: 45000, kwd: 90.000}}
reply: {max_chars: 4000}
tag: {allow: [billing, refunded, duplicate-charge]}
cancel: {at_period_end: allow, now: needs_approval, keep: allow, refund_unused: {eur: {auto: 150.00, max: 300.00}}}
lookup: {customers: 30}
credit: {currencies: {eur: {auto: 10.00, max: 100.00}}}
discount: {coupons: [STAY20, WELCOME10, SORRY5], currencies: {eur: {auto: 50.00, max: 200.00}}, remove: allow, stack: needs_approval}
retry: {currencies: {eur: {auto: 50.00, max: 200.00}}, cooldown: 24h}
contact: {attributes: [plan_note, seats], create: allow}
segment: {allow: [card-expiring], attributes: [billing_plan], max: 100}
`

func desk(t *testing.T) *servertest.Desk {
	t.Helper()
	return servertest.Start(t, servertest.Setup{Policy: policy})
}

// golden compares what was got with a file under testdata, or writes the file
// when the tests run with -update.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, got, 0o644))
		return
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; run the tests with -update if it is meant):\n%s", file, diff)
	}
}

// update makes the tests write their golden files.
var update = flag.Bool("update", false, "write the golden files")

func pretty(t *testing.T, raw []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	must(t, json.Indent(&out, raw, "", "  "))
	out.WriteByte('\n')
	return out.Bytes()
}

func same(t *testing.T, what string, a, b any) {
	t.Helper()
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("%s differ:\n%s", what, diff)
	}
}
