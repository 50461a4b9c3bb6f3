package intercomapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/sandbox/control"
)

func TestAppliedThen502(t *testing.T) {
	d := newDesk(t)
	if err := d.Desk.Inject(control.Fault{Method: "POST", Path: "/conversations/*/reply", Kind: control.ErrorAfter, Status: 502}); err != nil {
		t.Fatal(err)
	}
	d.refused(d.post(replyTo, hello), 502, "server_error")
	if a := d.get("/conversations/" + ticket + "?display_as=plaintext"); a.last("body") != "Hello" {
		t.Errorf("not applied: %s", a.raw)
	}
}

func TestConnectionCutAfterApplying(t *testing.T) {
	d := newDesk(t)
	if err := d.Desk.Inject(control.Fault{Method: "POST", Kind: control.CutAfter}); err != nil {
		t.Fatal(err)
	}
	if a, err := d.try(http.MethodPost, replyTo, hello); err == nil {
		t.Fatalf("answered %d", a.status)
	}
	if c, _ := d.Conversation(ticket); len(c.Parts) != 1 || c.Parts[0].Text != "Hello" || c.Parts[0].Author != "admin:"+mia {
		t.Errorf("not applied: %+v", c.Parts)
	}
}

func TestFaultsBeforeApplyNothing(t *testing.T) {
	d := newDesk(t)
	for status, code := range map[int]string{
		500: "server_error", 503: "service_unavailable", 401: "unauthorized", 403: "api_plan_restricted", 408: "request_timeout", 418: "client_error",
	} {
		if err := d.Desk.Inject(control.Fault{Path: replyTo, Kind: control.ErrorBefore, Status: status}); err != nil {
			t.Fatal(err)
		}
		d.refused(d.post(replyTo, hello), status, code)
	}
	if c, _ := d.Conversation(ticket); len(c.Parts) != 0 {
		t.Errorf("applied: %+v", c.Parts)
	}
}

func TestRequestsAtTheSameTime(t *testing.T) {
	d := newDesk(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				for _, ask := range []struct{ method, path, body string }{
					{http.MethodPost, replyTo, hello},
					{http.MethodGet, "/conversations/" + ticket, ""},
					{http.MethodPost, "/contacts/" + ana + "/tags", `{"id":"71"}`},
					{http.MethodPost, "/tags", fmt.Sprintf(`{"name":"t%d"}`, i)},
					{http.MethodPost, "/conversations/search", `{"query":{"field":"state","operator":"=","value":"open"}}`},
				} {
					if a, err := d.try(ask.method, ask.path, ask.body); err != nil || a.status != 200 {
						t.Errorf("%s %s: %d %v", ask.method, ask.path, a.status, err)
					}
				}
				d.Conversation(ticket)
				d.clock.Advance(time.Second)
			}
		})
	}
	all.Wait()
	c, _ := d.Conversation(ticket)
	if len(c.Parts) != 40 {
		t.Errorf("%d parts, want 40", len(c.Parts))
	}
	d.want(d.get("/tags"), map[string]any{"data.#": 9})
}
