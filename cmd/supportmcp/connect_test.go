package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// served is a service over HTTP with a token, and the environment of a client that
// holds nothing but that token.
func served(t testing.TB, more ...string) (p *place, address string, client []string) {
	t.Helper()
	token := strings.Repeat("t", 40)
	p = settle(t, time.Now, append([]string{"SUPPORTMCP_HTTP_TOKEN=" + token}, more...)...)
	address = openHTTP(t, p.environ)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p, address, append(bare(), "SUPPORTMCP_TOKEN_FILE="+file)
}

func TestAClientWithNothingButATokenRefundsThroughTheBridge(t *testing.T) {
	t.Parallel()
	p, address, client := served(t)
	a := hire(t, client, "connect", strings.TrimSuffix(address, "/mcp"))
	first := a.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
	again := hire(t, client, "connect", address)
	if got := again.call("create_refund", refundOf("duplicate-charge", "ch_maria_2")); !got.Replayed || got.Receipt != first.Receipt || first.Receipt.ID == "" {
		t.Errorf("answered %s, and then %s", first, got)
	}
	if a.ask("tools/list", map[string]any{}) == nil {
		t.Error("no tools are listed")
	}
	a.leave()
	again.leave()
	wantRefunds(t, p, 1)
}

func TestASandboxWantsTheTokenThatIsConfigured(t *testing.T) {
	t.Parallel()
	s := openService(t, append(bare(), "SUPPORTMCP_HTTP_TOKEN="+strings.Repeat("t", 40)), "--sandbox")
	if status, body := look(t, s.address); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d %s", status, body)
	}
	postTo(t, s.address, `{"jsonrpc":"2.0","id":1,"method":"ping"}`)
}

func TestTheBridgeIsNotStartedTowardsWhereATokenMustNotGo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args    []string
		environ []string
		says    string
	}{
		"no address":          {nil, nil, "0 arguments given"},
		"no address at all":   {[]string{"desk"}, nil, "give the address of the service"},
		"a password in it":    {[]string{"https://a:b@desk.example.com"}, nil, "give the address of the service"},
		"readable on its way": {[]string{"http://desk.example.com/mcp"}, nil, "the token would be readable on its way to desk.example.com"},
		"another protocol":    {[]string{"ftp://127.0.0.1/mcp"}, nil, "use https://"},
		"two tokens":          {[]string{"https://desk.example.com"}, []string{"SUPPORTMCP_TOKEN=secret-canary", "SUPPORTMCP_TOKEN_FILE=x"}, "SUPPORTMCP_TOKEN is set, and so is SUPPORTMCP_TOKEN_FILE"},
		"a token in two":      {[]string{"https://desk.example.com"}, []string{"SUPPORTMCP_TOKEN=secret-canary x"}, "SUPPORTMCP_TOKEN is not usable"},
		"a file that is gone": {[]string{"https://desk.example.com"}, []string{"SUPPORTMCP_TOKEN_FILE=" + nowhere}, "SUPPORTMCP_TOKEN_FILE cannot be read"},
	} {
		got := typeIn(t, slices.Concat(bare(), c.environ), append([]string{"connect"}, c.args...)...)
		if got.status != 1 || got.out != "" || !strings.Contains(got.err, c.says) || strings.Contains(got.err, "canary") {
			t.Errorf("%s: status %d, %q, %q", name, got.status, got.out, got.err)
		}
	}
}

// BenchmarkConnect measures a bridge as a process: from its start to the first
// answer, and what it adds to a call.
func BenchmarkConnect(b *testing.B) {
	program := build(b)
	_, address, client := served(b)
	b.Run("start", func(b *testing.B) { start(b, program, client, "connect", address) })
	ask := map[string]any{"name": "get_action", "arguments": map[string]any{"action_id": "act_1"}}
	b.Run("call", func(b *testing.B) {
		a := hireProgram(b, program, client, "connect", address)
		var took []time.Duration
		for b.Loop() {
			began := time.Now()
			if a.ask("tools/call", ask) == nil {
				b.Fatal("no answer")
			}
			took = append(took, time.Since(began))
		}
		reportMedian(b, took, "ms/call")
		a.leave()
	})
	b.Run("call without it", func(b *testing.B) {
		body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ask})
		if err != nil {
			b.Fatal(err)
		}
		var took []time.Duration
		for b.Loop() {
			began := time.Now()
			postTo(b, address, string(body))
			took = append(took, time.Since(began))
		}
		reportMedian(b, took, "ms/call")
	})
}

// postTo sends one message with the token of served and gives the answer.
func postTo(t testing.TB, address, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"},
		"Authorization": {"Bearer " + strings.Repeat("t", 40)},
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("answered %d %s, %v", res.StatusCode, b, err)
	}
	return string(b)
}
