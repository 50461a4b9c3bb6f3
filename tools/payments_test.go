package tools_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/server/servertest"
)

// paid is what a test reads of billing.
type paid struct {
	Customers []struct {
		Customer             string `json:"customer_id"`
		TiedBy               string `json:"tied_by"`
		Subscriptions        []any
		SubscriptionsOmitted int `json:"subscriptions_omitted"`
		Payments             []struct {
			Charge         string `json:"charge_id"`
			DuplicateOf    string `json:"duplicate_of"`
			Policy         string
			Refunds        []string
			RefundsOmitted int `json:"refunds_omitted"`
		}
		Next string `json:"next_cursor"`
	}
	Omitted int `json:"customers_omitted"`
	Doubt   string
}

func (p paid) charges() []string {
	var out []string
	for _, c := range p.Customers {
		for _, payment := range c.Payments {
			out = append(out, payment.Charge)
		}
	}
	return out
}

func overview(t *testing.T, d *servertest.Desk, call args) paid {
	t.Helper()
	a := d.Call("get_billing_overview", call)
	if a.IsError {
		t.Fatalf("answered %s", a.Text)
	}
	checkText(t, a.Text)
	var p paid
	a.Into(t, &p)
	return p
}

// regular is a customer of many payments, and their ids, newest first.
func regular(t *testing.T, n int) (d *servertest.Desk, conversation string, ids []string) {
	t.Helper()
	d = desk(t)
	charges := make([]stripeapi.Charge, n)
	for i := range charges {
		charges[i] = stripeapi.Charge{Amount: int64(1000 + i), Description: "Team monthly"}
		ids = append(ids, fmt.Sprintf("ch_regular_%d", i+1))
	}
	return d, d.Open(servertest.Ticket{Name: "regular", Message: "all my payments", Charges: charges}), ids
}

func TestAllPaymentsAreReachedOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 6, 7, 20, 26, 27, 60} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			d, conversation, want := regular(t, n)
			var got []string
			call := args{"conversation_id": conversation}
			for {
				p := overview(t, d, call)
				c := p.Customers[0]
				if len(p.Customers) != 1 || c.Customer != "cus_regular" || c.TiedBy != "e-mail" || len(c.Payments) == 0 || c.Payments[0].Policy == "" {
					t.Fatalf("a page is %+v", p)
				}
				if first := call["cursor"] == nil; first != (c.Subscriptions != nil) {
					t.Errorf("subscriptions are told: %v", c.Subscriptions)
				}
				got = append(got, p.charges()...)
				if c.Next == "" {
					break
				}
				call = with(call, "cursor", c.Next)
				d.Stripe.AddCharge(stripeapi.Charge{ID: fmt.Sprint("ch_new_", len(got)), Customer: "cus_regular", Amount: 500, Currency: "eur"})
			}
			same(t, "the payments and what was read", want, got)
		})
	}
}

func TestAPaymentOnALaterPageIsToldAsOnTheFirst(t *testing.T) {
	t.Parallel()
	d := desk(t)
	var charges []stripeapi.Charge
	for i := range 12 {
		charges = append(charges, stripeapi.Charge{Amount: int64(1000 + i/2)}) // in pairs of equals
	}
	conversation := d.Open(servertest.Ticket{Name: "pairs", Message: "twice", Charges: charges})
	for i := range 5 {
		d.Stripe.AddRefund(stripeapi.Refund{ID: fmt.Sprint("re_pairs_", i), Charge: "ch_pairs_12", Amount: 10})
	}
	first := overview(t, d, args{"conversation_id": conversation})
	second := overview(t, d, args{"conversation_id": conversation, "cursor": first.Customers[0].Next})
	if got := first.Customers[0].Payments[0]; got.DuplicateOf != "ch_pairs_2" || got.Policy != "allow" {
		t.Errorf("the first payment is %+v", got)
	}
	later := second.Customers[0].Payments
	if got := later[0]; got.Charge != "ch_pairs_7" || got.DuplicateOf != "ch_pairs_8" || got.Policy != "allow" {
		t.Errorf("the seventh payment is %+v", got)
	}
	if got := later[5]; len(got.Refunds) != 3 || got.RefundsOmitted != 2 {
		t.Errorf("the refunded payment is %+v", got)
	}
}

