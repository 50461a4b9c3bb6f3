package tools

import (
	"context"
	"encoding/json"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/policies"
)

type getActionInput struct {
	Action string `json:"action_id" jsonschema:"action_id of an earlier answer"`
}

type actionStatus struct {
	Action   string            `json:"action_id"`
	Kind     policies.Kind     `json:"kind"`
	State    policies.State    `json:"state"`
	AskedAt  time.Time         `json:"asked_at"`
	Receipt  json.RawMessage   `json:"receipt,omitempty"`
	Code     fault.Code        `json:"code,omitempty"`
	Message  string            `json:"message,omitempty"`
	NextStep string            `json:"next_step,omitempty"`
	Approver string            `json:"decided_by,omitempty"`
	Expires  time.Time         `json:"expires_at,omitzero"`
	Decision policies.Decision `json:"decision"`
}

// Cites are the documents that explain the decision.
func (s actionStatus) Cites() []string { return s.Decision.Cites() }

// GetAction tells how an earlier write stands.
func GetAction(d Deps) Tool {
	return Read(Spec{
		Toolset: Ticket, Name: "get_action", Title: "Read an action", Closed: true,
		Scopes:      access.Scopes{access.BillingRead, access.ConversationsRead, access.BillingRefund, access.BillingManage, access.ConversationsWrite, access.ContactsWrite, access.SegmentsWrite},
		Description: "How an earlier write stands: waiting for a person, done with its receipt, refused, or unknown.",
	}, func(ctx context.Context, by policies.Principal, in getActionInput) (actionStatus, error) {
		e, err := d.Guard.Ledger.Entry(ctx, in.Action)
		if fault.CodeOf(err) == fault.NotFound || err == nil && (e.Hidden() || !shows(access.Of(ctx).Scopes, e.Kind)) {
			return actionStatus{}, policies.UnknownAction()
		}
		if err != nil {
			return actionStatus{}, err
		}
		s := actionStatus{Action: e.ID, Kind: e.Kind, State: e.State, AskedAt: e.CreatedAt, Receipt: e.Receipt, NextStep: e.NextStep(), Approver: e.Approver, Decision: d.Guard.Disclosed(e.Decision, by)}
		if e.Failure != nil {
			s.Code, s.Message = e.Failure.Code, e.Failure.Message
		}
		if e.State == policies.Rejected {
			s.Message = e.Note
		}
		if !e.ErasedAt.IsZero() {
			s.Message = "its texts were erased on " + e.ErasedAt.Format(time.DateOnly)
		}
		if e.State == policies.Awaiting {
			s.Expires = e.ExpiresAt
		}
		if d.Guard.Unlawful(ctx, e) != nil { // why, the log and doctor tell
			s.Message, s.NextStep = "it was approved by nobody whose approval counts, so it is not carried out", "hand the conversation to a person"
		}
		return s, nil
	})
}
