package approvers

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

const kimsAccount = "8002"

// escalated is an action on money that a note may decide.
func escalated() policies.Entry {
	e := waiting()
	e.Subject.Conversation = "215470000000002"
	e.Decision.ByNote = true
	return e
}

// typed is kim's note on e, as Intercom tells it.
func typed(e policies.Entry, verdict policies.State) policies.NoteDecision {
	return policies.NoteDecision{
		Conversation: e.Subject.Conversation, Part: "30001", Admin: kimsAccount, At: noon(),
		Says: policies.NoteVerdict{Verdict: verdict, Code: e.NoteCode()},
	}
}

// reading is a panel that reads this note again, whatever it is asked for.
func reading(p Panel, n policies.NoteDecision, err error) Panel {
	p.Notes = func(context.Context, policies.Entry, string, string) (policies.NoteDecision, error) { return n, err }
	return p
}

func noteNeed() policies.Need { return policies.Need{Note: true, Expires: 24 * time.Hour} }

// The database may say what it likes: what Intercom says now and the roster decide.
func TestANoteCountsOnlyAsItIsReadAgain(t *testing.T) {
	kim, robin := newPerson(t, "kim", "kim,intercom:"+kimsAccount), newPerson(t, "robin", "robin,role:finance")
	e := escalated()
	n := typed(e, policies.Approved)
	panel := panelOf(t, kim.line, robin.line)
	good, err := panel.Noted(t.Context(), e, n)
	if err != nil || good.By != "kim" || good.Signature != "" || !strings.HasPrefix(good.Statement, "supportmcp note 1\n") {
		t.Fatalf("recorded %+v, %v", good, err)
	}
	change := func(f func(*policies.NoteDecision)) policies.NoteDecision {
		changed := n
		f(&changed)
		return changed
	}
	entry := func(f func(*policies.Entry)) policies.Entry {
		changed := e
		f(&changed)
		return changed
	}
	swap := func(from, to string) policies.Approval {
		changed := good
		changed.Statement = strings.Replace(good.Statement, from, to, 1)
		if changed.Statement == good.Statement {
			t.Fatalf("the record has no %q: %s", from, good.Statement)
		}
		return changed
	}
	for name, c := range map[string]struct {
		e     policies.Entry
		a     policies.Approval
		n     policies.NoteDecision
		need  policies.Need
		panel Panel
		want  string // "" counts
	}{
		"as it should be":            {e, good, n, noteNeed(), panel, ""},
		"the amount needs more":      {e, good, n, policies.Need{}, panel, "a note is not enough"},
		"two people are needed":      {e, good, n, policies.Need{Note: true, People: 2}, panel, "1 of 2 approvals"},
		"a role is needed":           {e, good, n, policies.Need{Note: true, Role: "finance"}, panel, "0 of one approval by finance"},
		"too long ago":               {e, good, change(func(n *policies.NoteDecision) { n.At = noon().Add(-24 * time.Hour) }), noteNeed(), panel, "counts for 24h"},
		"of another admin":           {e, good, change(func(n *policies.NoteDecision) { n.Admin = "8003" }), noteNeed(), panel, "whose account 8003"},
		"of nobody":                  {e, good, change(func(n *policies.NoteDecision) { n.Admin = "" }), noteNeed(), panel, "whose account"},
		"with another code":          {e, good, change(func(n *policies.NoteDecision) { n.Says.Code = "aaaaaaaaaaaaaaaa" }), noteNeed(), panel, "not about this action"},
		"that rejects":               {e, good, change(func(n *policies.NoteDecision) { n.Says.Verdict = policies.Rejected }), noteNeed(), panel, "not what the ledger says"},
		"in another conversation":    {e, good, change(func(n *policies.NoteDecision) { n.Conversation = "1" }), noteNeed(), panel, "not about this action"},
		"at another time":            {e, good, change(func(n *policies.NoteDecision) { n.At = noon().Add(-time.Minute) }), noteNeed(), panel, "not what the ledger says"},
		"of other facts":             {entry(func(e *policies.Entry) { e.Bound = "other" }), good, n, noteNeed(), panel, "not about this action"},
		"of another action":          {entry(func(e *policies.Entry) { e.ID = "act_2" }), good, n, noteNeed(), panel, "not about this action"},
		"with another asker":         {entry(func(e *policies.Entry) { e.Principal = "other" }), good, n, noteNeed(), panel, "not about this action"},
		"for a longer time":          {entry(func(e *policies.Entry) { e.ExpiresAt = e.ExpiresAt.Add(time.Hour) }), good, n, noteNeed(), panel, "until"},
		"moved to another part":      {e, swap("part: 30001", "part: 30002"), n, noteNeed(), panel, "not what the ledger says"},
		"recorded as robin's":        {e, by(swap("signer: kim", "signer: robin"), "robin"), n, noteNeed(), panel, "not what the ledger says"},
		"kept as robin's":            {e, by(good, "robin"), n, noteNeed(), panel, "the ledger says that robin decided"},
		"for another ledger":         {e, swap("ledger: led_1", "ledger: led_2"), n, noteNeed(), panel, "ledger"},
		"with a line too many":       {e, swap("part: ", "extra: 1\npart: "), n, noteNeed(), panel, "no statement"},
		"whose author left":          {e, good, n, noteNeed(), panelOf(t, robin.line), "whose account"},
		"whose author has no number": {e, good, n, noteNeed(), panelOf(t, robin.line, newPerson(t, "kim", "kim").line), "whose account"},
	} {
		err := reading(c.panel, c.n, nil).Judge(t.Context(), c.e, []policies.Approval{c.a}, c.need)
		if (err == nil) != (c.want == "") || err != nil && (fault.CodeOf(err) != fault.Refused || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
	}
}

func TestANoteThatCannotBeReadAgainDoesNotCount(t *testing.T) {
	kim := newPerson(t, "kim", "kim,intercom:"+kimsAccount)
	e, p := escalated(), panelOf(t, kim.line)
	given, err := p.Noted(t.Context(), e, typed(e, policies.Approved))
	if err != nil {
		t.Fatal(err)
	}
	for name, panel := range map[string]Panel{
		"where nobody asks Intercom":     p,
		"while Intercom does not answer": reading(p, policies.NoteDecision{}, errors.New("no answer")),
	} {
		if err := panel.Judge(t.Context(), e, []policies.Approval{given}, noteNeed()); err == nil {
			t.Errorf("%s it counts", name)
		}
	}
}

func TestWhoAskedCannotDecideByANote(t *testing.T) {
	kim := newPerson(t, "kim", "kim,intercom:"+kimsAccount)
	e := escalated()
	e.Principal = "Kim"
	if _, err := panelOf(t, kim.line).Noted(t.Context(), e, typed(e, policies.Approved)); err == nil || !strings.Contains(err.Error(), "cannot decide on it") {
		t.Errorf("got %v", err)
	}
}

// A note is no signature: it changes no roster and no policy, and settles nothing.
func TestANoteSignsNothingElse(t *testing.T) {
	kim := newPerson(t, "kim", "kim,intercom:"+kimsAccount)
	e, p := escalated(), panelOf(t, kim.line)
	given, err := p.Noted(t.Context(), e, typed(e, policies.Approved))
	if err != nil {
		t.Fatal(err)
	}
	p = reading(p, typed(e, policies.Approved), nil)
	for _, purpose := range []Purpose{Enroll, Policy, Prune} {
		if _, err := p.Act(t.Context(), Statement{Purpose: purpose, Subject: e.ID}, given.Statement, given.Signature); fault.CodeOf(err) != fault.Refused {
			t.Errorf("%s: %v", purpose, err)
		}
	}
	if _, err := p.Check(Roster{}, e, given); fault.CodeOf(err) != fault.Refused {
		t.Errorf("taken for a signature: %v", err)
	}
	if err := p.Judge(t.Context(), e, []policies.Approval{as(given, policies.Done)}, noteNeed()); err == nil {
		t.Error("it settles what is under review")
	}
}

// Long after, the record must still be of somebody who was in the roster.
func TestTheRecordOfANoteIsAudited(t *testing.T) {
	kim, robin := newPerson(t, "kim", "kim,intercom:"+kimsAccount), newPerson(t, "robin", "robin")
	e, p := escalated(), panelOf(t, kim.line, robin.line)
	given, err := p.Noted(t.Context(), e, typed(e, policies.Approved))
	if err != nil {
		t.Fatal(err)
	}
	given.At = noon()
	then, _ := p.InForce(t.Context())
	erased := e
	erased.Bound, erased.ErasedAt = "", noon()
	changed := e
	changed.Bound = "other facts"
	for name, c := range map[string]struct {
		roster Roster
		e      policies.Entry
		sound  bool
	}{
		"as it was":      {*then, e, true},
		"erased since":   {*then, erased, true},
		"other facts":    {*then, changed, false},
		"another roster": {Roster{}, e, false},
	} {
		if err := p.Audit([]Roster{c.roster})(c.e, given); (err == nil) != c.sound {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARosterNamesAccountsInIntercomOnce(t *testing.T) {
	kim, robin, again := newPerson(t, "kim", "kim,intercom:8002"), newPerson(t, "robin", "robin,intercom:8002"), newPerson(t, "kim", "kim,intercom:8003")
	for name, text := range map[string]string{
		"one account of two people": kim.line + robin.line,
		"two accounts of one":       kim.line + again.line,
		"no number":                 strings.Replace(kim.line, "8002", "kim", 1),
		"two in a line":             strings.Replace(kim.line, "8002", "8002,intercom:8003", 1),
		"an empty one":              strings.Replace(kim.line, "8002", "", 1),
	} {
		if _, err := ParseRoster([]byte(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	one, err := ParseRoster([]byte(kim.line))
	if err != nil || len(one.Accounts()) != 1 {
		t.Fatalf("%+v, %v", one, err)
	}
	other, err := ParseRoster([]byte(strings.Replace(kim.line, "8002", "8003", 1)))
	if both := one.Within(other); err != nil || len(both.Accounts()) != 0 || len(both.People()) != 1 {
		t.Errorf("an account that only one of the two rosters gives counts: %+v, %v", both, err)
	}
}
