package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/policies"
	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// line is a request as it goes over the wire.
func line(id, method, params string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":%q,"params":%s}`+"\n", id, method, params)
}

func call(id, tool, args string) string {
	return line(id, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":%s}`, tool, args))
}

func send(t *testing.T, d *servertest.Desk, lines ...string) {
	t.Helper()
	if err := d.Wire.Send(strings.Join(lines, "")); err != nil {
		t.Fatal(err)
	}
}

const ping = `{"jsonrpc":"2.0","id":"ping","method":"ping"}` + "\n"

// Whatever a client sends, it gets an answer that JSON-RPC knows, and the next
// request is answered as if nothing had happened.
func TestWhatIsNoGoodRequestIsAnsweredAndForgotten(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		lines string
		id    string
		code  int
	}{
		"broken JSON":               {`{"jsonrpc":"2.0","id":"x","method":` + "\n", "null", -32700},
		"no JSON at all":            {"hello\n", "null", -32700},
		"bytes that are no text":    {"\xff\xfe\x00\x01\n", "null", -32700},
		"a line of more than 1 MiB": {`{"jsonrpc":"2.0","id":"x","method":"ping","params":{"a":"` + long + `"}}` + "\n", "null", -32700},
		"an unknown method":         {line(`"x"`, "tools/explode", "{}"), `"x"`, -32601},
		"an unknown tool":           {call(`"x"`, "drop_tables", "{}"), `"x"`, -32602},
		"a tool without a name":     {line(`"x"`, "tools/call", "{}"), `"x"`, -32602},
		"a name that is a number":   {line(`"x"`, "tools/call", `{"name":7}`), `"x"`, -32600},
		"parameters in a list":      {line(`"x"`, "tools/call", `[1,2]`), `"x"`, -32600},
		"another version":           {`{"jsonrpc":"1.0","id":"x","method":"ping"}` + "\n", `"x"`, -32600},
		"an unknown resource":       {line(`"x"`, "resources/read", `{"uri":"file:///etc/passwd"}`), `"x"`, -32002},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := servertest.Start(t, servertest.Setup{})
			before := d.Look()
			send(t, d, c.lines)
			if m := d.Wire.Answer(t, c.id); m.Error == nil || m.Error.Code != c.code || m.Error.Message == "" {
				t.Errorf("answered %+v, want the error %d", m, c.code)
			}
			send(t, d, "\n\r\n  \n", ping)
			if m := d.Wire.Answer(t, `"ping"`); m.Error != nil {
				t.Errorf("the next request is answered %+v", m.Error)
			}
			d.Unchanged(t, before)
		})
	}
}

func TestTwoHundredCallsAtOnceAreAllAnswered(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	var lines []string
	for i := range 200 {
		switch i % 4 {
		case 0:
			lines = append(lines, call(fmt.Sprint(1000+i), "search", `{"query":"refund"}`))
		case 1:
			lines = append(lines, call(fmt.Sprint(1000+i), "get_action", `{"action_id":"act_1"}`))
		case 2:
			lines = append(lines, call(fmt.Sprint(1000+i), "create_refund", `{"conversation_id":"`+sandbox.Conversation("duplicate-charge")+`","charge_id":"ch_maria_2","reason":"duplicate"}`))
		default:
			lines = append(lines, line(fmt.Sprint(1000+i), "tools/list", "{}"))
		}
	}
	send(t, d, lines...)
	for i := range 200 {
		if m := d.Wire.Answer(t, fmt.Sprint(1000+i)); m.Error != nil {
			t.Errorf("call %d is answered %+v", i, m.Error)
		}
	}
	answered := map[string]int{}
	for _, m := range d.Wire.Messages(t) {
		answered[string(m.ID)]++
	}
	for id, n := range answered {
		if n != 1 {
			t.Errorf("%s is answered %d times", id, n)
		}
	}
	if n := len(d.Stripe.RefundsOf("ch_maria_2")); n != 1 {
		t.Errorf("there are %d refunds, want one", n)
	}
}

// slowStripe passes everything on to Stripe, and holds refunds until the test
// lets them go.
type slowStripe struct {
	url     string
	arrived chan struct{} // one value for each refund that is held
	release chan struct{}
}

