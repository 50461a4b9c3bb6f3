package tools_test

import (
	"fmt"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/server/servertest"
)

// An ordinary ticket with its billing stays under 1,000 tokens, of which each is
// more than three bytes of such JSON.
func TestAnOrdinaryTicketIsShort(t *testing.T) {
	t.Parallel()
	d := desk(t)
	d.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_ordinary", Name: "Ordinary Customer Ltd.", Email: "ordinary@example.com", Currency: "eur", Card: &stripeapi.Card{Brand: "visa", Last4: "4242"}})
	for i := range 6 {
		at := d.Clock.Now().AddDate(0, -i, -3)
		d.Stripe.AddCharge(stripeapi.Charge{ID: fmt.Sprintf("ch_3PqRsT2eZvKYlo2C1x%03d", i), Customer: "cus_ordinary", Amount: 4900, Currency: "eur", Created: at, Description: "Team monthly, 5 seats"})
	}
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_1PqRsT2eZvKYlo2C", Customer: "cus_ordinary", Items: []stripeapi.Item{{Price: "price_team_monthly"}}, Created: d.Clock.Now().AddDate(0, -6, -3)})
	const contact = "65bb00000000000000000001"
	d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: "Olga Ordinary", Email: "ordinary@example.com", ExternalID: "user-ordinary"})
	var messages []intercomapi.Message
	for i := range 4 {
		from := []string{"contact:" + contact, "admin:8001"}[i%2]
		messages = append(messages, intercomapi.Message{
			From: from, At: d.Clock.Now().Add(time.Duration(i-5) * time.Hour),
			Body: "Thank you for the quick answer. I looked at the invoice again, and two of the five seats were removed before the month began, so they should not be on it.",
		})
	}
	d.Intercom.AddConversation(intercomapi.Conversation{ID: "219900000000099", Contacts: []string{contact}, Messages: messages})
	a := d.Call("get_conversation", args{"conversation_id": "219900000000099"})
	golden(t, "testdata/ordinary_ticket.json", pretty(t, a.Text))
	if len(a.Text) > 3000 {
		t.Errorf("the answer is %d bytes long: %s", len(a.Text), a.Text)
	}
}

// However much there is, an answer stays bounded, and says what it leaves out.
func TestALongTicketIsBounded(t *testing.T) {
	t.Parallel()
	d := desk(t)
	var charges []stripeapi.Charge
	for i := range 60 {
		charges = append(charges, stripeapi.Charge{Amount: int64(1000 + i), Description: "Team monthly"})
	}
	conversation := d.Open(servertest.Ticket{Name: "long", Message: "first", Charges: charges})
	for i := range 12 {
		d.Stripe.AddCustomer(stripeapi.Customer{ID: fmt.Sprintf("cus_long_%d", i), Email: "long@example.com"})
	}
	for i := range 60 {
		a := d.Call("reply_to_conversation", args{"conversation_id": conversation, "body": fmt.Sprint("answer ", i)})
		if a.IsError {
			t.Fatalf("answered %s", a.Text)
		}
	}
	a := d.Call("get_conversation", args{"conversation_id": conversation})
	var c struct {
		Messages []struct{ Text string }
		Omitted  int `json:"older_messages_omitted"`
		Billing  struct {
			Doubt     string
			Customers []struct{ Payments []any }
		}
	}
	a.Into(t, &c)
	if len(c.Messages) != 20 || c.Omitted != 41 || c.Messages[19].Text != "answer 59" {
		t.Errorf("%d messages are told and %d left out, the last is %+v", len(c.Messages), c.Omitted, c.Messages[len(c.Messages)-1])
	}
	if c.Billing.Doubt != "13 Stripe customers have the contact's e-mail address" || len(c.Billing.Customers) > 4 {
		t.Errorf("the billing is %+v", c.Billing)
	}
	if len(a.Text) > maxAnswer {
		t.Errorf("the answer is %d bytes long", len(a.Text))
	}
}
