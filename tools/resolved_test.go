package tools_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/sandbox"
	"supportmcp/server/servertest"
)

// step is one call about a story, with how it must end: the state of a write and the
// first rule against it, the code of an error, or a text that what was read has.
type step struct {
	tool string
	args args
	want string
}

// approve is the step of a person who lets the action before it go on.
const approve = "a person approves"

// resolution is how a story ends well: the calls, and what is so afterwards.
type resolution struct {
	steps []step
	ends  string // see standing
}

func reply(text string) step {
	return step{"reply_to_conversation", args{"body": text, "close": true}, "done"}
}

func handedOn() step {
	return step{"assign_conversation", args{"team": "Billing", "summary": "Needs a person."}, "done"}
}

func refund(charge, amount, reason, want string) step {
	a := args{"charge_id": charge, "reason": reason}
	if amount != "" {
		a["amount"] = amount
	}
	return step{"create_refund", a, want}
}

func lookAt(tool, want string) step { return step{tool, args{}, want} }

const wished = "requested_by_customer"

// refundStories are those about money that went, or is to go, back.
func refundStories() map[string]resolution {
	return map[string]resolution{
		"duplicate-charge": {[]step{
			lookAt("get_conversation", "ch_maria_1"), refund("ch_maria_2", "", "duplicate", "done"),
			{"tag_conversation", args{"add": []string{"refunded"}}, "done"},
			reply("The second 20.00 EUR were charged by mistake. We have refunded 20.00 EUR."),
		}, "ch_maria_1 0, ch_maria_2 2000, closed refunded"},
		"annual-day-3":         {[]step{refund("ch_tom_1", "", wished, "awaiting_approval refund.limit"), {tool: approve}, reply("We have refunded 120.00 EUR.")}, "ch_tom_1 12000, closed"},
		"budget-used-up":       {[]step{refund("ch_noor_1", "", wished, "denied budget.customer.90d"), refund("ch_noor_2", "", wished, "done"), handedOn()}, "ch_noor_1 0, ch_noor_2 5000, open with 8101"},
		"zero-decimals":        {[]step{refund("ch_yuki_1", "1200 JPY", wished, "done"), reply("We have refunded 1200 JPY.")}, "ch_yuki_1 1200, closed"},
		"three-decimals":       {[]step{refund("ch_faisal_1", "1.500 KWD", wished, "done"), reply("We have refunded 1.500 KWD.")}, "ch_faisal_1 1500, closed"},
		"partly-refunded":      {[]step{refund("ch_iris_1", "", wished, "done"), reply("We have refunded the remaining 15.00 EUR.")}, "ch_iris_1 4000, closed"},
		"fully-refunded":       {[]step{refund("ch_paul_1", "", wished, "denied structure.amount"), {"get_payment", args{"charge_id": "ch_paul_1"}, "74089026300000012345678"}, reply("Your refund of 20.00 EUR was issued two days ago. Banks take five to ten days to show it.")}, "ch_paul_1 2000, closed"},
		"refund-pending":       {[]step{refund("ch_wanda_1", "", wished, "done"), {"get_payment", args{"charge_id": "ch_wanda_1"}, "under way"}, reply("Your refund of 30.00 EUR is on its way.")}, "ch_wanda_1 3000, closed"},
		"disputed-inquiry":     {[]step{refund("ch_greta_1", "", wished, "done"), reply("We have refunded the 20.00 EUR. You can tell your bank that it is settled.")}, "ch_greta_1 2000, closed"},
		"disputed-chargeback":  {[]step{refund("ch_emil_1", "", wished, "denied structure.dispute"), handedOn()}, "ch_emil_1 0, open with 8101"},
		"dispute-won":          {[]step{{"grant_credit", args{"amount": "10.00 EUR"}, "done"}, reply("I have credited 10.00 EUR to your account; it comes off your next invoice.")}, "ch_otto_1 0, cus_otto -1000, closed"},
		"too-old":              {[]step{refund("ch_ada_1", "", wished, "denied refund.window"), {"grant_credit", args{"amount": "5.00 EUR"}, "done"}, reply("We cannot refund that month any more. I have credited 5.00 EUR to your account; it comes off your next invoice.")}, "ch_ada_1 0, cus_ada -500, closed"},
		"invoiced-with-tax":    {[]step{refund("ch_vera_1", "23.80 EUR", wished, "done"), reply("We have refunded 23.80 EUR, with the tax.")}, "ch_vera_1 2380, closed"},
		"refund-came-back":     {[]step{{"get_payment", args{"charge_id": "ch_hugo_1"}, "came back"}, handedOn()}, "ch_hugo_1 0, open with 8101"},
		"refund-needs-details": {[]step{refund("ch_pia_1", "", wished, "denied structure.amount"), {"get_payment", args{"charge_id": "ch_pia_1"}, "waits for the customer"}, reply("Please look for the e-mail that asks where to send the money, and answer it.")}, "ch_pia_1 2500, closed"},
		"partial-capture":      {[]step{refund("ch_leo_1", "", wished, "done"), reply("We have refunded 30.00 EUR.")}, "ch_leo_1 9000, closed"},
		"marketplace":          {[]step{refund("ch_gwen_1", "", wished, "denied refund.connect"), handedOn()}, "ch_gwen_1 0, open with 8101"},
		"second-try":           {[]step{lookAt("get_billing_overview", "the account lacks money"), reply("You paid once: the first attempt failed, and only the second one took 20.00 EUR.")}, "ch_rita_1 0, ch_rita_2 0, closed"},
		"empty-balance":        {[]step{refund("ch_june_1", "", wished, "failed"), handedOn()}, "ch_june_1 0, open with 8101"},
		"uncaptured":           {[]step{refund("ch_olaf_1", "", wished, "denied structure.amount"), handedOn()}, "ch_olaf_1 0, open with 8101"},
		"failed-payment":       {[]step{refund("ch_lena_2", "", wished, "denied structure.amount"), lookAt("get_billing_overview", "ch_lena_2"), reply("Your bank declined the last payment, so nothing was taken. Please use another card.")}, "ch_lena_2 0, closed"},
	}
}

