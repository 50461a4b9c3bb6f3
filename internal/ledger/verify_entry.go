package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"supportmcp/policies"
)

func (e told) erases() bool { return e.erased }

// checkEntry compares an entry with its events: the last one that is no erasure
// says how it stands, and the last judgement what was decided.
func (v *verifier) checkEntry(r *row, events []told) error {
	var steps, erasures []told
	for _, e := range events {
		if e.erased {
			erasures = append(erasures, e)
		} else {
			steps = append(steps, e)
		}
	}
	if len(steps) == 0 {
		v.add("%s is in the ledger, and no event tells of it", r.ID)
		return nil
	}
	v.checkTexts(r, erasures)
	if !r.CreatedAt.Equal(steps[0].At) {
		v.add("%s was not created when event %d tells", r.ID, steps[0].Seq)
	}
	return errors.Join(v.compare(r, steps[len(steps)-1]), v.checkDecision(r, steps), v.checkWriting(r))
}

// checkTexts wants the texts of an entry to be there exactly until an event says
// that they were erased: once, and for good.
func (v *verifier) checkTexts(r *row, erasures []told) {
	for i, e := range erasures {
		if e.To != e.From || !e.To.Final() {
			v.add("event %d erases the texts of %s on its way from %q to %q", e.Seq, r.ID, e.From, e.To)
		}
		if i > 0 {
			v.add("event %d erases the texts of %s, and so does event %d", e.Seq, r.ID, erasures[0].Seq)
		}
	}
	switch {
	case len(erasures) > 0:
		e := erasures[len(erasures)-1]
		if r.kept.there {
			v.add("event %d erased the texts of %s, and they are there", e.Seq, r.ID)
		}
		if !e.At.Equal(r.ErasedAt) {
			v.add("%s says that its texts were erased at %s, and event %d says at %s", r.ID, r.ErasedAt, e.Seq, e.At)
		}
	case !r.kept.there || !r.ErasedAt.IsZero():
		v.add("the texts of %s are gone, and no event tells of it", r.ID)
	}
}

// compare compares an entry with the event that left it as it should be.
func (v *verifier) compare(r *row, last told) error {
	stands, err := r.event()
	if err != nil {
		return err
	}
	stands.Seq, stands.From = last.Seq, last.From
	if r.hasTexts() {
		if same, err := encodes(stands, last.body); err != nil || same {
			return err
		}
	}
	var said event
	if err := json.Unmarshal([]byte(last.body), &said); err != nil {
		v.add("event %d (%s) cannot be read", last.Seq, r.ID)
		return nil
	}
	stands.Decision, stands.Signed = said.Decision, said.Signed // they have checks of their own
	if r.salt == "" && said.isTerse() {
		stands = stands.terse()
	}
	if !r.hasTexts() {
		stands, said = stands.bare(), said.bare()
	}
	differ, err := differences(stands, said)
	if len(differ) > 0 {
		v.add("%s is not as event %d left it: %s", r.ID, last.Seq, differ)
	}
	return err
}

// hasTexts reports whether the texts of an entry can be compared with their hashes.
func (r *row) hasTexts() bool { return r.kept.there && r.ErasedAt.IsZero() }

// checkDecision compares the decision on an entry with its last judgement, which
// tells it without its messages and so also when those were erased.
func (v *verifier) checkDecision(r *row, steps []told) error {
	stands, err := json.Marshal(verdictOf(r.Decision))
	if err != nil {
		return fmt.Errorf("encode the verdict on %s: %w", r.ID, err)
	}
	for _, e := range slices.Backward(steps) {
		_, said, judged := strings.Cut(e.body, `,"decision":`)
		if !judged {
			continue
		}
		if !strings.HasPrefix(said, string(stands)+`,"decision_digest":`) {
			v.add("%s is not as event %d left it: decision", r.ID, e.Seq)
		}
		return nil
	}
	if unjudged, err := encodes(verdictOf(policies.Decision{}), string(stands)); err != nil || !unjudged {
		v.add("%s has a decision, and no event tells of it", r.ID)
		return err
	}
	return nil
}

// checkWriting wants an entry to be stored as the ledger writes it. Other bytes
// may mean the same, or may stand where nothing reads them.
func (v *verifier) checkWriting(r *row) error {
	var left left
	if !r.ErasedAt.IsZero() {
		verdict, err := json.Marshal(verdictOf(r.Decision))
		if err != nil {
			return fmt.Errorf("encode the verdict on %s: %w", r.ID, err)
		}
		left.verdict, left.erasedAt = string(verdict), millis(r.ErasedAt)
		if r.Failure != nil {
			left.code = string(r.Failure.Code)
		}
	}
	texts, err := r.texts()
	if err != nil {
		return err
	}
	if left != r.stored.left || string(r.moneyReceipt()) != r.stored.receipt || r.hasTexts() && texts != r.kept {
		v.add("%s is not written as the ledger writes it", r.ID)
	}
	return nil
}

// encodes reports whether a value is written exactly as text.
func encodes(value any, text string) (bool, error) {
	b, err := json.Marshal(value)
	return string(b) == text, err
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
