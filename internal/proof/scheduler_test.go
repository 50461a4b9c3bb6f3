package proof_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// verdict is what the driver lets a paused goroutine do.
type verdict int

const (
	goOn        verdict = iota
	die                 // with the whole process
	unreachable         // requests only: no connection
	lose                // answers only: the client sees the connection break
	delay               // requests only: likewise, and the request arrives later or never
)

// pause is a goroutine that waits for its turn.
type pause struct {
	who, what string
	turn      chan verdict
	request   *carried // nil unless it is a request that can be lost on its way
}

// scheduler lets one goroutine of all simulated processes run at a time. Between
// two pauses a goroutine does nothing that another could see half of, so the order
// of turns is the whole interleaving.
type scheduler struct {
	mu     sync.Mutex
	paused []*pause
	late   []*carried // requests whose sender gave up or died while they were under way
}

// wait pauses until the driver gives the turn. ok is false when the process died
// or the context ended first.
func (s *scheduler) wait(ctx context.Context, gone <-chan struct{}, p *pause) (v verdict, ok bool) {
	p.turn = make(chan verdict)
	s.mu.Lock()
	s.paused = append(s.paused, p)
	s.mu.Unlock()
	select {
	case v = <-p.turn:
		return v, true
	case <-gone:
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = slices.DeleteFunc(s.paused, func(o *pause) bool { return o == p })
	if p.request != nil && p.request.writes() {
		s.late = append(s.late, p.request)
	}
	return goOn, false
}

// abandon leaves a request under way without a sender.
func (s *scheduler) abandon(c *carried) {
	if !c.writes() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = append(s.late, c)
}

// waiting lists who is paused, in an order that does not depend on the machine.
func (s *scheduler) waiting() []*pause {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.paused, func(a, b *pause) int {
		return cmp.Or(cmp.Compare(a.who, b.who), cmp.Compare(a.what, b.what))
	})
	return slices.Clone(s.paused)
}

// give lets one go on.
func (s *scheduler) give(p *pause, v verdict) {
	s.mu.Lock()
	s.paused = slices.DeleteFunc(s.paused, func(o *pause) bool { return o == p })
	s.mu.Unlock()
	p.turn <- v
}

// takeLate takes the oldest request that is still under way without a sender.
func (s *scheduler) takeLate() *carried {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.late) == 0 {
		return nil
	}
	slices.SortStableFunc(s.late, func(a, b *carried) int { return cmp.Compare(a.name, b.name) })
	c := s.late[0]
	s.late = s.late[1:]
	return c
}

// actor names the goroutines that work on one thing.
type actor struct{}

func as(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actor{}, name)
}

func actorOf(ctx context.Context) string {
	name, _ := ctx.Value(actor{}).(string)
	return name
}
