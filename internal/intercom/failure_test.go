package intercom_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

func newClock() *control.Clock { return control.NewClock(noon) }

// everyWrite is each kind of write once, with the only request it sends.
func everyWrite(t *testing.T, d desk, c *intercom.Client) map[string]func() error {
	message := d.message(ticket, "CANARY-answer")
	return map[string]func() error{
		"POST /conversations/ticket/reply": func() error { return only(perform(t, policies.Reply{Message: message}, plainly(c))) },
		"POST /conversations/ticket/parts": func() error {
			return only(perform(t, policies.SetState{Asker: asker(ticket), State: policies.Closed}, c.SetState))
		},
		"POST /conversations/ticket/tags": func() error {
			return only(perform(t, policies.Tag{Asker: asker(ticket), Add: []string{"billing"}}, c.Tag))
		},
		"DELETE /conversations/ticket/tags/72": func() error {
			return only(perform(t, policies.Tag{Asker: asker(ticket), Remove: []string{"vip"}}, c.Tag))
		},
	}
}

func only[T any](_ T, err error) error { return err }

func TestWriteThatFailsIsSentOnceAndSaysWhatIsKnown(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault control.Fault
		code  fault.Code
		took  fault.Took
	}{
		{"rate limit", control.Fault{Kind: control.RateLimit}, fault.RateLimited, fault.NotYet},
		{"500 before", control.Fault{Kind: control.ErrorBefore}, fault.Upstream, fault.Unknown},
		{"502 after", control.Fault{Kind: control.ErrorAfter, Status: 502}, fault.Upstream, fault.Unknown},
		{"503", control.Fault{Kind: control.ErrorBefore, Status: 503}, fault.Upstream, fault.Unknown},
		{"408", control.Fault{Kind: control.ErrorBefore, Status: 408}, fault.Upstream, fault.Unknown},
		{"cut before", control.Fault{Kind: control.CutBefore}, fault.Upstream, fault.Unknown},
		{"cut after", control.Fault{Kind: control.CutAfter}, fault.Upstream, fault.Unknown},
		{"too slow", control.Fault{Kind: control.Slow, Delay: control.Duration(time.Minute)}, fault.Upstream, fault.Unknown},
		{"302", control.Fault{Kind: control.ErrorBefore, Status: 302}, fault.Upstream, fault.Unknown},
		{"401", control.Fault{Kind: control.ErrorBefore, Status: 401}, fault.Upstream, fault.No},
		{"403", control.Fault{Kind: control.ErrorBefore, Status: 403}, fault.Upstream, fault.No},
		{"404", control.Fault{Kind: control.ErrorBefore, Status: 404}, fault.NotFound, fault.No},
		{"409", control.Fault{Kind: control.ErrorBefore, Status: 409}, fault.Busy, fault.No},
		{"422", control.Fault{Kind: control.ErrorBefore, Status: 422}, fault.Invalid, fault.No},
	} {
		t.Run(c.name, func(t *testing.T) {
			for request := range everyWrite(t, newDesk(t), nil) {
				d := newDesk(t)
				client := d.client(intercom.Config{HTTP: &http.Client{Timeout: 250 * time.Millisecond}})
				f := c.fault
				f.Method, f.Path = strings.Fields(request)[0], strings.ReplaceAll(strings.Fields(request)[1], "ticket", ticket)
				f.Times = -1
				d.inject(f)
				err := everyWrite(t, d, client)[request]()
				wantFault(t, err, c.code, c.took)
				if diff := cmp.Diff([]string{request}, d.writes()); diff != "" {
					t.Errorf("requests: %s", diff)
				}
				d.wantNoSecret(err)
			}
		})
	}
}

// wantNoSecret looks for the token and for anything a customer wrote.
func (d desk) wantNoSecret(err error) {
	d.t.Helper()
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.NextStep == "" {
		d.t.Errorf("an agent cannot act on %v", err)
	}
	if strings.Contains(strings.ToUpper(err.Error()), "CANARY") {
		d.t.Errorf("the error tells too much: %v", err)
	}
	if strings.Contains(strings.ToUpper(d.logs.String()), "CANARY") {
		d.t.Errorf("the log tells too much: %s", d.logs)
	}
}

func TestWriteThatNeverLeftHadNoEffect(t *testing.T) {
	d := newDesk(t)
	a := policies.Reply{Message: d.message(ticket, "CANARY-answer")}
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nowhere.Addr().String()
	if err := nowhere.Close(); err != nil {
		t.Fatal(err)
	}
	c := d.client(intercom.Config{BaseURL: "http://" + address})
	_, err = perform(t, a, plainly(c))
	wantFault(t, err, fault.Upstream, fault.No)
	d.wantNoSecret(err)
}

func TestWriteOfACallerWhoGaveUpIsNotSent(t *testing.T) {
	d := newDesk(t)
	a := policies.Reply{Message: d.message(ticket, "x")}
	_, err := perform(t, a, func(ctx context.Context, p *policies.Permit[policies.Reply]) (intercom.Sent, error) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		return d.Reply(ctx, p, nil)
	})
	wantFault(t, err, fault.Upstream, fault.No)
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}

