package approvers

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// person is somebody with a key of their own.
type person struct {
	name string
	line string // in a roster
	Signer
}

func newPerson(t *testing.T, name, principals string) person {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	s, err := fromPrivate(key)
	if err != nil {
		t.Fatal(err)
	}
	return person{name, principals + " " + authorized(s.Key()) + "\n", s}
}

// approves is what the ledger holds when a person decides on e.
func (p person) decides(t *testing.T, e policies.Entry, verdict policies.State, change ...func(*Statement)) policies.Approval {
	t.Helper()
	s := Of(e, verdict, here(), p.name, noon())
	for _, c := range change {
		c(&s)
	}
	text, signature, err := p.Sign(s)
	if err != nil {
		t.Fatal(err)
	}
	return policies.Approval{By: p.name, Verdict: verdict, Statement: text, Signature: signature}
}

func here() Place { return Place{Ledger: "led_1", Mode: "live", Account: "acct_1"} }

func waiting() policies.Entry {
	return policies.Entry{
		Draft: policies.Draft{Kind: policies.KindRefund, Principal: "agent"}, ID: "act_1", State: policies.Approved, Approver: "robin", Bound: "hash of the facts",
		Decision: policies.Decision{Effect: policies.NeedsApproval, Revision: "rev_1"}, ExpiresAt: noon().Add(time.Hour),
	}
}

