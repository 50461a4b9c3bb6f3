package stripe

import (
	"fmt"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v76"
)

// discountOf says what a discount takes off, for how long, and that there are
// more of them.
func discountOf(d *stripe.Discount, all int) string {
	if d == nil || d.Coupon == nil {
		return ""
	}
	out := off(d.Coupon)
	switch end := at(d.End); d.Coupon.Duration {
	case stripe.CouponDurationOnce:
		out += " once"
	case stripe.CouponDurationForever:
		out += " forever"
	case stripe.CouponDurationRepeating:
		if !end.IsZero() {
			out += " until " + end.Format(time.DateOnly)
		}
	}
	if all > 1 {
		out += fmt.Sprintf(" and %d more", all-1)
	}
	return out
}

func off(k *stripe.Coupon) string {
	if k.PercentOff > 0 {
		return strconv.FormatFloat(k.PercentOff, 'f', -1, 64) + "% off"
	}
	if sum, err := amount(k.AmountOff, k.Currency); err == nil {
		return sum.String() + " off"
	}
	return "a discount"
}
