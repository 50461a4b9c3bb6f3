package turns_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"supportmcp/internal/access"
	"supportmcp/internal/turns"
	"supportmcp/policies"
)

// room is a queue that notes who was let in.
type room struct {
	turns.Queue
	mu  sync.Mutex
	was []string
}

func as(ctx context.Context, who string) context.Context {
	return access.With(ctx, access.Caller{Principal: policies.Principal(who)})
}

// asks lets a request of somebody get in line.
func (r *room) asks(ctx context.Context, who string) {
	go func() {
		end, err := r.Take(as(ctx, who))
		if err != nil {
			return
		}
		r.mu.Lock()
		r.was = append(r.was, who)
		r.mu.Unlock()
		end()
	}()
	synctest.Wait()
}

func TestPrincipalsTakeTurnsHoweverManyRequestsEachHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r room
		end, err := r.Take(as(t.Context(), "first"))
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			r.asks(t.Context(), "flood")
		}
		r.asks(t.Context(), "fin")
		r.asks(t.Context(), "")
		r.asks(t.Context(), "fin")
		end()
		synctest.Wait()
		if got := strings.Join(r.was, ","); got != "flood,fin,,flood,fin,flood,flood,flood" {
			t.Errorf("let in were %s", got)
		}
	})
}

func TestWhoGivesUpHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r room
		end, err := r.Take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, giveUp := context.WithCancel(t.Context())
		r.asks(ctx, "impatient")
		r.asks(ctx, "mixed")
		r.asks(t.Context(), "mixed")
		r.asks(t.Context(), "fin")
		giveUp()
		synctest.Wait()
		end()
		synctest.Wait()
		slices.Sort(r.was)
		if !slices.Equal(r.was, []string{"fin", "mixed"}) {
			t.Errorf("let in were %v", r.was)
		}
		if end, err = r.Take(t.Context()); err != nil { // free again
			t.Fatal(err)
		}
		end()
	})
}

// Whoever gives up in the very moment of their turn passes it on.
func TestATurnIsNeverLost(t *testing.T) {
	t.Parallel()
	var r room
	var all sync.WaitGroup
	for _, who := range []string{"a", "b", "c", "d"} {
		for range 8 {
			all.Go(func() {
				for range 200 {
					ctx, giveUp := context.WithCancel(as(t.Context(), who))
					go giveUp()
					end, err := r.Take(ctx)
					if err == nil {
						end()
					} else if !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	end, err := r.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	end()
}
