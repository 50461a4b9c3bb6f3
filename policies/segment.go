package policies

import (
	"slices"
	"strconv"
	"strings"
)

// Segment tags the contacts that a segment's definition finds, and takes the tag
// off those that it finds no more; it can set attributes as well. Who is meant was
// worked out before, in a plan, and is bound by its digest.
type Segment struct {
	Definition string   `json:"definition"`
	Version    int      `json:"version"`              // of the definition
	Tag        string   `json:"tag"`                  // "" sets attributes only
	Attributes []string `json:"attributes,omitempty"` // that are set
	Adds       int      `json:"adds"`                 // contacts
	Removes    int      `json:"removes"`              // contacts
	Doubtful   int      `json:"doubtful,omitempty"`   // members with no contact or with several, which are left alone
	Plan       string   `json:"plan,omitempty"`       // id
	Changes    string   `json:"changes,omitempty"`    // digest of the plan's changes
}

// Revert undoes what applying a plan has done, and nothing else.
type Revert struct {
	Segment

	Action string `json:"action"` // the entry that applied it
}

// BillingSync writes facts of billing to the attributes of contacts.
type BillingSync struct{ Segment }

// ContactChange is what an action on many contacts does to one of them.
type ContactChange struct {
	Contact string            `json:"contact"`
	Tag     string            `json:"tag,omitempty"`
	Remove  bool              `json:"remove,omitempty"` // takes the tag off
	Set     map[string]string `json:"set,omitempty"`    // attributes; an empty value takes one away
}

// DigestChanges tells one list of changes from any other.
func DigestChanges(all []ContactChange) (string, error) {
	b, err := encode(all)
	if err != nil {
		return "", err
	}
	return digest("changes", string(b)), nil
}

// sliced reports whether an action of this kind changes so many contacts that one
// attempt need not finish it: each goes on where the last one was.
func (k Kind) sliced() bool { return k == KindSegment || k == KindRevert || k == KindBillingSync }

// SegmentRules is the segment section of a policy.
type SegmentRules struct {
	Section
	Allow      []string // tags; case does not matter
	Attributes []string // that may be set on many contacts at once; never what ties a contact to money
	Alone      int64    // contacts that an agent may change at once; above, a person approves
	Max        int64    // above, nobody can through this server
}

// Kind is KindSegment.
func (Segment) Kind() Kind { return KindSegment }

// Subject is the plan, which is carried out once. One segment is changed by one
// action at a time.
func (s Segment) Subject() Subject {
	return Subject{Exclusive: "segment:" + s.Definition, Same: s.Plan}
}

// Kind is KindRevert.
func (Revert) Kind() Kind { return KindRevert }

// Kind is KindBillingSync.
func (BillingSync) Kind() Kind { return KindBillingSync }

func (s Segment) binds() any   { return s }
func (r Revert) binds() any    { return r }
func (Segment) traits() Traits { return Traits{} }
func (Segment) asks() []Query  { return nil }

func (s Segment) judge(p *Policy, _ Snapshot) []Finding {
	if p.Segment == nil {
		return []Finding{missing("segment")}
	}
	found := []Finding{p.Segment.bulk(int64(s.Adds) + int64(s.Removes))}
	if s.Tag != "" || len(s.Attributes) == 0 {
		found = append(found, p.Segment.listed(s.Tag))
	}
	if len(s.Attributes) > 0 {
		found = append(found, p.settable("segment.attributes", p.Segment.Attributes, s.Attributes))
	}
	return found
}

func (r *SegmentRules) listed(tag string) Finding {
	f := Finding{Rule: "segment.allow", Effect: Allow, Limit: strings.Join(r.Allow, ", ")}
	if !slices.ContainsFunc(r.Allow, func(a string) bool { return sameName(a, tag) }) {
		f.Effect, f.Message, f.NextStep = Deny, "the policy does not list this tag", "use one of those in limit"
	}
	return f
}

func (r *SegmentRules) bulk(n int64) Finding {
	f := Finding{Rule: "segment.bulk", Effect: Allow, Limit: strconv.FormatInt(r.Alone, 10), Actual: strconv.FormatInt(n, 10)}
	switch {
	case n > r.Max:
		f.Effect, f.Limit, f.Message = Deny, strconv.FormatInt(r.Max, 10), "more contacts than may be changed at once"
		f.NextStep = "narrow the segment"
	case n > r.Alone:
		f.Effect, f.Message = NeedsApproval, "tags may start the workspace's own automations, such as e-mails to everyone in the segment"
	}
	return f
}
