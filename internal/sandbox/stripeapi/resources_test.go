package stripeapi_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"
)

// Each test says what stripe-go decodes of one kind of object: the fields that
// support tools read.

func TestCustomerDecodes(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	c, err := w.stripe.Customers.Get("cus_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.ID, c.Object, c.Name, c.Email, c.Phone, c.Balance, c.Currency, c.Delinquent, c.Livemode, c.Created, c.Metadata, c.InvoiceSettings.DefaultPaymentMethod.ID}
	want := []any{
		"cus_maria", "customer", "Maria Silva", "Maria@example.com", "+351 1", int64(-500), stripe.CurrencyEUR, true, false,
		start().AddDate(0, -2, 0).Unix(),
		map[string]string{"intercom": "u1"},
		"pm_maria",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestChargeDecodes(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	c, err := w.stripe.Charges.Get("ch_maria_2", nil)
	if err != nil {
		t.Fatal(err)
	}
	card := c.PaymentMethodDetails.Card
	got := []any{
		c.Amount, c.AmountCaptured, c.AmountRefunded, c.Captured, c.Paid, c.Refunded, c.Disputed, c.Status, c.Currency,
		c.Customer.ID, c.PaymentIntent.ID, c.Invoice.ID, c.BalanceTransaction.ID, c.ReceiptURL, c.ReceiptEmail, c.Description,
		c.Metadata, card.Brand, card.Last4, card.ExpMonth, card.ExpYear, c.Outcome.RiskLevel, c.Outcome.SellerMessage, c.Refunds == nil, c.BillingDetails.Name,
	}
	want := []any{
		int64(24000), int64(24000), int64(1000), true, true, false, true, stripe.ChargeStatusSucceeded, stripe.CurrencyEUR,
		"cus_maria", "pi_maria", "in_maria", "txn_ch_maria_2", "https://pay.stripe.com/receipts/maria_2", "maria@example.com", "Team",
		map[string]string{"order": "7"},
		stripe.PaymentMethodCardBrandMastercard, "4444", int64(1), int64(2027), "normal", "Payment complete.", true, "Maria Silva",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if id := w.send("GET", "/v1/charges/ch_maria_2", "").body["dispute"]; id != "dp_maria" {
		t.Errorf("dispute on the wire: %v", id)
	}
}

func TestFailedChargeTellsWhy(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	c, err := w.stripe.Charges.Get("ch_maria_1", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Status, c.Paid, c.Captured, c.AmountCaptured, c.FailureCode, c.FailureMessage, c.Outcome.Reason, c.Outcome.RiskLevel, c.Outcome.Type, c.ReceiptURL, c.BalanceTransaction == nil}
	want := []any{stripe.ChargeStatusFailed, false, false, int64(0), "card_declined", "No money.", "insufficient_funds", "elevated", "issuer_declined", "", true}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPaymentIntentFollowsItsCharges(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	i, err := w.stripe.PaymentIntents.Get("pi_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{i.Amount, i.AmountReceived, i.Status, i.LatestCharge.ID, i.Customer.ID, i.Invoice.ID, i.PaymentMethod.ID, i.Currency}
	want := []any{int64(24000), int64(24000), stripe.PaymentIntentStatusSucceeded, "ch_maria_2", "cus_maria", "in_maria", "pm_maria", stripe.CurrencyEUR}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRefundDecodes(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	r, err := w.stripe.Refunds.Get("re_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{r.Amount, r.Currency, r.Charge.ID, r.PaymentIntent.ID, r.Status, r.Reason, r.Metadata, r.DestinationDetails.Card.Reference, r.BalanceTransaction.ID}
	want := []any{
		int64(1000), stripe.CurrencyEUR, "ch_maria_2", "pi_maria", stripe.RefundStatusSucceeded, stripe.RefundReasonRequestedByCustomer,
		map[string]string{"ticket": "9"},
		"74000001", "txn_re_maria",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDisputeDecodes(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	d, err := w.stripe.Disputes.Get("dp_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{d.Amount, d.Currency, d.Charge.ID, d.PaymentIntent.ID, d.Status, d.Reason, d.IsChargeRefundable, d.EvidenceDetails.DueBy}
	want := []any{
		int64(24000), stripe.CurrencyEUR, "ch_maria_2", "pi_maria", stripe.DisputeStatusWarningNeedsResponse,
		stripe.DisputeReasonFraudulent, true, start().AddDate(0, 0, 7).Unix(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSubscriptionDecodes(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	s, err := w.stripe.Subscriptions.Get("sub_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	item := s.Items.Data[0]
	got := []any{
		s.Status, s.Customer.ID, s.CurrentPeriodStart, s.CurrentPeriodEnd, s.CancelAtPeriodEnd, s.Currency, s.LatestInvoice.ID, s.DefaultPaymentMethod.ID, s.Metadata,
		item.ID, item.Quantity, item.Price.ID, item.Price.Nickname, item.Price.Product.ID, item.Price.UnitAmount, item.Price.Recurring.Interval, item.Price.Recurring.IntervalCount,
	}
	want := []any{
		stripe.SubscriptionStatusActive, "cus_maria", start().AddDate(0, 0, -3).Unix(), start().AddDate(1, 0, -3).Unix(), false, stripe.CurrencyEUR, "in_maria", "pm_maria",
		map[string]string{"seats": "2"},
		"si_maria", int64(2), "price_team", "Team yearly", "prod_team", int64(12000), stripe.PriceRecurringIntervalYear, int64(1),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestInvoiceDecodes(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	i, err := w.stripe.Invoices.Get("in_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	line := i.Lines.Data[0]
	got := []any{
		i.Number, i.Status, i.Paid, i.Total, i.AmountPaid, i.AmountRemaining, i.AttemptCount, i.Charge.ID, i.PaymentIntent.ID, i.Subscription.ID, i.CustomerEmail, i.HostedInvoiceURL != "", i.PeriodEnd,
		line.Amount, line.Description, line.Quantity, line.Price.ID, line.Period.Start, line.Period.End, line.Type,
	}
	want := []any{
		"MARIA", stripe.InvoiceStatusPaid, true, int64(24000), int64(24000), int64(0), int64(2), "ch_maria_2", "pi_maria", "sub_maria", "Maria@example.com", true, start().AddDate(1, 0, -3).Unix(),
		int64(24000), "2 × Team", int64(2), "price_team", start().AddDate(0, 0, -3).Unix(), start().AddDate(1, 0, -3).Unix(), stripe.InvoiceLineItemTypeSubscription,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCatalogueCardAndAccountDecode(t *testing.T) {
	w := newWorld(t)
	w.seedMaria()
	product, err := w.stripe.Products.Get("prod_team", nil)
	if err != nil {
		t.Fatal(err)
	}
	price, err := w.stripe.Prices.Get("price_team", nil)
	if err != nil {
		t.Fatal(err)
	}
	method, err := w.stripe.PaymentMethods.Get("pm_maria", nil)
	if err != nil {
		t.Fatal(err)
	}
	account, err := w.stripe.Accounts.Get()
	if err != nil {
		t.Fatal(err)
	}
	got := []any{product.Name, product.Active, price.UnitAmount, price.UnitAmountDecimal, price.Product.ID, price.Type, method.Customer.ID, method.Card.Last4, method.Card.Funding, method.BillingDetails.Email, account.ID, account.BusinessProfile.Name}
	want := []any{"Team", true, int64(12000), float64(12000), "prod_team", stripe.PriceTypeRecurring, "cus_maria", "4444", stripe.CardFundingCredit, "Maria@example.com", "acct_sandbox", "Sandbox"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDeletedCustomerIsAStub(t *testing.T) {
	w := newWorld(t)
	w.AddCustomer(customer("cus_gone", "gone@example.com", true))
	c, err := w.stripe.Customers.Get("cus_gone", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Deleted || c.Email != "" {
		t.Errorf("deleted %v, e-mail %q", c.Deleted, c.Email)
	}
	if ids := w.send("GET", "/v1/customers", "").ids(); len(ids) != 0 {
		t.Errorf("listed: %v", ids)
	}
}
