package proof_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
	"supportmcp/server"
	"supportmcp/tools"
)

// process is one simulated supportmcp: its own ledger handle, guard, adapters,
// tools and worker. When it dies, each of its goroutines ends where it stands,
// and nothing of it has an effect any more.
type process struct {
	world *world
	name  string
	ctx   context.Context
	stop  context.CancelFunc
	gone  chan struct{} // closed when it has died
	dead  atomic.Bool
	tools map[string]tools.Tool
	busy  sync.WaitGroup

	fatal string // the point at which it dies; "" for none
	skip  int    // how often it passes that point first
}

// The addresses of the vendors; nothing listens there.
const (
	stripeHost   = "127.0.0.1:1"
	intercomHost = "127.0.0.1:2"
)

func (w *world) start(name string) *process {
	w.t.Helper()
	p := &process{world: w, name: name, gone: make(chan struct{}), tools: map[string]tools.Tool{}}
	p.ctx, p.stop = context.WithCancel(w.t.Context())
	l, err := ledger.Open(w.t.Context(), w.url, ledger.Options{Now: time.Now, Mode: "sandbox", At: p.at})
	w.must(err)
	all := p.build(yielding{l, p})
	worker, err := server.NewWorker(yielding{l, p}, all, silent())
	w.must(err)
	p.busy.Go(func() { p.sweep(worker) })
	w.closing.Go(func() {
		<-p.gone
		p.busy.Wait()
		if err := l.Close(); err != nil {
			w.t.Errorf("close the ledger of %s: %v", name, err)
		}
	})
	return p
}

// sweep is the rhythm of Worker.Run, without its select: when both tickers are due
// Go chooses between them at random, and a seed would not be one run.
func (p *process) sweep(worker *server.Worker) {
	ctx, looked := as(p.ctx, p.name+" worker"), time.Now()
	for {
		select {
		case <-p.gone:
			return
		case <-time.After(time.Second):
		}
		_ = worker.Sweep(ctx, policies.DueApproved) // what fails is due again
		if time.Since(looked) >= 15*time.Second {
			_ = worker.Sweep(ctx, policies.DueLapsed)
			looked = time.Now()
		}
	}
}

func (p *process) build(l policies.Ledger) []tools.Tool {
	w := p.world
	wire := line{process: p, vendors: map[string]http.Handler{stripeHost: w.stripe, intercomHost: w.intercom}}
	st, err := stripe.New(stripe.Config{
		Key: sandbox.StripeKey, BaseURL: "http://" + stripeHost, HTTP: &http.Client{Transport: wire}, Now: time.Now,
	})
	w.must(err)
	ic, err := intercom.New(intercom.Config{
		Token: sandbox.IntercomToken, BaseURL: "http://" + intercomHost, HTTP: &http.Client{Transport: wire},
		AdminID: sandbox.AdminID, Now: time.Now,
	})
	w.must(err)
	library, err := knowledge.New(nil)
	w.must(err)
	guard := &policies.Guard{Ledger: l, Now: time.Now, Log: silent(), Timeout: 20 * time.Second, Lease: time.Minute, Wait: 20 * time.Second}
	guard.Use(w.policy)
	all := tools.All(tools.Deps{Guard: guard, Stripe: st, Intercom: ic, Library: library, Now: time.Now})
	for _, tool := range all {
		p.tools[tool.Name] = tool
	}
	return all
}

func silent() *slog.Logger { return slog.New(slog.DiscardHandler) }

// at is told every named point, and ends the process at the chosen one.
func (p *process) at(point string) {
	if p.dead.Load() {
		runtime.Goexit()
	}
	if p.isFatal(point) {
		p.die(point)
		runtime.Goexit()
	}
}

// isFatal counts a visit of a point and reports whether the process dies of it.
func (p *process) isFatal(point string) bool {
	p.world.notes.Lock()
	defer p.world.notes.Unlock()
	if point != p.fatal {
		return false
	}
	p.skip--
	return p.skip < 0
}

// die ends the process for everyone but the caller, who must end by himself.
func (p *process) die(point string) {
	if p.dead.Swap(true) {
		return
	}
	p.world.crashed(p, point)
	close(p.gone)
	p.stop()
}

// call calls a tool as a client does. There is no answer when the process dies.
func (p *process) call(i *intent) {
	p.busy.Go(func() {
		heard := reply{}
		defer func() { p.world.heard(i, heard) }() // also when the process dies
		out, _, err := p.tools[i.tool].Call(as(p.ctx, p.name+" "+i.name), "agent", i.args)
		if !p.dead.Load() {
			heard = read(p.world.t, out, err)
		}
	})
}

// reply is what an agent hears: an answer, an error, or nothing.
type reply struct {
	answer
	failed error
}

func read(t testing.TB, out any, failed error) (r reply) {
	if failed != nil {
		return reply{failed: failed}
	}
	b, err := json.Marshal(out)
	if err == nil {
		err = json.Unmarshal(b, &r.answer)
	}
	if err != nil {
		t.Errorf("read an answer: %v", err)
	}
	return r
}

// yielding is a ledger before each use of which somebody else may have the turn.
type yielding struct {
	policies.Ledger
	process *process
}

func (y yielding) turn(ctx context.Context, what string) {
	p := y.process
	v, _ := p.world.wait(context.WithoutCancel(ctx), p.gone, &pause{who: actorOf(ctx), what: what})
	if v == die {
		p.die("before " + what)
	}
	if p.dead.Load() {
		runtime.Goexit()
	}
}

func (y yielding) Mark(ctx context.Context) (policies.Mark, error) {
	y.turn(ctx, "mark")
	return y.Ledger.Mark(ctx)
}

func (y yielding) Begin(ctx context.Context, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	y.turn(ctx, "begin")
	return y.Ledger.Begin(ctx, d, judge)
}

func (y yielding) Resume(ctx context.Context, id string, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	y.turn(ctx, "resume")
	return y.Ledger.Resume(ctx, id, d, judge)
}

func (y yielding) Claim(ctx context.Context, id string, lease time.Duration) (policies.Entry, bool, error) {
	y.turn(ctx, "claim")
	return y.Ledger.Claim(ctx, id, lease)
}

func (y yielding) Settle(ctx context.Context, id string, s policies.Settlement) (policies.Entry, error) {
	y.turn(ctx, "settle")
	return y.Ledger.Settle(ctx, id, s)
}

func (y yielding) Due(ctx context.Context, what policies.Due, n int) ([]policies.Entry, error) {
	y.turn(ctx, "due")
	return y.Ledger.Due(ctx, what, n)
}
