package stripeapi_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

// monthly has an active monthly subscription whose period ends in 27 days.
func monthly(t *testing.T) *world {
	w := newWorld(t)
	w.AddCustomer(stripeapi.Customer{ID: "cus", Card: &stripeapi.Card{}})
	w.AddPrice(stripeapi.Price{ID: "price", Product: "prod", Amount: 900, Interval: "month"})
	w.AddSubscription(stripeapi.Subscription{ID: "sub", Customer: "cus", Created: start().AddDate(0, 0, -3), Items: []stripeapi.Item{{Price: "price"}}, Metadata: map[string]string{"a": "1", "b": "2"}})
	return w
}

func TestCancelAtPeriodEndTakesEffectThenAndCanBeTakenBack(t *testing.T) {
	w := monthly(t)
	set := func(on bool) *stripe.Subscription {
		s, err := w.stripe.Subscriptions.Update("sub", &stripe.SubscriptionParams{
			CancelAtPeriodEnd:   stripe.Bool(on),
			CancellationDetails: &stripe.SubscriptionCancellationDetailsParams{Feedback: stripe.String("too_expensive"), Comment: stripe.String("bye")},
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := set(true)
	if !s.CancelAtPeriodEnd || s.Status != stripe.SubscriptionStatusActive || s.CanceledAt != start().Unix() || s.CancelAt != s.CurrentPeriodEnd ||
		s.CancellationDetails.Comment != "bye" || s.CancellationDetails.Feedback != "too_expensive" {
		t.Errorf("%+v", s)
	}
	if s = set(false); s.CancelAtPeriodEnd || s.CanceledAt != 0 || s.CancelAt != 0 {
		t.Errorf("not taken back: %+v", s)
	}
	s = set(true)
	w.clock.Advance(30 * 24 * time.Hour)
	end := s.CurrentPeriodEnd
	s, err := w.stripe.Subscriptions.Get("sub", nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.Status != stripe.SubscriptionStatusCanceled || s.EndedAt != end {
		t.Errorf("%s ended at %d, want %d", s.Status, s.EndedAt, end)
	}
	if got := w.send("POST", "/v1/subscriptions/sub", "cancel_at_period_end=false"); got.status != 400 {
		t.Errorf("a canceled subscription came back: %d", got.status)
	}
}

func TestCancelNowIsFinal(t *testing.T) {
	w := monthly(t)
	s, err := w.stripe.Subscriptions.Cancel("sub", &stripe.SubscriptionCancelParams{Prorate: stripe.Bool(true), InvoiceNow: stripe.Bool(false)})
	if err != nil {
		t.Fatal(err)
	}
	if s.Status != stripe.SubscriptionStatusCanceled || s.EndedAt != start().Unix() || s.CanceledAt != s.EndedAt {
		t.Errorf("%+v", s)
	}
	_, err = w.stripe.Subscriptions.Cancel("sub", &stripe.SubscriptionCancelParams{})
	if e := stripeError(t, err); e.Code != stripe.ErrorCodeResourceMissing || e.HTTPStatusCode != 404 {
		t.Errorf("%+v", e)
	}
	if kept, ok := w.Subscription("sub"); !ok || kept.Status != "canceled" {
		t.Errorf("%+v", kept)
	}
}

func TestPeriodsFollowTheClock(t *testing.T) {
	w := monthly(t)
	w.AddSubscription(stripeapi.Subscription{ID: "sub_trial", Customer: "cus", TrialEnd: start().AddDate(0, 0, 14), Items: []stripeapi.Item{{Price: "price"}}})
	trial, err := w.stripe.Subscriptions.Get("sub_trial", nil)
	if err != nil {
		t.Fatal(err)
	}
	if trial.Status != stripe.SubscriptionStatusTrialing || trial.TrialEnd != start().AddDate(0, 0, 14).Unix() || trial.CurrentPeriodEnd != trial.TrialEnd {
		t.Errorf("%+v", trial)
	}
	w.clock.Advance(61 * 24 * time.Hour)
	paid, err := w.stripe.Subscriptions.Get("sub", nil)
	if err != nil {
		t.Fatal(err)
	}
	if now := w.clock.Now().Unix(); paid.CurrentPeriodStart > now || paid.CurrentPeriodEnd <= now || paid.Status != stripe.SubscriptionStatusActive {
		t.Errorf("period %d to %d, now %d", paid.CurrentPeriodStart, paid.CurrentPeriodEnd, now)
	}
	if trial, err = w.stripe.Subscriptions.Get("sub_trial", nil); err != nil || trial.Status != stripe.SubscriptionStatusActive {
		t.Errorf("after its trial: %s %v", trial.Status, err)
	}
}

func TestSubscriptionsByStatus(t *testing.T) {
	w := newWorld(t)
	w.AddCustomer(customer("cus", "", false))
	for _, status := range []string{"active", "past_due", "canceled", "incomplete_expired", "unpaid", "paused"} {
		w.AddSubscription(stripeapi.Subscription{ID: "sub_" + status, Customer: "cus", Status: status})
	}
	for query, want := range map[string][]string{
		"":                 {"sub_paused", "sub_unpaid", "sub_incomplete_expired", "sub_past_due", "sub_active"},
		"&status=all":      {"sub_paused", "sub_unpaid", "sub_incomplete_expired", "sub_canceled", "sub_past_due", "sub_active"},
		"&status=ended":    {"sub_incomplete_expired", "sub_canceled"},
		"&status=past_due": {"sub_past_due"},
		"&status=trialing": nil,
		"&price=price":     nil,
	} {
		if got := w.send("GET", "/v1/subscriptions?customer=cus"+query, ""); !slices.Equal(got.ids(), want) {
			t.Errorf("%q: %v", query, got.ids())
		}
	}
	if got := w.send("GET", "/v1/subscriptions?status=alive", ""); got.status != 400 || got.trouble("param") != "status" {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestMetadataIsMergedAndCleared(t *testing.T) {
	w := monthly(t)
	for _, c := range []struct {
		form string
		want map[string]any
	}{
		{"metadata[a]=9&metadata[c]=3", map[string]any{"a": "9", "b": "2", "c": "3"}},
		{"metadata[a]=", map[string]any{"b": "2", "c": "3"}},
		{"cancel_at_period_end=true", map[string]any{"b": "2", "c": "3"}},
		{"metadata=", map[string]any{}},
	} {
		got := w.send("POST", "/v1/subscriptions/sub", c.form)
		m, _ := got.body["metadata"].(map[string]any)
		if got.status != 200 || len(m) != len(c.want) || m["a"] != c.want["a"] || m["b"] != c.want["b"] || m["c"] != c.want["c"] {
			t.Errorf("%s: %d %v", c.form, got.status, m)
		}
	}
	if got := w.send("POST", "/v1/subscriptions/sub", "cancel_at_period_end=maybe"); got.status != 400 {
		t.Errorf("%d", got.status)
	}
}

func TestPeriodIsOneIntervalOfThePrice(t *testing.T) {
	w := newWorld(t)
	for id, c := range map[string]struct {
		interval string
		count    int
		end      time.Time
	}{
		"day":   {"day", 10, start().AddDate(0, 0, 10)},
		"week":  {"week", 2, start().AddDate(0, 0, 14)},
		"month": {"month", 0, start().AddDate(0, 1, 0)},
		"year":  {"year", 1, start().AddDate(1, 0, 0)},
		"once":  {"", 0, start()},
	} {
		w.AddPrice(stripeapi.Price{ID: "price_" + id, Interval: c.interval, IntervalCount: c.count})
		w.AddSubscription(stripeapi.Subscription{ID: "sub_" + id, Customer: "cus", Items: []stripeapi.Item{{Price: "price_" + id}, {Price: "price_none"}}})
		s, err := w.stripe.Subscriptions.Get("sub_"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if s.CurrentPeriodEnd != c.end.Unix() {
			t.Errorf("%s ends at %d, want %d", id, s.CurrentPeriodEnd, c.end.Unix())
		}
		if second := s.Items.Data[1]; second.ID != "si_"+id+"_2" || second.Price != nil {
			t.Errorf("%s: %+v", id, second)
		}
	}
}
