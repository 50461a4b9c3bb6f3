package approvers

import (
	"context"
	"time"
)

// Version is a roster that a ledger has recorded.
type Version struct {
	Body      string // the file
	At        time.Time
	Statement string // of the first "", since nobody could sign it
	Signature string
}

// Accepted gives the newest of the versions, oldest first, if each but the first
// was signed by somebody of the one before. Otherwise the ledger was changed by
// somebody else, and nobody counts.
func Accepted(versions []Version, place Place) (Roster, error) {
	var now Roster
	for i, v := range versions {
		next, err := ParseRoster([]byte(v.Body))
		if err != nil {
			return Roster{}, refused("restore the ledger from a backup", "the accepted roster cannot be read: %v", err)
		}
		if i > 0 {
			s, _, err := now.Verify(v.Statement, v.Signature, v.At)
			if err != nil {
				return Roster{}, err
			}
			want := Succession(versions[i-1].Body, v.Body, place, s.Signer, s.Time)
			if s != want {
				return Roster{}, refused("restore the ledger from a backup", "the roster that %s signed is another one than the accepted one: %s", s.Signer, differing(s, want))
			}
		}
		now = next
	}
	return now, nil
}

// Succession is the statement by which an approver puts one roster in the place of
// another. It names no account, which a ledger may come to know later.
func Succession(before, after string, place Place, signer string, at time.Time) Statement {
	place.Account = ""
	return Statement{
		Purpose: Enroll, Subject: Hash([]byte(after)), Facts: Hash([]byte(before)), Place: place, Signer: signer, Time: at.UTC().Round(0),
	}
}

// How long a statement about the ledger as a whole may wait to be used, and how
// far the signer's clock may be ahead. An old one must not be used a second time.
const (
	longestWait = 24 * time.Hour
	clockSkew   = 5 * time.Minute
)

// Act says who of the roster in force has signed a statement about the ledger as a
// whole within the last day: one with the purpose, the subject and the facts of
// want, whose place, signer and time are not looked at.
func (p Panel) Act(ctx context.Context, want Statement, text, signature string) (Person, error) {
	s, person, err := p.Signed(ctx, want, text, signature)
	if err != nil {
		return person, err
	}
	if now := p.Now(); s.Time.Before(now.Add(-longestWait)) || s.Time.After(now.Add(clockSkew)) {
		return person, refused("sign it again", "%s signed it at %s, which is not within a day", s.Signer, moment(s.Time))
	}
	return person, nil
}

// Signed is Act for what was signed at any time, such as a policy that stays in
// force. It holds as long as its signer is in the roster in force.
func (p Panel) Signed(ctx context.Context, want Statement, text, signature string) (Statement, Person, error) {
	roster, err := p.InForce(ctx)
	if err != nil {
		return Statement{}, Person{}, err
	}
	if roster == nil {
		return Statement{}, Person{}, NoRoster()
	}
	s, person, err := roster.Verify(text, signature, p.Now())
	if err != nil {
		return s, person, err
	}
	want.Place, want.Signer, want.Time = p.Place, s.Signer, s.Time
	if s.Place.Account == "" {
		want.Place.Account = "" // it was not known yet
	}
	if s != want {
		return s, person, refused("sign a statement about this", "what %s signed is not this: %s", s.Signer, differing(s, want))
	}
	return s, person, nil
}
