package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/internal/proof"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

var (
	ordeals  = flag.Int("ordeals", 4, "runs of killed processes, on each database")
	ordeal1  = flag.Uint64("ordeal", 0, "the first of the runs")
	restarts = flag.Int("restarts", 2, "restarts of PostgreSQL under load")
)

// TestKilledServersDoEverythingOnce runs two servers on one ledger and kills them,
// at named points and at any moment, while agents ask, vendors fail and a person
// approves. Afterwards the books agree.
func TestKilledServersDoEverythingOnce(t *testing.T) {
	t.Parallel()
	for engine, fresh := range map[string]ledgertest.Fresh{"SQLite": freshFile, "PostgreSQL": postgres.Fresh} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			var all deaths
			t.Run("run", func(t *testing.T) {
				for n := range uint64(*ordeals) {
					t.Run(fmt.Sprint(*ordeal1+n), func(t *testing.T) {
						t.Parallel()
						o := newOrdeal(t, *ordeal1+n, fresh(t), &all)
						o.kills = 2 + o.rng.IntN(4)
						o.pass()
					})
				}
			})
			t.Logf("%d runs on %s: %d kills, %d of them at named points: %v", *ordeals, engine, all.kills, len(all.points), byPoint(all.points))
			if *ordeals >= 60 {
				for _, p := range proof.Points() {
					if !slices.Contains(all.points, p) {
						t.Errorf("no server was killed at %s", p)
					}
				}
			}
		})
	}
}

// TestServersSurviveRestartsOfPostgreSQL restarts the database at once, as after a
// crash, while two servers work on it.
func TestServersSurviveRestartsOfPostgreSQL(t *testing.T) {
	t.Parallel()
	var own ledgertest.Postgres
	t.Cleanup(own.Stop)
	var all deaths
	o := newOrdeal(t, *ordeal1, own.FreshPrivate(t), &all)
	o.disturb = func(ctx context.Context) {
		for range *restarts {
			if wait(ctx, time.Duration(200+o.draw(600))*time.Millisecond) {
				own.Restart(t)
			}
		}
	}
	o.wishes = slices.Repeat(proof.Wishes(), max(2, *restarts)) // so that there is always something under way
	o.pass()
	t.Logf("%d restarts of PostgreSQL, %d answers meanwhile", *restarts, len(o.told))
}

// deaths are what several ordeals have cost.
type deaths struct {
	mu     sync.Mutex
	kills  int
	points []string
}

func byPoint(points []string) map[string]int {
	out := map[string]int{}
	for _, p := range points {
		out[p]++
	}
	return out
}

// ordeal is one run.
type ordeal struct {
	*sandbox.Running
	t       *testing.T
	seed    uint64
	url     string
	environ []string
	person  *ledger.Ledger
	policy  *policies.Policy
	wishes  []proof.Wish
	kills   int // still to come
	disturb func(context.Context)
	deaths  *deaths

	mu      sync.Mutex
	rng     *rand.Rand
	servers [2]*agent
	told    []proof.Told
}

func newOrdeal(t *testing.T, seed uint64, url string, all *deaths) *ordeal {
	t.Helper()
	since := time.Now()
	running, err := sandbox.New(control.NewClock(hurried(since))).Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	o := &ordeal{Running: running, t: t, seed: seed, url: url, rng: rand.New(rand.NewPCG(seed, 12)), deaths: all}
	o.must(err)
	t.Cleanup(running.Close)
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	o.must(os.WriteFile(policy, []byte(proof.Policy()), 0o600))
	o.policy, err = policies.Parse(policy, []byte(proof.Policy()))
	o.must(err)
	o.person, err = ledger.Open(t.Context(), url, ledger.Options{Now: running.Clock.Now, Mode: "sandbox"})
	o.must(err)
	t.Cleanup(func() { _ = o.person.Close() })
	o.environ = append(bare(),
		"STRIPE_SECRET_KEY="+sandbox.StripeKey, "STRIPE_API_BASE="+running.StripeURL,
		"INTERCOM_ACCESS_TOKEN="+sandbox.IntercomToken, "INTERCOM_API_BASE="+running.IntercomURL, "INTERCOM_ADMIN_ID="+sandbox.AdminID,
		"SUPPORTMCP_DATABASE_URL="+url, "SUPPORTMCP_POLICY="+policy, "SUPPORTMCP_LOG_LEVEL=error", "HOME="+filepath.Dir(policy),
		mortalSince+"="+strconv.FormatInt(since.UnixNano(), 10))
	for _, i := range o.rng.Perm(len(proof.Wishes()))[:9] {
		o.wishes = append(o.wishes, proof.Wishes()[i])
	}
	return o
}

