package stripe_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// withMaria has one charge of 100.00 EUR to refund.
func withMaria(t *testing.T, more ...stripeapi.Charge) *bench {
	t.Helper()
	b := newBench(t)
	b.account.AddCustomer(stripeapi.Customer{ID: "cus_maria", Email: "maria@example.com", Currency: "eur"})
	b.account.AddCharge(stripeapi.Charge{ID: "ch_maria", Customer: "cus_maria", PaymentIntent: "pi_maria", Amount: 10000, Currency: "eur"})
	for _, c := range more {
		b.account.AddCharge(c)
	}
	return b
}

func TestARefundSendsExactlyWhatThePermitHolds(t *testing.T) {
	b := withMaria(t)
	got, err := refund(t, b.Client, "act_1", refundOf("ch_maria", eur(1250), eur(10000)))
	if err != nil {
		t.Fatal(err)
	}
	want := stripe.Refund{
		ID: "re_000001", Charge: "ch_maria", Amount: eur(1250), Status: "succeeded",
		Reason: "requested_by_customer", CreatedAt: start(),
	}
	if got != want {
		t.Errorf("receipt %+v, want %+v", got, want)
	}
	if s := mustJSON(t, got); s != `{"id":"re_000001","charge":"ch_maria","amount":"12.50 EUR","status":"succeeded",`+
		`"reason":"requested_by_customer","created_at":"2026-11-23T09:00:00Z"}` {
		t.Errorf("receipt as JSON: %s", s)
	}
	sent := b.writes()
	const body = "charge=ch_maria&amount=1250&reason=requested_by_customer&metadata[operation_id]=act_1&metadata[conversation]=conv_1"
	if len(sent) != 1 || sent[0].IdempotencyKey != "act_1" || sent[0].Body != body {
		t.Errorf("sent %+v", sent)
	}
}

func TestARefundWithoutReasonSendsNone(t *testing.T) {
	b := withMaria(t)
	a := refundOf("ch_maria", eur(1), eur(10000))
	a.Reason = ""
	got, err := refund(t, b.Client, "act_1", a)
	if sent := b.writes()[0].Body; err != nil || got.Reason != "" || strings.Contains(sent, "reason") {
		t.Errorf("sent %s: %+v, %v", sent, got, err)
	}
}

func TestTheSameKeySendsTheSameBytesAndIsOneRefund(t *testing.T) {
	b := withMaria(t)
	a := refundOf("ch_maria", eur(1250), eur(10000))
	for i := range 20 {
		got, err := refund(t, b.Client, "act_1", a)
		if err != nil || got.ID != "re_000001" || got.Replayed != (i > 0) {
			t.Fatalf("try %d: %+v, %v", i, got, err)
		}
	}
	for _, r := range b.writes() {
		if first := b.writes()[0].Body; r.Body != first {
			t.Fatalf("sent %q after %q", r.Body, first)
		}
	}
	if n := b.account.AmountRefunded("ch_maria"); n != 1250 {
		t.Errorf("refunded %d", n)
	}
}

func TestNothingIsSentWithoutAFreshPermit(t *testing.T) {
	b := withMaria(t)
	var kept *policies.Permit[policies.Refund]
	permitted(t, "act_1", refundOf("ch_maria", eur(100), eur(10000)), func(ctx context.Context, p *policies.Permit[policies.Refund]) (stripe.Refund, error) {
		kept = p
		return b.CreateRefund(ctx, p)
	})
	before := b.asked("POST")
	for name, p := range map[string]*policies.Permit[policies.Refund]{"none": nil, "empty": {}, "used": kept} {
		_, err := b.CreateRefund(t.Context(), p)
		if fault.TookOf(err) != fault.No || err == nil || b.asked("POST") != before {
			t.Errorf("%s permit: %v, %d requests", name, err, b.asked("POST"))
		}
	}
}

