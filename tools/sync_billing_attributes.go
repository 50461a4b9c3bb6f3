package tools

import (
	"context"
	"fmt"
	"strings"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

// billingAttributes is the name by which the facts of billing are previewed.
const billingAttributes = "billing-attributes"

// SyncBillingAttributes writes facts of billing to contacts.
func SyncBillingAttributes(d Deps) Tool {
	return d.following(Write(Spec{
		Toolset: Segments, Name: "sync_billing_attributes", Title: "Write billing facts to contacts", Idempotent: true,
		Scopes:      access.Scopes{access.SegmentsWrite},
		Description: "Carry out a plan of preview_segment for " + billingAttributes + ": write plan, status, period, balance, card and failures from Stripe to attributes of contacts, where they differ.",
	}, d.Guard, Operation[segmentPlanInput, policies.BillingSync, intercom.Applied]{
		Propose: func(ctx context.Context, in segmentPlanInput) (policies.BillingSync, error) {
			p, err := d.segmentPlan(ctx, in.Plan)
			if err == nil && p.Definition != billingAttributes {
				err = fault.Invalidf("call apply_segment", "plan_id: this plan is of a segment")
			}
			if err == nil {
				err = d.refuseNative(ctx)
			}
			return policies.BillingSync{Segment: p.Facts()}, err
		},
		Perform: func(ctx context.Context, p *policies.Permit[policies.BillingSync]) (intercom.Applied, error) {
			return d.Intercom.SyncBilling(ctx, p, d.Segments)
		},
		Find: func(ctx context.Context, a policies.BillingSync, _ string) (intercom.Applied, bool, error) {
			return d.Intercom.FindApplied(ctx, a.Segment, d.Segments, false)
		},
	}))
}

// nativePrefix is how the names begin that Intercom's own Stripe app writes to
// (https://www.intercom.com/help/en/articles/1871-install-the-stripe-app).
const nativePrefix = "STRIPE_"

// refuseNative keeps two programs from writing the same facts.
func (d Deps) refuseNative(ctx context.Context) error {
	all, err := d.Intercom.Attributes(ctx, intercom.OfContacts)
	if err != nil {
		return err
	}
	for _, a := range all {
		if strings.HasPrefix(a.Name, nativePrefix) {
			return &fault.Error{
				Code: fault.Refused, Took: fault.No, Message: "Intercom's own Stripe app writes the same facts, to " + label(a.Name, maxLabel) + " and others",
				NextStep: "a person removes that app and archives its attributes, or leaves the facts to it",
			}
		}
	}
	return nil
}

// previewBilling works out which facts of which contacts differ.
func (d Deps) previewBilling(ctx context.Context, in previewSegmentInput, out segmentPreview) (segmentPreview, error) {
	if in.Tag != "" || in.Attribute != "" || in.Value != "" {
		return out, fault.Invalidf("give nothing but segment", "tag and attribute do not go with %s", billingAttributes)
	}
	if err := d.refuseNative(ctx); err != nil {
		return out, err
	}
	facts, err := d.Segments.Facts(ctx)
	if err != nil {
		return out, err
	}
	payers := make([]segments.Payer, len(facts))
	of := make(map[string]map[string]string, len(facts))
	for i, f := range facts {
		payers[i], of[f.ID] = f.Payer, f.Attributes()
	}
	m, err := d.match(ctx, payers)
	if err != nil {
		return out, err
	}
	changes, sample := differing(m, of)
	p, err := d.Segments.Keep(ctx, segments.Plan{Definition: billingAttributes, Version: 1, Attributes: segments.FactNames(), Doubtful: m.several}, changes)
	if err != nil {
		return out, fmt.Errorf("keep the plan: %w", err)
	}
	out.Plan, out.Title, out.Version, out.Customers, out.Members = p.ID, "Facts of billing", 1, len(payers), len(m.found)
	out.Unmatched, out.Several, out.Enter, out.Sample = m.unmatched, m.several, p.Adds, sample
	return out, nil
}

// differing are the changes of contacts whose attributes say something else.
func differing(m matching, of map[string]map[string]string) (changes []policies.ContactChange, sample []sampleMember) {
	for _, one := range m.found {
		set := map[string]string{}
		for name, value := range of[one.customer] {
			if one.contact.Attributes[name] != value {
				set[name] = value
			}
		}
		if len(set) == 0 {
			continue
		}
		changes = append(changes, policies.ContactChange{Contact: one.contact.ID, Set: set})
		if len(sample) < sampled {
			sample = append(sample, sampleMember{Contact: one.contact.ID, Customer: one.customer})
		}
	}
	return changes, sample
}
