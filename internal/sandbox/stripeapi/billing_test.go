package stripeapi_test

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

const aMonth = 31 * 24 * time.Hour

// invoices are the invoices of a customer, newest first.
func (w *world) invoices(customer string) []*stripe.Invoice {
	w.t.Helper()
	it := w.stripe.Invoices.List(&stripe.InvoiceListParams{Customer: &customer, ListParams: stripe.ListParams{Single: true}})
	if it.Err() != nil {
		w.t.Fatal(it.Err())
	}
	return it.InvoiceList().Data
}

func TestAPeriodThatBeginsIsBilledAndPaid(t *testing.T) {
	w := monthly(t)
	w.clock.Advance(aMonth)
	all := w.invoices("cus")
	if len(all) != 1 || all[0].Status != "paid" || all[0].AmountPaid != 900 || all[0].Charge == nil || all[0].BillingReason != "subscription_cycle" {
		t.Fatalf("%+v", all)
	}
	if c := charge(t, w, all[0].Charge.ID); c.Amount != 900 || c.Invoice.ID != all[0].ID || c.Created != start().AddDate(0, 1, -3).Unix() {
		t.Errorf("%+v", c)
	}
}

// A clock that is moved in one step or in many leaves the same account.
func TestWhatTimeDoesDoesNotDependOnWhoLooks(t *testing.T) {
	whole, steps := monthly(t), monthly(t)
	for _, w := range []*world{whole, steps} {
		w.AddSubscription(stripeapi.Subscription{ID: "sub_b", Customer: "cus", Created: start().AddDate(0, 0, -9), Items: []stripeapi.Item{{Price: "price"}}})
	}
	whole.clock.Advance(100 * 24 * time.Hour)
	for range 100 {
		steps.clock.Advance(24 * time.Hour)
		steps.send("GET", "/v1/customers/cus", "")
	}
	a, b := whole.invoices("cus"), steps.invoices("cus")
	if len(a) != 6 || len(a) != len(b) {
		t.Fatalf("%d and %d invoices", len(a), len(b))
	}
	for i := range a {
		if a[i].ID != b[i].ID || a[i].Subscription.ID != b[i].Subscription.ID || a[i].Created != b[i].Created || a[i].Charge.ID != b[i].Charge.ID {
			t.Errorf("%+v\n%+v", a[i], b[i])
		}
	}
}

func TestADeclinedRenewalIsPastDueUntilItIsPaid(t *testing.T) {
	w := monthly(t)
	w.UpdateCard("cus", stripeapi.Card{Declines: "insufficient_funds"})
	w.clock.Advance(aMonth)
	i := w.invoices("cus")[0]
	sub, _ := w.Subscription("sub")
	c, _ := w.Customer("cus")
	if i.Status != "open" || i.AmountRemaining != 900 || sub.Status != "past_due" || !c.Delinquent {
		t.Fatalf("%+v, %s, delinquent %v", i, sub.Status, c.Delinquent)
	}
	_, err := w.stripe.Invoices.Pay(i.ID, &stripe.InvoicePayParams{})
	if e := stripeError(t, err); e.HTTPStatusCode != 402 || e.Type != stripe.ErrorTypeCard || e.Code != stripe.ErrorCodeCardDeclined {
		t.Errorf("%+v", e)
	}
	w.UpdateCard("cus", stripeapi.Card{})
	if i, err = w.stripe.Invoices.Pay(i.ID, &stripe.InvoicePayParams{}); err != nil || !i.Paid || i.AttemptCount != 3 {
		t.Errorf("%+v %v", i, err)
	}
	sub, _ = w.Subscription("sub")
	if c, _ = w.Customer("cus"); sub.Status != "active" || c.Delinquent {
		t.Errorf("%s, delinquent %v", sub.Status, c.Delinquent)
	}
	if _, err = w.stripe.Invoices.Pay(i.ID, &stripe.InvoicePayParams{}); stripeError(t, err).HTTPStatusCode != 400 {
		t.Errorf("paid twice: %v", err)
	}
}

func TestACardThatHasExpiredPaysNothing(t *testing.T) {
	w := monthly(t)
	w.UpdateCard("cus", stripeapi.Card{ExpMonth: 11, ExpYear: 2026})
	w.clock.Advance(aMonth)
	it := w.stripe.Charges.List(&stripe.ChargeListParams{Customer: stripe.String("cus")})
	if !it.Next() || it.Charge().FailureCode != "expired_card" || it.Charge().Status != "failed" {
		t.Errorf("%+v %v", it.Charge(), it.Err())
	}
}

func TestCreditPaysTheNextInvoice(t *testing.T) {
	w := monthly(t)
	b, err := w.stripe.CustomerBalanceTransactions.New(&stripe.CustomerBalanceTransactionParams{
		Customer: stripe.String("cus"), Amount: stripe.Int64(-1000), Currency: stripe.String("usd"), Description: stripe.String("sorry"),
		Metadata: map[string]string{"operation_id": "act_1"},
	})
	if err != nil || b.EndingBalance != -1000 || b.Type != stripe.CustomerBalanceTransactionTypeAdjustment || b.Metadata["operation_id"] != "act_1" {
		t.Fatalf("%+v %v", b, err)
	}
	w.clock.Advance(aMonth)
	if i := w.invoices("cus")[0]; i.AmountDue != 0 || i.Status != "paid" || i.Charge != nil || i.StartingBalance != -900 {
		t.Errorf("%+v", i)
	}
	if c, _ := w.Customer("cus"); c.Balance != -100 || len(w.BalanceTransactions("cus")) != 2 {
		t.Errorf("%+v", c)
	}
	for form, param := range map[string]string{"amount=-5&currency=eur": "currency", "currency=usd": "amount", "amount=-5": "currency"} {
		if got := w.send("POST", "/v1/customers/cus/balance_transactions", form); got.status != 400 || got.trouble("param") != param {
			t.Errorf("%s: %v", form, got.body)
		}
	}
}

