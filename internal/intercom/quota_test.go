package intercom_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

func TestRequestsAreSpreadOverTime(t *testing.T) {
	d := newDesk(t)
	c := d.client(intercom.Config{PerSecond: 2})
	for range 6 {
		if _, err := c.Tags(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if took := d.clock.Now().Sub(noon()); took != 2*time.Second {
		t.Errorf("six requests at two a second, of which two at once, took %v", took)
	}
}

func TestNothingIsAskedWhileTheWorkspaceHasNothingLeft(t *testing.T) {
	d := newDesk(t)
	d.Settings.RateLimit = 3
	for range 10 {
		if _, err := d.Tags(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range d.Desk.Requests() {
		if r.Status == http.StatusTooManyRequests {
			t.Fatal("Intercom had to refuse a request")
		}
	}
	if took := d.clock.Now().Sub(noon()); took != 30*time.Second {
		t.Errorf("ten requests at three a window took %v", took)
	}
}

func TestRefusedWriteHoldsBackTheNextRequest(t *testing.T) {
	d := newDesk(t)
	a := policies.Reply{Message: d.message(ticket, "x")}
	d.inject(control.Fault{Method: "POST", Kind: control.RateLimit})
	_, err := perform(t, a, plainly(d.Client))
	wantFault(t, err, fault.RateLimited, fault.NotYet)
	before := d.clock.Now()
	if _, err := d.Tags(t.Context()); err != nil {
		t.Fatal(err)
	}
	if waited := d.clock.Now().Sub(before); waited <= 0 || waited > 10*time.Second {
		t.Errorf("waited %v", waited)
	}
}

func TestStrangeHeadersHoldNothingBackForLong(t *testing.T) {
	for _, h := range []struct {
		remaining, reset string
		longest          time.Duration
	}{
		{"0", strconv.FormatInt(noon().Add(1000*time.Hour).Unix(), 10), 10 * time.Second},
		{"0", "0", 0},
		{"0", "soon", 0},
		{"-5", "99999999999", 0},
		{"many", "", 0},
		{"99999999", "", 0},
	} {
		clock := newClock()
		d := desk{t: t, clock: clock, logs: new(logs)}
		d.url = serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Remaining", h.remaining)
			w.Header().Set("X-RateLimit-Reset", h.reset)
			_, _ = w.Write([]byte(`{}`))
		})
		c := d.client(intercom.Config{})
		for range 2 {
			if _, err := c.Tags(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if waited := clock.Now().Sub(noon()); waited != h.longest && waited > 20*time.Millisecond {
			t.Errorf("%+v: waited %v", h, waited)
		}
	}
}

func TestCallerWhoCannotWaitIsToldSo(t *testing.T) {
	d := newDesk(t)
	c := d.client(intercom.Config{PerSecond: 1})
	m := d.message(ticket, "x")
	if _, err := c.Tags(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.SetSleep(func(context.Context, time.Duration) error { return context.DeadlineExceeded })
	_, err := perform(t, policies.Reply{Message: m}, plainly(c))
	wantFault(t, err, fault.RateLimited, fault.No)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is lost: %v", err)
	}
	if w := d.writes(); len(w) != 0 {
		t.Errorf("wrote %v", w)
	}
}

func TestRealWaitEndsWithTheCaller(t *testing.T) {
	var asked atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(noon().Add(9*time.Second).Unix(), 10))
		_, _ = w.Write([]byte(`{}`))
	})
	c, err := intercom.New(intercom.Config{Token: token, BaseURL: url, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tags(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = c.Tags(ctx)
	wantFault(t, err, fault.RateLimited, fault.No)
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	d := newDesk(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := d.Client.Conversation(t.Context(), ticket); err != nil {
				t.Error(err)
			}
			if _, err := d.Client.Contact(t.Context(), ana); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// noTags answers every request with an empty list.
type noTags struct{}

func (noTags) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"type":"list","data":[]}`))}, nil
}

// While one principal has a hundred requests waiting, another's next one goes out.
func TestAQuietPrincipalDoesNotWaitBehindTheFloodOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := intercom.New(intercom.Config{
			Token: "token", BaseURL: "http://127.0.0.1:1", HTTP: &http.Client{Transport: noTags{}}, Now: time.Now, PerSecond: 10,
		})
		if err != nil {
			t.Fatal(err)
		}
		as := func(who policies.Principal) context.Context { return access.With(t.Context(), access.Everything(who)) }
		var flood sync.WaitGroup
		for range 100 { // ten seconds' worth
			flood.Go(func() {
				if _, err := c.Tags(as("flood")); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		before := time.Now()
		if _, err := c.Tags(as("quiet")); err != nil {
			t.Error(err)
		}
		if waited := time.Since(before); waited > 300*time.Millisecond { // of the bubble's clock
			t.Errorf("the quiet one waited %s", waited)
		}
		flood.Wait()
	})
}
