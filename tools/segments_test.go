package tools_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

const segmentPolicy = `version: 1
ties: [{contact_attribute: stripe_customer_id}, {external_id: user_id}, {email: equal}]
segment: {allow: [card-expiring], attributes: [card_note, billing_balance, billing_card_brand, billing_card_expires, billing_delinquent, billing_interval, billing_payment_failed, billing_period_end, billing_plan, billing_status], max: 2000}
`

// crowded is a desk whose index knows so many customers with cards that expire
// within 30 days, of whom the first ones have a contact, beside the one of the
// stories, who has one, too.
func crowded(t *testing.T, customers, contacts int, s servertest.Setup) *servertest.Desk {
	t.Helper()
	if s.Policy == "" {
		s.Policy = segmentPolicy
	}
	d := servertest.Start(t, s)
	for i := range customers {
		id, email := fmt.Sprintf("cus_crowd%06d", i), fmt.Sprintf("customer%d@crowd.example", i)
		d.Stripe.AddCustomer(stripeapi.Customer{ID: id, Email: email, Currency: "eur", Created: d.Clock.Now().Add(-time.Hour), Card: &stripeapi.Card{Brand: "mastercard", ExpMonth: 11, ExpYear: 2026}})
		if i >= contacts {
			continue
		}
		c := intercomapi.Contact{ID: fmt.Sprintf("64f1%020d", i), Email: email}
		if i%2 == 0 {
			c.Email, c.CustomAttributes = "", map[string]any{"stripe_customer_id": id}
		}
		d.Intercom.AddContact(c)
	}
	d.Clock.Advance(time.Hour) // what is new shows in search only later
	fill(t, d)
	return d
}

func fill(t *testing.T, d *servertest.Desk) {
	t.Helper()
	client, err := stripe.New(stripe.Config{Key: sandbox.StripeKey, BaseURL: d.StripeURL, Now: d.Clock.Now})
	must(t, err)
	_, err = segments.NewIndex(d.Ledger, client, []string{"user_id"}, d.Clock.Now).Sync(t.Context(), nil)
	must(t, err)
}

type previewed struct {
	Plan      string `json:"plan_id"`
	Customers int    `json:"customers"`
	Members   int    `json:"members"`
	Unmatched int    `json:"unmatched"`
	Several   int    `json:"several"`
	Enter     int    `json:"enter"`
	Leave     int    `json:"leave"`
	Sample    []struct {
		Contact string `json:"contact_id"`
	} `json:"sample"`
}

func preview(t *testing.T, d *servertest.Desk, args servertest.Args) (p previewed) {
	t.Helper()
	a := d.Call("preview_segment", args)
	if a.IsError {
		t.Fatalf("the preview is %s", a.Text)
	}
	a.Into(t, &p)
	return p
}

func cardsExpiring() servertest.Args {
	return servertest.Args{"segment": "cards-expiring", "tag": "card-expiring"}
}

// tagged counts the contacts of the crowd that have a tag.
func tagged(d *servertest.Desk, contacts int) (n int) {
	for i := range contacts {
		if c, _ := d.Intercom.Contact(fmt.Sprintf("64f1%020d", i)); len(c.Tags) > 0 {
			n++
		}
	}
	return n
}

type appliedSegment struct {
	Receipt struct {
		Changed  int `json:"changed"`
		Already  int `json:"already"`
		Reverted int `json:"reverted"`
	} `json:"receipt"`
}

func TestASegmentIsPreviewedAppliedAndUndone(t *testing.T) {
	t.Parallel()
	d := crowded(t, 20, 10, servertest.Setup{})
	before := d.Look()
	p := preview(t, d, cardsExpiring())
	if p.Customers != 21 || p.Members != 11 || p.Unmatched != 10 || p.Enter != 11 || p.Leave != 0 || len(p.Sample) != 10 {
		t.Errorf("the preview is %+v", p)
	}
	dry := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan, "dry_run": true})
	if dry.IsError || dry.State != "preview" {
		t.Errorf("the dry run is %s", dry.Text)
	}
	d.VendorsUnchanged(t, before)
	a := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan})
	var got appliedSegment
	a.Into(t, &got)
	if a.State != "done" || got.Receipt.Changed != 11 || tagged(d, 10) != 10 {
		t.Errorf("applied, it is %s", a.Text)
	}
	again := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan})
	if !again.Replayed || again.Action != a.Action {
		t.Errorf("asked again, it is %s", again.Text)
	}
	if p := preview(t, d, cardsExpiring()); p.Enter != 0 || p.Leave != 0 || p.Members != 11 {
		t.Errorf("afterwards the preview is %+v", p)
	}
	undone := d.Call("revert_segment", servertest.Args{"action_id": a.Action})
	undone.Into(t, &got)
	if undone.State != "done" || got.Receipt.Reverted != 11 || tagged(d, 10) != 0 {
		t.Errorf("undone, it is %s", undone.Text)
	}
	if p := preview(t, d, cardsExpiring()); p.Enter != 11 {
		t.Errorf("after undoing, the preview is %+v", p)
	}
}

