package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
	"supportmcp/server"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// modern gives a request the headers that the era without sessions wants.
func modern(method, name string) http.Header {
	h := http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {method}}
	if name != "" {
		h.Set("Mcp-Name", name)
	}
	return h
}

// with adds what a modern request says of itself to its parameters.
func with(params string) string {
	return strings.TrimSuffix(strings.TrimSuffix(params, "}"), ",") + comma(params) + `"_meta":` + modernMeta + `}`
}

func comma(params string) string {
	if params == "{}" {
		return ""
	}
	return ","
}

// got is what came back over HTTP.
type got struct {
	Status int
	Header http.Header
	Body   string
	servertest.Message
}

func newRequest(t testing.TB, method, url, body string, header http.Header) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	maps.Copy(r.Header, header)
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	return r
}

func do(t testing.TB, r *http.Request) got {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	g := got{Status: res.StatusCode, Header: res.Header, Body: string(body)}
	_ = json.Unmarshal(body, &g.Message)
	return g
}

func post(t testing.TB, url, body string, header http.Header) got {
	t.Helper()
	return do(t, newRequest(t, http.MethodPost, url, body, header))
}

func TestBothErasAreServedAtOneEndpointWithoutSessions(t *testing.T) {
	t.Parallel()
	h := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{})
	hello := post(t, h.URL, line("1", "initialize", `{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}`), nil)
	if hello.Status != http.StatusOK || hello.Header.Get("Mcp-Session-Id") != "" || !strings.Contains(hello.Body, `"protocolVersion":"2025-11-25"`) {
		t.Errorf("initialize is answered %+v", hello)
	}
	legacy := post(t, h.URL, call("2", "search", `{"query":"refund"}`), http.Header{"Mcp-Protocol-Version": {"2025-11-25"}})
	found := post(t, h.URL, line("3", "server/discover", with("{}")), modern("server/discover", ""))
	now := post(t, h.URL, line("4", "tools/call", with(`{"name":"search","arguments":{"query":"refund"}}`)), modern("tools/call", "search"))
	for name, g := range map[string]got{"legacy": legacy, "modern": now} {
		if g.Status != http.StatusOK || g.Error != nil || !strings.Contains(g.Body, "refund-policy.md") {
			t.Errorf("a %s call is answered %d %s", name, g.Status, g.Body)
		}
	}
	if found.Status != http.StatusOK || !strings.Contains(found.Body, `"2026-07-28"`) || !strings.Contains(found.Body, `"2025-11-25"`) {
		t.Errorf("discover is answered %d %s", found.Status, found.Body)
	}
}

