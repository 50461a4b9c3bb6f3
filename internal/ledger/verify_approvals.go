package ledger

import (
	"context"
	"encoding/json"

	"supportmcp/policies"
)

// approval is what a person decided, as it is stored.
type approval struct {
	entry    string
	verdict  policies.State
	approver string
	at       int64
	signed   bool
}

func (v *verifier) readApprovals(ctx context.Context, q queryer, s *share) error {
	where, args := s.where(`entry_id`)
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var a approval
		if v.readable("approval", scan(&a.entry, &a.verdict, &a.approver, &a.at, &a.signed)) {
			s.approvals[a.entry] = a
		}
		return nil
	}, `SELECT entry_id, verdict, approver, at, signature IS NOT NULL FROM approval`+where, args...)
}

// checkApprovals wants a stored approval for each event that tells of one, and no other.
func (v *verifier) checkApprovals(s *share) {
	for id, r := range s.entries {
		if _, decided := s.approvals[id]; !decided && r.remark != "" {
			v.add("no event tells what a person noted on %s", id)
		}
	}
	for id, events := range s.events {
		for _, e := range events {
			if e.From != policies.Awaiting || e.To != policies.Approved && e.To != policies.Rejected {
				continue
			}
			if a, ok := s.approvals[id]; ok {
				v.checkApproval(s.entries[id], a, e)
			} else {
				v.add("event %d tells what a person decided on %s, and the ledger does not have it", e.Seq, id)
			}
			delete(s.approvals, id)
		}
	}
	for id := range s.approvals {
		v.add("no event tells what a person decided on %s", id)
	}
}

// checkApproval compares an approval with its event. Its note can be compared
// while the texts of its entry are there.
func (v *verifier) checkApproval(r *row, a approval, told told) {
	var e event
	if err := json.Unmarshal([]byte(told.body), &e); err != nil {
		v.add("event %d (%s) cannot be read", told.Seq, a.entry)
		return
	}
	if a.verdict != e.To || a.approver != e.Approver || a.at != millis(e.At) {
		v.add("what a person decided on %s is not as event %d tells", a.entry, e.Seq)
	}
	terse := r != nil && r.salt == "" && e.isTerse()
	if r != nil && r.hasTexts() && !terse && r.seal("note", []byte(r.remark)) != e.NoteDigest {
		v.add("what a person decided on %s was not noted as event %d tells", a.entry, e.Seq)
	}
	if a.signed {
		v.add("what a person decided on %s has a signature, and this release makes none", a.entry)
	}
}
