package policies

import (
	"strings"
	"testing"
	"time"

	"supportmcp/internal/fault"
)

// recorded is an entry for an action, asked for so long before noon.
func recorded(t *testing.T, id string, a Action, s State, ago time.Duration) Entry {
	t.Helper()
	facts, err := encode(a)
	if err != nil {
		t.Fatal(err)
	}
	at := noon().Add(-ago)
	return Entry{
		Draft: Draft{Kind: a.Kind(), Principal: "agent", Subject: a.Subject(), Facts: facts}, ID: id, State: s, CreatedAt: at, UpdatedAt: at,
		Decision: Decision{Effect: Allow, Findings: []Finding{{Rule: "any", Effect: Allow}}},
	}
}

// part is a refund of part of a charge of its own, so that none equals another.
func part(charge string, minor int64) Refund {
	r := refundOf(minor)
	r.Charge.ID = charge
	return r
}

const onePerDay = "version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 50.00, max: 100.00}}, budgets: [{scope: customer, window: 24h, count: 1}]}"

func TestARecordedActionIsJudgedAsOfItsTimeAndWithoutItself(t *testing.T) {
	p := compiled(t, onePerDay)
	first, second := recorded(t, "act_1", part("ch_1", 1000), Done, 3*time.Hour), recorded(t, "act_2", part("ch_2", 2000), Done, time.Hour)
	h := NewHistory([]Entry{second, first})
	for id, want := range map[*Entry]Effect{&first: Allow, &second: Deny} {
		if d, err := h.Judge(p, *id); err != nil || d.Effect != want {
			t.Errorf("%s: %s %+v %v", id.ID, d.Effect, d.Against(), err)
		}
	}
}

func TestWhatFailedHasNeverCounted(t *testing.T) {
	h := NewHistory([]Entry{recorded(t, "act_1", part("ch_1", 1000), Failed, 3*time.Hour)})
	if d, err := h.Judge(compiled(t, onePerDay), recorded(t, "act_2", part("ch_2", 2000), Done, time.Hour)); err != nil || d.Effect != Allow {
		t.Errorf("%+v %v", d, err)
	}
}

func TestTheBreakerWasOpenUntilItWasReleased(t *testing.T) {
	p := compiled(t, onePerDay+"\nbreaker: {window: 24h, sum: {eur: 5000.00}}")
	breaker := recorded(t, "act_0", Breaker{}, Done, 3*time.Hour)
	breaker.UpdatedAt = noon().Add(-time.Hour) // released
	h := NewHistory([]Entry{breaker})
	for ago, want := range map[time.Duration]Effect{4 * time.Hour: Allow, 2 * time.Hour: NeedsApproval, 30 * time.Minute: Allow} {
		if d, err := h.Judge(p, recorded(t, "act_1", part("ch_1", 1000), Done, ago)); err != nil || d.Effect != want {
			t.Errorf("%s ago: %s %v", ago, d.Effect, err)
		}
	}
}

func TestWhatWasErasedOrIsOfAnotherReleaseCannotBeJudged(t *testing.T) {
	p := compiled(t, onePerDay)
	erased, strange := recorded(t, "act_1", part("ch_1", 1000), Done, time.Hour), recorded(t, "act_2", part("ch_1", 1000), Done, time.Hour)
	erased.ErasedAt, strange.Facts = noon(), []byte(`{"of_the_future": 1}`)
	h := NewHistory([]Entry{erased, strange})
	if _, err := h.Judge(p, erased); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := h.Judge(p, strange); err == nil || !strings.Contains(err.Error(), "of_the_future") {
		t.Error(err)
	}
	if changes, judged, others := h.Changes(p, p, time.Time{}); len(changes) > 0 || judged != 0 || others != 2 {
		t.Errorf("%v, %d judged, %d others", changes, judged, others)
	}
}

func TestChangesAreTheRecordedActionsThatAnotherPolicyDecidesOtherwise(t *testing.T) {
	before, after := compiled(t, onePerDay), compiled(t, strings.Replace(onePerDay, "auto: 50.00", "auto: 15.00", 1))
	h := NewHistory([]Entry{
		recorded(t, "act_1", part("ch_1", 1000), Done, 100*time.Hour), recorded(t, "act_2", part("ch_2", 2000), Done, 50*time.Hour),
		recorded(t, "act_old", part("ch_3", 2100), Done, 500*time.Hour), recorded(t, "act_3", part("ch_4", 2200), Done, 49*time.Hour),
	})
	changes, judged, others := h.Changes(before, after, noon().Add(-200*time.Hour))
	if judged != 3 || others != 0 || len(changes) != 1 || changes[0].Entry.ID != "act_2" || changes[0].Old.Effect != Allow || changes[0].New.Effect != NeedsApproval {
		t.Errorf("%d judged, %d others: %+v", judged, others, changes)
	}
}

func TestSpendingsAreOfWhoeverHasUsedMost(t *testing.T) {
	p := compiled(t, "version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 50.00, max: 100.00}}, budgets: [{scope: charge, window: 24h, count: 4, sum: {eur: 40.00}}, {scope: global, window: 2h, sum: {eur: 80.00}}]}")
	h := NewHistory([]Entry{
		recorded(t, "act_1", part("ch_1", 1000), Done, 3*time.Hour), recorded(t, "act_2", part("ch_1", 500), Executing, 2*time.Hour),
		recorded(t, "act_3", part("ch_2", 2000), Done, time.Hour), recorded(t, "act_4", part("ch_3", 9000), Done, 25*time.Hour),
	})
	want := []Spending{
		{Path: "refund.budgets[charge].count", Window: day, Limit: "4", Used: "2", Share: 50, By: "ch_1", Others: 1},
		{Path: "refund.budgets[charge].sum.eur", Window: day, Limit: "40.00 EUR", Used: "20.00 EUR", Share: 50, By: "ch_2", Others: 1},
		{Path: "refund.budgets[global].sum.eur", Window: 2 * time.Hour, Limit: "80.00 EUR", Used: "25.00 EUR", Share: 31},
	}
	got := h.Spendings(p, noon())
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
}
