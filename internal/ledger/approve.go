package ledger

import (
	"context"
	"fmt"
	"strings"

	"supportmcp/policies"
)

// Enough says of all that was decided on an entry, the newest last, whether it may
// go on. It is pure and may be called again.
type Enough func(policies.Entry, []policies.Approval) error

// Approve records that a person, who is only named, lets a waiting entry go on; the
// worker then performs it if its facts still hold. by names the person, who must
// not be the one that asked. note is kept with the entry.
func (l *Ledger) Approve(ctx context.Context, id, by, note string) (policies.Entry, error) {
	return l.DecideNamed(ctx, id, policies.Approval{By: by, Verdict: policies.Approved, Note: note})
}

// Reject records that a person refuses a waiting entry. The same rules hold as
// for Approve.
func (l *Ledger) Reject(ctx context.Context, id, by, note string) (policies.Entry, error) {
	return l.DecideNamed(ctx, id, policies.Approval{By: by, Verdict: policies.Rejected, Note: note})
}

// DecideNamed records what a person decided who is only named.
func (l *Ledger) DecideNamed(ctx context.Context, id string, a policies.Approval) (policies.Entry, error) {
	return l.Decide(ctx, id, a, named)
}

// named counts people who were only named.
func named(e policies.Entry, given []policies.Approval) error {
	n := 0
	for _, a := range given {
		if a.Verdict == policies.Approved {
			n++
		}
	}
	if n < e.Decision.Need.Count() {
		return refused("let more people decide on it", "%d of %s so far", n, e.Decision.Need)
	}
	return nil
}

// Decide records what a person decided on a waiting entry, with what the person
// signed. A rejection ends it. An approval lets it go on when enough is nil for
// all of them together, and is otherwise kept while the entry waits for more
// people. Each person approves once.
func (l *Ledger) Decide(ctx context.Context, id string, a policies.Approval, enough Enough) (e policies.Entry, err error) {
	if a.By, err = person(a.By, a.Note); err != nil {
		return policies.Entry{}, err
	}
	if err := validBody("what was signed", a.Statement, a.Signature); err != nil {
		return policies.Entry{}, err
	}
	err = l.transact(ctx, "decide on "+id, func(t *tx) error {
		r, err := t.loadNow(id)
		if err != nil {
			return err
		}
		if err := t.mayDecide(r, a.By); err != nil {
			return err
		}
		told, err := decision(r, a)
		if err != nil {
			return err
		}
		err = t.decided(r, told, enough)
		e = r.Entry
		return err
	})
	if err == nil && e.State == policies.Approved {
		l.hint(ctx)
	}
	return e, err
}

// decision is what a person decided, in the form in which it is kept. A breaker can
// only be released, and an approval of what a caller asks for names who verified
// the caller.
func decision(r *row, a policies.Approval) (policies.Approval, error) {
	if r.Kind == policies.KindBreaker && a.Verdict == policies.Rejected {
		return a, refused("leave it waiting as long as people are to look at all money; approve it to release it", "a breaker cannot be rejected")
	}
	if !r.Decision.Need.Verified || a.Verdict != policies.Approved {
		return a, nil
	}
	if strings.TrimSpace(a.Verifier) == "" {
		return a, refused("say with --verified-by who verified the caller", "%s was asked for outside a conversation, so nothing shows who asks", r.ID)
	}
	a.Note = strings.TrimSuffix("caller verified by "+strings.TrimSpace(a.Verifier)+"; "+a.Note, "; ")
	return a, validText("name or note", a.Note)
}

// person is the name under which a decision is recorded.
func person(by, note string) (string, error) {
	by = strings.TrimSpace(by)
	if by == "" {
		return "", refused("name the person who decides", "a decision needs the name of a person")
	}
	return by, validText("name or note", by, note)
}

// mayJudge is the one place that says whether a person may judge an entry: let it
// go on, refuse it, or say what became of it.
func mayJudge(r *row, by string) error {
	if strings.EqualFold(by, strings.TrimSpace(string(r.Principal))) {
		return refused("let another person decide", "%s was asked for by %s, who cannot decide on it", r.ID, r.Principal)
	}
	return nil
}

func (t *tx) mayDecide(r *row, by string) error {
	switch {
	case r.State != policies.Awaiting:
		return refused("only actions that wait for approval can be decided", "%s does not wait for approval: it is %s", r.ID, r.State)
	case r.overdue(t.now):
		return refused("ask the agent to propose it again", "%s waited for approval until %s and has expired", r.ID, r.ExpiresAt.Format("2006-01-02 15:04:05 MST"))
	}
	return mayJudge(r, by)
}

func (t *tx) decided(r *row, a policies.Approval, enough Enough) error {
	given, err := approvals(t.ctx, t.sql, r.ID)
	if err != nil {
		return err
	}
	for _, earlier := range given {
		if strings.EqualFold(earlier.By, a.By) && earlier.Verdict == a.Verdict {
			return refused("let another person approve it, too", "%s has approved %s already", a.By, r.ID)
		}
	}
	a.At = t.now
	switch {
	case a.Verdict == policies.Rejected:
		r.State = policies.Rejected
	case enough(r.Entry, append(given, a)) == nil:
		r.State = policies.Approved
	}
	r.Approver, r.Note, r.signed = a.By, a.Note, signed(a.Statement, a.Signature, "")
	if err := t.save(policies.Awaiting, r); err != nil {
		return err
	}
	return t.keepApproval(r, a)
}

// keepApproval keeps what a person decided.
func (t *tx) keepApproval(r *row, a policies.Approval) error {
	err := t.exec(`INSERT INTO approval (entry_id, approver, verdict, at, note, statement, signature) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.ID, a.By, string(a.Verdict), millis(t.now), a.Note, a.Statement, a.Signature)
	if err != nil {
		return fmt.Errorf("record what %s decided on %s: %w", a.By, r.ID, err)
	}
	return nil
}

// signed is how an event tells what was signed: the hash of the text, its
// signature and the file that it is about. "" when nothing was.
func signed(statement, signature, body string) string {
	if statement == "" && signature == "" && body == "" {
		return ""
	}
	return digest([]byte(statement + "\x00" + signature + "\x00" + body))
}

// Approvals implements [policies.Ledger].
func (l *Ledger) Approvals(ctx context.Context, id string) ([]policies.Approval, error) {
	if err := validText("the id of the action", id); err != nil {
		return nil, err
	}
	given, err := approvals(ctx, l.reader, id)
	return given, l.explain("read the approvals of "+id, err)
}

func approvals(ctx context.Context, q queryer, id string) (given []policies.Approval, err error) {
	err = eachRow(ctx, q, func(scan func(...any) error) error {
		var a policies.Approval
		var at int64
		err := scan(&a.By, &a.Verdict, &at, &a.Note, &a.Statement, &a.Signature)
		a.At = fromMillis(at)
		given = append(given, a)
		return err
	}, `SELECT approver, verdict, at, note, statement, signature FROM approval WHERE entry_id = $1 ORDER BY at, approver, verdict`, id)
	return given, err
}