// Whatever arrives that is no good request is refused as the protocol says, with
// what to do next where the protocol leaves room, and changes nothing.
func TestWhatIsNoGoodRequestOverHTTPIsRefused(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	h := d.ServeHTTP(server.HTTP{})
	before := d.Look()
	refund := `{"name":"create_refund","arguments":{"conversation_id":"` + sandbox.Conversation("duplicate-charge") + `","charge_id":"ch_maria_2","reason":"duplicate"}}`
	for name, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status, code       int
	}{
		"a foreign origin":      {"POST", "", call("1", "search", `{"query":"x"}`), http.Header{"Origin": {"https://evil.example"}}, 403, -32600},
		"a hidden origin":       {"POST", "", call("1", "search", `{"query":"x"}`), http.Header{"Origin": {"null"}}, 403, -32600},
		"a look-alike origin":   {"POST", "", ping, http.Header{"Origin": {"http://127.0.0.1.evil.example"}}, 403, -32600},
		"an extension's origin": {"POST", "", ping, http.Header{"Origin": {"chrome-extension://abc"}}, 403, -32600},
		"a foreign host":        {"POST", "", ping, http.Header{"Host": {"evil.example"}}, 403, -32600},
		"host and origin alike": {"POST", "", ping, http.Header{"Host": {"evil.example"}, "Origin": {"http://evil.example"}}, 403, -32600},
		"a foreign stream":      {"GET", "", "", http.Header{"Origin": {"https://evil.example"}}, 403, -32600},
		"another path":          {"POST", "/../", ping, nil, 404, -32600},
		"another method":        {"PUT", "", ping, nil, 405, -32600},
		"a session's end":       {"DELETE", "", "", http.Header{"Mcp-Session-Id": {"x"}}, 405, -32600},
		"a browser":             {"GET", "", "", http.Header{"Accept": {"text/html"}}, 406, -32600},
		"more than 1 MiB":       {"POST", "", `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, -32600},
		"broken JSON":           {"POST", "", `{"jsonrpc":"2.0","id":1,`, nil, 400, -32700},
		"a batch":               {"POST", "", "[" + strings.TrimSpace(ping) + "]", nil, 400, -32700},
		"another type":          {"POST", "", ping, http.Header{"Content-Type": {"text/plain"}}, 400, 0},
		"an unknown version":    {"POST", "", ping, http.Header{"Mcp-Protocol-Version": {"1999-01-01"}}, 400, 0},
		"unknown method":        {"POST", "", line("1", "tools/explode", "{}"), nil, 200, -32601},
		"unknown modern method": {"POST", "", line("1", "tools/explode", with("{}")), modern("tools/explode", ""), 404, -32601},
		"no version header":     {"POST", "", line("1", "tools/call", with(refund)), http.Header{"Mcp-Method": {"tools/call"}, "Mcp-Name": {"create_refund"}}, 400, -32020},
		"another version there": {"POST", "", line("1", "tools/call", refund), modern("tools/call", "create_refund"), 400, -32602},
		"another method there":  {"POST", "", line("1", "tools/call", with(refund)), modern("tools/list", ""), 400, -32020},
		"another name there":    {"POST", "", line("1", "tools/call", with(refund)), modern("tools/call", "search"), 400, -32020},
		"unknown resource":      {"POST", "", line("1", "resources/read", with(`{"uri":"kb://a/b"}`)), modern("resources/read", "kb://a/b"), 400, -32602},
		"unknown, legacy":       {"POST", "", line("1", "resources/read", `{"uri":"kb://a/b"}`), nil, 200, -32002},
	} {
		t.Run(name, func(t *testing.T) {
			g := do(t, newRequest(t, c.method, h.URL+c.path, c.body, c.header))
			if g.Status != c.status {
				t.Fatalf("answered %d %s, want %d", g.Status, g.Body, c.status)
			}
			if c.code == 0 {
				return
			}
			if g.Error == nil || g.Error.Code != c.code || g.Error.Message == "" {
				t.Fatalf("answered %s, want the error %d", g.Body, c.code)
			}
			if f := (fault.Error{}); c.code == -32600 && (json.Unmarshal(g.Error.Data, &f) != nil || f.Code == "" || f.NextStep == "") {
				t.Errorf("answered %s, without a next step", g.Body)
			}
		})
	}
	d.Unchanged(t, before)
}

func TestPagesOfAnAllowedOriginMayCall(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	h := d.ServeHTTP(server.HTTP{Origins: []string{"https://desk.example.com"}, Token: token})
	page := http.Header{"Origin": {"https://desk.example.com"}, "Access-Control-Request-Method": {"POST"}}
	before := do(t, newRequest(t, http.MethodOptions, h.URL, "", page))
	if before.Status != http.StatusNoContent || before.Header.Get("Access-Control-Allow-Origin") != "https://desk.example.com" ||
		!strings.Contains(before.Header.Get("Access-Control-Allow-Headers"), "Mcp-Method") {
		t.Errorf("the browser's question is answered %d %v", before.Status, before.Header)
	}
	page.Set("Authorization", "Bearer "+token)
	page.Set("Host", "desk.example.com") // as a proxy on this machine passes it on
	if g := post(t, h.URL, ping, page); g.Status != http.StatusOK || g.Header.Get("Access-Control-Allow-Origin") != "https://desk.example.com" {
		t.Errorf("the call is answered %d %v", g.Status, g.Header)
	}
	own := http.Header{"Origin": {strings.TrimSuffix(h.URL, server.Endpoint)}, "Authorization": {"Bearer " + token}}
	if g := post(t, h.URL, ping, own); g.Status != http.StatusOK {
		t.Errorf("a page of the server's own origin is answered %d %s", g.Status, g.Body)
	}
}

const token = "0123456789abcdef0123456789abcdef"

func TestATokenIsNeededWhereThereIsOne(t *testing.T) {
	t.Parallel()
	h := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	for given, status := range map[string]int{
		"Bearer " + token: 200, "bearer " + token: 200,
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer " + token + "x": 401, "Bearer " + token[1:]: 401, "Basic " + token: 401, token: 401,
		"Bearer  " + token: 401, "Bearer " + strings.Repeat("x", 20_000): 401,
	} {
		g := post(t, h.URL, ping, http.Header{"Authorization": {given}})
		if g.Status != status || (status == 401) != strings.HasPrefix(g.Header.Get("Www-Authenticate"), "Bearer") {
			t.Errorf("%.40q is answered %d %s", given, g.Status, g.Header)
		}
		if strings.Contains(g.Body, token) {
			t.Errorf("the answer tells the token: %s", g.Body)
		}
	}
}

func TestOtherMachinesNeedAToken(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for address, needed := range map[string]bool{"127.0.0.1:0": false, "[::1]:0": false, "0.0.0.0:0": true, "[::]:0": true, "10.1.2.3:0": true} {
		addr, err := net.ResolveTCPAddr("tcp", address)
		must(t, err)
		if err := (server.HTTP{}).Check(t.Context(), addr); (err != nil) != needed {
			t.Errorf("%s without a token: %v", address, err)
		}
		must(t, server.HTTP{Token: token}.Check(t.Context(), addr))
	}
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "0.0.0.0:0")
	must(t, err)
	err = d.Server.ServeHTTP(t.Context(), l, server.HTTP{})
	if fault.CodeOf(err) != fault.Refused || !strings.Contains(err.Error(), "other machines") {
		t.Errorf("served: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the port is still open: %v", err)
	}
}

// In mcp-go any client can cancel a request of any other, since without sessions
// the id is all it goes by.
func TestNobodyCancelsTheRequestOfAnother(t *testing.T) {
	t.Parallel()
	for name, cancels := range map[string]func(t *testing.T, url string) got{
		"legacy": func(t *testing.T, url string) got {
			return post(t, url, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, nil)
		},
		"modern": func(t *testing.T, url string) got {
			return post(t, url, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7,"_meta":`+modernMeta+`}}`, modern("notifications/cancelled", ""))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, release := make(chan struct{}), make(chan struct{})
			left := make(chan error, 1)
			wait := waiting(func(ctx context.Context) {
				close(begun)
				<-release
				left <- ctx.Err()
			})
			h := servertest.Start(t, servertest.Setup{Extra: []tools.Tool{wait}}).ServeHTTP(server.HTTP{})
			answer := make(chan got, 1)
			go func() { answer <- post(t, h.URL, call("7", "wait_here", "{}"), nil) }()
			<-begun
			if g := cancels(t, h.URL); g.Status != http.StatusAccepted {
				t.Errorf("cancelling is answered %d %s", g.Status, g.Body)
			}
			close(release)
			if err := <-left; err != nil {
				t.Errorf("the call was ended: %v", err)
			}
			if g := <-answer; g.Error != nil || g.Result == nil {
				t.Errorf("the call is answered %s", g.Body)
			}
		})
	}
}

