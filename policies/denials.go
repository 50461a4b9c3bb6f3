package policies

import (
	"slices"
	"strconv"
	"time"
)

// DenialRules slow a conversation, and a contact, in which much was denied. They
// look at nobody else's, so that nobody can switch the desk off by being denied.
type DenialRules struct {
	Count  int64 // in Window; 0 slows nobody
	Window time.Duration
}

func (r DenialRules) judge(s Snapshot) Finding {
	n := int64(len(s.Denied))
	f := Finding{Rule: "denials", Effect: Allow, Limit: strconv.FormatInt(r.Count, 10), Actual: strconv.FormatInt(n, 10)}
	if n >= r.Count {
		f.Effect, f.Message, f.RetryAfter = Deny, "too much was denied in this conversation or to this contact", r.frees(s.Denied)
		f.NextStep = "wait until retry_after, or hand the conversation to a person"
	}
	return f
}

// frees is when fewer than Count denials are left in the window.
func (r DenialRules) frees(denied []time.Time) time.Time {
	slices.SortFunc(denied, func(a, b time.Time) int { return b.Compare(a) })
	return denied[r.Count-1].Add(r.Window)
}
