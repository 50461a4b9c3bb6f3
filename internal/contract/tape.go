package contract

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// exchange is one request that an adapter made, and what was answered.
type exchange struct {
	method, url string // url is path and query
	call        string // method and path, ids as {id}
	status      int
	body        []byte
}

// succeeded reports whether the answer has a shape to compare.
func (e exchange) succeeded() bool { return e.status/100 == 2 && len(bytes.TrimSpace(e.body)) > 0 }

// tape lies under an adapter and keeps each exchange.
type tape struct {
	next http.RoundTripper
	mu   sync.Mutex
	all  []exchange
}

// largest bounds one answer, as the adapters do.
const largest = 16 << 20

// RoundTrip implements http.RoundTripper.
func (t *tape) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, largest))
	res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, exchange{r.Method, r.URL.RequestURI(), callOf(r.Method, r.URL.Path), res.StatusCode, body})
	return res, nil
}

// callOf is method and path, ids as {id}: in both APIs they follow the names of
// what they are ids of.
func callOf(method, path string) string {
	steps := strings.Split(strings.Trim(strings.TrimPrefix(path, "/v1"), "/"), "/")
	for i := 1; i < len(steps); i += 2 {
		if !slices.Contains([]string{"search", "preview", "configurations"}, steps[i]) {
			steps[i] = "{id}"
		}
	}
	whole := "/" + strings.Join(steps, "/")
	if strings.HasPrefix(path, "/v1/") {
		whole = "/v1" + whole
	}
	return method + " " + whole
}

// replay plays a tape to an adapter again, without any network. What is not on
// the tape is not found.
type replay struct {
	mu   sync.Mutex
	left []exchange
}

// RoundTrip implements http.RoundTripper.
func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_ = r.Body.Close() // nobody reads it
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.left, func(e exchange) bool { return e.method == r.Method && e.url == r.URL.RequestURI() })
	if i < 0 {
		return answer(r, http.StatusNotFound, []byte(`{"error":{"type":"invalid_request_error","message":"not on the tape"}}`)), nil
	}
	e := p.left[i]
	p.left = slices.Delete(p.left, i, i+1)
	return answer(r, e.status, e.body), nil
}

func answer(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}
}

// changed is a copy of a tape in which the values at one place of one call's
// answers went through f; f reports false for a value that is to be left out.
func changed(all []exchange, call, path string, f func(any) (any, bool)) []exchange {
	out := slices.Clone(all)
	for i, e := range out {
		var v any
		if e.call != call || !e.succeeded() || json.Unmarshal(e.body, &v) != nil {
			continue
		}
		v, _ = alter(v, steps(path), f)
		out[i].body, _ = json.Marshal(v) // what was JSON is JSON
	}
	return out
}

// steps takes a path apart: "data[].id" is data, [], id.
func steps(path string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(path, "[]", ".[]"), func(r rune) bool { return r == '.' })
}

func alter(v any, path []string, f func(any) (any, bool)) (any, bool) {
	if len(path) == 0 {
		return f(v)
	}
	switch v := v.(type) {
	case map[string]any:
		if field, ok := v[path[0]]; ok {
			if v[path[0]], ok = alter(field, path[1:], f); !ok {
				delete(v, path[0])
			}
		}
	case []any:
		if path[0] != "[]" {
			return v, true
		}
		kept := []any{}
		for _, e := range v {
			if e, ok := alter(e, path[1:], f); ok {
				kept = append(kept, e)
			}
		}
		return kept, true
	}
	return v, true
}

// example is the first value that is not null at a place of some answers.
func example(bodies [][]byte, path []string) (out any) {
	for _, b := range bodies {
		var v any
		if json.Unmarshal(b, &v) != nil {
			continue
		}
		alter(v, path, func(found any) (any, bool) {
			if out == nil {
				out = found
			}
			return found, true
		})
	}
	return out
}
