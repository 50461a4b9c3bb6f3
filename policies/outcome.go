package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/fault"
)

// Previewed is the state told for a dry run; no entry ever has it.
const Previewed State = "preview"

// Outcome is every answer a write can give: done, waiting, refused, in doubt, or
// only judged.
type Outcome[Out any] struct {
	Action   string     `json:"action_id,omitempty" jsonschema:"give it to get_action"`
	State    State      `json:"state"`
	Replayed bool       `json:"replayed,omitempty" jsonschema:"asked before; nothing was sent now"`
	Code     fault.Code `json:"code,omitempty"`
	Message  string     `json:"message,omitempty"`
	NextStep string     `json:"next_step,omitempty"`
	Receipt  *Out       `json:"receipt,omitempty"`
	Expires  time.Time  `json:"expires_at,omitzero" jsonschema:"until when a person may approve"`
	Decision Decision   `json:"decision"`
}

// Refused reports whether the answer is an error to the agent. Waiting and not
// knowing yet are not.
func (o Outcome[Out]) Refused() bool {
	return slices.Contains([]State{Denied, Failed, Rejected, Expired, Stale}, o.State) ||
		o.State == Previewed && !o.Replayed && o.Decision.Effect == Deny
}

func preview[Out any](ctx context.Context, g *Guard, r Request, a Action) (Outcome[Out], error) {
	e, replayed, err := g.begin(ctx, r, a, 0)
	if err != nil {
		return Outcome[Out]{}, err
	}
	if e.Hidden() {
		return Outcome[Out]{}, Unknown(e.Kind)
	}
	o := Outcome[Out]{State: Previewed, Decision: e.Decision, NextStep: "nothing was changed; call without dry_run to act"}
	switch {
	case replayed:
		o.Action, o.Replayed = e.ID, true
		o.NextStep = "this was asked before and is " + string(e.State) + "; it would not be done again"
	case e.Decision.Effect == Deny:
		o.explain(e.Decision)
	}
	return o.told(g.disclosure(r.Principal)), nil
}

// Cites are the documents that explain the decision.
func (o Outcome[Out]) Cites() []string { return o.Decision.Cites() }

// told is the answer as an agent of this level may know it.
func (o Outcome[Out]) told(level Disclosure) Outcome[Out] {
	o.Decision = o.Decision.at(level)
	refused := o.State == Denied || o.State == Previewed && o.Decision.Effect == Deny
	switch {
	case level == Hint && refused && len(o.Decision.Findings) > 0:
		o.Message = o.Decision.Findings[0].Rule
	case level == Code && refused:
		o.Message, o.NextStep = "the policy does not allow this", "hand the conversation to a person"
	}
	return o
}

// outcome tells how an entry stands.
func outcome[Out any](e Entry, replayed bool) (Outcome[Out], error) {
	o := Outcome[Out]{Action: e.ID, State: e.State, Replayed: replayed, Decision: e.Decision}
	if e.Hidden() {
		return Outcome[Out]{}, Unknown(e.Kind)
	}
	if e.State == Denied {
		o.explain(e.Decision)
		return o, nil
	}
	if e.Receipt != nil {
		o.Receipt = new(Out)
		if err := json.Unmarshal(e.Receipt, o.Receipt); err != nil {
			return o, fmt.Errorf("read receipt of %s: %w", e.ID, err)
		}
	}
	if e.Failure != nil {
		o.Code, o.Message = e.Failure.Code, e.Failure.Message
	}
	o.NextStep = e.NextStep()
	if e.State == Awaiting {
		o.Expires = e.ExpiresAt
	}
	return o, nil
}

// explain puts the strictest finding into the fields every refusal has.
func (o *Outcome[Out]) explain(d Decision) {
	o.Code = fault.Refused
	for _, f := range d.Against() {
		o.Message, o.NextStep = f.Rule+": "+f.Message, f.NextStep
		return
	}
}

// NextStep is what an agent should do about an entry, by its state.
func (e Entry) NextStep() string {
	switch e.State {
	case Awaiting:
		return "a person must approve this; tell the customer it was passed on, and read it later with get_action; do not repeat it"
	case Approved:
		return "it will be carried out within seconds; read it with get_action; do not repeat it"
	case Executing, InDoubt:
		return "it may have taken effect; read it with get_action in a minute; do not repeat it"
	case Review:
		return "a person must look at it; do not repeat it"
	case Rejected:
		return "a person refused this; tell the customer kindly, or hand the conversation over"
	case Expired:
		return "nobody decided in time; hand the conversation to a person"
	case Stale:
		return "the facts or the policy changed after the approval; read the conversation again"
	case Failed:
		if e.Failure != nil && e.Failure.NextStep != "" {
			return e.Failure.NextStep
		}
		return "nothing was changed; read the facts again before another try"
	case Done:
		if e.Receipt == nil && e.Note != "" {
			return "a person recorded that it was done, without a receipt; do not repeat it"
		}
	case Denied, Previewed:
	}
	return ""
}
