package main

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// canary is in every secret of these tests, and must be in no output.
const canary = "CANARY"

// canaries is a configuration that could start, all of its secrets marked.
func canaries(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"STRIPE_SECRET_KEY": "rk_test_" + canary, "STRIPE_API_BASE": "http://127.0.0.1:9",
		"INTERCOM_ACCESS_TOKEN": canary, "INTERCOM_API_BASE": "http://127.0.0.1:9", "INTERCOM_ADMIN_ID": "8001",
		"SUPPORTMCP_DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "data", "ledger.db"),
	}
}

func environ(vars map[string]string) []string {
	out := bare()
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		out = append(out, name+"="+vars[name])
	}
	return out
}

func TestServeRefusesEachBadVariableByNameAndWithoutItsSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, twoLines := write("empty", " \n"), write("two-lines", canary+"\n"+canary)
	policy := write("policy.yaml", "version: 1\nrefund:\n  window: soon\n")
	write("refunds.md", "# Refunds\n\nWithin 30 days.\n")
	publishable := write("publishable", "pk_live_"+canary)
	for _, c := range []struct {
		name string
		set  map[string]string
		want string
	}{
		{"no Stripe key", map[string]string{"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY is missing"},
		{"publishable key", map[string]string{"STRIPE_SECRET_KEY": "pk_test_" + canary}, "STRIPE_SECRET_KEY is not usable: this is a publishable key"},
		{"publishable key in a file", map[string]string{"STRIPE_SECRET_KEY": "", "STRIPE_SECRET_KEY_FILE": publishable}, "STRIPE_SECRET_KEY is not usable: this is a publishable key"},
		{"webhook secret as key", map[string]string{"STRIPE_SECRET_KEY": "whsec_" + canary}, "STRIPE_SECRET_KEY is not usable"},
		{"key with a line break", map[string]string{"STRIPE_SECRET_KEY": "sk_test_" + canary + "\nX: 1"}, "STRIPE_SECRET_KEY is not usable"},
		{"key and key file", map[string]string{"STRIPE_SECRET_KEY_FILE": empty}, "STRIPE_SECRET_KEY is set, and so is STRIPE_SECRET_KEY_FILE"},
		{"empty key file", map[string]string{"STRIPE_SECRET_KEY": "", "STRIPE_SECRET_KEY_FILE": empty}, "STRIPE_SECRET_KEY_FILE names an empty file"},
		{"key file missing", map[string]string{"STRIPE_SECRET_KEY": "", "STRIPE_SECRET_KEY_FILE": dir + "/none"}, "STRIPE_SECRET_KEY_FILE cannot be read"},
		{"key file is a folder", map[string]string{"STRIPE_SECRET_KEY": "", "STRIPE_SECRET_KEY_FILE": dir}, "STRIPE_SECRET_KEY_FILE cannot be read"},
		{"live key on this machine", map[string]string{"STRIPE_SECRET_KEY": "sk_live_" + canary}, "STRIPE_SECRET_KEY is a live key, but STRIPE_API_BASE is on this machine"},
		{"Stripe over http", map[string]string{"STRIPE_API_BASE": "http://api.stripe.com"}, "STRIPE_API_BASE must begin with https://"},
		{"Stripe without scheme", map[string]string{"STRIPE_API_BASE": "api.stripe.com"}, "STRIPE_API_BASE must be an address"},
		{"Stripe with a password", map[string]string{"STRIPE_API_BASE": "https://u:" + canary + "@api.stripe.com"}, "STRIPE_API_BASE must be an address"},
		{"Stripe with a path", map[string]string{"STRIPE_API_BASE": "https://api.stripe.com/v1"}, "STRIPE_API_BASE must be an address"},
		{"Stripe looks like this machine", map[string]string{"STRIPE_API_BASE": "http://127.0.0.1.example.com"}, "STRIPE_API_BASE must begin with https://"},
		{"unknown toolset", map[string]string{"SUPPORTMCP_TOOLSETS": "ticket,tikcet"}, `SUPPORTMCP_TOOLSETS names the toolset "tikcet", which there is not: use all, or some of ticket, knowledge`},
		{"no Intercom token", map[string]string{"INTERCOM_ACCESS_TOKEN": ""}, "INTERCOM_ACCESS_TOKEN is missing"},
		{"token with a space", map[string]string{"INTERCOM_ACCESS_TOKEN": canary + " " + canary}, "INTERCOM_ACCESS_TOKEN is not usable"},
		{"token file of two lines", map[string]string{"INTERCOM_ACCESS_TOKEN": "", "INTERCOM_ACCESS_TOKEN_FILE": twoLines}, "INTERCOM_ACCESS_TOKEN is not usable"},
		{"token and token file", map[string]string{"INTERCOM_ACCESS_TOKEN_FILE": twoLines}, "INTERCOM_ACCESS_TOKEN is set, and so is"},
		{"Intercom over http", map[string]string{"INTERCOM_API_BASE": "http://api.intercom.io"}, "INTERCOM_API_BASE must begin with https://"},
		{"not Intercom's host", map[string]string{"INTERCOM_API_BASE": "https://intercom.example.com"}, "INTERCOM_API_BASE must be one of"},
		{"admin by name", map[string]string{"INTERCOM_ADMIN_ID": "robin@example.com"}, "INTERCOM_ADMIN_ID must be the digits"},
		{"unknown database", map[string]string{"SUPPORTMCP_DATABASE_URL": "mysql://root:" + canary + "@db/ledger"}, "SUPPORTMCP_DATABASE_URL must be sqlite:PATH or postgres://"},
		{"database without path", map[string]string{"SUPPORTMCP_DATABASE_URL": "sqlite:"}, "SUPPORTMCP_DATABASE_URL must be"},
		{"database and database file", map[string]string{"SUPPORTMCP_DATABASE_URL_FILE": empty}, "SUPPORTMCP_DATABASE_URL is set, and so is"},
		{"database out of reach", map[string]string{"SUPPORTMCP_DATABASE_URL": "postgres://u:" + canary + "@127.0.0.1:1/ledger"}, "cannot be reached"},
		{"database URL that is none", map[string]string{"SUPPORTMCP_DATABASE_URL": "postgres://u:" + canary + "%zz@127.0.0.1/ledger"}, "PostgreSQL URL cannot be read"},
		{"database in a folder's place", map[string]string{"SUPPORTMCP_DATABASE_URL": "sqlite:" + filepath.Join(empty, "ledger.db")}, "the ledger's folder cannot be created"},
		{"no policy there", map[string]string{"SUPPORTMCP_POLICY": dir + "/none.yaml"}, "SUPPORTMCP_POLICY does not work:\nread the policy: open "},
		{"policy with mistakes", map[string]string{"SUPPORTMCP_POLICY": policy}, "SUPPORTMCP_POLICY does not work:\n" + policy + ":3:"},
		{"knowledge without a name", map[string]string{"SUPPORTMCP_KNOWLEDGE": dir}, "SUPPORTMCP_KNOWLEDGE must be name=folder"},
		{"knowledge missing", map[string]string{"SUPPORTMCP_KNOWLEDGE": "docs=" + dir + "/none"}, "SUPPORTMCP_KNOWLEDGE has a source that cannot be read"},
		{"knowledge with a bad name", map[string]string{"SUPPORTMCP_KNOWLEDGE": "My Docs=" + dir}, "SUPPORTMCP_KNOWLEDGE has a source that cannot be read"},
		{"knowledge named twice", map[string]string{"SUPPORTMCP_KNOWLEDGE": "docs=" + dir + ",docs=" + dir}, "names the source docs twice"},
		{"principal of two words", map[string]string{"SUPPORTMCP_PRINCIPAL": "support agent"}, "SUPPORTMCP_PRINCIPAL must be"},
		{"principal too long", map[string]string{"SUPPORTMCP_PRINCIPAL": strings.Repeat("a", 65)}, "SUPPORTMCP_PRINCIPAL must be"},
		{"unclear permission", map[string]string{"SUPPORTMCP_ALLOW_LIVE_WRITES": "yes"}, "SUPPORTMCP_ALLOW_LIVE_WRITES must be one of: true, false"},
		{"a provider without a resource", map[string]string{"SUPPORTMCP_OAUTH_ISSUER": "https://login.example.com"}, "SUPPORTMCP_OAUTH_RESOURCE is missing"},
		{"a resource without a provider", map[string]string{"SUPPORTMCP_OAUTH_RESOURCE": "https://desk.example.com/mcp"}, "SUPPORTMCP_OAUTH_ISSUER is missing"},
		{"a provider over http", map[string]string{"SUPPORTMCP_OAUTH_ISSUER": "http://login.example.com", "SUPPORTMCP_OAUTH_RESOURCE": "https://desk.example.com/mcp"}, "SUPPORTMCP_OAUTH_ISSUER must begin with https://"},
		{"a resource that is not the endpoint", map[string]string{"SUPPORTMCP_OAUTH_ISSUER": "https://login.example.com", "SUPPORTMCP_OAUTH_RESOURCE": "https://desk.example.com"}, "SUPPORTMCP_OAUTH_RESOURCE must end in /mcp"},
		{"a collector that is no address", map[string]string{tracesEndpoint: "collector:4318"}, tracesEndpoint + " must be the address of a collector"},
		{"a collector with a password", map[string]string{tracesEndpoint: "https://u:" + canary + "@collector.example.com"}, tracesEndpoint + " must be the address of a collector"},
		{"a negative rate", map[string]string{"SUPPORTMCP_HTTP_RATE": "-1"}, "SUPPORTMCP_HTTP_RATE must be a number"},
		{"unknown log level", map[string]string{"SUPPORTMCP_LOG_LEVEL": "verbose"}, "SUPPORTMCP_LOG_LEVEL must be one of: debug, info, warn, error"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			vars := canaries(t)
			if c.name != "unknown log level" {
				vars["SUPPORTMCP_LOG_LEVEL"] = "debug"
			}
			maps.Copy(vars, c.set)
			got := typeIn(t, environ(vars), "serve")
			if got.status != 1 || got.out != "" {
				t.Errorf("status %d, standard output %q", got.status, got.out)
			}
			if !strings.Contains(got.err, c.want) {
				t.Errorf("says %q, want %q", got.err, c.want)
			}
			if strings.Contains(got.err, canary) {
				t.Errorf("tells a secret: %s", got.err)
			}
		})
	}
}