func TestARefundThatWouldMeanSomethingElseIsNotSent(t *testing.T) {
	b := withMaria(t)
	otherCharge := refundOf("ch_maria", eur(100), eur(10000))
	otherCharge.Charge.ID = "pi_maria"
	for name, c := range map[string]struct {
		key string
		a   policies.Refund
	}{
		"no key":           {"", refundOf("ch_maria", eur(100), eur(10000))},
		"key with a space": {" act_1", refundOf("ch_maria", eur(100), eur(10000))},
		"no charge id":     {"act_1", otherCharge},
	} {
		if _, err := refund(t, b.Client, c.key, c.a); err == nil || fault.TookOf(err) != fault.No {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := b.asked("POST"); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestEveryCurrencyIsRefundedInItsOwnMinorUnit(t *testing.T) {
	for _, c := range []struct {
		amount money.Money
		want   string
	}{
		{money.Of(1200, "jpy"), "1200 JPY"},
		{money.Of(1500, "kwd"), "1.500 KWD"},
		{money.Of(15000, "isk"), "150.00 ISK"},
	} {
		b := withMaria(t, stripeapi.Charge{ID: "ch_odd", Customer: "cus_maria", Amount: c.amount.Minor, Currency: string(c.amount.Currency)})
		got, err := refund(t, b.Client, "act_1", refundOf("ch_odd", c.amount, c.amount))
		if err != nil || got.Amount.String() != c.want {
			t.Errorf("%s: %+v, %v", c.want, got, err)
		}
	}
}

func TestWhatAFailedRefundCanHaveDone(t *testing.T) {
	for _, c := range []struct {
		kind   control.Kind
		status int
		took   fault.Took
		code   fault.Code
		made   bool
	}{
		{control.RateLimit, 0, fault.NotYet, fault.RateLimited, false},
		{control.ErrorBefore, 500, fault.Unknown, fault.Upstream, false},
		{control.ErrorBefore, 503, fault.Unknown, fault.Upstream, false},
		{control.ErrorBefore, 423, fault.NotYet, fault.Busy, false}, // the sandbox's word for lock_timeout
		{control.ErrorAfter, 500, fault.Unknown, fault.Upstream, true},
		{control.CutBefore, 0, fault.Unknown, fault.Upstream, false},
		{control.CutAfter, 0, fault.Unknown, fault.Upstream, true},
	} {
		b := withMaria(t)
		b.Client = onFreshConnections(t, b.url)
		b.inject(t, control.Fault{Method: "POST", Kind: c.kind, Status: c.status})
		a := refundOf("ch_maria", eur(1250), eur(10000))
		_, err := refund(t, b.Client, "act_1", a)
		if fault.TookOf(err) != c.took || fault.CodeOf(err) != c.code {
			t.Errorf("%s %d: took %v, %v", c.kind, c.status, fault.TookOf(err), err)
		}
		_, found, err := b.FindRefund(t.Context(), a, "act_1")
		if found != c.made || err != nil {
			t.Errorf("%s %d: found %v, %v", c.kind, c.status, found, err)
		}
	}
}

// onFreshConnections is a client that net/http never repeats anything for.
func onFreshConnections(t *testing.T, url string) *stripe.Client {
	t.Helper()
	c, err := stripe.New(stripe.Config{Key: testKey, BaseURL: url, HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, Now: start})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// net/http repeats by itself what carries a key when an idle connection turns
// out to be dead; the adapter itself sends a write once.
func TestAWriteIsNeverRepeatedByTheAdapter(t *testing.T) {
	for _, status := range []int{409, 429, 500, 502, 503} {
		h, n := refusing(status, `{"error":{"type":"api_error","message":"m"}}`)
		c, _ := against(t, h)
		if _, err := refund(t, c, "act_1", refundOf("ch_maria", eur(1), eur(10))); err == nil || n.Load() != 1 {
			t.Errorf("%d: sent %d times, %v", status, n.Load(), err)
		}
	}
}

func TestARefundThatNeverLeftDidNotHappen(t *testing.T) {
	h, n := refusing(200, `{}`)
	c, _ := against(t, h)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	permitted(t, "act_1", refundOf("ch_maria", eur(1), eur(10)), func(_ context.Context, p *policies.Permit[policies.Refund]) (stripe.Refund, error) {
		r, err := c.CreateRefund(gone, p)
		if fault.TookOf(err) != fault.No || n.Load() != 0 {
			t.Errorf("took %v, sent %d: %v", fault.TookOf(err), n.Load(), err)
		}
		return r, err
	})
	for _, url := range []string{"http://127.0.0.1:1", "http://no-such-host.invalid"} {
		_, err := refund(t, newClient(t, url, &logbook{}), "act_1", refundOf("ch_maria", eur(1), eur(10)))
		if fault.TookOf(err) != fault.No || fault.CodeOf(err) != fault.Upstream {
			t.Errorf("%s: took %v, %v", url, fault.TookOf(err), err)
		}
	}
}

// A connection that was there and is refused on net/http's own repetition may
// have carried the request the first time.
func TestARefusedConnectionProvesNothingOnceThereWasOne(t *testing.T) {
	dying := &dyingServer{}
	c := newClient(t, dying.start(t), &logbook{}) // reading the charge leaves an idle connection
	_, err := refund(t, c, "act_1", refundOf("ch_maria", eur(1), eur(10)))
	if !strings.Contains(err.Error(), "connection refused") {
		t.Fatalf("net/http did not repeat it: %v", err)
	}
	if fault.TookOf(err) != fault.Unknown || dying.writes.Load() == 0 {
		t.Errorf("took %v after %d writes: %v", fault.TookOf(err), dying.writes.Load(), err)
	}
}

func TestASlowAnswerLeavesARefundInDoubt(t *testing.T) {
	b := withMaria(t)
	b.inject(t, control.Fault{Method: "POST", Kind: control.Slow, Delay: control.Duration(2 * time.Second)})
	a := refundOf("ch_maria", eur(1250), eur(10000))
	permitted(t, "act_1", a, func(ctx context.Context, p *policies.Permit[policies.Refund]) (stripe.Refund, error) {
		ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		defer cancel()
		r, err := b.CreateRefund(ctx, p)
		if fault.TookOf(err) != fault.Unknown || !strings.Contains(err.Error(), "did not answer in time") {
			t.Errorf("took %v, %v", fault.TookOf(err), err)
		}
		return r, err
	})
	if _, found, err := b.FindRefund(t.Context(), a, "act_1"); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestAnAnswerThatIsNoRefundLeavesItInDoubt(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"page of a proxy":   {502, "<html>canary-body</html>"},
		"success, no JSON":  {200, "canary-body"},
		"empty object":      {200, "{}"},
		"null":              {200, "null"},
		"cut short":         {200, `{"id":"re_1","amount":`},
		"unknown currency":  {200, `{"id":"re_1","charge":"ch_maria","amount":1,"currency":"zzz"}`},
		"negative amount":   {200, `{"id":"re_1","charge":"ch_maria","amount":-1,"currency":"eur"}`},
		"redirect":          {302, `{"id":"re_1","charge":"ch_maria","amount":1,"currency":"eur"}`},
		"error, no object":  {400, `{"canary-body":1}`},
		"error is a string": {400, `{"error":"canary-body"}`},
	} {
		h, _ := refusing(c.status, c.body)
		client, log := against(t, h)
		_, err := refund(t, client, "act_1", refundOf("ch_maria", eur(1), eur(10)))
		if err == nil || fault.TookOf(err) != fault.Unknown || fault.CodeOf(err) != fault.Upstream {
			t.Errorf("%s: took %v, %v", name, fault.TookOf(err), err)
		}
		if all := fmt.Sprint(err, log); strings.Contains(all, "canary") {
			t.Errorf("%s: the body is told: %s", name, all)
		}
	}
}

func TestManyRefundsOfOneChargeAtOnceNeverExceedIt(t *testing.T) {
	b := withMaria(t)
	var made, refused atomic.Int64
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			_, err := refund(t, b.Client, fmt.Sprintf("act_%d", i), refundOf("ch_maria", eur(1000), eur(10000)))
			switch {
			case err == nil:
				made.Add(1)
			case fault.TookOf(err) == fault.No && fault.CodeOf(err) == fault.Refused:
				refused.Add(1)
			default:
				t.Errorf("refund %d: %v", i, err)
			}
		})
	}
	group.Wait()
	if made.Load() != 10 || refused.Load() != 20 {
		t.Errorf("made %d, refused %d", made.Load(), refused.Load())
	}
}

func TestARefundIsFoundByItsKeyWhateverBecameOfIt(t *testing.T) {
	b := withMaria(t)
	for i := range 130 { // more than a page
		b.account.AddRefund(stripeapi.Refund{
			ID: fmt.Sprintf("re_%03d", i), Charge: "ch_maria", Amount: 1,
			Created: start().Add(time.Duration(i) * time.Second), Metadata: map[string]string{"operation_id": fmt.Sprintf("act_%d", i)},
		})
	}
	b.account.AddRefund(stripeapi.Refund{
		ID: "re_failed", Charge: "ch_maria", Amount: 5, Status: "failed",
		Reference: "arn123", Metadata: map[string]string{"operation_id": "act_failed"},
	})
	a := refundOf("ch_maria", eur(1), eur(10000))
	for key, want := range map[string]string{"act_0": "re_000", "act_129": "re_129", "act_failed": "re_failed", "act_none": "", "act_": "", "": ""} {
		got, found, err := b.FindRefund(t.Context(), a, key)
		if err != nil || got.ID != want || found != (want != "") {
			t.Errorf("%q: %+v, %v, %v; want %q", key, got, found, err, want)
		}
	}
	if got, _, _ := b.FindRefund(t.Context(), a, "act_failed"); got.Status != "failed" || got.Failure != "unknown" || got.Reference != "arn123" {
		t.Errorf("%+v", got)
	}
}

func TestNotBeingAbleToLookIsNotNotFinding(t *testing.T) {
	a := refundOf("ch_maria", eur(1), eur(10))
	for name, body := range map[string]string{
		"no list":      `{}`,
		"null":         `null`,
		"null inside":  `{"url":"/v1/refunds","has_more":false,"data":[null]}`,
		"empty middle": `{"url":"/v1/refunds","has_more":true,"data":[]}`,
		"endless":      `{"url":"/v1/refunds","has_more":true,"data":[{"id":"re_1"}]}`,
	} {
		h, n := answering(http.StatusOK, body)
		c, _ := against(t, h)
		if _, found, err := c.FindRefund(t.Context(), a, "act_1"); found || err == nil || n.Load() > 10 {
			t.Errorf("%s: found %v, %v after %d requests", name, found, err, n.Load())
		}
	}
}

// Of a connected account is taken back what it has got, and only where the permit says so.
func TestAShareIsTakenBackOnlyAsThePermitSays(t *testing.T) {
	for name, c := range map[string]struct {
		from           policies.RefundFrom
		fee            bool
		reversed, paid bool
	}{
		"by the platform": {from: policies.FromPlatform, fee: true},
		"with the share":  {from: policies.FromAccount, reversed: true},
		"and the fee":     {from: policies.FromAccount, fee: true, reversed: true, paid: true},
	} {
		b := withMaria(t)
		b.account.AddCharge(stripeapi.Charge{ID: "ch_shared", Customer: "cus_maria", Amount: 5000, Currency: "eur", Destination: "acct_1", Fee: map[bool]int64{true: 50}[c.fee]})
		a := refundOf("ch_shared", eur(100), eur(5000))
		a.From, a.Charge.Connected, a.Charge.Transferred, a.Charge.Fee = c.from, true, true, c.fee
		if _, err := refund(t, b.Client, "act_1", a); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := b.account.RefundsOf("ch_shared"); len(got) != 1 || got[0].Reversed != c.reversed || got[0].FeeRefunded != c.paid {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAShareIsNotTakenBackByACreditNote(t *testing.T) {
	b := withInvoice(t)
	a := refundOf("ch_billed", eur(100), eur(11900))
	a.From, a.Charge.Connected, a.Charge.Transferred = policies.FromAccount, true, true
	if _, err := refund(t, b.Client, "act_1", a); fault.CodeOf(err) != fault.Refused || fault.TookOf(err) != fault.No {
		t.Errorf("%v", err)
	}
	if got := b.account.RefundsOf("ch_billed"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}
