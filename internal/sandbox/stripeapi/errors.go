package stripeapi

import (
	"fmt"
	"net/http"
	"strings"
)

// The types of Stripe's errors. See https://docs.stripe.com/api/errors.
const (
	invalidRequest = "invalid_request_error"
	idempotency    = "idempotency_error"
	apiTrouble     = "api_error"
	cardTrouble    = "card_error"
)

// apiError is a refusal in Stripe's form.
type apiError struct {
	Status  int    // of HTTP
	Type    string // such as "invalid_request_error"
	Code    string // "" where Stripe gives none
	Message string
	Param   string // the parameter at fault
	Charge  string // the charge at fault
	Decline string // the bank's reason
	Limited string // which rate limit was met
}

// invalid is a refusal of one parameter.
func invalid(code, param, format string, args ...any) *apiError {
	return &apiError{
		Status: http.StatusBadRequest, Type: invalidRequest, Code: code, Param: param,
		Message: fmt.Sprintf(format, args...),
	}
}

// missing is the answer to an id that names nothing: 404 for the object that
// was asked for, 400 for one that a parameter refers to.
func missing(status int, noun, id, param string) *apiError {
	e := invalid("resource_missing", param, "No such %s: '%s'", noun, id)
	e.Status = status
	return e
}

// refuse is the answer that carries e.
func refuse(e *apiError, request string) answer {
	o := object{
		"type":            e.Type,
		"message":         e.Message,
		"request_log_url": "https://dashboard.stripe.com/test/logs/" + request,
	}
	for name, v := range map[string]string{"code": e.Code, "param": e.Param, "charge": e.Charge, "decline_code": e.Decline} {
		if v != "" {
			o[name] = v
		}
	}
	if e.Code != "" {
		o["doc_url"] = "https://stripe.com/docs/error-codes/" + strings.ReplaceAll(e.Code, "_", "-")
	}
	return answer{status: e.Status, body: encode(object{"error": o}), request: request, limited: e.Limited}
}

// fail writes the answer of a fault that the desk plays. Status 423 stands for
// Stripe's other 429, the one of an object locked by somebody else's request.
// See https://docs.stripe.com/rate-limits.
func (s *Server) fail(w http.ResponseWriter, status int) {
	e := &apiError{
		Status: status, Type: apiTrouble,
		Message: "An unknown error occurred while processing your request.",
	}
	switch status {
	case http.StatusTooManyRequests:
		e = &apiError{
			Status: status, Type: invalidRequest, Code: "rate_limit",
			Message: "Request rate limit exceeded. Slow down and try again.",
		}
		w.Header().Set("Stripe-Rate-Limited-Reason", "global-rate")
	case http.StatusLocked:
		e = &apiError{
			Status: http.StatusTooManyRequests, Type: invalidRequest, Code: "lock_timeout",
			Message: "This object is being accessed by another request. Try again in a moment.",
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := refuse(e, s.nextRequest())
	ex := w.(*exchange) // the desk writes to what exchanging gave it
	ex.overwrite(a)
	s.send(w, ex.request, a)
}
