package stripe_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/segments"
)

// everyFact is everything that the billing index reads.
func everyFact(t *testing.T, b *bench, keep func(string, any, error)) {
	t.Helper()
	for _, list := range []segments.Kind{segments.Customers, segments.Subscriptions, segments.Charges, segments.Disputes} {
		got, err := b.Billing(t.Context(), list, "")
		keep("Billing", got, err)
	}
	got, err := b.Billing(t.Context(), segments.Charges, "ch_billed")
	keep("Billing", got, err)
	for _, r := range []segments.Ref{
		{Kind: segments.Customers, ID: "cus_whole"},
		{Kind: segments.Wallets, ID: "cus_whole"},
		{Kind: segments.Subscriptions, ID: "sub_whole"},
		{Kind: segments.Charges, ID: "ch_billed"},
		{Kind: segments.Disputes, ID: "dp_whole"},
	} {
		got, err := b.BillingObject(t.Context(), r)
		keep("BillingObject", got, err)
	}
	keep("BillingEvents", nil, b.BillingEvents(t.Context(), start().AddDate(0, 0, -1), func(e segments.Event) error { keep("BillingEvents", e, nil); return nil }))
}

func TestListsOfBillingAreReadPageByPage(t *testing.T) {
	b := newBench(t)
	for i := range 250 {
		b.account.AddCustomer(stripeapi.Customer{ID: fmt.Sprintf("cus_%03d", i), Created: start().Add(-time.Duration(i) * time.Hour), Metadata: map[string]string{"user_id": fmt.Sprint(i)}})
	}
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_gone", Deleted: true})
	seen, pages, after := map[string]bool{}, 0, ""
	for more := true; more; more = after != "" {
		got, err := b.Billing(t.Context(), segments.Customers, after)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range got.Customers {
			seen[c.ID] = true
		}
		pages, after = pages+1, got.Next
	}
	if len(seen) != 250 || seen["cus_gone"] || pages != 3 {
		t.Errorf("%d customers in %d pages", len(seen), pages)
	}
}

func TestFactsOfBillingSayWhatACustomerPaysWith(t *testing.T) {
	b, _ := whole(t)
	b.account.UpdateCard("cus_whole", stripeapi.Card{Brand: "mastercard", Last4: "4444", ExpMonth: 12, ExpYear: 2026})
	got, err := b.BillingObject(t.Context(), segments.Ref{Kind: segments.Wallets, ID: "cus_whole"})
	if err != nil || len(got.Customers) != 1 || len(got.Subscriptions) != 1 {
		t.Fatalf("%+v: %v", got, err)
	}
	want := segments.Card{Brand: "mastercard", Last4: "4444", Month: 12, Year: 2026}
	if diff := cmp.Diff(want, got.Customers[0].Card); diff != "" {
		t.Error(diff)
	}
	sub := got.Subscriptions[0]
	if sub.Interval != "month" || !slices.Contains(sub.Names, "price_whole") || !slices.Contains(sub.Names, "prod_000") || !sub.CancelAtPeriodEnd || sub.Card.Year == 0 {
		t.Errorf("the subscription is %+v", sub)
	}
	paid, err := b.BillingObject(t.Context(), segments.Ref{Kind: segments.Charges, ID: "ch_failed"})
	if err != nil || len(paid.Charges) != 1 || paid.Charges[0].FailedAt.IsZero() || paid.Charges[0].Net != eur(0) {
		t.Errorf("a failed payment is %+v: %v", paid, err)
	}
	gone, err := b.BillingObject(t.Context(), segments.Ref{Kind: segments.Customers, ID: "cus_nobody"})
	if err != nil || !slices.Equal(gone.Gone, []string{"cus_nobody"}) {
		t.Errorf("a customer who is not there is %+v: %v", gone, err)
	}
}

func TestEventsNameWhatHasChanged(t *testing.T) {
	b, _ := whole(t)
	b.account.UpdateCard("cus_whole", stripeapi.Card{Last4: "4444"})
	b.account.OpenDispute(stripeapi.Dispute{ID: "dp_new", Charge: "ch_plain"})
	if _, err := refund(t, b.Client, "act_plain", refundOf("ch_billed", eur(100), eur(11900))); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	err := b.BillingEvents(t.Context(), start().Add(-time.Minute), func(e segments.Event) error {
		for _, r := range e.Changed {
			got[string(r.Kind)+" "+r.ID] = true
		}
		return nil
	})
	for _, want := range []string{"wallets cus_whole", "customers cus_whole", "disputes dp_new", "charges ch_billed"} {
		if err != nil || !got[want] {
			t.Errorf("%s is not among %v: %v", want, got, err)
		}
	}
	for ref := range got {
		if strings.HasSuffix(ref, " ") {
			t.Errorf("an event names nothing: %q", ref)
		}
	}
}
