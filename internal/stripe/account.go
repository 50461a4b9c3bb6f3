package stripe

import (
	"context"
	"net/http"

	"github.com/stripe/stripe-go/v76"
)

// Account reads which account the key belongs to; the id is "" unless the access
// is Readable. A restricted key may lack the permission, and need not have it.
func (c *Client) Account(ctx context.Context) (id string, a Access) {
	p := &stripe.Params{Context: ctx}
	var own struct {
		stripe.APIResource

		ID string `json:"id"`
	}
	err := c.refunds.B.Call(http.MethodGet, "/v1/account", c.refunds.Key, p, &own)
	if err == nil && word(own.ID) == "" {
		err = odd("names no account")
	}
	if a = accessOf("account", err); a.Reach != Readable {
		return "", a
	}
	return own.ID, a
}
