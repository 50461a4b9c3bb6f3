package tools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// Waiting is what notes decide on: the ledger, as far as people's decisions go.
type Waiting interface {
	Waiting(ctx context.Context) ([]policies.Entry, error)
	Approve(ctx context.Context, id, by, note string) (policies.Entry, error)
	Reject(ctx context.Context, id, by, note string) (policies.Entry, error)
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
		if why := n.against(part, entries[i]); why != "" {
			failed = errors.Join(failed, n.say(ctx, where, part, why))
			continue
		}
		failed = errors.Join(failed, n.decide(ctx, entries[i], part, v))
		entries = slices.Delete(entries, i, i+1)
	}
	return failed
}

// against says why a note does not count, "" when it does. Whatever holds the token
// of this server can write notes through the API; only what somebody typed counts.
func (n *NoteDecisions) against(part intercom.Part, e policies.Entry) string {
	switch p := n.deps.Guard.Policy(); {
	case part.App != "":
		return "it was made through the API, and only a note that a person types counts"
	case part.Author.Type != "admin":
		return "its author is no teammate"
	case part.Author.ID == n.deps.Intercom.Writer():
		return "this server writes as its author, so it is not certain that a person typed it"
	case p == nil || !p.MayDecide(part.Author.ID, e):
		return "the policy does not let its author decide on this by a note"
	}
	return ""
}

func (n *NoteDecisions) decide(ctx context.Context, e policies.Entry, part intercom.Part, v policies.NoteVerdict) error {
	by, decide := "intercom-admin-"+part.Author.ID, n.waiting.Reject
	note := v.Reason
	if v.Verdict == policies.Approved {
		decide, note = n.waiting.Approve, "note "+part.ID+" in conversation "+e.Subject.Conversation
	}
	_, err := decide(ctx, e.ID, by, note)
	if fault.CodeOf(err) == fault.Refused { // it does not wait any more: another server was faster
		return nil
	}
	if err != nil {
		return fmt.Errorf("decide on %s by a note: %w", e.ID, err)
	}
	return nil
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
