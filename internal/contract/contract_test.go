package contract_test

import (
	"context"
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

func TestTheSandboxDoesNotDifferFromItself(t *testing.T) {
	r, err := contract.Verify(t.Context(), contract.Config{Sandbox: sideOf(company(t)), Account: sideOf(company(t)), Mark: "test0001"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		t.Errorf("%+v", d)
	}
	t.Logf("%d steps, %d answers, %d more, left %+v", r.Steps, r.Answers, r.More, r.Left)
}