func TestAnswerToAWriteThatCannotBeReadIsInDoubt(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("CANARY <html>")) },
		"shape":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"title":["CANARY"]}`)) },
		"cut": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"title":"CANARY`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := odd(t, answer)
			_, err := perform(t, policies.Reply{Message: policies.Message{Asker: asker("1"), Body: "x", After: "1"}}, plainly(c))
			wantFault(t, err, fault.Upstream, fault.Unknown)
			if strings.Contains(err.Error(), "CANARY") {
				t.Errorf("the error quotes the answer: %v", err)
			}
		})
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	c := odd(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			elsewhere.Add(1)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	_, err := perform(t, policies.Reply{Message: policies.Message{Asker: asker("1"), Body: "x", After: "1"}}, plainly(c))
	wantFault(t, err, fault.Upstream, fault.Unknown)
	if elsewhere.Load() != 0 {
		t.Error("a write was carried elsewhere")
	}
}

func TestReadIsAskedUpToThreeTimes(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault control.Fault
		asked int
		code  fault.Code // "" is success
	}{
		{"one 500", control.Fault{Kind: control.ErrorBefore, Times: 1}, 2, ""},
		{"two 503", control.Fault{Kind: control.ErrorBefore, Status: 503, Times: 2}, 3, ""},
		{"two 429", control.Fault{Kind: control.RateLimit, Times: 2}, 3, ""},
		{"500 for ever", control.Fault{Kind: control.ErrorBefore, Times: -1}, 3, fault.Upstream},
		{"429 for ever", control.Fault{Kind: control.RateLimit, Times: -1}, 3, fault.RateLimited},
		{"403", control.Fault{Kind: control.ErrorBefore, Status: 403, Times: -1}, 1, fault.Upstream},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			d.inject(c.fault)
			_, err := d.Client.Conversation(t.Context(), ticket)
			if fault.CodeOf(err) != c.code || err != nil && fault.TookOf(err) != fault.No {
				t.Errorf("got %v", err)
			}
			if n := len(d.Desk.Requests()); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
		})
	}
}

func TestReadSurvivesCutConnections(t *testing.T) {
	d := newDesk(t)
	d.inject(control.Fault{Kind: control.CutBefore, Times: 2})
	if _, err := d.Client.Conversation(t.Context(), ticket); err != nil {
		t.Error(err)
	}
}

func TestReadOfACallerWhoGaveUpEnds(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.Client.Conversation(ctx, ticket)
	wantFault(t, err, fault.Upstream, fault.No)
	if n := len(d.Desk.Requests()); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestErrorsTellWhatAnAgentNeeds(t *testing.T) {
	const list = `{"type":"error.list","request_id":"req-1","errors":[{"code":"some_code","message":"CANARY text","field":"body"}]}`
	for _, c := range []struct {
		status  int
		body    string
		code    fault.Code
		message string
		request string
	}{
		{400, list, fault.Invalid, "rejected a value (status 400, some_code, field body)", "req-1"},
		{401, list, fault.Upstream, "access token", "req-1"},
		{403, list, fault.Upstream, "plan or the access token's permissions", "req-1"},
		{404, list, fault.NotFound, "nothing under this id", "req-1"},
		{408, list, fault.Upstream, "took too long", "req-1"},
		{409, list, fault.Busy, "conflict", "req-1"},
		{410, list, fault.NotFound, "merged or deleted", "req-1"},
		{418, list, fault.Upstream, "does not expect", "req-1"},
		{422, list, fault.Invalid, "rejected a value", "req-1"},
		{429, list, fault.RateLimited, "slow down", "req-1"},
		{500, list, fault.Upstream, "failing", "req-1"},
		{502, "<html>CANARY</html>", fault.Upstream, "failing (status 502)", "from-header"},
		{504, `{"errors":[]}`, fault.Upstream, "took too long", "from-header"},
		{500, `{"errors":{"code":1}}`, fault.Upstream, "(status 500)", "from-header"},
		{500, `{"request_id":7,"errors":[{"code":"CANARY code with spaces"}]}`, fault.Upstream, "(status 500)", "from-header"},
		{500, "", fault.Upstream, "(status 500)", "from-header"},
	} {
		client := odd(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", "from-header")
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		_, err := client.Conversation(t.Context(), ticket)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok {
			t.Fatalf("%d: %v", c.status, err)
		}
		if f.Code != c.code || !strings.Contains(f.Message, c.message) || f.RequestID != c.request || f.NextStep == "" {
			t.Errorf("%d: %+v", c.status, f)
		}
		if strings.Contains(err.Error(), "CANARY") || !strings.HasPrefix(f.Message, "read conversation "+ticket+": ") {
			t.Errorf("%d: %v", c.status, err)
		}
	}
}

func TestEndlessAnswerIsCutOffAndNotAskedForAgain(t *testing.T) {
	asked := 0
	c := odd(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range 20 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	_, err := c.Tags(t.Context())
	wantFault(t, err, fault.Upstream, fault.No)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestRequestsNameTheVersionAndTheToken(t *testing.T) {
	var got http.Header
	c := odd(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = w.Write([]byte(`{"data":[]}`))
	})
	if _, err := c.Tags(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got.Get("Intercom-Version") != "2.16" || got.Get("Authorization") != "Bearer "+token {
		t.Errorf("headers %v", got)
	}
}
