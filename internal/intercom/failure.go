package intercom

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"supportmcp/internal/fault"
)

// What an agent can do next.
const (
	askOperator = "tell the operator of this server; repeating will not help"
	tryLater    = "try again in a minute; if it goes on, hand the conversation to a person"
	inDoubt     = "it may have taken effect; read the conversation before anything else and do not repeat it"
)

// failure is how one class of failed calls is told.
type failure struct {
	code    fault.Code
	message string
	next    string
}

// explain tells a status in our words. Intercom's list of error codes is open,
// so the status decides and the code is only quoted
// (https://developers.intercom.com/docs/references/rest-api/errors/http-responses).
func explain(status int) failure {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return failure{fault.Invalid, "Intercom rejected a value", "correct the call; the same call will be rejected again"}
	case http.StatusUnauthorized:
		return failure{fault.Upstream, "Intercom does not accept this server's access token", askOperator}
	case http.StatusPaymentRequired, http.StatusForbidden:
		return failure{fault.Upstream, "the Intercom plan or the access token's permissions do not include this", askOperator}
	case http.StatusNotFound:
		return failure{fault.NotFound, "Intercom has nothing under this id", "check the id; take it from an earlier answer"}
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return failure{fault.Upstream, "Intercom took too long", tryLater}
	case http.StatusConflict:
		return failure{fault.Busy, "Intercom reports a conflict with another change", "read the conversation again, then decide anew"}
	case http.StatusGone:
		return failure{fault.NotFound, "this was merged or deleted in Intercom", "read the conversation again for the present id"}
	case http.StatusTooManyRequests:
		return failure{fault.RateLimited, "Intercom asks to slow down", tryLater}
	}
	if status >= 500 {
		return failure{fault.Upstream, "Intercom is failing", tryLater}
	}
	return failure{fault.Upstream, "Intercom gave an answer that this server does not expect", askOperator}
}

// took is what a status says about effects. Only a refusal is sure to have had none.
func (q call) took(status int) fault.Took {
	switch {
	case q.reads():
		return fault.No
	case status == http.StatusTooManyRequests:
		return fault.NotYet
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return fault.No
	}
	return fault.Unknown
}

// refused is the error of an answer that is not a success.
func (q call) refused(a answer) error {
	return q.fail(explain(a.status), a, q.took(a.status), Status(a.status))
}

// Status is the HTTP status of a refusal, as a cause inside the errors of this package.
type Status int

// Error names the status.
func (s Status) Error() string { return fmt.Sprintf("intercom answered %d", int(s)) }

// held is the error of a call that was never sent, because the allowance did not
// come back before the caller's time ran out.
func (q call) held(err error) error {
	return q.fail(failure{fault.RateLimited, "Intercom's rate limit left no room in time", tryLater}, answer{}, fault.No, err)
}

// unanswered is the error of a call without an answer.
func (q call) unanswered(err error, sent bool) error {
	f := failure{fault.Upstream, "the connection to Intercom broke", tryLater}
	if !sent {
		f.message = "Intercom cannot be reached"
	}
	if isTimeout(err) {
		f.message = "Intercom took too long"
	}
	took := fault.Unknown
	if !sent || q.reads() {
		took = fault.No
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return q.fail(f, answer{}, took, err)
}

// unreadable is the error of a success that cannot be read. It says nothing about
// what a write has done.
func (q call) unreadable(a answer, err error) error {
	return q.fail(failure{fault.Upstream, "Intercom's answer could not be read", askOperator}, a, q.took(a.status), err)
}

func isTimeout(err error) bool {
	n, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && n.Timeout()
}

// fail is the one place where a failed call becomes an error.
func (q call) fail(f failure, a answer, took fault.Took, cause error) error {
	list := parseErrors(a)
	e := &fault.Error{
		Code: f.code, Message: q.what + ": " + f.message + list.detail(a.status), NextStep: f.next,
		RequestID: list.requestID, Took: took, Cause: cause,
	}
	if took == fault.Unknown {
		e.NextStep = inDoubt
	}
	return e
}

// errorList is what we keep of an error.list. Intercom's own messages are left
// out: they can repeat what was sent.
type errorList struct{ requestID, code, field string }

// parseErrors reads as much as there is: an answer may come from a proxy, too.
func parseErrors(a answer) errorList {
	list := errorList{requestID: word(a.header.Get("X-Request-Id"))}
	var wire struct {
		RequestID any `json:"request_id"`
		Errors    []struct {
			Code  any `json:"code"`
			Field any `json:"field"`
		} `json:"errors"`
	}
	if a.ok() || json.Unmarshal(a.body, &wire) != nil {
		return list
	}
	list.requestID = cmp.Or(word(wire.RequestID), list.requestID)
	if len(wire.Errors) > 0 {
		list.code, list.field = word(wire.Errors[0].Code), word(wire.Errors[0].Field)
	}
	return list
}

// word passes what looks like a code, a field or an id, and nothing else.
func word(v any) string {
	if s, ok := v.(string); ok && made(s, 1, 64, plainWord) {
		return s
	}
	return ""
}

func (l errorList) detail(status int) string {
	if status == 0 {
		return ""
	}
	d := fmt.Sprintf("status %d", status)
	if l.code != "" {
		d += ", " + l.code
	}
	if l.field != "" {
		d += ", field " + l.field
	}
	return " (" + d + ")"
}
