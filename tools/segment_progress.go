package tools

import (
	"context"
	"encoding/json"
)

// following lets a client see how far a plan is: the one that is named, or the one
// that the named action has applied and is undone now.
func (d Deps) following(t Tool) Tool {
	t.Progress = func(ctx context.Context, args json.RawMessage) (done, all int, err error) {
		var in struct {
			Plan   string `json:"plan_id"`
			Action string `json:"action_id"`
		}
		if err := json.Unmarshal(args, &in); err != nil {
			return 0, 0, err
		}
		if in.Action != "" {
			p, err := d.Segments.PlanOf(ctx, in.Action)
			if err != nil {
				return 0, 0, err
			}
			in.Plan = p.ID
		}
		return d.Segments.Progress(ctx, in.Plan, in.Action != "")
	}
	return t
}
