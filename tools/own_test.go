package tools_test

import (
	"encoding/json"
	"strings"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// deniedBy are the rules that denied.
func deniedBy(a servertest.Answer) string {
	var rules []string
	for _, f := range a.Decision.Against() {
		rules = append(rules, f.Rule)
	}
	return strings.Join(rules, " ")
}

func says(d *servertest.Desk, story, body string) servertest.Answer {
	return d.Call("reply_to_conversation", args{"conversation_id": sandbox.Conversation(story), "body": body})
}

func TestARefundIsToldOnlyOnceItIsDone(t *testing.T) {
	t.Parallel()
	d := desk(t)
	before := d.Look()
	const body = "We have refunded 20.00 EUR to your card."
	early := says(d, "duplicate-charge", body)
	if early.State != policies.Denied || deniedBy(early) != "reply.promise" || !strings.Contains(early.NextStep, "create_refund") {
		t.Errorf("before any refund: %s", early.Text)
	}
	d.VendorsUnchanged(t, before)
	made := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"})
	if made.State != policies.Done {
		t.Fatalf("the refund is answered %s", made.Text)
	}
	if wrong := says(d, "duplicate-charge", "We have refunded 40.00 EUR to your card."); deniedBy(wrong) != "reply.promise" {
		t.Errorf("another amount: %s", wrong.Text)
	}
	if told := says(d, "duplicate-charge", body); told.State != policies.Done {
		t.Errorf("after the refund: %s", told.Text)
	}
	if other := says(d, "budget-used-up", body); deniedBy(other) != "reply.promise" {
		t.Errorf("to somebody else: %s", other.Text)
	}
}

// What was refunded by other means is found at Stripe, for the customer it belongs to.
func TestARefundThatStripeHasMayBeTold(t *testing.T) {
	t.Parallel()
	d := desk(t)
	if a := says(d, "fully-refunded", "Your refund of 20 EUR was issued two days ago."); a.State != policies.Done {
		t.Errorf("answered %s", a.Text)
	}
	if a := says(d, "partly-refunded", "We have refunded the full 40 EUR."); deniedBy(a) != "reply.promise" {
		t.Errorf("more than was refunded: %s", a.Text)
	}
}

func TestARefundThatWaitsForAPersonIsNoRefundYet(t *testing.T) {
	t.Parallel()
	d := desk(t)
	if a := d.Call("create_refund", annual()); a.State != policies.Awaiting {
		t.Fatalf("the refund is answered %s", a.Text)
	}
	if a := says(d, "annual-day-3", "We have refunded your annual plan."); deniedBy(a) != "reply.promise" {
		t.Errorf("answered %s", a.Text)
	}
	if a := says(d, "annual-day-3", "I have passed your refund request on to a colleague for approval."); a.State != policies.Done {
		t.Errorf("answered %s", a.Text)
	}
}

func TestAReplyNamesOnlyWhatIsTheCustomers(t *testing.T) {
	t.Parallel()
	d := desk(t)
	for body, want := range map[string]string{
		"We wrote to maria.jensen@example.com.":          "",
		"We wrote to Maria.Jensen@Example.com.":          "",
		"Payments ch_maria_1 and pi_maria_2.":            "",
		"Your card ending in 4242 was charged twice.":    "",
		"Your customer id is cus_maria.":                 "",
		"We wrote to tom.becker@example.com.":            "reply.emails",
		"Payment ch_tom_1 is another customer's.":        "reply.ids",
		"Your card ending in 4444 was charged.":          "reply.last_four",
		"See https://evil.example.com/login.":            "reply.links",
		"Pay with 4242 4242 4242 4242 next time.":        "reply.cards",
		"ch_tom_1 of tom.becker@example.com at evil.com": "reply.links reply.emails reply.ids",
	} {
		a := says(d, "duplicate-charge", body)
		if got := deniedBy(a); got != want || (want == "") != (a.State == policies.Done) {
			t.Errorf("%q: denied by %q, want %q: %s", body, got, want, a.Text)
		}
	}
}

// Whoever typed the address of somebody who pays is not told that person's data.
func TestWhileItIsUncertainWhoAsksNothingOfStripesIsTheirs(t *testing.T) {
	t.Parallel()
	d := desk(t)
	if a := says(d, "two-customers-one-email", "Your card ending in 4242 was charged."); deniedBy(a) != "reply.last_four" {
		t.Errorf("answered %s", a.Text)
	}
	if a := says(d, "two-customers-one-email", "We wrote to sam.porter@example.com."); a.State != policies.Done {
		t.Errorf("their own address: %s", a.Text)
	}
}

func TestColleaguesMayReadWhatCustomersMayNotButNoSecrets(t *testing.T) {
	t.Parallel()
	d := desk(t)
	note := func(body string) servertest.Answer {
		return d.Call("add_internal_note", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "body": body})
	}
	if a := note("Compare ch_tom_1 of tom.becker@example.com, https://dashboard.stripe.com/x. Refunded 20 EUR."); a.State != policies.Done {
		t.Errorf("answered %s", a.Text)
	}
	for body, want := range map[string]string{"Card 4242 4242 4242 4242": "reply.cards", "Key sk_live_abcdefgh12345678": "reply.secrets"} {
		if a := note(body); deniedBy(a) != want {
			t.Errorf("%q: %s", body, a.Text)
		}
	}
}

// The record keeps of a customer's things only those that the text has anyway.
func TestOnlyWhatTheTextMentionsIsRecorded(t *testing.T) {
	t.Parallel()
	d := desk(t)
	says(d, "duplicate-charge", "About ch_maria_1 and ch_tom_1.")
	var facts struct{ Own policies.Own }
	must(t, json.Unmarshal(onlyEntry(t, d).Facts, &facts))
	if got := facts.Own; len(got.IDs) != 1 || got.IDs[0] != "ch_maria_1" || got.Emails != nil || got.LastFours != nil || got.Refunds != nil {
		t.Errorf("recorded %+v", got)
	}
}
