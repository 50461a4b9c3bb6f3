package tools

import (
	"fmt"
	"strings"

	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// afterRefund leaves the receipt on the conversation, if there is one, for colleagues, and tells
// the customer what the agent wanted told once it is done.
func afterRefund(in createRefundInput, e policies.Entry, r policies.Refund, out stripe.Refund) []policies.Followup {
	where := conversationID(r.Asker.Conversation)
	if where == "" {
		return nil
	}
	follow := []policies.Followup{{Kind: policies.KindNote, Input: noteInput{
		Conversation: where,
		Body:         messageText(fmt.Sprintf("Refund %s of %s on %s was issued (%s). %s: %s.", out.ID, out.Amount, out.Charge, out.Status, e.ID, lawOf(e))),
	}}}
	follow = append(follow, happened(r.Asker, "refund-issued", out.CreatedAt, map[string]string{"refund": out.ID, "charge": out.Charge, "amount": out.Amount.String()})...)
	return withReply(r.Asker, in.ThenReply, follow)
}

// withReply adds what the agent wanted the customer told once an action is done.
func withReply(a policies.Asker, reply messageText, follow []policies.Followup) []policies.Followup {
	if reply == "" {
		return follow
	}
	return append(follow, policies.Followup{Kind: policies.KindReply, Input: replyInput{Conversation: conversationID(a.Conversation), Body: reply}})
}

// lawOf tells colleagues why an action was done: who approved it and which rules
// wanted that, or that the policy let the agent act alone.
func lawOf(e policies.Entry) string {
	if e.Approver == "" {
		return "the policy (" + e.Decision.Revision + ") allows it"
	}
	var rules []string
	for _, f := range e.Decision.Against() {
		rules = append(rules, f.Rule)
	}
	return "approved by " + e.Approver + " (" + strings.Join(rules, ", ") + ")"
}

// Aftermath is what follows when an action on money waits for a person whose note
// decides, which is a note with the code for it; or when it comes to nothing, or nobody
// knows to what: a note for colleagues and, where the policy names a team, the
// hand-over to it. The customer waits for an answer, and the agent may be gone.
func Aftermath(e policies.Entry) []policies.Followup {
	if !e.Kind.MovesMoney() || e.Subject.Conversation == "" {
		return nil
	}
	where := conversationID(e.Subject.Conversation)
	if e.State == policies.Awaiting {
		return escalated(where, e)
	}
	why, ok := unfinished(e)
	if !ok {
		return nil
	}
	out := []policies.Followup{{Kind: policies.KindNote, Input: noteInput{
		Conversation: where, Body: messageText(fmt.Sprintf("%s (%s): %s", described(e), e.ID, why)),
	}}}
	if team := e.Decision.HandTo; team != "" {
		out = append(out, policies.Followup{Kind: policies.KindAssign, Input: assignInput{Conversation: where, Team: team}})
	}
	return out
}

// escalated tells those whose notes decide what is asked for, and how to decide.
func escalated(where conversationID, e policies.Entry) []policies.Followup {
	if !e.Decision.ByNote {
		return nil
	}
	var why []string
	for _, f := range e.Decision.Against() {
		why = append(why, f.Message)
	}
	return []policies.Followup{{Kind: policies.KindNote, Input: noteInput{Conversation: where, Body: messageText(fmt.Sprintf(
		"%s waits for a person (%s): %s.\n\nAsked for by %s; it expires at %s.\n\nTo decide, write an internal note with nothing but\napprove %s\nor, with the reason behind it,\nreject %s",
		described(e), e.ID, strings.Join(why, "; "), e.Principal, e.ExpiresAt.UTC().Format("2006-01-02 15:04 UTC"), e.NoteCode(), e.NoteCode(),
	))}}}
}

func described(e policies.Entry) string {
	what := strings.ToUpper(string(e.Kind[:1])) + string(e.Kind[1:])
	if !e.Subject.Cost.IsZero() {
		what += " of " + e.Subject.Cost.String()
	}
	return strings.TrimSuffix(what+" on "+e.Subject.Charge, " on ")
}

// unfinished tells a colleague how an action stands.
func unfinished(e policies.Entry) (string, bool) {
	switch e.State {
	case policies.Rejected:
		why := "rejected by " + e.Approver
		if e.Note != "" {
			why += ": " + e.Note
		}
		return why + ". The customer has not been told yet.", true
	case policies.Expired:
		return "nobody decided in time. The customer has not been told yet.", true
	case policies.Stale:
		return "approved, but the facts or the policy changed before it was carried out. It was not done.", true
	case policies.InDoubt, policies.Review:
		return "it may have been done, and nobody knows yet. Do not repeat it.", true
	case policies.Denied, policies.Awaiting, policies.Approved, policies.Executing, policies.Done, policies.Failed, policies.Previewed:
	}
	return "", false
}
