package approvers

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
)

func TestARosterFollowsAnotherOnlyBySomebodyOfIt(t *testing.T) {
	robin, kim, mallory := newPerson(t, "robin", "robin"), newPerson(t, "kim", "kim"), newPerson(t, "mallory", "mallory")
	sign := func(by person, before, after string, change ...func(*Statement)) Version {
		t.Helper()
		s := Succession(before, after, here(), by.name, noon())
		for _, c := range change {
			c(&s)
		}
		text, signature, err := by.Sign(s)
		if err != nil {
			t.Fatal(err)
		}
		return Version{Body: after, At: noon(), Statement: text, Signature: signature}
	}
	first, both, evil := robin.line, robin.line+kim.line, mallory.line
	for name, c := range map[string]struct {
		versions []Version
		people   string
		want     string // of a refusal
	}{
		"the first":                 {[]Version{{Body: first}}, "robin", ""},
		"one more person":           {[]Version{{Body: first}, sign(robin, first, both)}, "kim robin", ""},
		"the newcomer goes on":      {[]Version{{Body: first}, sign(robin, first, both), sign(kim, both, kim.line)}, "kim", ""},
		"by a newcomer":             {[]Version{{Body: first}, sign(kim, first, both)}, "", "nobody's in the roster"},
		"by a stranger":             {[]Version{{Body: first}, sign(mallory, first, evil)}, "", "nobody's in the roster"},
		"by nobody":                 {[]Version{{Body: first}, {Body: evil}}, "", "this is no statement"},
		"by who has left":           {[]Version{{Body: both}, sign(robin, both, kim.line), sign(robin, kim.line, both)}, "", "nobody's in the roster"},
		"another than was signed":   {[]Version{{Body: first}, about(sign(robin, first, both), evil)}, "", "another one than the accepted one: subject"},
		"behind another":            {[]Version{{Body: first}, sign(robin, both, evil)}, "", "facts"},
		"of another ledger":         {[]Version{{Body: first}, sign(robin, first, evil, func(s *Statement) { s.Place.Ledger = "led_2" })}, "", "ledger"},
		"for another purpose":       {[]Version{{Body: first}, sign(robin, first, evil, func(s *Statement) { s.Purpose = Policy })}, "", "purpose"},
		"that cannot be read":       {[]Version{{Body: "robin"}}, "", "cannot be read"},
		"a signature of an approve": {[]Version{{Body: first}, approvalAs(t, robin, evil)}, "", "purpose"},
	} {
		r, err := Accepted(c.versions, here())
		if got := strings.Join(r.People(), " "); got != c.people || (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, want %q: %v", name, got, c.people, err)
		}
	}
}

func about(v Version, body string) Version {
	v.Body = body
	return v
}

func approvalAs(t *testing.T, by person, body string) Version {
	a := by.decides(t, waiting(), "approved")
	return Version{Body: body, At: noon(), Statement: a.Statement, Signature: a.Signature}
}

func TestWhatIsSignedForTheLedgerAsAWholeCountsForThatAndADay(t *testing.T) {
	robin, mallory := newPerson(t, "robin", "robin"), newPerson(t, "mallory", "mallory")
	want := Statement{Purpose: Prune, Subject: "before 2026-01-01T00:00:00Z"}
	for name, c := range map[string]struct {
		by     person
		change func(*Statement)
		want   string
	}{
		"as it should be":      {robin, func(*Statement) {}, ""},
		"by a stranger":        {mallory, func(*Statement) {}, "nobody's in the roster"},
		"for another purpose":  {robin, func(s *Statement) { s.Purpose = Enroll }, "purpose"},
		"about something else": {robin, func(s *Statement) { s.Subject = "before 2030-01-01T00:00:00Z" }, "subject"},
		"of another ledger":    {robin, func(s *Statement) { s.Place.Ledger = "led_2" }, "ledger"},
		"a day ago":            {robin, func(s *Statement) { s.Time = noon().Add(-longestWait - time.Second) }, "not within a day"},
		"tomorrow":             {robin, func(s *Statement) { s.Time = noon().Add(time.Hour) }, "not within a day"},
	} {
		s := want
		s.Place, s.Signer, s.Time = here(), c.by.name, noon()
		c.change(&s)
		text, signature, err := c.by.Sign(s)
		if err != nil {
			t.Fatal(err)
		}
		who, err := panelOf(t, robin.line).Act(t.Context(), want, text, signature)
		if _, _, ever := panelOf(t, robin.line).Signed(t.Context(), want, text, signature); (ever == nil) != (c.want == "" || c.want == "not within a day") {
			t.Errorf("%s, at any time: %v", name, ever)
		}
		if (err == nil) != (c.want == "") || err != nil && (fault.CodeOf(err) != fault.Refused || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: by %s, want %q, got %v", name, who.Name, c.want, err)
		}
	}
}
