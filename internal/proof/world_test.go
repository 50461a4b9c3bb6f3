package proof_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/proof"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
)

// world is everything of one seed: vendors, a ledger's file, processes that come
// and go, agents, a person who approves, and the one driver that gives turns.
type world struct {
	scheduler

	t        *testing.T
	rng      *rand.Rand // the driver's alone
	url      string
	sandbox  *sandbox.Sandbox
	stripe   http.Handler
	intercom http.Handler
	policy   *policies.Policy
	person   *ledger.Ledger
	notes    sync.Mutex // guards what processes tell: the tally, the trace, what agents heard
	closing  sync.WaitGroup

	processes [2]*process
	started   int
	intents   []*intent
	told      []proof.Told
	calm      bool // nothing goes wrong any more
	seen      tally
	trace     uint64
	found     proof.Report
}

// tally counts what happened.
type tally struct {
	turns, crashes, faults, late int
	points                       map[string]int // crashes by point
}

// intent is something an agent wants, and goes on asking for until it is answered.
type intent struct {
	name, tool string
	args       json.RawMessage
	asks       int // still to be made, besides those that get no answer
	next       time.Time

	running bool
	heard   *reply // not listened to yet
}

// answer is what an agent reads in the answer to a write.
type answer struct {
	Action  string         `json:"action_id"`
	State   policies.State `json:"state"`
	Receipt *struct {
		ID string `json:"id"`
	} `json:"receipt"`
}

func newWorld(t *testing.T, seed uint64) *world {
	t.Helper()
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 4)), url: "sqlite:" + filepath.Join(t.TempDir(), "data", "ledger.db"),
		sandbox: sandbox.New(control.NewClock(time.Now)), seen: tally{points: map[string]int{}},
	}
	w.stripe, w.intercom = w.sandbox.Stripe.Handler(), w.sandbox.Intercom.Handler()
	var err error
	w.policy, err = policies.Parse("policy.yaml", []byte(proof.Policy()))
	w.must(err)
	w.person, err = ledger.Open(t.Context(), w.url, ledger.Options{Now: time.Now, Mode: "sandbox"})
	w.must(err)
	t.Cleanup(func() {
		w.end()
		w.must(w.person.Close())
	})
	for _, i := range w.rng.Perm(len(proof.Wishes())) {
		w.intents = append(w.intents, w.wish(i))
	}
	w.intents = w.intents[:4+w.rng.IntN(6)]
	return w
}

func (w *world) wish(i int) *intent {
	wish := proof.Wishes()[i]
	return &intent{name: fmt.Sprintf("wish %02d", i), tool: wish.Tool, args: wish.Args, asks: 1 + w.rng.IntN(2)}
}

// lateness is how long a request may still arrive after its sender has given up.
// A message that came later than two minutes would be taken for lost, and sent
// again by the agent: against that Intercom gives no means.
func (w *world) lateness(host string) time.Duration {
	if host == stripeHost {
		return 10 * time.Minute
	}
	return 20 * time.Second
}

// note adds to the trace, by which two runs of one seed are compared.
func (w *world) note(format string, args ...any) {
	w.notes.Lock()
	defer w.notes.Unlock()
	h := fnv.New64a()
	fmt.Fprintf(h, "%d ", w.trace)
	fmt.Fprintf(h, format, args...)
	w.trace = h.Sum64()
	if *verbose {
		w.t.Logf("%s "+format, append([]any{time.Now().Format("15:04:05.000")}, args...)...)
	}
}

// heard is told when a call has ended.
func (w *world) heard(i *intent, r reply) {
	w.notes.Lock()
	defer w.notes.Unlock()
	i.heard = &r
}

// crashed is told by a process that dies.
func (w *world) crashed(p *process, point string) {
	if strings.HasPrefix(point, "the end") {
		return
	}
	w.notes.Lock()
	w.seen.crashes++
	w.seen.points[point]++
	w.notes.Unlock()
	w.note("%s dies at %s", p.name, point)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// books are compared when everything has come to rest.
func (w *world) check(ctx context.Context) proof.Report {
	w.t.Helper()
	b := proof.Books{Ledger: w.person, Database: w.url, Sandbox: w.sandbox, Policy: w.policy, Told: w.told}
	r, err := b.Check(ctx)
	w.must(err)
	return r
}
