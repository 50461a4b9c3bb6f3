package server_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/server"
	"supportmcp/server/servertest"
)

const hookSecret = "the client secret of the app"

// hooked is a desk over HTTP that takes webhooks, and how often it was told of news.
func hooked(t *testing.T, secret string) (d *servertest.Desk, url string, told *atomic.Int64) {
	t.Helper()
	d, told = servertest.Start(t, servertest.Setup{}), new(atomic.Int64)
	h := d.ServeHTTP(server.HTTP{Token: strings.Repeat("t", 32), News: server.News{Secret: secret, Tell: func() { told.Add(1) }}})
	return d, strings.TrimSuffix(h.URL, server.Endpoint) + server.IntercomHook, told
}

func hmacOf(secret, body string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(body))
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}

// What is signed and new makes the server look; nothing else does anything.
func TestAWebhookOnlyHurries(t *testing.T) {
	t.Parallel()
	_, url, told := hooked(t, hookSecret)
	noted := func(id string) string {
		return `{"type":"notification_event","id":"` + id + `","topic":"conversation.admin.noted","data":{"item":{"id":"1","state":"approved"}}}`
	}
	for _, c := range []struct {
		name, method, body, signature string
		status                        int
		told                          int64
	}{
		{"as it should be", "POST", noted("a"), hmacOf(hookSecret, noted("a")), 200, 1},
		{"the same again", "POST", noted("a"), hmacOf(hookSecret, noted("a")), 200, 0},
		{"another", "POST", noted("b"), hmacOf(hookSecret, noted("b")), 200, 1},
		{"by another secret", "POST", noted("c"), hmacOf("guess", noted("c")), 401, 0},
		{"not signed", "POST", noted("d"), "", 401, 0},
		{"signed in no known way", "POST", noted("d"), "sha256=00", 401, 0},
		{"of other words", "POST", noted("d") + " ", hmacOf(hookSecret, noted("d")), 401, 0},
		{"a ping", "POST", `{"id":"e","topic":"ping"}`, hmacOf(hookSecret, `{"id":"e","topic":"ping"}`), 200, 0},
		{"no id", "POST", noted(""), hmacOf(hookSecret, noted("")), 200, 0},
		{"no JSON", "POST", "hello", hmacOf(hookSecret, "hello"), 200, 0},
		{"too long", "POST", strings.Repeat("x", 2<<20), "sha1=00", 400, 0},
		{"a probe", "HEAD", "", "", 200, 0},
		{"another method", "GET", "", "", 405, 0},
	} {
		before := told.Load()
		r := newRequest(t, c.method, url, c.body, http.Header{"X-Hub-Signature": {c.signature}})
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		res.Body.Close()
		if res.StatusCode != c.status || told.Load()-before != c.told {
			t.Errorf("%s: answered %d, want %d; told %d times, want %d", c.name, res.StatusCode, c.status, told.Load()-before, c.told)
		}
	}
}

func TestWithoutASecretThereAreNoWebhooks(t *testing.T) {
	t.Parallel()
	_, url, told := hooked(t, "")
	r := newRequest(t, "POST", url, "{}", http.Header{"X-Hub-Signature": {hmacOf("", "{}")}})
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNotFound || told.Load() != 0 {
		t.Errorf("answered %d, told %d times", res.StatusCode, told.Load())
	}
}

func TestTheSandboxsWebhooksAreTaken(t *testing.T) {
	t.Parallel()
	d, url, told := hooked(t, hookSecret)
	d.Intercom.SetWebhook(intercomapi.Webhook{URL: url, Secret: hookSecret})
	d.Intercom.Write(sandbox.Conversation("annual-day-3"), intercomapi.Message{From: "admin:8002", Body: "approve it", Note: true})
	if err := d.Intercom.Deliver(t.Context(), intercomapi.Delivery{Twice: true}); err != nil || told.Load() != 1 {
		t.Errorf("told %d times, %v", told.Load(), err)
	}
}