func (o *ordeal) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// draw is a random number below n.
func (o *ordeal) draw(n int) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.rng.IntN(n)
}

// pass goes from the first call to the last comparison.
func (o *ordeal) pass() {
	o.t.Helper()
	defer func() {
		if o.t.Failed() {
			o.t.Logf("again, as far as a seed decides: go test ./cmd/supportmcp -run %q -ordeals 1 -ordeal %d", o.t.Name()[:strings.IndexByte(o.t.Name()+"/", '/')], o.seed)
		}
	}()
	ctx, stop := context.WithCancel(o.t.Context())
	var around, agents sync.WaitGroup
	for i := range o.servers {
		around.Go(func() { o.keep(ctx, i) })
	}
	around.Go(func() { o.approve(ctx) })
	around.Go(func() { o.trouble(ctx) })
	if o.disturb != nil {
		agents.Go(func() { o.disturb(ctx) })
	}
	for _, lot := range o.lots() {
		agents.Go(func() { o.wish(ctx, lot) })
	}
	agents.Wait()
	stop()
	around.Wait()
	o.recover()
	o.compare()
}

// lots deals the wishes to three agents.
func (o *ordeal) lots() (out [3][]proof.Wish) {
	for i, w := range o.wishes {
		out[i%3] = append(out[i%3], w)
	}
	return out
}

// keep starts a server again and again, until it is no longer wanted.
func (o *ordeal) keep(ctx context.Context, slot int) {
	for ctx.Err() == nil && !o.t.Failed() {
		a := o.hire()
		o.mu.Lock()
		o.servers[slot] = a
		o.mu.Unlock()
		if a == nil {
			continue
		}
		select {
		case <-a.ended:
		case <-ctx.Done():
		}
		o.mu.Lock()
		o.servers[slot] = nil
		o.mu.Unlock()
		a.fire()
		o.count(a, ctx.Err() == nil)
	}
}

// hire starts a server that may be going to die; nil is one that has already.
func (o *ordeal) hire() *agent {
	environ := o.environ
	points := proof.Points()
	mine, how, skip, after := o.nextKill(), o.draw(4), o.draw(3), time.Duration(o.draw(400))*time.Millisecond
	if mine && how > 0 {
		environ = append(slices.Clone(environ), mortalPoint+"="+points[o.draw(len(points))], fmt.Sprintf("%s=%d", mortalSkip, skip))
	}
	a := launch(o.t, "supportmcp-mortal", environ, "serve")
	if mine && how == 0 {
		time.AfterFunc(after, func() { _ = a.cmd.Process.Kill() })
	}
	if a.greeted() {
		return a
	}
	a.fire()
	o.count(a, true)
	return nil
}

func (o *ordeal) nextKill() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kills--
	return o.kills >= 0
}

// count counts a death, and wants no other than the ones that were meant.
func (o *ordeal) count(a *agent, early bool) {
	o.deaths.mu.Lock()
	defer o.deaths.mu.Unlock()
	_, point, named := strings.Cut(a.log.String(), lastWords)
	if named {
		o.deaths.points = append(o.deaths.points, strings.TrimSpace(point))
	}
	if early || named {
		o.deaths.kills++
	}
	if early && !named && a.cmd.ProcessState.ExitCode() >= 0 {
		o.t.Errorf("a server ended by itself: %s", a.log.String())
	}
}

// wish asks for things in turn, each until it is answered, at whichever server is there.
func (o *ordeal) wish(ctx context.Context, lot []proof.Wish) {
	for _, w := range lot {
		for range 1 + o.draw(2) {
			for try := 0; !o.ask(w) && try < 40; try++ {
				wait(ctx, 100*time.Millisecond)
			}
		}
	}
}