func TestUnusedTimeBecomesCreditAndNeverARefund(t *testing.T) {
	w := monthly(t) // a month of 30 days that began 3 days ago, from 20 November
	if _, err := w.stripe.Subscriptions.Cancel("sub", &stripe.SubscriptionCancelParams{Prorate: stripe.Bool(true), InvoiceNow: stripe.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if c, _ := w.Customer("cus"); c.Balance != -810 {
		t.Errorf("the balance is %d", c.Balance)
	}
	if i := w.invoices("cus")[0]; i.Total != -810 || i.AmountDue != 0 || !i.Lines.Data[0].Proration {
		t.Errorf("%+v", i)
	}
	if n := len(w.Refunds()); n != 0 {
		t.Errorf("%d refunds", n)
	}
}

// discounted updates a subscription with one discount.
func (w *world) discount(member *stripe.SubscriptionDiscountParams) (*stripe.Subscription, error) {
	return w.stripe.Subscriptions.Update("sub", &stripe.SubscriptionParams{Discounts: []*stripe.SubscriptionDiscountParams{member}})
}

func TestACouponTakesItsPartOffOnce(t *testing.T) {
	w := monthly(t)
	w.AddCoupon(stripeapi.Coupon{ID: "STAY20", PercentOff: 20, MaxTimes: 1})
	sub, err := w.discount(&stripe.SubscriptionDiscountParams{Coupon: stripe.String("STAY20")})
	if err != nil || sub.Discount == nil || sub.Discount.Coupon.PercentOff != 20 || len(sub.Discounts) != 1 {
		t.Fatalf("%+v %v", sub, err)
	}
	if _, err = w.discount(&stripe.SubscriptionDiscountParams{Coupon: stripe.String("STAY20")}); stripeError(t, err).Code != stripe.ErrorCodeCouponExpired {
		t.Errorf("redeemed twice: %v", err)
	}
	w.clock.Advance(2 * aMonth)
	all := w.invoices("cus")
	if len(all) != 2 || all[1].Total != 720 || all[0].Total != 900 || all[1].TotalDiscountAmounts[0].Amount != 180 {
		t.Errorf("%+v", all)
	}
}

func TestDiscountsReplaceEachOther(t *testing.T) {
	w := monthly(t)
	w.AddCoupon(stripeapi.Coupon{ID: "A", PercentOff: 10, Duration: "forever"})
	w.AddCoupon(stripeapi.Coupon{ID: "B", AmountOff: 100, Duration: "repeating", Months: 1})
	first, err := w.discount(&stripe.SubscriptionDiscountParams{Coupon: stripe.String("A")})
	if err != nil {
		t.Fatal(err)
	}
	both, err := w.stripe.Subscriptions.Update("sub", &stripe.SubscriptionParams{Discounts: []*stripe.SubscriptionDiscountParams{
		{Discount: stripe.String(first.Discount.ID)}, {Coupon: stripe.String("B")},
	}})
	if err != nil || len(both.Discounts) != 2 || both.Discount.ID != first.Discount.ID {
		t.Fatalf("%+v %v", both, err)
	}
	if alone, err := w.discount(&stripe.SubscriptionDiscountParams{Coupon: stripe.String("B")}); err != nil || len(alone.Discounts) != 1 {
		t.Errorf("%+v %v", alone, err)
	}
	if none := w.send("POST", "/v1/subscriptions/sub", "discounts="); none.body["discount"] != nil {
		t.Errorf("%v", none.body)
	}
}

func TestAPromotionCodeHasItsLimits(t *testing.T) {
	w := monthly(t)
	w.AddCoupon(stripeapi.Coupon{ID: "C", PercentOff: 10})
	w.AddCoupon(stripeapi.Coupon{ID: "EUR", AmountOff: 100, Currency: "eur"})
	w.AddCharge(stripeapi.Charge{ID: "ch", Customer: "cus", Amount: 900})
	for _, c := range []stripeapi.PromotionCode{
		{ID: "promo_ok", Code: "OK"},
		{ID: "promo_over", Code: "OVER", Expires: start().Add(-time.Hour)},
		{ID: "promo_gone", Code: "GONE", Inactive: true},
		{ID: "promo_used", Code: "USED", MaxTimes: 3, Times: 3},
		{ID: "promo_other", Code: "OTHER", Customer: "cus_other"},
		{ID: "promo_new", Code: "NEW", FirstTime: true},
	} {
		c.Coupon = "C"
		w.AddPromotionCode(c)
		_, err := w.discount(&stripe.SubscriptionDiscountParams{PromotionCode: &c.ID})
		if (err == nil) != (c.ID == "promo_ok") {
			t.Errorf("%s: %v", c.ID, err)
		}
	}
	if _, err := w.discount(&stripe.SubscriptionDiscountParams{Coupon: stripe.String("EUR")}); err == nil {
		t.Error("euros off a price in dollars")
	}
	if got := w.send("GET", "/v1/promotion_codes?code=ok&active=true", "").ids(); len(got) != 1 || got[0] != "promo_ok" {
		t.Errorf("%v", got)
	}
}
