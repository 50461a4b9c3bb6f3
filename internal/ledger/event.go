package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// event is one transition as the log keeps it: who, what, from where to where,
// and hashes of everything else. It holds ids and amounts, and no text of
// customers, agents or people; what was written is hashed with the entry's salt.
// Apart from Seq and From it follows from the entry as it then stood, which is
// how Verify compares the two.
type event struct {
	Seq            int64              `json:"seq"`
	At             time.Time          `json:"at"`
	Action         string             `json:"action"`
	Kind           policies.Kind      `json:"kind"`
	From           policies.State     `json:"from,omitempty"`
	To             policies.State     `json:"to"`
	Principal      policies.Principal `json:"principal"`
	Subject        policies.Subject   `json:"subject"`
	RepeatOf       string             `json:"repeat_of,omitempty"`
	Parent         string             `json:"parent,omitempty"`
	InputDigest    string             `json:"input_digest,omitempty"`
	FactsDigest    string             `json:"facts_digest,omitempty"`
	BoundDigest    string             `json:"bound_digest,omitempty"` // of the facts an approval binds
	Decision       *verdict           `json:"decision,omitempty"`     // of a judgement
	DecisionDigest string             `json:"decision_digest"`
	Approver       string             `json:"approver,omitempty"`
	ReceiptDigest  string             `json:"receipt_digest,omitempty"`
	Code           fault.Code         `json:"code,omitempty"`
	Looks          int                `json:"looks,omitempty"`
	FirstSent      time.Time          `json:"first_sent,omitzero"`
	ExpiresAt      time.Time          `json:"expires_at,omitzero"`
	LeaseUntil     time.Time          `json:"lease_until,omitzero"`
	Lease          int64              `json:"lease_ms,omitempty"`
	Expires        int64              `json:"expires_ms,omitempty"`
	Ordinal        int                `json:"ordinal,omitempty"`
	FailureDigest  string             `json:"failure_digest,omitempty"`
	NoteDigest     string             `json:"note_digest,omitempty"`
	Signed         string             `json:"signed,omitempty"` // hash of what a person signed
	Erased         *erased            `json:"erased,omitempty"` // the state stays, and the texts go
}

// erased says who erased the texts of an entry, and what for.
type erased struct {
	By  string `json:"by"`
	For string `json:"for"`
}

// verdict is a decision without its messages.
type verdict struct {
	Effect   policies.Effect `json:"effect"`
	Revision string          `json:"policy_revision"`
	Findings []said          `json:"findings"`
	Need     policies.Need   `json:"need,omitzero"`
}

// said is what one rule said.
type said struct {
	Rule   string          `json:"rule"`
	Effect policies.Effect `json:"effect"`
	Limit  string          `json:"limit,omitempty"`
	Actual string          `json:"actual,omitempty"`
}

// record notes a transition, to be appended when the transaction ends.
func (t *tx) record(from policies.State, r *row) error {
	e, err := r.event()
	if err != nil {
		return err
	}
	e.From, e.Signed = from, r.signed
	t.events = append(t.events, e)
	return nil
}

// judged adds the decision on r to its event that was noted last; what follows from
// that may have been noted behind it.
func (t *tx) judged(r *row) {
	for i := len(t.events) - 1; i >= 0; i-- {
		if t.events[i].Action == r.ID {
			t.events[i].Decision = verdictOf(r.Decision)
			return
		}
	}
}

func verdictOf(d policies.Decision) *verdict {
	v := &verdict{Effect: d.Effect, Revision: d.Revision, Findings: make([]said, len(d.Findings)), Need: d.Need}
	for i, f := range d.Findings {
		v.Findings[i] = said{f.Rule, f.Effect, f.Limit, f.Actual}
	}
	return v
}

// event describes r as it stands.
func (r *row) event() (event, error) {
	decision, err := json.Marshal(r.Decision)
	if err != nil {
		return event{}, fmt.Errorf("encode the decision on %s: %w", r.ID, err)
	}
	failure, err := encodeFailure(r.Failure)
	if err != nil {
		return event{}, fmt.Errorf("encode the failure of %s: %w", r.ID, err)
	}
	e := event{
		At: r.UpdatedAt, Action: r.ID, Kind: r.Kind, To: r.State, Principal: r.Principal, Subject: r.Subject,
		RepeatOf: r.RepeatOf, Parent: r.Parent, Approver: r.Approver, Looks: r.Looks, Ordinal: r.Ordinal,
		FirstSent: r.FirstSent, ExpiresAt: r.ExpiresAt, LeaseUntil: r.leaseUntil,
		Lease: r.Lease.Milliseconds(), Expires: r.Expires.Milliseconds(),
		InputDigest: r.seal("input", r.Input), FactsDigest: r.seal("facts", r.Facts), BoundDigest: r.bound(),
		DecisionDigest: r.seal("decision", decision), ReceiptDigest: digest(r.Receipt),
		FailureDigest: r.seal("failure", []byte(failure)), NoteDigest: r.seal("note", []byte(r.Note)),
	}
	if r.Failure != nil {
		e.Code = r.Failure.Code
	}
	if !r.Kind.MovesMoney() {
		e.Subject.Same = r.sealed("same", r.Subject.Same)
		e.ReceiptDigest = r.seal("receipt", r.Receipt)
	}
	if !r.ErasedAt.IsZero() {
		return e.bare(), nil
	}
	return e, nil
}

// bare is an event without the hashes of what can be erased.
func (e event) bare() event {
	e.InputDigest, e.FactsDigest, e.BoundDigest, e.DecisionDigest, e.FailureDigest, e.NoteDigest = "", "", "", "", "", ""
	if !e.Kind.MovesMoney() {
		e.Subject.Same, e.ReceiptDigest = "", ""
	}
	return e
}

// terse is an event as the first release told it.
func (e event) terse() event {
	e.LeaseUntil, e.Lease, e.Expires, e.Ordinal, e.FailureDigest, e.NoteDigest = time.Time{}, 0, 0, 0, "", ""
	return e
}

// isTerse reports whether an event tells no more than the first release did.
func (e event) isTerse() bool {
	return e.LeaseUntil.IsZero() && e.Lease == 0 && e.Expires == 0 && e.Ordinal == 0 && e.FailureDigest == "" && e.NoteDigest == ""
}

// digest is the SHA-256 of stored bytes, and "" when there are none.
func digest(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