// peopleStories are those in which it is not plain who asks, or who pays.
func peopleStories() map[string]resolution {
	return map[string]resolution{
		"other-customers-charge":  {[]step{refund("ch_maria_1", "", wished, "not_found"), reply("I can look at your own payments only. Which of them do you mean?")}, "ch_maria_1 0, closed"},
		"two-customers-one-email": {[]step{refund("ch_sam_new_1", "", wished, "awaiting_approval asker.doubt"), {tool: approve}, reply("We have refunded 20.00 EUR.")}, "ch_sam_new_1 2000, ch_sam_old_1 0, closed"},
		"no-stripe-customer":      {[]step{lookAt("get_billing_overview", "ask which e-mail address was used to pay"), refund("ch_maria_1", "", wished, "not_found"), reply("Which e-mail address did you pay with?")}, "closed"},
		"company-pays":            {[]step{refund("ch_acme_1", "", wished, "done"), reply("We have refunded 48.00 EUR.")}, "ch_acme_1 4800, closed"},
		"known-by-attribute":      {[]step{refund("ch_mila_1", "", wished, "done"), reply("We have refunded 20.00 EUR.")}, "ch_mila_1 2000, closed"},
		"several-people":          {[]step{refund("ch_nils_1", "", wished, "awaiting_approval asker.doubt"), {tool: approve}, reply("We have refunded 20.00 EUR.")}, "ch_nils_1 2000, closed"},
		"unproven-asker":          {[]step{refund("ch_hanna_1", "", wished, "awaiting_approval identity"), {tool: approve}, reply("We have refunded 20.00 EUR.")}, "ch_hanna_1 2000, closed"},
	}
}