func TestWhoLeavesASegmentLosesOnlyWhatItGave(t *testing.T) {
	t.Parallel()
	d := crowded(t, 2, 0, servertest.Setup{})
	d.Intercom.AddTag(intercomapi.Tag{ID: "9900", Name: "Card-Expiring"})
	first, second := "64f200000000000000000000", "64f200000000000000000001"
	d.Intercom.AddContact(intercomapi.Contact{ID: first, Email: "customer0@crowd.example", Tags: []string{"9900"}})
	d.Intercom.AddContact(intercomapi.Contact{ID: second, Email: "customer1@crowd.example"})
	d.Clock.Advance(time.Hour)
	d.Call("apply_segment", servertest.Args{"plan_id": preview(t, d, cardsExpiring()).Plan})
	for _, customer := range []string{"cus_crowd000000", "cus_crowd000001"} {
		d.Stripe.UpdateCard(customer, stripeapi.Card{ExpMonth: 1, ExpYear: 2040})
	}
	fill(t, d)
	p := preview(t, d, cardsExpiring())
	if p.Enter != 0 || p.Leave != 1 {
		t.Errorf("with two new cards the preview is %+v", p)
	}
	d.Call("apply_segment", servertest.Args{"plan_id": p.Plan})
	had, _ := d.Intercom.Contact(first)
	got, _ := d.Intercom.Contact(second)
	if len(had.Tags) != 1 || len(got.Tags) != 0 {
		t.Errorf("the one that had the tag before has %v, the other %v", had.Tags, got.Tags)
	}
}

func TestContactsInDoubtAreLeftAloneAndCounted(t *testing.T) {
	t.Parallel()
	d := crowded(t, 2, 0, servertest.Setup{})
	for i, c := range []intercomapi.Contact{
		{Email: "customer0@crowd.example"}, {Email: "customer0@crowd.example", CustomAttributes: map[string]any{"stripe_customer_id": "cus_crowd000000"}}, // several
		{Email: "customer1@crowd.example", Role: "lead"},                                                               // typed by a visitor
		{Email: "customer24@crowd.example", CustomAttributes: map[string]any{"stripe_customer_id": "cus_crowd000024"}}, // no such customer
	} {
		c.ID, c.Created = fmt.Sprintf("64f2%020d", i), d.Clock.Now().Add(-time.Hour)
		d.Intercom.AddContact(c)
	}
	d.Clock.Advance(time.Hour)
	p := preview(t, d, cardsExpiring())
	if p.Customers != 3 || p.Members != 1 || p.Several != 2 || p.Unmatched != 0 || p.Enter != 1 {
		t.Errorf("the preview is %+v", p)
	}
}

func TestManyContactsAlwaysNeedAPerson(t *testing.T) {
	t.Parallel()
	d := crowded(t, 30, 30, servertest.Setup{})
	p := preview(t, d, cardsExpiring())
	a := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan})
	if p.Enter != 31 || a.State != "awaiting_approval" || !strings.Contains(string(a.Text), "automations") || tagged(d, 30) != 0 {
		t.Fatalf("for %d contacts it is %s", p.Enter, a.Text)
	}
	d.Clock.Advance(2 * time.Hour) // what changes meanwhile changes no plan
	d.Stripe.UpdateCard("cus_crowd000000", stripeapi.Card{ExpMonth: 1, ExpYear: 2040})
	fill(t, d)
	d.Approve(a.Action)
	d.Settle()
	if n := tagged(d, 30); n != 30 {
		t.Errorf("after the approval %d are tagged: %v", n, d.Look())
	}
	undo := d.Call("revert_segment", servertest.Args{"action_id": a.Action})
	if undo.State != "awaiting_approval" {
		t.Errorf("undoing is %s", undo.Text)
	}
}

