package contract_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/contract"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// company is a sandbox that answers.
func company(t *testing.T) *sandbox.Running {
	t.Helper()
	running, err := sandbox.New(control.NewClock(start)).Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	return running
}

func sideOf(s *sandbox.Running) contract.Side {
	return contract.Side{
		StripeKey: sandbox.StripeKey, StripeURL: s.StripeURL,
		IntercomToken: sandbox.IntercomToken, IntercomURL: s.IntercomURL, IntercomAdmin: sandbox.AdminID,
		Now: s.Clock.Now, Index: func(context.Context) error { s.Clock.Advance(time.Hour); return nil },
	}
}

func TestTheSandboxDoesNotDifferFromItselfAndIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	twin := company(t)
	before := inUse(t, twin)
	r := verify(t, sideOf(twin))
	for _, d := range r.Differences {
		t.Errorf("%+v", d)
	}
	if !r.Same() || r.More > 0 || r.Steps < len(contract.Steps()) || r.Answers < r.Steps {
		t.Errorf("same: %v, %d more, %d steps, %d answers", r.Same(), r.More, r.Steps, r.Answers)
	}
	twin.Clock.Advance(time.Hour) // search learns of the end
	if after := inUse(t, twin); !reflect.DeepEqual(before, after) {
		t.Errorf("before %v\nafter %v", before, after)
	}
	onlyWhatStays(t, r, "")
	plan := strings.Join(slices.Concat(contract.Planned().Stripe, contract.Planned().Intercom), "\n")
	for _, l := range r.Left {
		if !strings.Contains(plan, l.What) {
			t.Errorf("a %s was made, of which the plan says nothing", l.What)
		}
	}
}
