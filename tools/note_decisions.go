package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// Waiting is what notes decide on.
type Waiting interface {
	Waiting(ctx context.Context) ([]policies.Entry, error)
	// Note records what a note decides. When why is not "", it says why the note does
	// not count, and nothing was recorded. What does not wait any more is left alone.
	Note(ctx context.Context, e policies.Entry, n policies.NoteDecision) (why string, err error)
}

// NoteDecisions finds the internal notes by which people decide on what waits. It
// looks at conversations, which costs a call each, and at few of them at a time. It
// is not safe for concurrent use.
type NoteDecisions struct {
	deps    Deps
	waiting Waiting
	note    Tool
	next    int             // where the next look begins
	told    map[string]bool // parts of which it was said that they do not count
}

// notesBy is in whose name it is said that a note does not count.
const notesBy = policies.Ours

// looksAtOnce bounds how many conversations one sweep reads.
const looksAtOnce = 20

// NewNoteDecisions looks through the Intercom of d.
func NewNoteDecisions(d Deps, w Waiting) *NoteDecisions {
	return &NoteDecisions{deps: d, waiting: w, note: AddInternalNote(d), told: map[string]bool{}}
}

// Sweep looks once. One conversation that cannot be read keeps no other waiting.
func (n *NoteDecisions) Sweep(ctx context.Context) error {
	if p := n.deps.Guard.Policy(); p == nil || p.Approvals.Notes == nil {
		return nil
	}
	all, err := n.waiting.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("list what waits for people: %w", err)
	}
	byConversation := map[string][]policies.Entry{}
	var order []string
	for _, e := range all {
		if where := e.Subject.Conversation; e.Decision.ByNote && where != "" {
			if byConversation[where] == nil {
				order = append(order, where)
			}
			byConversation[where] = append(byConversation[where], e)
		}
	}
	var failed error
	for range min(len(order), looksAtOnce) {
		where := order[n.next%len(order)]
		n.next++
		failed = errors.Join(failed, n.look(ctx, where, byConversation[where]))
	}
	return failed
}

// look reads the notes of a conversation, oldest first, and lets the first one that
// counts decide on each entry.
func (n *NoteDecisions) look(ctx context.Context, where string, entries []policies.Entry) error {
	c, err := n.deps.Intercom.Conversation(ctx, where)
	if err != nil {
		return fmt.Errorf("look for decisions: %w", err)
	}
	var failed error
	for _, part := range c.Parts {
		v, ok := policies.ParseNote(part.Body)
		if part.Type != "note" || !ok {
			continue
		}
		i := slices.IndexFunc(entries, func(e policies.Entry) bool { return e.NoteCode() == v.Code })
		if i < 0 || part.CreatedAt.Before(entries[i].CreatedAt.Truncate(time.Second)) {
			continue
		}
		why, err := n.decide(ctx, entries[i], part, v)
		if why != "" {
			err = n.say(ctx, where, part, why)
		} else {
			entries = slices.Delete(entries, i, i+1)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

func (n *NoteDecisions) decide(ctx context.Context, e policies.Entry, part intercom.Part, v policies.NoteVerdict) (why string, err error) {
	if why := n.deps.noteAgainst(part, e); why != "" {
		return why, nil
	}
	return n.waiting.Note(ctx, e, decisionOf(e.Subject.Conversation, part, v))
}

// say tells colleagues, once, that a note does not count. The note about it names
// the part, so that it is the same one after a restart.
func (n *NoteDecisions) say(ctx context.Context, where string, part intercom.Part, why string) error {
	if n.told[part.ID] {
		return nil
	}
	args, err := json.Marshal(noteInput{
		Conversation: conversationID(where),
		Body:         messageText(fmt.Sprintf("The decision in note %s does not count: %s.", part.ID, why)),
	})
	if err != nil {
		return fmt.Errorf("encode a note: %w", err)
	}
	if _, _, err := n.note.Call(ctx, notesBy, args); err != nil {
		return fmt.Errorf("say that a note does not count: %w", err)
	}
	n.told[part.ID] = true
	return nil
}
