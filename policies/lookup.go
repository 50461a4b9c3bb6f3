package policies

import "time"

// LookupRules is the lookup section of a policy: looking for customers outside a
// conversation.
type LookupRules struct {
	Customers    int64 // different ones that one principal may look at in Window
	Window       time.Duration
	PersonalData PersonalData
}

// PersonalData is how much of a customer's name, address and e-mail is shown.
type PersonalData string

// The levels.
const (
	NoPersonalData     PersonalData = "none"
	MaskedPersonalData PersonalData = "masked" // m…@example.com
	FullPersonalData   PersonalData = "full"
)
