package servertest

import (
	"context"
	"database/sql"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

// Plans of segments that every place has, so that each tool has something to do.
const (
	SegmentPlan    = "plan_aaaaaaaaaaaaaaaaaaaa"    // tags one contact
	BillingPlan    = "plan_bbbbbbbbbbbbbbbbbbbb"    // writes a fact to it
	AppliedSegment = "act_000000000000000000000001" // has set an attribute, by another plan
)

// seedPlans fills the billing index with nobody, and keeps the plans.
func (d *Desk) seedPlans() {
	d.t.Helper()
	contact := sandbox.Person("duplicate-charge")
	now := d.Clock.Now().UnixMilli()
	ctx := context.WithoutCancel(d.t.Context())
	d.must(d.Ledger.Share(ctx, "seed plans", func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE billing_index SET scanned_at = $1, fed_until = $1 WHERE scanned_at = 0`, now)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); n == 0 {
			return err // another desk at this place was first
		}
		for _, p := range []struct {
			id, definition, tag, action, attribute, sets string
			change                                       policies.ContactChange
			state                                        segments.StepState
		}{
			{id: SegmentPlan, definition: "cards-expiring", tag: "card-expiring", sets: "null", state: segments.Planned, change: policies.ContactChange{Tag: "card-expiring"}},
			{
				id: BillingPlan, definition: "billing-attributes", attribute: "billing_plan", sets: `{"billing_plan":"Team"}`, state: segments.Planned,
				change: policies.ContactChange{Set: map[string]string{"billing_plan": "Team"}},
			},
			{id: "plan_cccccccccccccccccccc", definition: "late", tag: "card-expiring", action: AppliedSegment, sets: "null", state: segments.Done, change: policies.ContactChange{Tag: "card-expiring"}},
		} {
			p.change.Contact = contact
			changes, err := policies.DigestChanges([]policies.ContactChange{p.change})
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO segment_plan (id, definition, version, tag, attributes, changes, adds, removes, doubtful, made_at, action)
				VALUES ($1, $2, 1, $3, $4, $5, 1, 0, 0, $6, $7)`, p.id, p.definition, p.tag, p.attribute, changes, now, p.action)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO segment_step (plan, n, contact, remove, sets, state, before) VALUES ($1, 1, $2, 0, $3, $4, 'null')`, p.id, contact, p.sets, string(p.state))
			if err != nil {
				return err
			}
		}
		return nil
	}))
}
