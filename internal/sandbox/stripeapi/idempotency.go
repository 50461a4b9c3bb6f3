package stripeapi

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// keyLife is how long Stripe remembers an idempotency key at least, and
// keyLength how long one may be. See https://docs.stripe.com/api/idempotent_requests.
const (
	keyLife   = 24 * time.Hour
	keyLength = 255
)

// stored is the answer that every repetition of a key gets.
type stored struct {
	answer
	path     string
	params   string // canonical
	until    time.Time
	underWay atomic.Bool // the first request is not being answered yet
}

// once executes a keyed request, or repeats the answer of the first one. Only
// executed requests are remembered, whatever came of them: a request refused
// for its parameters or its key leaves the idempotency key unused.
func (s *Server) once(key string, r *http.Request, p *params, id string, rt route) answer {
	if len(key) > keyLength {
		return refuse(invalid("", "", "Idempotency keys are at most %d characters long.", keyLength), id)
	}
	now := s.clock.Now()
	if first, ok := s.answers[key]; ok && now.Before(first.until) {
		return first.repeat(key, r, p, id)
	}
	run, err := s.prepare(p, rt)
	if err != nil {
		return refuse(err, id)
	}
	first := &stored{answer: run(id), path: r.URL.Path, params: p.canonical(), until: now.Add(keyLife)}
	s.answers[key] = first
	if ex, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		ex.made = first
		first.underWay.Store(true)
	}
	return first.answer
}

func (f *stored) repeat(key string, r *http.Request, p *params, id string) answer {
	const hint = "Try using a key other than '%s' if you meant to execute a different request."
	switch {
	case f.path != r.URL.Path:
		e := invalid("", "", "Keys for idempotent requests can only be used for the same endpoint they were first used for ('%s' vs '%s'). "+hint,
			r.URL.Path, f.path, key)
		e.Type = idempotency
		return refuse(e, id)
	case f.params != p.canonical():
		e := invalid("", "", "Keys for idempotent requests can only be used with the same parameters they were first used with. "+hint, key)
		e.Type = idempotency
		return refuse(e, id)
	case f.underWay.Load():
		e := invalid("idempotency_key_in_use", "", "There is currently another in-progress request using this Idempotent Key: %s. Please try again later.", key)
		e.Status, e.Type = http.StatusConflict, idempotency
		return refuse(e, id)
	}
	again := f.answer
	again.replayed = true
	return again
}

// exchange is one request with its answer, as seen from outside the desk: it
// knows which stored answer the request made, so that an injected failure can
// become what Stripe remembers.
type exchange struct {
	http.ResponseWriter

	request *http.Request
	made    *stored // nil when nothing was stored
}

type exchangeKey struct{}

// exchanging follows each request until it is answered.
func exchanging(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ex := &exchange{ResponseWriter: w}
		ex.request = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, ex))
		defer ex.answered()
		next.ServeHTTP(ex, ex.request)
	})
}

// WriteHeader begins the answer. Whoever reads it may use the key again at once.
func (ex *exchange) WriteHeader(status int) {
	ex.answered()
	ex.ResponseWriter.WriteHeader(status)
}

// Hijack hands the connection to the desk, to cut it.
func (ex *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	ex.answered()
	return http.NewResponseController(ex.ResponseWriter).Hijack()
}

func (ex *exchange) answered() {
	if ex.made != nil {
		ex.made.underWay.Store(false)
	}
}

// overwrite makes a server error what this request's key is answered with from
// now on: Stripe repeats a stored 500 as faithfully as a success.
func (ex *exchange) overwrite(a answer) {
	if ex.made != nil && a.status >= http.StatusInternalServerError {
		ex.made.answer = a
	}
}