func TestMoreSubscriptionsAndCustomersThanShownAreSaid(t *testing.T) {
	t.Parallel()
	d, conversation, _ := regular(t, 60)
	for i := range 11 {
		d.Stripe.AddSubscription(stripeapi.Subscription{ID: fmt.Sprintf("sub_regular_%d", i), Customer: "cus_regular", Items: []stripeapi.Item{{Price: "price_team_monthly"}}})
	}
	p := overview(t, d, args{"conversation_id": conversation})
	if c := p.Customers[0]; len(c.Subscriptions) != 8 || c.SubscriptionsOmitted != 3 || len(c.Payments) != 6 || c.Next == "" || p.Omitted != 0 {
		t.Errorf("the billing is %+v", p)
	}
	for i := range 12 {
		d.Stripe.AddCustomer(stripeapi.Customer{ID: fmt.Sprintf("cus_regular_%d", i), Email: "regular@example.com"})
	}
	p = overview(t, d, args{"conversation_id": conversation})
	if len(p.Customers) != 4 || p.Omitted != 9 || p.Customers[0].Customer != "cus_regular" || p.Customers[0].SubscriptionsOmitted+len(p.Customers[0].Subscriptions) != 11 {
		t.Errorf("the billing is %+v", p)
	}
	got := p.charges()
	for cursor := p.Customers[0].Next; cursor != ""; {
		p := overview(t, d, args{"conversation_id": conversation, "cursor": cursor})
		got, cursor = append(got, p.charges()...), p.Customers[0].Next
	}
	if slices.Sort(got); len(got) != 60 || len(slices.Compact(got)) != 60 {
		t.Errorf("%d payments are reached", len(got))
	}
}

// A cursor names a customer; whether that is the asker's is found out on every
// call, and neither another's payments nor whether they exist can be read with it.
func TestACursorTiesNobody(t *testing.T) {
	t.Parallel()
	d, conversation, _ := regular(t, 30)
	viktor := sandbox.Conversation("other-customers-charge")
	next := overview(t, d, args{"conversation_id": conversation}).Customers[0].Next
	garbled := stray(t, d, "get_billing_overview", args{"conversation_id": viktor, "cursor": "garbled"})
	for name, cursor := range map[string]string{
		"of another conversation":       next,
		"too long":                      strings.Repeat("A", 401),
		"of another customer":           made("p." + viktor + ".cus_maria..0."),
		"of no customer":                made("p." + viktor + ".cus_nobody..0."),
		"after another's charge":        made("p." + viktor + ".cus_viktor.ch_maria_1.0."),
		"after another's, in dispute":   made("p." + viktor + ".cus_viktor.ch_emil_1.0."),
		"after no charge":               made("p." + viktor + ".cus_viktor.ch_nobody.0."),
		"after what is no charge":       made("p." + viktor + ".cus_viktor.re_000001.0."),
		"after another's, as another's": made("p." + viktor + ".cus_maria.ch_maria_1.0."),
	} {
		if got := stray(t, d, "get_billing_overview", args{"conversation_id": viktor, "cursor": cursor}); got != garbled {
			t.Errorf("a cursor %s is answered %s, one that is garbled %s", name, got, garbled)
		}
	}
}

func TestACursorOfACustomerNoLongerTiedIsAnsweredAsNone(t *testing.T) {
	t.Parallel()
	d, conversation, _ := regular(t, 30)
	call := args{"conversation_id": conversation}
	call["cursor"] = overview(t, d, call).Customers[0].Next
	if got := overview(t, d, call).charges(); len(got) != 20 {
		t.Fatalf("%d payments are read while the customer is tied", len(got))
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.IntercomURL+"/contacts/65aa00000000000000000001", strings.NewReader(`{"email":"moved@example.com"}`))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+sandbox.IntercomToken)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the contact's address cannot be changed: %s", res.Status)
	}
	got := stray(t, d, "get_billing_overview", call)
	if garbled := stray(t, d, "get_billing_overview", with(call, "cursor", "garbled")); got != garbled {
		t.Errorf("answered %s, a garbled one %s", got, garbled)
	}
}