func TestThePolicySaysWhichTagsASegmentSets(t *testing.T) {
	t.Parallel()
	d := crowded(t, 2, 2, servertest.Setup{})
	before := d.Look()
	for _, args := range []servertest.Args{
		{"segment": "cards-expiring", "tag": "vip"},
		{"segment": "cards-expiring", "attribute": "secret", "value": "x"},
		{"segment": "cards-expiring", "attribute": "stripe_customer_id", "value": "cus_mine"},
	} {
		a := d.Call("apply_segment", servertest.Args{"plan_id": preview(t, d, args).Plan})
		if a.State != "denied" {
			t.Errorf("%v is %s", args, a.Text)
		}
	}
	d.VendorsUnchanged(t, before)
}

func TestAnAttributeIsSetForMembersAndPutBack(t *testing.T) {
	t.Parallel()
	d := crowded(t, 2, 2, servertest.Setup{})
	args := servertest.Args{"segment": "cards-expiring", "attribute": "card_note", "value": "soon"}
	p := preview(t, d, args)
	a := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan})
	note := func() any {
		c, _ := d.Intercom.Contact("64f100000000000000000001")
		return c.CustomAttributes["card_note"]
	}
	if a.State != "done" || note() != "soon" {
		t.Errorf("applied, the note is %v: %s", note(), a.Text)
	}
	if p := preview(t, d, args); p.Enter != 0 || p.Leave != 0 {
		t.Errorf("afterwards the preview is %+v", p)
	}
	d.Call("revert_segment", servertest.Args{"action_id": a.Action})
	if note() != nil && note() != "" {
		t.Errorf("undone, the note is %v", note())
	}
}

func TestFactsOfBillingAreWrittenWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	d := crowded(t, 2, 2, servertest.Setup{})
	d.Stripe.AddSubscription(stripeapi.Subscription{ID: "sub_crowd", Customer: "cus_crowd000001", Status: "past_due", Items: []stripeapi.Item{{Price: "price_team_annual"}}})
	d.Clock.Advance(31 * 24 * time.Hour) // seeding makes no events
	fill(t, d)
	args := servertest.Args{"segment": "billing-attributes"}
	a := d.Call("sync_billing_attributes", servertest.Args{"plan_id": preview(t, d, args).Plan})
	if a.State != "awaiting_approval" {
		t.Errorf("for all contacts it is %s", a.Text)
	}
	d.Approve(a.Action)
	d.Settle()
	c, _ := d.Intercom.Contact("64f100000000000000000001")
	got := c.CustomAttributes
	if got["billing_status"] != "past_due" || got["billing_plan"] != "Northwind Notes Team" || got["billing_interval"] != "year" || got["billing_card_brand"] != "mastercard" || got["billing_card_expires"] != "2026-11" {
		t.Errorf("the contact has %v", got)
	}
	d.Clock.Advance(time.Hour)
	fill(t, d)
	if p := preview(t, d, args); p.Enter != 0 {
		t.Errorf("afterwards the preview is %+v", p)
	}
	d.Stripe.UpdateCard("cus_crowd000001", stripeapi.Card{Brand: "amex", ExpMonth: 1, ExpYear: 2040})
	fill(t, d)
	if p := preview(t, d, args); p.Enter != 1 {
		t.Errorf("with a new card the preview is %+v", p)
	}
	d.Intercom.AddAttribute("STRIPE_PLAN_NAME", "string")
	if a := d.Call("preview_segment", args); !a.IsError || !strings.Contains(a.Message, "own Stripe app") {
		t.Errorf("beside the native app it is %s", a.Text)
	}
}

func TestNobodyIsTaggedOnOldFacts(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: segmentPolicy})
	d.Clock.Advance(25 * time.Hour)
	if a := d.Call("preview_segment", cardsExpiring()); !a.IsError || !strings.Contains(a.NextStep, "index sync") {
		t.Errorf("without an index it is %s", a.Text)
	}
	fill(t, d)
	p := preview(t, d, cardsExpiring())
	d.Clock.Advance(25 * time.Hour)
	if a := d.Call("preview_segment", cardsExpiring()); !a.IsError {
		t.Errorf("after a day it is %s", a.Text)
	}
	d.Clock.Advance(3 * 24 * time.Hour)
	if a := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan}); !a.IsError || a.Code != "invalid" {
		t.Errorf("an old plan is %s", a.Text)
	}
}

