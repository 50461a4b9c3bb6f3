package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
	"supportmcp/internal/ledger"
	"supportmcp/internal/prompts"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
	"supportmcp/internal/tokens"
	"supportmcp/internal/trace"
	"supportmcp/policies"
	"supportmcp/resources"
	"supportmcp/server"
	"supportmcp/tools"
)

// settings are what a service is built from, all resolved.
type settings struct {
	stripe      stripe.Config
	intercom    intercom.Config
	mode        string // of the ledger: sandbox, test or live
	locked      map[policies.Vendor]string
	databaseURL string
	auditKey    keyFile
	outlets     []*outlet // that checkpoints are delivered to
	policyPath  string    // "" for the default policy
	policyName  string
	policy      []byte
	roster      string // the file of the approvers; "" is none
	feeds       feeds  // of documents
	principal   policies.Principal
	toolsets    []tools.Toolset // that clients see
	readOnly    bool            // clients see no tool that writes
	website     string
	traces      string // the collector's address; "" is none
	http        string // the address to serve at; "" serves over stdio
	operator    string // the address to tell the operator at; "" is none
	access      server.HTTP
	tls         *certificate // nil: HTTP without TLS
	timing      timing
	now         func() time.Time
	log         *slog.Logger

	// Of tests only: where to end the process, and a ledger on PostgreSQL that
	// follows now as well.
	at       func(point string)
	oneClock bool
}

// service is a running supportmcp without a transport.
type service struct {
	hands
	server *server.Server
	worker *server.Worker
	notary *notary
	busy   sync.WaitGroup // what work has started

	resources func() []resources.Resource // as the library now is
}

// timing is the time one action may take: an attempt at the vendor, the lease
// that covers it, and the wait for another action on the same charge.
type timing struct{ attempt, lease, wait time.Duration }

func usualTiming() timing {
	return timing{attempt: 20 * time.Second, lease: 60 * time.Second, wait: 20 * time.Second}
}

func newService(ctx context.Context, s settings) (*service, error) {
	h, err := newHands(ctx, s)
	if err != nil {
		return nil, err
	}
	h.policy.check = func(ctx context.Context, p *policies.Policy) error { return refuseOpenTies(ctx, h.intercom, p, s.log) }
	if err := h.policy.settle(ctx, s.policy); err != nil {
		return nil, errors.Join(err, h.ledger.Close())
	}
	if err := h.readers.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("serve the knowledge documents: %w", err), h.ledger.Close())
	}
	n, err := newNotary(ctx, s, h.ledger)
	if err != nil {
		return nil, errors.Join(err, h.ledger.Close())
	}
	svc, err := assemble(s, h)
	if err != nil {
		return nil, errors.Join(err, h.ledger.Close())
	}
	svc.notary = n
	return svc, nil
}

// hands are the tools with all that they work with.
type hands struct {
	ledger   *ledger.Ledger
	guard    *policies.Guard
	stripe   *stripe.Client
	intercom *intercom.Client
	policy   *keeper
	tokens   *tokens.Store
	readers  *readers
	tools    []tools.Tool
	segments *segments.Store
	indexed  bool // the tools that need the billing index are published
	log      *slog.Logger

	meters   *meters
	ledgered *watched // the ledger, as guard and worker use it
	tracer   *trace.Tracer

	authority authority     // over what people decide
	news      chan struct{} // says that notes may have been written
}

func newHands(ctx context.Context, s settings) (h hands, err error) {
	h.log, h.meters, h.news, h.tracer = s.log, newMeters(), make(chan struct{}, 1), newTracer(s)
	if s.stripe.HTTP == nil {
		s.stripe.HTTP, s.intercom.HTTP = h.vendor("Stripe"), h.vendor("Intercom")
	}
	if h.intercom, err = intercom.New(s.intercom); err != nil {
		return h, fmt.Errorf("set up Intercom: %w", err)
	}
	if h.ledger, err = openLedger(ctx, s); err != nil {
		return h, err
	}
	s.stripe.Ledger = h.ledger.ID()
	if h.stripe, err = stripe.New(s.stripe); err != nil {
		return h, errors.Join(fmt.Errorf("set up Stripe: %w", err), h.ledger.Close())
	}
	if err := h.bind(ctx); err != nil {
		return h, errors.Join(err, h.ledger.Close())
	}
	h.tokens = tokens.New(h.ledger, s.now)
	h.ledgered = h.meters.watch(h.ledger)
	h.guard = &policies.Guard{
		Ledger: h.ledgered, Allowances: h.tokens, Now: s.now, Log: s.log, Locked: s.locked,
		Timeout: s.timing.attempt, Lease: s.timing.lease, Wait: s.timing.wait,
	}
	if h.authority, h.guard.Approvers, err = whoApproves(ctx, s, h.ledger, tools.Deps{Guard: h.guard, Intercom: h.intercom}.ReadNote); err != nil {
		return h, errors.Join(err, h.ledger.Close())
	}
	h.policy = &keeper{path: s.policyPath, name: s.policyName, ledger: h.ledger, guard: h.guard, log: s.log, signed: h.authority.policies, again: make(chan struct{}, 1)}
	if err := h.furnish(s); err != nil {
		return h, errors.Join(err, h.ledger.Close())
	}
	return h, nil
}