// ask makes one call and reports whether it needs no other.
func (o *ordeal) ask(w proof.Wish) bool {
	o.mu.Lock()
	a := o.servers[o.rng.IntN(2)]
	o.mu.Unlock()
	if a == nil {
		return false
	}
	got := a.call(w.Tool, w.Args)
	if got.Action != "" {
		told := proof.Told{Action: got.Action, State: got.State}
		if w.Tool == "create_refund" {
			told.Receipt = got.Receipt.ID
		}
		o.mu.Lock()
		o.told = append(o.told, told)
		o.mu.Unlock()
	}
	code := fault.Code(got.Code)
	return got.State != "" || code == fault.Invalid || code == fault.NotFound || code == fault.Refused
}

// approve lets a person decide on what waits, mostly with a yes.
func (o *ordeal) approve(ctx context.Context) {
	for wait(ctx, 150*time.Millisecond) {
		waits, err := o.person.List(ctx, ledger.Filter{States: []policies.State{policies.Awaiting}})
		if err != nil {
			continue // the database may be restarting
		}
		for _, e := range waits {
			verdict := o.person.Approve
			if o.draw(4) == 0 {
				verdict = o.person.Reject
			}
			_, _ = verdict(ctx, e.ID, "robin", "") // it may have expired, or the database may be gone
		}
	}
}

// trouble lets the vendors fail now and then.
func (o *ordeal) trouble(ctx context.Context) {
	faults := []control.Fault{
		{Kind: control.CutAfter},
		{Kind: control.ErrorAfter},
		{Kind: control.RateLimit},
		{Kind: control.ErrorBefore, Status: http.StatusConflict},
		{Kind: control.Hang},
		{Kind: control.CutBefore},
		{Kind: control.ErrorBefore},
		{Kind: control.Slow, Delay: control.Duration(1500 * time.Millisecond)},
	}
	for wait(ctx, 100*time.Millisecond) {
		f := faults[o.draw(len(faults))]
		f.Method = http.MethodPost
		switch o.draw(4) {
		case 0:
			f.Path = "/v1/refunds"
			_ = o.Stripe.Desk.Inject(f)
		case 1:
			f.Path = "/conversations/*/reply"
			_ = o.Intercom.Desk.Inject(f)
		case 2:
			o.Stripe.Desk.Clear()
			o.Intercom.Desk.Clear()
		}
	}
	o.Stripe.Desk.Clear()
	o.Intercom.Desk.Clear()
}

// recover lets servers finish everything: one that dies while it looks after what
// the others have left, and then one that lives.
func (o *ordeal) recover() {
	o.t.Helper()
	if o.disturb == nil {
		point := "claim." + [2]string{ledger.Written, ledger.Committed}[o.seed%2]
		a := launch(o.t, "supportmcp-mortal", append(slices.Clone(o.environ), mortalPoint+"="+point), "serve")
		if a.greeted() {
			o.settles(a)
		}
		a.fire()
		o.count(a, false)
	}
	a := hireProgram(o.t, "supportmcp-mortal", o.environ, "serve")
	o.settles(a)
	a.leave()
}

// settles waits until nothing is under way, or the server has ended.
func (o *ordeal) settles(a *agent) {
	o.t.Helper()
	under := ledger.Filter{States: []policies.State{policies.Approved, policies.Executing, policies.InDoubt}}
	eventually(o.t, 2*patience, "everything done", func() bool {
		select {
		case <-a.ended:
			return true
		default:
		}
		left, err := o.person.List(o.t.Context(), under)
		return err == nil && len(left) == 0
	})
}

func (o *ordeal) compare() {
	o.t.Helper()
	b := proof.Books{Ledger: o.person, Database: o.url, Sandbox: o.Sandbox, Policy: o.policy, Told: o.told}
	r, err := b.Check(o.t.Context())
	o.must(err)
	for _, p := range r.Problems {
		o.t.Errorf("run %d: %s", o.seed, p)
	}
}

// wait waits, and reports false when the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func freshFile(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "data", "ledger.db")
}
