package policies

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"supportmcp/internal/money"
)

// Kind names a kind of action; each has one tool and one set of rules.
type Kind string

// The kinds of action.
const (
	KindRefund     Kind = "refund"
	KindCredit     Kind = "credit"
	KindCancel     Kind = "cancel"
	KindKeep       Kind = "keep" // take back a cancellation that is still to come
	KindDiscount   Kind = "discount"
	KindRetry      Kind = "retry" // pay an open invoice again
	KindReply      Kind = "reply"
	KindNote       Kind = "note"
	KindState      Kind = "state"
	KindTag        Kind = "tag"
	KindTagContact Kind = "tag_contact"
	KindAssign     Kind = "assign"
	KindSegment    Kind = "segment"
	KindRevert     Kind = "revert" // of a segment
	KindContact    Kind = "contact"
	KindNewContact Kind = "new_contact"
	KindLink       Kind = "link" // of a contact to a Stripe customer
	KindEvent      Kind = "event"
	KindBreaker    Kind = "breaker"
	KindLookup     Kind = "lookup" // of a customer outside a conversation

	KindBillingSync Kind = "billing_sync"
)

// kinds are all kinds.
func kinds() []Kind {
	return append(moneyKinds(), KindReply, KindNote, KindState, KindAssign, KindTag, KindTagContact, KindSegment, KindRevert, KindBillingSync, KindContact, KindLink, KindNewContact, KindEvent, KindBreaker, KindLookup)
}

// moneyKinds are the kinds that change what somebody pays.
func moneyKinds() []Kind {
	return []Kind{KindCancel, KindCredit, KindDiscount, KindKeep, KindRefund, KindRetry}
}

// Vendor is where an action takes effect.
type Vendor string

// The vendors.
const (
	Stripe   Vendor = "stripe"
	Intercom Vendor = "intercom"
)

// Vendor tells where an action of this kind takes effect; "" is this server itself.
func (k Kind) Vendor() Vendor {
	switch {
	case slices.Contains(moneyKinds(), k):
		return Stripe
	case k == KindBreaker, k == KindLink, k == KindLookup:
		return ""
	}
	return Intercom
}

// MovesMoney reports whether an action of this kind changes what somebody pays.
// Its receipt and its Subject's Same are ids, amounts and Stripe's own words, and
// are needed for as long as it is replayed; those of other kinds may tell of a
// person, and can be erased.
func (k Kind) MovesMoney() bool { return k.Vendor() == Stripe }

// section is the part of the policy file that covers a kind. A kind without a
// section is never allowed.
func (k Kind) section() string {
	switch k {
	case KindRefund, KindCredit, KindDiscount, KindRetry, KindTag, KindSegment, KindContact, KindLookup:
		return string(k)
	case KindCancel, KindKeep:
		return "cancel"
	case KindReply, KindNote, KindState, KindAssign, KindEvent:
		return "reply"
	case KindTagContact:
		return "tag"
	case KindRevert, KindBillingSync:
		return "segment"
	case KindNewContact:
		return "contact"
	case KindLink:
		return "identity"
	case KindBreaker:
	}
	return ""
}

// forever is longer than any ledger lives.
const forever = 100 * 365 * 24 * time.Hour

// ReplayFor is how long asking the same again is answered with the first
// receipt: for ever where money moves and for a plan, which is carried out once, 24
// hours for messages, and not at all for a desired state, which is looked at first
// instead.
func (k Kind) ReplayFor() time.Duration {
	switch k {
	case KindRefund, KindCredit, KindRetry, KindSegment, KindRevert, KindBillingSync:
		return forever
	case KindReply, KindNote:
		return 24 * time.Hour
	case KindState, KindAssign, KindTag, KindTagContact, KindCancel, KindKeep, KindDiscount, KindContact, KindLink, KindNewContact, KindEvent, KindBreaker, KindLookup:
	}
	return 0
}

// repeatFor is how long after the first send the same send is harmless. Stripe
// keeps idempotency keys for at least 24 hours
// (https://docs.stripe.com/api/idempotent_requests); Intercom has none, so a
// message is never sent again, and a contact never made again, since two leads may
// have one address; a desired state can always be set again.
func (k Kind) repeatFor() time.Duration {
	switch k {
	case KindRefund, KindCredit, KindCancel, KindKeep, KindDiscount, KindRetry:
		return 23 * time.Hour
	case KindState, KindAssign, KindTag, KindTagContact, KindSegment, KindRevert, KindBillingSync, KindContact, KindLink, KindEvent, KindBreaker, KindLookup:
		return forever
	case KindReply, KindNote, KindNewContact:
	}
	return 0
}

// lost is the state of an action that was looked for and never found: money
// waits for a person, a message counts as not delivered.
func (k Kind) lost() State {
	if k == KindReply || k == KindNote {
		return Failed
	}
	return Review
}

// Subject is all that guard and ledger must know of any action, whatever its kind.
type Subject struct {
	Conversation string      `json:"conversation,omitempty"` // with Customer, Person and Charge: the scopes of budgets
	Contact      string      `json:"contact,omitempty"`
	Customer     string      `json:"customer,omitempty"`
	Person       string      `json:"person,omitempty"` // customers and card fingerprints, sorted, separated by spaces
	Charge       string      `json:"charge,omitempty"`
	Exclusive    string      `json:"exclusive,omitempty"` // at most one action in flight per value; "" is no limit
	Same         string      `json:"same,omitempty"`      // identity as asked, before resolving; "" is never a repeat
	Cost         money.Money `json:"cost,omitzero"`       // zero: moves no money
}

// Action is a proposed change as resolved facts: plain JSON without clocks or
// ages, so that the same world gives the same bytes. It is sealed: a kind of
// action without rules does not compile.
type Action interface {
	Kind() Kind
	Subject() Subject
	// binds are the facts that an approval is bound to: all but traits, which the
	// policy looks at again.
	binds() any
	// traits are what the when rules of its section look at.
	traits() Traits
	// asks is what the action's rules must know of the ledger, besides budgets.
	asks() []Query
	// judge applies every rule of the action's kind. It is pure, and all rules always run.
	// The snapshot's usage answers asks.
	judge(*Policy, Snapshot) []Finding
}

// Digest binds an approval to exactly the facts that the person saw.
func Digest(a Action) (string, error) {
	b, err := encode(a.binds())
	if err != nil {
		return "", err
	}
	return digest(string(a.Kind()), string(b)), nil
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}
