// Package wiki owns the reading of documents from Notion, Confluence and Google
// Docs. It reads what the operator lists and nothing else, and never writes. Its
// sources are tested against recorded answers, not against live accounts.
package wiki

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"supportmcp/internal/knowledge"
)

const (
	patience    = 30 * time.Second // of one request
	maxAnswer   = 16 << 20         // bytes
	pauseUnsaid = time.Minute      // when a vendor wants one and does not say how long
	mostPages   = 1000             // of a list, as a vendor pages it
)

// api is one vendor's REST API.
type api struct {
	vendor    string
	base      *url.URL
	http      *http.Client
	authorize func(*http.Request)
}

func newAPI(vendor, base string, authorize func(*http.Request)) (*api, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Hostname() != "127.0.0.1" {
		return nil, fmt.Errorf("the address of %s must begin with https://", vendor)
	}
	return &api{vendor: vendor, base: u, authorize: authorize, http: &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token stays here
	}}, nil
}

// get reads a path below the address, or one that the vendor gave to go on, and
// decodes it.
func (a *api) get(ctx context.Context, what, path string, into any) error {
	body, err := a.send(ctx, what, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return a.decode(what, body, into)
}

// post asks a question that has a body.
func (a *api) post(ctx context.Context, what, path string, question, into any) error {
	b, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	body, err := a.send(ctx, what, http.MethodPost, path, b)
	if err != nil {
		return err
	}
	return a.decode(what, body, into)
}

func (a *api) decode(what string, body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: the answer of %s is no JSON of the expected form", what, a.vendor)
	}
	return nil
}

func (a *api) send(ctx context.Context, what, method, path string, body []byte) ([]byte, error) {
	u, err := a.base.Parse(path)
	if err != nil || u.Host != a.base.Host || u.Scheme != a.base.Scheme {
		return nil, fmt.Errorf("%s: %s sends to another host", what, a.vendor)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	a.authorize(req)
	return a.exchange(what, req)
}

func (a *api) exchange(what string, req *http.Request) ([]byte, error) {
	res, err := a.http.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // the address may hold a token
		}
		return nil, fmt.Errorf("%s: ask %s: %w", what, a.vendor, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, a.refused(what, res)
	case err != nil:
		return nil, fmt.Errorf("%s: read the answer of %s: %w", what, a.vendor, err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("%s: the answer of %s is too long", what, a.vendor)
	}
	return answer, nil
}

// status is an answer that is no success.
type status int

func (s status) Error() string {
	switch int(s) {
	case http.StatusUnauthorized:
		return "the token is revoked or wrong"
	case http.StatusForbidden:
		return "the token may not read it"
	case http.StatusNotFound:
		return "it is not there, or is not shared with the token"
	case http.StatusTooManyRequests:
		return "fewer requests are wanted"
	}
	return fmt.Sprintf("the answer is %d", int(s))
}

func (a *api) refused(what string, res *http.Response) error {
	err := fmt.Errorf("%s from %s: %w", what, a.vendor, status(res.StatusCode))
	if res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusServiceUnavailable {
		return err
	}
	pause := pauseUnsaid
	if seconds, bad := strconv.Atoi(res.Header.Get("Retry-After")); bad == nil && seconds > 0 {
		pause = min(time.Duration(seconds)*time.Second, 24*time.Hour)
	}
	return &knowledge.Later{In: pause, Err: err}
}

// isStatus reports an answer of this status.
func isStatus(err error, want int) bool {
	s, ok := errors.AsType[status](err)
	return ok && int(s) == want
}

// reading collects what is there now and hands out what has changed.
type reading struct {
	last, now knowledge.State
	put       func(knowledge.File) error
}

func newReading(last knowledge.State, put func(knowledge.File) error) reading {
	return reading{last: last, put: put, now: knowledge.State{Marks: map[string]string{}}}
}

// take hands a document out unless it is held; read gets its content. One that
// went away since it was listed is none, and one without a text is refused.
func (r *reading) take(f knowledge.File, read func() ([]byte, error)) error {
	if r.last.Marks[f.Path] == f.Mark {
		r.now.Marks[f.Path] = f.Mark
		return nil
	}
	content, err := read()
	if isStatus(err, http.StatusNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Content = content
	if f.Version == "" {
		f.Version = digest(f.Title, string(content))
	}
	r.now.Marks[f.Path] = f.Mark
	return r.put(f)
}

// digest names what these texts say together.
func digest(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:8])
}