// planStories are those about subscriptions, cards and credit.
func planStories() map[string]resolution {
	off := func(coupon, want string) step { return step{"apply_discount", args{"coupon": coupon}, want} }
	return map[string]resolution{
		"card-expiring": {[]step{lookAt("get_billing_overview", "mastercard 4444"), reply("It is the Mastercard ending in 4444, which expires this month.")}, "sub_ben active, closed"},
		"trialing": {[]step{
			refund("ch_kim_1", "", wished, "not_found"), {"cancel_subscription", args{"how": "at_period_end", "feedback": "unused"}, "done"}, reply("Nothing was charged, and your trial ends without a bill."),
		}, "sub_kim trialing ends, closed"},
		"past-due":    {[]step{lookAt("get_billing_overview", "the card has expired"), reply("Your card has expired. Please put in another one.")}, "sub_rosa past_due, closed"},
		"unused-time": {[]step{{"cancel_subscription", args{"how": "now_with_refund"}, "done"}, reply("We cancelled your plan and refunded 131.22 EUR.")}, "ch_anne_1 13122, sub_anne canceled, closed"},
		"two-plans": {[]step{
			{"cancel_subscription", args{"how": "at_period_end"}, "invalid"}, {"cancel_subscription", args{"how": "at_period_end", "subscription_id": "sub_ivan_b"}, "done"}, reply("Your annual plan ends with its period."),
		}, "sub_ivan_a active, sub_ivan_b active ends, closed"},
		"wants-to-stay":      {[]step{{"resume_subscription", args{}, "done"}, reply("Your plan goes on.")}, "sub_tara active, closed"},
		"too-expensive":      {[]step{off("STAY20", "done"), reply("You pay 20% less for the next three months.")}, "sub_cleo active STAY20, closed"},
		"discounted-already": {[]step{off("WELCOME10", "denied structure.coupon"), reply("That code is for new customers; your discount stays.")}, "sub_max active STAY20, closed"},
		"has-credit":         {[]step{lookAt("get_billing_overview", `"-15.00 EUR"`), reply("Your credit of 15.00 EUR comes off your next invoice.")}, "cus_nina -1500, closed"},
		"card-fixed":         {[]step{{"retry_invoice", args{"invoice_id": "in_yara_2"}, "done"}, reply("Your payment went through, and your workspace is open.")}, "in_yara_2 paid, sub_yara active, closed"},
		"paused":             {[]step{lookAt("get_billing_overview", "collection is paused"), reply("You are not paying at the moment: it is paused.")}, "sub_lars active, closed"},
	}
}

// Every story there is comes to its end through an MCP client, and both vendors hold
// exactly what they should afterwards.
func TestEveryStoryIsResolved(t *testing.T) {
	t.Parallel()
	d := desk(t)
	all := refundStories()
	maps.Copy(all, peopleStories())
	maps.Copy(all, planStories())
	var names []string
	for _, story := range sandbox.Stories() {
		names = append(names, story.Name)
		t.Run(story.Name, func(t *testing.T) {
			r := all[story.Name]
			if len(r.steps) == 0 {
				t.Fatal("nobody says how this story is resolved")
			}
			follow(t, d, story.Conversation, r.steps)
			if got := standing(d, story.Conversation, r.ends); got != r.ends {
				t.Errorf("it ends as %q, want %q", got, r.ends)
			}
		})
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(all))); diff != "" {
		t.Errorf("stories and resolutions differ:\n%s", diff)
	}
}

// follow takes the steps one after the other.
func follow(t *testing.T, d *servertest.Desk, conversation string, steps []step) {
	t.Helper()
	last := ""
	for _, s := range steps {
		if s.tool == approve {
			d.Approve(last)
			d.Settle()
			continue
		}
		a := d.Call(s.tool, with(s.args, "conversation_id", conversation))
		last = a.Action
		got := string(a.State)
		if got == "" {
			got = a.Code
		} else if against := a.Rules(); len(against) > 0 {
			got += " " + against[0]
		}
		if told := a.Action == "" && !a.IsError && strings.Contains(string(a.Text), s.want); got != s.want && !told {
			t.Errorf("%s %v answered %s, want %s", s.tool, s.args, a.Text, s.want)
		}
	}
	d.Settle()
}

// standing tells how the things stand that a text names: of a charge what is
// refunded, of a customer the balance, of a plan or an invoice the state, and at the
// end the conversation.
func standing(d *servertest.Desk, conversation, named string) string {
	var out []string
	for part := range strings.SplitSeq(named, ", ") {
		switch id, _, _ := strings.Cut(part, " "); {
		case strings.HasPrefix(id, "ch_"):
			out = append(out, fmt.Sprint(id, " ", d.Stripe.AmountRefunded(id)))
		case strings.HasPrefix(id, "cus_"):
			c, _ := d.Stripe.Customer(id)
			out = append(out, fmt.Sprint(id, " ", c.Balance))
		case strings.HasPrefix(id, "in_"):
			i, _ := d.Stripe.Invoice(id)
			out = append(out, id+" "+i.Status)
		case strings.HasPrefix(id, "sub_"):
			out = append(out, id+" "+planStanding(d, id))
		}
	}
	c, _ := d.Intercom.Conversation(conversation)
	end := c.State
	for _, tag := range c.Tags {
		end += " " + tag.Name
	}
	if c.TeamAssignee != "" {
		end += " with " + c.TeamAssignee
	}
	return strings.Join(append(out, end), ", ")
}

func planStanding(d *servertest.Desk, id string) string {
	s, _ := d.Stripe.Subscription(id)
	out := s.Status
	if s.CancelAtPeriodEnd {
		out += " ends"
	}
	for _, discount := range s.Discounts {
		out += " " + discount.Coupon
	}
	return out
}
