package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// checkEvents recomputes the leaf of every event and follows every entry from
// state to state.
func (v *verifier) checkEvents() error {
	return v.each(`SELECT seq, entry_id, body FROM event ORDER BY seq`, func(scan func(...any) error) error {
		var seq int64
		var action, body string
		if err := scan(&seq, &action, &body); err != nil {
			return err
		}
		for ; v.report.Events < seq; v.report.Events++ {
			v.report.add("event %d is missing", v.report.Events)
		}
		v.report.Events = seq + 1
		if tlog.RecordHash([]byte(body)) != v.nodes[tlog.StoredHashIndex(0, seq)] {
			v.report.add("event %d (%s) is not what was recorded", seq, action)
		}
		var e event
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			v.report.add("event %d (%s) cannot be read", seq, action)
			return nil
		}
		v.follow(seq, action, e)
		return nil
	})
}

func (v *verifier) follow(seq int64, action string, e event) {
	if e.Seq != seq || e.Action != action {
		v.report.add("event %d (%s) says that it is event %d of %s", seq, action, e.Seq, e.Action)
	}
	before := v.last[action]
	if before.To != e.From {
		v.report.add("event %d finds %s in state %q, where the event before it left %q", seq, action, e.From, before.To)
	}
	if e.Erased != nil {
		v.erase(seq, action, e)
		return
	}
	if e.Decision == nil {
		e.Decision = before.Decision
	}
	v.last[action] = e
}

// erase notes an erasure, which leaves the entry in its state, for good and once.
func (v *verifier) erase(seq int64, action string, e event) {
	if e.To != e.From || !e.To.Final() {
		v.report.add("event %d erases the texts of %s on its way from %q to %q", seq, action, e.From, e.To)
	}
	if before, again := v.erased[action]; again {
		v.report.add("event %d erases the texts of %s, and so does event %d", seq, action, before.Seq)
	}
	v.erased[action] = e
}

// checkEntries compares every entry with the last event that tells of it.
func (v *verifier) checkEntries() error {
	err := v.each(selectEntry+` ORDER BY id`, func(scan func(...any) error) error {
		r, err := scanRow(scan)
		if err != nil {
			v.report.add("an entry cannot be read: %v", err)
			return nil
		}
		v.report.Entries++
		told, ok := v.last[r.ID]
		delete(v.last, r.ID)
		if !ok {
			v.report.add("%s is in the ledger, and no event tells of it", r.ID)
			return nil
		}
		v.checkTexts(r)
		return v.compare(r, told)
	})
	for id, told := range v.last {
		v.report.add("event %d tells of %s, which is not in the ledger", told.Seq, id)
	}
	return err
}

// checkTexts wants the texts of an entry to be there exactly until an event says
// that they were erased.
func (v *verifier) checkTexts(r *row) {
	told, gone := v.erased[r.ID]
	switch {
	case gone:
		v.report.Erased++
		if r.kept.there {
			v.report.add("event %d erased the texts of %s, and they are there", told.Seq, r.ID)
		}
		if !told.At.Equal(r.ErasedAt) {
			v.report.add("%s says that its texts were erased at %s, and event %d says at %s", r.ID, r.ErasedAt, told.Seq, told.At)
		}
	case !r.kept.there || !r.ErasedAt.IsZero():
		v.report.add("the texts of %s are gone, and no event tells of it", r.ID)
	}
}

func (v *verifier) compare(r *row, told event) error {
	stands, err := r.event()
	if err != nil {
		return err
	}
	stands.Seq, stands.From = told.Seq, told.From
	if told.Decision != nil { // it was judged
		stands.Decision = verdictOf(r.Decision)
	}
	if !r.kept.there {
		stands, told = stands.bare(), told.bare()
	}
	differ, err := differences(stands, told)
	if len(differ) > 0 {
		v.report.add("%s is not as event %d left it: %s", r.ID, told.Seq, differ)
	}
	return err
}

// bare is an event without the hashes of what can be erased.
func (e event) bare() event {
	e.InputDigest, e.FactsDigest, e.BoundDigest, e.DecisionDigest = "", "", "", ""
	if !e.Kind.MovesMoney() {
		e.Subject.Same, e.ReceiptDigest = "", ""
	}
	return e
}

// differences names the fields in which two events differ.
func differences(a, b event) (string, error) {
	left, err := fields(a)
	if err != nil {
		return "", err
	}
	right, err := fields(b)
	if err != nil {
		return "", err
	}
	maps.DeleteFunc(left, func(name string, value string) bool {
		same := right[name] == value
		if same {
			delete(right, name)
		}
		return same
	})
	maps.Copy(left, right)
	return strings.Join(slices.Sorted(maps.Keys(left)), ", "), nil
}

// fields gives each field of an event as JSON text.
func fields(e event) (map[string]string, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, fmt.Errorf("read an event back: %w", err)
	}
	out := make(map[string]string, len(raw))
	for name, value := range raw {
		out[name] = string(value)
	}
	return out, nil
}
