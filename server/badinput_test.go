package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"supportmcp/internal/access"
	"supportmcp/internal/sandbox"
	"supportmcp/server"
)

// dial opens a bare connection to a server.
func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), server.Endpoint)
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c.(*net.TCPConn)
}

func request(token, body string, length int) string {
	return fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: %d\r\n\r\n%s", token, length, body)
}

// A client that says it has sent all, and only listens, is answered or let go, and
// what it began is done once; one that has not sent all is refused.
func TestHalfClosedConnectionsEndInOrderAndDisturbNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token(t, access.Caller{Principal: "fin", Scopes: access.Desk.Scopes()}, "")
	refund := call("1", "create_refund", `{"conversation_id":"`+sandbox.Conversation("duplicate-charge")+`","charge_id":"ch_maria_2","reason":"duplicate"}`)
	for name, c := range map[string]struct {
		said   string
		status int // 0: any, or none
	}{
		"a whole request":        {request(token, refund, len(refund)), 0},
		"a message cut short":    {request(token, refund[:20], len(refund)), http.StatusBadRequest},
		"headers cut short":      {"POST /mcp HTTP/1.1\r\nHost: 127.", http.StatusBadRequest},
		"nothing":                {"", 0},
		"two requests, one half": {request(token, refund, len(refund)) + request(token, "", len(refund)), 0},
	} {
		conn := dial(t, h.url)
		_, err := io.WriteString(conn, c.said)
		must(t, err)
		must(t, conn.CloseWrite())
		all, err := io.ReadAll(conn) // until the server closes
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: %v", name, err)
		}
		if c.status == 0 {
			continue
		}
		res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(string(all))), nil)
		if err != nil {
			t.Errorf("%s: answered %q", name, all)
			continue
		}
		if _ = res.Body.Close(); res.StatusCode != c.status {
			t.Errorf("%s: answered %d", name, res.StatusCode)
		}
	}
	if g := post(t, h.url, call("1", "search", `{"query":"refund"}`), bearer(token)); g.Status != http.StatusOK {
		t.Errorf("another client is answered %d %s", g.Status, g.Body)
	}
	if n := len(h.Stripe.RefundsOf("ch_maria_2")); n > 1 {
		t.Errorf("there are %d refunds", n)
	}
}

// Clients with one id each get the answer to their own question, whoever else uses
// that id, and whatever they cancel.
func TestAnIDOfAnotherCallerIsNobodysBusiness(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	tokens := map[string]string{
		"refund":   h.token(t, access.Caller{Principal: "one", Scopes: access.Reading()}, ""),
		"invoices": h.token(t, access.Caller{Principal: "two", Scopes: access.Reading()}, ""),
	}
	var all sync.WaitGroup
	for word, token := range tokens {
		all.Go(func() {
			for range 25 {
				cancel := post(t, h.url, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`, bearer(token))
				g := post(t, h.url, call("7", "search", `{"query":"`+word+`"}`), bearer(token))
				if cancel.Status != http.StatusAccepted || g.Status != http.StatusOK || string(g.ID) != "7" || g.Result == nil {
					t.Errorf("%s: %d, %d %s", word, cancel.Status, g.Status, g.Body)
				}
			}
		})
	}
	all.Wait()
}

// The Authorization header is all that says who calls: nothing in the message, the
// address or another header does.
func TestNothingButTheTokenSaysWhoCalls(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.token(t, access.Caller{Principal: "fin", Scopes: access.Reading()}, "")
	for name, change := range map[string]func(*http.Request){
		"in the address":     func(r *http.Request) { r.URL.RawQuery = "access_token=" + token },
		"as a cookie":        func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "token", Value: token}) },
		"as a password":      func(r *http.Request) { r.SetBasicAuth("fin", token) },
		"of a proxy":         func(r *http.Request) { r.Header.Set("Proxy-Authorization", "Bearer "+token) },
		"after another":      func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer x", "Bearer " + token} },
		"in another case":    func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.ToUpper(token)) },
		"with a name beside": func(r *http.Request) { r.Header.Set("Authorization", "Bearer x, Bearer "+token) },
	} {
		r := newRequest(t, http.MethodPost, h.url, ping, http.Header{"X-Forwarded-User": {"fin"}, "X-Principal": {"fin"}})
		change(r)
		if g := do(t, r); g.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, g.Status, g.Body)
		}
	}
}
