package proof_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing/synctest"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/proof"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

// The bounds of a run: turns in which things go wrong, and turns that may pass
// afterwards until everything has come to rest.
const (
	stormy  = 600
	settles = 20_000
)

// run drives one seed from the first call to the last comparison.
func (w *world) run() proof.Report {
	for range stormy/2 + w.rng.IntN(stormy/2) {
		w.step()
	}
	w.calm = true
	w.sandbox.Stripe.Desk.Clear()
	w.sandbox.Intercom.Desk.Clear()
	for n := 0; !w.resting(); n++ {
		if n == settles {
			w.t.Fatalf("it does not come to rest: %s", w.unrest())
		}
		w.step()
	}
	w.end()
	return w.check(w.t.Context())
}

// end ends every process.
func (w *world) end() {
	for _, p := range w.processes {
		if p != nil {
			p.die("the end")
		}
	}
	w.closing.Wait()
}

// step gives one turn, to a goroutine or to the world around.
func (w *world) step() {
	w.seen.turns++
	synctest.Wait()
	w.listen()
	switch n := w.rng.IntN(100); {
	case n < 4:
		w.restart()
	case n < 12:
		w.ask()
	case n < 14:
		w.decide()
	case n < 17:
		w.arrive()
	case n < 20:
		w.pass()
	default:
		if !w.turn() {
			w.pass()
		}
	}
}

// resting reports whether nobody wants anything and nothing is under way.
func (w *world) resting() bool {
	synctest.Wait()
	w.listen()
	for _, i := range w.intents {
		if i.running || i.asks > 0 {
			return false
		}
	}
	if len(w.late) > 0 {
		return false
	}
	under, err := w.person.List(w.t.Context(), ledger.Filter{States: []policies.State{policies.Approved, policies.Executing, policies.InDoubt}, Limit: 1})
	w.must(err)
	return len(under) == 0
}

// unrest names what is still wanted or under way.
func (w *world) unrest() (s string) {
	for _, i := range w.intents {
		if i.running || i.asks > 0 {
			s += fmt.Sprintf("\n%s: running %v, asks %d, next %s", i.name, i.running, i.asks, i.next)
		}
	}
	under, err := w.person.List(w.t.Context(), ledger.Filter{States: []policies.State{policies.Approved, policies.Executing, policies.InDoubt}})
	for _, e := range under {
		s += fmt.Sprintf("\n%s %s %s after %d looks", e.ID, e.Kind, e.State, e.Looks)
	}
	return fmt.Sprint(s, err, " at ", time.Now())
}

// turn lets one paused goroutine go on, and perhaps into a fault.
func (w *world) turn() bool {
	waiting := w.waiting()
	if len(waiting) == 0 {
		return false
	}
	p := waiting[w.rng.IntN(len(waiting))]
	v := w.fate(p)
	w.note("%s: %s %d", p.who, p.what, v)
	w.give(p, v)
	return true
}

func (w *world) fate(p *pause) verdict {
	n := w.rng.IntN(1000)
	switch {
	case w.calm:
		return goOn
	case n < 8:
		return die
	case p.request != nil && n < 16:
		w.seen.faults++
		return unreachable
	case p.request != nil && p.request.writes() && n < 80:
		w.seen.faults++
		return delay
	case strings.HasPrefix(p.what, "answer") && n < 40:
		w.seen.faults++
		return lose
	case p.request != nil && n < 150:
		w.plant(p)
	}
	return goOn
}

// plant makes the vendor fail at the request that is about to arrive.
func (w *world) plant(p *pause) {
	faults := []control.Fault{
		{Kind: control.RateLimit},
		{Kind: control.ErrorBefore},
		{Kind: control.ErrorBefore, Status: 503},
		{Kind: control.ErrorBefore, Status: http.StatusConflict},
		{Kind: control.ErrorAfter},
		{Kind: control.CutBefore},
		{Kind: control.CutAfter},
		{Kind: control.Hang},
		{Kind: control.Slow, Delay: control.Duration(30 * time.Second)},
	}
	f := faults[w.rng.IntN(len(faults))]
	f.Method, f.Path, _ = strings.Cut(p.request.name, " ")
	w.seen.faults++
	w.note("fault %s", f.Kind)
	desk := &w.sandbox.Stripe.Desk
	if p.request.request.URL.Host == intercomHost {
		desk = &w.sandbox.Intercom.Desk
	}
	desk.Clear()
	w.must(desk.Inject(f))
}

