package stripe_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// act does one thing with a real permit of a policy that allows everything.
func act[A policies.Action, Out any](t *testing.T, key string, a A, do func(context.Context, *policies.Permit[A]) (Out, error)) (out Out, err error) {
	t.Helper()
	most := policies.CurrencyLimits{"eur": {Auto: 1 << 40, Max: 1 << 40}}
	guard := &policies.Guard{Ledger: &ledger{key: key}, Now: start, Log: slog.New(slog.DiscardHandler), Timeout: 5 * time.Second, Lease: time.Minute}
	guard.Use(&policies.Policy{
		Cancel:   &policies.CancelRules{AtPeriodEnd: policies.Allow, Now: policies.Allow, Keep: policies.Allow, RefundUnused: most},
		Credit:   &policies.CreditRules{Currencies: most},
		Reply:    &policies.ReplyRules{MaxChars: 1000},
		Discount: &policies.DiscountRules{Coupons: []string{"STAY20", "FIVE", "WELCOME10"}, Currencies: most, Remove: policies.Allow, Stack: policies.Allow},
		Retry:    &policies.RetryRules{Currencies: most},
	})
	ran := false
	_, denied := policies.Enforce(t.Context(), guard, policies.Request{Principal: "agent"}, policies.Operation[A, Out]{
		Propose: func(context.Context) (A, error) { return a, nil },
		Perform: func(ctx context.Context, p *policies.Permit[A]) (Out, error) {
			ran = true
			out, err = do(ctx, p)
			return out, err
		},
	})
	if denied != nil || !ran {
		t.Errorf("the guard did not let it through: %v", denied)
	}
	return out, err
}

// withPlan has an annual plan, paid with tax by an invoice 73 days ago: a fifth of
// the year is used.
func withPlan(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	paid := start().AddDate(0, 0, -73)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_anne", Currency: "eur", Card: &stripeapi.Card{}})
	b.account.AddProduct(stripeapi.Product{ID: "prod_1", Name: "Team"})
	b.account.AddPrice(stripeapi.Price{ID: "price_year", Product: "prod_1", Amount: 12000, Currency: "eur", Interval: "year"})
	b.account.AddSubscription(stripeapi.Subscription{ID: "sub_anne", Customer: "cus_anne", Items: []stripeapi.Item{{Price: "price_year"}}, Created: paid})
	b.account.AddInvoice(stripeapi.Invoice{
		ID: "in_anne", Customer: "cus_anne", Subscription: "sub_anne", Currency: "eur", Created: paid,
		Lines: []stripeapi.Line{{Description: "Team", Amount: 12000, Tax: 2280, Price: "price_year", Start: paid, End: paid.AddDate(1, 0, 0)}},
	})
	b.account.AddCharge(stripeapi.Charge{ID: "ch_anne", Customer: "cus_anne", PaymentIntent: "pi_anne", Invoice: "in_anne", Amount: 14280, Currency: "eur", Created: paid})
	b.account.AddCoupon(stripeapi.Coupon{ID: "STAY20", PercentOff: 20, Duration: "repeating", Months: 3})
	b.account.AddCoupon(stripeapi.Coupon{ID: "FIVE", AmountOff: 500, Currency: "eur"})
	b.account.AddCoupon(stripeapi.Coupon{ID: "DOLLARS", AmountOff: 500})
	b.account.AddCoupon(stripeapi.Coupon{ID: "GONE", PercentOff: 50, RedeemBy: start().AddDate(0, 0, -1)})
	b.account.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_1", Code: "WELCOME10", Coupon: "FIVE"})
	b.account.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_3", Code: "SPRING-10", Coupon: "FIVE"})
	b.account.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_2", Code: "OTHERS", Coupon: "FIVE", Customer: "cus_other"})
	return b
}

func asker() policies.Asker {
	return policies.Asker{Conversation: "conv_1", Contact: "con_1", Identity: policies.Proven, Ties: []policies.Tie{{Customer: "cus_anne", Way: "e-mail"}}}
}

func plan() policies.Subscription {
	return policies.Subscription{ID: "sub_anne", Customer: "cus_anne", Status: "active"}
}

func cancelAs(how policies.How, back int64) policies.Cancel {
	c := policies.Cancel{Asker: asker(), Subscription: plan(), How: how}
	if back > 0 {
		c.Refund = eur(back)
	}
	return c
}

