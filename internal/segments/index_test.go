package segments_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
)

var postgres ledgertest.Postgres

func TestMain(m *testing.M) { ledgertest.Main(m, postgres.Stop) }

func start() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// desk is an index of a sandbox account.
type desk struct {
	t       testing.TB
	db      *ledger.Ledger
	clock   *control.Clock
	account *stripeapi.Server
	client  *stripe.Client
	calls   []string // that Stripe was asked
	fail    func(r *http.Request) bool
}

// onBoth runs a test on a ledger of each engine.
func onBoth(t *testing.T, test func(*desk)) {
	t.Parallel()
	file := func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "state", "ledger.db") }
	for engine, fresh := range map[string]func(testing.TB) string{"SQLite": file, "PostgreSQL": postgres.Fresh} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, fresh(t)))
		})
	}
}

func newDesk(t testing.TB, url string) *desk {
	t.Helper()
	d := &desk{t: t, clock: control.NewClock(start)}
	d.account = stripeapi.New(d.clock)
	l, err := ledger.Open(t.Context(), url, ledger.Options{Now: d.clock.Now})
	d.must(err)
	d.db = l
	t.Cleanup(func() { d.must(l.Close()) })
	inner := d.account.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.calls = append(d.calls, r.URL.Path)
		if d.fail != nil && d.fail(r) {
			http.Error(w, `{"error":{"type":"invalid_request_error","message":"no"}}`, http.StatusForbidden)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	d.client, err = stripe.New(stripe.Config{Key: "sk_test_x", BaseURL: server.URL, Now: d.clock.Now})
	d.must(err)
	return d
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) index(keys ...string) *segments.Index {
	return segments.NewIndex(d.db, d.client, keys, d.clock.Now)
}

func (d *desk) sync(x *segments.Index) segments.Report {
	d.t.Helper()
	r, err := x.Sync(d.t.Context(), nil)
	d.must(err)
	return r
}

// found are the customers that a filter finds.
func (d *desk) found(filter string) string {
	d.t.Helper()
	f, err := segments.ParseFilter([]byte(filter))
	d.must(err)
	all, err := segments.NewStore(d.db, d.clock.Now).Find(d.t.Context(), f)
	d.must(err)
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = strings.TrimPrefix(c.ID, "cus_")
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func (d *desk) want(filter, ids string) {
	d.t.Helper()
	if diff := cmp.Diff(ids, d.found(filter)); diff != "" {
		d.t.Errorf("%s: %s", filter, diff)
	}
}

func day(n int) time.Time { return start().AddDate(0, 0, n) }

// fill seeds a few customers, each of whom is special in one way.
func (d *desk) fill() {
	a := d.account
	a.AddProduct(stripeapi.Product{ID: "prod_team", Name: "Northwind Team"})
	a.AddPrice(stripeapi.Price{ID: "price_month", Product: "prod_team", Nickname: "Team monthly", Amount: 2000, Currency: "eur", Interval: "month"})
	a.AddPrice(stripeapi.Price{ID: "price_year", Product: "prod_team", Amount: 20000, Currency: "eur", Interval: "year"})
	person := func(name string, c stripeapi.Customer, s stripeapi.Subscription) {
		c.ID, c.Email, c.Currency, c.Created = "cus_"+name, name+"@Example.com", "eur", day(-400)
		if c.Card == nil {
			c.Card = &stripeapi.Card{Brand: "visa", Last4: "4242", ExpMonth: 6, ExpYear: 2029}
		}
		a.AddCustomer(c)
		s.ID, s.Customer, s.Created = "sub_"+name, c.ID, day(-10)
		if s.Items == nil {
			s.Items = []stripeapi.Item{{Price: "price_month"}}
		}
		a.AddSubscription(s)
	}
	person("expiring", stripeapi.Customer{Card: &stripeapi.Card{ExpMonth: 11, ExpYear: 2026}}, stripeapi.Subscription{})
	person("expired", stripeapi.Customer{Card: &stripeapi.Card{ExpMonth: 10, ExpYear: 2026}}, stripeapi.Subscription{})
	person("yearly", stripeapi.Customer{Balance: -500}, stripeapi.Subscription{Items: []stripeapi.Item{{Price: "price_year"}}})
	person("leaving", stripeapi.Customer{}, stripeapi.Subscription{CancelAtPeriodEnd: true, CanceledAt: day(-2)})
	person("gone", stripeapi.Customer{}, stripeapi.Subscription{Status: "canceled", CanceledAt: day(-5), EndedAt: day(-5)})
	person("late", stripeapi.Customer{Delinquent: true}, stripeapi.Subscription{Status: "past_due"})
	person("trying", stripeapi.Customer{}, stripeapi.Subscription{TrialEnd: day(3)})
	person("rich", stripeapi.Customer{}, stripeapi.Subscription{})
	a.AddCharge(stripeapi.Charge{ID: "ch_rich1", Customer: "cus_rich", Amount: 90000, Currency: "eur", Created: day(-300)})
	a.AddCharge(stripeapi.Charge{ID: "ch_rich2", Customer: "cus_rich", Amount: 20000, Currency: "eur", Created: day(-200)})
	a.AddCharge(stripeapi.Charge{ID: "ch_late", Customer: "cus_late", Amount: 2000, Currency: "eur", Created: day(-4), Status: "failed"})
	a.AddDispute(stripeapi.Dispute{ID: "dp_rich", Charge: "ch_rich2", Created: day(-1)})
}

const expiring = `{"card_expires_within_days": 30}`

func TestAScanMirrorsWhatStripeKnows(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		x := d.index("user_id")
		if r := d.sync(x); !r.Scanned || r.Seen != 8+8+3+1 {
			t.Errorf("the scan did %+v", r)
		}
		d.want(expiring, "expiring")
		st, err := x.Status(t.Context())
		d.must(err)
		want := segments.Status{Customers: 8, Subscriptions: 8, ScannedAt: start(), FedUntil: start(), Seen: 20}
		if diff := cmp.Diff(want, st); diff != "" {
			t.Error(diff)
		}
		calls := len(d.calls)
		if r := d.sync(x); r.Scanned || r.Read != 0 || len(d.calls) != calls+1 {
			t.Errorf("when nothing has happened, a sync did %+v with %d calls", r, len(d.calls)-calls)
		}
	})
}

