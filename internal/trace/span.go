package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Span is something that takes time. A nil Span records nothing. A Span is ended
// once, from any goroutine.
type Span struct {
	tracer       *Tracer
	at           place
	parent, name string
	kind         int
	began        time.Time
	attributes   []attribute

	ends   sync.Once
	ended  time.Time
	failed bool
}

// The kinds of spans that are recorded
// (https://opentelemetry.io/docs/specs/otel/trace/api/#spankind).
const (
	answering = 2 // SERVER
	asking    = 3 // CLIENT
)

// Call begins the span of a tool call, as a child of the caller's span or in a new
// trace. The context that it gives is for all that is done for the call. A caller
// whose trace is not sampled has its calls left out.
func (t *Tracer) Call(ctx context.Context, tool, principal, callID string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	parent := placeOf(ctx)
	if parent.trace != "" && !parent.sampled {
		return ctx, nil
	}
	at := place{trace: parent.trace, span: random(8), sampled: true, ours: true}
	if at.trace == "" {
		at.trace = random(16)
	}
	s := &Span{tracer: t, at: at, parent: parent.span, name: "tools/call " + tool, kind: answering, began: t.now()}
	s.say("mcp.method.name", "tools/call")
	s.say("gen_ai.tool.name", tool)
	s.say("supportmcp.principal", principal)
	s.say("supportmcp.call_id", callID)
	return context.WithValue(ctx, placeKey{}, at), s
}

// Answered ends the span of a tool call with how it came out; failed marks it as
// an error.
func (s *Span) Answered(outcome string, failed bool) {
	if s == nil {
		return
	}
	s.end(failed, func() { s.say("supportmcp.outcome", outcome) })
}

// Request begins the span of a request to a vendor, if it is made for a tool call
// that is recorded. Of the address it keeps the path alone, without ids.
func (t *Tracer) Request(ctx context.Context, vendor, method, path string) *Span {
	parent := placeOf(ctx)
	if t == nil || !parent.ours {
		return nil
	}
	at := place{trace: parent.trace, span: random(8)}
	route := template(path)
	s := &Span{tracer: t, at: at, parent: parent.span, name: vendor + " " + method + " " + route, kind: asking, began: t.now()}
	s.say("http.request.method", method)
	s.say("url.template", route)
	return s
}

// Responded ends the span of a request with the status of its response; 0 is none.
func (s *Span) Responded(status int) {
	if s == nil {
		return
	}
	s.end(status == 0 || status >= http.StatusBadRequest, func() {
		if status != 0 {
			s.attributes = append(s.attributes, attribute{Key: "http.response.status_code", Value: value{Int: strconv.Itoa(status)}})
		}
	})
}

func (s *Span) end(failed bool, last func()) {
	s.ends.Do(func() {
		last()
		s.failed, s.ended = failed, s.tracer.now()
		s.tracer.take(s)
	})
}

func (s *Span) say(key, text string) {
	s.attributes = append(s.attributes, attribute{Key: key, Value: value{Text: text}})
}

func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// template is a path of Stripe's or Intercom's without ids. In both, words and ids
// take turns; a word that stands where an id can is known, and whatever else is
// there may say who a customer is.
func template(path string) string {
	known := []string{"search", "sessions", "configurations"}
	version := ""
	path = strings.Trim(path, "/")
	if rest, ok := strings.CutPrefix(path, "v1/"); ok {
		version, path = "/v1", rest
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if i%2 == 0 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == "" || slices.Contains(known, s) {
			continue
		}
		segments[i] = "{id}"
	}
	return version + "/" + strings.Join(segments, "/")
}
