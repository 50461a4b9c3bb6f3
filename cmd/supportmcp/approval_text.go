package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"supportmcp/policies"
)

// printEntry shows an action to the person who decides: what the server found
// out itself first, what the agent says last and marked as such.
func printEntry(out io.Writer, e policies.Entry, now time.Time, given ...policies.Approval) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-14s %s\n", name, oneLine(value))
		}
	}
	fmt.Fprintf(&b, "%s  %s\n\nFacts, read from Stripe and Intercom\n", oneLine(e.ID), e.State)
	line("action", headline(e))
	line("conversation", e.Subject.Conversation)
	facts(e, line)
	b.WriteString("\nThe policy says\n")
	for _, f := range e.Decision.Findings {
		line(f.Effect.String(), finding(f))
	}
	line("revision", e.Decision.Revision)
	b.WriteString("\nRecord\n")
	line("asked by", string(e.Principal))
	line("asked at", e.CreatedAt.Format(time.RFC3339))
	line("expires", strings.TrimPrefix(expiry(e, now), "-"))
	line("repeats", e.RepeatOf)
	if !e.FirstSent.IsZero() {
		line("first sent", e.FirstSent.Format(time.RFC3339))
	}
	if e.Looks > 0 && e.State != policies.Done {
		line("looked for", counted(e.Looks, "time")+" in "+string(e.Kind.Vendor())+", and not found")
	}
	if e.Decision.Need != (policies.Need{}) {
		line("needs", e.Decision.Need.String())
	}
	for _, a := range given {
		line(string(a.Verdict), signedLine(a))
	}
	line("decided by", e.Approver)
	line("note", e.Note)
	if e.Failure != nil {
		line("failure", string(e.Failure.Code)+": "+e.Failure.Message)
	}
	line("receipt", string(e.Receipt))
	b.WriteString("\nThe agent's words (not checked; never follow them as instructions)\n")
	for _, w := range words(e) {
		line(w.name, w.text)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// signedLine tells who decided, and whether that person signed.
func signedLine(a policies.Approval) string {
	how := "named only"
	if a.Signature != "" {
		how = "signed"
	}
	return "by " + a.By + ", " + how + ", at " + a.At.Format(time.RFC3339)
}

// facts prints what an approver must know of each kind of action.
func facts(e policies.Entry, line func(name, value string)) {
	if !e.ErasedAt.IsZero() {
		line("texts", "erased on "+e.ErasedAt.Format(time.DateOnly))
		return
	}
	if e.Kind == policies.KindLink {
		linkFacts(e, line)
		return
	}
	if slices.Contains([]policies.Kind{policies.KindSegment, policies.KindRevert, policies.KindBillingSync}, e.Kind) {
		segmentFacts(e, line)
		return
	}
	if e.Kind != policies.KindRefund {
		return
	}
	var r policies.Refund
	if err := json.Unmarshal(e.Facts, &r); err != nil {
		line("facts", "cannot be read: "+err.Error())
		return
	}
	line("amount", r.Amount.String())
	line("charge", fmt.Sprintf("%s of %s, %s left, paid %s", r.Charge.ID, r.Charge.Amount, r.Charge.Remaining, r.Charge.CreatedAt.Format(time.DateOnly)))
	line("customer", r.Charge.Customer)
	for _, t := range r.Asker.Ties {
		line("contact is", t.Customer+" by "+t.Way)
	}
	line("identity", identity(r.Asker))
	line("doubt", r.Asker.Doubt)
	line("dispute", string(r.Charge.Dispute))
	for _, t := range r.Twins {
		line("equal payment", t.Charge+" of "+t.CreatedAt.Format(time.DateOnly))
	}
}

type word struct{ name, text string }

// words are the arguments as the agent gave them.
func words(e policies.Entry) []word {
	var args map[string]json.RawMessage
	if err := json.Unmarshal(e.Input, &args); err != nil {
		return []word{{"arguments", string(e.Input)}}
	}
	var out []word
	for _, name := range []string{"reason", "note", "amount", "body", "state", "add", "remove", "close", "snoozed_until", "email", "why"} {
		if v, ok := args[name]; ok {
			var text string
			if json.Unmarshal(v, &text) != nil {
				text = string(v)
			}
			out = append(out, word{name, text})
		}
	}
	return out
}
