package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// format names the form of a proof, so that a later one is not taken for it.
const format = "supportmcp proof 1"

// Proof shows that the events of one action are under a checkpoint. It holds all
// that is needed to check it, save the public key.
type Proof struct {
	Format     string  `json:"format"`
	Action     string  `json:"action"`
	Checkpoint string  `json:"checkpoint"` // the note
	Events     []Event `json:"events"`     // in the order of the log
}

// Event is one event with the way from it to the root.
type Event struct {
	Seq  int64            `json:"seq"`   // its place in the log, from 0
	Body string           `json:"event"` // the exact bytes that were recorded
	Path tlog.RecordProof `json:"path"`  // hashes beside the way, the lowest first
}

// Statement is what an event says, as far as a proof looks into it.
type Statement struct {
	Seq       int64     `json:"seq"`
	At        time.Time `json:"at"`
	Action    string    `json:"action"`
	Kind      string    `json:"kind"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Principal string    `json:"principal"`
	Approver  string    `json:"approver"`
}

// Prove puts a proof together. The caller has the events and their paths in the
// tree of the checkpoint.
func Prove(action string, under Checkpoint, events []Event) ([]byte, error) {
	return encode(Proof{Format: format, Action: action, Checkpoint: under.Note, Events: events})
}

func encode(p Proof) ([]byte, error) {
	for i, e := range p.Events {
		if e.Path == nil {
			p.Events[i].Path = tlog.RecordProof{} // of a log with one event
		}
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the proof: %w", err)
	}
	return append(b, '\n'), nil
}

// Check reads a proof and gives what it proves: the checkpoint, signed by one of
// the keys, and what the events under it say, each following the one before it.
// A proof with a single changed byte is an error. What no proof can show is that
// nothing happened to the action after its last event.
func (v Verifier) Check(file []byte) (Checkpoint, []Statement, error) {
	var p Proof
	if err := json.Unmarshal(file, &p); err != nil {
		return Checkpoint{}, nil, errors.New("this is no proof, or not a whole one")
	}
	if p.Format != format {
		return Checkpoint{}, nil, errors.New("this is no proof of a form that this release knows")
	}
	if again, err := encode(p); err != nil || !bytes.Equal(again, file) {
		return Checkpoint{}, nil, errors.New("the proof is not in the form in which it was written")
	}
	under, err := v.Open(p.Checkpoint)
	if err != nil {
		return Checkpoint{}, nil, err
	}
	said, err := p.statements(under)
	return under, said, err
}

func (p Proof) statements(under Checkpoint) ([]Statement, error) {
	if len(p.Events) == 0 {
		return nil, errors.New("the proof holds no event")
	}
	said := make([]Statement, len(p.Events))
	var before Statement
	for i, e := range p.Events {
		if err := tlog.CheckRecord(e.Path, under.Size, under.Root, e.Seq, tlog.RecordHash([]byte(e.Body))); err != nil {
			return nil, fmt.Errorf("event %d is not under the checkpoint", e.Seq)
		}
		if err := json.Unmarshal([]byte(e.Body), &said[i]); err != nil {
			return nil, fmt.Errorf("event %d cannot be read", e.Seq)
		}
		if s := said[i]; s.Seq != e.Seq || s.Action != p.Action {
			return nil, fmt.Errorf("event %d says that it is event %d of %s", e.Seq, s.Seq, s.Action)
		}
		if said[i].From != before.To || i > 0 && e.Seq <= before.Seq {
			return nil, fmt.Errorf("an event of %s before event %d is left out", p.Action, e.Seq)
		}
		before = said[i]
	}
	return said, nil
}
