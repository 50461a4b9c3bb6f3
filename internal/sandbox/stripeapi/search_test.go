package stripeapi_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/sandbox/stripeapi"
)

func searchWorld(t *testing.T) *world {
	w := newWorld(t)
	w.AddCustomer(stripeapi.Customer{ID: "cus_1", Name: "Maria Silva", Email: "Maria@example.com", Created: start().Add(-3 * time.Hour), Metadata: map[string]string{"plan": "team", "o'k": `a"b`}})
	w.AddCustomer(stripeapi.Customer{ID: "cus_2", Name: "Mario Rossi", Email: "mario@example.com", Phone: "+39 06", Created: start().Add(-2 * time.Hour), Metadata: map[string]string{"plan": "solo"}})
	w.AddCustomer(stripeapi.Customer{ID: "cus_3", Name: "Ann O'Hara", Email: "ann@example.org", Created: start().Add(-time.Hour)})
	w.AddCustomer(stripeapi.Customer{ID: "cus_gone", Name: "Maria Gone", Deleted: true})
	return w
}

func TestSearch(t *testing.T) {
	w := searchWorld(t)
	for query, want := range map[string]string{
		`email:'maria@example.com'`:                      "cus_1",
		`email:"MARIA@EXAMPLE.COM"`:                      "cus_1",
		`email:'maria'`:                                  "",
		`email~'example.com'`:                            "cus_2 cus_1",
		`name~"mari"`:                                    "cus_2 cus_1",
		`name:'ann o\'hara'`:                             "cus_3",
		`name:"Ann O'Hara"`:                              "cus_3",
		`phone:'+39 06'`:                                 "cus_2",
		`metadata['plan']:'team'`:                        "cus_1",
		`metadata["plan"]:"solo"`:                        "cus_2",
		`metadata["o'k"]:"a\"b"`:                         "cus_1",
		`metadata['plan']:'nothing'`:                     "",
		`name~'mari' AND metadata['plan']:'solo'`:        "cus_2",
		`name~'mari'   -email:'maria@example.com'`:       "cus_2",
		`email:'ann@example.org' or name:'Maria Silva'`:  "cus_3 cus_1",
		`-name~'mari'`:                                   "cus_3",
		`created>` + unix(-2*time.Hour):                  "cus_3",
		`created>=` + unix(-2*time.Hour):                 "cus_3 cus_2",
		`created<` + unix(-2*time.Hour):                  "cus_1",
		`created:` + unix(-time.Hour):                    "cus_3",
		`name~'mari' AND created<=` + unix(-2*time.Hour): "cus_2 cus_1",
	} {
		got := w.send("GET", "/v1/customers/search?query="+url.QueryEscape(query), "")
		if got.status != 200 || strings.Join(got.ids(), " ") != want || got.body["object"] != "search_result" {
			t.Errorf("%s: %d %v, want %s (%v)", query, got.status, got.ids(), want, got.trouble("message"))
		}
	}
}

func unix(from time.Duration) string { return strconv.FormatInt(start().Add(from).Unix(), 10) }

func TestBadSearches(t *testing.T) {
	w := searchWorld(t)
	for _, query := range []string{
		"maria", " ", "email", "email:42", "metadata['plan']:7", "email:", "email:maria", "email:'maria", `email:'maria"`, "email='maria'", "email:'a' AND", "AND email:'a'", "email:'a'name:'b'",
		"email:'a' AND name:'b' OR name:'c'", "email:'a' XOR name:'b'", "name~'ma'", "name>'b'", "metadata['plan']~'team'", "metadata:'team'",
		"metadata[plan]:'team'", "created:'today'", "created>999999999999999999999", "card:'4242'", "(email:'a')", "--email:'a'", "email:'a' \x00",
	} {
		got := w.send("GET", "/v1/customers/search?query="+url.QueryEscape(query), "")
		if got.status != 400 || got.trouble("param") != "query" || !strings.HasPrefix(got.trouble("message"), "We were unable to parse your search query") {
			t.Errorf("%s: %d %v %v", query, got.status, got.ids(), got.body["error"])
		}
	}
	if got := w.send("GET", "/v1/customers/search", ""); got.trouble("code") != "parameter_missing" {
		t.Errorf("no query: %v", got.body)
	}
}

func TestSearchPagesWithStripesClient(t *testing.T) {
	w := searchWorld(t)
	params := &stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: "email~'example'", Limit: stripe.Int64(2)}}
	var ids []string
	for it := w.stripe.Customers.Search(params); it.Next(); {
		ids = append(ids, it.Customer().ID)
	}
	if !slices.Equal(ids, []string{"cus_3", "cus_2", "cus_1"}) {
		t.Errorf("%v", ids)
	}
	if got := w.send("GET", "/v1/customers/search?query="+url.QueryEscape("email~'example'")+"&page=junk", ""); len(got.ids()) != 0 {
		t.Errorf("a page that was never given out: %v", got.ids())
	}
}

func TestSearchLagsBehindTheList(t *testing.T) {
	w := newWorld(t)
	w.SetSearchLag(time.Minute)
	w.AddCustomer(customer("cus_new", "new@example.com", false))
	search := func() []string {
		return w.send("GET", "/v1/customers/search?query="+url.QueryEscape("email:'new@example.com'"), "").ids()
	}
	if got := w.send("GET", "/v1/customers?email=new@example.com", "").ids(); len(got) != 1 || len(search()) != 0 {
		t.Errorf("at once: list %v, search %v", got, search())
	}
	w.clock.Advance(time.Minute)
	if got := search(); len(got) != 1 {
		t.Errorf("a minute later: %v", got)
	}
}