// Whatever is written wherever somebody can write, every page stays within the
// tokens of an answer, and what is left out is said.
func TestTheWorstTicketIsBounded(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a token in every byte": strings.Repeat("\U00012000\U000121f3\U00010080", 1500),
		"ASCII without words":   strings.Repeat(`q"Zx{%7\~Kj#^v|}`, 1000),
		"markup":                strings.Repeat("&lt;&amp;&gt;", 2000),
		"lines":                 strings.Repeat("a<br>", 3000) + ".",
		"Cyrillic":              strings.Repeat("ѯѱѳҋ ", 2000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			conversation := worst(d, text)
			s := page(t, d, conversation, "")
			if len(s.Messages) == 0 || s.Next == "" || !s.Messages[len(s.Messages)-1].Cut {
				t.Errorf("%d messages are told, the cursor is %q", len(s.Messages), s.Next)
			}
			page(t, d, conversation, s.Next)
			rest := s.Messages[len(s.Messages)-1].Rest
			for i := 0; i < 3 && rest != ""; i++ {
				rest = page(t, d, conversation, rest).Messages[0].Rest
			}
			p := overview(t, d, args{"conversation_id": conversation})
			if len(p.Customers) != 4 || p.Omitted == 0 {
				t.Errorf("%d customers are told and %d left out", len(p.Customers), p.Omitted)
			}
			reached := len(p.Customers[0].Payments)
			for cursor := p.Customers[0].Next; cursor != ""; {
				p := overview(t, d, args{"conversation_id": conversation, "cursor": cursor})
				reached += len(p.Customers[0].Payments)
				cursor = p.Customers[0].Next
			}
			if reached != 30 {
				t.Errorf("%d payments are reached, want all 30", reached)
			}
		})
	}
}

// worst is a ticket with as much of a text as there can be, everywhere.
func worst(d *servertest.Desk, text string) (conversation string) {
	const contact = "65dd00000000000000000001"
	long, text := text, string([]rune(text)[:400])
	d.Stripe.AddProduct(stripeapi.Product{ID: "prod_worst", Name: text})
	d.Stripe.AddPrice(stripeapi.Price{ID: "price_worst", Product: "prod_worst", Amount: 100, Currency: "eur", Interval: "month"})
	for i := range 6 {
		id := fmt.Sprintf("cus_worst_%d", i)
		d.Stripe.AddCustomer(stripeapi.Customer{ID: id, Name: text, Email: "worst@example.com", Currency: "eur"})
		for j := range 30 {
			charge := stripeapi.Charge{ID: fmt.Sprintf("ch_worst_%d_%d", i, j), Customer: id, Amount: 5000, Currency: "eur", Description: text, Created: d.Clock.Now().Add(-time.Duration(j) * time.Hour)}
			if j%3 == 1 {
				charge.Status, charge.FailureMessage = "failed", text
			}
			d.Stripe.AddCharge(charge)
			for k := range (j + 1) % 3 * 3 {
				d.Stripe.AddRefund(stripeapi.Refund{ID: fmt.Sprintf("re_worst_%d_%d_%d", i, j, k), Charge: charge.ID, Amount: 10, Reference: text})
			}
		}
		for j := range 12 {
			d.Stripe.AddSubscription(stripeapi.Subscription{ID: fmt.Sprintf("sub_worst_%d_%d", i, j), Customer: id, Items: []stripeapi.Item{{Price: "price_worst"}}})
		}
	}
	d.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: text, Email: "worst@example.com"})
	var tags []string
	for i := range 60 {
		tags = append(tags, fmt.Sprint(700+i))
		d.Intercom.AddTag(intercomapi.Tag{ID: tags[i], Name: fmt.Sprint(i, text)})
	}
	messages := make([]intercomapi.Message, 25)
	for i := range messages {
		messages[i] = intercomapi.Message{From: "contact:" + contact, Body: long}
		for range 10 {
			messages[i].Attachments = append(messages[i].Attachments, intercomapi.Attachment{Name: text, ContentType: text})
		}
	}
	d.Intercom.AddConversation(intercomapi.Conversation{ID: "219900000000066", Title: text, Contacts: []string{contact}, Tags: tags, Messages: messages})
	return "219900000000066"
}
