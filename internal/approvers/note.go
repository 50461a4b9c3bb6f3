package approvers

import (
	"context"
	"strings"

	"supportmcp/policies"
)

// noteLine begins the record of a note. Nobody signs one: what counts is the note,
// which is read again, and the roster. So no record is a statement, and no statement
// a record.
const noteLine = "supportmcp note 1"

// NoteReader reads a note again where it was written, and wants it to be one that a
// person typed and that the policy in force lets decide on e. The error says why it
// does not count, or that it cannot be told now.
type NoteReader func(ctx context.Context, e policies.Entry, conversation, part string) (policies.NoteDecision, error)

// record is what the ledger keeps of a note that decided: what its author would have
// signed, and where the note stands.
type record struct {
	Statement
	Admin, Conversation, Part string
	Words                     string // hash of what was typed, without the reason
}

func (r record) fields() []field {
	return append(r.Statement.fields(),
		field{"admin", r.Admin}, field{"conversation", r.Conversation}, field{"part", r.Part}, field{"words", r.Words})
}

// recordOf is the record of a note that decides on e.
func recordOf(e policies.Entry, n policies.NoteDecision, place Place, signer string) record {
	words := map[policies.State]string{policies.Approved: "approve ", policies.Rejected: "reject "}[n.Says.Verdict] + n.Says.Code
	return record{
		Statement: Of(e, n.Says.Verdict, place, signer, n.At),
		Admin:     n.Admin, Conversation: n.Conversation, Part: n.Part, Words: Hash([]byte(words)),
	}
}

func parseRecord(text string) (record, error) {
	values, err := valuesOf(noteLine, text)
	if err != nil {
		return record{}, err
	}
	r := record{
		Statement: statementOf(values),
		Admin:     values["admin"], Conversation: values["conversation"], Part: values["part"], Words: values["words"],
	}
	if again, err := textOf(noteLine, r.fields()); err != nil || again != text {
		return record{}, unreadable(asWritten)
	}
	return r, nil
}

// isNote reports whether an approval is by a note, and not by a signature.
func isNote(a policies.Approval) bool { return strings.HasPrefix(a.Statement, noteLine+"\n") }

// Noted is what the ledger keeps of a note that decides on e. The error says why the
// note does not count.
func (p Panel) Noted(ctx context.Context, e policies.Entry, n policies.NoteDecision) (policies.Approval, error) {
	roster, err := p.InForce(ctx)
	if err != nil {
		return policies.Approval{}, err
	}
	if roster == nil {
		return policies.Approval{}, NoRoster()
	}
	person, err := p.author(*roster, e, n)
	if err != nil {
		return policies.Approval{}, err
	}
	text, err := textOf(noteLine, recordOf(e, n, p.Place, person.Name).fields())
	return policies.Approval{By: person.Name, Verdict: n.Says.Verdict, Note: n.Says.Reason, Statement: text}, err
}

// author is whose note it is, if it is one on e as it stands by somebody who may
// decide on it now.
func (p Panel) author(r Roster, e policies.Entry, n policies.NoteDecision) (Person, error) {
	person, ok := r.admin(n.Admin, p.Now())
	switch {
	case !ok:
		return person, refused("write intercom:"+n.Admin+" into the line of whoever it is, or let somebody who is in the roster decide",
			"the roster of approvers does not say whose account %s in Intercom is", n.Admin)
	case strings.EqualFold(person.Name, strings.TrimSpace(string(e.Principal))):
		return person, refused("let another person decide", "%s asked for it, and cannot decide on it", person.Name)
	case n.Says.Code != e.NoteCode() || n.Conversation != e.Subject.Conversation:
		return person, refused("let a person look at the action and decide on it again", "the note is not about this action as it stands")
	}
	return person, nil
}

// checkNote says who approved e by a note. Nothing of the record is believed: it says
// where the note stands, which is read again. What the database holds of the amount is
// not believed either; need tells of the facts as they were just read.
func (p Panel) checkNote(ctx context.Context, r Roster, e policies.Entry, a policies.Approval, need policies.Need) (Person, error) {
	kept, err := parseRecord(a.Statement)
	switch {
	case err != nil:
		return Person{}, err
	case !need.Note:
		return Person{}, refused("let somebody sign: supportmcp approvals approve", "a note is not enough for this")
	case p.Notes == nil:
		return Person{}, refused("let a running server carry it out", "it was approved by a note, which only a server can read again")
	}
	n, err := p.Notes(ctx, e, kept.Conversation, kept.Part)
	if err != nil {
		return Person{}, err
	}
	person, err := p.author(r, e, n)
	if err != nil {
		return person, err
	}
	if need.Expires > 0 && !p.Now().Before(n.At.Add(need.Expires)) {
		return person, refused("ask for the action again", "the note was written at %s, and counts for %s", moment(n.At), need.Expires)
	}
	return person, p.same(kept, recordOf(e, n, p.Place, person.Name), e, a)
}

// same wants the record of a note to be what the note says now.
func (p Panel) same(kept, now record, e policies.Entry, a policies.Approval) error {
	if err := p.about(kept.Statement, e, a); err != nil {
		return err
	}
	signer, at := now.Signer, now.Time
	now.Statement = kept.Statement // compared just now, except for these two
	now.Signer, now.Time = signer, at
	if kept != now {
		return refused("let a person look at the action and decide on it again", "the note of %s is not what the ledger says it was", now.Signer)
	}
	return nil
}

// auditNote checks the record of a note that was used long ago. That somebody wrote
// the note is Intercom's word, which was heard when the action was carried out.
func (p Panel) auditNote(r Roster, e policies.Entry, a policies.Approval) error {
	kept, err := parseRecord(a.Statement)
	if err != nil {
		return err
	}
	if person, ok := r.admin(kept.Admin, a.At); !ok || person.Name != kept.Signer {
		return refused("", "the account %s in Intercom was not %s's", kept.Admin, kept.Signer)
	}
	return p.about(kept.Statement, asDecided(e, kept.Statement), a)
}

// asDecided is an entry as it was when somebody decided on it. It may have been judged
// anew, waited anew, or been erased since.
func asDecided(e policies.Entry, s Statement) policies.Entry {
	if !e.ErasedAt.IsZero() {
		e.Bound = s.Facts
	}
	e.State, e.ExpiresAt = policies.Done, s.Until
	return e
}
