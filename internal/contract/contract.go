// Package contract owns the proof that a real test account answers as the sandbox
// does: it makes every call of the adapters against both, and compares the shapes
// of what they answered, field by field.
//
// It never touches an account in live mode, never says what stood in an answer but
// only of which JSON kind it was, and takes away again what it has made.
package contract

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// Side is a pair of vendors: accounts to verify, or the sandbox.
type Side struct {
	StripeKey, StripeURL                      string // the key is one of test mode
	IntercomToken, IntercomURL, IntercomAdmin string
	Now                                       func() time.Time
	// Index waits until search can know what was written just now.
	Index func(context.Context) error
}

// Config is what is to be compared.
type Config struct {
	Sandbox, Account Side
	// Mark tells the things of one run from those of all others: small letters and
	// digits. They carry it in their names or metadata.
	Mark string
}

// Verify makes every call on both sides, and takes away again what it has made,
// also when it could not go on. An error says that the comparison could not be
// made to its end; the report then holds what was found and left until there.
func Verify(ctx context.Context, c Config) (Report, error) {
	if err := c.check(); err != nil {
		return Report{}, err
	}
	sandbox, err := c.perform(ctx, c.Sandbox)
	if err != nil {
		return Report{}, fmt.Errorf("ask the sandbox: %w", err)
	}
	account, err := c.perform(ctx, c.Account)
	report := judge(ctx, sandbox, account)
	report.Left = account.left
	if err != nil {
		return report, fmt.Errorf("ask the account: %w", err)
	}
	return report, nil
}

func (c Config) check() error {
	if !regexp.MustCompile(`^[a-z0-9]{4,32}$`).MatchString(c.Mark) {
		return fmt.Errorf("the mark %q of a run must be 4 to 32 small letters and digits", c.Mark)
	}
	for _, s := range []Side{c.Sandbox, c.Account} {
		mode, err := stripe.ModeOf(s.StripeKey)
		if err != nil {
			return err
		}
		if mode != stripe.Test {
			return &fault.Error{
				Code: fault.Refused, Took: fault.No, Message: "the Stripe key is a live key: this makes payments and refunds them",
				NextStep: "use a key of a test account (sk_test_… or rk_test_…)",
			}
		}
	}
	return nil
}

// run is the making of all calls on one side.
type run struct {
	Side
	things

	mark     string
	web      *http.Client // over which everything goes
	stripe   *stripe.Client
	intercom *intercom.Client
	made     *made
}

// things are what was made, and is named by later steps. They are plain, so that
// a step can be made again as of when it was made.
type things struct {
	customer, charge, intent, price, coupon string
	classic, flexible                       string // subscriptions
	card, invoice, open                     string // a payment method, a paid invoice and an open one
	contact, conversation, tag              string
	asked                                   time.Time // when the run began, to the second
}

// step is one call of an adapter, or what has to be there for it.
type step struct {
	does  string // "stripe.Charge"
	setup bool   // of no adapter: nothing goes on without it
	do    func(context.Context, *run) (any, error)
}

// taken is a step that was made.
type taken struct {
	step

	before things
	at     time.Time
	all    []exchange
	err    error
}

// performance is all steps on one side.
type performance struct {
	run   run
	steps []taken
	left  []Left
}

// mending is how long clearing up may take, also after the caller has given up.
const mending = 2 * time.Minute

// perform makes all steps. What a step of an adapter could not do is kept with
// it; without what has to be there, it ends. Everything is cleared up in any case.
func (c Config) perform(ctx context.Context, s Side) (p performance, err error) {
	p.run = run{Side: s, mark: c.Mark, made: &made{}, things: things{asked: s.Now().UTC().Truncate(time.Second)}}
	defer func() {
		clearing, cancel := context.WithTimeout(context.WithoutCancel(ctx), mending)
		defer cancel()
		p.left = p.run.clear(clearing)
	}()
	for _, st := range script() {
		t := taken{step: st, before: p.run.things, at: s.Now()}
		under := &tape{next: http.DefaultTransport}
		if err := p.run.connect(under); err != nil {
			return p, err
		}
		_, t.err = st.do(ctx, &p.run)
		t.all = under.all
		p.steps = append(p.steps, t)
		if t.err != nil && (st.setup || ctx.Err() != nil) {
			return p, fmt.Errorf("%s: %w", st.does, t.err)
		}
	}
	return p, nil
}

// connect makes adapters that know nothing yet: what a step asks for must not
// depend on what an adapter remembers of steps before.
func (r *run) connect(under http.RoundTripper) error {
	r.web = &http.Client{
		Transport: under, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var err error
	r.stripe, err = stripe.New(stripe.Config{Key: r.StripeKey, BaseURL: r.StripeURL, HTTP: r.web, Now: r.Now, Ledger: "verify_" + r.mark})
	if err != nil {
		return err
	}
	r.intercom, err = intercom.New(intercom.Config{Token: r.IntercomToken, BaseURL: r.IntercomURL, AdminID: r.IntercomAdmin, HTTP: r.web, Now: r.Now})
	return err
}

// again makes a step another time, on a tape and as of when it was made. Nothing
// leaves this process.
func (p performance) again(ctx context.Context, t taken, all []exchange) (any, error) {
	r := p.run
	r.things, r.made, r.Now = t.before, &made{}, func() time.Time { return t.at }
	if err := r.connect(&replay{left: slices.Clone(all)}); err != nil {
		return nil, err
	}
	return t.do(ctx, &r)
}

// key is the idempotency key of an action of this run.
func (r *run) key(action string) string { return "verify_" + r.mark + "_" + action }

// asker is the one for whom everything is done.
func (r *run) asker() policies.Asker {
	return policies.Asker{
		Conversation: r.conversation, Contact: r.contact, Identity: policies.Proven,
		Ties: []policies.Tie{{Customer: r.customer, Way: "external id"}},
	}
}

// email is an address that nobody has: the domain is reserved
// (https://www.rfc-editor.org/rfc/rfc2606).
func (r *run) email() string { return strings.ToLower("verify-" + r.mark + "@example.com") }

// Steps are the methods of adapters that a run makes use of, such as
// "stripe.Charge", in their order.
func Steps() []string {
	var names []string
	for _, s := range script() {
		if !s.setup {
			names = append(names, s.does)
		}
	}
	return names
}
