package bridge_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/bridge"
	"supportmcp/server"
	"supportmcp/server/servertest"
)

const token = "0123456789abcdef0123456789abcdef"

// client is what a desktop program holds of a bridge: its pipes.
type client struct {
	t    testing.TB
	in   *io.PipeWriter
	out  *io.PipeReader
	done chan error
	said chan string // lines of standard output
}

// connect runs a bridge to an address.
func connect(t testing.TB, url string, change ...func(*bridge.Config)) *client {
	t.Helper()
	c := bridge.Config{
		URL: url, Away: 10 * time.Second, Log: slog.New(slog.DiscardHandler), Token: func() (string, error) { return token, nil },
		HTTP: &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	for _, f := range change {
		f(&c)
	}
	in, theirs := io.Pipe()
	out, ours := io.Pipe()
	a := &client{t: t, in: theirs, out: out, done: make(chan error, 1), said: make(chan string, 1000)}
	go func() {
		a.done <- bridge.Run(context.WithoutCancel(t.Context()), in, ours, c)
		_ = ours.Close()
		c.HTTP.CloseIdleConnections()
	}()
	go func() {
		defer close(a.said)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 8<<20)
		for lines.Scan() {
			a.said <- lines.Text()
		}
	}()
	t.Cleanup(func() { _ = a.in.Close(); _ = a.out.Close() })
	return a
}

func (a *client) say(lines ...string) {
	a.t.Helper()
	for _, line := range lines {
		if _, err := io.WriteString(a.in, line+"\n"); err != nil {
			a.t.Fatal(err)
		}
	}
}