// longestNote is how long a search may wait for its gap to be noted.
const longestNote = time.Second

// furnish brings in the documents, and with them the tools.
func (h *hands) furnish(s settings) error {
	library, err := knowledge.New(nil)
	if err != nil {
		return fmt.Errorf("index the knowledge documents: %w", err)
	}
	docs := shelf.New(h.ledger, s.now, s.feeds.defaults())
	h.segments, h.indexed = segments.NewStore(h.ledger, s.now), slices.Contains(s.toolsets, tools.Segments)
	h.readers = newReaders(s.feeds, docs, library, s.log)
	deps := tools.Deps{
		Guard: h.guard, Stripe: h.stripe, Intercom: h.intercom, Library: library, Segments: h.segments, Now: s.now,
		Unanswered: func(ctx context.Context, question string) {
			within, cancel := context.WithTimeout(ctx, longestNote)
			defer cancel()
			if err := docs.RecordGap(within, question); err != nil {
				s.log.Warn("a knowledge gap is not recorded", "err", err)
			}
		},
	}
	h.tools = append(tools.All(deps), tools.Inner(deps)...)
	return nil
}

// longestBinding is how long a start waits to hear which account the key is of.
const longestBinding = 5 * time.Second

// bind keeps the ledger to one Stripe account, as far as the key lets it be told.
func (h hands) bind(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, longestBinding)
	defer cancel()
	account, access := h.stripe.Account(within)
	switch access.Reach {
	case stripe.Readable:
		return h.ledger.Bind(ctx, account)
	case stripe.Forbidden: // the doctor tells
	case stripe.KeyRefused, stripe.Unanswered:
		h.log.Warn("it cannot be told now whether the ledger belongs to this Stripe account", "err", access.Err)
	}
	return nil
}

// openLedger gives SQLite the process's clock; replicas on PostgreSQL must share
// the database's.
func openLedger(ctx context.Context, s settings) (*ledger.Ledger, error) {
	o := ledger.Options{Log: s.log, Mode: s.mode, At: s.at, Aftermath: s.aftermath}
	if s.oneClock || strings.HasPrefix(s.databaseURL, "sqlite:") {
		o.Now = s.now
	}
	return ledger.Open(ctx, s.databaseURL, o)
}

// newNotary looks whether the end of the log can be trusted, and makes the key
// that signs checkpoints when there is none. A key of its own is kept only for a
// ledger without checkpoints: others have theirs.
func newNotary(ctx context.Context, s settings, l *ledger.Ledger) (*notary, error) {
	key, fresh, err := s.auditKey.readOrMake()
	if err != nil {
		return nil, err
	}
	if err := l.CheckTail(ctx, key.Verifier); err != nil {
		return nil, err
	}
	if fresh != "" {
		if key, err = s.auditKey.keep(fresh); err != nil {
			return nil, err
		}
	}
	s.log.Info("checkpoints can be checked with this public key", "key", key.Keys()[0])
	return &notary{ledger: l, key: key, places: s.outlets, log: s.log}, nil
}

func assemble(s settings, h hands) (*service, error) {
	worker, err := server.NewWorker(h.ledgered, h.tools, s.log)
	if err != nil {
		return nil, err
	}
	published := func() []resources.Resource {
		return resources.All(resources.Deps{Library: h.readers.library, Guard: h.guard, Policy: h.policy.shown})
	}
	shown := tools.Listed(h.tools, s.toolsets, s.readOnly)
	srv, err := server.New(server.Config{
		Version: version, Website: s.website, Principal: s.principal, Log: s.log, CallID: newCallID,
		Tools: h.traced(h.meters.timed(shown)), Resources: published(), Prompts: h.prompts(s, shown),
	})
	if err != nil {
		return nil, err
	}
	return &service{hands: h, server: srv, worker: worker, resources: published}, nil
}

// suggested is how many of the newest actions prompts suggest ids from.
const suggested = 200

