// Package segments owns the billing index, which mirrors what Stripe knows of
// customers into tables beside the ledger's, the definitions of segments over it,
// and how far each application of one has come. It never speaks to a vendor,
// never judges, and never changes a contact: it says who is meant, and remembers
// what was done.
package segments

import (
	"context"
	"database/sql"
	"time"

	"supportmcp/internal/money"
)

// Database is where the tables are. Implemented by ledger.Ledger.
type Database interface {
	Share(ctx context.Context, doing string, work func(*sql.Tx) error) error
	Reader() *sql.DB
}

// Kind is a list of objects at Stripe that the index mirrors.
type Kind string

// The kinds, in the order in which a scan reads them.
const (
	Customers     Kind = "customers"
	Subscriptions Kind = "subscriptions"
	Charges       Kind = "charges"
	Disputes      Kind = "disputes"
	// Wallets are a customer with all subscriptions, whose cards have changed; no list.
	Wallets Kind = "wallets"
)

// kinds are those with a list.
func kinds() []Kind { return []Kind{Customers, Subscriptions, Charges, Disputes} }

// Customer is somebody who pays.
type Customer struct {
	ID         string
	Email      string
	Card       Card // the default one
	Delinquent bool
	Balance    money.Money // negative is credit; zero value for a customer without currency
	Created    time.Time
	Metadata   map[string]string
}

// Card is what may be told of a payment card; the zero value is none.
type Card struct {
	Brand, Last4 string
	Month, Year  int // of its expiry
}

// until is the first moment at which a card is no longer valid.
func (c Card) until() time.Time {
	if c.Year == 0 {
		return time.Time{}
	}
	return time.Date(c.Year, time.Month(c.Month)+1, 1, 0, 0, 0, 0, time.UTC)
}

// Subscription is a plan of a customer, running or ended.
type Subscription struct {
	ID, Customer      string
	Status            string   // in Stripe's words
	Plan              string   // as people read it
	Names             []string // ids and names of its prices and products
	Interval          string   // day, week, month or year
	CancelAtPeriodEnd bool
	CanceledAt        time.Time
	EndedAt           time.Time
	TrialEnd          time.Time
	PeriodEnd         time.Time
	Created           time.Time
	Card              Card // its own; zero: the customer's default
}

// Charge is one attempt to take money.
type Charge struct {
	ID, Customer string
	Net          money.Money // captured less refunded
	FailedAt     time.Time   // zero: it did not fail
}

// Dispute is a customer's bank asking for money back.
type Dispute struct {
	ID, Customer string
	Open         bool
}

// Batch is what one answer of Stripe's holds.
type Batch struct {
	Customers     []Customer
	Subscriptions []Subscription
	Charges       []Charge
	Disputes      []Dispute
	Gone          []string // ids of customers that were deleted
	Next          string   // where the list goes on; "" at its end
	Read          int      // objects that the answer held
}

// Ref names an object that has changed.
type Ref struct {
	Kind Kind
	ID   string
}

// Event says which objects something has happened to.
type Event struct {
	ID      string
	Changed []Ref
}

// Source is where the facts come from. Implemented by stripe.Client.
type Source interface {
	// Billing reads a page of a list after an object; "" begins.
	Billing(ctx context.Context, list Kind, after string) (Batch, error)
	// BillingObject reads one object, and for a wallet the customer's subscriptions, too.
	BillingObject(ctx context.Context, r Ref) (Batch, error)
	// BillingEvents gives what has happened since a time, in no order.
	BillingEvents(ctx context.Context, since time.Time, each func(Event) error) error
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}

// folded is an address as it is compared. It knows only A to Z: in Unicode's lower
// case the Kelvin sign becomes a k, and with it somebody else's address.
func folded(email string) string {
	b := []byte(email)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
