package policies

import "time"

// Event tells Intercom what happened to a contact, so that the workspace's own
// automations and reports know it. It follows an action on money; no agent asks for one.
type Event struct {
	Asker  Asker             `json:"asker"`
	Name   string            `json:"name"`
	At     time.Time         `json:"at"` // when it happened at Stripe, to the second
	Facts  map[string]string `json:"facts,omitempty"`
	Traits Traits            `json:"traits"`
}

// Kind is KindEvent.
func (Event) Kind() Kind { return KindEvent }

// Subject has no identity: Intercom takes the same event of the same second once.
func (e Event) Subject() Subject {
	return Subject{Conversation: e.Asker.Conversation, Contact: e.Asker.Contact}
}

func (e Event) binds() any {
	e.Traits = Traits{}
	return e
}

func (e Event) traits() Traits { return e.Traits }

func (Event) asks() []Query { return nil }

func (e Event) judge(p *Policy, _ Snapshot) []Finding {
	if p.Reply == nil {
		return []Finding{missing("reply")}
	}
	f := Finding{Rule: "structure.event", Effect: Allow}
	if e.Asker.Contact == "" || e.Name == "" || e.At.IsZero() {
		f.Effect, f.Message, f.NextStep = Deny, "an event needs a contact, a name and a time", "nothing is to be done"
	}
	return []Finding{f}
}