func (h hands) prompts(s settings, shown []tools.Tool) []prompts.Prompt {
	d := prompts.Deps{Library: h.readers.library, Now: s.now}
	for _, t := range shown {
		d.Tools = append(d.Tools, t.Name)
	}
	d.Recent = func(ctx context.Context) ([]policies.Entry, error) {
		return h.ledger.List(ctx, ledger.Filter{Limit: suggested})
	}
	return prompts.All(d)
}

// work runs all that goes on beside the clients until ctx is done, and tells at
// once what would keep the first answer to a customer from being sent: a wrong
// region or admin.
func (s *service) work(ctx context.Context) {
	s.busy.Go(func() { s.worker.Run(ctx) })
	s.busy.Go(func() { s.readers.follow(ctx, s.server, s.resources) })
	s.busy.Go(func() { s.policy.run(ctx) })
	s.busy.Go(func() { s.ledger.Listen(ctx, s.worker.Wake) })
	s.busy.Go(func() { s.adopting(ctx) })
	s.busy.Go(func() { s.noting(ctx) })
	s.busy.Go(func() { s.watchTies(ctx) })
	s.busy.Go(func() { s.indexing(ctx) })
	s.busy.Go(func() { s.notary.run(ctx) })
	s.busy.Go(func() { s.tracer.Run(ctx) })
	s.busy.Go(func() {
		if err := s.intercom.Ready(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("Intercom is not ready for answers", "err", err)
		}
	})
}

// close waits for the worker, whose context must be done, signs for the last time,
// sends the last spans and closes the ledger.
func (s *service) close() error {
	s.busy.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), longestDelivery)
	defer cancel()
	s.notary.sign(ctx)
	s.tracer.Close()
	return s.ledger.Close()
}

// configured resolves the settings of the environment, or lists everything that
// keeps the server from starting.
func configured(c Config, w world) (settings, error) {
	log := c.logger(w.err)
	s := settings{
		stripe:    stripe.Config{Key: string(c.StripeKey), BaseURL: strings.TrimRight(c.StripeBase, "/"), Log: log, Now: w.now},
		intercom:  intercom.Config{Token: string(c.IntercomToken), BaseURL: c.IntercomBase, AdminID: c.IntercomAdmin, Log: log, Now: w.now},
		principal: policies.Principal(c.Principal), timing: usualTiming(), now: w.now, log: log, website: c.Website, access: c.access(w.now, log), traces: c.TracesEndpoint,
	}
	var noDatabase, noKey error
	if s.databaseURL, noDatabase = c.databaseURL(); noDatabase == nil {
		s.auditKey, noKey = c.auditKey(s.databaseURL)
	}
	s.outlets = outlets(c.CheckpointFile, string(c.CheckpointURL), log)
	if err := errors.Join(c.validate(), noDatabase, noKey, s.read(c, w)); err != nil {
		return settings{}, fmt.Errorf("the configuration does not work yet:\n%w", err)
	}
	mode, err := stripe.ModeOf(string(c.StripeKey))
	if err != nil {
		return settings{}, err
	}
	s.mode, s.locked = c.mode(mode), c.locked(mode)
	if mode == stripe.Live && !stripe.Restricted(string(c.StripeKey)) {
		log.Warn("STRIPE_SECRET_KEY is an unrestricted live key; a restricted key (rk_live_…) limits what a leak can do")
	}
	return s, nil
}

// read reads what the environment names: policy, documents and toolsets.
func (s *settings) read(c Config, w world) error {
	var noPolicy, noRoster, noDocuments, noToolset, noCertificate error
	s.policyPath = c.Policy
	s.policyName, s.policy, noPolicy = readPolicy(c.Policy)
	if noPolicy == nil {
		_, noPolicy = policies.Parse(s.policyName, s.policy)
	}
	if noPolicy != nil {
		noPolicy = problem("SUPPORTMCP_POLICY", "does not work:\n"+noPolicy.Error())
	}
	if s.roster = c.roster(); s.roster != "" {
		if _, _, err := readRoster(s.roster); err != nil {
			noRoster = problem("SUPPORTMCP_APPROVERS", "does not work:\n"+err.Error())
		}
	}
	s.feeds, noDocuments = c.feeds(w)
	if s.toolsets, noToolset = tools.ParseToolsets(c.Toolsets); noToolset != nil {
		noToolset = problem("SUPPORTMCP_TOOLSETS", noToolset.Error())
	}
	s.tls, noCertificate = c.certificate(s.log)
	return errors.Join(noPolicy, noRoster, noDocuments, noToolset, noCertificate)
}

// readPolicy reads the policy file, or the default when none is named.
func readPolicy(path string) (string, []byte, error) {
	if path == "" {
		return "default policy", policies.Default(), nil
	}
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return "", nil, fmt.Errorf("read the policy: %w", err)
	}
	return path, b, nil
}
