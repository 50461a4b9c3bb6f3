package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

// look gets a page.
func look(t testing.TB, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(b)
}

// posted is a call as it goes over the wire.
func posted(tool string, args map[string]any) string {
	b, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": args}})
	return string(b)
}

// answered is a tool's answer to a message.
func answered(t testing.TB, body string) (got told) {
	t.Helper()
	var m struct {
		Result struct {
			IsError bool
			Content []struct{ Text string }
		}
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil || len(m.Result.Content) == 0 {
		t.Fatalf("answered %s", body)
	}
	got.Error, got.Text = m.Result.IsError, m.Result.Content[0].Text
	if err := json.Unmarshal([]byte(got.Text), &got); err != nil {
		t.Fatalf("answered %s", body)
	}
	return got
}

// One service tells its operator how it is, names each call in its errors and in
// its log, looks at its files when it is told to, and keeps secrets out of the log.
func TestTheOperatorIsToldHowAServiceIs(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(docs, "one.md"), "# One\n\nThe first.\n")
	write(policy, string(policies.Default()))
	p := settle(t, time.Now, "SUPPORTMCP_HTTP_TOKEN="+strings.Repeat("t", 40), "SUPPORTMCP_KNOWLEDGE=handbook="+docs, "SUPPORTMCP_POLICY="+policy,
		"SUPPORTMCP_LOG_LEVEL=debug", "SUPPORTMCP_LOG_FORMAT=json")
	s := openService(t, p.environ, "--operator", "127.0.0.1:0")
	answered(t, postTo(t, s.address, posted("create_refund", refundOf("duplicate-charge", "ch_maria_2"))))
	answered(t, postTo(t, s.address, posted("create_refund", refundOf("annual-day-3", "ch_tom_1"))))
	p.Stripe.Desk.Inject(control.Fault{Method: http.MethodGet, Path: "/v1/charges/*", Kind: control.ErrorBefore, Times: 10})
	failed := answered(t, postTo(t, s.address, posted("create_refund", refundOf("duplicate-charge", "ch_maria_1"))))

	t.Run("it lives and is ready", func(t *testing.T) {
		for _, path := range []string{"/livez", "/readyz"} {
			if status, body := look(t, s.operator+path); status != http.StatusOK || body != "ok\n" {
				t.Errorf("%s answers %d %s", path, status, body)
			}
		}
		if status, _ := look(t, s.operator+"/mcp"); status != http.StatusNotFound {
			t.Errorf("MCP at the operator's address answers %d", status)
		}
		for _, path := range []string{"/metrics", "/readyz"} {
			if status, _ := look(t, strings.TrimSuffix(s.address, "/mcp")+path); status == http.StatusOK {
				t.Errorf("agents can read %s", path)
			}
		}
	})
	t.Run("its numbers", func(t *testing.T) {
		_, page := look(t, s.operator+"/metrics")
		for _, want := range []string{
			`supportmcp_entries{state="done"} [1-9]`, `supportmcp_entries{state="awaiting_approval"} 1`, `supportmcp_entries{state="failed"} 0`,
			`supportmcp_oldest_unknown_seconds 0`, `supportmcp_decisions_total{kind="refund",effect="allow"} 1`,
			`supportmcp_decisions_total{kind="refund",effect="needs_approval"} 1`, `supportmcp_findings_total{rule="[a-z._]+",effect="needs_approval"} 1`,
			`supportmcp_vendor_requests_total{vendor="stripe",method="POST",status="2xx"} [1-9]`, `supportmcp_vendor_requests_total{vendor="stripe",method="GET",status="5xx"} [1-9]`,
			`supportmcp_vendor_seconds_count{vendor="intercom"} [1-9]`, `supportmcp_tool_seconds_count{tool="create_refund",outcome="ok"} 2`,
			`supportmcp_tool_seconds_count{tool="create_refund",outcome="upstream"} 1`, `supportmcp_index_age_seconds{source="handbook"} [0-9]`,
			`supportmcp_index_documents 1`, `supportmcp_worker_silent_seconds [0-9]`, `go_goroutines [1-9]`,
		} {
			if !regexp.MustCompile(`(?m)^` + strings.NewReplacer(`{`, `\{`, `}`, `\}`).Replace(want)).MatchString(page) {
				t.Errorf("want %s in\n%s", want, page)
			}
		}
	})
	t.Run("a failed call has an id, and its line of the log has it", func(t *testing.T) {
		var f struct {
			CallID string `json:"call_id"`
		}
		if err := json.Unmarshal([]byte(failed.Text), &f); err != nil || !failed.Error || f.CallID == "" {
			t.Fatalf("answered %s", failed)
		}
		if !regexp.MustCompile(`"msg":"call failed".*"call_id":"` + f.CallID + `"`).MatchString(s.log()) {
			t.Errorf("no line of the log has %s", f.CallID)
		}
	})
	t.Run("its log names the trace of a call", func(t *testing.T) {
		const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
		for _, parent := range []string{"00-" + trace + "-00f067aa0ba902b7-01", "a line\nof-its-own-" + trace, "00-" + strings.Repeat("z", 32) + "-00f067aa0ba902b7-01"} {
			p.Stripe.Desk.Inject(control.Fault{Method: http.MethodGet, Path: "/v1/charges/*", Kind: control.ErrorBefore, Times: 10})
			args, _ := json.Marshal(refundOf("duplicate-charge", "ch_maria_1"))
			meta, _ := json.Marshal(map[string]string{"traceparent": parent})
			postTo(t, s.address, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_refund","arguments":`+string(args)+`,"_meta":`+string(meta)+`}}`)
			p.Stripe.Desk.Clear()
		}
		if got := strings.Count(s.log(), `"trace_id":"`); got == 0 || got != strings.Count(s.log(), `"trace_id":"`+trace+`"`) {
			t.Errorf("%d lines name a trace:\n%s", got, s.log())
		}
	})
	t.Run("its log says how far the guard holds", func(t *testing.T) {
		if !strings.Contains(s.log(), `"protection":"advisory"`) {
			t.Errorf("it says\n%s", s.log())
		}
	})
	t.Run("it looks at its files again", func(t *testing.T) {
		write(policy, strings.Replace(string(policies.Default()), "eur: {auto: 50.00", "eur: {auto: 40.00", 1))
		s.signal(syscall.SIGHUP)
		eventually(t, patience, "what the signal does", func() bool { return strings.Contains(s.log(), "looking at policy and documents again") })
		eventually(t, patience, "the new policy in force", func() bool { return strings.Count(s.log(), `"msg":"policy in force"`) == 2 })
	})
	t.Run("no secret is in its log", func(t *testing.T) {
		for _, secret := range []string{strings.Repeat("t", 40), "sk_test_", "Bearer"} {
			if strings.Contains(s.log(), secret) {
				t.Errorf("the log has %q", secret)
			}
		}
	})
}

// What is under way when a service is told to end is finished, recorded and
// answered, and nobody is sent to it any more.
func TestAServiceThatEndsAnswersTheRefundsUnderWay(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now, "SUPPORTMCP_HTTP_TOKEN="+strings.Repeat("t", 40))
	s := openService(t, p.environ, "--operator", "127.0.0.1:0")
	if err := p.Stripe.Desk.Inject(control.Fault{Method: http.MethodPost, Path: "/v1/refunds", Kind: control.Slow, Delay: control.Duration(3 * time.Second), Times: 2}); err != nil {
		t.Fatal(err)
	}
	answers := make(chan string, 2)
	for _, charge := range []string{"ch_maria_1", "ch_maria_2"} {
		go func() { answers <- postTo(t, s.address, posted("create_refund", refundOf("duplicate-charge", charge))) }()
	}
	eventually(t, patience, "both refunds under way", func() bool {
		return len(p.Stripe.RefundsOf("ch_maria_1"))+len(p.Stripe.RefundsOf("ch_maria_2")) == 2
	})
	s.signal(syscall.SIGTERM)
	eventually(t, patience, "the service not ready", func() bool {
		status, _ := look(t, s.operator+"/readyz")
		return status == http.StatusServiceUnavailable
	})
	if status, _ := look(t, s.operator+"/livez"); status != http.StatusOK {
		t.Errorf("it is said to be dead: %d", status)
	}
	for range 2 {
		if got := answered(t, <-answers); got.State != policies.Done || got.Receipt.ID == "" {
			t.Errorf("answered %s", got)
		}
	}
	s.stop()
	if listed := typeIn(t, p.environ, "approvals", "list", "--all").out; strings.Count(listed, " done ") != 2 {
		t.Errorf("listed\n%s", listed)
	}
	wantRefunds(t, p, 2)
}