func TestNoSecretIsTold(t *testing.T) {
	t.Parallel()
	// A vendor that refuses every credential, and is careless enough to repeat it.
	careless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"type":"error.list","errors":[{"code":"unauthorized","message":"no: %[1]s"}],"error":{"type":"invalid_request_error","message":"no: %[1]s"}}`, r.Header.Get("Authorization"))
	}))
	t.Cleanup(careless.Close)
	p := settle(t, time.Now, "STRIPE_SECRET_KEY=rk_test_"+canary, "STRIPE_API_BASE="+careless.URL,
		"INTERCOM_ACCESS_TOKEN="+canary, "INTERCOM_API_BASE="+careless.URL, "SUPPORTMCP_LOG_LEVEL=debug")
	a := hire(t, p.environ, "serve")
	answer := a.call("get_conversation", map[string]any{"conversation_id": "215470000000001"})
	refund := a.call("create_refund", refundOf("annual-day-3", "ch_tom_1"))
	a.leave()
	if !answer.Error || !refund.Error {
		t.Errorf("answered %s and %s", answer, refund)
	}
	if logged := a.log.String(); !strings.Contains(logged, "level=DEBUG") || strings.Contains(logged+answer.Text+refund.Text, canary) {
		t.Errorf("logged %s, answered %s and %s", logged, answer, refund)
	}
}

func TestSecretsPrintAsNothing(t *testing.T) {
	t.Parallel()
	c := Config{StripeKey: canary, IntercomToken: canary, Database: canary}
	var logged strings.Builder
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "key", c.StripeKey, "all", c)
	for _, text := range []string{
		fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c.StripeKey, c.StripeKey), logged.String(),
	} {
		if strings.Contains(text, canary) {
			t.Errorf("printed as %s", text)
		}
	}
}

func TestConfigurationDefaults(t *testing.T) {
	t.Parallel()
	got, err := readConfig([]string{"STRIPE_SECRET_KEY=sk_test_1", "INTERCOM_ACCESS_TOKEN=t"})
	if err != nil {
		t.Fatal(err)
	}
	if err := got.validate(); err != nil {
		t.Errorf("the least configuration does not work: %v", err)
	}
	got.unread = nil
	want := Config{
		StripeKey: "sk_test_1", StripeBase: "https://api.stripe.com", IntercomToken: "t", IntercomBase: "https://api.intercom.io",
		Principal: "agent", AllowLiveWrites: "false", LogLevel: "info", LogFormat: "text", HTTPRate: 200,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Config{})); diff != "" {
		t.Error(diff)
	}
}

func TestBasesOnThisMachineOrOverHTTPS(t *testing.T) {
	t.Parallel()
	for base, host := range map[string]string{
		"https://api.stripe.com": "api.stripe.com", "https://api.stripe.com/": "api.stripe.com",
		"http://127.0.0.1:12111": "127.0.0.1", "http://localhost:1": "localhost", "http://[::1]:1": "::1",
		"http://[::ffff:127.0.0.1]": "::ffff:127.0.0.1", "https://10.0.0.1": "10.0.0.1",
		"http://10.0.0.1": "", "http://0.0.0.0": "", "http://localhost.example.com": "", "http://2130706433": "", "ftp://localhost": "",
		"https://": "", "https://a/b": "", "https://a?b": "", "https://a#b": "", "https://u@a": "", "://": "", "": "", "localhost:1": "",
	} {
		got, err := checkBase("BASE", base)
		if got != host || (err == nil) != (host != "") {
			t.Errorf("%q: host %q, error %v, want host %q", base, got, err, host)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "BASE must ") {
			t.Errorf("%q: %v", base, err)
		}
	}
}

func TestWhatIsLocked(t *testing.T) {
	t.Parallel()
	const us, here, open = "https://api.intercom.io", "http://127.0.0.1:12112", ""
	for _, c := range []struct {
		mode               stripe.Mode
		base, allow, admin string
		stripe, intercom   string // part of why it is locked; open is open
	}{
		{stripe.Test, here, "false", "1", open, open},
		{stripe.Test, here, "true", "1", open, open},
		{stripe.Test, here, "true", "", open, "INTERCOM_ADMIN_ID"},
		{stripe.Test, us, "false", "1", open, "test money"},
		{stripe.Test, us, "true", "1", open, "test money"},
		{stripe.Test, us, "true", "", open, "INTERCOM_ADMIN_ID"},
		{stripe.Live, us, "false", "1", "ALLOW_LIVE_WRITES", "ALLOW_LIVE_WRITES"},
		{stripe.Live, us, "", "1", "ALLOW_LIVE_WRITES", "ALLOW_LIVE_WRITES"},
		{stripe.Live, us, "TRUE", "1", "ALLOW_LIVE_WRITES", "ALLOW_LIVE_WRITES"},
		{stripe.Live, us, "true", "1", open, open},
		{stripe.Live, us, "true", "", open, "INTERCOM_ADMIN_ID"},
		{stripe.Live, here, "false", "1", "made-up conversations", open},
		{stripe.Live, here, "true", "1", "made-up conversations", open},
		{stripe.Live, "broken", "false", "1", "ALLOW_LIVE_WRITES", "ALLOW_LIVE_WRITES"},
		{stripe.Test, "broken", "true", "1", open, "test money"},
	} {
		t.Run(fmt.Sprintf("%s %s allow=%q admin=%q", c.mode, c.base, c.allow, c.admin), func(t *testing.T) {
			t.Parallel()
			locked := Config{IntercomBase: c.base, AllowLiveWrites: c.allow, IntercomAdmin: c.admin}.locked(c.mode)
			for vendor, want := range map[policies.Vendor]string{policies.Stripe: c.stripe, policies.Intercom: c.intercom} {
				if why, is := locked[vendor]; is != (want != open) || !strings.Contains(why, want) {
					t.Errorf("%s: locked %v %q, want %q", vendor, is, why, want)
				}
			}
		})
	}
}
