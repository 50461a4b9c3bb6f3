package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/trace"
)

// newLogger logs as text what is at least of a level.
func newLogger(w io.Writer, level string) *slog.Logger {
	return Config{LogLevel: level}.logger(w)
}

// logger logs without secrets: neither those of the configuration nor what looks
// like one stands in a line, whoever wrote it.
func (c Config) logger(w io.Writer) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(c.LogLevel)) // validated; info otherwise
	o := &slog.HandlerOptions{Level: l, ReplaceAttr: redaction(c.secrets())}
	if c.LogFormat == "json" {
		return slog.New(ofCalls{slog.NewJSONHandler(w, o)})
	}
	return slog.New(ofCalls{slog.NewTextHandler(w, o)})
}

// secrets are the texts that must never be printed.
func (c Config) secrets() (all []string) {
	for _, s := range []secret{c.StripeKey, c.IntercomToken, c.Database, c.CheckpointURL, c.HTTPToken, c.ServiceToken} {
		all = append(all, string(s))
	}
	if u, err := url.Parse(string(c.Database)); err == nil && u.User != nil {
		password, _ := u.User.Password()
		all = append(all, password, u.User.String())
	}
	if u, err := url.Parse(string(c.CheckpointURL)); err == nil { // its path may be a token
		all = append(all, strings.Trim(u.Path, "/"), u.RawQuery)
	}
	return all
}

// shortestSecret keeps a password that is a word from blotting out that word
// everywhere; what is shorter is no secret that is worth its name.
const shortestSecret = 8

// redaction replaces secrets in all that a line holds.
func redaction(secrets []string) func([]string, slog.Attr) slog.Attr {
	var known []string
	for _, s := range secrets {
		if len(s) >= shortestSecret {
			known = append(known, s, secret("").String())
		}
	}
	replace := strings.NewReplacer(known...)
	shaped := regexp.MustCompile(`[sr]k_(live|test)_\w{8,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|(?i:bearer +)[^\s"]{8,}`)
	clean := func(text string) string {
		return shaped.ReplaceAllString(replace.Replace(text), secret("").String())
	}
	return func(_ []string, a slog.Attr) slog.Attr {
		switch a.Value.Kind() {
		case slog.KindString:
			a.Value = slog.StringValue(clean(a.Value.String()))
		case slog.KindAny:
			text := fmt.Sprint(a.Value.Any())
			if safe := clean(text); safe != text {
				a.Value = slog.StringValue(safe)
			}
		default: // numbers and times
		}
		return a
	}
}

// ofCalls adds to a line the call that it belongs to, and the caller's trace.
type ofCalls struct{ slog.Handler }

// Handle implements slog.Handler.
func (h ofCalls) Handle(ctx context.Context, r slog.Record) error {
	if id := fault.CallOf(ctx); id != "" {
		r.AddAttrs(slog.String("call_id", id))
	}
	if id := trace.ID(ctx); id != "" {
		r.AddAttrs(slog.String("trace_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h ofCalls) WithAttrs(attrs []slog.Attr) slog.Handler {
	return ofCalls{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h ofCalls) WithGroup(name string) slog.Handler { return ofCalls{h.Handler.WithGroup(name)} }

// newCallID names a call.
func newCallID() string { return "call_" + strings.ToLower(rand.Text()[:16]) }