func newSlowStripe(t *testing.T, real string) *slowStripe {
	t.Helper()
	to, err := url.Parse(real)
	must(t, err)
	s := &slowStripe{arrived: make(chan struct{}, 10), release: make(chan struct{})}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/refunds" {
			s.arrived <- struct{}{}
			<-s.release
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// A client that leaves or cancels in the very middle of a refund: it is finished,
// recorded, and there once.
func TestARefundOutlivesItsClient(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*servertest.Wire){
		"hangs up":            (*servertest.Wire).HangUp,
		"is gone":             (*servertest.Wire).Vanish,
		"ends with a signal":  (*servertest.Wire).Stop,
		"cancels the request": func(w *servertest.Wire) { _ = w.Send(cancelled); w.HangUp() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := servertest.Start(t, servertest.Setup{})
			stripe := newSlowStripe(t, place.StripeURL)
			d := place.Another(servertest.Setup{StripeURL: stripe.url})
			send(t, d, call(`"x"`, "create_refund", `{"conversation_id":"`+sandbox.Conversation("duplicate-charge")+`","charge_id":"ch_maria_2","reason":"duplicate"}`))
			<-stripe.arrived
			leave(d.Wire)
			close(stripe.release)
			d.Wire.Served()
			if got := d.Entries("refund"); got["done"] != 1 || len(got) != 1 {
				t.Errorf("the ledger holds %v, want one done", got)
			}
			if n := len(d.Stripe.RefundsOf("ch_maria_2")); n != 1 {
				t.Errorf("there are %d refunds, want one", n)
			}
		})
	}
}

const cancelled = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"x","reason":"changed my mind"}}` + "\n"

// held is a tool that begins, and ends when the test says so.
type held struct{ begun, release chan struct{} }

func (h held) tool() tools.Tool {
	return tools.Read(tools.Spec{Name: "wait_here", Title: "Wait", Description: "Waits until the test lets go."},
		func(context.Context, policies.Principal, struct{}) (struct{}, error) {
			close(h.begun)
			<-h.release
			return struct{}{}, nil
		})
}

// A signal to the process cancels nothing that has begun: serving ends after it.
func TestTheServerEndsAfterTheCallsUnderWay(t *testing.T) {
	t.Parallel()
	h := held{begun: make(chan struct{}), release: make(chan struct{})}
	d := servertest.Start(t, servertest.Setup{Extra: []tools.Tool{h.tool()}})
	send(t, d, call(`"x"`, "wait_here", "{}"))
	<-h.begun
	d.Wire.Stop()
	ended := make(chan struct{})
	go func() {
		d.Wire.Served()
		close(ended)
	}()
	select {
	case <-ended:
		t.Error("the server ended while a call was under way")
	case <-time.After(50 * time.Millisecond):
	}
	close(h.release)
	<-ended
}

// A slow call keeps nobody waiting.
func TestOtherCallsPassASlowOne(t *testing.T) {
	t.Parallel()
	h := held{begun: make(chan struct{}), release: make(chan struct{})}
	d := servertest.Start(t, servertest.Setup{Extra: []tools.Tool{h.tool()}})
	send(t, d, call(`"slow"`, "wait_here", "{}"))
	<-h.begun
	for i := range 20 {
		if a := d.Call("search", servertest.Args{"query": fmt.Sprint("refund ", i)}); a.IsError {
			t.Errorf("answered %s", a.Text)
		}
	}
	close(h.release)
	d.Wire.Answer(t, `"slow"`)
}

// A tool that panics is a fault of ours: its text stays in the log, the client
// hears of an internal error, and the server lives on.
func TestAPanicIsAnInternalErrorAndNotTheEnd(t *testing.T) {
	t.Parallel()
	panics := tools.Read(tools.Spec{Name: "go_wrong", Title: "Go wrong", Description: "Panics whenever it is called."},
		func(context.Context, policies.Principal, struct{}) (struct{}, error) { panic("secret sk_test_123") })
	unknown := tools.Read(tools.Spec{Name: "go_astray", Title: "Go astray", Description: "Gives an error that is no fault."},
		func(context.Context, policies.Principal, struct{}) (struct{}, error) {
			return struct{}{}, fmt.Errorf("dial tcp 10.0.0.1: secret sk_test_123")
		})
	d := servertest.Start(t, servertest.Setup{Extra: []tools.Tool{panics, unknown}})
	for range 40 { // more than there are workers
		for _, tool := range []string{"go_wrong", "go_astray"} {
			a := d.Call(tool, servertest.Args{})
			if !a.IsError || a.Code != "internal" || strings.Contains(string(a.Text), "secret") || strings.Contains(string(a.Text), "10.0.0.1") {
				t.Fatalf("%s is answered %s", tool, a.Text)
			}
		}
	}
	if a := d.Call("search", servertest.Args{"query": "refund"}); a.IsError {
		t.Errorf("afterwards a search is answered %s", a.Text)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
