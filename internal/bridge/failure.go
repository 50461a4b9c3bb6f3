package bridge

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"supportmcp/internal/fault"
)

// refused is an answer that is no message of the protocol.
type refused struct {
	code  int
	fault *fault.Error
}

// Error implements error.
func (r *refused) Error() string { return r.fault.Error() }

// refusal is what a status and a body without an id say: our own service explains
// itself, and a proxy does not.
func refusal(status int, body []byte) error {
	var told struct {
		Error struct {
			Code    int
			Message string
			Data    fault.Error
		}
	}
	_ = json.Unmarshal(body, &told)
	f := told.Error.Data
	switch {
	case status == http.StatusUnauthorized:
		f = fault.Error{
			Code: fault.Refused, Message: "the service refuses the token",
			NextStep: "ask whoever runs it for a token that is in force, and put it where SUPPORTMCP_TOKEN_FILE names it; it is read again at once",
		}
	case f.Code != "" && f.Message != "":
	case told.Error.Message != "":
		f = fault.Error{Code: fault.Invalid, Message: told.Error.Message, NextStep: "correct the message"}
	default:
		f = fault.Error{
			Code: fault.Upstream, Message: fmt.Sprintf("what answers at the service's address is no supportmcp, or is not ready: status %d", status),
			NextStep: "try again in a few seconds; if it stays, tell whoever runs the service, and compare the address with theirs",
		}
	}
	f.Took = fault.No
	code := told.Error.Code
	if code == 0 {
		code = codeRefused
	}
	return &refused{code: code, fault: &f}
}

// lost is a connection that ended before the answer came.
type lost struct{ cause error }

func unanswered(cause error) error { return &lost{cause} }

// Error implements error.
func (l *lost) Error() string { return "the connection ended before the answer: " + l.cause.Error() }

// Unwrap gives the cause.
func (l *lost) Unwrap() error { return l.cause }

// told is what a client hears of an error.
func (b *bridge) told(err error) *fault.Error {
	if no, ok := errors.AsType[*refused](err); ok {
		return no.fault
	}
	f := &fault.Error{Code: fault.Upstream, Cause: err}
	switch {
	case untrusted(err):
		f.Message, f.NextStep = "the certificate of the service at "+b.URL+" is not trusted", "name the file of its authority in SSL_CERT_FILE, or correct the address"
	case unsent(err):
		f.Message, f.NextStep = "the service at "+b.URL+" is away", "try again in a few seconds; if it stays away, tell whoever runs it"
	default:
		f.Message, f.NextStep = "the connection to the service at "+b.URL+" broke before the answer came", sameAgain
	}
	return f
}

// sameAgain is safe to say, since the ledger answers an equal write with the first
// receipt.
const sameAgain = "ask again with the same arguments: what was done meanwhile is answered with its receipt and not done twice"

func untrusted(err error) bool {
	_, bad := errors.AsType[*tls.CertificateVerificationError](err)
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	return bad || unknown
}
