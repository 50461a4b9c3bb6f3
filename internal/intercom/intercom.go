// Package intercom owns all talk with Intercom's REST API: it reads
// conversations, contacts, companies and tags freely, and writes replies, notes,
// states, assignments, tags, contacts and events only with a [policies.Permit].
//
// It never decides whether something may be done, never sends the same write
// twice, never acts as a contact, and never logs a token, a body, a name or an
// e-mail address. Text that comes back was written by strangers: it is passed on
// as plain text without invisible characters, and trusted nowhere.
package intercom

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync/atomic"
	"time"
)

// Version is the API version that every request names. Without it the
// workspace's own setting would decide what a field means
// (https://developers.intercom.com/building-apps/docs/update-your-api-version).
const Version = "2.16"

// DefaultBaseURL is the host of workspaces in the United States.
const DefaultBaseURL = "https://api.intercom.io"

const (
	// defaultPerSecond keeps any ten seconds, burst included, just below the
	// 1,666 requests that Intercom allows in them
	// (https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting).
	defaultPerSecond = 150
	defaultTimeout   = 20 * time.Second
)

// Config says which workspace to talk to, and as whom.
type Config struct {
	Token     string           // access token of a private app; secret
	BaseURL   string           // one of Intercom's three hosts or a loopback address; DefaultBaseURL when empty
	AdminID   string           // the teammate who writes; without one every write is refused
	HTTP      *http.Client     // nil is an own client that gives up after 20 seconds
	Log       *slog.Logger     // nil logs nothing
	Now       func() time.Time // required
	PerSecond float64          // requests; 150 when 0
}

// Client talks to one workspace. It is safe for concurrent use.
type Client struct {
	token, admin string
	base         *url.URL
	http         *http.Client
	log          *slog.Logger
	now          func() time.Time
	sleep        func(context.Context, time.Duration) error
	quota        *quota
	ready        atomic.Bool // Check has said yes
	known        atomic.Pointer[known]
}

// New makes a client without asking Intercom anything; [Client.Check] does that.
func New(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("configure intercom: %w", err)
	}
	base, err := parseBase(cfg.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("configure intercom: %w", err)
	}
	c := &Client{
		token: cfg.Token, admin: cfg.AdminID, base: base, http: httpClient(cfg.HTTP),
		log: cfg.Log, now: cfg.Now, sleep: sleep, quota: newQuota(cfg.PerSecond),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func (cfg Config) check() error {
	switch {
	case !made(cfg.Token, 1, 4096, visible):
		return errors.New("the access token is missing or holds a character that no token has")
	case cfg.AdminID != "" && !isNumber(cfg.AdminID):
		return errors.New("the admin id must be digits")
	case cfg.Now == nil:
		return errors.New("a clock is required")
	case cfg.PerSecond < 0:
		return errors.New("requests per second must not be negative")
	}
	return nil
}

// httpClient follows no redirects: one would repeat a write, or carry the token elsewhere.
func httpClient(given *http.Client) *http.Client {
	own := http.Client{Timeout: defaultTimeout}
	if given != nil {
		own = *given
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// parseBase accepts only hosts that a token may be shown to. Its errors do not
// repeat the URL, which may hold a password.
func parseBase(raw string) (*url.URL, error) {
	if raw == "" {
		raw = DefaultBaseURL
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("the base URL cannot be read")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("the base URL must be scheme and host only")
	}
	u.Path = ""
	https := u.Scheme == "https"
	if isLoopback(u) && (https || u.Scheme == "http") || https && regionOf(u.Host) != "" {
		return u, nil
	}
	return nil, errors.New("the base URL must be https://api.intercom.io, https://api.eu.intercom.io, " +
		"https://api.au.intercom.io or a loopback address")
}

func isLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// regionOf is the region a host serves, "" for a host that is not Intercom's.
func regionOf(host string) string {
	switch host {
	case "api.intercom.io":
		return "US"
	case "api.eu.intercom.io":
		return "EU"
	case "api.au.intercom.io":
		return "AU"
	}
	return ""
}
