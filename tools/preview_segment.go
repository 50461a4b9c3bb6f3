package tools

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

type previewSegmentInput struct {
	Segment   segmentName `json:"segment"`
	Tag       string      `json:"tag,omitempty" jsonschema:"that members get and leavers lose"`
	Attribute string      `json:"attribute,omitempty" jsonschema:"custom attribute that members get, and leavers lose"`
	Value     string      `json:"value,omitempty" jsonschema:"of the attribute"`
}

type segmentName string

// Schema wants a name.
func (segmentName) Schema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Pattern: `^[a-z0-9-]{1,60}$`,
		Description: "defined by a person, such as cards-expiring; or " + billingAttributes + ": facts for sync_billing_attributes",
	}
}

type segmentPreview struct {
	Plan      string         `json:"plan_id"`
	Title     string         `json:"title"`
	Version   int            `json:"version"`
	AsOf      time.Time      `json:"as_of"`
	Customers int            `json:"customers"`
	Members   int            `json:"members"`
	Unmatched int            `json:"unmatched" jsonschema:"customers without a contact"`
	Several   int            `json:"several" jsonschema:"customers in doubt, left alone"`
	Enter     int            `json:"enter"`
	Leave     int            `json:"leave"`
	Sample    []sampleMember `json:"sample,omitempty"`
}

type sampleMember struct {
	Contact  string `json:"contact_id"`
	Customer string `json:"customer_id,omitempty"`
	Leaves   bool   `json:"leaves,omitempty"`
}

// PreviewSegment works out whom applying a segment would change.
func PreviewSegment(d Deps) Tool {
	return Read(Spec{
		Toolset: Segments, Name: "preview_segment", Title: "Preview a segment",
		Scopes:      access.Scopes{access.SegmentsWrite, access.Lookup},
		Description: "Who is in a segment of Stripe facts, and who would enter and leave since last time. Changes nothing; apply_segment carries the plan out.",
	}, d.previewSegment)
}

// oldest is how old the facts may be that somebody is tagged on.
const oldest = 24 * time.Hour

func (d Deps) previewSegment(ctx context.Context, _ policies.Principal, in previewSegmentInput) (out segmentPreview, err error) {
	if out.AsOf, err = d.indexed(ctx); err != nil {
		return out, err
	}
	if in.Segment == billingAttributes {
		return d.previewBilling(ctx, in, out)
	}
	if err := d.checkMark(ctx, in); err != nil {
		return out, err
	}
	def, err := d.Segments.Definition(ctx, string(in.Segment))
	if err != nil {
		return out, err
	}
	payers, err := d.Segments.Find(ctx, def.Filter)
	if err != nil {
		return out, err
	}
	m, err := d.match(ctx, payers)
	if err != nil {
		return out, err
	}
	p := segments.Plan{Definition: def.Name, Version: def.Version, Tag: in.Tag, Doubtful: m.unmatched + m.several}
	if in.Attribute != "" {
		p.Attributes = []string{in.Attribute}
	}
	has, err := d.Segments.Members(ctx, p)
	if err != nil {
		return out, err
	}
	changes, sample := changesOf(in, m, has)
	p, err = d.Segments.Keep(ctx, p, changes)
	out.Plan, out.Title, out.Version, out.Customers, out.Members = p.ID, label(def.Title, maxLabel), def.Version, len(payers), len(m.found)
	out.Unmatched, out.Several, out.Enter, out.Leave, out.Sample = m.unmatched, m.several, p.Adds, p.Removes, sample
	return out, err
}

// indexed is how old the facts of billing are, if they are fit for use.
func (d Deps) indexed(ctx context.Context) (time.Time, error) {
	asOf, err := d.Segments.AsOf(ctx)
	if err == nil && d.Now().Sub(asOf) > oldest {
		err = &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "the billing index is not filled, or is more than a day old",
			NextStep: "tell the operator to run: supportmcp index sync",
		}
	}
	return asOf, err
}
