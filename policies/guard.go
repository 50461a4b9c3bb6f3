package policies

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"supportmcp/internal/fault"
)

// Guard judges actions, records them in the ledger and issues permits. Its
// fields are set before the first use; its methods are safe for concurrent use.
// Without a policy it denies everything.
type Guard struct {
	Ledger Ledger
	Now    func() time.Time
	Log    *slog.Logger
	Locked map[Vendor]string // vendors that must not be written to, and why
	// Approvers tells which approvals count; nil: names are enough, and the ledger is believed.
	Approvers Approvers
	// Allowances are the budgets of single principals; nil: there are none.
	Allowances Allowances

	Timeout time.Duration // of one attempt at the vendor
	Lease   time.Duration // longer than Timeout
	Wait    time.Duration // for another action on the same target

	policy atomic.Pointer[Policy]
}

// Use replaces the policy for all judgements from now on.
func (g *Guard) Use(p *Policy) { g.policy.Store(p) }

// Policy is the policy in force; nil when there is none.
func (g *Guard) Policy() *Policy { return g.policy.Load() }

// Request is who asks for what, besides the action itself.
type Request struct {
	Principal Principal
	Input     json.RawMessage
	DryRun    bool
	RepeatOf  string

	own []Budget // of the principal
}

// Operation is one requested action: how to resolve it, do it and look for it.
type Operation[A Action, Out any] struct {
	// Propose resolves the facts. It never judges, and may run again.
	Propose func(context.Context) (A, error)
	// Perform does what the permit holds. It may run again under the same key.
	Perform func(context.Context, *Permit[A]) (Out, error)
	// Find looks whether an action took effect. An error means it cannot be told now.
	Find func(ctx context.Context, a A, key string) (out Out, found bool, err error)
	// Follow lists what is queued when the action is done, each judged on its own. May be nil.
	Follow func(Entry, A, Out) []Followup
}

// Followup asks for another action, which the worker proposes from its input.
type Followup struct {
	Kind  Kind
	Input any
}

// Enforce proposes an action, judges and records it, and performs it when that is
// allowed. From the record on, the caller's disconnect no longer stops it.
func Enforce[A Action, Out any](ctx context.Context, g *Guard, r Request, op Operation[A, Out]) (Outcome[Out], error) {
	if g.Policy() == nil {
		return Outcome[Out]{}, noPolicy()
	}
	patience, cancel := context.WithTimeout(ctx, g.Wait)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		mark, err := g.Ledger.Mark(ctx)
		if err != nil {
			return Outcome[Out]{}, err
		}
		a, err := op.Propose(ctx)
		if err != nil {
			return Outcome[Out]{}, err
		}
		if r.DryRun {
			return preview[Out](ctx, g, r, a)
		}
		e, replayed, err := g.begin(ctx, r, a, mark)
		// Another action on the target ends first; then the facts are read anew.
		if fault.CodeOf(err) == fault.Busy && fault.TookOf(err) == fault.NotYet && sleep(patience, pause) == nil {
			continue
		}
		if err != nil {
			return Outcome[Out]{}, err
		}
		if !replayed && e.Decision.Trips {
			g.trip(ctx, e)
		}
		if !replayed && e.State == Executing {
			e = run(ctx, g, e, a, op)
		}
		o, err := outcome[Out](e, replayed)
		return o.told(g.disclosure(r.Principal)), err
	}
}

// Preview judges an action without recording anything.
func (g *Guard) Preview(ctx context.Context, r Request, a Action) (Decision, error) {
	d, judge, err := g.draft(ctx, r, a)
	if err != nil {
		return Decision{}, err
	}
	s, err := g.Ledger.Read(ctx, d.Reads)
	if err != nil {
		return Decision{}, err
	}
	return judge(s), nil
}

func (g *Guard) begin(ctx context.Context, r Request, a Action, mark Mark) (Entry, bool, error) {
	d, judge, err := g.draft(ctx, r, a)
	if err != nil {
		return Entry{}, false, err
	}
	d.DryRun, d.Mark = r.DryRun, mark
	return g.Ledger.Begin(context.WithoutCancel(ctx), d, judge)
}

// draft makes the record of an action and binds it to the policy of this moment.
func (g *Guard) draft(ctx context.Context, r Request, a Action) (Draft, func(Snapshot) Decision, error) {
	p := g.Policy()
	if p == nil {
		return Draft{}, nil, noPolicy()
	}
	facts, err := encode(a)
	if err != nil {
		return Draft{}, nil, err
	}
	bound, err := Digest(a)
	if err != nil {
		return Draft{}, nil, err
	}
	if r, err = g.allowed(ctx, r, a.Kind()); err != nil {
		return Draft{}, nil, err
	}
	reads, verdict := p.plan(a, r)
	d := Draft{
		Kind: a.Kind(), Principal: r.Principal, Subject: a.Subject(), Input: r.Input, Facts: facts, Digest: bound,
		RepeatOf: r.RepeatOf, Reads: reads, Lease: g.Lease, Expires: p.Approvals.expires(a),
	}
	if v := verdict(Snapshot{Now: g.Now(), Usage: make([]Usage, len(reads.Queries))}); v.strange() || v.denies(ruleOutside) {
		// Denied whatever the ledger holds: waiting for, repeating or naming another's
		// action would tell of it. Without Exclusive the mark says nothing either.
		d.Subject.Exclusive, d.Subject.Same, d.RepeatOf = "", "", ""
	}
	return d, func(s Snapshot) Decision { return waiting(g.restrict(p.repeated(verdict(s), r), a.Kind()), s.Waiting) }, nil
}

func noPolicy() error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No,
		Message: "no policy is in force, so nothing is allowed", NextStep: "hand the conversation to a person",
	}
}

// mostWaiting is how many actions of one conversation may wait for a person at
// once: whoever asks again and again must not bury what others wait for.
const mostWaiting = 3

// waiting denies what would be one more action for a person to decide.
func waiting(d Decision, already int64) Decision {
	if d.Effect != NeedsApproval || already < mostWaiting {
		return d
	}
	return d.restrict(Finding{
		Rule: "approvals.waiting", Effect: Deny, Limit: strconv.Itoa(mostWaiting), Actual: strconv.FormatInt(already+1, 10),
		Message: "as many actions of this conversation as may be wait for a person", NextStep: "wait until a person has decided on them; read them with get_action",
	})
}

// repeated adds what the policy says of doing again on purpose what was done.
func (p *Policy) repeated(d Decision, r Request) Decision {
	if r.RepeatOf == "" {
		return d
	}
	f := Finding{Rule: "repeat", Effect: p.Approvals.Repeats, Message: "repeats " + r.RepeatOf + " on purpose"}
	if f.Effect == Deny {
		f.NextStep = "it was done once; hand the conversation to a person if it must be done again"
	}
	return d.restrict(f)
}

// restrict adds what holds for every action, whatever its kind.
func (g *Guard) restrict(d Decision, k Kind) Decision {
	if why, locked := g.Locked[k.Vendor()]; locked {
		d = d.restrict(Finding{Rule: "writes.locked", Effect: Deny, Message: why, NextStep: "tell the operator of this server"})
	}
	return d
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
