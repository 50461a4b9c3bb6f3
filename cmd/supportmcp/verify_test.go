package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/contract"
	"supportmcp/internal/sandbox/control"
)

// verifiedPlace is a place whose search knows everything at once.
func verifiedPlace(t *testing.T, more ...string) *place {
	t.Helper()
	p := settle(t, time.Now, more...)
	p.Intercom.Settings.IndexLag = 0
	return p
}

// writesOf counts the requests that changed something, or tried to.
func writesOf(p *place) (n int) {
	for _, r := range append(p.Stripe.Desk.Requests(), p.Intercom.Desk.Requests()...) {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}

// renaming answers as the vendor at base, with a field under another name.
func renaming(t *testing.T, base, from, to string) string {
	t.Helper()
	at, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(at)
	pass.ModifyResponse = func(res *http.Response) error {
		b, err := io.ReadAll(res.Body)
		b = bytes.ReplaceAll(b, []byte(`"`+from+`"`), []byte(`"`+to+`"`))
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		res.Header.Set("Content-Length", strconv.Itoa(len(b)))
		return err
	}
	web := httptest.NewServer(pass)
	t.Cleanup(web.Close)
	return web.URL
}

func TestVerifyAccountSaysWhatItMakesAndComparesIt(t *testing.T) {
	t.Parallel()
	p := verifiedPlace(t)
	got := typeIn(t, p.environ, "verify-account", "--yes", "--search-after", "0s")
	if got.status != 0 || !strings.Contains(got.out, "0 differences that an adapter reads, 0 others, 0 notes; 0 fields only in the account") {
		t.Errorf("%+v", got)
	}
	for _, said := range []string{"account acct_sandbox", "workspace sandbox1 in region US", "a customer with the test card", "a lead (contact)"} {
		if !strings.Contains(got.err, said) {
			t.Errorf("it does not say %q before: %s", said, got.err)
		}
	}
	for _, left := range []string{"stripe price price_", "stripe invoice in_", "stripe promotion code promo_", "intercom conversation "} {
		if !strings.Contains(got.out, left) {
			t.Errorf("%q is not told to be left: %s", left, got.out)
		}
	}
}

func TestVerifyAccountPrintsADifferenceAndFails(t *testing.T) {
	t.Parallel()
	p := verifiedPlace(t)
	environ := append(p.environ, "STRIPE_API_BASE="+renaming(t, p.StripeURL, "current_period_end", "period_end_current"))
	got := typeIn(t, environ, "verify-account", "--yes", "--json", "--search-after", "0s")
	var r contract.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.status != 1 || r.Count(contract.Wrong) == 0 {
		t.Fatalf("%v: %+v", err, got)
	}
	got = typeIn(t, environ, "verify-account", "--yes", "--search-after", "0s")
	row := []string{"error", "GET /v1/subscriptions/{id}", "current_period_end", "number", "missing", "stripe.Subscription"}
	found := false
	for line := range strings.Lines(got.out) {
		found = found || strings.HasPrefix(strings.Join(strings.Fields(line), " "), strings.Join(row, " "))
	}
	if !found || got.status != 1 || !strings.Contains(got.out, "SANDBOX") {
		t.Errorf("no row %q: %+v", row, got)
	}
}

func TestVerifyAccountTellsWhatStaysWhenItCannotGoOn(t *testing.T) {
	t.Parallel()
	p := verifiedPlace(t)
	for _, f := range []control.Fault{
		{Method: "POST", Path: "/v1/coupons", Kind: control.ErrorBefore},
		{Method: "DELETE", Path: "/v1/customers/*", Kind: control.ErrorBefore},
	} {
		if err := p.Stripe.Desk.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	got := typeIn(t, p.environ, "verify-account", "--yes", "--search-after", "0s")
	if got.status != 1 || !strings.Contains(got.err, "make a coupon: ") || !strings.Contains(got.out, "stripe price price_") {
		t.Errorf("%+v", got)
	}
	if !regexp.MustCompile(`(?m)^  stripe customer cus_\S+: DELETE /v1/customers/\S+: answered with 500: `).MatchString(got.out) {
		t.Errorf("the customer who is still there is not told: %s", got.out)
	}
	if n := writesOf(p); n == 0 || n > 100 {
		t.Errorf("%d writes", n)
	}
}

func TestVerifyAccountMakesNothingUnlessItMay(t *testing.T) {
	t.Parallel()
	p := verifiedPlace(t)
	for _, c := range []struct {
		name string
		more []string
		args []string
		want string
	}{
		{"nobody is there to ask", nil, nil, "give --yes"},
		{"a live key", []string{"STRIPE_SECRET_KEY=rk_live_1", "STRIPE_API_BASE=https://api.stripe.com"}, []string{"--yes"}, "live key"},
		{"a live key at the sandbox", []string{"STRIPE_SECRET_KEY=sk_live_1"}, []string{"--yes"}, "live key"},
		{"nobody to answer as", []string{"INTERCOM_ADMIN_ID="}, []string{"--yes"}, "INTERCOM_ADMIN_ID is missing"},
		{"somebody who does not exist", []string{"INTERCOM_ADMIN_ID=12345"}, []string{"--yes"}, "no admin 12345"},
		{"no token", []string{"INTERCOM_ACCESS_TOKEN="}, []string{"--yes"}, "INTERCOM_ACCESS_TOKEN is missing"},
	} {
		got := typeIn(t, append(p.environ, c.more...), append([]string{"verify-account"}, c.args...)...)
		if got.status != 1 || !strings.Contains(got.err, c.want) || got.out != "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	for answer, status := range map[string]int{"no": 1, "Yes": 1, "": 1} {
		if got, _ := typeAs(t, typist{answer: answer}, p.environ, "verify-account"); got.status != status || !strings.Contains(got.err, "the answer was not yes") {
			t.Errorf("%q: %+v", answer, got)
		}
	}
	if n := writesOf(p); n > 0 {
		t.Errorf("%d requests were no reads", n)
	}
	if got, _ := typeAs(t, typist{answer: "yes"}, p.environ, "verify-account", "--search-after", "0s"); got.status != 0 || writesOf(p) == 0 {
		t.Errorf("after a yes: %+v", got)
	}
}
