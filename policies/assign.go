package policies

// Assign hands a conversation to a team, to an admin, or to whoever of the desk
// takes it from the inbox.
type Assign struct {
	Asker  Asker  `json:"asker"`
	Team   string `json:"team"`             // the id
	Admin  string `json:"admin,omitempty"`  // the id
	Anyone bool   `json:"anyone,omitempty"` // takes team and admin away
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
	named := 0
	for _, is := range []bool{a.Team != "", a.Admin != "", a.Anyone} {
		if is {
			named++
		}
	}
	switch {
	case named == 0:
		f.Effect, f.Message, f.NextStep = Deny, "there is no such team or admin", "name a team or an admin of the workspace"
	case named > 1:
		f.Effect, f.Message, f.NextStep = Deny, "a conversation is handed to one at a time", "name a team or an admin"
	}
	return []Finding{f}
}
