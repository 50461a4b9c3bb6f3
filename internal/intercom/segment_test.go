package intercom_test

import (
	"context"
	"path/filepath"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	store "supportmcp/internal/ledger"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

// planned is a store with a plan that tags one contact and sets an attribute.
func planned(t *testing.T, d desk) (*segments.Store, policies.Segment) {
	t.Helper()
	l, err := store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "state", "ledger.db"), store.Options{Now: d.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := segments.NewStore(l, d.clock.Now)
	p, err := s.Keep(t.Context(), segments.Plan{Definition: "late", Version: 1, Tag: "late-payer", Attributes: []string{"billing_plan"}},
		[]policies.ContactChange{{Contact: ana, Tag: "late-payer", Set: map[string]string{"billing_plan": "Team"}}})
	if err != nil {
		t.Fatal(err)
	}
	return s, p.Facts()
}

func TestSegmentsNeedAFreshPermit(t *testing.T) {
	d := newDesk(t)
	s, a := planned(t, d)
	refuses(t, d, "ApplySegment", a, func(ctx context.Context, p *policies.Permit[policies.Segment]) (intercom.Applied, error) {
		return d.ApplySegment(ctx, p, s)
	})
	undo := policies.Revert{Segment: a}
	undo.Changes = digestOf(t, []policies.ContactChange{{Contact: ana, Tag: "late-payer", Remove: true, Set: map[string]string{"billing_plan": ""}}})
	refuses(t, d, "RevertSegment", undo, func(ctx context.Context, p *policies.Permit[policies.Revert]) (intercom.Applied, error) {
		return d.RevertSegment(ctx, p, s)
	})
	s, a = planned(t, d)
	refuses(t, d, "SyncBilling", policies.BillingSync{Segment: a}, func(ctx context.Context, p *policies.Permit[policies.BillingSync]) (intercom.Applied, error) {
		return d.SyncBilling(ctx, p, s)
	})
}

func digestOf(t *testing.T, changes []policies.ContactChange) string {
	t.Helper()
	digest, err := policies.DigestChanges(changes)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestAPlanThatIsNotTheOneThatWasJudgedIsRefused(t *testing.T) {
	d := newDesk(t)
	s, a := planned(t, d)
	a.Changes = digestOf(t, []policies.ContactChange{{Contact: ana, Tag: "vip"}})
	d.Desk.Forget()
	_, err := perform(t, a, func(ctx context.Context, p *policies.Permit[policies.Segment]) (intercom.Applied, error) {
		return d.ApplySegment(ctx, p, s)
	})
	wantFault(t, err, fault.Internal, fault.No)
	if asked := d.Desk.Requests(); len(asked) != 0 {
		t.Errorf("Intercom was asked %+v", asked)
	}
}

// A contact that is gone stops nobody else's change.
func TestAContactThatIsGoneIsSkipped(t *testing.T) {
	d := newDesk(t)
	s, _ := planned(t, d)
	gone := "64f9000000000000000000ff"
	p, err := s.Keep(t.Context(), segments.Plan{Definition: "late", Version: 1, Tag: "late-payer"},
		[]policies.ContactChange{{Contact: gone, Tag: "late-payer"}, {Contact: ana, Tag: "late-payer"}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := perform(t, p.Facts(), func(ctx context.Context, permit *policies.Permit[policies.Segment]) (intercom.Applied, error) {
		return d.ApplySegment(ctx, permit, s)
	})
	if err != nil || got != (intercom.Applied{Plan: p.ID, Changed: 1, Skipped: 1}) {
		t.Errorf("%+v: %v", got, err)
	}
}
