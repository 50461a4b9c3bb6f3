package tools

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// The types of arguments that several tools take. Each says its own schema.

// digits is what an id of Intercom's conversations looks like.
const digits = `^[0-9]{1,20}$`

type conversationID string

// Schema wants the digits of a conversation's id.
func (conversationID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: digits, Description: "Intercom conversation id (digits)"}
}

type customerID string

// Schema names the customer where several are tied.
func (customerID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: "Stripe customer (cus_...)"}
}

type creditAmount string

// Schema wants an amount with its currency.
func (creditAmount) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: `exact, such as "10.00 EUR"`}
}

type paymentStatus string

// Schema lists Stripe's states of a charge.
func (paymentStatus) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Description: "left out: all", Enum: []any{"succeeded", "failed", "pending"}}
}

type invoiceStatus string

// Schema lists Stripe's states of an invoice.
func (invoiceStatus) Schema() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string", Description: "left out: all"}
	for _, status := range stripe.InvoiceStatuses() {
		s.Enum = append(s.Enum, status)
	}
	return s
}

// day is a date without time, in UTC.
type day string

// Schema wants a date.
func (day) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, Description: "date such as 2026-11-23"}
}

// begin is when the day begins; the zero time for no day.
func (d day) begin(name string) (time.Time, error) {
	if d == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}, fault.Invalidf("give a date such as 2026-11-23", "%s: got %q, want a date", name, string(d))
	}
	return t, nil
}

// unlink takes a conversation's address in the inbox, or its id with the word
// before it, as people copy them, for the id.
func unlink(s *jsonschema.Schema, args map[string]json.RawMessage) {
	const name = "conversation_id"
	var given string
	if s.Properties[name] == nil || json.Unmarshal(args[name], &given) != nil {
		return
	}
	known := regexp.MustCompile(`^(?:conversation[_:]|https://app\.(?:eu\.|au\.)?intercom\.(?:com|io)/[!-~]*/conversations?/)([0-9]{1,20})(?:[/?#][!-~]*)?$`)
	if m := known.FindStringSubmatch(given); m != nil {
		args[name] = json.RawMessage(`"` + m[1] + `"`)
	}
}

type contactID string

// Schema wants the form of Intercom's contact ids.
func (contactID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[0-9a-f]{24}$`, Description: "Intercom contact id (24 hex digits)"}
}

type segmentID string

// Schema wants the form of Intercom's segment ids.
func (segmentID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: `^[0-9a-f]{24}$`, Description: "segment id of list_segments"}
}

type adminID string

// Schema wants the digits of an admin's id.
func (adminID) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: digits, Description: "admin id (digits)"}
}

type messageText string

// Schema wants text that is not empty.
func (messageText) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), Description: "plain text"}
}

type tagNames []string

// Schema wants a few tag names.
func (tagNames) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "array", MaxItems: jsonschema.Ptr(10),
		Items: &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1), MaxLength: jsonschema.Ptr(80)}, Description: "tag names",
	}
}

type refundReason string

// Schema lists Stripe's reasons.
func (refundReason) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Description: "why; never loosens the policy",
		Enum: []any{string(policies.Duplicate), string(policies.RequestedByCustomer), string(policies.Fraudulent)},
	}
}

type desiredState string

// Schema lists Intercom's states.
func (desiredState) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Description: "wanted state",
		Enum: []any{string(policies.Open), string(policies.Closed), string(policies.Snoozed)},
	}
}

// instant reads a time given as text, to the second that Intercom keeps.
func instant(name, text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.Invalidf("give a time such as 2026-12-01T09:00:00Z", "%s: got %q, want an RFC 3339 time", name, text)
	}
	return t.UTC().Truncate(time.Second), nil
}
