package tools

import (
	"context"
	"maps"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// sampled is how many contacts a preview names.
const sampled = 10

// checkMark wants something to be set, and an attribute that can be put back as
// it was.
func (d Deps) checkMark(ctx context.Context, in previewSegmentInput) error {
	if in.Tag == "" && in.Attribute == "" {
		return fault.Invalidf("give the tag that members get", "tag: neither tag nor attribute is given")
	}
	if in.Tag != strings.TrimSpace(label(in.Tag, maxLabel)) {
		return fault.Invalidf("name the tag as Intercom shows it", "tag: has invisible characters, or is too long")
	}
	if (in.Attribute == "") != (in.Value == "") {
		return fault.Invalidf("give attribute and value, or neither", "attribute and value belong together")
	}
	if in.Attribute == "" {
		return nil
	}
	t, err := d.Intercom.ContactAttribute(ctx, in.Attribute)
	switch {
	case err != nil:
		return err
	case t == "": // it is made as a text
		return nil
	case t == intercom.DateType, t == intercom.DatetimeType:
		return fault.Invalidf("take an attribute of another type", "attribute: a %s cannot be set for a segment", t)
	}
	_, err = t.Value(in.Value)
	return err
}

// changesOf are the changes that take the members from what they were to what they
// are now, by contact. Whoever was in before and is doubtful now stays as they are.
func changesOf(in previewSegmentInput, m matching, has map[string]bool) (changes []policies.ContactChange, sample []sampleMember) {
	gets, loses := map[string]string(nil), map[string]string(nil)
	if in.Attribute != "" {
		gets, loses = map[string]string{in.Attribute: in.Value}, map[string]string{in.Attribute: ""}
	}
	customers := map[string]string{}
	for _, one := range m.found {
		customers[one.contact.ID] = one.customer
	}
	for _, id := range slices.Sorted(maps.Keys(customers)) {
		if _, is := has[id]; is {
			continue
		}
		changes = append(changes, policies.ContactChange{Contact: id, Set: gets})
		if len(sample) < sampled {
			sample = append(sample, sampleMember{Contact: id, Customer: customers[id]})
		}
	}
	leaving := 0
	for _, id := range slices.Sorted(maps.Keys(has)) {
		if _, stays := customers[id]; stays || m.held[id] || !has[id] {
			continue
		}
		changes = append(changes, policies.ContactChange{Contact: id, Remove: true, Set: loses})
		if leaving++; leaving <= sampled {
			sample = append(sample, sampleMember{Contact: id, Leaves: true})
		}
	}
	for i := range changes {
		changes[i].Tag = in.Tag
	}
	return changes, sample
}
