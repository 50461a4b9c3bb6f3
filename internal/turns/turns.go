// Package turns owns the order in which callers get what there is too little of:
// principals take turns, whatever number of requests each of them has. It never says
// how much there is.
package turns

import (
	"context"
	"slices"
	"sync"

	"supportmcp/internal/access"
	"supportmcp/policies"
)

// Queue lets one request through at a time. The zero value is ready for use, also
// by many at once.
type Queue struct {
	mu      sync.Mutex
	taken   bool
	waiting map[policies.Principal][]chan struct{} // closed when it is their turn
	next    []policies.Principal                   // who waits, in the order of their turns
}

// Take waits for the turn of the request's caller, and gives what ends it. Work
// that nobody asked for just now counts as one more caller.
func (q *Queue) Take(ctx context.Context) (end func(), err error) {
	who := access.Of(ctx).Principal
	turn := q.stand(who)
	if turn == nil {
		return q.pass, nil
	}
	select {
	case <-turn:
		return q.pass, nil
	case <-ctx.Done():
		q.leave(who, turn)
		return nil, ctx.Err()
	}
}

// stand takes the turn when it is free, and otherwise gets in line.
func (q *Queue) stand(who policies.Principal) (turn chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.taken {
		q.taken = true
		return nil
	}
	if q.waiting == nil {
		q.waiting = map[policies.Principal][]chan struct{}{}
	}
	if len(q.waiting[who]) == 0 {
		q.next = append(q.next, who)
	}
	turn = make(chan struct{})
	q.waiting[who] = append(q.waiting[who], turn)
	return turn
}

// pass gives the turn to the next principal, whose further requests wait until all
// others had theirs.
func (q *Queue) pass() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.next) == 0 {
		q.taken = false
		return
	}
	who := q.next[0]
	turn := q.waiting[who][0]
	q.next = q.next[1:]
	if q.drop(who, 0) {
		q.next = append(q.next, who)
	}
	close(turn)
}

// drop takes a request out of the line of its caller, and tells whether more wait there.
func (q *Queue) drop(who policies.Principal, i int) (more bool) {
	line := slices.Delete(q.waiting[who], i, i+1)
	if len(line) == 0 {
		delete(q.waiting, who)
		return false
	}
	q.waiting[who] = line
	return true
}

// leave gets out of line. A turn that has just come is passed on.
func (q *Queue) leave(who policies.Principal, turn chan struct{}) {
	q.mu.Lock()
	i := slices.Index(q.waiting[who], turn)
	if i >= 0 && !q.drop(who, i) {
		q.next = slices.DeleteFunc(q.next, func(p policies.Principal) bool { return p == who })
	}
	q.mu.Unlock()
	if i < 0 {
		q.pass()
	}
}
