package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

// openHTTP starts the program as a server for any number of clients and gives the
// address it prints. When the test ends it is told to stop, and must stop in order.
func openHTTP(t testing.TB, environ []string, args ...string) (address string) {
	t.Helper()
	return openService(t, environ, args...).address
}

// The answer meets a connection that is gone. Nobody else may notice.
func TestAClientThatHangsUpInTheMiddleOfARefundEndsNoServer(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	address := openHTTP(t, p.environ)
	if err := p.Stripe.Desk.Inject(control.Fault{Method: http.MethodPost, Path: "/v1/refunds", Kind: control.Slow, Delay: control.Duration(time.Second)}); err != nil {
		t.Fatal(err)
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_refund","arguments":`+
		`{"conversation_id":%q,"charge_id":"ch_maria_2","reason":"duplicate"}}}`, sandbox.Conversation("duplicate-charge"))
	conn := send(t, address, body)
	eventually(t, patience, "the refund under way", func() bool { return len(p.Stripe.RefundsOf("ch_maria_2")) == 1 })
	if err := conn.SetLinger(0); err != nil { // a reset, as from a client that was killed
		t.Fatal(err)
	}
	_ = conn.Close()
	eventually(t, patience, "the refund recorded", func() bool {
		return strings.Contains(typeIn(t, p.environ, "approvals", "list", "--all").out, " done ")
	})
	for range 20 {
		list := send(t, address, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
		answer, err := http.ReadResponse(bufio.NewReader(list), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("the next client is answered %v, %v", answer, err)
		}
		_ = list.Close()
	}
	wantRefunds(t, p, 1)
}

// send sends one message over a connection of its own.
func send(t testing.TB, address, body string) *net.TCPConn {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n%s",
		u.Path, u.Host, len(body), body)
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}
