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
	how           string // drop, add, or a JSON value to put in its place
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
	_, there := o[p.field]
	switch {
	case p.how == "add":
		o[p.field] = "new"
	case !there:
	case p.how == "drop":
		delete(o, p.field)
	default:
		var other any
		_ = json.Unmarshal([]byte(p.how), &other)
		o[p.field] = other
	}
}

func TestEachPlantedDifferenceIsReportedAndNothingElse(t *testing.T) {
	for _, c := range []struct {
		name   string
		plants []plant
		weight contract.Weight
		field  string // the end of each reported field
		kinds  [2]string
		needs  string // a call at which it must be seen
		breaks bool   // steps fail for it
	}{
		{"a field that is read is gone", []plant{{"charge", "amount_refunded", "drop"}}, contract.Wrong, "amount_refunded", [2]string{"number", "missing"}, "GET /v1/charges/{id}", false},
		{"a flag that is false is gone", []plant{{"charge", "disputed", "drop"}}, contract.Wrong, "disputed", [2]string{"bool", "missing"}, "GET /v1/charges", false},
		{"a field has another name", []plant{{"subscription", "current_period_end", "drop"}, {"subscription", "period_ends", "add"}}, contract.Wrong, "current_period_end", [2]string{"number", "missing"}, "GET /v1/subscriptions/{id}", false},
		{"a field that nobody reads is gone", []plant{{"charge", "receipt_number", "drop"}}, contract.Noted, "receipt_number", [2]string{"null", "missing"}, "GET /v1/charges/{id}", false},
		{"a field that nobody reads is gone which had a value", []plant{{"customer", "tax_exempt", "drop"}}, contract.Other, "tax_exempt", [2]string{"string", "missing"}, "GET /v1/customers/{id}", false},
		{"a number is a text", []plant{{"refund", "amount", `"100"`}}, contract.Wrong, "amount", [2]string{"number", "string"}, "POST /v1/refunds", true},
		{"a value is null", []plant{{"charge", "description", `null`}}, contract.Noted, "description", [2]string{"string", "null"}, "GET /v1/charges/{id}", false},
		{"a text of Intercom's is an object", []plant{{"tag", "name", `{"en":"x"}`}}, contract.Wrong, "name", [2]string{"string", "object"}, "GET /tags", true},
		{"a time of Intercom's is gone", []plant{{"conversation_part", "created_at", "drop"}}, contract.Wrong, "created_at", [2]string{"number", "missing"}, "POST /conversations/{id}/reply", false},
		{"a place of Intercom's is a list", []plant{{"contact", "location", `[]`}}, contract.Other, "location", [2]string{"object", "array"}, "GET /contacts/{id}", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			twin := company(t)
			account := sideOf(twin)
			account.StripeURL, account.IntercomURL = differing(t, twin.StripeURL, c.plants), differing(t, twin.IntercomURL, c.plants)
			r := verify(t, account)
			calls, failed := []string{}, c.breaks
			if broken := slices.ContainsFunc(r.Differences, func(d contract.Difference) bool { return d.Field == "" && d.Weight == contract.Wrong }); broken != failed {
				t.Errorf("steps failed: %v, want %v", broken, failed)
			}
			for _, d := range r.Differences {
				if failed && (d.Weight == contract.Noted || d.Field == "") {
					continue // what could not be done for it, and what then was not so either
				}
				calls = append(calls, d.Call)
				if !strings.HasSuffix("."+d.Field, "."+c.field) || d.Sandbox != c.kinds[0] || d.Account != c.kinds[1] {
					t.Errorf("reported, and not planted: %+v", d)
				}
				if d.Call == c.needs && d.Weight != c.weight {
					t.Errorf("%+v, want %s", d, c.weight)
				}
			}
			if !slices.Contains(calls, c.needs) {
				t.Errorf("not reported for %s, only for %q", c.needs, calls)
			}
			if got := r.Same(); got != (c.weight == contract.Noted) {
				t.Errorf("same: %v", got)
			}
		})
	}
}

func TestAdditionalFieldsAreCountedOnly(t *testing.T) {
	twin := company(t)
	account := sideOf(twin)
	account.StripeURL = differing(t, twin.StripeURL, []plant{{"refund", "balance_hold", "add"}})
	if r := verify(t, account); len(r.Differences) > 0 || r.More == 0 || !r.Same() {
		t.Errorf("%d more, %+v", r.More, r.Differences)
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
