package tools_test

import (
	"strings"
	"testing"
	"time"

	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// few lets an agent look at three different customers in an hour.
func few(t *testing.T) string {
	t.Helper()
	out := strings.Replace(policy, "lookup: {customers: 30}", "lookup: {customers: 3, window: 1h}", 1)
	if out == policy {
		t.Fatal("the policy has no lookup section")
	}
	return out
}

func TestAnAgentSeesOnlySoManyDifferentCustomersInAWindow(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: few(t)})
	found := func(d *servertest.Desk, call args) string {
		return ask[customersTold](t, d, "find_customers", call).ids()
	}
	began := d.Clock.Now()
	if got := found(d, args{"email": "sam.porter@example.com"}); got != "cus_sam_new cus_sam_old" {
		t.Fatalf("found %s", got)
	}
	d.Clock.Advance(time.Minute)
	found(d, args{"customer_id": "cus_maria"})
	denied := d.Call("find_customers", args{"customer_id": "cus_tom"})
	free := began.Add(time.Hour).UTC().Format(time.RFC3339)
	if denied.Code != "refused" || !strings.Contains(denied.Message, "3 of 3 in 1h are used") || !strings.Contains(denied.NextStep, free) || strings.Contains(string(denied.Text), "cus_tom") {
		t.Errorf("a fourth customer is answered %s", denied.Text)
	}
	if got := found(d, args{"email": "sam.porter@example.com"}) + " " + found(d, args{"customer_id": "cus_maria"}); got != "cus_sam_new cus_sam_old cus_maria" {
		t.Errorf("who was seen before is answered %s", got)
	}
	if got := found(d, args{"customer_id": "cus_nobody"}); got != "" {
		t.Errorf("nobody is answered %s", got)
	}
	other := d.Another(servertest.Setup{Policy: few(t)})
	if a := other.Call("find_customers", args{"customer_id": "cus_tom"}); a.Code != "refused" {
		t.Errorf("another process counts anew: %s", a.Text)
	}
	colleague := d.Another(servertest.Setup{Policy: few(t), Principal: "colleague"})
	if got := found(colleague, args{"customer_id": "cus_tom"}); got != "cus_tom" {
		t.Errorf("another agent is answered %s", got)
	}
	d.Clock.Advance(time.Hour - time.Minute)
	if got := found(d, args{"customer_id": "cus_tom"}); got != "cus_tom" {
		t.Errorf("an hour later: %s", got)
	}
	if n := d.Entries("lookup"); n["done"] != 5 || n["denied"] != 2 {
		t.Errorf("on record are %v", n)
	}
}

// Of many that are found, as many are shown as there is room for.
func TestWhatTheLookupBudgetHasNoRoomForIsNotShown(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: few(t)})
	ask[customersTold](t, d, "find_customers", args{"customer_id": "cus_maria"})
	ask[customersTold](t, d, "find_customers", args{"customer_id": "cus_tom"})
	a := d.Call("find_customers", args{"email": "sam.porter@example.com"})
	var got customersTold
	a.Into(t, &got)
	if len(got.Customers) != 1 || !strings.Contains(string(a.Text), "others that were found are not shown") {
		t.Errorf("answered %s", a.Text)
	}
}

// A process that dies while it records a lookup leaves nothing for a person to do.
func TestALookupThatADyingProcessLeftIsEndedByTheWorker(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: few(t)})
	_, _, err := d.Ledger.Begin(t.Context(), policies.Draft{
		Kind: policies.KindLookup, Principal: servertest.Agent, Subject: policies.Lookup{By: servertest.Agent, Customer: "cus_tom"}.Subject(), Lease: time.Second, Expires: time.Hour,
		Input: []byte(`{"by":"agent","customer_id":"cus_tom"}`), Facts: []byte(`{"by":"agent","customer":"cus_tom"}`), Digest: "d",
	}, func(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.Allow} })
	must(t, err)
	d.Settle()
	if n := d.Entries("lookup"); n["done"] != 1 {
		t.Errorf("on record are %v", n)
	}
}
