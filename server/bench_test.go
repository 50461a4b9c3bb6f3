package server_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

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
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
		b.Fatalf("answered %s, %v", res.Status, err)
	}
}

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
