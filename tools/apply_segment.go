package tools

import (
	"context"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

type segmentPlanInput struct {
	Plan segmentPlanID `json:"plan_id"`
}

// ApplySegment carries out what a preview has worked out.
func ApplySegment(d Deps) Tool {
	return d.following(Write(Spec{
		Toolset: Segments, Name: "apply_segment", Title: "Apply a segment", Idempotent: true,
		Scopes:      access.Scopes{access.SegmentsWrite},
		Description: "Carry out a plan of preview_segment: tag its members and untag leavers. Many contacts need a person, since tags can start automations. Goes on in the background; revert_segment undoes it.",
	}, d.Guard, Operation[segmentPlanInput, policies.Segment, intercom.Applied]{
		Propose: func(ctx context.Context, in segmentPlanInput) (policies.Segment, error) {
			p, err := d.segmentPlan(ctx, in.Plan)
			if err == nil && p.Definition == billingAttributes {
				err = fault.Invalidf("call sync_billing_attributes", "plan_id: this plan sets facts of billing")
			}
			return p.Facts(), err
		},
		Perform: func(ctx context.Context, p *policies.Permit[policies.Segment]) (intercom.Applied, error) {
			return d.Intercom.ApplySegment(ctx, p, d.Segments)
		},
		Find: func(ctx context.Context, a policies.Segment, _ string) (intercom.Applied, bool, error) {
			return d.Intercom.FindApplied(ctx, a, d.Segments, false)
		},
	}))
}

// segmentPlan is a plan that may still be carried out. One that has begun may be however
// old: it is only gone on with.
func (d Deps) segmentPlan(ctx context.Context, id segmentPlanID) (segments.Plan, error) {
	if err := d.Intercom.Ready(ctx); err != nil {
		return segments.Plan{}, err
	}
	p, err := d.Segments.Plan(ctx, string(id))
	switch {
	case err != nil:
		return p, err
	case p.Action == "" && d.Now().Sub(p.MadeAt) > planAge:
		return p, fault.Invalidf("preview it again", "plan_id: the plan is more than three days old")
	case p.Adds+p.Removes == 0:
		return p, fault.Invalidf("there is nothing to do", "plan_id: the plan changes nobody")
	}
	return p, nil
}
