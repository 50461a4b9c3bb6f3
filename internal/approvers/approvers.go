// Package approvers owns the roster of the people who approve, and the statements
// that they sign: their exact bytes, and who has signed them. An approval is a
// signature, not a name.
//
// Roster and signatures are in OpenSSH's formats, so that ssh-keygen makes and
// checks them as well. This package never judges an action, never stores anything
// and never speaks over a network: an agent of keys is handed to it.
package approvers

import (
	"errors"
	"fmt"

	"supportmcp/internal/fault"
)

// Namespace is what every signature is made for. One that was made for a file, a
// mail or a commit has another and counts for nothing here.
const Namespace = "supportmcp"

// Purpose is what a signature lets happen.
type Purpose string

// The purposes of statements.
const (
	Approve Purpose = "approve" // an action that waits
	Reject  Purpose = "reject"
	Settle  Purpose = "settle" // an action under review
	Prune   Purpose = "prune"  // texts of the ledger
	Enroll  Purpose = "roster" // another roster
	Policy  Purpose = "policy" // a policy that loosens
)

// Place is the ledger that a statement is about. A signature for one place says
// nothing in another, such as a copy of it for tests.
type Place struct {
	Ledger  string // its id
	Mode    string // sandbox, test or live
	Account string // of Stripe; "" while it could not be told
}

// refused is the error of a signature, a key or a person that does not count.
func refused(next, format string, args ...any) *fault.Error {
	return &fault.Error{Code: fault.Refused, Took: fault.No, Message: fmt.Sprintf(format, args...), NextStep: next}
}

// because adds to a refusal why approvals that are there do not count.
func because(err error, faults []error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || len(faults) == 0 {
		return err
	}
	why, _ := errors.AsType[*fault.Error](faults[0])
	if why == nil {
		return errors.Join(err, faults[0])
	}
	return refused(why.NextStep, "%s; %s", f.Message, why.Message)
}
