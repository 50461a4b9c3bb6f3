package policies

import (
	"slices"
	"strconv"
	"strings"
)

// Segment tags the contacts that a segment's definition finds, and takes the tag
// off those that it finds no more.
type Segment struct {
	Definition string `json:"definition"`
	Version    int    `json:"version"` // of the definition
	Tag        string `json:"tag"`
	Adds       int    `json:"adds"`               // contacts
	Removes    int    `json:"removes"`            // contacts
	Doubtful   int    `json:"doubtful,omitempty"` // members with no contact or with several, which are left alone
}

// SegmentRules is the segment section of a policy.
type SegmentRules struct {
	Section
	Allow []string // tags; case does not matter
	Alone int64    // contacts that an agent may change at once; above, a person approves
	Max   int64    // above, nobody can through this server
}

// Kind is KindSegment.
func (Segment) Kind() Kind { return KindSegment }

// Subject has no identity: which contacts have a tag is a desired state.
func (s Segment) Subject() Subject { return Subject{Exclusive: "segment:" + s.Definition} }

func (s Segment) binds() any   { return s }
func (Segment) traits() Traits { return Traits{} }
func (Segment) asks() []Query  { return nil }

func (s Segment) judge(p *Policy, _ Snapshot) []Finding {
	if p.Segment == nil {
		return []Finding{missing("segment")}
	}
	return []Finding{p.Segment.listed(s.Tag), p.Segment.bulk(int64(s.Adds) + int64(s.Removes))}
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
