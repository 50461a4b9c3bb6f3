package servertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/ledger"
	"supportmcp/internal/money"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// State is all that can change: one line for each refund, conversation, message
// and ledger entry, by its name.
type State map[string]string

// Look writes down how Stripe, Intercom and the ledger stand.
func (d *Desk) Look() State {
	d.t.Helper()
	s := State{}
	for _, r := range d.Stripe.Refunds() {
		s["stripe "+r.ID] = fmt.Sprintf("%s of %s, %s, key %s", money.Of(r.Amount, money.Currency(r.Currency)), r.Charge, r.Status, r.Metadata["operation_id"])
	}
	for _, id := range d.conversations() {
		d.lookAt(id, s)
	}
	for _, e := range d.entries() {
		s["ledger "+e.ID] = fmt.Sprintf("%s %s %s", e.Kind, e.State, e.Subject.Cost)
	}
	return s
}

func (d *Desk) conversations() []string {
	out := slices.Clone(d.opened)
	for _, story := range sandbox.Stories() {
		out = append(out, story.Conversation)
	}
	return out
}

func (d *Desk) lookAt(id string, s State) {
	c, ok := d.Intercom.Conversation(id)
	if !ok {
		return
	}
	var tags []string
	for _, t := range c.Tags {
		tags = append(tags, t.Name)
	}
	s["intercom "+id] = strings.TrimSpace(c.State + " " + strings.Join(tags, ","))
	if !c.SnoozedUntil.IsZero() {
		s["intercom "+id] += " until " + c.SnoozedUntil.Format(time.RFC3339)
	}
	for _, p := range c.Parts {
		s["intercom "+id+" part "+p.ID] = p.Type + ": " + p.Text
	}
}

func (d *Desk) entries(states ...policies.State) []policies.Entry {
	d.t.Helper()
	es, err := d.Ledger.List(d.t.Context(), ledger.Filter{States: states, OldestFirst: true, Limit: 1000})
	d.must(err)
	return es
}

// Recorded are all entries of the ledger, oldest first.
func (d *Desk) Recorded() []policies.Entry {
	d.t.Helper()
	return d.entries()
}

// Changes are the lines that are not as they were, in the order of their names.
func (d *Desk) Changes(before State) []string {
	d.t.Helper()
	var out []string
	after := d.Look()
	for name, now := range after {
		if before[name] != now {
			out = append(out, name+": "+now)
		}
	}
	for name := range before {
		if _, still := after[name]; !still {
			out = append(out, name+": gone")
		}
	}
	slices.Sort(out)
	return out
}

// Unchanged fails the test unless all is as it was.
func (d *Desk) Unchanged(t testing.TB, before State) {
	t.Helper()
	if diff := cmp.Diff(before, d.Look()); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
}

// VendorsUnchanged fails the test unless Stripe and Intercom are as they were.
// The ledger may hold more: refusals are recorded.
func (d *Desk) VendorsUnchanged(t testing.TB, before State) {
	t.Helper()
	if diff := cmp.Diff(before.vendors(), d.Look().vendors()); diff != "" {
		t.Errorf("something changed at the vendors (-before +after):\n%s", diff)
	}
}

// MoneyUnchanged fails the test unless Stripe is as it was.
func (d *Desk) MoneyUnchanged(t testing.TB, before State) {
	t.Helper()
	if diff := cmp.Diff(before.money(), d.Look().money()); diff != "" {
		t.Errorf("something changed in Stripe (-before +after):\n%s", diff)
	}
}

func (s State) money() State {
	out := s.vendors()
	for name := range out {
		if strings.HasPrefix(name, "intercom ") {
			delete(out, name)
		}
	}
	return out
}

func (s State) vendors() State {
	out := State{}
	for name, line := range s {
		if !strings.HasPrefix(name, "ledger ") {
			out[name] = line
		}
	}
	return out
}

// Entries counts the ledger's entries of a kind by state.
func (d *Desk) Entries(kind string) map[string]int {
	d.t.Helper()
	out := map[string]int{}
	for _, e := range d.entries() {
		if string(e.Kind) == kind {
			out[string(e.State)]++
		}
	}
	return out
}

// Parts are the texts of one type on a conversation, oldest first.
func (d *Desk) Parts(conversation, partType string) []string {
	c, _ := d.Intercom.Conversation(conversation)
	var out []string
	for _, p := range c.Parts {
		if p.Type == partType {
			out = append(out, p.Text)
		}
	}
	return out
}

// Ticket is a case of a test's own.
type Ticket struct {
	Name    string // one word, lower case; the customer is cus_NAME, and so on
	Person  string
	Message string
	Charges []stripeapi.Charge // of the customer; the id may be left out
	Channel string             // of the conversation; "" is the Messenger
	Since   time.Time          // when the customer was created; a year ago when zero
}

// Open puts a ticket into both vendors and tells its conversation.
func (d *Desk) Open(k Ticket) (conversation string) {
	n := len(d.opened) + 1
	conversation = fmt.Sprintf("2199000000000%02d", n)
	contact := fmt.Sprintf("65aa%020d", n)
	person := k.Person
	if person == "" {
		person = "A. Customer"
	}
	email := k.Name + "@example.com"
	since := k.Since
	if since.IsZero() {
		since = d.Clock.Now().AddDate(-1, 0, 0)
	}
	d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_" + k.Name, Name: person, Email: email, Currency: "eur", Created: since})
	for i, c := range k.Charges {
		if c.ID == "" {
			c.ID = fmt.Sprintf("ch_%s_%d", k.Name, i+1)
		}
		c.Customer = "cus_" + k.Name
		if c.Currency == "" {
			c.Currency = "eur"
		}
		if c.Created.IsZero() {
			c.Created = d.Clock.Now().Add(-time.Duration(i+1) * time.Hour)
		}
		d.Stripe.AddCharge(c)
	}
	d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: person, Email: email, ExternalID: "user-" + k.Name})
	d.Intercom.AddConversation(intercomapi.Conversation{
		ID: conversation, Contacts: []string{contact}, Channel: k.Channel,
		Messages: []intercomapi.Message{{From: "contact:" + contact, Body: k.Message, At: d.Clock.Now().Add(-time.Hour)}},
	})
	d.opened = append(d.opened, conversation)
	return conversation
}
