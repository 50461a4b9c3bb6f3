package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"supportmcp/internal/access"
	"supportmcp/internal/oauth"
	"supportmcp/internal/oauth/oauthtest"
	"supportmcp/internal/tokens"
	"supportmcp/server"
	"supportmcp/server/servertest"
)

// BenchmarkHTTP measures a read as a client sees it, beside a bare echo tool of
// mcp-go's, in both eras.
func BenchmarkHTTP(b *testing.B) {
	echo := httptest.NewServer(echoServer())
	b.Cleanup(echo.Close)
	ours := servertest.Start(b, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	for _, c := range []struct{ name, url, tool, args string }{
		{"echo", echo.URL, "echo", `{"text":"refund"}`},
		{"search", ours.URL, "search", `{"query":"refund"}`},
		{"fetch", ours.URL, "fetch", `{"id":"kb://northwind/refund-policy.md#charged-twice"}`},
	} {
		b.Run("legacy/"+c.name, func(b *testing.B) {
			ask(b, c.url, call("1", c.tool, c.args), nil)
		})
		b.Run("modern/"+c.name, func(b *testing.B) {
			ask(b, c.url, line("1", "tools/call", with(`{"name":"`+c.tool+`","arguments":`+c.args+`}`)), modern("tools/call", c.tool))
		})
	}
}

func echoServer() http.Handler {
	s := mcpserver.NewMCPServer("echo", "1")
	s.AddTool(mcp.NewTool("echo", mcp.WithString("text")), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "")), nil
	})
	return mcpserver.NewStreamableHTTPServer(s, mcpserver.WithStateLess(true))
}

// ask sends the same request again and again over one connection.
func ask(b *testing.B, url, body string, header http.Header) {
	b.Helper()
	for b.Loop() {
		askOnce(b, url, body, header)
	}
}

func askOnce(b *testing.B, url, body string, header http.Header) {
	b.Helper()
	r := newRequest(b, http.MethodPost, url, body, header)
	r.Header.Set("Authorization", "Bearer "+token)
	deliver(b, http.DefaultClient, r)
}

func askAs(b *testing.B, url, body, token string) {
	b.Helper()
	r := newRequest(b, http.MethodPost, url, body, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	deliver(b, http.DefaultClient, r)
}

func deliver(b *testing.B, c *http.Client, r *http.Request) {
	b.Helper()
	res, err := c.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("answered %s, %v", res.Status, err)
	}
}

// BenchmarkEdge measures the simplest request without the edge, at a bare server of
// mcp-go's, and behind it with a token of each kind. The difference is what edge and
// authentication add.
func BenchmarkEdge(b *testing.B) {
	d := servertest.Start(b, servertest.Setup{})
	store := tokens.New(d.Ledger, d.Clock.Now)
	own, _, err := store.Create(b.Context(), tokens.Token{Caller: access.Everything("fin")})
	if err != nil {
		b.Fatal(err)
	}
	p := oauthtest.Start(b, time.Now)
	provider := &server.OAuth{
		Authenticator: oauth.New(oauth.Config{Issuer: p.Issuer, Resource: resource, Now: time.Now}), Resource: resource, Issuer: p.Issuer,
	}
	h := d.ServeHTTP(server.HTTP{Token: token, Tokens: store, OAuth: provider})
	bare := httptest.NewServer(echoServer())
	b.Cleanup(bare.Close)
	for _, c := range []struct{ name, url, token string }{
		{"bare", bare.URL, ""},
		{"one for all", h.URL, token},
		{"of the ledger", h.URL, own},
		{"of a provider", h.URL, p.Sign(p.For(resource, access.All().String()))},
	} {
		b.Run(c.name, func(b *testing.B) {
			took := make([]time.Duration, 0, 1000)
			for b.Loop() {
				began := time.Now()
				askAs(b, c.url, ping, c.token)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "median-µs")
		})
	}
}

// BenchmarkCrowd asks over 64 connections at once: a bare echo tool of mcp-go's, and
// reads of ours behind the edge.
func BenchmarkCrowd(b *testing.B) {
	echo := httptest.NewServer(echoServer())
	b.Cleanup(echo.Close)
	d := servertest.Start(b, servertest.Setup{})
	store := tokens.New(d.Ledger, d.Clock.Now)
	own, _, err := store.Create(b.Context(), tokens.Token{Caller: access.Everything("fin")})
	if err != nil {
		b.Fatal(err)
	}
	ours := d.ServeHTTP(server.HTTP{Tokens: store})
	for _, c := range []struct{ name, url, body string }{
		{"echo", echo.URL, call("1", "echo", `{"text":"refund"}`)},
		{"search", ours.URL, call("1", "search", `{"query":"refund"}`)},
		{"fetch", ours.URL, call("1", "fetch", `{"id":"kb://northwind/refund-policy.md#charged-twice"}`)},
	} {
		b.Run(c.name, func(b *testing.B) {
			crowd := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
			b.Cleanup(crowd.CloseIdleConnections)
			b.SetParallelism(connections / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := newRequest(b, http.MethodPost, c.url, c.body, nil)
					r.Header.Set("Authorization", "Bearer "+own)
					deliver(b, crowd, r)
				}
			})
		})
	}
}

const connections = 64

// BenchmarkMemory reports what the server holds after 10,000 calls and after
// 100,000, whatever -benchtime says.
func BenchmarkMemory(b *testing.B) {
	h := servertest.Start(b, servertest.Setup{}).ServeHTTP(server.HTTP{Token: token})
	body := call("1", "search", `{"query":"refund"}`)
	for i := range 100_000 {
		if askOnce(b, h.URL, body, nil); i == 9_999 {
			b.ReportMetric(heapMiB(), "MiB-at-10k")
		}
	}
	b.ReportMetric(heapMiB(), "MiB-at-100k")
	b.ReportMetric(float64(runtime.NumGoroutine()), "goroutines")
}

func heapMiB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
