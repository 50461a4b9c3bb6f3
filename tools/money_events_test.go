package tools_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
)

// Each action on money is told to Intercom at the second in which Stripe did it,
// however often Intercom has to be told.
func TestEveryActionOnMoneyIsAnEventOfItsContact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		story, tool string
		args        args
		event       string
		facts       map[string]string
	}{
		{"two-plans", "cancel_subscription", args{"how": "at_period_end", "subscription_id": "sub_ivan_b"}, "subscription-canceled", map[string]string{"subscription": "sub_ivan_b", "how": "at_period_end"}},
		{"unused-time", "cancel_subscription", args{"how": "now_with_refund"}, "subscription-canceled", map[string]string{"subscription": "sub_anne", "how": "now_with_refund", "amount": "131.22 EUR"}},
		{"wants-to-stay", "resume_subscription", args{}, "subscription-resumed", map[string]string{"subscription": "sub_tara"}},
		{"too-expensive", "apply_discount", args{"coupon": "STAY20"}, "discount-applied", map[string]string{"subscription": "sub_cleo", "coupon": "STAY20", "worth": "12.00 EUR"}},
		{"discounted-already", "apply_discount", args{"coupon": "STAY20", "remove": true}, "discount-removed", map[string]string{"subscription": "sub_max", "coupon": "STAY20"}},
		{"dispute-won", "grant_credit", args{"amount": "10.00 EUR"}, "credit-granted", map[string]string{"customer": "cus_otto", "amount": "10.00 EUR"}},
	} {
		t.Run(c.tool+" "+c.event, func(t *testing.T) {
			t.Parallel()
			d := desk(t)
			where := sandbox.Conversation(c.story)
			at := d.Clock.Now().UTC().Truncate(time.Second)
			a := d.Call(c.tool, with(c.args, "conversation_id", where))
			d.Clock.Advance(time.Minute)
			d.Settle()
			got := d.Intercom.Events("64f0" + strings.Repeat("0", 5) + where)
			if len(got) != 1 {
				t.Fatalf("Intercom has %+v after %s", got, a.Text)
			}
			for name, value := range c.facts {
				if got[0].Metadata[name] != value {
					t.Errorf("%s is %q, want %q", name, got[0].Metadata[name], value)
				}
			}
			got[0].Metadata = nil
			want := intercomapi.Event{Name: c.event, Contact: got[0].Contact, At: at}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Error(diff)
			}
			if notes := strings.Join(d.Parts(where, "note"), "\n"); !strings.Contains(notes, a.Action) || !strings.Contains(notes, "allows it") {
				t.Errorf("colleagues read %q, without the entry or why", notes)
			}
		})
	}
}
