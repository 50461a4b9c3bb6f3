package policies

// Difference is one thing that two policies say differently.
type Difference struct {
	Path, Old, New string
	Looser         bool // something is allowed, or left to a person, that was not before
}

// Compare lists what differs between two policies.
func Compare(old, now *Policy) []Difference {
	if old.Revision == now.Revision {
		return nil
	}
	return []Difference{{Path: "policy", Old: old.Revision, New: now.Revision, Looser: true}}
}