func TestARefundOutlivesItsHTTPClient(t *testing.T) {
	t.Parallel()
	place := servertest.Start(t, servertest.Setup{})
	stripe := newSlowStripe(t, place.StripeURL)
	d := place.Another(servertest.Setup{StripeURL: stripe.url})
	h := d.ServeHTTP(server.HTTP{})
	ctx, hangUp := context.WithCancel(t.Context())
	r := newRequest(t, http.MethodPost, h.URL, call("1", "create_refund", `{"conversation_id":"`+sandbox.Conversation("duplicate-charge")+`","charge_id":"ch_maria_2","reason":"duplicate"}`), nil)
	gone := make(chan error, 1)
	go func() {
		res, err := http.DefaultClient.Do(r.WithContext(ctx))
		if err == nil {
			err = res.Body.Close()
		}
		gone <- err
	}()
	<-stripe.arrived
	hangUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
	close(stripe.release)
	must(t, h.Stop())
	if got := d.Entries("refund"); got["done"] != 1 || len(got) != 1 {
		t.Errorf("the ledger holds %v, want one done", got)
	}
	if n := len(d.Stripe.RefundsOf("ch_maria_2")); n != 1 {
		t.Errorf("there are %d refunds, want one", n)
	}
}

func TestStoppingAnswersTheCallsUnderWayAndEndsStreams(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	wait := waiting(func(context.Context) {
		close(begun)
		<-release
	})
	h := servertest.Start(t, servertest.Setup{Extra: []tools.Tool{wait}}).ServeHTTP(server.HTTP{})
	old, now := listen(t, h.URL, "GET", nil), listen(t, h.URL, "POST", listChanges)
	answer := make(chan got, 1)
	go func() { answer <- post(t, h.URL, call("7", "wait_here", "{}"), nil) }()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop() }()
	for _, s := range []*events{old, now} {
		if m, err := s.next(); err == nil {
			t.Errorf("the stream goes on with %+v", m)
		}
	}
	close(release)
	if g := <-answer; g.Result == nil {
		t.Errorf("the call is answered %s", g.Body)
	}
	must(t, <-stopped)
}

// Ten thousand connections that come and go, idle, half-open or asking, take
// nothing with them.
func TestManyQuickConnectionsAreSurvived(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	h := d.ServeHTTP(server.HTTP{})
	address := strings.TrimSuffix(strings.TrimPrefix(h.URL, "http://"), server.Endpoint)
	says := []string{"", "POST /mcp HT", "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{", "\x16\x03\x01\x00"}
	var wg sync.WaitGroup
	var dialer net.Dialer
	for worker := range 50 {
		wg.Go(func() {
			for i := range 200 {
				c, err := dialer.DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
				_, _ = io.WriteString(c, says[(worker+i)%len(says)])
				_ = c.Close()
			}
		})
	}
	wg.Wait()
	if g := post(t, h.URL, call("1", "search", `{"query":"refund"}`), nil); g.Result == nil {
		t.Errorf("afterwards a call is answered %s", g.Body)
	}
}

// waiting is a tool that does what a test says.
func waiting(do func(context.Context)) tools.Tool {
	return tools.Read(tools.Spec{Name: "wait_here", Title: "Wait", Description: "Waits until the test lets go."},
		func(ctx context.Context, _ policies.Principal, _ struct{}) (struct{}, error) {
			do(ctx)
			return struct{}{}, nil
		})
}
