package policies

import (
	"slices"
	"strings"
	"testing"
)

// connectedRefund is of a payment of which a connected account has got its share.
func connectedRefund(from RefundFrom) Refund {
	r := refundOf(2000)
	r.Charge.Connected, r.Charge.Transferred, r.From = true, true, from
	return r
}

func TestMoneyOfAConnectedAccountGoesOnlyAsThePolicySays(t *testing.T) {
	t.Parallel()
	kept, plain := connectedRefund(FromAccount), refundOf(2000)
	kept.Charge.Transferred = false
	plain.From = FromPlatform
	for name, c := range map[string]struct {
		policy string
		r      Refund
		want   string // part of the message; "" is allowed
	}{
		"no word of it":                        {"", connectedRefund(""), "a connected account is involved"},
		"denied":                               {"connect: deny", connectedRefund(""), "a connected account is involved"},
		"by the platform":                      {"connect: platform", connectedRefund(FromPlatform), ""},
		"with its share taken back":            {"connect: connected_account", connectedRefund(FromAccount), ""},
		"asked before the policy was another":  {"connect: platform", connectedRefund(FromAccount), "come from elsewhere now"},
		"asked before there was a word":        {"connect: platform", connectedRefund(""), "come from elsewhere now"},
		"asked before the word was taken back": {"", connectedRefund(FromPlatform), "a connected account is involved"},
		"no share to take back":                {"connect: connected_account", kept, "got no share"},
		"nothing of a connected account":       {"connect: platform", plain, "a connected account is involved"},
	} {
		p := compiled(t, "version: 1\nrefund:\n  window: 30d\n  currencies: {eur: {auto: 50.00, max: 500.00}}\n  "+c.policy+"\n")
		reads, judge := p.plan(c.r, Request{Principal: "agent"})
		d := judge(Snapshot{Now: noon(), Usage: make([]Usage, len(reads.Queries))})
		i := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Rule == "refund.connect" })
		if i < 0 {
			t.Errorf("%s: no finding tells of it", name)
			continue
		}
		if f := d.Findings[i]; (f.Effect == Allow) != (c.want == "") || !strings.Contains(f.Message, c.want) || (d.Effect == Allow) != (c.want == "") {
			t.Errorf("%s: %s by %+v", name, d.Effect, f)
		}
	}
}

func TestAnotherWayToRefundConnectedAccountsIsLooser(t *testing.T) {
	t.Parallel()
	policy := func(connect string) *Policy {
		return compiled(t, "version: 1\nrefund:\n  window: 30d\n  currencies: {eur: {auto: 50.00, max: 500.00}}\n  connect: "+connect+"\n")
	}
	for _, c := range []struct {
		before, after string
		looser        bool
	}{{"deny", "platform", true}, {"deny", "connected_account", true}, {"platform", "connected_account", true}, {"connected_account", "platform", true}, {"platform", "deny", false}} {
		if got := Compare(policy(c.before), policy(c.after)); len(got) != 1 || loosened(got) != c.looser {
			t.Errorf("from %s to %s: %+v", c.before, c.after, got)
		}
	}
}