func TestEventsKeepTheIndexFresh(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		x := d.index()
		d.sync(x)
		d.account.UpdateCard("cus_expiring", stripeapi.Card{ExpMonth: 5, ExpYear: 2031})
		d.account.UpdateCard("cus_rich", stripeapi.Card{ExpMonth: 11, ExpYear: 2026})
		d.account.CloseDispute("dp_rich", "won")
		d.want(`{"open_dispute": true}`, "rich")
		r := d.sync(x)
		if r.Scanned || r.Events != 5 || r.Read != 3 {
			t.Errorf("the sync did %+v", r)
		}
		d.want(expiring, "rich")
		d.want(`{"open_dispute": true}`, "")
		if r := d.sync(x); r.Events != 0 || r.Read != 0 {
			t.Errorf("events were taken in twice: %+v", r)
		}
	})
}

func TestAGapInTheEventsTakesAFullScan(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		x := d.index()
		d.sync(x)
		for _, c := range []struct {
			wait time.Duration
			scan bool
		}{{28 * 24 * time.Hour, false}, {30 * 24 * time.Hour, true}} {
			d.clock.Advance(c.wait)
			if r := d.sync(x); r.Scanned != c.scan {
				t.Errorf("after %s the sync did %+v", c.wait, r)
			}
		}
		if r := d.sync(d.index("user_id")); !r.Scanned {
			t.Errorf("for other metadata the sync did %+v", r)
		}
	})
}

func TestAnInterruptedScanGoesOnWhereItWas(t *testing.T) {
	onBoth(t, func(d *desk) {
		for i := range 350 {
			d.account.AddCustomer(stripeapi.Customer{ID: fmt.Sprintf("cus_%03d", i), Created: day(-i), Card: &stripeapi.Card{ExpMonth: 11, ExpYear: 2026}})
		}
		asked := 0
		d.fail = func(r *http.Request) bool {
			asked++
			return asked > 2
		}
		x := d.index()
		if _, err := x.Sync(t.Context(), nil); err == nil {
			t.Fatal("the scan does not fail")
		}
		st, err := x.Status(t.Context())
		d.must(err)
		if st.Customers != 200 || st.Scanning != segments.Customers || st.Failure == "" || !st.ScannedAt.IsZero() || st.Filling {
			t.Errorf("in between the status is %+v", st)
		}
		d.fail, d.calls = nil, nil
		var told []segments.Progress
		r, err := d.index().Sync(t.Context(), func(p segments.Progress) { told = append(told, p) })
		d.must(err)
		if !r.Scanned || r.Seen != 350 || strings.Count(strings.Join(d.calls, " "), "/v1/customers") != 2 || told[0].Seen != 300 {
			t.Errorf("going on did %+v with %v and told %v", r, d.calls, told)
		}
	})
}

func TestOneProcessFillsTheIndexAtATime(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		var busy error
		first := d.index()
		_, err := first.Sync(t.Context(), func(p segments.Progress) {
			if p.List == segments.Customers {
				_, busy = d.index().Sync(context.WithoutCancel(t.Context()), nil)
			}
		})
		if err != nil || !errors.Is(busy, segments.ErrBusy) {
			t.Errorf("the first: %v, the second: %v", err, busy)
		}
	})
}

func TestWhatIsGoneAtStripeIsGoneHere(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		x := d.index()
		d.sync(x)
		d.account.AddCustomer(stripeapi.Customer{ID: "cus_expiring", Deleted: true})
		d.clock.Advance(31 * 24 * time.Hour)
		d.sync(x)
		st, err := x.Status(t.Context())
		d.must(err)
		if st.Customers != 7 {
			t.Errorf("there are %d customers", st.Customers)
		}
	})
}
