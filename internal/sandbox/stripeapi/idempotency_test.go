package stripeapi_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
)

// refundWorld has two charges of 10.00 USD.
func refundWorld(t *testing.T) *world {
	w := newWorld(t)
	w.AddCharge(stripeapi.Charge{ID: "ch", Amount: 1000})
	w.AddCharge(stripeapi.Charge{ID: "ch_other", Amount: 1000})
	return w
}

func TestSameKeyReplaysTheFirstAnswer(t *testing.T) {
	w := refundWorld(t)
	first := w.send("POST", "/v1/refunds", "charge=ch&amount=100&metadata[a]=1", "Idempotency-Key", "k")
	again := w.send("POST", "/v1/refunds", "metadata[a]=1&amount=100&charge=ch", "Idempotency-Key", "k")
	if d := cmp.Diff(first.body, again.body); d != "" || again.status != 200 {
		t.Errorf("%d %s", again.status, d)
	}
	if first.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
		t.Error("the replay is not told from the original")
	}
	if again.header.Get("Original-Request") != first.header.Get("Request-Id") || again.header.Get("Request-Id") == first.header.Get("Request-Id") {
		t.Errorf("%v %v", first.header, again.header)
	}
	if w.AmountRefunded("ch") != 100 {
		t.Errorf("refunded %d", w.AmountRefunded("ch"))
	}
}

func TestStripesClientSeesTheReplay(t *testing.T) {
	w := refundWorld(t)
	params := &stripe.RefundParams{Charge: stripe.String("ch"), Amount: stripe.Int64(100)}
	params.SetIdempotencyKey("k")
	var last *stripe.Refund
	for range 2 {
		var err error
		if last, err = w.stripe.Refunds.New(params); err != nil {
			t.Fatal(err)
		}
	}
	if last.ID != "re_000001" || last.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s %v", last.ID, last.LastResponse.Header)
	}
}

func TestKeyBelongsToOneRequest(t *testing.T) {
	w := refundWorld(t)
	w.AddRefund(stripeapi.Refund{ID: "re", Charge: "ch_other", Amount: 1, Status: "requires_action"})
	w.send("POST", "/v1/refunds", "charge=ch&amount=100", "Idempotency-Key", "k")
	for path, form := range map[string]string{
		"/v1/refunds":           "charge=ch&amount=101",
		"/v1/refunds/re/cancel": "charge=ch&amount=100",
	} {
		got := w.send("POST", path, form, "Idempotency-Key", "k")
		if got.status != 400 || got.trouble("type") != "idempotency_error" || !strings.Contains(got.trouble("message"), "'k'") {
			t.Errorf("%s: %d %v", path, got.status, got.body)
		}
	}
	if w.AmountRefunded("ch") != 100 {
		t.Errorf("refunded %d", w.AmountRefunded("ch"))
	}
}

func TestKeyIsForgottenAfterADay(t *testing.T) {
	w := refundWorld(t)
	refund := func() reply {
		return w.send("POST", "/v1/refunds", "charge=ch&amount=100", "Idempotency-Key", "k")
	}
	refund()
	w.clock.Advance(24*time.Hour - time.Second)
	if got := refund(); got.body["id"] != "re_000001" {
		t.Errorf("within a day: %v", got.body["id"])
	}
	w.clock.Advance(time.Second)
	if got := refund(); got.body["id"] != "re_000002" || w.AmountRefunded("ch") != 200 {
		t.Errorf("after a day: %v", got.body["id"])
	}
}

func TestExecutedRefusalIsRemembered(t *testing.T) {
	w := refundWorld(t)
	ask := func() reply {
		return w.send("POST", "/v1/refunds", "charge=ch&amount=2000", "Idempotency-Key", "k")
	}
	ask()
	if got := ask(); got.status != 400 || got.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v", got.status, got.header)
	}
}

func TestRequestsThatWereNotExecutedLeaveTheKeyFree(t *testing.T) {
	w := refundWorld(t)
	w.Restrict("rk_test_poor_0000", "charge_write")
	for _, c := range []struct {
		name, form, key string
		status          int
		fault           control.Kind
	}{
		{name: "bad integer", form: "charge=ch&amount=x", status: 400},
		{name: "unknown parameter", form: "charge=ch&amout=1", status: 400},
		{name: "bad expansion", form: "charge=ch&amount=1&expand[]=nonsense", status: 400},
		{name: "no key", form: "charge=ch&amount=1", key: "Basic Og==", status: 401},
		{name: "no permission", form: "charge=ch&amount=1", key: "Bearer rk_test_poor_0000", status: 403},
		{name: "rate limit", form: "charge=ch&amount=1", fault: control.RateLimit, status: 429},
		{name: "error before", form: "charge=ch&amount=1", fault: control.ErrorBefore, status: 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			if c.fault != "" {
				inject(t, w, control.Fault{Kind: c.fault})
			}
			before := w.AmountRefunded("ch")
			header := []string{"Idempotency-Key", "key " + c.name}
			if c.key != "" {
				header = append(header, "Authorization", c.key)
			}
			if got := w.send("POST", "/v1/refunds", c.form, header...); got.status != c.status || w.AmountRefunded("ch") != before {
				t.Fatalf("%d %v", got.status, got.body)
			}
			if got := w.send("POST", "/v1/refunds", "charge=ch&amount=3", "Idempotency-Key", "key "+c.name); got.status != 200 {
				t.Errorf("the key was used up: %d %v", got.status, got.body)
			}
		})
	}
}

