package servertest

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/ledger"
	"supportmcp/internal/prompts"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/samples"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
	"supportmcp/resources"
	"supportmcp/server"
	"supportmcp/tools"
)

// Agent is the principal that every call is recorded for, unless Setup names another.
const Agent policies.Principal = "agent"

// Setup says how a desk differs from the usual one. The zero value is the default
// policy with the sandbox's own credentials.
type Setup struct {
	Policy        string // text of a policy file
	StripeKey     string // another key than the sandbox takes
	IntercomToken string // another token than the sandbox takes
	StripeURL     string // another address than the sandbox's
	IntercomURL   string // another address than the sandbox's
	Knowledge     fs.FS  // other documents than the sandbox's
	Principal     policies.Principal
	Timeout       time.Duration                 // of one attempt at a vendor
	Wait          time.Duration                 // for another action on the same target
	Unanswered    func(context.Context, string) // is told what no document answers
	Resources     []resources.Resource          // published besides the real ones
	Extra         []tools.Tool                  // published besides the real ones
	Toolsets      []tools.Toolset               // published instead of all
	ReadOnly      bool                          // no write is published
	Log           *slog.Logger                  // of everything; nil keeps nothing
}

// Desk is one supportmcp process at a place, with a client connected to it.
// Its client's methods are safe for concurrent use.
type Desk struct {
	*Place
	*Client
	Ledger *ledger.Ledger
	Guard  *policies.Guard
	Tools  []tools.Tool
	Server *server.Server
	Worker *server.Worker
	Notes  *tools.NoteDecisions

	t      testing.TB
	policy atomic.Pointer[[]byte]
}

// Start opens a desk at a place of its own.
func Start(t testing.TB, s Setup) *Desk {
	t.Helper()
	return open(t, newPlace(t), s)
}

// Another opens a further desk at the same place, as a second process would: it
// shares the vendors and the ledger's file, and nothing else.
func (d *Desk) Another(s Setup) *Desk {
	d.t.Helper()
	return open(d.t, d.Place, s)
}

func open(t testing.TB, p *Place, s Setup) *Desk {
	t.Helper()
	d := &Desk{Place: p, t: t}
	s.complete(p)
	d.openLedger()
	d.seedPlans()
	d.Guard = &policies.Guard{
		Ledger: d.Ledger, Now: p.Clock.Now, Log: s.Log,
		Timeout: s.Timeout, Lease: Lease, Wait: s.Wait,
	}
	d.Use(s.Policy)
	d.build(s)
	d.Client = d.connect()
	return d
}

// complete fills in what a test left out.
func (s *Setup) complete(p *Place) {
	s.StripeKey = cmp.Or(s.StripeKey, sandbox.StripeKey)
	s.IntercomToken = cmp.Or(s.IntercomToken, sandbox.IntercomToken)
	s.StripeURL = cmp.Or(s.StripeURL, p.StripeURL)
	s.IntercomURL = cmp.Or(s.IntercomURL, p.IntercomURL)
	s.Policy = cmp.Or(s.Policy, string(policies.Default()))
	s.Principal = cmp.Or(s.Principal, Agent)
	s.Timeout = cmp.Or(s.Timeout, 20*time.Second)
	if s.Knowledge == nil {
		s.Knowledge = samples.Knowledge()
	}
	if s.Toolsets == nil {
		s.Toolsets = tools.Toolsets()
	}
	s.Wait = cmp.Or(s.Wait, 20*time.Second)
	s.Log = cmp.Or(s.Log, silent())
}

// Lease is how long an attempt is left alone; the clock must be moved by as much
// before the worker looks after it.
const Lease = time.Minute

func (d *Desk) openLedger() {
	d.t.Helper()
	l, err := ledger.Open(context.WithoutCancel(d.t.Context()), d.ledgerURL, ledger.Options{Now: d.Clock.Now, Mode: "sandbox", Aftermath: tools.Aftermath})
	if err != nil {
		d.t.Fatal(err)
	}
	d.Ledger = l
	d.t.Cleanup(func() {
		if err := l.Close(); err != nil {
			d.t.Errorf("close the ledger: %v", err)
		}
	})
}

func (d *Desk) build(s Setup) {
	d.t.Helper()
	docs, _, err := knowledge.ReadFolder("northwind", s.Knowledge)
	d.must(err)
	library, err := knowledge.New(docs)
	d.must(err)
	st, err := stripe.New(stripe.Config{Key: s.StripeKey, BaseURL: s.StripeURL, Now: d.Clock.Now, Ledger: d.Ledger.ID(), Log: s.Log})
	d.must(err)
	ic, err := intercom.New(intercom.Config{Token: s.IntercomToken, BaseURL: s.IntercomURL, AdminID: sandbox.AdminID, Now: d.Clock.Now, PerSecond: plenty, Log: s.Log})
	d.must(err)
	deps := tools.Deps{Guard: d.Guard, Stripe: st, Intercom: ic, Library: library, Segments: segments.NewStore(d.Ledger, d.Clock.Now), Now: d.Clock.Now, Unanswered: s.Unanswered}
	all := tools.All(deps)
	d.Notes = tools.NewNoteDecisions(deps, tools.NamedNotes{Ledger: d.Ledger})
	d.Worker, err = server.NewWorker(d.Ledger, append(tools.Inner(deps), all...), s.Log)
	d.must(err)
	d.Tools = append(tools.Listed(all, s.Toolsets, s.ReadOnly), s.Extra...)
	d.Server, err = server.New(server.Config{
		Version: "test", Website: "https://desk.example.com", Tools: d.Tools, Principal: s.Principal, Log: s.Log,
		Resources: append(resources.All(resources.Deps{Library: library, Guard: d.Guard, Policy: func() []byte { return *d.policy.Load() }}), s.Resources...),
		Prompts:   d.prompts(library),
	})
	d.must(err)
}

func (d *Desk) prompts(library *knowledge.Library) []prompts.Prompt {
	deps := prompts.Deps{Library: library, Now: d.Clock.Now}
	for _, t := range d.Tools {
		deps.Tools = append(deps.Tools, t.Name)
	}
	deps.Recent = func(ctx context.Context) ([]policies.Entry, error) {
		return d.Ledger.List(ctx, ledger.Filter{Limit: 100})
	}
	return prompts.All(deps)
}

// Use puts another policy in force, as an operator does by replacing the file.
func (d *Desk) Use(text string) {
	d.t.Helper()
	p, err := policies.Parse("policy.yaml", []byte(text))
	d.must(err)
	b := []byte(text)
	d.policy.Store(&b)
	d.Guard.Use(p)
}

// Sweep lets the worker do one round of each kind and gives what went wrong.
func (d *Desk) Sweep() error {
	ctx := d.t.Context()
	return errors.Join(d.Worker.Sweep(ctx, policies.DueApproved), d.Worker.Sweep(ctx, policies.DueLapsed))
}

// Settle sweeps with moving time until nothing is under way, as minutes of a
// running server would.
func (d *Desk) Settle() {
	d.t.Helper()
	for range 12 {
		if len(d.entries(policies.Approved, policies.Executing, policies.InDoubt)) == 0 {
			return
		}
		_ = d.Sweep() // what cannot be told yet is swept again
		d.Clock.Advance(Lease + time.Second)
	}
	d.t.Fatalf("something is under way for ever: %v", d.Look())
}

// Approve lets an action go on, as a person does with the approvals command.
func (d *Desk) Approve(action string) {
	d.t.Helper()
	_, err := d.Ledger.Approve(d.t.Context(), action, "robin", "")
	d.must(err)
}

func (d *Desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}
