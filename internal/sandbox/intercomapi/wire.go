package intercomapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// object is a JSON object as it goes out. A nil value is a real null, which
// Intercom prefers to leaving a key out.
type object map[string]any

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(body)
}

// decode reads the JSON body of a request. Like Intercom it lets unknown keys
// pass; no body at all reads as an empty object.
func decode[T any](r *http.Request) (T, error) {
	var in T
	err := json.NewDecoder(r.Body).Decode(&in)
	if err == nil || errors.Is(err, io.EOF) {
		return in, nil
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return in, invalid(wrong.Field, fmt.Sprintf("%s must not be a JSON %s", wrong.Field, wrong.Value))
	}
	return in, invalid("", "the body is not valid JSON")
}

// looseID is an id as clients send it: a string or a number. Intercom's
// reference says string and its examples send numbers.
type looseID string

// UnmarshalJSON accepts a string, a number or null.
func (id *looseID) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*id = looseID(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(b, &number); err != nil {
		return &json.UnmarshalTypeError{Value: "value of this type", Field: "id"}
	}
	*id = looseID(number)
	return nil
}

// unix is a time in seconds, or null when there is none.
func unix(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Unix()
}

// orNull is a text, or null when there is none.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// numberOrNull is an id as the number some fields want.
func numberOrNull(id string) any {
	if id == "" {
		return nil
	}
	return json.Number(id)
}

// requestIDOf is in the form Intercom uses, and the same in every run.
func requestIDOf(n int64) string { return fmt.Sprintf("5a4db0c5-0000-4000-8000-%012x", n) }