// restart starts a process that is not there, chosen to die at some point.
func (w *world) restart() {
	i := w.rng.IntN(len(w.processes))
	if p := w.processes[i]; p != nil && !p.dead.Load() {
		return
	}
	w.started++
	p := w.start(fmt.Sprintf("process %d.%d", i, w.started))
	if points := proof.Points(); !w.calm && w.rng.IntN(10) < 9 {
		w.notes.Lock()
		p.fatal, p.skip = points[w.rng.IntN(len(points))], w.rng.IntN(3)
		w.notes.Unlock()
	}
	w.processes[i] = p
	w.note("%s starts", p.name)
}

// ask lets an agent call a tool, at whichever process.
func (w *world) ask() {
	i, p := w.intents[w.rng.IntN(len(w.intents))], w.processes[w.rng.IntN(len(w.processes))]
	if i.running || i.asks == 0 || time.Now().Before(i.next) || p == nil || p.dead.Load() {
		return
	}
	w.note("%s asks for %s", p.name, i.name)
	i.running = true
	p.call(i)
}

// listen takes the answers that have come. Who got none, or was told to wait,
// asks again.
func (w *world) listen() {
	for _, i := range w.intents {
		r := w.take(i)
		if r == nil {
			continue
		}
		i.running, i.next = false, time.Now().Add(20*time.Second)
		if r.Action != "" {
			told := proof.Told{Action: r.Action, State: r.State}
			if i.tool == "create_refund" && r.Receipt != nil {
				told.Receipt = r.Receipt.ID
			}
			w.told = append(w.told, told)
		}
		if r.State != "" || final(r.failed) {
			i.asks--
		}
		w.note("%s hears %s %s", i.name, r.State, fault.CodeOf(r.failed))
	}
}

// take takes what an agent has heard; nil when it still listens.
func (w *world) take(i *intent) *reply {
	w.notes.Lock()
	defer w.notes.Unlock()
	r := i.heard
	i.heard = nil
	return r
}

// final reports an error after which asking again soon is pointless. A target that
// is busy for good waits for a person to settle what was done to it.
func final(err error) bool {
	switch fault.CodeOf(err) {
	case fault.NotFound, fault.Refused, fault.Invalid:
		return true
	case fault.Busy:
		return fault.TookOf(err) == fault.No
	}
	return false
}

// decide lets a person approve or reject what has waited longest.
func (w *world) decide() {
	waits, err := w.person.List(w.t.Context(), ledger.Filter{States: []policies.State{policies.Awaiting}, OldestFirst: true, Limit: 1})
	w.must(err)
	if len(waits) == 0 {
		return
	}
	verdict := w.person.Approve
	if w.rng.IntN(4) == 0 {
		verdict = w.person.Reject
	}
	if _, err := verdict(w.t.Context(), waits[0].ID, "robin", ""); fault.CodeOf(err) != fault.Refused { // it may have expired
		w.must(err)
	}
	w.note("a person decides")
}

// arrive lets a request arrive whose sender is gone, or get lost.
func (w *world) arrive() {
	c := w.takeLate()
	if c == nil {
		return
	}
	switch fate := w.rng.IntN(6); {
	case fate == 0 || time.Now().After(c.until):
		w.note("lost: %s", c.name)
		return
	case fate < 4:
		w.abandon(c) // it is still under way
		return
	}
	w.seen.late++
	w.note("late: %s", c.name)
	if res, err := c.deliver(w.t.Context()); err == nil {
		_ = res.Body.Close()
	}
}

// pass lets time go by: mostly moments, at times hours.
func (w *world) pass() {
	spans := []time.Duration{
		time.Second, // no less: the adapters' pauses before a retry are random, and shorter
		time.Second, time.Second, time.Second, 5 * time.Second, 16 * time.Second, 16 * time.Second, 45 * time.Second, 61 * time.Second,
		20 * time.Minute,
	}
	if !w.calm {
		spans = append(spans, 7*time.Hour)
	}
	d := spans[w.rng.IntN(len(spans))]
	w.note("%s pass", d)
	time.Sleep(d)
}
