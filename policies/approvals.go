package policies

import "time"

// Need is who must approve an action. The one who asked for it never counts.
type Need struct {
	Role    string        `json:"role,omitempty"`   // "" is any approver
	People  int           `json:"people,omitempty"` // different ones; 0 is one
	Expires time.Duration `json:"-"`                // not approved and executed by then, an action is expired
}
