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
	if before := v.last[action].To; before != e.From {
		v.report.add("event %d finds %s in state %q, where the event before it left %q", seq, action, e.From, before)
	}
	v.last[action] = e
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
		return v.compare(r, told)
	})
	for id, told := range v.last {
		v.report.add("event %d tells of %s, which is not in the ledger", told.Seq, id)
	}
	return err
}

func (v *verifier) compare(r *row, told event) error {
	stands, err := r.event()
	if err != nil {
		return err
	}
	stands.Seq, stands.From, stands.Decision = told.Seq, told.From, told.Decision
	differ, err := differences(stands, told)
	if len(differ) > 0 {
		v.report.add("%s is not as event %d left it: %s", r.ID, told.Seq, differ)
	}
	return err
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
