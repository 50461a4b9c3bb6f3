package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// everyPolicy is how often the policy file is looked at.
const everyPolicy = 2 * time.Second

// keeper keeps the right policy in force: that of the file, as long as it is sound
// and loosens nothing without an approver.
type keeper struct {
	path   string // "" for the default policy
	ledger *ledger.Ledger
	guard  *policies.Guard
	log    *slog.Logger
	signed allowed
	// check says why a sound policy cannot be put in force now. May be nil.
	check func(context.Context, *policies.Policy) error
	again chan struct{} // has room for one: look at the file now

	name string // of the file, for messages

	mu        sync.Mutex
	kept      *policies.Policy // in force, unless it is withdrawn
	withdrawn bool

	text   atomic.Pointer[[]byte] // of kept
	doubt  atomic.Pointer[string] // why the file is not in force; nil when it is
	warned string
	seen   seen
}

// seen is what was last decided on.
type seen struct {
	text string // of the file
	last int64  // of the history
}

// run follows the file until ctx is done.
func (k *keeper) run(ctx context.Context) {
	tick := time.NewTicker(everyPolicy)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.look(ctx)
		case <-k.again:
			k.look(ctx)
		}
	}
}

// look reads the file again. Whatever is wrong with it, the policy in force stays.
func (k *keeper) look(ctx context.Context) {
	_, text, err := readPolicy(k.path)
	var last int64
	if err == nil {
		last, err = k.ledger.LastPolicy(ctx)
	}
	if err == nil && (seen{string(text), last}) == k.seen {
		return
	}
	if err == nil {
		err = k.settle(ctx, text)
	}
	if err != nil && ctx.Err() == nil {
		k.seen = seen{} // whatever mends it is looked at anew, also the file as it was before
		k.doubts("the policy file cannot be taken up, so the last good policy stays in force:\n" + err.Error())
	}
}

// settle decides between a file and the history, and records a file that may be
// put in force.
func (k *keeper) settle(ctx context.Context, text []byte) error {
	file, err := policies.Parse(k.name, text)
	if err != nil {
		return err
	}
	history, err := k.ledger.Policies(ctx)
	if err != nil {
		return err
	}
	records, err := k.signed.records(ctx, history)
	if err != nil {
		return err
	}
	s := policies.Stand(k.name, file, records)
	if err := k.checked(ctx, s); err != nil {
		return err
	}
	last := int64(len(history))
	switch {
	case s.New:
		err := k.ledger.Accept(ctx, ledger.Accepted{Seq: last + 1, Body: string(text)})
		if fault.CodeOf(err) == fault.Busy { // another server was faster, with this policy or another
			return k.settle(ctx, text)
		}
		if err != nil {
			return fmt.Errorf("record the policy: %w", err)
		}
		last++
		k.use(file, text)
	case len(s.Looser) > 0:
		k.use(s.InForce, []byte(s.Text))
		k.doubts(heldBack(s))
	default:
		k.use(file, text)
	}
	k.seen = seen{string(text), last}
	return nil
}

func heldBack(s policies.Standing) string {
	return "the policy file is not in force, because it loosens what an approver must let through: " + s.Summary() +
		"; run supportmcp policy apply with the file"
}

// checked looks at the policy that would be in force.
func (k *keeper) checked(ctx context.Context, s policies.Standing) error {
	if k.check == nil {
		return nil
	}
	if len(s.Looser) > 0 {
		if err := k.check(ctx, s.InForce); err != nil {
			return fmt.Errorf("%w\n%s", err, heldBack(s))
		}
		return nil
	}
	return k.check(ctx, s.File)
}

// allowed gives the test by which a policy in the history was let through by
// somebody who may.
type allowed func(context.Context) (func(ledger.Accepted) bool, error)

func (a allowed) records(ctx context.Context, history []ledger.Accepted) ([]policies.Record, error) {
	through, err := a(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]policies.Record, len(history))
	for i, p := range history {
		out[i] = policies.Record{Text: p.Body, Signed: through(p)}
	}
	return out, nil
}

func (k *keeper) use(p *policies.Policy, text []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || k.kept.Revision != p.Revision {
		k.log.Info("policy in force", "revision", p.Revision)
	}
	if k.kept = p; !k.withdrawn {
		k.guard.Use(p)
	}
	k.text.Store(&text)
	k.doubt.Store(nil)
}

// current is the policy that is in force unless it is withdrawn.
func (k *keeper) current() *policies.Policy {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.kept
}

// withdraw denies everything until it is taken back; it tells whether that is new.
func (k *keeper) withdraw(yes bool) (changed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	changed, k.withdrawn = k.withdrawn != yes, yes
	switch {
	case yes:
		k.guard.Use(nil)
	case changed:
		k.guard.Use(k.kept)
	}
	return changed
}

// doubts keeps the reason why the file is not in force, and logs it once.
func (k *keeper) doubts(why string) {
	k.doubt.Store(&why)
	if why != k.warned {
		k.warned = why
		k.log.Warn("the policy file is not the one in force", "why", why)
	}
}

// shown is the policy in force, with what keeps the file from it.
func (k *keeper) shown() []byte {
	text := *k.text.Load()
	if why := k.doubt.Load(); why != nil {
		return append(commented(*why), text...)
	}
	return text
}

func commented(text string) []byte {
	return []byte("# " + strings.ReplaceAll(text, "\n", "\n# ") + "\n")
}
