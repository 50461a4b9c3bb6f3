package server

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAPanicBehindTheEdgeIsAnsweredAndNotTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := newEdge(HTTP{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("secret sk_test_123") }), slog.New(slog.NewTextHandler(&log, nil)))
	for range maxCalls + 1 { // more than may be under way at once
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, Endpoint, strings.NewReader("{}")))
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"code":"internal"`) || strings.Contains(w.Body.String(), "secret") {
			t.Fatalf("answered %d %s", w.Code, w.Body)
		}
	}
	if !strings.Contains(log.String(), "secret") {
		t.Error("the log does not tell what went wrong")
	}
}

func TestMoreCallsThanCanBeAnsweredWaitAndAreThenRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEdge(HTTP{}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }), slog.New(slog.DiscardHandler))
		ask := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, Endpoint, strings.NewReader("{}")))
			return w
		}
		for range maxCalls {
			go ask()
		}
		synctest.Wait()
		if w := ask(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "next_step") {
			t.Errorf("one call too many is answered %d %s", w.Code, w.Body)
		}
		waits := make(chan int)
		go func() { waits <- ask().Code }()
		synctest.Wait()
		close(release)
		if code := <-waits; code != http.StatusOK {
			t.Errorf("the call that waited is answered %d", code)
		}
	})
}

func TestAMessageThatDoesNotArriveIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	e := newEdge(HTTP{}, http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	e.bodyTime = time.Millisecond
	s := httptest.NewServer(e)
	defer s.Close()
	never, _ := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+Endpoint, never)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("answered %s", res.Status)
	}
}

func TestAStreamWithNothingToTellShowsThatItLives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		a := newReply(w, message{})
		a.Header().Set("Content-Type", "text/event-stream")
		a.WriteHeader(http.StatusOK)
		time.Sleep(2*aliveEvery + time.Second) // of the bubble's clock
		_, _ = a.Write([]byte("data: {}\n\n"))
		a.end()
		time.Sleep(2 * aliveEvery)
		if got := w.Body.String(); got != ": alive\n\n: alive\n\ndata: {}\n\n" {
			t.Errorf("the stream holds %q", got)
		}
	})
}
