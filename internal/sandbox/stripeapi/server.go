// Package stripeapi owns a stand-in for Stripe's HTTP API: one test account in
// memory, in the wire shapes of API version 2023-10-16, so that an unmodified
// Stripe client works against it. It enforces Stripe's own rules (what can be
// refunded, what a key may do, what is replayed), because a tool that was only
// tried on a yes-man was not tried. It uses no vendor SDK, keeps nothing on
// disk, never runs on real time and never decides what an agent may do.
package stripeapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"supportmcp/internal/sandbox/control"
)

// apiVersion is the wire shape the server speaks, whatever version a client asks for.
const apiVersion = "2023-10-16"

// Server is one Stripe account in test mode, in memory. It is safe for concurrent use.
type Server struct {
	Desk control.Desk // faults on demand, and the requests seen so far

	clock *control.Clock

	mu             sync.Mutex
	customers      *table[*Customer]
	paymentMethods *table[*PaymentMethod]
	intents        *table[*PaymentIntent]
	charges        *table[*Charge]
	refunds        *table[*Refund]
	disputes       *table[*Dispute]
	products       *table[*Product]
	prices         *table[*Price]
	subscriptions  *table[*Subscription]
	invoices       *table[*Invoice]
	creditNotes    *table[*CreditNote]
	balances       *table[*BalanceTransaction]
	coupons        *table[*Coupon]
	promotionCodes *table[*PromotionCode]
	events         *table[*Event]
	endpoints      *table[*WebhookEndpoint]

	answers   map[string]*stored         // by idempotency key
	lacking   map[string]map[string]bool // permissions that restricted keys lack
	lag       time.Duration              // of the search index
	limits    rates
	at        time.Time      // of what is happening; zero outside settle
	numbers   map[string]int // last number given out, by prefix
	requested int            // requests answered so far
}

// New makes an empty account whose time is the clock's.
func New(clock *control.Clock) *Server {
	s := &Server{
		clock:   clock,
		answers: map[string]*stored{},
		lacking: map[string]map[string]bool{},
		numbers: map[string]int{},
	}
	s.customers = newTable("customer", s.renderCustomer)
	s.paymentMethods = newTable("PaymentMethod", s.renderPaymentMethod)
	s.intents = newTable("payment_intent", s.renderIntent)
	s.charges = newTable("charge", s.renderCharge)
	s.refunds = newTable("refund", s.renderRefund)
	s.disputes = newTable("dispute", s.renderDispute)
	s.products = newTable("product", s.renderProduct)
	s.prices = newTable("price", s.renderPrice)
	s.subscriptions = newTable("subscription", s.renderSubscription)
	s.invoices = newTable("invoice", s.renderInvoice)
	s.creditNotes = newTable("credit note", s.renderCreditNote)
	s.balances = newTable("customer_balance_transaction", s.renderBalanceTransaction)
	s.coupons = newTable("coupon", s.renderCoupon)
	s.promotionCodes = newTable("promotion code", s.renderPromotionCode)
	s.events = newTable("event", s.renderEvent)
	s.endpoints = newTable("webhook endpoint", s.renderEndpoint)
	return s
}

// Handler serves the API under /v1/ and the sandbox's control under /_sandbox/.
func (s *Server) Handler() http.Handler {
	api := http.NewServeMux()
	for _, rt := range s.routes() {
		api.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, rt) })
	}
	api.HandleFunc("/", s.unrecognized)
	desk := s.Desk.Wrap(api, s.fail)

	mux := http.NewServeMux()
	mux.Handle("/_sandbox/", s.control())
	mux.Handle("/", exchanging(desk))
	return mux
}

// serve answers one request. Everything happens under one lock, so requests
// take effect one after the other.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, rt route) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.clock.Now())
	a := s.answer(r, rt)
	s.send(w, r, a)
}

// answer is what a client is told: a status and a JSON body.
type answer struct {
	status   int
	body     []byte
	request  string // id of the request that made it
	replayed bool
	limited  string // which rate limit was met
}

func (s *Server) answer(r *http.Request, rt route) answer {
	id := s.nextRequest()
	if err := s.authorize(r, rt); err != nil {
		return refuse(err, id)
	}
	if err := s.exceeded(rt); err != nil {
		return refuse(err, id)
	}
	p, err := readParams(r)
	if err != nil {
		return refuse(err, id)
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" && r.Method == http.MethodPost {
		return s.once(key, r, p, id, rt)
	}
	run, err := s.prepare(p, rt)
	if err != nil {
		return refuse(err, id)
	}
	return run(id)
}

// prepare checks everything about a request that can be checked before it is
// executed. Nothing has changed when it returns an error.
func (s *Server) prepare(p *params, rt route) (func(request string) answer, *apiError) {
	act := rt.prepare(p)
	paths := p.expand(rt.kind)
	if err := p.finish(); err != nil {
		return nil, err
	}
	return func(request string) answer {
		o, err := act()
		if err != nil {
			return refuse(err, request)
		}
		for _, path := range paths {
			s.expand(rt.kind, o, path)
		}
		return answer{status: http.StatusOK, body: encode(o), request: request}
	}, nil
}

func encode(v any) []byte {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("stripeapi: an answer that is no JSON: %v", err)) // only maps of plain values get here
	}
	return append(b, '\n')
}

func (s *Server) send(w http.ResponseWriter, r *http.Request, a answer) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	h.Set("Stripe-Version", apiVersion)
	h.Set("Request-Id", a.request)
	if a.limited != "" {
		h.Set("Stripe-Rate-Limited-Reason", a.limited)
	}
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		h.Set("Idempotency-Key", key)
	}
	if a.replayed {
		h.Set("Original-Request", a.request)
		h.Set("Request-Id", s.nextRequest())
		h.Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (s *Server) unrecognized(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(w, r, refuse(&apiError{
		Status: http.StatusNotFound, Type: invalidRequest,
		Message: fmt.Sprintf("Unrecognized request URL (%s: %s).", r.Method, r.URL.Path),
	}, s.nextRequest()))
}

func (s *Server) nextRequest() string {
	s.requested++
	return s.lastRequest()
}

// lastRequest is the id of the request that is being answered.
func (s *Server) lastRequest() string { return fmt.Sprintf("req_%06d", s.requested) }

// next gives out the id of an object created through the API.
func (s *Server) next(prefix string) string {
	s.numbers[prefix]++
	return fmt.Sprintf("%s_%06d", prefix, s.numbers[prefix])
}
