package tools

import (
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/fault"
)

// day is a date such as 2026-01-31.
type day string

// Schema describes a day.
func (day) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: "only what was in force on this day, such as 2026-01-31"}
}

func (d day) time() (time.Time, error) {
	if d == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return t, fault.Invalidf("give a day such as 2026-01-31, or leave as_of out", "as_of: got %q", d)
	}
	return t, nil
}