// hear is the next line; it must be JSON-RPC.
func (a *client) hear() message {
	a.t.Helper()
	select {
	case line, ok := <-a.said:
		var m message
		if !ok {
			a.t.Fatal("the bridge has ended")
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.JSONRPC != "2.0" {
			a.t.Fatalf("no JSON-RPC: %.200q", line)
		}
		m.line = line
		return m
	case <-time.After(30 * time.Second):
		a.t.Fatal("the bridge says nothing")
	}
	return message{}
}

func (a *client) ask(line string) message {
	a.t.Helper()
	a.say(line)
	return a.hear()
}

type message struct {
	JSONRPC string
	ID      json.RawMessage
	Method  string
	Result  json.RawMessage
	Error   *struct {
		Code    int
		Message string
		Data    struct {
			Code, Message string
			NextStep      string `json:"next_step"`
		}
	}
	line string
}

const (
	hello = `{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	ready = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	meta  = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}`
	watch = `{"jsonrpc":"2.0","id":"watch","method":"subscriptions/listen","params":{"notifications":{"resourcesListChanged":true},` + meta + `}}`
)

// in puts a request into an era.
func in(modern bool, id, method, params string) string {
	if modern {
		if params = strings.TrimSuffix(params, "}"); params != "{" {
			params += ","
		}
		params += meta + "}"
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`, id, method, params)
}

// Whatever a client asks, it hears what it would hear at the address itself.
func TestBothErasAreCarriedUnchanged(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	h := d.ServeHTTP(server.HTTP{Token: token})
	for _, modern := range []bool{false, true} {
		a := connect(t, h.URL)
		if !modern {
			if m := a.ask(hello); !strings.Contains(m.line, `"protocolVersion":"2025-11-25"`) {
				t.Fatalf("greeted with %s", m.line)
			}
			a.say(ready)
		}
		for i, c := range [][2]string{
			{"tools/list", `{}`},
			{"tools/call", `{"name":"search","arguments":{"query":"charged twice"}}`},
			{"tools/call", `{"name":"search","arguments":{"amout":1}}`},
			{"tools/call", `{"name":"no_such_tool","arguments":{}}`},
			{"resources/list", `{}`},
			{"resources/read", `{"uri":"kb://northwind/refund-policy.md"}`},
			{"resources/read", `{"uri":"kb://northwind/größe und menge.md"}`},
			{"prompts/get", `{"name":"resolve_billing_ticket"}`},
			{"server/discover", `{}`},
			{"tools/explode", `{}`},
			{"completion/complete", `{"ref":{"type":"ref/resource","uri":"kb://{source}/{+path}"},"argument":{"name":"source","value":"n"}}`},
		} {
			asked := in(modern, fmt.Sprintf(`"%d"`, i), c[0], c[1])
			if got, want := a.ask(asked).line, direct(t, h.URL, asked, modern, c); got != want {
				t.Errorf("modern %v, %s %s: the bridge says\n%s\nand the service\n%s", modern, c[0], c[1], got, want)
			}
		}
	}
}

// direct asks the service itself, with the headers that a client over HTTP sends.
func direct(t *testing.T, url, body string, modern bool, asked [2]string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token}}
	if modern {
		var p struct{ Name, URI string }
		_ = json.Unmarshal([]byte(asked[1]), &p)
		maps.Copy(r.Header, http.Header{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {asked[0]}, "Mcp-Name": {p.Name + p.URI}})
		if strings.Contains(p.URI, "ö") {
			r.Header.Set("Mcp-Name", "=?base64?a2I6Ly9ub3J0aHdpbmQvZ3LDtsOfZSB1bmQgbWVuZ2UubWQ=?=")
		}
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return strings.TrimSpace(string(b))
}

func TestWhatIsNoMessageIsAnsweredAndForgotten(t *testing.T) {
	t.Parallel()
	h := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	a := connect(t, h.URL)
	for name, c := range map[string]struct {
		line string
		code int
	}{
		"broken JSON":               {`{"jsonrpc":"2.0","id":1,`, -32700},
		"no JSON at all":            {"hello", -32700},
		"a line of more than 1 MiB": {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"` + strings.Repeat("x", 1<<20) + `"}}`, -32700},
	} {
		if m := a.ask(c.line); m.Error == nil || m.Error.Code != c.code || string(m.ID) != "null" {
			t.Errorf("%s is answered %.300s", name, m.line)
		}
	}
	a.say("", "  \r")
	if m := a.ask(in(false, "7", "ping", "{}")); string(m.ID) != "7" || m.Error != nil {
		t.Errorf("afterwards a ping is answered %s", m.line)
	}
}

// speaker is a service that says what the test wants.
func speaker(t *testing.T, say http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(say)
	t.Cleanup(s.Close)
	return s.URL
}

func TestWhatIsToldBeforeAnAnswerIsHandedOnInOrder(t *testing.T) {
	t.Parallel()
	a := connect(t, speaker(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 3 {
			fmt.Fprintf(w, ": alive\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\n"+"data: \"params\":{\"progressToken\":1,\"progress\":%d}}\n\n", i)
		}
		fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
	}))
	a.say(in(true, "1", "tools/call", `{"name":"x","arguments":{}}`))
	for i := range 3 {
		if m := a.hear(); m.Method != "notifications/progress" || !strings.Contains(m.line, fmt.Sprintf(`"progress":%d`, i)) {
			t.Errorf("heard %s", m.line)
		}
	}
	if m := a.hear(); string(m.ID) != "1" || m.Result == nil {
		t.Errorf("answered %s", m.line)
	}
}

// A session that a service gives, and the version that was agreed on, go with every
// later message of the era with sessions, and with none of the other.
func TestTheGreetingGoesWithLaterMessages(t *testing.T) {
	t.Parallel()
	headers := make(chan http.Header, 10)
	a := connect(t, speaker(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var m message
		_ = json.Unmarshal(body, &m)
		headers <- r.Header
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Mcp-Session-Id", "s1")
		if m.ID == nil {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18"}}`, m.ID)
	}))
	a.ask(hello)
	a.ask(in(false, "1", "ping", "{}"))
	a.ask(in(true, "2", "tools/call", `{"name":"x"}`))
	for i, want := range []http.Header{
		{},
		{"Mcp-Session-Id": {"s1"}, "Mcp-Protocol-Version": {"2025-06-18"}},
		{"Mcp-Protocol-Version": {"2026-07-28"}, "Mcp-Method": {"tools/call"}, "Mcp-Name": {"x"}},
	} {
		got := <-headers
		for _, name := range []string{"Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"} {
			if got.Get(name) != want.Get(name) {
				t.Errorf("message %d has %s %q, want %q", i, name, got.Get(name), want.Get(name))
			}
		}
		if got.Get("Authorization") != "Bearer "+token {
			t.Errorf("message %d comes with %q", i, got.Get("Authorization"))
		}
	}
}

