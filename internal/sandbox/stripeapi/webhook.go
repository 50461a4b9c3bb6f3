package stripeapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// WebhookEndpoint is an address that is told of events.
type WebhookEndpoint struct {
	ID      string
	URL     string
	Secret  string   // signs what is sent
	Events  []string // types; "*" is every type
	Version string   // of what is sent; the account's when ""
	Created time.Time
	sent    int // events of the feed that were delivered
}

func (e *WebhookEndpoint) stamp() (string, time.Time) { return e.ID, e.Created }

// createEndpoint follows https://docs.stripe.com/api/webhook_endpoints/create.
// Its answer is the only one that holds the secret.
func (s *Server) createEndpoint(p *params) action {
	url, version, kinds := p.text("url"), p.text("api_version"), p.array("enabled_events")
	p.text("description")
	p.metadata()
	switch {
	case url == "":
		p.refuse(invalid("parameter_missing", "url", "Missing required param: url."))
	case len(kinds) == 0:
		p.refuse(invalid("parameter_missing", "enabled_events", "Missing required param: enabled_events."))
	}
	return func() (object, *apiError) {
		e := &WebhookEndpoint{
			ID: s.next("we"), URL: url, Events: kinds, Version: version, Created: s.clock.Now(), sent: len(s.events.rows),
		}
		e.Secret = "whsec_sandbox_" + e.ID
		s.endpoints.put(e)
		o := s.renderEndpoint(e)
		o["secret"] = e.Secret
		return o, nil
	}
}

func (s *Server) listEndpoints(p *params) action {
	return list(p, s.endpoints, "/v1/webhook_endpoints", func(*WebhookEndpoint) bool { return true })
}

func (s *Server) renderEndpoint(e *WebhookEndpoint) object {
	return object{
		"id": e.ID, "object": "webhook_endpoint", "api_version": orNull(e.Version), "application": nil, "created": e.Created.Unix(),
		"description": nil, "enabled_events": e.Events, "livemode": false, "metadata": object{}, "status": "enabled", "url": e.URL,
	}
}

// Delivery says how Deliver sends. The zero value sends each event once, in order.
type Delivery struct {
	Twice     bool `json:"twice"`     // each event is sent two times, as Stripe may
	Backwards bool `json:"backwards"` // the newest event goes first, since Stripe promises no order
}

// delivery is one request to an endpoint.
type delivery struct {
	url, signature string
	body           []byte
}

// Deliver sends every endpoint what has happened since it was told last, signed
// as Stripe signs (https://docs.stripe.com/webhooks#verify-manually). What is
// not answered with 2xx is an error, and is not sent again.
func (s *Server) Deliver(ctx context.Context, how Delivery) error {
	var failed error
	for _, d := range s.undelivered(how) {
		failed = errors.Join(failed, d.send(ctx))
	}
	return failed
}

func (s *Server) undelivered(how Delivery) []delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.clock.Now())
	var out []delivery
	for _, e := range s.endpoints.rows {
		fresh := slices.Clone(s.events.rows[e.sent:])
		e.sent = len(s.events.rows)
		if how.Backwards {
			slices.Reverse(fresh)
		}
		for _, event := range fresh {
			if !slices.Contains(e.Events, "*") && !slices.Contains(e.Events, event.Type) {
				continue
			}
			d := e.sign(encode(event.render(cmp.Or(e.Version, eventVersion))), s.clock.Now())
			if out = append(out, d); how.Twice {
				out = append(out, d)
			}
		}
	}
	return out
}

func (e *WebhookEndpoint) sign(body []byte, at time.Time) delivery {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(e.Secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return delivery{url: e.URL, signature: "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil)), body: body}
}

func (d delivery) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(d.body))
	if err != nil {
		return fmt.Errorf("deliver an event: %w", err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Stripe-Signature", d.signature)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("deliver an event: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("deliver an event: %s answered %s", d.url, res.Status)
	}
	return nil
}
