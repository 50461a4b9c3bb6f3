package stripe

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/policies"
)

// Offer is a coupon or promotion code as a subscription would be given it.
type Offer struct {
	policies.Coupon

	Worth money.Money // what it takes off, all invoices together; zero when that cannot be told
}

// Offer reads what a coupon's id or a promotion code stands for, and whether and
// how much it would take off a subscription of a customer. What there is not is
// fault.NotFound.
func (c *Client) Offer(ctx context.Context, name string, of Subscription) (Offer, error) {
	if len(name) > 200 || !wordOnly(strings.ReplaceAll(name, "-", "")) {
		return Offer{}, fault.Invalidf("give a coupon id or a promotion code", "this is no coupon")
	}
	code, err := c.code(ctx, name)
	if err != nil {
		return Offer{}, err
	}
	if code != nil {
		out := offerOf(code.Coupon, of, c.now())
		out.Code = code.Code
		if why := refused(code, of, c.now()); why != "" {
			out.Usable, out.Why = false, why
		}
		return out, nil
	}
	p := &stripe.CouponParams{}
	p.Context = ctx
	k, err := c.coupons.Get(name, p)
	if err != nil {
		return Offer{}, readFailed("coupon "+name, err)
	}
	if k.ID == "" {
		return Offer{}, readFailed("coupon "+name, odd("is not a coupon"))
	}
	return offerOf(k, of, c.now()), nil
}

// code finds a promotion code by its word; nil when there is none.
func (c *Client) code(ctx context.Context, name string) (*stripe.PromotionCode, error) {
	list := page[stripe.PromotionCode](func(p stripe.ListParams) ([]*stripe.PromotionCode, stripe.ListMeta, error) {
		it := c.codes.List(&stripe.PromotionCodeListParams{ListParams: p, Code: &name})
		return it.PromotionCodeList().Data, it.PromotionCodeList().ListMeta, it.Err()
	})
	found, _, err := list.read(ctx, 10, "")
	if err != nil {
		return nil, readFailed("promotion code", err)
	}
	slices.SortStableFunc(found, func(a, b *stripe.PromotionCode) int { // an active one first
		return map[bool]int{true: 0, false: 1}[a.Active] - map[bool]int{true: 0, false: 1}[b.Active]
	})
	switch {
	case len(found) == 0:
		return nil, nil
	case found[0].Coupon == nil:
		return nil, readFailed("promotion code", odd("has no coupon"))
	}
	return found[0], nil
}

// refused is why a promotion code is not for a subscription; "" when it is.
func refused(code *stripe.PromotionCode, of Subscription, now time.Time) string {
	switch {
	case !code.Active || code.ExpiresAt != 0 && at(code.ExpiresAt).Before(now):
		return "the promotion code is not active any more"
	case code.Customer != nil && code.Customer.ID != of.Customer:
		return "the promotion code is for another customer"
	case code.Restrictions != nil && code.Restrictions.FirstTimeTransaction:
		return "the promotion code is for a first purchase only"
	case code.Restrictions != nil && code.Restrictions.MinimumAmount > of.Amount.Minor:
		return "the promotion code needs a larger purchase"
	}
	return ""
}

func offerOf(k *stripe.Coupon, of Subscription, now time.Time) Offer {
	out := Offer{Coupon: policies.Coupon{ID: k.ID, Usable: true}}
	if k.PercentOff > 0 {
		out.PercentOff = strconv.FormatFloat(k.PercentOff, 'f', -1, 64)
	} else if off, err := amount(k.AmountOff, k.Currency); err == nil {
		out.AmountOff = off
	}
	switch {
	case !k.Valid || k.RedeemBy != 0 && at(k.RedeemBy).Before(now):
		out.Usable, out.Why = false, "the coupon is not valid any more"
	case !out.AmountOff.IsZero() && !of.Amount.IsZero() && out.AmountOff.Currency != of.Amount.Currency:
		out.Usable, out.Why = false, "the coupon is in another currency than the subscription"
	}
	out.Worth = worth(k, of)
	return out
}

// worth is what a coupon takes off in all. One that never ends is counted for a
// year, since no budget can hold what has no end.
func worth(k *stripe.Coupon, of Subscription) money.Money {
	times := map[stripe.CouponDuration]int64{stripe.CouponDurationOnce: 1, stripe.CouponDurationForever: of.invoicesIn(12), stripe.CouponDurationRepeating: of.invoicesIn(k.DurationInMonths)}[k.Duration]
	if of.Amount.Minor <= 0 || times <= 0 {
		return money.Money{}
	}
	once := min(k.AmountOff, of.Amount.Minor)
	if k.PercentOff > 0 {
		once = portion(of.Amount.Minor, int64(k.PercentOff*100+0.5), 100*100)
	}
	return money.Of(once*times, of.Amount.Currency)
}

// invoicesIn is how many invoices come in a number of months, at the most.
func (s Subscription) invoicesIn(months int64) int64 {
	switch s.Interval {
	case "day":
		return months * 31
	case "week":
		return months * 5
	case "year":
		return (months + 11) / 12
	}
	return months // of several months at once there are fewer: the worth is never too small
}

// Discounted is the receipt of the action discount.
type Discounted struct {
	Subscription string   `json:"subscription"`
	Coupon       string   `json:"coupon"`
	Removed      bool     `json:"removed,omitempty"`
	Coupons      []string `json:"coupons"` // that the subscription has now

	At time.Time `json:"-"` // when it was put on or taken off, by Stripe's clock; zero: not told
}

