package sandbox_test

import (
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

func crowd(customers, contacts int) *sandbox.Sandbox {
	s := sandbox.New(control.NewClock(func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }))
	s.Crowd(customers, contacts)
	return s
}

func TestACrowdIsTheSameEveryTime(t *testing.T) {
	s := crowd(50, 30)
	payer, there := s.Stripe.Customer("cus_crowd000049")
	if _, more := s.Stripe.Customer("cus_crowd000050"); !there || more || payer.Email != "customer49@crowd.example" {
		t.Errorf("the last customer is %+v", payer)
	}
	tied, _ := s.Intercom.Contact("64f100000000000000000028")
	untied, there := s.Intercom.Contact("64f100000000000000000029")
	if _, more := s.Intercom.Contact("64f100000000000000000030"); !there || more {
		t.Error("there is another number of contacts")
	}
	if tied.CustomAttributes["stripe_customer_id"] != "cus_crowd000028" || len(untied.CustomAttributes) != 0 || untied.Email != "customer29@crowd.example" {
		t.Errorf("the contacts are %+v and %+v", tied, untied)
	}
	sub, _ := s.Stripe.Subscription("sub_crowd000003")
	if sub.Customer != "cus_crowd000003" || sub.Status != "past_due" {
		t.Errorf("a subscription is %+v", sub)
	}
}

func TestACrowdHasPlansOfEachState(t *testing.T) {
	s := crowd(101, 0)
	for id, want := range map[string]string{
		"sub_crowd000000": "active", "sub_crowd000001": "active, to end", "sub_crowd000002": "canceled", "sub_crowd000003": "past_due", "sub_crowd000005": "trialing",
	} {
		sub, _ := s.Stripe.Subscription(id)
		got := sub.Status
		if sub.CancelAtPeriodEnd {
			got += ", to end"
		}
		if got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	paid, _ := s.Stripe.Charge("ch_crowd000040")
	failed, _ := s.Stripe.Charge("ch_crowd000040_again")
	if paid.Status != "succeeded" || failed.Status != "failed" {
		t.Errorf("the payments of one are %+v and %+v", paid, failed)
	}
}

func BenchmarkLargeSeed(b *testing.B) {
	clock := control.NewClock(func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) })
	for b.Loop() {
		sandbox.NewSeeded(clock, sandbox.Large)
	}
}
