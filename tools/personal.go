package tools

import (
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// noLookup is the answer where the policy lets nobody look for customers.
func noLookup() error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Message: `the policy has no section "lookup", so customers are read through conversations only`,
		NextStep: "read the conversation of this customer, or hand it to a person",
	}
}

// shownEmail is what a level shows of an address: masked is enough to recognise
// it, and too little to write to it.
func shownEmail(email string, level policies.PersonalData) string {
	name, host, ok := strings.Cut(email, "@")
	switch {
	case level == policies.FullPersonalData:
		return email
	case level != policies.MaskedPersonalData || !ok || name == "":
		return ""
	}
	return string([]rune(name)[0]) + "***@" + host
}

// shownName is what a level shows of a name: masked is the first name with the
// initial of the last.
func shownName(name string, level policies.PersonalData) string {
	words := strings.Fields(name)
	switch {
	case level == policies.FullPersonalData:
		return name
	case level != policies.MaskedPersonalData || len(words) == 0:
		return ""
	case len(words) == 1:
		return words[0]
	}
	return words[0] + " " + string([]rune(words[len(words)-1])[0]) + "."
}