func TestAServiceThatCannotRecordIsNotReady(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	s := openService(t, p.environ, "--operator", "127.0.0.1:0")
	file := strings.TrimPrefix(p.database, "sqlite:")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	var status int
	var body string
	eventually(t, patience, "the service not ready", func() bool {
		status, body = look(t, s.operator+"/readyz")
		return status == http.StatusServiceUnavailable
	})
	if !strings.Contains(body, "the ledger cannot be used") || strings.Contains(body, file) {
		t.Errorf("it says %q", body)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
}

func TestAServiceShowsTheCertificateThatIsInPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	roots := x509.NewCertPool()
	put := func(serial int64) {
		t.Helper()
		c, k := selfSigned(t, serial)
		roots.AppendCertsFromPEM(c)
		for path, text := range map[string][]byte{cert: c, key: k} {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(1)
	p := settle(t, time.Now, "SUPPORTMCP_TLS_CERT_FILE="+cert, "SUPPORTMCP_TLS_KEY_FILE="+key)
	s := openService(t, p.environ)
	shown := func() string {
		t.Helper()
		conn, err := tls.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(s.address, "https://"), "/mcp"), &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	if got := shown(); got != "1" {
		t.Errorf("it shows %s", got)
	}
	put(2_000_000_000)
	if got := shown(); got != "2000000000" {
		t.Errorf("after a new one was put in place it shows %s", got)
	}
	if err := os.WriteFile(cert, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got != "2000000000" {
		t.Errorf("after a broken one was put in place it shows %s", got)
	}
	put(3)
	a := hire(t, append(bare(), "SSL_CERT_FILE="+cert), "connect", s.address)
	if a.ask("tools/list", map[string]any{}) == nil {
		t.Error("the bridge does not trust the certificate that it is told to")
	}
	a.leave()
	for name, c := range map[string][]string{
		"no key":      {"SUPPORTMCP_TLS_CERT_FILE=" + cert},
		"no such key": {"SUPPORTMCP_TLS_CERT_FILE=" + cert, "SUPPORTMCP_TLS_KEY_FILE=" + nowhere},
	} {
		if got := typeIn(t, append(settle(t, time.Now).environ, c...), "serve", "--http", "127.0.0.1:0"); got.status != 1 || !strings.Contains(got.err, "SUPPORTMCP_TLS_CERT_FILE") {
			t.Errorf("%s: %d %s", name, got.status, got.err)
		}
	}
}
