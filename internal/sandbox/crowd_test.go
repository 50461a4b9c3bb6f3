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

func BenchmarkCrowd(b *testing.B) {
	for b.Loop() {
		crowd(10_000, 5000)
	}
}
