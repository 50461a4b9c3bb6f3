package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"supportmcp/policies"
)

func (v *verifier) readApprovals(ctx context.Context, q queryer, s *share) error {
	where, args := s.where(`entry_id`)
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var id string
		var at int64
		var a policies.Approval
		if v.readable("approval", scan(&id, &a.By, &a.Verdict, &at, &a.Note, &a.Statement, &a.Signature)) {
			a.At = fromMillis(at)
			s.approvals[id] = append(s.approvals[id], a)
		}
		return nil
	}, `SELECT entry_id, approver, verdict, at, note, statement, signature FROM approval`+where, args...)
}

func (v *verifier) readActs(ctx context.Context, q queryer, s *share) error {
	where, args := s.where(`id`)
	return eachRow(ctx, q, func(scan func(...any) error) error {
		if a, err := scanAct(scan); v.readable("act", err) {
			s.acts[a.ID] = a
		}
		return nil
	}, selectAct+where, args...)
}

// checkApprovals wants a stored approval for each event that tells of one, and no other.
func (v *verifier) checkApprovals(s *share) {
	for id, events := range s.events {
		for _, told := range events {
			if !told.decides() {
				continue
			}
			var e event
			if err := json.Unmarshal([]byte(told.body), &e); err != nil {
				v.add("event %d (%s) cannot be read", told.Seq, id)
				continue
			}
			s.approvals[id] = v.checkApproval(s.entries[id], s.approvals[id], e)
		}
	}
	for id, left := range s.approvals {
		for range left {
			v.add("no event tells what a person decided on %s", id)
		}
	}
}

// decides reports whether an event may tell what a person decided.
func (e told) decides() bool {
	switch e.From { //nolint:exhaustive // people decide in no other state
	case policies.Awaiting:
		return e.To == policies.Awaiting || e.To == policies.Approved || e.To == policies.Rejected
	case policies.Review:
		return e.To == policies.Done || e.To == policies.Failed
	}
	return false
}

// checkApproval compares an event with the approval that belongs to it, and gives
// those that are left. What settles an action is kept only when it was signed.
func (v *verifier) checkApproval(r *row, given []policies.Approval, e event) []policies.Approval {
	if e.From == policies.Review && e.Signed == "" {
		return given
	}
	verdict := e.To
	if verdict == policies.Awaiting {
		verdict = policies.Approved // more people are needed
	}
	i := slices.IndexFunc(given, func(a policies.Approval) bool { return a.By == e.Approver && a.Verdict == verdict })
	switch {
	case i < 0 && len(given) == 0:
		v.add("event %d tells what a person decided on %s, and the ledger does not have it", e.Seq, e.Action)
		return nil
	case i < 0:
		v.add("what a person decided on %s is not as event %d tells", e.Action, e.Seq)
		return given[1:]
	}
	v.compareApproval(r, given[i], e)
	return slices.Delete(slices.Clone(given), i, i+1)
}

// compareApproval compares an approval with its event. Its note can be compared
// while the texts of its entry are there.
func (v *verifier) compareApproval(r *row, a policies.Approval, e event) {
	if millis(a.At) != millis(e.At) || signed(a.Statement, a.Signature, "") != e.Signed {
		v.add("what a person decided on %s is not as event %d tells", e.Action, e.Seq)
	}
	if r == nil {
		return
	}
	terse := r.salt == "" && e.isTerse()
	noted := e.NoteDigest
	if !r.hasTexts() {
		noted = ""
	}
	if !terse && r.seal("note", []byte(a.Note)) != noted {
		v.add("what a person decided on %s was not noted as event %d tells", e.Action, e.Seq)
	}
	if a.Statement == "" || v.evidence.Approved == nil {
		return
	}
	if err := v.evidence.Approved(r.Entry, a); err != nil {
		v.add("what %s decided on %s: %v", a.By, e.Action, err)
	}
}

// checkActs wants one event for each act, and the act to be what it tells.
func (v *verifier) checkActs(s *share) error {
	for id, a := range s.acts {
		if id != "sig_"+a.Purpose+"_"+strconv.FormatInt(a.Number, 10) {
			v.add("%s is not the id of number %d of what was signed as %s", id, a.Number, a.Purpose)
		}
		events := s.events[id]
		if len(events) != 1 {
			v.add("%s was signed, and %d events tell of it", id, len(events))
			continue
		}
		want := a.event()
		want.Seq = events[0].Seq
		if same, err := encodes(want, events[0].body); err != nil {
			return err
		} else if !same {
			v.add("%s is not as event %d tells", id, want.Seq)
		}
	}
	return nil
}