func TestEachWayToCancelDoesWhatItSays(t *testing.T) {
	for how, want := range map[policies.How]string{
		policies.AtPeriodEnd:   "POST /v1/subscriptions/sub_anne cancel_at_period_end=true&metadata[operation_id]=act_1&metadata[conversation]=conv_1",
		policies.Now:           "DELETE /v1/subscriptions/sub_anne ",
		policies.NowWithRefund: "POST /v1/credit_notes invoice=in_anne&amount=11424&refund_amount=11424&reason=order_change&metadata[operation_id]=act_1&metadata[conversation]=conv_1&expand[0]=refund DELETE /v1/subscriptions/sub_anne ",
	} {
		b, back := withPlan(t), int64(0)
		if how == policies.NowWithRefund {
			back = 11424
		}
		a := cancelAs(how, back)
		if _, found, err := b.FindCanceled(t.Context(), a, "act_1"); found || err != nil {
			t.Errorf("%s: found before it was done: %v", how, err)
		}
		got, err := act(t, "act_1", a, b.CancelSubscription)
		var sent []string
		for _, r := range b.writes() {
			sent = append(sent, r.Method+" "+r.Path+" "+r.Body)
		}
		if err != nil || strings.Join(sent, " ") != want {
			t.Errorf("%s: %v, sent %q", how, err, sent)
		}
		sub, _ := b.account.Subscription("sub_anne")
		if (sub.Status == "canceled") != (how != policies.AtPeriodEnd) || sub.CancelAtPeriodEnd != (how == policies.AtPeriodEnd) || b.account.AmountRefunded("ch_anne") != back {
			t.Errorf("%s: %+v, %d refunded", how, sub, b.account.AmountRefunded("ch_anne"))
		}
		end := map[bool]time.Time{true: sub.PeriodEnd, false: start()}[how == policies.AtPeriodEnd]
		if got.Subscription != "sub_anne" || !got.EndsAt.Equal(end) || got.Refund.Minor != back || (got.CreditNote == "") != (back == 0) {
			t.Errorf("%s: %+v", how, got)
		}
		found, ok, err := b.FindCanceled(t.Context(), a, "act_1")
		if !ok || err != nil || found != got {
			t.Errorf("%s: found %v %+v, %v; the receipt was %+v", how, ok, found, err, got)
		}
	}
}

// Why somebody leaves is kept in Stripe; the receipt, which is kept for ever, has
// Stripe's own words for it and not the customer's.
func TestWhyACustomerLeavesIsKeptInStripe(t *testing.T) {
	for _, how := range []policies.How{policies.AtPeriodEnd, policies.Now, policies.NowWithRefund} {
		b, a := withPlan(t), cancelAs(how, map[policies.How]int64{policies.NowWithRefund: 11424}[how])
		a.Feedback, a.Comment = "too_expensive", "We can no longer afford it."
		got, err := act(t, "act_1", a, b.CancelSubscription)
		sub, _ := b.account.Subscription("sub_anne")
		if err != nil || sub.Feedback != "too_expensive" || sub.Comment != a.Comment {
			t.Errorf("%s: %v, %q %q", how, err, sub.Feedback, sub.Comment)
		}
		if got.Reason != "cancellation_requested" || got.Feedback != "too_expensive" {
			t.Errorf("%s: the receipt is %+v", how, got)
		}
		if kept, err := act(t, "act_2", policies.Keep{Asker: asker(), Subscription: plan()}, b.KeepSubscription); how == policies.AtPeriodEnd && (err != nil || kept.Reason != "" || kept.Feedback != "") {
			t.Errorf("taken back: %+v, %v", kept, err)
		}
	}
}

// Whatever breaks between the two writes of a cancellation with refund, doing it
// again under the same key completes it, and the money goes once.
func TestACancellationWithRefundIsCompletedAndPaysOnce(t *testing.T) {
	for name, f := range map[string]control.Fault{
		"the refund's answer is lost": {Method: "POST", Kind: control.CutAfter},
		"the refund's answer is 500":  {Method: "POST", Kind: control.ErrorAfter},
		"the end never arrives":       {Method: "DELETE", Kind: control.CutBefore},
		"the end's answer is lost":    {Method: "DELETE", Kind: control.CutAfter},
		"the end is refused for now":  {Method: "DELETE", Kind: control.RateLimit},
	} {
		b := withPlan(t)
		b.Client = onFreshConnections(t, b.url)
		b.inject(t, f)
		a := cancelAs(policies.NowWithRefund, 11424)
		if _, err := act(t, "act_1", a, b.CancelSubscription); fault.TookOf(err) != fault.Unknown {
			t.Errorf("%s: took %v, %v", name, fault.TookOf(err), err)
		}
		if _, found, err := b.FindCanceled(t.Context(), a, "act_1"); err != nil || found != (name == "the end's answer is lost") {
			t.Errorf("%s: found %v, %v", name, found, err)
		}
		if f.Kind == control.ErrorAfter {
			continue // Stripe repeats a stored 500 for a day: a person settles it
		}
		got, err := act(t, "act_1", a, b.CancelSubscription)
		if sub, _ := b.account.Subscription("sub_anne"); err != nil || sub.Status != "canceled" || got.Refund != eur(11424) {
			t.Errorf("%s: again: %+v, %v", name, got, err)
		}
		if n := b.account.AmountRefunded("ch_anne"); n != 11424 || len(b.account.CreditNotes()) != 1 {
			t.Errorf("%s: %d refunded by %d credit notes", name, n, len(b.account.CreditNotes()))
		}
	}
}

