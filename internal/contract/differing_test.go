package contract_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"supportmcp/internal/contract"
)

// plant is a difference between an account and the sandbox, at every object of a
// name that has the field.
type plant struct {
	object, field string // of the member object or type
	how           string // drop, rename, add, or a JSON value to put in its place
}

// differing gives the address of a vendor that answers as the one at base does,
// but for what is planted.
func differing(t *testing.T, base string, plants []plant) string {
	t.Helper()
	to, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ModifyResponse: func(res *http.Response) error {
			body, err := io.ReadAll(res.Body)
			var v any
			if err != nil || json.Unmarshal(body, &v) != nil {
				res.Body = io.NopCloser(bytes.NewReader(body))
				return err
			}
			for _, p := range plants {
				p.into(v)
			}
			body, err = json.Marshal(v)
			res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
			res.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return err
		},
	}
	web := httptest.NewServer(proxy)
	t.Cleanup(web.Close)
	return web.URL
}

func (p plant) into(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			p.into(e)
		}
	case map[string]any:
		for _, e := range v {
			p.into(e)
		}
		if v["object"] == p.object || v["type"] == p.object {
			p.at(v)
		}
	}
}

func (p plant) at(o map[string]any) {
	was, there := o[p.field]
	switch {
	case p.how == "add":
		o[p.field] = "new"
	case !there:
	case p.how == "rename":
		o["new_"+p.field] = was
		delete(o, p.field)
	case p.how == "drop":
		delete(o, p.field)
	default:
		var other any
		_ = json.Unmarshal([]byte(p.how), &other)
		o[p.field] = other
	}
}

// sought is a planted difference as it is to be reported.
type sought struct {
	plant

	weight contract.Weight
	kinds  [2]string
	call   string // at which it must be seen, among others
}

func TestEachPlantedDifferenceIsReportedAndNothingElse(t *testing.T) {
	t.Parallel()
	all := []sought{
		{plant{"charge", "amount_refunded", "drop"}, contract.Wrong, [2]string{"number", "missing"}, "GET /v1/charges/{id}"},
		{plant{"charge", "disputed", "drop"}, contract.Wrong, [2]string{"bool", "missing"}, "GET /v1/charges"},                                // it is false, which is as if it were gone
		{plant{"subscription", "current_period_end", "rename"}, contract.Wrong, [2]string{"number", "missing"}, "GET /v1/subscriptions/{id}"}, // the new name is one field more
		{plant{"charge", "receipt_number", "drop"}, contract.Noted, [2]string{"null", "missing"}, "GET /v1/charges/{id}"},
		{plant{"customer", "tax_exempt", "drop"}, contract.Other, [2]string{"string", "missing"}, "GET /v1/customers/{id}"},
		{plant{"charge", "description", `null`}, contract.Noted, [2]string{"string", "null"}, "GET /v1/charges/{id}"},
		{plant{"conversation_part", "created_at", "drop"}, contract.Wrong, [2]string{"number", "missing"}, "POST /conversations/{id}/reply"},
		{plant: plant{"refund", "balance_hold", "add"}}, // is counted only
		{plant{"contact", "location", `[]`}, contract.Other, [2]string{"object", "array"}, "GET /contacts/{id}"},
	}
	r := verify(t, planted(t, all))
	for _, s := range all {
		if !s.among(r.Differences) && s.how != "add" {
			t.Errorf("not reported: %+v", s)
		}
	}
	for _, d := range r.Differences {
		if !slices.ContainsFunc(all, func(s sought) bool { return s.is(d) }) {
			t.Errorf("reported, and not planted: %+v", d)
		}
	}
	if r.Same() || r.More == 0 {
		t.Errorf("same: %v, %d more", r.Same(), r.More)
	}
}

// is reports whether a difference is the planted one, at whatever call.
func (s sought) is(d contract.Difference) bool {
	return strings.HasSuffix("."+d.Field, "."+s.field) && d.Sandbox == s.kinds[0] && d.Account == s.kinds[1]
}

// among reports whether it is listed with its call and its weight.
func (s sought) among(all []contract.Difference) bool {
	return slices.ContainsFunc(all, func(d contract.Difference) bool { return s.is(d) && d.Call == s.call && d.Weight == s.weight })
}

// planted is an account that differs.
func planted(t *testing.T, all []sought) contract.Side {
	t.Helper()
	var plants []plant
	for _, s := range all {
		plants = append(plants, s.plant)
	}
	twin := company(t)
	account := sideOf(twin)
	account.StripeURL, account.IntercomURL = differing(t, twin.StripeURL, plants), differing(t, twin.IntercomURL, plants)
	return account
}

func TestACallThatADifferenceBreaksIsReportedWithIt(t *testing.T) {
	t.Parallel()
	all := []sought{
		{plant{"invoice", "attempt_count", `"1"`}, contract.Wrong, [2]string{"number", "string"}, "GET /v1/invoices"}, // stripe-go cannot read it
		{plant{"refund", "amount", `"100"`}, contract.Wrong, [2]string{"number", "string"}, "POST /v1/refunds"},
		{plant{"tag", "name", `{"en":"x"}`}, contract.Wrong, [2]string{"string", "object"}, "GET /tags"},
	}
	r := verify(t, planted(t, all))
	for _, s := range all {
		if !s.among(r.Differences) {
			t.Errorf("not reported: %+v", s)
		}
	}
	for _, does := range []string{"stripe.CreateRefund", "stripe.Invoices", "intercom.Tag"} {
		if !slices.ContainsFunc(r.Differences, func(d contract.Difference) bool {
			return d.Call == does && d.Weight == contract.Wrong && d.Sandbox == "done" && d.Account != ""
		}) {
			t.Errorf("%s is not reported to fail", does)
		}
	}
}

// verify compares an account with a sandbox of its own.
func verify(t *testing.T, account contract.Side) contract.Report {
	t.Helper()
	r, err := contract.Verify(t.Context(), contract.Config{Sandbox: sideOf(company(t)), Account: account, Mark: "test0001"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
