package intercom

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// text is a string that somebody wrote. It is cleaned while it is decoded, so
// that no field can be forgotten.
type text string

// UnmarshalJSON reads a string or null.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return errors.New("want a string") // without the value: it is a customer's
	}
	*t = text(clean(s))
	return nil
}

// ident is an id. Intercom's reference says string, its answers also hold
// numbers, and null for none.
type ident string

// UnmarshalJSON reads a string, a number or null.
func (i *ident) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	var s string
	if json.Unmarshal(b, &s) == nil {
		*i = ident(clean(s))
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return errors.New("want an id")
	}
	*i = ident(n)
	return nil
}

// moment is a time in Unix seconds; null is no time.
type moment struct{ time.Time }

// UnmarshalJSON reads a whole number or null.
func (m *moment) UnmarshalJSON(b []byte) error {
	var seconds *int64
	if err := json.Unmarshal(b, &seconds); err != nil {
		return errors.New("want a time in whole seconds")
	}
	if seconds != nil && *seconds != 0 {
		m.Time = time.Unix(*seconds, 0).UTC()
	}
	return nil
}
