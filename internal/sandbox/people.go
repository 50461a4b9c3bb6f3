package sandbox

import (
	"time"

	"supportmcp/internal/sandbox/intercomapi"
)

// people are stories in which it is not plain who pays, or who asks.
func people() []Story {
	return []Story{
		{Name: "two-customers-one-email", Summary: "two Stripe customers, one e-mail address in different case", seed: func(s seeder, st Story) {
			s.customer("cus_sam_new", "Sam Porter", "sam.porter@example.com")
			s.customer("cus_sam_old", "Sam Porter", "Sam.Porter@example.com")
			s.paid("ch_sam_new_1", "cus_sam_new", 2000, 4*day, "Team monthly")
			s.paid("ch_sam_old_1", "cus_sam_old", 2000, 6*day, "Team monthly")
			s.contact(st, intercomapi.Contact{Name: "Sam Porter", Email: "Sam.Porter@example.com", ExternalID: "user-sam"})
			s.asks(st, "I seem to pay twice, with two accounts. Please refund the newer one.")
		}},
		{Name: "no-stripe-customer", Summary: "writes from an address that never paid", seed: func(s seeder, st Story) {
			s.contact(st, intercomapi.Contact{Role: "lead", Name: "Jo Reyes", Email: "jo.reyes@example.net"})
			s.asks(st, "I want my money back!")
		}},
		{Name: "company-pays", Summary: "the asker's company is the customer", seed: func(s seeder, st Story) {
			s.customer("cus_acme", "Acme GmbH", "accounting@acme.example")
			s.paid("ch_acme_1", "cus_acme", 4800, 7*day, "Extra seats")
			s.intercom.AddCompany(intercomapi.Company{ID: "64f0c0000000000000000001", CompanyID: "acme", Name: "Acme GmbH", CustomAttributes: map[string]any{"stripe_customer_id": "cus_acme"}})
			s.contact(st, intercomapi.Contact{Name: "Dana Weiss", Email: "dana.weiss@acme.example", ExternalID: "user-dana", Companies: []string{"64f0c0000000000000000001"}})
			s.asks(st, "We removed two seats last week, but Acme was still charged 48 euros for them. Please refund.")
		}},
		{Name: "known-by-attribute", Summary: "pays under another address than the one that writes", seed: func(s seeder, st Story) {
			s.customer("cus_mila", "Mila Roth", "mila.private@example.org")
			s.paid("ch_mila_1", "cus_mila", 2000, 3*day, "Team monthly")
			s.contact(st, intercomapi.Contact{Name: "Mila Roth", Email: "mila@work.example", ExternalID: "user-mila", CustomAttributes: map[string]any{"stripe_customer_id": "cus_mila"}})
			s.asks(st, "Hello, I cancelled on Monday and was charged on Tuesday. Can you undo that?")
		}},
		{Name: "several-people", Summary: "two people in one conversation", seed: func(s seeder, st Story) {
			s.person(st, "cus_nils", "Nils Ahlberg", "nils.ahlberg@example.com")
			s.paid("ch_nils_1", "cus_nils", 2000, 2*day, "Team monthly")
			const guest = "64f0000000000000000000aa"
			s.intercom.AddContact(intercomapi.Contact{ID: guest, Name: "A. Guest", Email: "guest@example.net"})
			s.intercom.AddConversation(intercomapi.Conversation{
				ID: st.Conversation, Contacts: []string{contactID(st), guest}, Created: s.ago(3 * time.Hour),
				Messages: []intercomapi.Message{
					{From: "contact:" + contactID(st), Body: "My colleague takes over here.", At: s.ago(3 * time.Hour)},
					{From: "contact:" + guest, Body: "Right. Please refund the last payment.", At: s.ago(2 * time.Hour)},
				},
			})
		}},
		{Name: "unproven-asker", Summary: "writes by e-mail, which anybody could have sent", seed: func(s seeder, st Story) {
			s.person(st, "cus_hanna", "Hanna Feld", "hanna.feld@example.com")
			s.paid("ch_hanna_1", "cus_hanna", 2000, 3*day, "Team monthly")
			s.mails(st, "Refund", "Hello, this is Hanna Feld. Please pay the 20 euros of this month back, I no longer need the service.")
		}},
	}
}
