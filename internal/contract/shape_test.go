package contract

import (
	"fmt"
	"strings"
	"testing"
)

func TestShapesAreCompared(t *testing.T) {
	for _, c := range []struct {
		name, sandbox, account string // JSON values, several by spaces
		want                   string // path sandbox account, ~ before what is only noted; +n for additional fields
	}{
		{"values do not matter", `{"a":1,"b":"x","c":true}`, `{"a":2.5,"b":"","c":false}`, ""},
		{"a kind", `{"a":1}`, `{"a":"1"}`, "a number string"},
		{"missing", `{"a":1}`, `{}`, "a number missing"},
		{"missing and null before", `{"a":null}`, `{}`, "~a null missing"},
		{"additional", `{}`, `{"a":1,"b":{"c":1,"d":2}}`, "+2"},
		{"null here", `{"a":1}`, `{"a":null}`, "~a number null"},
		{"null there", `{"a":null}`, `{"a":{"b":1}}`, "~a null object"},
		{"null on both sides", `{"a":null}`, `{"a":null}`, ""},
		{"deep", `{"a":{"b":[{"c":1}]}}`, `{"a":{"b":[{"c":"1"}]}}`, "a.b[].c number string"},
		{"an object in place of an id", `{"a":"ch_1"}`, `{"a":{"id":"ch_1"}}`, "a string object"},
		{"elements are taken together", `{"a":[{"b":1},{"b":null}]}`, `{"a":[{"b":null},{"b":2}]}`, ""},
		{"a field of some elements need not be there", `{"a":[{"b":1},{}]}`, `{"a":[{}]}`, ""},
		{"a field of all elements must be in all", `{"a":[{"b":1}]}`, `{"a":[{"b":1},{}]}`, "a[].b number missing"},
		{"one more kind among the elements", `{"a":[1]}`, `{"a":[1,"2"]}`, "a[] number number or string"},
		{"fewer kinds among the elements", `{"a":[1,"2"]}`, `{"a":[1]}`, ""},
		{"nothing to compare there", `{"a":[{"b":1}]}`, `{"a":[]}`, "~a[] object empty"},
		{"nothing to compare here", `{"a":[]}`, `{"a":[{"b":1}]}`, "~a[] empty object"},
		{"empty on both sides", `{"a":[]}`, `{"a":[]}`, ""},
		{"several answers are taken together", `{"a":1} {"a":null}`, `{"a":2}`, ""},
		{"lists in lists", `[[{"a":1}]]`, `[[{"a":true}]]`, "[][].a number bool"},
		{"all at once", `{"a":1,"b":2,"c":[1]}`, `{"b":"2","c":null,"d":1}`, "a number missing, b number string, ~c array null, +1"},
	} {
		got := []string{}
		found, more := compare(learned(t, c.sandbox), learned(t, c.account), "")
		for _, f := range found {
			got = append(got, map[bool]string{true: "~"}[f.mild]+f.path+" "+f.sandbox+" "+f.account)
		}
		if more > 0 {
			got = append(got, fmt.Sprint("+", more))
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %q, want %q", c.name, s, c.want)
		}
	}
}

func learned(t *testing.T, values string) *shape {
	t.Helper()
	var bodies [][]byte
	for v := range strings.FieldsSeq(values) {
		bodies = append(bodies, []byte(v))
	}
	s, err := shapeOf(bodies...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatIsNoJSONHasNoShape(t *testing.T) {
	if _, err := shapeOf([]byte(`{"a":1}`), []byte(`<html>`)); err == nil {
		t.Error("no error")
	}
}

func TestCallsAreNamedWithoutTheirIDs(t *testing.T) {
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/v1/charges", "GET /v1/charges"},
		{"GET", "/v1/charges/ch_3", "GET /v1/charges/{id}"},
		{"POST", "/v1/customers/cus_X/balance_transactions", "POST /v1/customers/{id}/balance_transactions"},
		{"GET", "/v1/customers/search", "GET /v1/customers/search"},
		{"GET", "/v1/credit_notes/preview", "GET /v1/credit_notes/preview"},
		{"GET", "/v1/billing_portal/configurations", "GET /v1/billing_portal/configurations"},
		{"POST", "/conversations/21/parts", "POST /conversations/{id}/parts"},
		{"DELETE", "/conversations/21/tags/7", "DELETE /conversations/{id}/tags/{id}"},
		{"POST", "/contacts/search", "POST /contacts/search"},
		{"GET", "/me", "GET /me"},
	} {
		if got := callOf(c.method, c.path); got != c.want {
			t.Errorf("%s %s is named %q, want %q", c.method, c.path, got, c.want)
		}
	}
}

func TestAPlaceOfAnAnswerIsChangedEverywhereAndNowhereElse(t *testing.T) {
	tape := []exchange{
		{call: "GET /a", status: 200, body: []byte(`{"d":[{"x":1,"y":1},{"x":2}]}`)},
		{call: "GET /b", status: 200, body: []byte(`{"d":[{"x":1}]}`)},
		{call: "GET /a", status: 404, body: []byte(`{"d":[{"x":1}]}`)},
	}
	for _, c := range []struct {
		f    func(any) (any, bool)
		want string
	}{
		{func(any) (any, bool) { return nil, false }, `{"d":[{"y":1},{}]}`},
		{func(any) (any, bool) { return "z", true }, `{"d":[{"x":"z","y":1},{"x":"z"}]}`},
		{another, `{"d":[{"x":2,"y":1},{"x":3}]}`},
	} {
		got := changed(tape, "GET /a", "d[].x", c.f)
		if string(got[0].body) != c.want || string(got[1].body) != `{"d":[{"x":1}]}` || string(got[2].body) != `{"d":[{"x":1}]}` {
			t.Errorf("%s, %s, %s; want %s", got[0].body, got[1].body, got[2].body, c.want)
		}
	}
	if string(tape[0].body) != `{"d":[{"x":1,"y":1},{"x":2}]}` {
		t.Errorf("the tape itself was changed: %s", tape[0].body)
	}
}