func panelOf(t *testing.T, lines ...string) Panel {
	t.Helper()
	r, err := ParseRoster([]byte(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	return Panel{Place: here(), Now: noon, InForce: func(context.Context) (*Roster, error) { return &r, nil }}
}

func TestASignatureCountsForOneActionAsItStood(t *testing.T) {
	robin, kim, mallory := newPerson(t, "robin", "robin,role:finance"), newPerson(t, "kim", "kim,role:lead"), newPerson(t, "mallory", "mallory")
	e := waiting()
	good := robin.decides(t, e, policies.Approved)
	other := e
	other.ID = "act_2"
	facts := e
	facts.Bound = "hash of other facts"
	own := e
	own.Principal = "Robin"
	revision := e
	revision.Decision.Revision = "rev_2"
	longer := e
	longer.ExpiresAt = e.ExpiresAt.Add(time.Hour)
	for name, c := range map[string]struct {
		e    policies.Entry
		a    policies.Approval
		want string // "" counts
	}{
		"as it should be":             {e, good, ""},
		"only a name":                 {e, policies.Approval{By: "robin", Verdict: policies.Approved}, "this is no statement"},
		"no signature":                {e, policies.Approval{By: "robin", Verdict: policies.Approved, Statement: good.Statement}, "not in the format"},
		"a stranger's signature":      {e, mallory.decides(t, e, policies.Approved), "nobody's in the roster"},
		"a stranger's as robin":       {e, mallory.decides(t, e, policies.Approved, func(s *Statement) { s.Signer = "robin" }), "nobody's in the roster"},
		"kim's as robin":              {e, kim.decides(t, e, policies.Approved, func(s *Statement) { s.Signer = "robin" }), "the statement is robin's, and the key is kim's"},
		"of another action":           {other, good, "not this action as it stands: subject"},
		"of other facts":              {facts, good, "facts"},
		"of one's own":                {own, robin.decides(t, own, policies.Approved), "cannot decide on it"},
		"of another requester":        {own, good, "asked-by"},
		"under another policy":        {revision, good, "policy"},
		"for a longer time":           {longer, good, "until"},
		"of another ledger":           {e, robin.decides(t, e, policies.Approved, func(s *Statement) { s.Place.Ledger = "led_2" }), "ledger"},
		"for tests":                   {e, robin.decides(t, e, policies.Approved, func(s *Statement) { s.Place.Mode = "test" }), "mode"},
		"of another account":          {e, robin.decides(t, e, policies.Approved, func(s *Statement) { s.Place.Account = "acct_2" }), "account"},
		"a rejection":                 {e, robin.decides(t, e, policies.Rejected), "0 of one approval"},
		"a rejection kept as another": {e, as(robin.decides(t, e, policies.Rejected), policies.Approved), "purpose, verdict"},
		"a settlement":                {e, as(robin.decides(t, e, policies.Done), policies.Approved), "purpose, verdict"},
		"kept as kim's":               {e, by(good, "kim"), "the ledger says that kim decided"},
	} {
		err := panelOf(t, robin.line, kim.line).Judge(t.Context(), c.e, []policies.Approval{c.a}, policies.Need{})
		if (err == nil) != (c.want == "") || err != nil && (fault.CodeOf(err) != fault.Refused || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: want %q, got %v", name, c.want, err)
		}
	}
}

func as(a policies.Approval, verdict policies.State) policies.Approval {
	a.Verdict = verdict
	return a
}

func by(a policies.Approval, name string) policies.Approval {
	a.By = name
	return a
}

func TestEnoughDifferentPeopleOfTheNeededRoleMustApprove(t *testing.T) {
	robin, kim, noa := newPerson(t, "robin", "robin,role:finance"), newPerson(t, "kim", "kim,role:finance,role:lead"), newPerson(t, "noa", "noa")
	again := newPerson(t, "robin", "robin,role:finance") // another key of robin's
	p := panelOf(t, robin.line, kim.line, noa.line, again.line)
	e := waiting()
	yes := func(who ...person) (given []policies.Approval) {
		for _, w := range who {
			given = append(given, w.decides(t, e, policies.Approved))
		}
		return given
	}
	finance := policies.Need{Role: "finance", People: 2}
	for name, c := range map[string]struct {
		given []policies.Approval
		need  policies.Need
		ok    bool
	}{
		"nobody":                   {nil, policies.Need{}, false},
		"anybody":                  {yes(noa), policies.Need{}, true},
		"two of finance":           {yes(robin, kim), finance, true},
		"one of finance":           {yes(robin), finance, false},
		"one of two has no role":   {yes(robin, noa), finance, false},
		"robin twice":              {yes(robin, robin), finance, false},
		"robin with two keys":      {yes(robin, again), finance, false},
		"three, two of finance":    {yes(noa, robin, kim), finance, true},
		"another role":             {yes(robin), policies.Need{Role: "lead"}, false},
		"two of any role":          {yes(noa, kim), policies.Need{People: 2}, true},
		"a role that nobody holds": {yes(robin, kim, noa), policies.Need{Role: "ceo"}, false},
	} {
		if err := p.Judge(t.Context(), e, c.given, c.need); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoWasRemovedFromTheRosterCountsNoMore(t *testing.T) {
	robin, kim := newPerson(t, "robin", "robin"), newPerson(t, "kim", "kim")
	given := []policies.Approval{robin.decides(t, waiting(), policies.Approved)}
	if err := panelOf(t, robin.line, kim.line).Judge(t.Context(), waiting(), given, policies.Need{}); err != nil {
		t.Errorf("before: %v", err)
	}
	if err := panelOf(t, kim.line).Judge(t.Context(), waiting(), given, policies.Need{}); fault.CodeOf(err) != fault.Refused {
		t.Errorf("after: %v", err)
	}
}

func TestAnApprovalEndsWithTheTimeItWasSignedFor(t *testing.T) {
	robin := newPerson(t, "robin", "robin")
	p := panelOf(t, robin.line)
	given := []policies.Approval{robin.decides(t, waiting(), policies.Approved)}
	p.Now = func() time.Time { return waiting().ExpiresAt.Add(-time.Millisecond) }
	if err := p.Judge(t.Context(), waiting(), given, policies.Need{}); err != nil {
		t.Errorf("just before: %v", err)
	}
	p.Now = func() time.Time { return waiting().ExpiresAt }
	if err := p.Judge(t.Context(), waiting(), given, policies.Need{}); err == nil || !strings.Contains(err.Error(), "signed for the time until") {
		t.Errorf("at the end: %v", err)
	}
}

// What is under way was judged anew, perhaps under a newer policy than was shown.
func TestAnApprovalOfWhatIsUnderWayMayNameTheEarlierPolicy(t *testing.T) {
	robin := newPerson(t, "robin", "robin")
	e := waiting()
	given := []policies.Approval{robin.decides(t, e, policies.Approved)}
	e.State, e.Decision.Revision = policies.InDoubt, "rev_2"
	if err := panelOf(t, robin.line).Judge(t.Context(), e, given, policies.Need{}); err != nil {
		t.Error(err)
	}
}

func TestWithoutARosterNamesCountInASandboxOnly(t *testing.T) {
	named := []policies.Approval{{By: "robin", Verdict: policies.Approved}, {By: "ROBIN", Verdict: policies.Approved}}
	for mode, want := range map[string]bool{"sandbox": true, "test": false, "live": false, "": false} {
		p := Panel{Place: Place{Mode: mode}, Now: noon, InForce: func(context.Context) (*Roster, error) { return nil, nil }}
		if err := p.Judge(t.Context(), waiting(), named, policies.Need{Role: "finance"}); (err == nil) != want {
			t.Errorf("%q: %v", mode, err)
		}
		if err := p.Judge(t.Context(), waiting(), named, policies.Need{People: 2}); err == nil {
			t.Errorf("%q: one name counts as two people", mode)
		}
	}
}

func TestARosterThatCannotBeReadLetsNothingHappen(t *testing.T) {
	broken := errors.New("disk on fire")
	p := Panel{Place: Place{Mode: "sandbox"}, Now: noon, InForce: func(context.Context) (*Roster, error) { return nil, broken }}
	if err := p.Judge(t.Context(), waiting(), []policies.Approval{{By: "robin", Verdict: policies.Approved}}, policies.Need{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}
