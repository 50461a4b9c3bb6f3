package intercom_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
)

func TestMe(t *testing.T) {
	d := newDesk(t)
	got, err := d.Me(t.Context())
	want := intercom.Me{ID: mia, Name: "Mia", InboxSeat: true, App: "sandbox1", Region: "US"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestCheckWantsAnAdminWhoCanAnswer(t *testing.T) {
	d := newDesk(t)
	for admin, want := range map[string]fault.Code{mia: "", noSeat: fault.Invalid, "12345": fault.Invalid} {
		if err := d.client(intercom.Config{AdminID: admin}).Check(t.Context()); fault.CodeOf(err) != want {
			t.Errorf("admin %s: %v, want %q", admin, err, want)
		}
	}
}

func TestCheckWantsAGoodToken(t *testing.T) {
	d := newDesk(t)
	err := d.client(intercom.Config{Token: "bad-CANARY"}).Check(t.Context())
	wantFault(t, err, fault.Upstream, fault.No)
	if !strings.Contains(err.Error(), "access token") {
		t.Errorf("the error hides why: %v", err)
	}
	d.wantNoSecret(err)
}

func TestCheckComparesTheRegionWithTheHost(t *testing.T) {
	hosts := map[string]string{"US": "https://api.intercom.io", "EU": "https://api.eu.intercom.io", "AU": "https://api.au.intercom.io"}
	for region := range hosts {
		me := fmt.Sprintf(`{"id":%q,"has_inbox_seat":true,"app":{"region":%q}}`, mia, region)
		for serves, base := range hosts {
			err := pretend(t, base, me).Check(t.Context())
			if (err == nil) != (region == serves) {
				t.Errorf("a workspace in %s through the %s host: %v", region, serves, err)
			}
		}
	}
	if err := pretend(t, "", `{"id":"991","has_inbox_seat":true,"app":null}`).Check(t.Context()); err == nil {
		t.Error("an unknown region was accepted")
	}
}

// pretend is a client whose connections all lead to a server that answers me.
func pretend(t *testing.T, base, me string) *intercom.Client {
	t.Helper()
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(me)) }))
	t.Cleanup(web.Close)
	transport := web.Client().Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com"
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, web.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := intercom.New(intercom.Config{Token: token, BaseURL: base, AdminID: mia, Now: noon, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := intercom.Config{Token: token, AdminID: mia, Now: noon}
	if _, err := intercom.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*intercom.Config){
		"no token":           func(c *intercom.Config) { c.Token = "" },
		"token with newline": func(c *intercom.Config) { c.Token = "CANARY\nx" },
		"admin is no number": func(c *intercom.Config) { c.AdminID = "mia" },
		"no clock":           func(c *intercom.Config) { c.Now = nil },
		"negative rate":      func(c *intercom.Config) { c.PerSecond = -1 },
		"foreign host":       func(c *intercom.Config) { c.BaseURL = "https://api.intercom.io.evil.test" },
		"no TLS":             func(c *intercom.Config) { c.BaseURL = "http://api.intercom.io" },
		"password":           func(c *intercom.Config) { c.BaseURL = "https://u:CANARY@api.intercom.io" },
		"path":               func(c *intercom.Config) { c.BaseURL = "https://api.intercom.io/v2" },
		"query":              func(c *intercom.Config) { c.BaseURL = "https://api.intercom.io?CANARY" },
		"unreadable":         func(c *intercom.Config) { c.BaseURL = "https://CANARY\x7f" },
		"file":               func(c *intercom.Config) { c.BaseURL = "file://localhost" },
	} {
		cfg := good
		change(&cfg)
		if _, err := intercom.New(cfg); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, base := range []string{"http://127.0.0.1:8080", "http://localhost:1/", "http://[::1]:9", "https://api.au.intercom.io/"} {
		cfg := good
		cfg.BaseURL = base
		if _, err := intercom.New(cfg); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func TestAuthorIsNamedAlsoWithoutASeat(t *testing.T) {
	d := newDesk(t)
	me, err := d.Me(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for admin, want := range map[string]struct {
		name string
		code fault.Code
	}{mia: {"Mia", ""}, noSeat: {"Noa", fault.Invalid}, "12345": {"", fault.Invalid}} {
		name, err := d.client(intercom.Config{AdminID: admin}).Author(t.Context(), me)
		if name != want.name || fault.CodeOf(err) != want.code {
			t.Errorf("admin %s: %q, %v", admin, name, err)
		}
	}
}

// The answer is believed for five minutes: long enough to cost no call per ticket,
// and short, since identity verification may be switched off at any time.
func TestWhetherTheWorkspaceVerifiesIsAskedAgainAfterAWhile(t *testing.T) {
	d := newDesk(t)
	verifies := func() bool {
		t.Helper()
		on, err := d.VerifiesIdentity(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return on
	}
	if verifies() {
		t.Error("a workspace that verifies nobody does")
	}
	d.SetIdentityVerification(true)
	d.clock.Advance(5*time.Minute - time.Second)
	if verifies() || len(d.Desk.Requests()) != 1 {
		t.Errorf("asked %d times", len(d.Desk.Requests()))
	}
	d.clock.Advance(time.Second)
	if !verifies() {
		t.Error("it was never noticed that the workspace verifies now")
	}
}

func TestAttributesSayWhetherCustomersMayWriteThem(t *testing.T) {
	d := newDesk(t)
	d.SetMessengerWritable("seats", true)
	got, err := d.Attributes(t.Context(), intercom.OfCompanies)
	want := []intercom.Attribute{{Name: "seats", Custom: true, CustomersWrite: true}, {Name: "stripe_id", Custom: true}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	// Whatever does not say so may be written by anybody.
	c := pretend(t, "", `{"data":[{"name":"a","archived":true},{"name":"b"},{"name":"c","messenger_writable":false}]}`)
	got, err = c.Attributes(t.Context(), intercom.OfContacts)
	want = []intercom.Attribute{{Name: "b", CustomersWrite: true}, {Name: "c"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}
