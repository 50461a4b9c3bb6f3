package stripe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
)

// oddAnswer is an answer that is not what Stripe documents. Its text holds
// nothing of the answer's body but codes.
type oddAnswer struct{ what string }

func odd(format string, args ...any) error { return &oddAnswer{fmt.Sprintf(format, args...)} }

func (o *oddAnswer) Error() string { return "Stripe's answer " + o.what }

// readFailed is what a failed read amounts to: a read never takes effect.
func readFailed(what string, err error) error {
	f := explain(what, err)
	f.Took = fault.No
	return fmt.Errorf("read %s: %w", what, f)
}

// refundFailed is what a failed refund of a charge amounts to.
func refundFailed(charge string, err error) error {
	return writeFailed("refund", "charge "+charge, err)
}

// writeFailed is what a failed write amounts to. Where it may have taken effect,
// the next step is to look and not to repeat, whatever went wrong.
func writeFailed(doing, what string, err error) error {
	f := explain(what, err)
	if f.Took = tookOf(err); f.Took != fault.No {
		next := "read it with get_action in a minute; do not repeat it"
		if f.NextStep == operator {
			next += "; " + operator
		}
		f.NextStep = next
	}
	return fmt.Errorf("%s %s: %w", doing, what, f)
}

// tookOf says whether a failed write can have taken effect. 429 and a refused
// key come before Stripe looks at the idempotency key, and 409 means that the
// same key is still being worked on; what is refused otherwise stays refused. A
// 5xx may hide a refund that was made
// (https://docs.stripe.com/api/idempotent_requests).
func tookOf(err error) fault.Took {
	if _, never := errors.AsType[*unsent](err); never {
		return fault.No
	}
	e, ok := errors.AsType[*stripe.Error](err)
	switch {
	case !ok:
		return fault.Unknown
	case e.HTTPStatusCode == http.StatusBadRequest && e.Type == stripe.ErrorTypeIdempotency:
		return fault.Unknown // the key did something once, with other parameters
	}
	switch e.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound:
		return fault.No
	case http.StatusUnauthorized, http.StatusConflict, http.StatusTooManyRequests:
		return fault.NotYet
	}
	return fault.Unknown
}

// explain puts a failure into an agent's words. Of Stripe's own words only
// codes are kept: its messages quote keys and addresses.
func explain(what string, err error) *fault.Error {
	if e, ok := errors.AsType[*stripe.Error](err); ok {
		f := refusal(what, e)
		f.RequestID, f.Cause = word(e.RequestID), brief(e)
		return f
	}
	f := &fault.Error{Code: fault.Upstream, NextStep: "try again in a minute", Cause: harmless(err)}
	_, strange := errors.AsType[*oddAnswer](err)
	_, never := errors.AsType[*unsent](err)
	switch {
	case strange:
		f.Message, f.NextStep = f.Cause.Error(), operator
	case errors.Is(err, context.Canceled):
		f.Message = "the request to Stripe was broken off"
	case timedOut(err):
		f.Message = "Stripe did not answer in time"
	case never:
		f.Message = "Stripe could not be reached"
	default:
		f.Message = "Stripe gave no readable answer"
	}
	return f
}

// brief is an error of Stripe's without its message.
func brief(e *stripe.Error) error {
	s := fmt.Sprintf("stripe answered %d %s", e.HTTPStatusCode, word(string(e.Type)))
	if code := word(string(e.Code)); code != "" {
		s += " " + code
	}
	if param := word(strings.NewReplacer("[", "_", "]", "").Replace(e.Param)); param != "" {
		s += " for parameter " + param
	}
	return errors.New(s)
}

// harmless is the part of an error that is known to hold neither an address nor
// a body: net/url and stripe-go quote both.
func harmless(err error) error {
	if o, ok := errors.AsType[*oddAnswer](err); ok {
		return o
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if c, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return c
	}
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return known
		}
	}
	return errors.New("no readable answer")
}

func timedOut(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// word is s when it is a plain code or id, and "" when it could be anything else.
func word(s string) string {
	if len(s) > 255 || !wordOnly(s) {
		return ""
	}
	return s
}
