package stripe_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// tape writes down each request that a client makes.
type tape struct {
	mu   sync.Mutex
	seen map[string]sent // by what makes requests alike: call and names of parameters
}

// sent is one request as it went out.
type sent struct{ method, path, query, body string }

// call is method and path, ids as {id}.
func (s sent) call() string {
	steps := strings.Split(s.path, "/")
	for i, step := range steps {
		if regexp.MustCompile(`^((ch|cus|dp|pi|in|prod|sub|promo)_|STAY|FIVE|WELCOME)`).MatchString(step) {
			steps[i] = "{id}"
		}
	}
	return s.method + " " + strings.Join(steps, "/")
}

// later reports whether a request uses what came after the older build, and to all
// versions: why somebody leaves, several discounts, credit notes by date, and flows
// of the portal (https://docs.stripe.com/changelog).
func (s sent) later() bool {
	return strings.Contains(s.body, "cancellation_details") || strings.Contains(s.query, "cancellation_details") ||
		strings.Contains(s.body, "flow_data") || strings.Contains(s.body, "discounts") && strings.HasPrefix(s.path, "/v1/subscriptions/") ||
		strings.Contains(s.query, "created[gte]=") && s.path == "/v1/credit_notes"
}

// shape are the names of the parameters.
func (s sent) shape() string {
	return regexp.MustCompile(`=[^&]*`).ReplaceAllString(s.query+"&"+s.body, "")
}

