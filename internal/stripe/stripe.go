// Package stripe owns everything supportmcp says to Stripe: it reads customers,
// charges, invoices and subscriptions as plain values; with a permit it refunds,
// credits, cancels, discounts, collects an open invoice and opens a customer's
// portal. It is the only importer of stripe-go, which speaks API version 2023-10-16.
//
// It never writes without a [policies.Permit], never repeats a write by itself,
// never reads through Stripe's search, which lags, and never logs a body, a key
// or an e-mail address. An answer it does not understand, such as an unknown
// currency, is an error and not a guess.
package stripe

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/billingportal/configuration"
	"github.com/stripe/stripe-go/v76/charge"
	"github.com/stripe/stripe-go/v76/coupon"
	"github.com/stripe/stripe-go/v76/creditnote"
	"github.com/stripe/stripe-go/v76/customer"
	"github.com/stripe/stripe-go/v76/customerbalancetransaction"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/invoice"
	"github.com/stripe/stripe-go/v76/paymentintent"
	"github.com/stripe/stripe-go/v76/product"
	"github.com/stripe/stripe-go/v76/promotioncode"
	"github.com/stripe/stripe-go/v76/refund"
	"github.com/stripe/stripe-go/v76/subscription"
)

// Config is what a Client is made from.
type Config struct {
	Key     string           // secret or restricted; see ModeOf
	BaseURL string           // "" is Stripe itself; plain http only with a test key
	HTTP    *http.Client     // nil is a client of its own; a given one is copied, not changed
	Log     *slog.Logger     // nil logs nothing
	Now     func() time.Time // needed
	// PerEndpoint keeps to Stripe's limits per endpoint at another address, too. At
	// Stripe itself that is always so.
	PerEndpoint bool
	Ledger      string // marks refunds as asked for by this ledger; "" leaves them unmarked
}

// Client speaks to one Stripe account. It is safe for concurrent use.
type Client struct {
	balances      customerbalancetransaction.Client
	charges       charge.Client
	coupons       coupon.Client
	codes         promotioncode.Client
	customers     customer.Client
	disputes      dispute.Client
	events        event.Client
	intents       paymentintent.Client
	invoices      invoice.Client
	notes         creditnote.Client
	portals       configuration.Client
	products      product.Client
	refunds       refund.Client
	subscriptions subscription.Client

	now    func() time.Time
	known  products
	billed billed
	ledger string
}

// New makes a client. It sends nothing.
func New(c Config) (*Client, error) {
	mode, err := ModeOf(c.Key)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		return nil, errors.New("stripe client needs a clock")
	}
	base, err := baseURL(c.BaseURL, mode)
	if err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	b := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:        &base,
		HTTPClient: httpClient(c),
		// What stripe-go logs holds bodies and addresses, and goes to stdout; the transport logs instead.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		// Its retries sleep through a cancelled context; the transport repeats reads, the ledger writes.
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
	})
	return &Client{
		balances:      customerbalancetransaction.Client{B: b, Key: c.Key},
		charges:       charge.Client{B: b, Key: c.Key},
		coupons:       coupon.Client{B: b, Key: c.Key},
		codes:         promotioncode.Client{B: b, Key: c.Key},
		customers:     customer.Client{B: b, Key: c.Key},
		disputes:      dispute.Client{B: b, Key: c.Key},
		events:        event.Client{B: b, Key: c.Key},
		intents:       paymentintent.Client{B: b, Key: c.Key},
		invoices:      invoice.Client{B: b, Key: c.Key},
		notes:         creditnote.Client{B: b, Key: c.Key},
		portals:       configuration.Client{B: b, Key: c.Key},
		products:      product.Client{B: b, Key: c.Key},
		refunds:       refund.Client{B: b, Key: c.Key},
		subscriptions: subscription.Client{B: b, Key: c.Key},
		now:           c.Now,
		ledger:        c.Ledger,
	}, nil
}

// baseURL refuses to carry a live key over a line that can be read.
func baseURL(base string, m Mode) (string, error) {
	if base == "" {
		return stripe.APIURL, nil
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("stripe base URL: want scheme and host, such as https://api.stripe.com")
	case u.Scheme == "http" && m == Live:
		return "", errors.New("stripe base URL: a live key goes over https only")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("stripe base URL: want https, got %q", u.Scheme)
	}
	return base, nil
}

func httpClient(c Config) *http.Client {
	h := http.Client{Timeout: 20 * time.Second}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	if h.Transport == nil {
		h.Transport = connections()
	}
	h.Transport = &transport{next: h.Transport, pace: newPacer(c.PerEndpoint || c.BaseURL == ""), log: c.Log, now: c.Now}
	// Stripe never redirects; whoever does is not to be followed with a key.
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &h
}

func connections() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := standard.Clone()
	t.MaxIdleConnsPerHost = 16
	return t
}