func TestAClientIsToldClearlyWhatIsWrong(t *testing.T) {
	t.Parallel()
	here := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token}).URL
	gone := httptest.NewServer(nil)
	gone.Close()
	tls := httptest.NewTLSServer(nil)
	t.Cleanup(tls.Close)
	tls.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	says := func(status int, kind, body string) string {
		return speaker(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	for name, c := range map[string]struct {
		url, token string
		code       int
		data, word string
	}{
		"the service is away":        {gone.URL, token, -32000, "upstream", "is away"},
		"the token is refused":       {here, token + "x", -32600, "refused", "refuses the token"},
		"there is no token":          {here, "", -32600, "refused", "refuses the token"},
		"the path is another":        {strings.TrimSuffix(here, server.Endpoint) + "/other", token, -32600, "not_found", "connect an MCP client to /mcp"},
		"its certificate is unknown": {tls.URL, token, -32000, "upstream", "SSL_CERT_FILE"},
		"a proxy answers":            {says(502, "text/html", "<h1>Bad Gateway</h1>"), token, -32600, "upstream", "status 502"},
		"it sends elsewhere":         {says(307, "text/plain", ""), token, -32600, "upstream", "status 307"},
		"it answers nothing":         {says(202, "text/plain", ""), token, -32000, "upstream", "ask again with the same arguments"},
		"its stream breaks off":      {says(200, "text/event-stream", ": alive\n\n"), token, -32000, "upstream", "ask again with the same arguments"},
		"it refuses without an id":   {says(400, "application/json", `{"jsonrpc":"2.0","error":{"code":-32020,"message":"no such header"}}`), token, -32020, "invalid", "no such header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := connect(t, c.url, func(b *bridge.Config) {
				b.Away, b.Token = 50*time.Millisecond, func() (string, error) { return c.token, nil }
			})
			m := a.ask(in(false, `"x"`, "tools/call", `{"name":"search","arguments":{"query":"x"}}`))
			if string(m.ID) != `"x"` || m.Error == nil {
				t.Fatalf("answered %s", m.line)
			}
			e := m.Error
			if e.Code != c.code || e.Data.Code != c.data || e.Data.NextStep == "" || e.Data.Message == "" || !strings.Contains(e.Message, c.word) {
				t.Errorf("answered %s, want the code %d, %s and %q", m.line, c.code, c.data, c.word)
			}
			if strings.Contains(m.line, token) {
				t.Errorf("the answer tells the token: %s", m.line)
			}
		})
	}
}

func TestATokenThatIsReplacedIsReadAgain(t *testing.T) {
	t.Parallel()
	h := servertest.Start(t, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	var now atomic.Value
	now.Store("of yesterday")
	a := connect(t, h.URL, func(c *bridge.Config) { c.Token = func() (string, error) { return now.Load().(string), nil } })
	if m := a.ask(in(false, "1", "ping", "{}")); m.Error == nil || m.Error.Data.Code != "refused" {
		t.Errorf("with an old token: %s", m.line)
	}
	now.Store(token)
	if m := a.ask(in(false, "2", "ping", "{}")); m.Result == nil {
		t.Errorf("with a new token: %s", m.line)
	}
}

// BenchmarkCall compares a call at the address with one through the bridge.
func BenchmarkCall(b *testing.B) {
	h := servertest.Start(b, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	asked := in(false, "1", "tools/call", `{"name":"get_action","arguments":{"action_id":"act_1"}}`)
	b.Run("direct", func(b *testing.B) {
		for b.Loop() {
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, h.URL, strings.NewReader(asked))
			if err != nil {
				b.Fatal(err)
			}
			r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}, "Authorization": {"Bearer " + token}}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
	})
	b.Run("through the bridge", func(b *testing.B) {
		a := connect(b, h.URL)
		for b.Loop() {
			a.ask(asked)
		}
	})
}
