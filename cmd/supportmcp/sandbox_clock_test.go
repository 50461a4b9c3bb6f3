package main

import (
	"strings"
	"testing"
	"time"
)

func TestTheSandboxClockIsToldAndMoved(t *testing.T) {
	t.Parallel()
	p := settle(t, func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) })
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "2026-11-23T09:00:00Z"},
		{[]string{"720h"}, "2026-12-23T09:00:00Z"},
		{nil, "2026-12-23T09:00:00Z"},
	} {
		got := typeIn(t, bare(), append([]string{"sandbox", "clock", "--url", p.StripeURL + "/"}, c.args...)...)
		if got.status != 0 || strings.TrimSpace(got.out) != c.want {
			t.Errorf("%v: %+v", c.args, got)
		}
	}
	if sub, _ := p.Stripe.Subscription("sub_maria"); !sub.PeriodEnd.After(p.Clock.Now()) {
		t.Errorf("the plan still ends at %s", sub.PeriodEnd)
	}
}

func TestTheSandboxClockNeverRunsBack(t *testing.T) {
	t.Parallel()
	p := settle(t, time.Now)
	for args, says := range map[string]string{"-24h": "unknown shorthand", "0s": "no duration ahead", "tomorrow": "no duration ahead"} {
		got := typeIn(t, bare(), "sandbox", "clock", "--url", p.StripeURL, args)
		if got.status == 0 || !strings.Contains(got.err, says) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if got := typeIn(t, bare(), "sandbox", "clock", "--url", p.StripeURL+"/v1"); got.status == 0 || !strings.Contains(got.err, "no sandbox answers") {
		t.Errorf("at an address without sandbox: %+v", got)
	}
}