func TestWhatHasEndedCannotBeEndedTwice(t *testing.T) {
	b := withPlan(t)
	for range 2 {
		if got, err := act(t, "act_1", cancelAs(policies.Now, 0), b.CancelSubscription); err != nil || got.Status != "canceled" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	a := cancelAs(policies.Now, 0)
	a.Subscription.ID = "sub_nobody"
	if _, err := act(t, "act_2", a, b.CancelSubscription); fault.CodeOf(err) != fault.NotFound || fault.TookOf(err) != fault.No {
		t.Errorf("%v", err)
	}
}

func TestACancellationIsTakenBack(t *testing.T) {
	b := withPlan(t)
	if _, err := act(t, "act_1", cancelAs(policies.AtPeriodEnd, 0), b.CancelSubscription); err != nil {
		t.Fatal(err)
	}
	k := policies.Keep{Asker: asker(), Subscription: plan()}
	if _, found, err := b.FindKept(t.Context(), k, "act_2"); found || err != nil {
		t.Errorf("kept before it was: %v", err)
	}
	got, err := act(t, "act_2", k, b.KeepSubscription)
	if sub, _ := b.account.Subscription("sub_anne"); err != nil || sub.CancelAtPeriodEnd || !got.EndsAt.IsZero() {
		t.Errorf("%+v, %+v, %v", sub, got, err)
	}
	if found, ok, err := b.FindKept(t.Context(), k, "act_2"); !ok || err != nil || found != got {
		t.Errorf("%v %+v, %v", ok, found, err)
	}
}

func TestUnusedTimeIsWhatIsLeftWithTaxAndNeverMoreThanWasPaid(t *testing.T) {
	b := withPlan(t)
	u, err := b.UnusedTime(t.Context(), "sub_anne")
	if err != nil || u.Refund != eur(11399) || u.Invoice != "in_anne" { // 291.375 of 365 days of 142.80
		t.Errorf("%+v, %v", u, err)
	}
	if _, err := refund(t, b.Client, "act_1", refundOf("ch_anne", eur(4280), eur(14280))); err != nil {
		t.Fatal(err)
	}
	if u, err = b.UnusedTime(t.Context(), "sub_anne"); err != nil || u.Refund.Minor < 9998 || u.Refund.Minor > 10000 { // 100.00 are left
		t.Errorf("after a credit note: %+v, %v", u, err)
	}
	b.account.AddRefund(stripeapi.Refund{ID: "re_1", Charge: "ch_anne", Amount: 5720})
	if u, err = b.UnusedTime(t.Context(), "sub_anne"); err != nil || u.Refund != eur(4280) {
		t.Errorf("after a refund: %+v, %v", u, err)
	}
	b.account.AddSubscription(stripeapi.Subscription{ID: "sub_trial", Customer: "cus_anne", Items: []stripeapi.Item{{Price: "price_year"}}, TrialEnd: start().AddDate(0, 0, 5)})
	if u, err = b.UnusedTime(t.Context(), "sub_trial"); err != nil || !u.Refund.IsZero() {
		t.Errorf("of a trial: %+v, %v", u, err)
	}
}

func TestCreditIsGivenOnceAndFound(t *testing.T) {
	a := policies.Credit{Asker: asker(), Customer: policies.Customer{ID: "cus_anne"}, Amount: eur(1500)}
	for _, kind := range []control.Kind{"", control.CutAfter, control.ErrorBefore, control.RateLimit} {
		b := withPlan(t)
		b.Client = onFreshConnections(t, b.url)
		if kind != "" {
			b.inject(t, control.Fault{Method: "POST", Kind: kind})
		}
		got, err := act(t, "act_1", a, b.CreditCustomer)
		want := map[control.Kind]fault.Took{control.CutAfter: fault.Unknown, control.ErrorBefore: fault.Unknown, control.RateLimit: fault.NotYet}[kind]
		if (err == nil) != (kind == "") || err != nil && fault.TookOf(err) != want {
			t.Errorf("%s: took %v, %v", kind, fault.TookOf(err), err)
		}
		found, ok, err := b.FindCredited(t.Context(), a, "act_1")
		if given := kind == "" || kind == control.CutAfter; ok != given || err != nil || given && (found.Amount != eur(1500) || found.Balance != eur(-1500)) || kind == "" && found != got {
			t.Errorf("%s: found %v %+v, %v", kind, ok, found, err)
		}
		if kind == control.ErrorBefore {
			continue
		}
		if _, err := act(t, "act_1", a, b.CreditCustomer); err != nil || len(b.account.BalanceTransactions("cus_anne")) != 1 {
			t.Errorf("%s: again: %v, %d transactions", kind, err, len(b.account.BalanceTransactions("cus_anne")))
		}
	}
	b := withPlan(t)
	if _, err := act(t, "act_1", a, b.CreditCustomer); err != nil {
		t.Fatal(err)
	}
	const body = "amount=-1500&currency=eur&metadata[operation_id]=act_1&metadata[conversation]=conv_1"
	if sent := b.writes(); len(sent) != 1 || sent[0].Body != body || sent[0].IdempotencyKey != "act_1" {
		t.Errorf("%+v", sent)
	}
	if _, ok, _ := b.FindCredited(t.Context(), a, "act_2"); ok {
		t.Error("another key's credit is found")
	}
}

func discountOf(coupon, code string, remove bool) policies.Discount {
	d := policies.Discount{Asker: asker(), Subscription: plan(), Coupon: policies.Coupon{ID: coupon, Code: code, Usable: true}, Remove: remove, Worth: eur(100)}
	if remove {
		d.Present, d.Worth = []string{coupon}, money.Money{}
	}
	return d
}

func TestADiscountIsAddedToThoseThereAreAndTakenOffAlone(t *testing.T) {
	b := withPlan(t)
	for i, step := range []struct {
		a    policies.Discount
		want string
	}{
		{discountOf("STAY20", "", false), "STAY20"},
		{discountOf("FIVE", "WELCOME10", false), "STAY20 FIVE"},
		{discountOf("FIVE", "", false), "STAY20 FIVE"}, // there already: nothing is sent
		{discountOf("STAY20", "", true), "FIVE"},
		{discountOf("FIVE", "", true), ""},
		{discountOf("FIVE", "", true), ""},
	} {
		key := "act_" + string(rune('a'+i))
		got, err := act(t, key, step.a, b.DiscountSubscription)
		sub, _ := b.account.Subscription("sub_anne")
		var on []string
		for _, d := range sub.Discounts {
			on = append(on, d.Coupon)
		}
		if err != nil || strings.Join(on, " ") != step.want || !slices.Equal(got.Coupons, append([]string{}, on...)) {
			t.Errorf("step %d: on it are %v, %+v, %v", i, on, got, err)
		}
		if found, ok, err := b.FindDiscounted(t.Context(), step.a, key); !ok || err != nil || !slices.Equal(found.Coupons, got.Coupons) {
			t.Errorf("step %d: found %v %+v, %v", i, ok, found, err)
		}
	}
	if n := len(b.writes()); n != 4 {
		t.Errorf("%d writes, want 4: %+v", n, b.writes())
	}
}

func TestAnOfferSaysWhatItIsWorthAndWhyItIsNotUsable(t *testing.T) {
	b := withPlan(t)
	sub, err := b.Subscription(t.Context(), "sub_anne")
	if err != nil || sub.Customer != "cus_anne" || len(sub.Coupons) != 0 {
		t.Fatalf("%+v, %v", sub, err)
	}
	for name, want := range map[string]struct {
		id, why string
		worth   int64
	}{
		"STAY20": {"STAY20", "", 2400}, "FIVE": {"FIVE", "", 500}, "WELCOME10": {"FIVE", "", 500}, "welcome10": {"FIVE", "", 500}, "SPRING-10": {"FIVE", "", 500},
		"OTHERS": {"FIVE", "another customer", 500}, "GONE": {"GONE", "not valid", 6000}, "DOLLARS": {"DOLLARS", "another currency", 500},
	} {
		got, err := b.Offer(t.Context(), name, sub)
		if err != nil || got.ID != want.id || got.Usable != (want.why == "") || !strings.Contains(got.Why, want.why) || got.Worth != eur(want.worth) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := b.Offer(t.Context(), "NOBODY", sub); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "a b", "../x"} {
		if _, err := b.Offer(t.Context(), bad, sub); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestNoWriteOfPlansIsSentWithoutAPermit(t *testing.T) {
	b := withPlan(t)
	_, e1 := b.CancelSubscription(t.Context(), nil)
	_, e2 := b.KeepSubscription(t.Context(), nil)
	_, e3 := b.CreditCustomer(t.Context(), &policies.Permit[policies.Credit]{})
	_, e4 := b.DiscountSubscription(t.Context(), nil)
	_, e5 := b.PayInvoice(t.Context(), nil)
	for _, err := range []error{e1, e2, e3, e4, e5} {
		if err == nil || fault.TookOf(err) != fault.No {
			t.Errorf("%v", err)
		}
	}
	if n := len(b.account.Desk.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}
