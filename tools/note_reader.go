package tools

import (
	"context"
	"fmt"
	"slices"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// ReadNote reads a note in Intercom that decides on e, and wants it to count as it
// stands now: typed by a person, by one whom the policy in force lets decide, and with
// no other such note against it.
func (d Deps) ReadNote(ctx context.Context, e policies.Entry, conversation, part string) (policies.NoteDecision, error) {
	c, err := d.Intercom.Conversation(ctx, conversation)
	if err != nil {
		return policies.NoteDecision{}, fmt.Errorf("read the note that decided: %w", err)
	}
	for _, p := range c.Parts {
		if p.ID != part {
			continue
		}
		v, ok := policies.ParseNote(p.Body)
		if p.Type != "note" || !ok {
			return policies.NoteDecision{}, uncounted("it is no decision any more")
		}
		if why := d.noteAgainst(p, e); why != "" {
			return policies.NoteDecision{}, uncounted(why)
		}
		if v.Verdict == policies.Approved && d.rejected(c, e) {
			return policies.NoteDecision{}, uncounted("another note rejects it")
		}
		return decisionOf(c.ID, p, v), nil
	}
	return policies.NoteDecision{}, uncounted("it is not in the conversation")
}

// rejected reports whether a note that counts says no, whenever it was written.
func (d Deps) rejected(c intercom.Conversation, e policies.Entry) bool {
	return slices.ContainsFunc(c.Parts, func(p intercom.Part) bool {
		v, ok := policies.ParseNote(p.Body)
		return ok && p.Type == "note" && v.Verdict == policies.Rejected && v.Code == e.NoteCode() && d.noteAgainst(p, e) == ""
	})
}

func uncounted(why string) error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Message: "the note that decided does not count: " + why,
		NextStep: "let a person look at the action and decide on it again",
	}
}

func decisionOf(conversation string, p intercom.Part, v policies.NoteVerdict) policies.NoteDecision {
	return policies.NoteDecision{Conversation: conversation, Part: p.ID, Admin: p.Author.ID, At: p.CreatedAt, Says: v}
}

// noteAgainst says why a note does not count, "" when it does. Whatever holds the token
// of this server can write notes through the API; only what somebody typed counts.
func (d Deps) noteAgainst(part intercom.Part, e policies.Entry) string {
	switch p := d.Guard.Policy(); {
	case part.App != "":
		return "it was made through the API, and only a note that a person types counts"
	case part.Author.Type != "admin":
		return "its author is no teammate"
	case part.Author.ID == d.Intercom.Writer():
		return "this server writes as its author, so it is not certain that a person typed it"
	case p == nil || !p.MayDecide(part.Author.ID, e):
		return "the policy does not let its author decide on this by a note"
	}
	return ""
}

// NamedNotes lets the number of an admin be enough for a name, as in a sandbox without
// a roster.
type NamedNotes struct {
	Ledger interface {
		Waiting(ctx context.Context) ([]policies.Entry, error)
		DecideNamed(ctx context.Context, id string, a policies.Approval) (policies.Entry, error)
	}
}

// Waiting implements [Waiting].
func (n NamedNotes) Waiting(ctx context.Context) ([]policies.Entry, error) {
	return n.Ledger.Waiting(ctx)
}

// Note implements [Waiting].
func (n NamedNotes) Note(ctx context.Context, e policies.Entry, d policies.NoteDecision) (string, error) {
	a := policies.Approval{By: "intercom-admin-" + d.Admin, Verdict: d.Says.Verdict, Note: d.Says.Reason}
	if a.Verdict == policies.Approved {
		a.Note = "note " + d.Part + " in conversation " + d.Conversation
	}
	_, err := n.Ledger.DecideNamed(ctx, e.ID, a)
	if fault.CodeOf(err) == fault.Refused { // it does not wait any more: another server was faster
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("decide on %s by a note: %w", e.ID, err)
	}
	return "", nil
}
