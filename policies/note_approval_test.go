package policies

import (
	"testing"

	"supportmcp/internal/money"
)

func TestANoteIsAVerdictOnlyWhenItIsPlain(t *testing.T) {
	for text, want := range map[string]NoteVerdict{
		"approve abcd2345abcd2345":                       {Approved, "abcd2345abcd2345", ""},
		"  Approve\tABCD2345ABCD2345 \n":                 {Approved, "abcd2345abcd2345", ""},
		"approve abcd2345abcd2345.":                      {Approved, "abcd2345abcd2345", ""},
		"reject abcd2345abcd2345":                        {Rejected, "abcd2345abcd2345", ""},
		"REJECT abcd2345abcd2345: used for three\ndays.": {Rejected, "abcd2345abcd2345", "used for three\ndays."},
	} {
		if got, ok := ParseNote(text); !ok || got != want {
			t.Errorf("%q is %+v, %v", text, got, ok)
		}
	}
	for _, text := range []string{
		"", "approve", "approve abcd", "approve abcd2345x", "approve abcd2345abcd2345 ?", "approve abcd2345abcd2345 if it is hers",
		"please approve abcd2345abcd2345", "> approve abcd2345abcd2345", "do not approve abcd2345abcd2345", "approve abcd2345abcd2340", "reject abcd2345abcd2345x", "approved abcd2345abcd2345",
		"approve abcd2345abcd2345\nreject abcd2345abcd2345",
	} {
		if got, ok := ParseNote(text); ok {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}

const byNotes = someRefunds + "approvals: {notes: {admins: [\"8002\"], up_to: {eur: 200.00}}}\n"

// awaiting is an entry of a refund as a policy judges it.
func awaiting(t *testing.T, p *Policy, minor int64, change func(*Refund)) Entry {
	t.Helper()
	r := refundOf(minor)
	if change != nil {
		change(&r)
	}
	d := judged(p, r)
	digest, err := Digest(r)
	if err != nil {
		t.Fatal(err)
	}
	return Entry{ID: "act_1", Draft: Draft{Kind: r.Kind(), Principal: "agent", Subject: r.Subject(), Digest: digest}, Bound: digest, State: Awaiting, Decision: d}
}

func TestANoteDecidesUpToItsAmount(t *testing.T) {
	p := parsed(t, byNotes)
	for name, c := range map[string]struct {
		policy string
		minor  int64
		want   bool
	}{
		"within":              {byNotes, 20000, true},
		"above":               {byNotes, 20001, false},
		"two people":          {someRefunds + "approvals: {people: 2, notes: {admins: [\"8002\"], up_to: {eur: 200.00}}}\n", 20000, false},
		"a role":              {someRefunds + "approvals: {role: finance, notes: {admins: [\"8002\"], up_to: {eur: 200.00}}}\n", 20000, false},
		"another currency":    {someRefunds + "approvals: {notes: {admins: [\"8002\"], up_to: {usd: 200.00}}}\n", 20000, false},
		"notes are not named": {someRefunds, 20000, false},
	} {
		e := awaiting(t, parsed(t, c.policy), c.minor, nil)
		if e.Decision.Effect != NeedsApproval || e.Decision.ByNote != c.want {
			t.Errorf("%s: %s, by note %v", name, e.Decision.Effect, e.Decision.ByNote)
		}
		if got := p.MayDecide("8002", e); got != c.want {
			t.Errorf("%s: the admin may decide: %v", name, got)
		}
		if p.MayDecide("8001", e) || p.MayDecide("", e) {
			t.Errorf("%s: anybody may decide", name)
		}
	}
	// What is listed today counts, not what was listed when it was asked for.
	e := awaiting(t, p, 20000, nil)
	if parsed(t, someRefunds).MayDecide("8002", e) {
		t.Error("a policy without notes lets a note decide")
	}
	if allowed := awaiting(t, p, 100, nil); allowed.Decision.ByNote {
		t.Error("what is allowed anyway waits for a note")
	}
}

func TestACodeBindsActionAndFacts(t *testing.T) {
	p := parsed(t, byNotes)
	one := awaiting(t, p, 20000, nil)
	other := awaiting(t, p, 19999, nil)
	renamed := one
	renamed.ID = "act_2"
	mine := one
	mine.Principal = "kim"
	if code := one.NoteCode(); len(code) != 16 || code == other.NoteCode() || code == renamed.NoteCode() || code == mine.NoteCode() || code != awaiting(t, p, 20000, nil).NoteCode() {
		t.Errorf("the codes are %s, %s and %s", code, other.NoteCode(), renamed.NoteCode())
	}
	if v, ok := ParseNote("approve " + one.NoteCode()); !ok || v.Code != one.NoteCode() {
		t.Errorf("the code %s is not read back", one.NoteCode())
	}
}

func TestNoteRulesNameAdminsAndAmounts(t *testing.T) {
	p := parsed(t, byNotes)
	if n := p.Approvals.Notes; n == nil || len(n.Admins) != 1 || n.UpTo[money.Currency("eur")] != 20000 {
		t.Errorf("read %+v", n)
	}
	for _, text := range []string{
		"approvals: {notes: {admins: [\"8002\"]}}", "approvals: {notes: {up_to: {eur: 1.00}}}", "approvals: {notes: {admins: [\"8002\", robin], up_to: {eur: 1.00}}}",
		"approvals: {notes: {admins: [], up_to: {eur: 1.00}}}",
	} {
		if _, err := Parse("policy.yaml", []byte("version: 1\n"+text+"\n")); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// Whatever lets a note decide more than before is told as looser.
func TestNotesThatDecideMoreAreLooser(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		looser   bool
	}{
		"notes at all":     {someRefunds, byNotes, true},
		"no more notes":    {byNotes, someRefunds, false},
		"one admin more":   {byNotes, someRefunds + "approvals: {notes: {admins: [\"8002\", \"8003\"], up_to: {eur: 200.00}}}\n", true},
		"one admin less":   {someRefunds + "approvals: {notes: {admins: [\"8002\", \"8003\"], up_to: {eur: 200.00}}}\n", byNotes, false},
		"a smaller amount": {byNotes, someRefunds + "approvals: {notes: {admins: [\"8002\"], up_to: {eur: 199.99}}}\n", false},
		"another currency": {byNotes, someRefunds + "approvals: {notes: {admins: [\"8002\"], up_to: {eur: 200.00, usd: 0.01}}}\n", true},
		"a larger amount":  {byNotes, someRefunds + "approvals: {notes: {admins: [\"8002\"], up_to: {eur: 200.01}}}\n", true},
	} {
		if got := loosened(Compare(parsed(t, c.from), parsed(t, c.to))); got != c.looser {
			t.Errorf("%s: looser is %v", name, got)
		}
	}
}
