package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// The pauses between attempts to reach a service that is away.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
)

// forward carries a message to the service and its answers back.
func (b *bridge) forward(ctx context.Context, m message) {
	res, err := b.reach(ctx, m)
	if err == nil {
		defer res.Body.Close()
		err = b.answer(m, res)
	}
	if err != nil && !gone(ctx, err) {
		b.fail(m, err)
	}
}

// reach sends a message until the service takes it, for as long as the bridge waits
// for one that is away. Only what certainly did not arrive is sent again.
func (b *bridge) reach(ctx context.Context, m message) (*http.Response, error) {
	giveUp := time.NewTimer(b.Away)
	defer giveUp.Stop()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		res, err := b.post(ctx, m)
		if !unsent(err) {
			return res, err
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
			continue
		case <-giveUp.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
		again.Stop()
		return nil, err
	}
}

// unsent reports whether a connection was not even made.
func unsent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// post sends a message, and once more when the token that was refused has been
// replaced meanwhile.
func (b *bridge) post(ctx context.Context, m message) (*http.Response, error) {
	r, used, err := b.request(ctx, http.MethodPost, m)
	if err != nil {
		return nil, err
	}
	res, err := b.HTTP.Do(r)
	if err != nil || res.StatusCode != http.StatusUnauthorized || !b.renewed(used) {
		return res, err
	}
	_ = res.Body.Close()
	if r, _, err = b.request(ctx, http.MethodPost, m); err != nil {
		return nil, err
	}
	return b.HTTP.Do(r)
}

// request is a message as HTTP carries it, and the token that goes with it.
func (b *bridge) request(ctx context.Context, method string, m message) (*http.Request, string, error) {
	var body io.Reader
	if len(m.line) > 0 {
		body = bytes.NewReader(m.line)
	}
	r, err := http.NewRequestWithContext(ctx, method, b.URL, body)
	if err != nil {
		return nil, "", fmt.Errorf("address the service: %w", err)
	}
	b.mu.Lock()
	token, version, session := b.token, b.version, b.session
	b.mu.Unlock()
	r.Header.Set("Accept", "application/json, text/event-stream")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if m.version() != "" {
		m.headers(r.Header)
		return r, token, nil
	}
	if version != "" && m.Method != "initialize" {
		r.Header.Set("Mcp-Protocol-Version", version)
	}
	if session != "" && m.Method != "initialize" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	return r, token, nil
}

// renewed reports whether there is another token now than the one that was used.
func (b *bridge) renewed(used string) bool {
	token, err := b.Token()
	if err != nil || token == used {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token = token
	return true
}
