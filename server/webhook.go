package server

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Intercom signs with it
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// IntercomHook is the path at which Intercom tells that something happened.
const IntercomHook = "/webhooks/intercom"

// News is told that something happened at Intercom, by a webhook that Intercom signs.
// Nothing that a webhook says is believed: it only makes this server look sooner at
// what it looks at anyway.
type News struct {
	Secret string // the client secret of the app; "" takes no webhooks
	Tell   func() // must not wait
}

// Bounds of webhooks.
const (
	mostHooks  = 4               // read at once; further ones are to be sent again
	hookTime   = 5 * time.Second // for one to arrive
	mostKnown  = 1024            // newest ids that are known
	hookTopics = "conversation.admin."
)

// hook takes webhooks.
type hook struct {
	news  News
	slots chan struct{}

	mu   sync.Mutex
	seen []string // ids, oldest first
}

// withHook takes webhooks before next, if there is a secret to check them by. They have
// no bearer token and no web origin; what lets them in is their signature.
func withHook(n News, next http.Handler) http.Handler {
	if n.Secret == "" {
		return next
	}
	h := &hook{news: n, slots: make(chan struct{}, mostHooks)}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == IntercomHook {
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP implements http.Handler. It answers at once, and tells nothing to whoever
// cannot sign.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodHead: // Intercom looks whether there is anything
		return
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "POST, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !take(r.Context(), h.slots, 0) {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer func() { <-h.slots }()
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(hookTime)) //nolint:forbidigo // sockets know only the machine's own time
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	switch {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case !signedBy(h.news.Secret, body, r.Header.Get("X-Hub-Signature")):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		h.take(body)
	}
}

// signedBy reports whether a signature is one of a body. It compares in the same time
// whatever was sent.
func signedBy(secret string, body []byte, signature string) bool {
	got, err := hex.DecodeString(strings.TrimPrefix(signature, "sha1="))
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(body)
	return err == nil && hmac.Equal(got, mac.Sum(nil))
}

// take tells of what is new. What cannot be read is none of ours: it was signed, and to
// have it sent again would not help.
func (h *hook) take(body []byte) {
	var n struct {
		ID    string `json:"id"`
		Topic string `json:"topic"`
	}
	if json.Unmarshal(body, &n) == nil && strings.HasPrefix(n.Topic, hookTopics) && h.isNew(n.ID) {
		h.news.Tell()
	}
}

func (h *hook) isNew(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if id == "" || slices.Contains(h.seen, id) {
		return false
	}
	if h.seen = append(h.seen, id); len(h.seen) > mostKnown {
		h.seen = slices.Delete(h.seen, 0, len(h.seen)-mostKnown)
	}
	return true
}
