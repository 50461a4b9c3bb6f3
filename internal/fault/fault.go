// Package fault owns the one error type that may reach an agent, and what an
// error says about effects in the outside world. It never logs and never holds
// a secret in a field that is printed.
package fault

import (
	"errors"
	"fmt"
)

// Code is the machine-readable class of an error.
type Code string

// The codes an agent can meet.
const (
	Invalid     Code = "invalid"      // the call is wrong; correct it and call again
	NotFound    Code = "not_found"    // missing, or not this conversation's: one and the same answer
	Refused     Code = "refused"      // understood and not allowed
	Busy        Code = "busy"         // something else on the same target is under way
	RateLimited Code = "rate_limited" // a vendor asks us to slow down
	Upstream    Code = "upstream"     // a vendor is unreachable, failing or refusing
	Internal    Code = "internal"     // a fault of ours; details are in the log
)

// Took says whether a failed vendor call can have taken effect.
// The zero value is the careful one.
type Took int

// What can have happened.
const (
	Unknown Took = iota // it may have happened
	No                  // it did not happen and will not
	NotYet              // this call did not execute it; the same key may be sent again later
)

// Error is a failure told to an agent: what happened, in which class, and what to do next.
// Cause stays in the log and never reaches the agent.
type Error struct {
	Code      Code   `json:"code"`
	Message   string `json:"message"`
	NextStep  string `json:"next_step,omitempty"`
	RequestID string `json:"request_id,omitempty"` // the vendor's, for its support
	CallID    string `json:"call_id,omitempty"`    // ours, for the operator: lines of the log have it
	Took      Took   `json:"-"`
	Cause     error  `json:"-"`
}

// Error is for logs; agents get the fields.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Invalidf is an error of the caller's that had no effect anywhere.
func Invalidf(next, format string, args ...any) *Error {
	return &Error{Code: Invalid, Message: fmt.Sprintf(format, args...), NextStep: next, Took: No}
}

// TookOf says whether err can have taken effect; an error that does not say may have.
func TookOf(err error) Took {
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Took
	}
	return Unknown
}

// CodeOf is the code of err, Internal for an error that has none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*Error](err); ok {
		return f.Code
	}
	return Internal
}
