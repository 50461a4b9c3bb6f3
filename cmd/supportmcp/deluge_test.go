package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/proof"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
)

var (
	deluges = flag.Int("deluges", 1, "runs of a server that is killed while many replies and a segment are in flight")
	deluge1 = flag.Uint64("deluge", 0, "the first of the runs")
	replies = flag.Int("replies", 500, "replies of each run")
	tagged  = flag.Int("tagged", 500, "contacts in the segment of each run")
)

// TestADelugeThroughKilledServersArrivesOnce kills a server again and again while many
// agents answer customers and a large segment is tagged. Each agent asks again where
// nothing was answered, and where it is told that its reply was not delivered. In the end
// each customer has each reply exactly once, and exactly the segment has the tag, written
// once to each contact.
func TestADelugeThroughKilledServersArrivesOnce(t *testing.T) {
	t.Parallel()
	for n := range uint64(*deluges) {
		t.Run(fmt.Sprint(*deluge1+n), func(t *testing.T) {
			d := newDeluge(t, *deluge1+n)
			d.survive(newCampaign(d, *tagged), newCorrespondence(d.Running, *replies))
		})
	}
}

// work is what must be done exactly once, whatever dies.
type work interface {
	// jobs are asked for at the same time. Each makes one call of a server, and reports
	// whether it needs no other.
	jobs() []func(*agent) bool
	// compare wants the sandbox to hold what the jobs asked for, and nothing twice.
	compare(*testing.T)
}

// atOnce is how many agents ask at the same time.
const atOnce = 48

// deluge is one run.
type deluge struct {
	*sandbox.Running
	t       *testing.T
	environ []string
	rng     *rand.Rand // of the one goroutine that starts servers

	mu    sync.Mutex
	come  *sync.Cond // a server has come
	serve *agent     // nil while there is none
	over  bool
	kills int
	amid  int // kills as contacts were being tagged
}

