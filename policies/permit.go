package policies

import (
	"sync/atomic"

	"supportmcp/internal/fault"
)

// Permit is the right to perform one recorded action once. Only this package can
// fill one; an empty, copied-and-used or late one is refused by Redeem.
type Permit[A Action] struct{ state *permitState[A] }

type permitState[A Action] struct {
	action A
	key    string
	used   atomic.Bool
}

// Redeem gives the action that was judged and the key under which the vendor
// must be asked. It works once, and only until the performing function returns.
func (p *Permit[A]) Redeem() (action A, key string, err error) {
	if p == nil || p.state == nil || p.state.used.Swap(true) {
		return action, "", unpermitted()
	}
	return p.state.action, p.state.key, nil
}

// Peek gives what Redeem will give and does not use the permit up, for what must be
// made ready before the action itself. It is refused when Redeem would be.
func (p *Permit[A]) Peek() (action A, key string, err error) {
	if p == nil || p.state == nil || p.state.used.Load() {
		return action, "", unpermitted()
	}
	return p.state.action, p.state.key, nil
}

func unpermitted() error {
	return &fault.Error{Code: fault.Internal, Message: "a write was called without a permit", Took: fault.No}
}

func issue[A Action](a A, key string) *Permit[A] {
	return &Permit[A]{&permitState[A]{action: a, key: key}}
}

func (p *Permit[A]) revoke() { p.state.used.Store(true) }
