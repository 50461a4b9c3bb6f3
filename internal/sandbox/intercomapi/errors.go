package intercomapi

import (
	"errors"
	"fmt"
	"net/http"
)

// refusal is an answer other than 200, in Intercom's terms
// (https://developers.intercom.com/docs/references/rest-api/errors/http-responses).
type refusal struct {
	status    int
	code      string
	message   string
	field     string // the parameter that is wrong, if one is
	canonical string // path of the contact that took a merged one's place
}

func (e *refusal) Error() string { return fmt.Sprintf("%d %s: %s", e.status, e.code, e.message) }

func notFound(message string) error {
	return &refusal{status: http.StatusNotFound, code: "not_found", message: message}
}

func missing(field string) error {
	return &refusal{
		status: http.StatusBadRequest, code: "parameter_not_found", field: field,
		message: field + " is required",
	}
}

func invalid(field, message string) error {
	return &refusal{status: http.StatusBadRequest, code: "parameter_invalid", field: field, message: message}
}

func noConversation() error { return notFound("Resource Not Found") }

func noContact() error { return notFound("User Not Found") }

func noAdmin() error {
	return &refusal{status: http.StatusNotFound, code: "admin_not_found", message: "Admin for admin_id not found"}
}

func noAssignee(code string) error {
	return &refusal{status: http.StatusNotFound, code: code, message: "Assignee not found", field: "assignee_id"}
}

func noTag() error {
	return &refusal{status: http.StatusNotFound, code: "tag_not_found", message: "Tag not found"}
}

func conflict(message string) error {
	return &refusal{status: http.StatusConflict, code: "conflict", message: message}
}

func merged(into string) error {
	return &refusal{
		status: http.StatusGone, code: "contact_merged", canonical: "/contacts/" + into,
		message: "This contact has been merged. See the 'Link' header for the canonical contact.",
	}
}

func unauthorized() error {
	return &refusal{status: http.StatusUnauthorized, code: "unauthorized", message: "Access Token Invalid"}
}

func unknownVersion() error {
	return &refusal{
		status: http.StatusBadRequest, code: "intercom_version_invalid",
		message: "The requested version could not be found",
	}
}

func rateLimited() error {
	return &refusal{
		status: http.StatusTooManyRequests, code: "rate_limit_exceeded",
		message: "Exceeded rate limit for this app",
	}
}

// faulty is the error that goes with a status the Desk was told to answer.
func faulty(status int) error {
	switch status {
	case http.StatusTooManyRequests:
		return rateLimited()
	case http.StatusUnauthorized:
		return unauthorized()
	case http.StatusForbidden:
		return &refusal{status: status, code: "api_plan_restricted", message: "Active subscription needed."}
	case http.StatusRequestTimeout:
		return &refusal{status: status, code: "request_timeout", message: "Request Timeout"}
	case http.StatusServiceUnavailable:
		return &refusal{status: status, code: "service_unavailable", message: "Service Unavailable"}
	}
	if status < http.StatusInternalServerError {
		return &refusal{status: status, code: "client_error", message: http.StatusText(status)}
	}
	return &refusal{status: status, code: "server_error", message: "Server Error"}
}

// refuse answers with an error.list. An error that is no refusal is a defect of
// the sandbox and shows as a 500.
func refuse(w http.ResponseWriter, requestID string, err error) {
	e, ok := errors.AsType[*refusal](err)
	if !ok {
		e = &refusal{status: http.StatusInternalServerError, code: "server_error", message: err.Error()}
	}
	if e.canonical != "" {
		w.Header().Set("Link", fmt.Sprintf("<%s>; rel=%q", e.canonical, "canonical"))
	}
	one := object{"code": e.code, "message": e.message}
	if e.field != "" {
		one["field"] = e.field
	}
	write(w, e.status, object{"type": "error.list", "request_id": requestID, "errors": []object{one}})
}
