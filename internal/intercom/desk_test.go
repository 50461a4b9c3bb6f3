package intercom_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
)

// The people and things of every test's workspace.
const (
	ana     = "6a0000000000000000000001"
	old     = "6a0000000000000000000002" // merged into ana
	acme    = "6b0000000000000000000001"
	ticket  = "215470000000001" // open, by ana
	mail    = "215470000000002" // closed, by e-mail, with an answer and a note
	mia     = "991"             // the admin we write as
	noSeat  = "992"
	billing = "71"
	token   = "tok-CANARY-token"
)

func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// desk is a workspace behind a real HTTP server, and a client of it.
type desk struct {
	*intercomapi.Server
	*intercom.Client
	t     *testing.T
	clock *control.Clock
	url   string
	logs  *logs
}

func newDesk(t *testing.T) desk {
	t.Helper()
	clock := control.NewClock(noon)
	s := intercomapi.New(clock)
	furnish(s)
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	d := desk{Server: s, t: t, clock: clock, url: web.URL, logs: new(logs)}
	d.Client = d.client(intercom.Config{})
	return d
}

func furnish(s *intercomapi.Server) {
	s.AddAdmin(intercomapi.Admin{ID: mia, Name: "Mia", Email: "mia@acme.test", HasInboxSeat: true})
	s.AddAdmin(intercomapi.Admin{ID: noSeat, Name: "Noa", Email: "noa@acme.test"})
	s.AddTeam(intercomapi.Team{ID: "51", Name: "Payments", Admins: []string{mia}})
	s.AddTag(intercomapi.Tag{ID: billing, Name: "Billing"})
	s.AddTag(intercomapi.Tag{ID: "72", Name: "VIP"})
	s.AddCompany(intercomapi.Company{
		ID: acme, CompanyID: "acme-1", Name: "Acme",
		CustomAttributes: map[string]any{"stripe_id": "cus_9", "seats": 5},
	})
	s.AddContact(intercomapi.Contact{
		ID: ana, Name: "Ana CANARY-name", Email: "Ana.CANARY-mail@example.com", ExternalID: "u-1",
		Companies: []string{acme}, CustomAttributes: map[string]any{"stripe_id": "cus_1", "seats": 5},
	})
	s.AddContact(intercomapi.Contact{ID: old, Email: "old@example.com", MergedInto: ana})
	s.AddConversation(intercomapi.Conversation{
		ID: ticket, Title: "Charged twice", Contacts: []string{ana}, Created: noon().Add(-time.Hour), Tags: []string{"72"},
		Messages: []intercomapi.Message{{
			From: "contact:" + ana, Body: "CANARY-body I was <b>charged</b> twice",
			Attachments: []intercomapi.Attachment{{Name: "bank.png", URL: "https://files.example/CANARY-url", ContentType: "image/png"}},
		}},
	})
	s.AddConversation(intercomapi.Conversation{
		ID: mail, Subject: "Refund", Channel: "email", State: "closed", Contacts: []string{ana}, Created: noon().Add(-2 * time.Hour),
		AdminAssignee: mia,
		Messages: []intercomapi.Message{
			{From: "contact:" + ana, Body: "Where is my refund?"},
			{From: "admin:" + mia, Body: "On its way.", At: noon().Add(-90 * time.Minute)},
			{From: "admin:" + mia, Body: "She is patient.", Note: true, At: noon().Add(-80 * time.Minute)},
		},
	})
}

