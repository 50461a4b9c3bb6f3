package policies

// Assign hands a conversation to a team.
type Assign struct {
	Asker  Asker  `json:"asker"`
	Team   string `json:"team"` // the id
	Name   string `json:"name"`
	Traits Traits `json:"traits"`
}

// Kind is KindAssign.
func (Assign) Kind() Kind { return KindAssign }

// Subject has no identity: who looks after a conversation is a desired state.
func (a Assign) Subject() Subject {
	return Subject{Conversation: a.Asker.Conversation, Contact: a.Asker.Contact}
}

func (a Assign) binds() any {
	a.Traits = Traits{}
	return a
}

func (a Assign) traits() Traits { return a.Traits }
func (Assign) asks() []Query    { return nil }

func (a Assign) judge(p *Policy, _ Snapshot) []Finding {
	if p.Reply == nil {
		return []Finding{missing("reply")}
	}
	f := Finding{Rule: "structure.team", Effect: Allow}
	if a.Team == "" {
		f.Effect, f.Message, f.NextStep = Deny, "there is no such team", "name a team of the workspace"
	}
	return []Finding{f}
}
