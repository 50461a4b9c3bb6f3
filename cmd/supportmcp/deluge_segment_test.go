package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

const (
	unpaidTag   = "unpaid"
	unpaidTagID = "7100"
	// tagging is what the policy of a deluge needs for its segment.
	tagging = "segment: {allow: [" + unpaidTag + "], max: 1000}\n"
	unpaid  = "{name: unpaid, title: Who has not paid, filter: {delinquent: true}}"
	// payers are those with a contact who are not in the segment.
	payers = 20
)

// campaign is a segment of many contacts, which a client wants tagged and a person
// approves.
type campaign struct {
	*deluge
	n            int
	plan, action string // of the one job
	receipt      int    // contacts
}

func newCampaign(d *deluge, n int) *campaign {
	d.t.Helper()
	d.Intercom.AddAttribute("stripe_customer_id", "string")
	d.Intercom.AddTag(intercomapi.Tag{ID: unpaidTagID, Name: unpaidTag})
	for i := range n + payers {
		customer := fmt.Sprintf("cus_campaign%06d", i)
		d.Stripe.AddCustomer(stripeapi.Customer{ID: customer, Currency: "eur", Delinquent: i < n})
		d.Intercom.AddContact(intercomapi.Contact{ID: debtor(i), ExternalID: customer, CustomAttributes: map[string]any{"stripe_customer_id": customer}})
	}
	c := &campaign{deluge: d, n: n}
	definition := filepath.Join(d.t.TempDir(), "unpaid.yaml")
	if err := os.WriteFile(definition, []byte(unpaid), 0o600); err != nil {
		d.t.Fatal(err)
	}
	hireProgram(d.t, "supportmcp-mortal", d.environ, "serve").leave() // its first start makes the ledger
	c.person("segments", "define", definition)
	c.person("index", "sync")
	if d.t.Failed() {
		d.t.FailNow()
	}
	return c
}

func debtor(i int) string { return fmt.Sprintf("64f3%020d", i) }

// person types a command.
func (c *campaign) person(args ...string) {
	c.t.Helper()
	if got := typeAt(c.t, c.Clock.Now, c.environ, args...); got.status != 0 {
		c.t.Errorf("%v: %s", args, got.err)
	}
}

func (c *campaign) jobs() []func(*agent) bool { return []func(*agent) bool{c.ask} }

// ask makes the next step: to a plan, to a person, or to the end.
func (c *campaign) ask(a *agent) bool {
	tool, args := "apply_segment", map[string]any{"plan_id": c.plan}
	if c.plan == "" {
		tool, args = "preview_segment", map[string]any{"segment": "unpaid", "tag": unpaidTag}
	}
	got := a.call(tool, args)
	switch {
	case got.Error && got.Code != string(fault.Busy):
		c.t.Errorf("%s answers %s", tool, got)
		return true
	case got.Plan != "":
		c.plan = got.Plan
	case got.State == policies.Awaiting:
		c.person("approvals", "approve", got.Action)
	}
	c.action, c.receipt = got.Action, got.Receipt.Changed
	return got.State == policies.Done
}

func (c *campaign) compare(t *testing.T) {
	t.Helper()
	if c.receipt != c.n {
		t.Errorf("%s tells of %d contacts, not of %d", c.action, c.receipt, c.n)
	}
	writes := map[string]int{}
	for _, r := range c.Intercom.Desk.Requests() {
		if r.Method != http.MethodGet && taggingPath(r.Path) {
			writes[r.Path]++
		}
	}
	if len(writes) != c.n {
		t.Errorf("tags of %d contacts were written, not of %d", len(writes), c.n)
	}
	for i := range c.n + payers {
		contact, _ := c.Intercom.Contact(debtor(i))
		want := ""
		if i < c.n {
			want = unpaidTagID
		}
		if got, sent := strings.Join(contact.Tags, ", "), writes["/contacts/"+debtor(i)+"/tags"]; got != want || sent != len(contact.Tags) {
			t.Errorf("customer %d has the tags %q, written %d times", i, got, sent)
		}
	}
}

// taggingPath reports whether writes there set tags of contacts.
func taggingPath(path string) bool {
	return strings.HasPrefix(path, "/contacts/") && strings.Contains(path, "/tags")
}
