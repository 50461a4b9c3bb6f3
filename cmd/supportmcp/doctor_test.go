package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
)

// consult asks the doctor and gives what it said by topic, the worst of each.
func consult(t *testing.T, environ []string, args ...string) (typed, map[string]remark) {
	t.Helper()
	got := typeIn(t, environ, append([]string{"doctor", "--json"}, args...)...)
	said := map[string]remark{}
	lines := bufio.NewScanner(strings.NewReader(got.out))
	for lines.Scan() {
		var r remark
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("not a JSON line: %q", lines.Text())
		}
		if said[r.Topic].Health != ailing {
			said[r.Topic] = r
		}
	}
	return got, said
}

// written makes a file of one's own in a folder of one's own.
func written(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "own")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// answering is a vendor that answers everything alike, and repeats the credential.
func answering(t *testing.T, status int) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"type":"error.list","errors":[{"code":"unauthorized","message":"no: %[1]s"}],"error":{"type":"invalid_request_error","message":"no: %[1]s"}}`, r.Header.Get("Authorization"))
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// ledgerOf makes a ledger of a mode and gives its URL.
func ledgerOf(t *testing.T, mode string) string {
	t.Helper()
	url := "sqlite:" + filepath.Join(t.TempDir(), "data", "ledger.db")
	l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: mode})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return url
}

func TestDoctorNamesEachBrokenThingAndItsCure(t *testing.T) {
	t.Parallel()
	folder := filepath.Dir(written(t, "refunds.md", "# Refunds\n\nWithin 30 days.\n", 0o600))
	for _, c := range []struct {
		name       string
		topic      string
		health     health
		what, mend string
		environ    func(*place) string // one more variable, after the place was changed
	}{
		{"no key", "stripe.key", ailing, "STRIPE_SECRET_KEY is missing: create a restricted key", "", func(*place) string { return "STRIPE_SECRET_KEY=" }},
		{"publishable key", "stripe.key", ailing, "this is a publishable key", "", func(*place) string { return "STRIPE_SECRET_KEY=pk_test_" + canary }},
		{"wrong key", "stripe", ailing, "does not accept the key", "create a restricted key", func(*place) string { return "STRIPE_API_BASE=" + answering(t, 401) }},
		{"Stripe out of reach", "stripe", ailing, "could not be reached", "STRIPE_API_BASE", func(*place) string { return "STRIPE_API_BASE=http://127.0.0.1:1" }},
		{"customers not permitted", "stripe.customers", ailing, "rak_customer_read", "let it read customers (rak_customer_read)", lacking("customer_read")},
		{"charges not permitted", "stripe.charges", ailing, "rak_charge_read", "(rak_charge_read)", lacking("charge_read")},
		{"refunds not permitted", "stripe.refunds", ailing, "rak_charge_read", "let it read refunds (rak_charge_read)", lacking("charge_read")},
		{"payment intents not permitted", "stripe.payment_intents", ailing, "rak_payment_intent_read", "payment intents", lacking("payment_intent_read")},
		{"disputes not permitted", "stripe.disputes", ailing, "rak_dispute_read", "disputes", lacking("dispute_read")},
		{"subscriptions not permitted", "stripe.subscriptions", ailing, "rak_subscription_read", "subscriptions", lacking("subscription_read")},
		{"products not permitted", "stripe.products", ailing, "rak_product_read", "products", lacking("product_read")},
		{"invoices not permitted", "stripe.invoices", ailing, "rak_invoice_read", "invoices", lacking("invoice_read")},
		{"credit notes not permitted", "stripe.credit_notes", ailing, "rak_credit_note_read", "credit notes", lacking("credit_note_read")},
		{"coupons not permitted", "stripe.coupons", warning, "coupons (rak_coupon_read), without which apply_discount cannot work", "let it read coupons (rak_coupon_read)", lacking("coupon_read")},
		{"promotion codes not permitted", "stripe.promotion_codes", warning, "without which apply_discount cannot work", "(rak_promotion_code_read)", lacking("promotion_code_read")},
		{"customer portal not permitted", "stripe.customer_portal", warning, "without which links to change a card cannot work", "(rak_customer_portal_read)", lacking("customer_portal_read")},
		{"more permitted than needed", "stripe.excess", warning, "the key can also read the balance, webhook endpoints, which no tool needs", "docs/stripe.md", lacking("payout_read")},
		{"wrong token", "intercom.token", ailing, "does not accept this server's access token", "copy the access token", func(*place) string { return "INTERCOM_ACCESS_TOKEN=bad-" + canary }},
		{"token without permission", "intercom.token", ailing, "permissions do not include this", "permission to read admins", func(*place) string { return "INTERCOM_API_BASE=" + answering(t, 403) }},
		{"conversations not permitted", "intercom.conversations", ailing, "permissions do not include this", "permission to read conversations", forbidding("POST", "/conversations/search")},
		{"contacts not permitted", "intercom.contacts", ailing, "permissions do not include this", "permission to read contacts", forbidding("POST", "/contacts/search")},
		{"tags not permitted", "intercom.tags", warning, "the app may not read tags, without which tag_conversation", "permission to read tags", forbidding("GET", "/tags")},
		{"teams not permitted", "intercom.teams", warning, "without which assign_conversation cannot work", "permission to read teams", forbidding("GET", "/teams")},
		{"Intercom out of reach", "intercom.token", ailing, "cannot be reached", "INTERCOM_API_BASE", func(*place) string { return "INTERCOM_API_BASE=http://127.0.0.1:1" }},
		{"no admin", "intercom.admin", warning, "nobody is named", "such as the token's own, 8001", func(*place) string { return "INTERCOM_ADMIN_ID=" }},
		{"nothing is written without an admin", "writes.intercom", warning, "INTERCOM_ADMIN_ID is not set", "docs/config.md", func(*place) string { return "INTERCOM_ADMIN_ID=" }},
		{"unknown admin", "intercom.admin", ailing, "Intercom has no admin 4711", "INTERCOM_ADMIN_ID", func(*place) string { return "INTERCOM_ADMIN_ID=4711" }},
		{"admin without seat", "intercom.admin", ailing, "Quin Doe (admin 8100) has no inbox seat", "inbox seat", func(p *place) string {
			p.Intercom.AddAdmin(intercomapi.Admin{ID: "8100", Name: "Quin Doe"})
			return "INTERCOM_ADMIN_ID=8100"
		}},
		{"customers may write a tie", "policy.ties", ailing, "customers can write from the Messenger what ties them to a Stripe customer: contact attribute stripe_customer_id", "keep the Messenger from updating it", func(p *place) string {
			p.Intercom.SetMessengerWritable("stripe_customer_id", true)
			return "X="
		}},
		{"a tie that the workspace does not have", "policy.ties.missing", warning, "no attribute for company attribute payer", "correct its name", func(*place) string {
			return "SUPPORTMCP_POLICY=" + written(t, "policy.yaml", "version: 1\nties: [company_attribute: payer, email: equal]\n", 0o600)
		}},
		{"nobody is verified", "intercom.identity", warning, "nobody is proven", "identity verification", func(p *place) string {
			p.Intercom.SetIdentityVerification(false)
			return "X="
		}},
		{"no ledger", "database", warning, "there is no ledger yet in ", "SUPPORTMCP_DATABASE_URL", func(*place) string { return "X=" }},
		{"open ledger", "database", ailing, "is open to other users of this machine (mode 644)", "chmod 600", func(*place) string {
			return "SUPPORTMCP_DATABASE_URL=sqlite:" + written(t, "ledger.db", "", 0o644)
		}},
		{"no database at all", "database", ailing, "damaged or is no database", "restore a backup", func(*place) string {
			return "SUPPORTMCP_DATABASE_URL=sqlite:" + written(t, "ledger.db", strings.Repeat("a letter to a friend ", 99), 0o600)
		}},
		{"ledger of another mode", "database", ailing, "belongs to live mode and was opened for sandbox", "a ledger of its own", func(*place) string { return "SUPPORTMCP_DATABASE_URL=" + ledgerOf(t, "live") }},
		{"PostgreSQL out of reach", "database", ailing, "cannot be reached", "check that it runs", func(*place) string {
			return "SUPPORTMCP_DATABASE_URL=postgres://u:" + canary + "@127.0.0.1:1/ledger"
		}},
		{"database that is none", "database", ailing, "must be sqlite:PATH or postgres://", "", func(*place) string { return "SUPPORTMCP_DATABASE_URL=mysql://u:" + canary + "@db" }},
		{"policy missing", "policy", ailing, "read the policy: open /nowhere.yaml", "print-default", func(*place) string { return "SUPPORTMCP_POLICY=/nowhere.yaml" }},
		{"policy with a mistake", "policy", ailing, "policy.yaml:3:14: ", "correct the file", func(*place) string {
			return "SUPPORTMCP_POLICY=" + written(t, "policy.yaml", "version: 1\nreply:\n  max_chars: many\n", 0o600)
		}},
		{"policy without refunds", "policy.refund", warning, "refunds are denied", "add the section refund", func(*place) string {
			return "SUPPORTMCP_POLICY=" + written(t, "policy.yaml", "version: 1\nreply: {max_chars: 100}\n", 0o600)
		}},
		{"no knowledge", "knowledge", warning, "no documents are served", "SUPPORTMCP_KNOWLEDGE", func(*place) string { return "SUPPORTMCP_KNOWLEDGE= " }},
		{"knowledge missing", "knowledge", ailing, "has a source that cannot be read", "", func(*place) string { return "SUPPORTMCP_KNOWLEDGE=docs=" + nowhere }},
		{"a source elsewhere refuses", "knowledge.help", ailing, "", "correct the source; its last good documents are served meanwhile", func(*place) string {
			return "SUPPORTMCP_KNOWLEDGE=" + written(t, "sources.yaml", "version: 1\nsources: [{name: help, github: {repository: acme/help, url: '"+answering(t, 401)+"'}}]\n", 0o600)
		}},
		{"a file of sources with a mistake", "knowledge", ailing, "names 0 places; give it one: folder, github", "", func(*place) string {
			return "SUPPORTMCP_KNOWLEDGE=" + written(t, "sources.yaml", "version: 1\nsources: [{name: help}]\n", 0o600)
		}},
		{"knowledge without name", "knowledge", ailing, "must be name=folder", "", func(*place) string { return "SUPPORTMCP_KNOWLEDGE=/nowhere" }},
		{"knowledge twice", "knowledge", ailing, "names the source docs twice", "", func(*place) string { return "SUPPORTMCP_KNOWLEDGE=docs=" + folder + ",docs=" + folder }},
		{"refused document", "knowledge.docs", warning, "refused big.md: it is larger than", "correct the file", func(*place) string {
			return "SUPPORTMCP_KNOWLEDGE=docs=" + filepath.Dir(written(t, "big.md", strings.Repeat("x", 1<<20+1), 0o600))
		}},
		{"principal of two words", "settings", ailing, "SUPPORTMCP_PRINCIPAL must be", "", func(*place) string { return "SUPPORTMCP_PRINCIPAL=two words" }},
		{"unclear permission", "settings", ailing, "SUPPORTMCP_ALLOW_LIVE_WRITES must be one of", "", func(*place) string { return "SUPPORTMCP_ALLOW_LIVE_WRITES=yes" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := settle(t, time.Now, "STRIPE_SECRET_KEY=rk_test_"+canary, "INTERCOM_ACCESS_TOKEN="+canary)
			got, said := consult(t, append(p.environ, c.environ(p)))
			r := said[c.topic]
			if r.Health != c.health || !strings.Contains(r.What, c.what) || !strings.Contains(r.Mend, c.mend) {
				t.Errorf("said %+v", r)
			}
			for _, r := range said {
				if r.Health != healthy && !cured(r) {
					t.Errorf("no cure is told: %+v", r)
				}
			}
			if sick := slices.ContainsFunc(slices.Collect(maps.Values(said)), func(r remark) bool { return r.Health == ailing }); (got.status != 0) != sick || sick != (c.health == ailing) {
				t.Errorf("status %d of %s", got.status, got.out)
			}
			if strings.Contains(got.out+got.err, canary) || got.err != "" {
				t.Errorf("tells a secret, or more than remarks: %s%s", got.out, got.err)
			}
		})
	}
}

// cured reports whether a remark tells what to do: in so many words, or because it
// says of a variable what it must be.
func cured(r remark) bool {
	return r.Mend != "" || strings.Contains(r.What, " must be ") || strings.Contains(r.What, "; want ") ||
		strings.Contains(r.What, ": give ") || strings.Contains(r.What, "; give ") || strings.Contains(r.What, ": create ")
}

// lacking takes a permission from the key.
func lacking(permission string) func(*place) string {
	return func(p *place) string {
		p.Stripe.Restrict("rk_test_"+canary, permission)
		return "X="
	}
}

// forbidding takes a permission from the token.
func forbidding(method, path string) func(*place) string {
	return func(p *place) string {
		if err := p.Intercom.Desk.Inject(control.Fault{Method: method, Path: path, Kind: control.ErrorBefore, Status: http.StatusForbidden, Times: -1}); err != nil {
			return "FAULT=" + err.Error()
		}
		return "X="
	}
}

func TestDoctorOnlyReads(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	url := ledgerOf(t, "sandbox")
	dir := filepath.Dir(strings.TrimPrefix(url, "sqlite:"))
	before := list(t, dir)
	for _, database := range []string{p.database, url} {
		if got := typeIn(t, append(p.environ, "SUPPORTMCP_DATABASE_URL="+database), "doctor"); got.status != 0 {
			t.Errorf("%s%s", got.out, got.err)
		}
	}
	if _, err := os.Stat(filepath.Dir(strings.TrimPrefix(p.database, "sqlite:"))); !os.IsNotExist(err) {
		t.Errorf("the ledger's folder was made: %v", err)
	}
	if after := list(t, dir); after != before {
		t.Errorf("the ledger's folder held %s, and now %s", before, after)
	}
	asked := append(p.Stripe.Desk.Requests(), p.Intercom.Desk.Requests()...)
	if len(asked) == 0 {
		t.Error("nothing was asked")
	}
	for _, r := range asked {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.Path, "/search") {
			t.Errorf("asked %s %s", r.Method, r.Path)
		}
	}
}

func list(t *testing.T, dir string) (all string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		all += fmt.Sprintln(e.Name(), info.Size(), info.ModTime())
	}
	return all
}

func TestDoctorShowsWhoAnswersAndObeysNoName(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now, "INTERCOM_ADMIN_ID=8100")
	p.Intercom.AddAdmin(intercomapi.Admin{ID: "8100", Name: "Eve\x1b[2J\nok       stripe\u202egnp", HasInboxSeat: true})
	for _, args := range [][]string{{"doctor"}, {"doctor", "--json"}} {
		got := typeIn(t, p.environ, args...)
		if i := strings.IndexFunc(got.out, unshown); got.status != 0 || i >= 0 || !strings.Contains(got.out, "answered by Eve") {
			t.Errorf("%v: status %d, %q", args, got.status, got.out)
		}
		if strings.Contains(got.out, "\nok       stripe<") {
			t.Errorf("a name made a line of its own: %s", got.out)
		}
	}
}

func TestDoctorComparesTheRegionWithTheHost(t *testing.T) {
	t.Parallel()
	for region, mend := range map[string]string{
		"US": "", "EU": "https://api.eu.intercom.io", "AU": "https://api.au.intercom.io", "": "the host of the workspace's region",
	} {
		web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"id":"8001","name":"Robin","has_inbox_seat":true,"app":{"id_code":"w1","region":%q}}`, region)
		}))
		t.Cleanup(web.Close)
		transport := &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: web.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"}, //nolint:gosec // any version
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, web.Listener.Addr().String())
			},
		}
		t.Cleanup(transport.CloseIdleConnections)
		d := doctor{
			cfg:  Config{IntercomToken: canary, IntercomBase: "https://api.intercom.io", IntercomAdmin: "8001"},
			http: &http.Client{Transport: transport}, now: time.Now,
		}
		d.intercom(t.Context())
		i := slices.IndexFunc(d.diagnosis, func(r remark) bool { return r.Topic == "intercom.workspace" })
		if i < 0 || (d.diagnosis[i].Health == healthy) != (mend == "") || !strings.Contains(d.diagnosis[i].Mend, mend) {
			t.Errorf("a workspace in %q: %+v", region, d.diagnosis)
		}
	}
}

func TestDoctorTellsWhatALiveConfigurationWouldWrite(t *testing.T) {
	t.Parallel()
	for allow, want := range map[string]health{"false": warning, "true": healthy} {
		d := doctor{cfg: Config{
			StripeKey: "sk_live_" + canary, StripeBase: "https://api.stripe.com", IntercomToken: "t",
			IntercomBase: "https://api.intercom.io", IntercomAdmin: "1", AllowLiveWrites: allow,
		}}
		d.writes(t.Context())
		d.stripeKey("live", false)
		if len(d.diagnosis) != 3 || d.diagnosis[0].Health != want || d.diagnosis[1].Health != want || d.diagnosis[2].Health != warning {
			t.Errorf("allowed %s: %+v", allow, d.diagnosis)
		}
		if want == healthy && !strings.Contains(d.diagnosis[1].What, "live mode") {
			t.Errorf("allowed %s: %+v", allow, d.diagnosis[1])
		}
	}
}
