package stripe

import (
	"context"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Credited is the receipt of the action credit.
type Credited struct {
	ID        string      `json:"id"`
	Customer  string      `json:"customer"`
	Amount    money.Money `json:"amount"`  // off invoices to come
	Balance   money.Money `json:"balance"` // afterwards; negative is credit for the customer
	CreatedAt time.Time   `json:"created_at"`
	Replayed  bool        `json:"-"` // Stripe had carried it out before under the same key
}

// creditParams are the same bytes for the same action and key; see refundParams.
type creditParams struct {
	stripe.Params `form:"*"`

	Amount   int64  `form:"amount"` // negative: credit
	Currency string `form:"currency"`
	Metadata mark   `form:"metadata"`
}

// CreditCustomer puts the permit's amount on the customer's balance, under the
// permit's key. It asks once.
func (c *Client) CreditCustomer(ctx context.Context, p *policies.Permit[policies.Credit]) (Credited, error) {
	a, key, err := redeemed(p, func(a policies.Credit) error {
		if a.Amount.Minor <= 0 {
			return &fault.Error{Code: fault.Internal, Took: fault.No, Message: "the credit has no amount"}
		}
		return customerID().check(a.Customer.ID)
	})
	if err != nil {
		return Credited{}, err
	}
	ask := &creditParams{Amount: -a.Amount.Minor, Currency: string(a.Amount.Currency), Metadata: c.mark(a.Asker, key)}
	ask.Context = ctx
	ask.SetIdempotencyKey(key)
	b, what := &stripe.CustomerBalanceTransaction{}, "customer "+a.Customer.ID
	if err := c.balances.B.Call(http.MethodPost, balancePath(a.Customer.ID), c.balances.Key, ask, b); err != nil {
		return Credited{}, writeFailed("credit", what, err)
	}
	out, err := creditedOf(b)
	if err != nil {
		return Credited{}, writeFailed("credit", what, err)
	}
	out.Replayed = b.LastResponse.Header.Get("Idempotent-Replayed") == "true"
	return out, nil
}

func balancePath(customer string) string {
	return "/v1/customers/" + customer + "/balance_transactions"
}

// FindCredited looks for the credit that was given under a key.
func (c *Client) FindCredited(ctx context.Context, a policies.Credit, key string) (Credited, bool, error) {
	if err := customerID().check(a.Customer.ID); err != nil {
		return Credited{}, false, err
	}
	what := "balance of customer " + a.Customer.ID
	id := func(b *stripe.CustomerBalanceTransaction) string { return b.ID }
	found, err := all(ctx, id, func(p stripe.ListParams) ([]*stripe.CustomerBalanceTransaction, stripe.ListMeta, error) {
		it := c.balances.List(&stripe.CustomerBalanceTransactionListParams{ListParams: p, Customer: &a.Customer.ID})
		return it.CustomerBalanceTransactionList().Data, it.CustomerBalanceTransactionList().ListMeta, it.Err()
	})
	if err != nil {
		return Credited{}, false, readFailed(what, err)
	}
	for _, b := range found {
		if key != "" && b.Metadata["operation_id"] == key {
			out, err := creditedOf(b)
			if err != nil {
				return Credited{}, false, readFailed(what, err)
			}
			return out, true, nil
		}
	}
	return Credited{}, false, nil
}

func creditedOf(b *stripe.CustomerBalanceTransaction) (Credited, error) {
	if b.ID == "" || b.Customer == nil {
		return Credited{}, odd("is not a balance transaction")
	}
	given, err := amount(-b.Amount, b.Currency)
	if err != nil {
		return Credited{}, err
	}
	after, err := balance(b.EndingBalance, b.Currency)
	if err != nil {
		return Credited{}, err
	}
	return Credited{ID: b.ID, Customer: b.Customer.ID, Amount: given, Balance: after, CreatedAt: at(b.Created)}, nil
}
