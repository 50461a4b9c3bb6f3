package control_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/sandbox/control"
)

// vendor counts what was applied behind a desk.
func vendor(t *testing.T, d *control.Desk) (url string, applied *atomic.Int64) {
	t.Helper()
	applied = new(atomic.Int64)
	h := d.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		applied.Add(1)
		w.WriteHeader(http.StatusCreated)
	}), func(w http.ResponseWriter, status int) { w.WriteHeader(status) })
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL, applied
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		kind    control.Kind
		status  int // 0: no answer at all
		applied int64
	}{
		{control.RateLimit, 429, 0},
		{control.ErrorBefore, 500, 0},
		{control.ErrorAfter, 500, 1},
		{control.CutBefore, 0, 0},
		{control.CutAfter, 0, 1},
		{control.Slow, 201, 1},
		{control.Hang, 0, 0},
		{control.Half, 201, 1},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			var d control.Desk
			url, applied := vendor(t, &d)
			if err := d.Inject(control.Fault{Method: "POST", Path: "/v1/*", Kind: c.kind}); err != nil {
				t.Fatal(err)
			}
			if got := post(t, url+"/v1/refunds", c.kind == control.Hang); got != c.status || applied.Load() != c.applied {
				t.Errorf("answered %d and applied %d, want %d and %d", got, applied.Load(), c.status, c.applied)
			}
			if got := post(t, url+"/v1/refunds", false); got != 201 {
				t.Errorf("the fault was played twice: %d", got)
			}
			if got := d.Requests(); len(got) != 2 || got[0].Fault != c.kind || got[1].Fault != "" {
				t.Errorf("requests: %+v", got)
			}
		})
	}
}

// post gives the status of the answer, 0 for none; impatient clients hang up soon.
func post(t *testing.T, url string, impatient bool) int {
	t.Helper()
	ctx := t.Context()
	if impatient {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, 50*time.Millisecond)
		defer stop()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte("x")))
	if err != nil {
		t.Fatal(err)
	}
	// A fresh connection each time, so that the client never repeats a cut request by itself.
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := c.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestEndpoint(t *testing.T) {
	var d control.Desk
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clock := control.NewClock(func() time.Time { return start })
	s := httptest.NewServer(control.Endpoint(&d, clock))
	t.Cleanup(s.Close)
	for body, want := range map[string]int{
		`{"kind":"slow","delay":"5ms","path":"/v1/charges"}`: 200,
		`{"kind":"half","path":"/v1/charges"}`:               200,
		`{"kind":"explode"}`:                                 400,
		`{"kind":"slow","path":"[","x":1}`:                   400,
		`{"kind":"slow","path":"/a","tims":1}`:               400,
	} {
		if got := send(t, s.URL+"/_sandbox/faults", body); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
	if got := send(t, s.URL+"/_sandbox/clock", `{"advance":"24h"}`); got != 200 {
		t.Fatal(got)
	}
	clock.Advance(-time.Hour)
	if got := clock.Now().Sub(start); got != 24*time.Hour {
		t.Errorf("moved %v", got)
	}
}

func send(t *testing.T, url, body string) int {
	t.Helper()
	res, err := http.Post(url, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var any map[string]any
	if err := json.NewDecoder(res.Body).Decode(&any); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode
}
