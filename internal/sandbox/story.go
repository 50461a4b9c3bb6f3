package sandbox

import (
	"fmt"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// Story is one support case that is waiting in the sandbox.
type Story struct {
	Name         string
	Summary      string
	Conversation string // its id in Intercom
	seed         func(seeder, Story)
}

// Stories are all cases, in the order of their conversations.
func Stories() []Story {
	all := append(payments(), refunds()...)
	all = append(all, subscriptions()...)
	all = append(all, people()...)
	all = append(all, billing()...)
	all = append(all, plans()...)
	for i := range all {
		all[i].Conversation = fmt.Sprintf("2154700000000%02d", i+1)
	}
	return all
}

// Conversation is the id of a story's conversation; "" when there is no such story.
func Conversation(name string) string {
	for _, s := range Stories() {
		if s.Name == name {
			return s.Conversation
		}
	}
	return ""
}

// Person is the id in Intercom of the one whom a story is about.
func Person(name string) string { return contactID(Story{Conversation: Conversation(name)}) }

func seed(s *Sandbox) {
	sd := seeder{stripe: s.Stripe, intercom: s.Intercom, now: s.Clock.Now().Truncate(time.Second)}
	sd.company()
	for _, story := range Stories() {
		story.seed(sd, story)
	}
}

// seeder writes a story into both vendors.
type seeder struct {
	stripe   *stripeapi.Server
	intercom *intercomapi.Server
	now      time.Time
}

// The plans of Northwind Notes.
const (
	monthlyPlan = "price_team_monthly"
	annualPlan  = "price_team_annual"
	stayCoupon  = "STAY20"
)

// company sets up Northwind Notes, which sells a note-taking service.
func (s seeder) company() {
	s.stripe.AddProduct(stripeapi.Product{ID: "prod_team", Name: "Northwind Notes Team"})
	s.stripe.AddPrice(stripeapi.Price{ID: monthlyPlan, Product: "prod_team", Nickname: "Team monthly", Amount: 2000, Currency: "eur", Interval: "month"})
	s.stripe.AddPrice(stripeapi.Price{ID: annualPlan, Product: "prod_team", Nickname: "Team annual", Amount: 12000, Currency: "eur", Interval: "year"})
	s.stripe.AddCoupon(stripeapi.Coupon{ID: stayCoupon, Name: "20% for three months", PercentOff: 20, Duration: "repeating", Months: 3, Created: s.ago(300 * day)})
	s.stripe.AddCoupon(stripeapi.Coupon{ID: "SORRY5", Name: "5 euros once", AmountOff: 500, Currency: "eur", Created: s.ago(300 * day)})
	s.stripe.AddCoupon(stripeapi.Coupon{ID: "WELCOME", Name: "Welcome", PercentOff: 10, Created: s.ago(300 * day)})
	s.stripe.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_welcome", Code: "WELCOME10", Coupon: "WELCOME", FirstTime: true, Created: s.ago(300 * day)})
	s.stripe.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_old", Code: "SPRING", Coupon: "WELCOME", Expires: s.ago(100 * day), Created: s.ago(200 * day)})
	s.intercom.AddAdmin(intercomapi.Admin{ID: AdminID, Name: "Robin Vale", Email: "robin@northwind.example", HasInboxSeat: true})
	s.intercom.AddAdmin(intercomapi.Admin{ID: "8002", Name: "Noa Lindqvist", Email: "noa@northwind.example", HasInboxSeat: true})
	s.intercom.AddTeam(intercomapi.Team{ID: "8101", Name: "Billing", Admins: []string{"8002"}})
	for i, name := range []string{"billing", "refunded", "refund-declined", "duplicate-charge", "cancellation", "failed-payment", "needs-human"} {
		s.intercom.AddTag(intercomapi.Tag{ID: fmt.Sprint(9001 + i), Name: name})
	}
	s.intercom.AddAttribute("stripe_customer_id", "string")
	s.intercom.AddAttribute("plan_note", "string")
	s.intercom.AddSegment(intercomapi.Segment{ID: "64f0d0000000000000000001", Name: "Known in Stripe", Query: `{"field":"custom_attributes.stripe_customer_id","operator":"!=","value":null}`})
	s.intercom.AddSegment(intercomapi.Segment{ID: "64f0d0000000000000000002", Name: "Leads", PersonType: "contact", Query: `{"field":"role","operator":"=","value":"lead"}`})
	s.intercom.AddMacro(intercomapi.Macro{ID: "7001", Name: "Refund issued", Body: "Your refund is on its way. Banks take five to ten days to show it."})
	s.intercom.AddMacro(intercomapi.Macro{ID: "7002", Name: "Colleague takes over", Body: "A colleague will look at this and write back today."})
	s.helpCentre()
	s.intercom.SetIdentityVerification(true)
}

// contactID is the Intercom id of a story's person.
func contactID(story Story) string { return "64f0" + fmt.Sprintf("%020s", story.Conversation) }

// person adds somebody who is known to both vendors by one e-mail address.
func (s seeder) person(story Story, customer, name, email string) {
	s.payer(story, customer, name, email, "eur")
}

// payer is a person who pays in a currency.
func (s seeder) payer(story Story, customer, name, email, currency string) {
	s.customerIn(currency, customer, name, email)
	s.contact(story, intercomapi.Contact{Name: name, Email: email, ExternalID: "user-" + customer[len("cus_"):]})
}

func (s seeder) customer(id, name, email string) { s.customerIn("eur", id, name, email) }

func (s seeder) customerIn(currency, id, name, email string) {
	s.stripe.AddCustomer(stripeapi.Customer{ID: id, Name: name, Email: email, Currency: currency, Created: s.ago(400 * day), Card: &stripeapi.Card{Brand: "visa", Last4: "4242"}})
}

func (s seeder) contact(story Story, c intercomapi.Contact) {
	c.ID, c.Created = contactID(story), s.ago(390*day)
	s.intercom.AddContact(c)
}

// asks opens the story's conversation.
func (s seeder) asks(story Story, text string) {
	s.intercom.AddConversation(intercomapi.Conversation{
		ID: story.Conversation, Contacts: []string{contactID(story)}, Created: s.ago(2 * time.Hour),
		Messages: []intercomapi.Message{{From: "contact:" + contactID(story), Body: text, At: s.ago(2 * time.Hour)}},
	})
}

// mails opens the story's conversation by an e-mail.
func (s seeder) mails(story Story, subject, text string) {
	s.intercom.AddConversation(intercomapi.Conversation{
		ID: story.Conversation, Contacts: []string{contactID(story)}, Channel: "email", Subject: subject, Created: s.ago(2 * time.Hour),
		Messages: []intercomapi.Message{{From: "contact:" + contactID(story), Body: text, At: s.ago(2 * time.Hour)}},
	})
}

// paid adds a successful payment in euros.
func (s seeder) paid(charge, customer string, minor int64, ago time.Duration, what string) {
	s.stripe.AddCharge(stripeapi.Charge{
		ID: charge, PaymentIntent: "pi_" + charge[len("ch_"):], Customer: customer,
		Amount: minor, Currency: "eur", Created: s.ago(ago), Description: what,
	})
}

func (s seeder) ago(d time.Duration) time.Time { return s.now.Add(-d) }

const day = 24 * time.Hour
