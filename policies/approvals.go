package policies

import (
	"time"

	"supportmcp/internal/money"
)

// ApprovalRules say who must approve what is left to people, how long they may
// take, and whether somebody must approve that what was done is repeated on purpose.
type ApprovalRules struct {
	Need
	Repeats             Effect
	WithoutConversation Effect // money that is asked for by telephone: Deny or NeedsApproval
	Bands               []Band
	Notes               *NoteRules // nil: no note counts
	HandTo              string     // the team that gets a conversation in which an action on money came to nothing
}

// Need is who must approve an action. The one who asked for it never counts.
type Need struct {
	Role    string        `json:"role,omitempty"`   // "" is any approver
	People  int           `json:"people,omitempty"` // different ones; 0 is one
	Expires time.Duration `json:"-"`                // not approved and executed by then, an action is expired
	// Verified says that the approval must name who verified the caller, since no
	// conversation shows who asks.
	Verified bool `json:"verified,omitempty"`
	// Note says that an internal note suffices, where people otherwise sign. It is told
	// by Decision.Needed.
	Note bool `json:"-"`
}

// Band is a stricter need for larger amounts.
type Band struct {
	Over map[money.Currency]int64 // minor units; the band holds for more than this
	Need
}

// need is what holds for an amount: the largest number of people and the shortest
// time of all bands that it is in, and the role of the last of them that names one.
// What costs nothing, or is in a currency that a band does not list, is in no band.
func (r ApprovalRules) need(cost money.Money) Need {
	n := r.Need
	n.People = max(n.People, 1)
	for _, b := range r.Bands {
		over, ok := b.Over[cost.Currency]
		if !ok || cost.Minor <= over {
			continue
		}
		n.People = max(n.People, b.People)
		if b.Role != "" {
			n.Role = b.Role
		}
		if b.Expires != 0 {
			n.Expires = min(n.Expires, b.Expires)
		}
	}
	return n
}

// expires is how long people may take over an action.
func (r ApprovalRules) expires(a Action) time.Duration {
	if a.Kind() == KindBreaker {
		return forever
	}
	return r.need(a.Subject().Cost).Expires
}
