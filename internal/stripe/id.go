package stripe

import (
	"strings"

	"supportmcp/internal/fault"
)

// kind is a kind of Stripe object that can be asked for by id.
type kind struct {
	name     string
	prefixes []string
}

func chargeID() kind   { return kind{"charge", []string{"ch_", "py_"}} }
func intentID() kind   { return kind{"payment intent", []string{"pi_"}} }
func customerID() kind { return kind{"customer", []string{"cus_"}} }
func invoiceID() kind  { return kind{"invoice", []string{"in_"}} }

func subscriptionID() kind { return kind{"subscription", []string{"sub_"}} }
func disputeID() kind      { return kind{"dispute", []string{"dp_", "du_"}} }

// check refuses what cannot be an id of this kind before anything is sent: an
// id becomes part of a path. Wrong ids are not quoted, since they can be any text.
func (k kind) check(id string) error {
	next := "give a " + k.name + " id, which begins with " + strings.Join(k.prefixes, " or ")
	switch got := kindOf(id); {
	case !wordOnly(id) || len(id) > 255:
		return fault.Invalidf(next, "this is no %s id", k.name)
	case got == k.name:
		return nil
	case got != "":
		return fault.Invalidf(next, "%s is the id of a %s, not of a %s", id, got, k.name)
	}
	return fault.Invalidf(next, "this is no %s id", k.name)
}

// kindOf names the kind that an id's prefix tells, "" for a prefix nobody knows.
func kindOf(id string) string {
	for _, k := range []kind{
		chargeID(), intentID(), customerID(), invoiceID(), subscriptionID(),
		{"refund", []string{"re_", "pyr_"}},
		{"coupon or promotion code", []string{"promo_"}},
		{"credit note", []string{"cn_"}},
		{"payment method", []string{"pm_", "card_"}},
		disputeID(),
		{"product", []string{"prod_"}},
		{"price", []string{"price_"}},
	} {
		for _, p := range k.prefixes {
			if rest, ok := strings.CutPrefix(id, p); ok && rest != "" {
				return k.name
			}
		}
	}
	return ""
}

// wordOnly reports whether s is letters, digits and underscores, and not empty.
func wordOnly(s string) bool {
	other := func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return s != "" && !strings.ContainsFunc(s, other)
}
