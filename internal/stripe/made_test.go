package stripe_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/stripe"
)

// marked is a client that marks its refunds as asked for by a ledger.
func marked(t *testing.T, b *bench, ledger string) *stripe.Client {
	t.Helper()
	c, err := stripe.New(stripe.Config{Key: testKey, BaseURL: b.url, Now: start, Ledger: ledger})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOnlyRefundsOfOurOwnLedgerAreOurs(t *testing.T) {
	b := withMaria(t)
	ours, theirs := marked(t, b, "led_ours"), marked(t, b, "led_theirs")
	for key, c := range map[string]*stripe.Client{"act_ours": ours, "act_theirs": theirs, "act_unmarked": b.Client} {
		if _, err := refund(t, c, key, refundOf("ch_maria", eur(100), eur(10000))); err != nil {
			t.Fatal(err)
		}
	}
	b.account.AddRefund(stripeapi.Refund{ID: "re_dashboard", Charge: "ch_maria", Amount: 100})
	b.account.AddRefund(stripeapi.Refund{ID: "re_old", Charge: "ch_maria", Amount: 100, Created: start().Add(-2 * time.Hour), Metadata: map[string]string{"ledger": "led_ours", "operation_id": "act_old"}})
	var got []string
	made := func(c *stripe.Client) error {
		return c.Made(t.Context(), start().Add(-time.Hour), func(m stripe.Made) error {
			got = append(got, fmt.Sprint(m.Key, m.Conversation, m.Amount, m.Charge))
			return nil
		})
	}
	if err := errors.Join(made(ours), made(b.Client)); err != nil || len(got) != 1 || got[0] != "act_oursconv_11.00 EURch_maria" {
		t.Errorf("made %q: %v", got, err)
	}
}

func TestAllPagesOfOurRefundsAreRead(t *testing.T) {
	b := withMaria(t)
	for i := range 250 {
		b.account.AddRefund(stripeapi.Refund{
			ID: fmt.Sprintf("re_many_%03d", i), Charge: "ch_maria", Amount: 1, Metadata: map[string]string{"ledger": "led_ours", "operation_id": fmt.Sprint("act_", i)},
		})
	}
	seen := map[string]bool{}
	each := func(m stripe.Made) error { seen[m.Key] = true; return nil }
	if err := marked(t, b, "led_ours").Made(t.Context(), start().Add(-time.Hour), each); err != nil || len(seen) != 250 {
		t.Errorf("%d refunds: %v", len(seen), err)
	}
}

func TestAnErrorEndsTheReadingOfOurRefunds(t *testing.T) {
	b := withMaria(t)
	ours := marked(t, b, "led_ours")
	if _, err := refund(t, ours, "act_1", refundOf("ch_maria", eur(100), eur(10000))); err != nil {
		t.Fatal(err)
	}
	stop := errors.New("enough")
	if err := ours.Made(t.Context(), start(), func(stripe.Made) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
	if err := b.account.Desk.Inject(control.Fault{Method: http.MethodGet, Path: "/v1/refunds", Kind: control.ErrorBefore, Status: http.StatusForbidden}); err != nil {
		t.Fatal(err)
	}
	if err := ours.Made(t.Context(), start(), func(stripe.Made) error { return nil }); fault.CodeOf(err) != fault.Upstream {
		t.Errorf("got %v", err)
	}
}