// RoundTrip implements http.RoundTripper.
func (t *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	s := sent{r.Method, r.URL.Path, r.URL.RawQuery, string(body)}
	t.mu.Lock()
	t.seen[s.call()+" "+s.shape()] = s
	t.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// everything makes the client do all that it can do, on an account where each
// thing is there, and gives all that it answered, by method.
func everything(t *testing.T, b *bench) map[string][]any {
	t.Helper()
	got := map[string][]any{}
	keep := func(method string, v any, err error) {
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
		got[method] = append(got[method], v)
	}
	ctx, a := t.Context(), refundOf("ch_plain", eur(100), eur(5000))
	charge, err := b.Charge(ctx, "ch_billed")
	keep("Charge", charge, err)
	charge, err = b.ChargeOfPaymentIntent(ctx, "pi_billed")
	keep("ChargeOfPaymentIntent", charge, err)
	page, err := b.Charges(ctx, "cus_whole", "ch_billed", 20)
	keep("Charges", page, err)
	page, err = b.ChargesIn(ctx, "cus_whole", stripe.ChargeFilter{Intent: "pi_billed", Since: start().AddDate(-1, 0, 0), Until: start().AddDate(1, 0, 0), Limit: 5})
	keep("ChargesIn", page, err)
	failed, err := b.Charge(ctx, "ch_failed")
	keep("Charge", failed, err)
	customer, err := b.Customer(ctx, "cus_whole")
	keep("Customer", customer, err)
	customers, err := b.CustomersByEmail(ctx, "Whole@example.com")
	keep("CustomersByEmail", customers, err)
	named, _, err := b.CustomersByName(ctx, "whole", 5)
	keep("CustomersByName", named, err)
	known, err := b.CustomersByMetadata(ctx, "user_id", "u1")
	keep("CustomersByMetadata", known, err)
	back, err := b.Background(ctx, "cus_whole", true, true)
	keep("Background", back, err)
	subs, err := b.Subscriptions(ctx, "cus_whole")
	keep("Subscriptions", subs, err)
	for _, f := range []stripe.InvoiceFilter{{Limit: 20}, {Status: "open", Subscription: "sub_whole", After: "in_whole", Limit: 3}} {
		invoices, err := b.Invoices(ctx, "cus_whole", f)
		keep("Invoices", invoices, err)
	}
	for _, id := range []string{"in_whole", "in_sent"} {
		invoice, _, err := b.Invoice(ctx, id)
		keep("Invoice", invoice, err)
	}
	shared := refundOf("ch_shared", eur(100), eur(5000))
	shared.From, shared.Charge.Connected, shared.Charge.Transferred, shared.Charge.Fee = policies.FromAccount, true, true, true
	for key, a := range map[string]policies.Refund{"act_plain": a, "act_billed": refundOf("ch_billed", eur(100), eur(11900)), "act_shared": shared} {
		made, err := refund(t, b.Client, key, a)
		keep("CreateRefund", made, err)
		found, _, err := b.FindRefund(ctx, a, key)
		keep("FindRefund", found, err)
	}
	keep("Made", nil, b.Made(ctx, start().AddDate(-1, 0, 0), func(m stripe.Made) error { keep("Made", m, nil); return nil }))
	sub, err := b.Subscription(ctx, "sub_whole")
	keep("Subscription", sub, err)
	for _, name := range []string{"STAY", "WELCOME"} {
		offer, err := b.Offer(ctx, name, sub)
		keep("Offer", offer, err)
	}
	receipt, err := b.ReceiptPage(ctx, "ch_billed")
	keep("ReceiptPage", receipt, err)
	bill, err := b.InvoicePage(ctx, "in_whole")
	keep("InvoicePage", bill, err)
	card, err := b.CardPage(ctx)
	keep("CardPage", card, err)
	session, err := act(t, "act_reply", policies.Reply{
		Message: policies.Message{Asker: policies.Asker{Conversation: "conv_1"}, Body: "Here: {card_update}", After: "1"},
		Pages:   []policies.Page{{Placeholder: "{card_update}", Customer: "cus_whole", Session: true}},
	}, b.PortalSession)
	keep("PortalSession", session, err)
	unused, err := b.UnusedTime(ctx, "sub_whole")
	keep("UnusedTime", unused, err)
	everyChange(t, b, keep)
	keep("PastRefunds", nil, b.PastRefunds(ctx, start().AddDate(-1, 0, 0), func(r stripe.PastRefund) { keep("PastRefunds", r, nil) }))
	keep("PastPayments", nil, b.PastPayments(ctx, start().AddDate(-1, 0, 0), 3, func(m money.Money) { keep("PastPayments", m, nil) }))
	everyFact(t, b, keep)
	id, access := b.Account(ctx)
	keep("Account", id, access.Err)
	for _, access := range b.Inspect(ctx) {
		keep("Inspect", access, access.Err)
	}
	keep("Excess", b.Excess(ctx), nil)
	return got
}

// everyChange is everything that changes plans and balances.
func everyChange(t *testing.T, b *bench, keep func(string, any, error)) {
	t.Helper()
	ctx, who := t.Context(), policies.Asker{Conversation: "conv_1", Contact: "con_1", Identity: policies.Proven, Ties: []policies.Tie{{Customer: "cus_whole"}}}
	sub := policies.Subscription{ID: "sub_whole", Customer: "cus_whole", Status: "active"}
	credit := policies.Credit{Asker: who, Customer: policies.Customer{ID: "cus_whole"}, Amount: eur(100)}
	given, err := act(t, "act_credit", credit, b.CreditCustomer)
	keep("CreditCustomer", given, err)
	given, _, err = b.FindCredited(ctx, credit, "act_credit")
	keep("FindCredited", given, err)
	for i, d := range []policies.Discount{
		{Coupon: policies.Coupon{ID: "FIVE", Code: "WELCOME10", Usable: true}, Worth: eur(1)},
		{Coupon: policies.Coupon{ID: "FIVE"}, Remove: true, Present: []string{"FIVE"}},
		{Coupon: policies.Coupon{ID: "STAY"}, Remove: true, Present: []string{"STAY"}},
		{Coupon: policies.Coupon{ID: "STAY20", Usable: true}, Worth: eur(1)},
	} {
		d.Asker, d.Subscription = who, sub
		on, err := act(t, fmt.Sprint("act_discount_", i), d, b.DiscountSubscription)
		keep("DiscountSubscription", on, err)
		on, _, err = b.FindDiscounted(ctx, d, "")
		keep("FindDiscounted", on, err)
	}
	kept := policies.Keep{Asker: who, Subscription: sub}
	goes, err := act(t, "act_keep", kept, b.KeepSubscription)
	keep("KeepSubscription", goes, err)
	goes, _, err = b.FindKept(ctx, kept, "act_keep")
	keep("FindKept", goes, err)
	retried := policies.Retry{Asker: who, Invoice: policies.Invoice{ID: "in_open", Customer: "cus_whole", Status: "open", Remaining: eur(500)}, Card: policies.DefaultCard{Name: "visa 4242", Until: start().AddDate(1, 0, 0)}}
	paid, err := act(t, "act_retry", retried, b.PayInvoice)
	keep("PayInvoice", paid, err)
	paid, _, err = b.FindPaid(ctx, retried, "act_retry")
	keep("FindPaid", paid, err)
	for _, c := range []policies.Cancel{{How: policies.AtPeriodEnd, Feedback: "unused", Comment: "bye"}, {How: policies.NowWithRefund, Refund: eur(100), Feedback: "unused", Comment: "bye"}} {
		c.Asker, c.Subscription = who, sub
		ends, err := act(t, "act_"+string(c.How), c, b.CancelSubscription)
		keep("CancelSubscription", ends, err)
		ends, _, err = b.FindCanceled(ctx, c, "act_"+string(c.How))
		keep("FindCanceled", ends, err)
	}
}

// whole is an account in which each field that a tool reads has something in it,
// and a client whose requests are written down.
func whole(t *testing.T) (*bench, *tape) {
	t.Helper()
	b := newBench(t)
	s, day := b.account, func(n int) time.Time { return start().AddDate(0, 0, n) }
	for i := range 120 { // more than the newest hundred, so that one is read by its id
		s.AddProduct(stripeapi.Product{ID: fmt.Sprintf("prod_%03d", i), Name: fmt.Sprint("Plan ", i), Created: day(i - 200)})
	}
	s.AddPrice(stripeapi.Price{ID: "price_whole", Product: "prod_000", Amount: 10000, Currency: "eur", Interval: "month"})
	s.AddCustomer(stripeapi.Customer{
		ID: "cus_whole", Name: "Whole Customer", Email: "whole@example.com", Balance: -500, Currency: "eur", Delinquent: true, Created: day(-400),
		Metadata: map[string]string{"user_id": "u1"}, Card: &stripeapi.Card{ExpMonth: 3, ExpYear: 2027}, Discounts: []stripeapi.Discount{{ID: "di_customer", Coupon: "STAY"}},
	})
	s.AddCustomer(stripeapi.Customer{ID: "cus_late", Delinquent: true})
	s.AddCoupon(stripeapi.Coupon{ID: "STAY", PercentOff: 20, Duration: "forever"})
	s.AddCoupon(stripeapi.Coupon{ID: "STAY20", PercentOff: 20})
	s.AddCoupon(stripeapi.Coupon{ID: "FIVE", AmountOff: 5, Currency: "eur"})
	s.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_welcome", Code: "WELCOME", Coupon: "FIVE"})
	s.AddPromotionCode(stripeapi.PromotionCode{ID: "promo_welcome10", Code: "WELCOME10", Coupon: "FIVE"})
	s.AddSubscription(stripeapi.Subscription{
		ID: "sub_whole", Customer: "cus_whole", Items: []stripeapi.Item{{Price: "price_whole"}}, Created: day(-40), TrialEnd: day(-30), CancelAtPeriodEnd: true, Status: "active",
		PeriodStart: day(-10), PeriodEnd: day(20), PaymentMethod: "pm_whole", Discounts: []stripeapi.Discount{{ID: "di_sub", Coupon: "STAY"}}, PausedCollection: "void", Schedule: "sub_sched_1",
	})
	s.AddInvoice(stripeapi.Invoice{ID: "in_whole", Customer: "cus_whole", Subscription: "sub_whole", Currency: "eur", Created: day(-10), Lines: []stripeapi.Line{{Description: "Team", Amount: 10000, Tax: 1900, Start: day(-10), End: day(20)}}})
	s.AddInvoice(stripeapi.Invoice{ID: "in_open", Customer: "cus_whole", Subscription: "sub_whole", Currency: "eur", Created: day(-20), Status: "open", Due: day(5), NextTry: day(2), Lines: []stripeapi.Line{{Amount: 500}}})
	s.AddInvoice(stripeapi.Invoice{ID: "in_sent", Customer: "cus_whole", Currency: "eur", Created: day(-30), Status: "open", Sent: true, Card: "pm_own", Lines: []stripeapi.Line{{Amount: 700}}})
	s.AddPaymentMethod(stripeapi.PaymentMethod{ID: "pm_own", Customer: "cus_whole"})
	s.AddCharge(stripeapi.Charge{ID: "ch_billed", Customer: "cus_whole", PaymentIntent: "pi_billed", Invoice: "in_whole", Amount: 11900, Currency: "eur", Created: day(-10), Description: "Team"})
	s.AddCharge(stripeapi.Charge{ID: "ch_shared", Customer: "cus_whole", PaymentIntent: "pi_shared", Amount: 5000, Currency: "eur", Created: day(-11), Destination: "acct_1", Fee: 5})
	s.AddCharge(stripeapi.Charge{ID: "ch_plain", Customer: "cus_whole", PaymentIntent: "pi_plain", Amount: 5000, Currency: "eur", Created: day(-12)})
	s.AddCharge(stripeapi.Charge{ID: "ch_failed", Customer: "cus_whole", PaymentIntent: "pi_failed", Amount: 5000, Currency: "eur", Created: day(-13), Status: "failed", FailureMessage: "No.", Outcome: stripeapi.Outcome{Reason: "insufficient_funds"}})
	s.AddDispute(stripeapi.Dispute{ID: "dp_whole", Charge: "ch_billed", Status: "warning_needs_response"})
	for i := range 12 { // more than a charge brings along
		s.AddRefund(stripeapi.Refund{ID: fmt.Sprintf("re_%02d", i), Charge: "ch_plain", Amount: 10, Status: "failed", Reference: "arn", Reason: "duplicate", Created: day(-5)})
	}
	rec := &tape{seen: map[string]sent{}}
	c, err := stripe.New(stripe.Config{Key: testKey, BaseURL: b.url, HTTP: &http.Client{Transport: rec}, Now: start, Ledger: "led_whole"})
	if err != nil {
		t.Fatal(err)
	}
	b.Client = c
	return b, rec
}

func TestEveryMethodIsHeldToTheContract(t *testing.T) {
	b, _ := whole(t)
	got := everything(t, b)
	for m := range reflect.TypeFor[*stripe.Client]().Methods() {
		if len(got[m.Name]) == 0 {
			t.Errorf("%s is not among those that the contract is checked for", m.Name)
		}
	}
}

// What the sandbox answers fills every field that a tool can read.
func TestNoFieldThatToolsReadIsLeftEmpty(t *testing.T) {
	b, _ := whole(t)
	filled := map[string]bool{}
	for _, values := range everything(t, b) {
		for _, v := range values {
			note(filled, reflect.ValueOf(v))
		}
	}
	for _, v := range []any{stripe.Charge{}, policies.Charge{}, stripe.Customer{}, stripe.Card{}, stripe.Subscription{}, stripe.Invoice{}, stripe.Refund{}, stripe.Dispute{}, stripe.Made{}, stripe.Collected{}, segments.Customer{}, segments.Card{}, segments.Charge{}, segments.Dispute{}} {
		for f := range reflect.TypeOf(v).Fields() {
			name := reflect.TypeOf(v).String() + "." + f.Name
			// Searched and Replayed say where an answer came from.
			if !filled[name] && !strings.HasSuffix(name, ".Replayed") && !strings.HasSuffix(name, ".Searched") {
				t.Errorf("%s is empty everywhere", name)
			}
		}
	}
}

// note marks every field below v that holds something.
func note(filled map[string]bool, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			note(filled, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			note(filled, v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				filled[v.Type().String()+"."+v.Type().Field(i).Name] = true
				note(filled, v.Field(i))
			}
		}
	}
}