// Killing the server in the middle of 1,000 contacts and starting another one on
// the same database leaves each tag set by exactly one write that took effect.
func TestAnApplicationGoesOnAfterACrashAndRepeatsNoWrite(t *testing.T) {
	t.Parallel()
	members := 1000
	if testing.Short() {
		members = 200
	}
	d := crowded(t, members-1, members-1, servertest.Setup{})
	var writes, cut atomic.Int64
	cut.Store(int64(members / 3))
	inner := d.Intercom.Handler()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tags := r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/tags") && r.URL.Path != "/tags"
		if cut.Load() <= 0 {
			panic(http.ErrAbortHandler) // the process is dead: nothing leaves it any more
		}
		if tags {
			writes.Add(1)
			if cut.Add(-1) == 0 {
				inner.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			}
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	one := d.Another(servertest.Setup{Policy: segmentPolicy, IntercomURL: front.URL})
	p := preview(t, one, cardsExpiring())
	a := one.Call("apply_segment", servertest.Args{"plan_id": p.Plan})
	if p.Enter != members || a.State != "awaiting_approval" {
		t.Fatalf("%+v is %s", p, a.Text)
	}
	one.Approve(a.Action)
	must(t, one.Sweep())
	if n := tagged(d, members-1); n < members/4 || n > members*2/5 {
		t.Errorf("when the line breaks, %d are tagged", n)
	}
	cut.Store(1 << 40)
	two := d.Another(servertest.Setup{Policy: segmentPolicy, IntercomURL: front.URL})
	two.Settle()
	if n := tagged(d, members-1); n != members-1 || writes.Load() != int64(members) {
		t.Errorf("%d are tagged by %d writes", n, writes.Load())
	}
	var status struct {
		State   policies.State  `json:"state"`
		Receipt json.RawMessage `json:"receipt"`
	}
	two.Call("get_action", servertest.Args{"action_id": a.Action}).Into(t, &status)
	if status.State != policies.Done || !strings.Contains(string(status.Receipt), fmt.Sprintf(`"changed":%d`, members)) {
		t.Errorf("the action is %s with %s", status.State, status.Receipt)
	}
}

// An attempt whose time is up ends between two parts, and the worker goes on.
func TestALongApplicationIsDoneInParts(t *testing.T) {
	t.Parallel()
	setup := servertest.Setup{Policy: segmentPolicy, Timeout: 100 * time.Millisecond}
	d := crowded(t, 120, 120, setup)
	var writes atomic.Int64
	inner := d.Intercom.Handler()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/contacts/64f1") {
			writes.Add(1)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	setup.IntercomURL = front.URL
	slow := d.Another(setup)
	a := slow.Call("apply_segment", servertest.Args{"plan_id": preview(t, slow, cardsExpiring()).Plan})
	slow.Approve(a.Action)
	slow.Settle()
	if n := tagged(d, 120); n != 120 || writes.Load() != 120 {
		t.Errorf("%d are tagged by %d writes", n, writes.Load())
	}
	if states := slow.Entries("segment"); states["done"] != 1 {
		t.Errorf("the actions are %v", states)
	}
}

// What cannot be sent at all changes nobody, and says so.
func TestAnApplicationThatIntercomRefusesFails(t *testing.T) {
	t.Parallel()
	d := crowded(t, 2, 2, servertest.Setup{})
	p := preview(t, d, cardsExpiring())
	locked := d.Another(servertest.Setup{Policy: segmentPolicy, IntercomToken: "bad-token"})
	if a := locked.Call("apply_segment", servertest.Args{"plan_id": p.Plan}); !a.IsError || tagged(d, 2) != 0 {
		t.Errorf("with a wrong token it is %s", a.Text)
	}
	if a := d.Call("apply_segment", servertest.Args{"plan_id": p.Plan}); a.State != "done" || tagged(d, 2) != 2 {
		t.Errorf("with the right one it is %s", a.Text)
	}
}