// member is one of discounts[]. Exactly one field is set.
type member struct {
	Coupon        string `form:"coupon"`
	PromotionCode string `form:"promotion_code"`
	Discount      string `form:"discount"`
}

type discountParams struct {
	stripe.Params `form:"*"`

	Discounts []member  `form:"discounts"`
	Metadata  mark      `form:"metadata"`
	Expand    []*string `form:"expand"`
}

// clearParams takes all discounts away: Stripe wants an empty string for that.
type clearParams struct {
	stripe.Params `form:"*"`

	Discounts *string   `form:"discounts"` // "", which is left out unless it is a pointer
	Metadata  mark      `form:"metadata"`
	Expand    []*string `form:"expand"`
}

// DiscountSubscription puts the permit's coupon on the subscription or takes it
// off. Stripe replaces all discounts by those that are sent, so those there are
// sent along; where everything is as wanted, nothing is sent.
func (c *Client) DiscountSubscription(ctx context.Context, p *policies.Permit[policies.Discount]) (Discounted, error) {
	a, key, err := p.Redeem()
	if err != nil {
		return Discounted{}, err
	}
	if err := usable(key); err != nil {
		return Discounted{}, err
	}
	ss, err := c.subscription(ctx, a.Subscription.ID)
	if err != nil {
		return Discounted{}, err
	}
	if has(ss, a.Coupon.ID) != a.Remove {
		return discountedOf(ss, a), nil
	}
	kept := kept(ss, a)
	if !a.Remove {
		added, err := c.added(ctx, a.Coupon)
		if err != nil {
			return Discounted{}, err
		}
		kept = append(kept, added)
	}
	after, err := c.setDiscounts(ctx, ss.ID, kept, c.mark(a.Asker, key))
	if err != nil {
		return Discounted{}, writeFailed("discount", "subscription "+ss.ID, err)
	}
	if has(after, a.Coupon.ID) == a.Remove {
		return Discounted{}, writeFailed("discount", "subscription "+ss.ID, odd("is not what was asked for"))
	}
	return discountedOf(after, a), nil
}

// added names the coupon, or the promotion code that it was asked for by.
func (c *Client) added(ctx context.Context, k policies.Coupon) (member, error) {
	if k.Code == "" {
		return member{Coupon: k.ID}, nil
	}
	code, err := c.code(ctx, k.Code)
	if err != nil {
		return member{}, err
	}
	if code == nil || code.Coupon.ID != k.ID {
		return member{}, &fault.Error{Code: fault.Refused, Took: fault.No, Message: "the promotion code is not what it was", NextStep: "ask for it again"}
	}
	return member{PromotionCode: code.ID}, nil
}

// kept are the discounts that stay.
func kept(ss *stripe.Subscription, a policies.Discount) []member {
	var out []member
	for _, d := range ss.Discounts {
		if d != nil && d.Coupon != nil && (!a.Remove || d.Coupon.ID != a.Coupon.ID) {
			out = append(out, member{Discount: d.ID})
		}
	}
	return out
}

func (c *Client) setDiscounts(ctx context.Context, id string, all []member, m mark) (*stripe.Subscription, error) {
	expand := []*string{stripe.String("discounts")}
	var p stripe.ParamsContainer
	if len(all) == 0 {
		p = &clearParams{Params: stripe.Params{Context: ctx, IdempotencyKey: &m.Operation}, Discounts: stripe.String(""), Metadata: m, Expand: expand}
	} else {
		p = &discountParams{Params: stripe.Params{Context: ctx, IdempotencyKey: &m.Operation}, Discounts: all, Metadata: m, Expand: expand}
	}
	ss := &stripe.Subscription{}
	if err := c.subscriptions.B.Call(http.MethodPost, "/v1/subscriptions/"+id, c.subscriptions.Key, p, ss); err != nil {
		return nil, err
	}
	if ss.ID != id {
		return nil, odd("is not this subscription")
	}
	return ss, nil
}

// FindDiscounted says whether a subscription's discounts are as wanted.
func (c *Client) FindDiscounted(ctx context.Context, a policies.Discount, _ string) (Discounted, bool, error) {
	ss, err := c.subscription(ctx, a.Subscription.ID)
	if err != nil {
		return Discounted{}, false, err
	}
	return discountedOf(ss, a), has(ss, a.Coupon.ID) != a.Remove, nil
}

func discountedOf(ss *stripe.Subscription, a policies.Discount) Discounted {
	out := Discounted{Subscription: ss.ID, Coupon: a.Coupon.ID, Removed: a.Remove, Coupons: couponsOn(ss), At: answeredAt(ss.LastResponse)}
	for _, d := range ss.Discounts {
		if d != nil && d.Coupon != nil && d.Coupon.ID == a.Coupon.ID && d.Start != 0 {
			out.At = at(d.Start)
		}
	}
	return out
}

// couponsOn are the ids of a subscription's coupons.
func couponsOn(ss *stripe.Subscription) []string {
	out := []string{}
	for _, d := range ss.Discounts {
		if d != nil && d.Coupon != nil {
			out = append(out, d.Coupon.ID)
		}
	}
	return out
}

func has(ss *stripe.Subscription, coupon string) bool { return slices.Contains(couponsOn(ss), coupon) }
