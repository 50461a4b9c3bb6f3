package intercom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	maxAnswer = 16 << 20 // bytes; 500 long parts fit easily
	retries   = 2        // of a read, after the first attempt
)

// call is one thing asked of Intercom. Only what changes nothing is ever asked twice.
type call struct {
	what   string // what is being done, for errors: "read conversation 1"
	method string
	path   string
	body   any  // sent as JSON; nil sends none
	search bool // a POST that changes nothing
}

func (q call) reads() bool { return q.method == http.MethodGet || q.search }

// answer is a whole answer. Its status is 0 when there was none.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

// passing reports whether the same read may be answered better a moment later.
func (a answer) passing() bool {
	return a.status == 0 || a.status == http.StatusRequestTimeout || a.status == http.StatusTooManyRequests || a.status >= 500
}

// read gets a path and decodes what it holds.
func (c *Client) read(ctx context.Context, what, path string, into any) error {
	q := call{what: what, method: http.MethodGet, path: path}
	a, err := c.fetch(ctx, q)
	if err != nil {
		return err
	}
	return q.decode(a, into)
}

// fetch asks for something that changes nothing, up to three times. It returns
// the last answer beside the error, for callers to whom a refusal means something.
func (c *Client) fetch(ctx context.Context, q call) (answer, error) {
	for n := 0; ; n++ {
		a, err := c.attempt(ctx, q)
		if err == nil || n == retries || !a.passing() || c.sleep(ctx, backoff(n)) != nil {
			return a, err
		}
		c.log.Warn("intercom: asking again", "call", q.what, "status", a.status, "attempt", n+2)
	}
}

// write sends a change exactly once. Intercom has no idempotency keys, so even a
// write that seems lost is not repeated: the error's Took says what is known.
func (c *Client) write(ctx context.Context, q call, into any) (answer, error) {
	a, err := c.attempt(ctx, q)
	if err != nil {
		return a, err
	}
	return a, q.decode(a, into)
}

// backoff is 200 ms, then 400 ms, of which up to half is left to chance.
func backoff(n int) time.Duration {
	full := 200 * time.Millisecond << n
	return full - rand.N(full/2)
}

// attempt sends one request and reads its whole answer. Every answer that is not
// a success is an error.
func (c *Client) attempt(ctx context.Context, q call) (answer, error) {
	if err := c.wait(ctx); err != nil {
		return answer{}, q.held(err)
	}
	a, sent, err := c.exchange(ctx, q)
	c.log.Debug("intercom", "call", q.what, "method", q.method, "status", a.status)
	if err != nil {
		return answer{}, q.unanswered(err, sent)
	}
	c.quota.learn(c.now(), a.header)
	switch {
	case !a.ok():
		return a, q.refused(a)
	case len(a.body) > maxAnswer:
		return a, q.unreadable(a, errors.New("it is too long"))
	}
	return a, nil
}

// exchange tells besides the answer whether anything of the request can have
// reached the network. The trace fires while the headers are still in the
// transport's buffer, so it can only err on the careful side.
func (c *Client) exchange(ctx context.Context, q call) (a answer, sent bool, err error) {
	var begun atomic.Bool
	req, err := c.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { begun.Store(true) },
	}), q)
	if err != nil {
		return answer{}, false, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, begun.Load(), err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, true, err
	}
	return answer{status: res.StatusCode, header: res.Header, body: body}, true, nil
}

func (c *Client) request(ctx context.Context, q call) (*http.Request, error) {
	var body io.Reader
	if q.body != nil {
		b, err := json.Marshal(q.body)
		if err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, c.base.String()+q.path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Intercom-Version", Version)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "supportmcp")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// decode reads the answer to a call.
func (q call) decode(a answer, into any) error {
	if err := json.Unmarshal(a.body, into); err != nil {
		return q.unreadable(a, err)
	}
	return nil
}