func TestKeysAreAtMost255CharactersLong(t *testing.T) {
	w := refundWorld(t)
	if got := w.send("POST", "/v1/refunds", "charge=ch&amount=1", "Idempotency-Key", strings.Repeat("k", 256)); got.status != 400 {
		t.Errorf("256: %d", got.status)
	}
	if got := w.send("POST", "/v1/refunds", "charge=ch&amount=1", "Idempotency-Key", strings.Repeat("k", 255)); got.status != 200 {
		t.Errorf("255: %d", got.status)
	}
}

func TestKeysOnOtherMethodsAreIgnored(t *testing.T) {
	w := refundWorld(t)
	for range 2 {
		got := w.send("GET", "/v1/charges/ch", "", "Idempotency-Key", "k")
		if got.status != 200 || got.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%d %v", got.status, got.header)
		}
	}
	if got := w.send("POST", "/v1/refunds", "charge=ch", "Idempotency-Key", "k"); got.status != 200 {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestServerErrorAfterTheWriteIsWhatIsReplayed(t *testing.T) {
	w := refundWorld(t)
	inject(t, w, control.Fault{Method: "POST", Path: "/v1/refunds", Kind: control.ErrorAfter})
	ask := func() reply {
		return w.send("POST", "/v1/refunds", "charge=ch&amount=100", "Idempotency-Key", "k")
	}
	first, again := ask(), ask()
	if first.status != 500 || again.status != 500 || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %d, again %d %v", first.status, again.status, again.header)
	}
	if d := cmp.Diff(first.body, again.body); d != "" {
		t.Error(d)
	}
	if got := w.RefundsOf("ch"); len(got) != 1 || got[0].Amount != 100 {
		t.Errorf("the write was not applied once: %+v", got)
	}
}

func TestFaultOnAReplayDoesNotRewriteHistory(t *testing.T) {
	w := refundWorld(t)
	ask := func() reply {
		return w.send("POST", "/v1/refunds", "charge=ch&amount=100", "Idempotency-Key", "k")
	}
	ask()
	inject(t, w, control.Fault{Kind: control.ErrorAfter, Status: 503})
	if got := ask(); got.status != 503 {
		t.Fatal(got.status)
	}
	if got := ask(); got.status != 200 || got.body["id"] != "re_000001" {
		t.Errorf("%d %v", got.status, got.body)
	}
}

func TestCutAfterTheWriteReplaysItsSuccess(t *testing.T) {
	w := refundWorld(t)
	inject(t, w, control.Fault{Method: "POST", Path: "/v1/refunds", Kind: control.CutAfter})
	params := &stripe.RefundParams{Charge: stripe.String("ch"), Amount: stripe.Int64(100)}
	params.SetIdempotencyKey("k")
	_, err := w.stripe.Refunds.New(params)
	if _, answered := errors.AsType[*stripe.Error](err); err == nil || answered {
		t.Fatalf("want a broken connection, got %v", err)
	}
	r, err := w.stripe.Refunds.New(params)
	if err != nil {
		t.Fatal(err)
	}
	if r.LastResponse.Header.Get("Idempotent-Replayed") != "true" || w.AmountRefunded("ch") != 100 {
		t.Errorf("%v, refunded %d", r.LastResponse.Header, w.AmountRefunded("ch"))
	}
}

func TestKeyInUseIsRefusedUntilTheFirstAnswerGoesOut(t *testing.T) {
	w := refundWorld(t)
	late := &lateAnswer{ResponseRecorder: httptest.NewRecorder(), reached: make(chan struct{}), release: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/refunds", strings.NewReader("charge=ch&amount=100"))
		req.Header.Set("Authorization", "Bearer "+testKey)
		req.Header.Set("Idempotency-Key", "k")
		w.Handler().ServeHTTP(late, req)
	}()
	<-late.reached
	ask := func() reply {
		return w.send("POST", "/v1/refunds", "charge=ch&amount=100", "Idempotency-Key", "k")
	}
	if got := ask(); got.status != 409 || got.trouble("code") != "idempotency_key_in_use" {
		t.Errorf("%d %v", got.status, got.body)
	}
	close(late.release)
	<-done
	if got := ask(); got.status != 200 || got.header.Get("Idempotent-Replayed") != "true" || len(w.Refunds()) != 1 {
		t.Errorf("%d %v", got.status, got.body)
	}
}

// lateAnswer holds an executed request back until it is released.
type lateAnswer struct {
	*httptest.ResponseRecorder

	once             sync.Once
	reached, release chan struct{}
}

// Header is the first thing that writing an answer asks for.
func (l *lateAnswer) Header() http.Header {
	l.once.Do(func() {
		close(l.reached)
		<-l.release
	})
	return l.ResponseRecorder.Header()
}

func inject(t *testing.T, w *world, f control.Fault) {
	t.Helper()
	if err := w.Desk.Inject(f); err != nil {
		t.Fatal(err)
	}
}
