package policies

import (
	"context"
	"encoding/json"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// Principal is the caller an action is recorded for.
type Principal string

// State is where an entry stands.
type State string

// The states of an entry; docs/architecture.md shows the ways between them.
const (
	Denied    State = "denied"
	Awaiting  State = "awaiting_approval"
	Approved  State = "approved"  // or queued behind another action
	Executing State = "executing" // counted, and perhaps already sent
	Done      State = "done"
	Failed    State = "failed"
	InDoubt   State = "unknown" // sent, and nobody knows what became of it
	Review    State = "review"  // unknown, looked for and not found: a person settles it
	Rejected  State = "rejected"
	Expired   State = "expired"
	Stale     State = "stale" // approved, but the facts or the policy changed
)

// Live entries answer an equal request instead of a new one.
func (s State) Live() bool { return s == Awaiting || s == Approved || s.InFlight() }

// InFlight entries may have taken effect and keep their target to themselves.
func (s State) InFlight() bool { return s == Executing || s == InDoubt || s == Review }

// Final entries stay as they are, unless a vendor turns out to have done them.
func (s State) Final() bool { return !s.Live() }

// Counts reports whether entries in this state use up budgets.
func (s State) Counts() bool { return s.InFlight() || s == Done }

// Snapshot is what a judgement sees of the ledger, all read in one transaction.
type Snapshot struct {
	Now   time.Time
	Usage []Usage // one per Query, in the same order
	// Waiting is how many actions of the conversation wait for a person.
	Waiting int64
	// Denied is when the newest actions of the conversation and of its contact were
	// denied, in no order.
	Denied []time.Time
	// BreakerOpen says that the breaker has tripped and nobody has released it.
	BreakerOpen bool
	// Receipts are the amounts that Reads.Receipts asked for: refunded, also with a
	// cancellation.
	Receipts []money.Money
	// Credits are those of the same conversation that come off invoices to come:
	// credits, and what discounts are worth.
	Credits []money.Money
	// MayRepeat says that the request repeats a done action on purpose, and that
	// the policy wants nobody asked about that. The ledger leaves it alone.
	MayRepeat bool
}

// Reads is what must be read before judging; known before any lock is taken.
type Reads struct {
	Queries      []Query
	Conversation string        // whose waiting and denied actions are read; "" for none
	Contact      string        // whose denied actions in other conversations are read; "" for none
	Denials      int           // how many denied actions are read at most, of each
	DeniedWithin time.Duration // and how old they may be
	Breaker      bool          // whether the breaker is open is read
	Receipts     string        // a conversation whose done refunds and credits are read; "" for none
}

// Draft is an entry to be: all that Begin needs, without the Go type of the action.
type Draft struct {
	Kind      Kind
	Principal Principal
	Subject   Subject
	Input     json.RawMessage // as asked, without dry_run and repeat_of; proposes the action again
	Facts     json.RawMessage // the action
	Digest    string          // of the facts an approval binds
	RepeatOf  string          // the entry this one repeats on purpose
	Parent    string          // the entry this one follows
	Reads     Reads
	Mark      Mark          // taken before the facts were read
	DryRun    bool          // judge as if, and record nothing
	Lease     time.Duration // how long the performer has before others may look after the entry
	Expires   time.Duration // how long an approval may take
	// Unapproved, for Resume, lets no approval count, whatever the ledger holds.
	Unapproved bool
}

// Settlement ends an attempt.
type Settlement struct {
	State   State           // Done, Failed, InDoubt or Review
	Receipt json.RawMessage // of Done
	Failure *fault.Error    // of the others
	Looked  bool            // of InDoubt: the vendor has answered that it does not have it
	Follow  []Draft         // queued in the same transaction
	By      string          // the person who settles what is under review; "" is a program
	Note    string          // that person's

	Statement, Signature string // what that person signed; "" without a roster
}

// Adoption is what a vendor has done and the ledger may have lost.
type Adoption struct {
	ID       string
	Drafts   []Draft // what it may have been asked for as
	Decision Decision
	Receipt  json.RawMessage
	At       time.Time // when the vendor did it
}

// Entry is one recorded action.
type Entry struct {
	Draft
	ID        string // also the vendor's idempotency key
	Ordinal   int    // among entries of the same identity
	State     State
	Decision  Decision
	Receipt   json.RawMessage
	Failure   *fault.Error
	Bound     string // the digest as statements tell it: hashed with the entry's salt, so that it tells nothing when the salt is gone
	Approver  string // the last one, or the person who settled it
	Note      string // the approver's, or of the person who settled it
	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time // of an approval
	FirstSent time.Time // when the vendor could first have seen it
	Looks     int       // how often the vendor has answered that it does not have it
	// ErasedAt is when Input, Facts, Digest, Note, all messages and, unless money
	// moved, Receipt were erased; zero: they are there.
	ErasedAt time.Time
}

// Due names what the worker asks for.
type Due int

// What can be due.
const (
	DueApproved Due = iota // approved by a person or queued as a follow-up
	DueLapsed              // executing or unknown, and nobody's lease holds
)

// Mark is a point in the ledger's history; the zero value is none.
type Mark int64

// Ledger records every decision before it takes effect. Its methods are safe for
// concurrent use by any number of processes, and hold no network call inside a
// transaction.
type Ledger interface {
	// Read answers queries without recording anything.
	Read(ctx context.Context, r Reads) (Snapshot, error)

	// Mark is the present point in the ledger's history, to be taken before facts are read.
	Mark(ctx context.Context) (Mark, error)

	// Begin records a draft in one transaction: an equal live or done entry is
	// returned as replayed; otherwise usage is read, judge is called (it is pure
	// and may be called again) and the entry is recorded in the state Next says.
	// When another entry holds the draft's Exclusive value, or one with the same
	// value has become Done since the draft's Mark, so that its facts are old, the
	// error's code is fault.Busy and nothing is recorded; reading the facts again
	// helps only if its Took is fault.NotYet. A wrong RepeatOf is fault.Invalid. For a dry run all this is
	// answered and nothing recorded.
	Begin(ctx context.Context, d Draft, judge func(Snapshot) Decision) (e Entry, replayed bool, err error)

	// Resume judges an approved entry anew on the facts of d, which must carry the
	// digest that was approved; otherwise the entry becomes Stale. A follow-up,
	// which nobody has approved yet, is judged like a new action instead: it can be
	// Denied or Awaiting. ok is false when the entry was not Approved any more: it is
	// returned as it stands, and whoever made it Executing performs it. Busy as for
	// Begin.
	Resume(ctx context.Context, id string, d Draft, judge func(Snapshot) Decision) (e Entry, ok bool, err error)

	// Claim takes over an entry whose lease has lapsed, makes it InDoubt and holds
	// it for lease. ok is false when there is nothing to take.
	Claim(ctx context.Context, id string, lease time.Duration) (e Entry, ok bool, err error)

	// Settle ends an attempt. The first settlement of an entry wins; a later one
	// gets the entry as it stands. What is in doubt after the first attempt may be
	// claimed at once; what stays in doubt keeps its lease. A person settles only
	// what is in Review and what somebody else asked for; anything else is
	// fault.Refused.
	Settle(ctx context.Context, id string, s Settlement) (Entry, error)

	// Adopt records as Done what a vendor has done under an id of this ledger that
	// the ledger does not count: it has lost the entry, or holds it as it was
	// before. The id must be that of one of the drafts; otherwise the error's code
	// is fault.Invalid. adopted is false when the entry counts already, which then
	// stays as it is.
	Adopt(ctx context.Context, a Adoption) (e Entry, adopted bool, err error)

	// Approvals reads what people decided on an entry, oldest first. Whether it
	// counts, Approvers knows.
	Approvals(ctx context.Context, id string) ([]Approval, error)

	// Entry reads one entry; an unknown id is fault.NotFound.
	Entry(ctx context.Context, id string) (Entry, error)

	// Links are the customers that a contact is linked to by done entries of
	// KindLink, as [Linked] tells.
	Links(ctx context.Context, contact string) ([]string, error)

	// Due lists at most n entries that are due, oldest first. It also expires what
	// waited too long for a person.
	Due(ctx context.Context, what Due, n int) ([]Entry, error)
}

// Next is the state that a judgement leads to.
func Next(d Decision, approved bool) State {
	switch {
	case d.Effect == Allow, d.Effect == NeedsApproval && approved:
		return Executing
	case approved:
		return Stale
	case d.Effect == NeedsApproval:
		return Awaiting
	}
	return Denied
}
