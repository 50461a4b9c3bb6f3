package contract_test

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/contract"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/stripe"
)

// inUse lists what is in use on a side, by where it is listed: ids of what can be
// taken away, and of conversations that are open.
func inUse(t *testing.T, s *sandbox.Running) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, path := range []string{"customers?limit=100", "subscriptions?limit=100", "coupons?limit=100", "promotion_codes?active=true&limit=100", "products?active=true&limit=100"} {
		out[path] = listed(t, http.MethodGet, s.StripeURL+"/v1/"+path, sandbox.StripeKey, "")
	}
	out["tags"] = listed(t, http.MethodGet, s.IntercomURL+"/tags", sandbox.IntercomToken, "")
	out["contacts"] = listed(t, http.MethodPost, s.IntercomURL+"/contacts/search", sandbox.IntercomToken, `{"query":{"field":"role","operator":"=","value":"lead"},"pagination":{"per_page":150}}`)
	out["open conversations"] = listed(t, http.MethodPost, s.IntercomURL+"/conversations/search", sandbox.IntercomToken, `{"query":{"field":"open","operator":"=","value":true},"pagination":{"per_page":150}}`)
	return out
}

func listed(t *testing.T, method, url, bearer, body string) []string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list struct {
		Data, Conversations []struct{ ID string }
	}
	if b, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || json.Unmarshal(b, &list) != nil {
		t.Fatalf("%s: %d %s %v", url, res.StatusCode, b, err)
	}
	ids := []string{}
	for _, one := range slices.Concat(list.Data, list.Conversations) {
		ids = append(ids, one.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestARunTakesAwayWhatItHasMadeHoweverItEnds(t *testing.T) {
	for _, c := range []struct {
		name   string
		vendor string
		fault  control.Fault
		error  bool   // the run cannot go on
		left   string // what more stays than after a run without trouble
	}{
		{name: "what has to be there cannot be made", vendor: "stripe", fault: control.Fault{Method: "POST", Path: "/v1/coupons", Kind: control.ErrorBefore}, error: true},
		{name: "the first thing cannot be made", vendor: "intercom", fault: control.Fault{Method: "POST", Path: "/conversations", Kind: control.ErrorBefore}, error: true},
		{name: "a call of an adapter fails", vendor: "stripe", fault: control.Fault{Method: "POST", Path: "/v1/refunds", Kind: control.ErrorBefore}},
		{name: "a call of an adapter fails after it was done", vendor: "intercom", fault: control.Fault{Method: "POST", Path: "/tags", Kind: control.ErrorAfter}},
		{name: "something cannot be taken away", vendor: "stripe", fault: control.Fault{Method: "DELETE", Path: "/v1/coupons/*", Kind: control.ErrorBefore}, left: "coupon"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			twin := company(t)
			before := inUse(t, twin)
			desk := map[string]*control.Desk{"stripe": &twin.Stripe.Desk, "intercom": &twin.Intercom.Desk}[c.vendor]
			if err := desk.Inject(c.fault); err != nil {
				t.Fatal(err)
			}
			r, err := contract.Verify(t.Context(), contract.Config{Sandbox: sideOf(company(t)), Account: sideOf(twin), Mark: "test0002"})
			if (err != nil) != c.error {
				t.Errorf("error %v, want one: %v", err, c.error)
			}
			twin.Clock.Advance(time.Hour) // search learns of the end
			for where, ids := range inUse(t, twin) {
				if kept := c.left != "" && strings.HasPrefix(where, c.left); reflect.DeepEqual(ids, before[where]) == kept {
					t.Errorf("%s: %q before and %q after", where, before[where], ids)
				}
			}
			onlyWhatStays(t, r, c.left)
		})
	}
}

// onlyWhatStays wants a report to list what vendors do not delete, and one kind of
// thing more; "" is none.
func onlyWhatStays(t *testing.T, r contract.Report, more string) {
	t.Helper()
	found := more == ""
	for _, l := range r.Left {
		found = found || l.What == more
		if l.ID == "" || l.Why == "" || !slices.Contains([]string{"attribute of contacts", "conversation", "promotion code", "payment intent", "invoice", "price", "product", more}, l.What) {
			t.Errorf("left: %+v", l)
		}
	}
	if !found {
		t.Errorf("a %s stays and is not told: %+v", more, r.Left)
	}
}

func TestARunThatIsStoppedTakesAwayWhatItHasMade(t *testing.T) {
	twin := company(t)
	before := inUse(t, twin)
	ctx, stop := context.WithCancel(t.Context())
	account := sideOf(twin)
	account.Index = func(ctx context.Context) error { stop(); return ctx.Err() }
	if _, err := contract.Verify(ctx, contract.Config{Sandbox: sideOf(company(t)), Account: account, Mark: "test0003"}); err == nil {
		t.Error("no error")
	}
	twin.Clock.Advance(time.Hour)
	if after := inUse(t, twin); !reflect.DeepEqual(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
}

func TestALiveKeyIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	for _, key := range []string{"sk_live_1", "rk_live_1", "pk_test_1", ""} {
		twin := company(t)
		account := sideOf(twin)
		account.StripeKey = key
		_, err := contract.Verify(t.Context(), contract.Config{Sandbox: sideOf(company(t)), Account: account, Mark: "test0004"})
		if err == nil || strings.HasPrefix(key, "sk_live") && fault.CodeOf(err) != fault.Refused {
			t.Errorf("%q: %v", key, err)
		}
		if asked := len(twin.Stripe.Desk.Requests()) + len(twin.Intercom.Desk.Requests()); asked > 0 {
			t.Errorf("%q: %d requests", key, asked)
		}
	}
}

// What a run leaves out stands here with the reason.
func TestEveryMethodOfTheAdaptersIsCompared(t *testing.T) {
	made := map[string]bool{}
	for _, name := range contract.Steps() {
		if strings.Contains(name, ".") { // of an adapter
			made[name] = true
		}
	}
	for name, why := range map[string]string{
		"stripe.Billing":         "lists of the whole account what BillingObject reads of one customer",
		"stripe.BillingEvents":   "events of the whole account, of which ids alone are read",
		"stripe.PortalSession":   "needs a portal that is configured in the account",
		"stripe.Excess":          "asks for what no tool needs",
		"intercom.ApplySegment":  "writes as TagContact and UpdateContact do, to many",
		"intercom.FindApplied":   "asks nothing",
		"intercom.RevertSegment": "writes as TagContact and UpdateContact do, to many",
		"intercom.SyncBilling":   "writes as UpdateContact does, to many",
		"intercom.Articles":      "knowledge reads them; a workspace need not have any",
		"intercom.Author":        "part of Check",
		"intercom.CheckRegion":   "asks nothing",
		"intercom.Company":       "a workspace need not have any",
		"intercom.Ready":         "Check, once",
		"intercom.Team":          "Teams, by a name",
		"intercom.Writer":        "asks nothing",
	} {
		if made[name] {
			t.Errorf("%s is compared, and excepted: %s", name, why)
		}
		made[name] = true
	}
	for kind, of := range map[string]reflect.Type{"stripe.": reflect.TypeFor[*stripe.Client](), "intercom.": reflect.TypeFor[*intercom.Client]()} {
		for m := range of.Methods() {
			if !made[kind+m.Name] {
				t.Errorf("%s is compared nowhere", kind+m.Name)
			}
			delete(made, kind+m.Name)
		}
	}
	if len(made) > 0 {
		t.Errorf("no such methods: %q", slices.Sorted(maps.Keys(made)))
	}
}
