package ledgertest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// link drafts that a contact belongs to a customer, or to none any more.
func link(contact, customer string) policies.Draft {
	l := policies.Link{Asker: policies.Asker{Conversation: "conv_1", Contact: contact}, Customer: customer, Remove: customer == ""}
	return policies.Draft{
		Kind: policies.KindLink, Principal: "agent", Subject: l.Subject(), Lease: lease, Expires: expires,
		Input: json.RawMessage(`{}`), Facts: json.RawMessage(`{"customer":"` + customer + `"}`), Digest: "facts",
	}
}

// links are those of a contact that are done, in the order of becoming done, and
// outlive their texts.
func links(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	want := func(contact string, customers ...string) {
		t.Helper()
		got, err := d.Links(t.Context(), contact)
		if err != nil || !slices.Equal(got, customers) {
			t.Errorf("%s is linked to %q, want %q: %v", contact, got, customers, err)
		}
	}
	want("c1")
	first := d.begin(link("c1", "cus_1"), policies.Allow)
	want("c1")
	d.settle(first.ID, policies.Done)
	want("c1", "cus_1")
	want("c2")
	want("cus_1")
	d.begin(link("c1", "cus_denied"), policies.Deny)
	d.begin(link("c1", "cus_waits"), policies.NeedsApproval)
	failed := d.begin(link("c1", "cus_failed"), policies.Allow)
	d.settle(failed.ID, policies.Failed)
	want("c1", "cus_1")
	d.clock.Advance(time.Second)
	d.settle(d.begin(link("c1", "cus_2"), policies.Allow).ID, policies.Done)
	want("c1", "cus_1", "cus_2")
	d.clock.Advance(time.Second)
	d.settle(d.begin(link("c1", ""), policies.Allow).ID, policies.Done)
	want("c1")
	d.clock.Advance(time.Second)
	d.settle(d.begin(link("c1", "cus_2"), policies.Allow).ID, policies.Done)
	want("c1", "cus_2")
	d.erase(ledger.Data{Customer: "cus_2"})
	want("c1", "cus_2")
}
