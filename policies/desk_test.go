package policies

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

// desk is a guard under the default policy with a ledger in memory, a clock that
// the test moves, and a vendor that only remembers which keys it was asked under.
type desk struct {
	*Guard
	ledger *memory
	clock  time.Time
	sent   []string // keys, in the order of asking
}

type slip struct {
	Refunded money.Money `json:"refunded"`
	Key      string      `json:"key"`
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{ledger: newLedger(), clock: noon()}
	d.ledger.now = d.now
	d.Guard = &Guard{Ledger: d.ledger, Now: d.now, Log: slog.New(slog.DiscardHandler), Timeout: 10 * time.Second, Lease: time.Minute}
	d.Use(testPolicy(t))
	return d
}

func (d *desk) now() time.Time { return d.clock }

func (d *desk) pass(span time.Duration) { d.clock = d.clock.Add(span) }

func (d *desk) ask(extra ...func(*Request)) Request {
	r := Request{Principal: "agent", Input: []byte(`{}`)}
	for _, change := range extra {
		change(&r)
	}
	return r
}

// refunding is the operation that refunds a, and works.
func (d *desk) refunding(a Refund) Operation[Refund, slip] {
	return Operation[Refund, slip]{
		Propose: func(context.Context) (Refund, error) { return a, nil },
		Perform: func(_ context.Context, p *Permit[Refund]) (slip, error) {
			a, key, err := p.Redeem()
			if err != nil {
				return slip{}, err
			}
			d.sent = append(d.sent, key)
			return slip{a.Amount, key}, nil
		},
		Find: func(context.Context, Refund, string) (slip, bool, error) { return slip{}, false, nil },
	}
}

// failing is the operation that refunds a, and ends with err after sending.
func (d *desk) failing(a Refund, err error) Operation[Refund, slip] {
	op := d.refunding(a)
	works := op.Perform
	op.Perform = func(ctx context.Context, p *Permit[Refund]) (slip, error) {
		_, redeemed := works(ctx, p)
		if redeemed != nil {
			return slip{}, redeemed
		}
		return slip{}, err
	}
	return op
}

// replying is the operation that sends m, whose fate stays unknown.
func (d *desk) replying(text string) Operation[Reply, slip] {
	return Operation[Reply, slip]{
		Propose: func(context.Context) (Reply, error) {
			return Reply{Message: Message{Asker: Asker{Conversation: "1"}, Body: text}}, nil
		},
		Perform: func(_ context.Context, p *Permit[Reply]) (slip, error) {
			_, key, err := p.Redeem()
			if err != nil {
				return slip{}, err
			}
			d.sent = append(d.sent, key)
			return slip{}, &fault.Error{Code: fault.Upstream, Message: "timed out"}
		},
		Find: func(context.Context, Reply, string) (slip, bool, error) { return slip{}, false, nil },
	}
}

// refundOf is a sound refund of part of ch_1, in minor units of EUR.
func refundOf(minor int64) Refund {
	return Refund{
		Asker: Asker{Conversation: "1", Contact: "c1", Identity: Proven, Ties: []Tie{{Customer: "cus_1", Way: "e-mail"}}},
		Charge: Charge{
			ID: "ch_1", Customer: "cus_1", Amount: money.Of(40000, "eur"), Remaining: money.Of(40000, "eur"),
			Succeeded: true, Captured: true, CreatedAt: noon().Add(-day),
		},
		Amount: money.Of(minor, "eur"), Reason: RequestedByCustomer,
	}
}

func enforce[A Action](t *testing.T, d *desk, r Request, op Operation[A, slip]) Outcome[slip] {
	t.Helper()
	o, err := Enforce(t.Context(), d.Guard, r, op)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// state is where the only entry stands, or the one with the given id.
func (d *desk) state(t *testing.T, id string) State {
	t.Helper()
	e, err := d.ledger.Entry(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e.State
}