func newDeluge(t *testing.T, seed uint64) *deluge {
	t.Helper()
	since := time.Now()
	running, err := sandbox.New(control.NewClock(hurried(since))).Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	policy := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(policy, []byte(generous+tagging), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &deluge{Running: running, t: t, rng: rand.New(rand.NewPCG(seed, 500))}
	d.come = sync.NewCond(&d.mu)
	d.environ = append(bare(),
		"STRIPE_SECRET_KEY="+sandbox.StripeKey, "STRIPE_API_BASE="+running.StripeURL,
		"INTERCOM_ACCESS_TOKEN="+sandbox.IntercomToken, "INTERCOM_API_BASE="+running.IntercomURL, "INTERCOM_ADMIN_ID="+sandbox.AdminID,
		"SUPPORTMCP_DATABASE_URL="+freshFile(t), "SUPPORTMCP_POLICY="+policy, "SUPPORTMCP_LOG_LEVEL=error", "SUPPORTMCP_TOOLSETS=ticket,segments", "HOME="+filepath.Dir(policy),
		mortalSince+"="+strconv.FormatInt(since.UnixNano(), 10))
	return d
}

// survive lets all the work be done through servers that die, and compares.
func (d *deluge) survive(all ...work) {
	d.t.Helper()
	jobs := make(chan func(*agent) bool)
	var agents, servers sync.WaitGroup
	servers.Go(d.keep)
	for range atOnce {
		agents.Go(func() {
			for job := range jobs {
				for a := d.server(); a != nil && !job(a); a = d.server() {
					pause(20 * time.Millisecond)
				}
			}
		})
	}
	for _, w := range all {
		for _, job := range w.jobs() {
			jobs <- job
		}
	}
	close(jobs)
	agents.Wait()
	d.end()
	servers.Wait()
	for _, w := range all {
		w.compare(d.t)
	}
	d.t.Logf("%d kills, %d of them as contacts were being tagged", d.kills, d.amid)
	if d.kills < 3 || d.amid == 0 {
		d.t.Errorf("only %d servers were killed, %d of them as contacts were being tagged: this shows too little", d.kills, d.amid)
	}
}

// fates is how many servers are going to die, before one lives on.
const fates = 6

// keep starts one server after the other, of which the first ones die.
func (d *deluge) keep() {
	for n := 0; !d.ended(); n++ {
		environ, after := d.fate(n)
		a := launch(d.t, "supportmcp-mortal", environ, "serve")
		if a.greeted() {
			d.present(a, after)
		}
		a.fire()
		d.count(a)
	}
}

// fate lets a server die at any point, as contacts are being tagged, at any moment, or not.
func (d *deluge) fate(n int) (environ []string, after time.Duration) {
	points, skip := []string{proof.RequestWritten, proof.AnswerRead, "begin.committed", "settle.written", "settle.committed"}, d.rng.IntN(max(1, *replies/fates))
	switch {
	case n >= fates:
		return d.environ, 0
	case n%3 == 2:
		return d.environ, time.Duration(50+d.rng.IntN(300)) * time.Millisecond
	case n%2 == 1 && d.rng.IntN(2) == 0:
		points = []string{ofTag + proof.RequestWritten, ofTag + proof.AnswerRead}
	case n%2 == 1: // there are fewer parts than contacts
		points, skip = []string{ofPart + ledger.Told, ofPart + ledger.Committed}, skip/20
	}
	point := points[d.rng.IntN(len(points))]
	return append(slices.Clone(d.environ), mortalPoint+"="+point, fmt.Sprintf("%s=%d", mortalSkip, skip)), 0
}

// present lets agents use a server until it dies, or the work is done.
func (d *deluge) present(a *agent, after time.Duration) {
	d.mu.Lock()
	d.serve = a
	d.come.Broadcast()
	d.mu.Unlock()
	if after > 0 {
		defer time.AfterFunc(after, func() { _ = a.cmd.Process.Kill() }).Stop()
	}
	for !d.ended() {
		select {
		case <-a.ended:
			d.mu.Lock()
			d.serve = nil
			d.mu.Unlock()
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (d *deluge) count(a *agent) {
	if !d.ended() {
		d.kills++
		if words := a.log.String(); strings.Contains(words, lastWords+ofTag) || strings.Contains(words, lastWords+ofPart) {
			d.amid++
		}
		if code := a.cmd.ProcessState.ExitCode(); code >= 0 {
			d.t.Errorf("a server ended by itself with %d: %s", code, a.log.String())
			d.end()
		}
	}
}

// server is the one that runs, once there is one; nil when all is over.
func (d *deluge) server() *agent {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.serve == nil && !d.over {
		d.come.Wait()
	}
	return d.serve
}

func (d *deluge) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	d.come.Broadcast()
}

func (d *deluge) ended() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.over
}

func pause(d time.Duration) { <-time.After(d) }

// correspondence is many replies to many customers, two to each.
type correspondence struct {
	*sandbox.Running
	n int
}

const eachGets = 2

func newCorrespondence(r *sandbox.Running, n int) *correspondence {
	c := &correspondence{r, n}
	for i := range (n + eachGets - 1) / eachGets {
		contact := fmt.Sprintf("64f2%020d", i)
		r.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: fmt.Sprintf("Writer %d", i), ExternalID: fmt.Sprintf("writer-%d", i)})
		r.Intercom.AddConversation(intercomapi.Conversation{
			ID: conversationOf(i), Contacts: []string{contact}, Messages: []intercomapi.Message{{From: "contact:" + contact, Body: "Is anybody there?"}},
		})
	}
	return c
}

func conversationOf(i int) string { return fmt.Sprintf("2154800%08d", i) }

func replyOf(i int) string { return fmt.Sprintf("This is answer number %d to your question.", i) }

func (c *correspondence) jobs() (jobs []func(*agent) bool) {
	for i := range c.n {
		jobs = append(jobs, func(a *agent) bool {
			got := a.call("reply_to_conversation", map[string]any{"conversation_id": conversationOf(i / eachGets), "body": replyOf(i)})
			return got.State == policies.Done
		})
	}
	return jobs
}

func (c *correspondence) compare(t *testing.T) {
	t.Helper()
	for i := range c.n {
		conversation, _ := c.Intercom.Conversation(conversationOf(i / eachGets))
		sent := 0
		for _, p := range conversation.Parts {
			if p.Type == "comment" && strings.Contains(p.Body, replyOf(i)) {
				sent++
			}
		}
		if sent != 1 {
			t.Errorf("%q is there %d times", replyOf(i), sent)
		}
	}
}
