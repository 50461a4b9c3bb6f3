package access

import (
	"fmt"
	"slices"
	"strings"
)

// Scope is one thing that a caller may be let do, as OAuth spells it.
type Scope string

// The scopes there are.
const (
	BillingRead        Scope = "billing:read"
	BillingRefund      Scope = "billing:refund"
	BillingManage      Scope = "billing:manage" // plans, discounts and credits
	ConversationsRead  Scope = "conversations:read"
	ConversationsWrite Scope = "conversations:write"
	ContactsWrite      Scope = "contacts:write"
	SegmentsWrite      Scope = "segments:write"
	Lookup             Scope = "lookup" // people outside of a conversation
	KnowledgeRead      Scope = "knowledge:read"
)

// Scopes are several scopes.
type Scopes []Scope

// All are all scopes, in the order of the documents.
func All() Scopes {
	return Scopes{BillingRead, BillingRefund, BillingManage, ConversationsRead, ConversationsWrite, ContactsWrite, SegmentsWrite, Lookup, KnowledgeRead}
}

// Reading are the scopes that change nothing and look at nobody outside of a
// conversation: what a client asks for first.
func Reading() Scopes { return Scopes{BillingRead, ConversationsRead, KnowledgeRead} }

// Role is a name for the scopes that an agent of a kind needs.
type Role string

// The roles there are.
const (
	Reader Role = "reader" // reads tickets, billing and documents
	Agent  Role = "agent"  // and answers, and refunds
	Desk   Role = "desk"   // and all the rest
)

// Roles are all roles, from the one that may least.
func Roles() []Role { return []Role{Reader, Agent, Desk} }

// Scopes are those of a role; an unknown one has none.
func (r Role) Scopes() Scopes {
	switch r {
	case Reader:
		return Reading()
	case Agent:
		return Scopes{BillingRead, BillingRefund, ConversationsRead, ConversationsWrite, KnowledgeRead}
	case Desk:
		return All()
	}
	return nil
}

// Any reports whether one of the wanted scopes is held.
func (s Scopes) Any(wanted ...Scope) bool {
	return slices.ContainsFunc(wanted, func(w Scope) bool { return slices.Contains(s, w) })
}

// Known are the scopes among the names, each once and in the order of [All]. What
// is no scope of this server opens nothing.
func Known(names []string) (known Scopes) {
	for _, s := range All() {
		if slices.Contains(names, string(s)) {
			known = append(known, s)
		}
	}
	return known
}

// ParseScopes reads names separated by commas or spaces, and refuses unknown ones.
func ParseScopes(text string) (Scopes, error) {
	names := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	for _, name := range names {
		if !slices.Contains(All(), Scope(name)) {
			return nil, fmt.Errorf("there is no scope %q: use some of %s", name, All())
		}
	}
	return Known(names), nil
}

// String is the scopes as OAuth writes them.
func (s Scopes) String() string {
	names := make([]string, len(s))
	for i, scope := range s {
		names[i] = string(scope)
	}
	return strings.Join(names, " ")
}

// Open reports whether what any of the wanted scopes opens is open. What names none
// is open only to those who hold all.
func (s Scopes) Open(wanted Scopes) bool {
	if len(wanted) == 0 {
		return len(s) == len(All())
	}
	return s.Any(wanted...)
}
