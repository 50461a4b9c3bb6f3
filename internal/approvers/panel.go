package approvers

import (
	"context"
	"slices"
	"strings"
	"time"

	"supportmcp/policies"
)

// Panel tells which of the approvals that a ledger holds count. It implements
// [policies.Approvers] and is safe for concurrent use if InForce is.
type Panel struct {
	Place Place
	// InForce is the roster in force now; nil when there is none. It is asked each
	// time, since another process may have applied another one.
	InForce func(context.Context) (*Roster, error)
	Now     func() time.Time
	Notes   NoteReader // nil: no note counts
}

var _ policies.Approvers = Panel{}

// Judge implements [policies.Approvers]. Without a roster nobody can approve,
// except in a sandbox, where names are enough.
func (p Panel) Judge(ctx context.Context, e policies.Entry, given []policies.Approval, need policies.Need) error {
	roster, err := p.InForce(ctx)
	switch {
	case err != nil:
		return err
	case roster == nil && p.Place.Mode == "sandbox":
		return enough(need, names(given))
	case roster == nil:
		return NoRoster()
	}
	var who []Person
	var faults []error
	for _, a := range given {
		person, err := p.counts(ctx, *roster, e, a, need)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if a.Verdict == policies.Approved {
			who = append(who, person)
		}
	}
	if err := enough(need, who); err != nil {
		return because(err, faults)
	}
	return nil
}

func (p Panel) counts(ctx context.Context, r Roster, e policies.Entry, a policies.Approval, need policies.Need) (Person, error) {
	if isNote(a) {
		return p.checkNote(ctx, r, e, a, need)
	}
	return p.Check(r, e, a)
}

// Check says whose approval a is, if it is signed by somebody who may decide on e
// now, and about e exactly as it stands.
func (p Panel) Check(r Roster, e policies.Entry, a policies.Approval) (Person, error) {
	now := p.Now()
	s, person, err := r.Verify(a.Statement, a.Signature, now)
	if err != nil {
		return person, err
	}
	if err := p.about(s, e, a); err != nil {
		return person, err
	}
	if s.Purpose != Settle && !now.Before(s.Until) {
		return person, refused("ask for the action again", "%s signed for the time until %s", s.Signer, moment(s.Until))
	}
	return person, nil
}

// about wants a statement to be the one that somebody who saw e would sign. So one
// of another action, or of other facts, is none of this one.
func (p Panel) about(s Statement, e policies.Entry, a policies.Approval) error {
	want := Of(e, a.Verdict, p.Place, s.Signer, s.Time)
	if s.Place.Account == "" {
		want.Place.Account = "" // it was not known yet; the ledger's id says as much
	}
	if e.State != policies.Awaiting && e.State != policies.Approved {
		want.Policy = s.Policy // it was judged anew since, perhaps under a newer one
	}
	switch {
	case s != want:
		return refused("let a person look at the action and decide on it again",
			"what %s signed is not this action as it stands: %s", s.Signer, differing(s, want))
	case s.Signer != a.By:
		return refused("let a person look at the action and decide on it again", "the ledger says that %s decided, and %s signed", a.By, s.Signer)
	case strings.EqualFold(s.Signer, strings.TrimSpace(string(e.Principal))):
		return refused("let another person decide", "%s asked for it, and cannot decide on it", s.Signer)
	}
	return nil
}

// Audit gives a check of approvals that were used long ago, by any of the rosters
// that were accepted since the first. The key must have counted when it signed. Of
// an entry whose texts were erased, the facts cannot be compared any more.
func (p Panel) Audit(accepted []Roster) func(policies.Entry, policies.Approval) error {
	return func(e policies.Entry, a policies.Approval) error {
		var err error = refused("", "there is no roster that it could be by")
		for _, r := range accepted {
			if err = p.audit(r, e, a); err == nil {
				return nil
			}
		}
		return err
	}
}

func (p Panel) audit(r Roster, e policies.Entry, a policies.Approval) error {
	if isNote(a) {
		return p.auditNote(r, e, a)
	}
	s, _, err := r.Verify(a.Statement, a.Signature, a.At)
	if err != nil {
		return err
	}
	return p.about(s, asDecided(e, s), a)
}

// differing names the fields in which two statements differ.
func differing(a, b Statement) string {
	var names []string
	for i, f := range a.fields() {
		if f != b.fields()[i] {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

// Of is the statement that a person signs to decide on an entry, at a time. What
// settles an action counts for ever; what lets one happen does so until it expires.
func Of(e policies.Entry, verdict policies.State, place Place, signer string, at time.Time) Statement {
	s := Statement{
		Purpose: Settle, Subject: e.ID, Verdict: string(verdict), Facts: e.Bound, Policy: e.Decision.Revision,
		Asked: string(e.Principal), Place: place, Signer: signer, Time: at.UTC().Round(0), Until: e.ExpiresAt.UTC().Round(0),
	}
	switch verdict {
	case policies.Approved:
		s.Purpose = Approve
	case policies.Rejected:
		s.Purpose = Reject
	default:
		s.Until = time.Time{}
	}
	if e.ExpiresAt.IsZero() {
		s.Until = time.Time{}
	}
	return s
}

// names are people who were only named.
func names(given []policies.Approval) []Person {
	var who []Person
	for _, a := range given {
		if a.Verdict == policies.Approved {
			who = append(who, Person{Name: a.By})
		}
	}
	return who
}

// enough counts different people of the needed role. Names without a roster have
// no roles, and none is asked of them.
func enough(need policies.Need, who []Person) error {
	var counted []string
	for _, p := range who {
		unsigned := p.Key == nil
		if need.Role == "" || unsigned || slices.Contains(p.Roles, need.Role) {
			counted = append(counted, strings.ToLower(p.Name))
		}
	}
	slices.Sort(counted)
	have := len(slices.Compact(counted))
	if have >= need.Count() {
		return nil
	}
	return refused("let more people look at it: supportmcp approvals approve", "%d of %s count so far", have, need)
}

// NoRoster is the error of whoever would approve where nobody can.
func NoRoster() error {
	return refused("write a roster of approvers and name it in SUPPORTMCP_APPROVERS (docs/approvals.md shows how)",
		"nobody can approve here: there is no roster of approvers, and this is no sandbox")
}