// client fills in what every test wants the same, and never really waits.
func (d desk) client(cfg intercom.Config) *intercom.Client {
	d.t.Helper()
	if cfg.Token == "" {
		cfg.Token = token
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = d.url
	}
	if cfg.AdminID == "" {
		cfg.AdminID = mia
	}
	cfg.Now = d.clock.Now
	cfg.Log = slog.New(slog.NewJSONHandler(d.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := intercom.New(cfg)
	if err != nil {
		d.t.Fatal(err)
	}
	c.SetSleep(func(ctx context.Context, pause time.Duration) error {
		d.clock.Advance(pause)
		return ctx.Err()
	})
	return c
}

func (d desk) inject(f control.Fault) {
	d.t.Helper()
	if err := d.Desk.Inject(f); err != nil {
		d.t.Fatal(err)
	}
}

// writes lists the requests so far that were no GET, as "METHOD path".
func (d desk) writes() []string {
	out := []string{}
	for _, r := range d.Desk.Requests() {
		if r.Method != http.MethodGet {
			out = append(out, r.Method+" "+strings.ReplaceAll(r.Path, ticket, "ticket"))
		}
	}
	return out
}

func (d desk) state(id string) intercomapi.ConversationState {
	d.t.Helper()
	s, ok := d.Server.Conversation(id)
	if !ok {
		d.t.Fatalf("the sandbox has no conversation %s", id)
	}
	return s
}

// message is a text for a conversation as it stands now.
func (d desk) message(id, body string) policies.Message {
	d.t.Helper()
	c, err := d.Client.Conversation(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return policies.Message{Asker: policies.Asker{Conversation: id}, Body: body, After: c.LastPart()}
}

func asker(id string) policies.Asker { return policies.Asker{Conversation: id} }

// logs is a log that can be read while it is written.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// plainly sends a reply that has no placeholders.
func plainly(c *intercom.Client) func(context.Context, *policies.Permit[policies.Reply]) (intercom.Sent, error) {
	return func(ctx context.Context, p *policies.Permit[policies.Reply]) (intercom.Sent, error) {
		return c.Reply(ctx, p, nil)
	}
}

// perform lets an action through the guard, as the only way to a permit, and
// returns what the adapter answered.
func perform[A policies.Action, Out any](t *testing.T, a A, do func(context.Context, *policies.Permit[A]) (Out, error)) (Out, error) {
	t.Helper()
	return performWith(t.Context(), t, a, do)
}

func performWith[A policies.Action, Out any](ctx context.Context, t *testing.T, a A, do func(context.Context, *policies.Permit[A]) (Out, error)) (out Out, err error) {
	t.Helper()
	g := &policies.Guard{Ledger: &ledger{}, Now: noon, Log: slog.New(slog.DiscardHandler), Timeout: 5 * time.Second, Lease: 10 * time.Second}
	g.Use(&policies.Policy{
		Revision: "test", Reply: &policies.ReplyRules{MaxChars: 100_000},
		Tag:     &policies.TagRules{Allow: []string{"billing", "vip", "new one", "refunded", " ", "a\u202eb"}},
		Contact: &policies.ContactRules{Attributes: []string{"note", "age", "vip", "renews", "seats", "stripe_id"}, Create: policies.Allow},
		Segment: &policies.SegmentRules{Allow: []string{"late-payer"}, Attributes: []string{"billing_plan"}, Alone: 25, Max: 25},
	})
	called := false
	_, enforced := policies.Enforce(ctx, g, policies.Request{Principal: "test"}, policies.Operation[A, Out]{
		Propose: func(context.Context) (A, error) { return a, nil },
		Perform: func(attempt context.Context, p *policies.Permit[A]) (Out, error) {
			called = true
			out, err = do(attempt, p)
			return out, err
		},
	})
	if enforced != nil || !called {
		t.Fatalf("the guard did not let the test's action through: %v", enforced)
	}
	return out, err
}

// ledger records one entry, which is all that a permit needs.
type ledger struct {
	policies.Ledger
	entry policies.Entry
}

func (l *ledger) Mark(context.Context) (policies.Mark, error) { return 1, nil }

func (l *ledger) Begin(_ context.Context, d policies.Draft, judge func(policies.Snapshot) policies.Decision) (policies.Entry, bool, error) {
	v := judge(policies.Snapshot{Now: noon(), Usage: make([]policies.Usage, len(d.Reads.Queries))})
	l.entry = policies.Entry{Draft: d, ID: "act_1", State: policies.Next(v, false), Decision: v}
	return l.entry, false, nil
}

func (l *ledger) Settle(_ context.Context, _ string, s policies.Settlement) (policies.Entry, error) {
	l.entry.State, l.entry.Receipt, l.entry.Failure = s.State, s.Receipt, s.Failure
	return l.entry, nil
}

func wantFault(t *testing.T, err error, code fault.Code, took fault.Took) {
	t.Helper()
	if fault.CodeOf(err) != code || fault.TookOf(err) != took {
		t.Errorf("got %q, took %v: %v; want %q, took %v", fault.CodeOf(err), fault.TookOf(err), err, code, took)
	}
}
