package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"supportmcp/policies"
)

func TestWhoApprovesASegmentReadsWhatItDoes(t *testing.T) {
	t.Parallel()
	a := policies.Segment{Definition: "cards-expiring", Version: 2, Tag: "card-expiring", Adds: 400, Removes: 12, Doubtful: 7, Plan: "plan_x"}
	for kind, c := range map[policies.Kind]struct {
		facts any
		says  string
	}{
		policies.KindSegment:     {a, "400 get it, 12 lose it"},
		policies.KindRevert:      {policies.Revert{Segment: a, Action: "act_1"}, "undoes         act_1"},
		policies.KindBillingSync: {policies.BillingSync{Segment: policies.Segment{Attributes: []string{"billing_plan"}, Adds: 3}}, "3 are changed"},
	} {
		facts, err := json.Marshal(c.facts)
		if err != nil {
			t.Fatal(err)
		}
		e := policies.Entry{Draft: policies.Draft{Kind: kind, Facts: facts}, Decision: policies.Decision{Findings: []policies.Finding{
			{Rule: "segment.bulk", Effect: policies.NeedsApproval, Message: "tags may start the workspace's own automations"},
		}}}
		var out strings.Builder
		if err := printEntry(&out, e, time.Now()); err != nil || !strings.Contains(out.String(), c.says) || !strings.Contains(out.String(), "automations") {
			t.Errorf("of a %s it is shown %s: %v", kind, out.String(), err)
		}
	}
}