func TestEveryCallIsInTheTableOfPermissions(t *testing.T) {
	b, rec := whole(t)
	everything(t, b)
	needed, made := map[string]string{}, map[string]bool{}
	for _, n := range stripe.Needs() {
		needed[n.Call] = n.Permission
	}
	for _, s := range rec.seen {
		made[s.call()] = true
	}
	for _, probe := range []string{"GET /v1/balance", "GET /v1/payouts", "GET /v1/webhook_endpoints"} {
		delete(made, probe)
	}
	if got, want := slices.Sorted(maps.Keys(made)), slices.Sorted(maps.Keys(needed)); !slices.Equal(got, want) {
		t.Errorf("made are\n%s\nlisted are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A key that lacks a permission of the table is refused by its name.
func TestTheTableNamesWhatAKeyLacks(t *testing.T) {
	for _, n := range stripe.Needs() {
		b := newBench(t)
		b.account.Restrict(testKey, strings.TrimPrefix(n.Permission, "rak_"))
		method, path, _ := strings.Cut(n.Call, " ")
		status, body := replay(t, b.url, sent{method: method, path: strings.ReplaceAll(path, "{id}", "x")})
		if status != http.StatusForbidden || !strings.Contains(body, n.Permission) {
			t.Errorf("%s without %s: %d %s", n.Call, n.Permission, status, body)
		}
	}
}

// mock starts a pinned stripe-mock, which knows every parameter of one version of
// Stripe's API and refuses what it does not know. It is a module of its own, so
// that none of its modules is one of ours.
func mock(t *testing.T, lane string) (url string) {
	t.Helper()
	build := exec.CommandContext(t.Context(), "go", "-C", "../../.ci/stripe-mock/"+lane, "tool", "-n", "stripe-mock")
	path, err := build.Output()
	if err != nil {
		t.Fatalf("build stripe-mock: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	c := exec.CommandContext(ctx, strings.TrimSpace(string(path)), "-http-addr", "127.0.0.1:0", "-https-addr", "127.0.0.1:0")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = c.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := regexp.MustCompile(`HTTP at address: (127\.0\.0\.1:[0-9]+)`).FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + found[1]
		}
	}
	t.Fatal("stripe-mock does not say where it listens")
	return ""
}

// Every request that the adapter can make is one that Stripe knows, parameter by
// parameter, in an older version of the API than ours and in the newest. No build
// has ours, which lies between them.
func TestStripeKnowsEveryRequest(t *testing.T) {
	b, rec := whole(t)
	everything(t, b)
	for _, lane := range []string{"old", "new"} {
		t.Run(lane, func(t *testing.T) {
			url := mock(t, lane)
			for _, name := range slices.Sorted(maps.Keys(rec.seen)) {
				s := rec.seen[name]
				if lane == "old" && s.later() {
					continue
				}
				if status, body := replay(t, url, s); status != http.StatusOK {
					t.Errorf("%s %s?%s %s: %d %s", s.method, s.path, s.query, s.body, status, body)
				}
			}
			if status, _ := replay(t, url, sent{"GET", "/v1/charges", "customers=cus_1", ""}); status != http.StatusBadRequest {
				t.Errorf("an unknown parameter is answered with %d: this lane finds nothing", status)
			}
		})
	}
}

func replay(t *testing.T, url string, s sent) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), s.method, url+s.path+"?"+s.query, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 2000))
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}
