package ledger

import (
	"errors"
	"fmt"

	"supportmcp/internal/fault"
)

// uncommitted is an error of COMMIT itself: unless the database says that it
// rolled back, nobody knows whether the transaction took place.
type uncommitted struct{ error }

func (u uncommitted) Unwrap() error { return u.error }

// explain makes an error of the database one that an agent and an operator can
// act on.
func (l *Ledger) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fmt.Errorf("%s: %w", doing, err)
	}
	f := &fault.Error{
		Code: fault.Internal, Took: fault.No, Cause: fmt.Errorf("%s: %w", doing, err),
		Message: "the ledger cannot be used, so nothing is allowed", NextStep: "try again in a minute, then tell the operator of this server",
	}
	message, next := l.engine.diagnose(err)
	if message != "" {
		f.Message, f.NextStep = message, next
	}
	if _, ok := errors.AsType[uncommitted](err); ok && !l.engine.transient(err) {
		unconfirmed(f, message, next)
	}
	return f
}

// unconfirmed is an error of COMMIT, with its cause where that is known.
func unconfirmed(f *fault.Error, message, next string) {
	f.Took, f.Message = fault.Unknown, "the ledger did not confirm whether this was recorded"
	f.NextStep = "ask again in a minute: what was recorded is answered, not done twice"
	if message != "" {
		f.Message += ": " + message
		f.NextStep = next + "; then " + f.NextStep
	}
}

// refused is an error about what is understood and not allowed.
func refused(next, format string, args ...any) *fault.Error {
	return &fault.Error{Code: fault.Refused, Took: fault.No, Message: fmt.Sprintf(format, args...), NextStep: next}
}
