package tools

import (
	"context"
	"fmt"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

type revertSegmentInput struct {
	Action string `json:"action_id" jsonschema:"of apply_segment or sync_billing_attributes"`
}

// RevertSegment takes back what applying a segment has changed.
func RevertSegment(d Deps) Tool {
	return d.following(Write(Spec{
		Toolset: Segments, Name: "revert_segment", Title: "Undo a segment", Idempotent: true,
		Scopes:      access.Scopes{access.SegmentsWrite},
		Description: "Undo what one apply_segment or sync_billing_attributes has changed, and nothing that was so before.",
	}, d.Guard, Operation[revertSegmentInput, policies.Revert, intercom.Applied]{
		Propose: d.proposeRevert,
		Perform: func(ctx context.Context, p *policies.Permit[policies.Revert]) (intercom.Applied, error) {
			return d.Intercom.RevertSegment(ctx, p, d.Segments)
		},
		Find: func(ctx context.Context, a policies.Revert, _ string) (intercom.Applied, bool, error) {
			return d.Intercom.FindApplied(ctx, a.Segment, d.Segments, true)
		},
	}))
}

// proposeRevert counts what was changed. The guard lets an application that is
// under way end first, since both are of one segment.
func (d Deps) proposeRevert(ctx context.Context, in revertSegmentInput) (policies.Revert, error) {
	if err := d.Intercom.Ready(ctx); err != nil {
		return policies.Revert{}, err
	}
	p, err := d.Segments.PlanOf(ctx, in.Action)
	if err != nil {
		return policies.Revert{}, err
	}
	run, err := d.Segments.Undo(ctx, p.ID)
	if err != nil {
		return policies.Revert{}, err
	}
	a := policies.Revert{Segment: p.Facts(), Action: in.Action}
	a.Adds, a.Removes, a.Doubtful = 0, 0, 0
	changes := run.Changes()
	for _, c := range changes {
		if c.Remove {
			a.Removes++
		} else {
			a.Adds++
		}
	}
	if len(changes) == 0 {
		return a, fault.Invalidf("there is nothing to undo", "action_id: it has changed nobody")
	}
	if a.Changes, err = policies.DigestChanges(changes); err != nil {
		return a, fmt.Errorf("digest what is undone: %w", err)
	}
	return a, nil
}
