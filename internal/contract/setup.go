package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"supportmcp/internal/intercom"
)

// What no adapter makes is made here with plain requests: agents have no use for
// it, so the adapters have none either.

// apiVersion is the version of Stripe's API that the adapter speaks. Subscriptions
// of flexible billing are made in a newer one, which first had them
// (https://docs.stripe.com/billing/subscriptions/billing-mode).
const (
	apiVersion      = "2023-10-16"
	flexibleVersion = "2025-06-30.basil"
)

// request is one request of this package's own.
type request struct {
	method, path string
	form         url.Values // of Stripe
	body         any        // of Intercom, as JSON
	version      string     // of Stripe's API, when it is another one
	vain         bool       // may be refused: it is for what did not go on as it should
}

// stripeDo sends a request to Stripe, once.
func (r *run) stripeDo(ctx context.Context, q request, into any) error {
	out, err := http.NewRequestWithContext(ctx, q.method, strings.TrimRight(orDefault(r.StripeURL, "https://api.stripe.com"), "/")+q.path, strings.NewReader(q.form.Encode()))
	if err != nil {
		return fmt.Errorf("ask Stripe: %w", err)
	}
	out.Header.Set("Authorization", "Bearer "+r.StripeKey)
	out.Header.Set("Stripe-Version", orDefault(q.version, apiVersion))
	out.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r.send(out, q, into)
}

// intercomDo sends a request to Intercom, once.
func (r *run) intercomDo(ctx context.Context, q request, into any) error {
	body, err := json.Marshal(q.body)
	if err != nil {
		return fmt.Errorf("write a request: %w", err)
	}
	out, err := http.NewRequestWithContext(ctx, q.method, strings.TrimRight(orDefault(r.IntercomURL, intercom.DefaultBaseURL), "/")+q.path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask Intercom: %w", err)
	}
	out.Header.Set("Authorization", "Bearer "+r.IntercomToken)
	out.Header.Set("Intercom-Version", intercom.Version)
	out.Header.Set("Content-Type", "application/json")
	out.Header.Set("Accept", "application/json")
	return r.send(out, q, into)
}

func orDefault(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// send sends a request and reads the answer. A refusal is told in the vendor's
// words, which hold nothing but what this package has sent.
func (r *run) send(out *http.Request, q request, into any) error {
	res, err := r.web.Do(out)
	if err != nil {
		return fmt.Errorf("%s %s: %w", q.method, q.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, largest))
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", q.method, q.path, err)
	case res.StatusCode/100 != 2:
		return &refused{call: q.method + " " + q.path, status: res.StatusCode, words: words(body)}
	case into == nil:
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", q.method, q.path, err)
	}
	return nil
}

// refused is an answer that is no success.
type refused struct {
	call   string
	status int
	words  string
}

func (r *refused) Error() string {
	return fmt.Sprintf("%s: answered with %d: %s", r.call, r.status, r.words)
}

// words are the message of a refusal.
func words(body []byte) string {
	var said struct {
		Error  struct{ Message string }
		Errors []struct{ Message string }
	}
	switch err := json.Unmarshal(body, &said); {
	case err == nil && said.Error.Message != "":
		return said.Error.Message
	case err == nil && len(said.Errors) > 0:
		return said.Errors[0].Message
	}
	return "no reason is given"
}

// thing is what a run has made, and how it is taken away again.
type thing struct {
	Left

	intercom bool
	away     []request
}

// made are the things of a run, in the order in which they were made.
type made struct{ all []thing }

// stripeMade notes something at Stripe.
func (r *run) stripeMade(what, id, stays string, away ...request) {
	r.made.all = append(r.made.all, thing{Left: Left{Vendor: "stripe", What: what, ID: id, Why: stays}, away: away})
}

// intercomMade notes something at Intercom.
func (r *run) intercomMade(what, id, stays string, away ...request) {
	r.made.all = append(r.made.all, thing{Left: Left{Vendor: "intercom", What: what, ID: id, Why: stays}, intercom: true, away: away})
}

// clear takes away what was made, the newest first, and gives what stays: with the
// reason that was known before, or else because it could not be taken away.
func (r *run) clear(ctx context.Context) []Left {
	left := []Left{}
	for _, t := range slices.Backward(r.made.all) {
		send := r.stripeDo
		if t.intercom {
			send = r.intercomDo
		}
		for _, q := range t.away {
			err := send(ctx, q, nil)
			no, answered := errors.AsType[*refused](err)
			if err != nil && (!answered || no.status != http.StatusNotFound && !q.vain) { // what is gone is gone
				t.Why = err.Error()
			}
		}
		if t.Why != "" {
			left = append(left, t.Left)
		}
	}
	return left
}
