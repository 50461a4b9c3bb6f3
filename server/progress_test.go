package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"supportmcp/server/servertest"
)

// It runs alone: mcp-go has one session over stdio in a process, and gives what is
// told to whichever of several servers reads it first.
func TestAClientThatAsksIsToldHowFarACallIs(t *testing.T) {
	d := servertest.Start(t, servertest.Setup{})
	progress := func() (told []string) {
		for _, m := range d.Wire.Messages(t) {
			if m.Method == "notifications/progress" {
				told = append(told, string(m.Params))
			}
		}
		return told
	}
	ask := func(id, tool, meta string) {
		send(t, d, line(id, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":{"plan_id":%q}%s}`, tool, servertest.SegmentPlan, meta)))
		d.Wire.Answer(t, id)
	}
	ask(`"quiet"`, "apply_segment", "")
	if told := progress(); len(told) > 0 {
		t.Errorf("nobody asked, and was told %v", told)
	}
	ask(`"curious"`, "apply_segment", `,"_meta":{"progressToken":"t1"}`)
	d.Wire.Told(t, "notifications/progress")
	ok := slices.ContainsFunc(progress(), func(params string) bool {
		var p struct {
			Token string `json:"progressToken"`
			Done  int    `json:"progress"`
			Total int    `json:"total"`
		}
		return json.Unmarshal([]byte(params), &p) == nil && p.Token == "t1" && p.Done == 1 && p.Total == 1
	})
	if !ok {
		t.Errorf("told was %v", progress())
	}
}
