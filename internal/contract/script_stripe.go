package contract

import (
	"context"
	"errors"
	"time"

	"supportmcp/internal/money"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

func stripeReads() []step {
	return []step{
		call("stripe.Account", func(ctx context.Context, r *run) (string, error) {
			id, a := r.stripe.Account(ctx)
			return id, a.Err
		}),
		call("stripe.Inspect", func(ctx context.Context, r *run) (readable []string, err error) {
			for _, a := range r.stripe.Inspect(ctx) {
				readable, err = append(readable, a.Objects), errors.Join(err, a.Err)
			}
			return readable, err
		}),
		call("stripe.Customer", func(ctx context.Context, r *run) (stripe.Customer, error) { return r.stripe.Customer(ctx, r.customer) }),
		call("stripe.Background", func(ctx context.Context, r *run) (stripe.Background, error) {
			return r.stripe.Background(ctx, r.customer, true, true)
		}),
		call("stripe.Subscriptions", func(ctx context.Context, r *run) ([]stripe.Subscription, error) {
			return r.stripe.Subscriptions(ctx, r.customer)
		}),
		call("stripe.Subscription", func(ctx context.Context, r *run) (stripe.Subscription, error) {
			return r.stripe.Subscription(ctx, r.classic)
		}),
		call("stripe.Subscription", func(ctx context.Context, r *run) (stripe.Subscription, error) {
			return r.stripe.Subscription(ctx, r.flexible)
		}),
		call("stripe.Charge", func(ctx context.Context, r *run) (stripe.Charge, error) { return r.stripe.Charge(ctx, r.charge) }),
		call("stripe.ChargeOfPaymentIntent", func(ctx context.Context, r *run) (stripe.Charge, error) {
			return r.stripe.ChargeOfPaymentIntent(ctx, r.intent)
		}),
		call("stripe.BillingObject", func(ctx context.Context, r *run) (segments.Batch, error) {
			return r.stripe.BillingObject(ctx, segments.Ref{Kind: segments.Wallets, ID: r.customer})
		}),
		call("stripe.BillingObject", func(ctx context.Context, r *run) (segments.Batch, error) {
			return r.stripe.BillingObject(ctx, segments.Ref{Kind: segments.Charges, ID: r.charge})
		}),
		call("stripe.ReceiptPage", func(ctx context.Context, r *run) (stripe.Page, error) { return r.stripe.ReceiptPage(ctx, r.charge) }),
		call("stripe.CardPage", func(ctx context.Context, r *run) (stripe.Page, error) { return r.stripe.CardPage(ctx) }),
		call("stripe.Invoices", invoices),
		call("stripe.Invoice", func(ctx context.Context, r *run) (stripe.Invoice, error) {
			i, _, err := r.stripe.Invoice(ctx, r.invoice)
			return i, err
		}),
		call("stripe.InvoicePage", func(ctx context.Context, r *run) (stripe.Page, error) { return r.stripe.InvoicePage(ctx, r.invoice) }),
		call("stripe.UnusedTime", func(ctx context.Context, r *run) (stripe.Unused, error) {
			return r.stripe.UnusedTime(ctx, r.flexible)
		}),
	}
}

// invoices also notes the invoice that was paid for the classic subscription.
func invoices(ctx context.Context, r *run) (stripe.InvoicePage, error) {
	page, err := r.stripe.Invoices(ctx, r.customer, stripe.InvoiceFilter{Subscription: r.classic, Limit: 20})
	for _, i := range page.Invoices {
		r.invoice = i.ID
	}
	return page, err
}

func stripeMoney() []step {
	return []step{
		call("stripe.CreateRefund", func(ctx context.Context, r *run) (stripe.Refund, error) { return refund(ctx, r, "plain", r.charge) }),
		call("stripe.FindRefund", func(ctx context.Context, r *run) (stripe.Refund, error) { return findRefund(ctx, r, "plain", r.charge) }),
		call("stripe.CreateRefund", func(ctx context.Context, r *run) (stripe.Refund, error) {
			charge, err := r.billed(ctx)
			if err != nil {
				return stripe.Refund{}, err
			}
			return refund(ctx, r, "billed", charge)
		}),
		call("stripe.FindRefund", func(ctx context.Context, r *run) (stripe.Refund, error) {
			charge, err := r.billed(ctx)
			if err != nil {
				return stripe.Refund{}, err
			}
			return findRefund(ctx, r, "billed", charge)
		}),
		call("stripe.Charges", func(ctx context.Context, r *run) (stripe.ChargePage, error) {
			return r.stripe.Charges(ctx, r.customer, "", 20)
		}),
		call("stripe.ChargesIn", func(ctx context.Context, r *run) (stripe.ChargePage, error) {
			return r.stripe.ChargesIn(ctx, r.customer, stripe.ChargeFilter{Intent: r.intent, Since: r.recently(), Limit: 5})
		}),
		call("stripe.Made", func(ctx context.Context, r *run) (found []stripe.Made, err error) {
			err = r.stripe.Made(ctx, r.recently(), func(m stripe.Made) error { found = append(found, m); return nil })
			return found, err
		}),
		call("stripe.PastRefunds", func(ctx context.Context, r *run) (found []stripe.PastRefund, err error) {
			err = r.stripe.PastRefunds(ctx, r.recently(), func(p stripe.PastRefund) { found = append(found, p) })
			return found, err
		}),
		call("stripe.PastPayments", func(ctx context.Context, r *run) (found []money.Money, err error) {
			err = r.stripe.PastPayments(ctx, r.recently(), 1, func(m money.Money) { found = append(found, m) })
			return found, err
		}),
		call("stripe.PayInvoice", func(ctx context.Context, r *run) (stripe.Collected, error) {
			return permitted(ctx, r, "pay", r.retry(), r.stripe.PayInvoice)
		}),
		call("stripe.FindPaid", func(ctx context.Context, r *run) (stripe.Collected, error) {
			return found(r.stripe.FindPaid(ctx, r.retry(), ""))
		}),
		call("stripe.CreditCustomer", func(ctx context.Context, r *run) (stripe.Credited, error) {
			return permitted(ctx, r, "credit", r.credit(), r.stripe.CreditCustomer)
		}),
		call("stripe.FindCredited", func(ctx context.Context, r *run) (stripe.Credited, error) {
			return found(r.stripe.FindCredited(ctx, r.credit(), r.key("credit")))
		}),
	}
}

// retry is the action on the invoice that was made open.
func (r *run) retry() policies.Retry {
	return policies.Retry{
		Asker:   r.asker(),
		Invoice: policies.Invoice{ID: r.open, Customer: r.customer, Status: "open", Remaining: money.Of(paid, currency)},
		Card:    policies.DefaultCard{Name: "visa 4242", Until: r.asked.AddDate(1, 0, 0)},
	}
}

// recently is before anything of this run was made, by any clock.
func (r *run) recently() time.Time { return r.asked.Add(-10 * time.Minute) }

// billed is the charge that paid the classic subscription's invoice.
func (r *run) billed(ctx context.Context) (charge string, err error) {
	page, err := r.stripe.Charges(ctx, r.customer, "", 20)
	for _, c := range page.Charges {
		if c.Invoice == r.invoice {
			charge = c.ID
		}
	}
	if err == nil && charge == "" {
		err = errors.New("no charge names the invoice of the subscription")
	}
	return charge, err
}

func (r *run) refundOf(charge string) policies.Refund {
	whole := money.Of(monthly, currency)
	return policies.Refund{
		Asker:  r.asker(),
		Charge: policies.Charge{ID: charge, Customer: r.customer, Amount: whole, Remaining: whole, Succeeded: true, Captured: true, CreatedAt: r.asked},
		Amount: money.Of(part, currency), Reason: policies.RequestedByCustomer,
	}
}

func refund(ctx context.Context, r *run, key, charge string) (stripe.Refund, error) {
	return permitted(ctx, r, key, r.refundOf(charge), r.stripe.CreateRefund)
}

func findRefund(ctx context.Context, r *run, key, charge string) (stripe.Refund, error) {
	return found(r.stripe.FindRefund(ctx, r.refundOf(charge), r.key(key)))
}

// found is what the looking methods of adapters answer, where it has to be there.
func found[Out any](out Out, ok bool, err error) (Out, error) {
	if err == nil && !ok {
		err = errors.New("what was done is not found")
	}
	return out, err
}

func (r *run) credit() policies.Credit {
	return policies.Credit{Asker: r.asker(), Customer: policies.Customer{ID: r.customer}, Amount: money.Of(part, currency)}
}

func stripePlans() []step {
	var steps []step
	for _, name := range []func(*run) string{func(r *run) string { return r.coupon }, (*run).promotion} {
		steps = append(steps, call("stripe.Offer", func(ctx context.Context, r *run) (stripe.Offer, error) {
			sub, err := r.stripe.Subscription(ctx, r.classic)
			if err != nil {
				return stripe.Offer{}, err
			}
			return r.stripe.Offer(ctx, name(r), sub)
		}))
	}
	steps = append(steps, discounts()...)
	return append(steps, endings()...)
}

func discounts() []step {
	var steps []step
	add := func(key string, of func(*run) policies.Discount) {
		steps = append(steps,
			call("stripe.DiscountSubscription", func(ctx context.Context, r *run) (stripe.Discounted, error) {
				return permitted(ctx, r, key, of(r), r.stripe.DiscountSubscription)
			}),
			call("stripe.FindDiscounted", func(ctx context.Context, r *run) (stripe.Discounted, error) {
				return found(r.stripe.FindDiscounted(ctx, of(r), ""))
			}))
	}
	off := func(r *run) policies.Discount {
		return policies.Discount{Asker: r.asker(), Subscription: r.subscription(r.classic), Coupon: policies.Coupon{ID: r.coupon, Usable: true}, Worth: money.Of(monthly/10, currency)}
	}
	add("coupon", off)
	add("coupon_off", func(r *run) policies.Discount {
		d := off(r)
		d.Remove, d.Present, d.Worth = true, []string{r.coupon}, money.Money{}
		return d
	})
	add("code", func(r *run) policies.Discount {
		d := off(r)
		d.Coupon.Code = r.promotion()
		return d
	})
	return steps
}

func (r *run) subscription(id string) policies.Subscription {
	return policies.Subscription{ID: id, Customer: r.customer, Status: "active"}
}

func endings() []step {
	var steps []step
	cancel := func(key string, of func(*run) policies.Cancel) {
		steps = append(steps,
			call("stripe.CancelSubscription", func(ctx context.Context, r *run) (stripe.Canceled, error) {
				return permitted(ctx, r, key, of(r), r.stripe.CancelSubscription)
			}),
			call("stripe.FindCanceled", func(ctx context.Context, r *run) (stripe.Canceled, error) {
				return found(r.stripe.FindCanceled(ctx, of(r), r.key(key)))
			}))
	}
	cancel("end", func(r *run) policies.Cancel {
		return policies.Cancel{Asker: r.asker(), Subscription: r.subscription(r.classic), How: policies.AtPeriodEnd}
	})
	keep := func(r *run) policies.Keep {
		return policies.Keep{Asker: r.asker(), Subscription: r.subscription(r.classic)}
	}
	steps = append(steps,
		call("stripe.KeepSubscription", func(ctx context.Context, r *run) (stripe.Canceled, error) {
			return permitted(ctx, r, "keep", keep(r), r.stripe.KeepSubscription)
		}),
		call("stripe.FindKept", func(ctx context.Context, r *run) (stripe.Canceled, error) {
			return found(r.stripe.FindKept(ctx, keep(r), ""))
		}))
	cancel("now", func(r *run) policies.Cancel {
		return policies.Cancel{Asker: r.asker(), Subscription: r.subscription(r.classic), How: policies.Now}
	})
	cancel("back", func(r *run) policies.Cancel {
		return policies.Cancel{Asker: r.asker(), Subscription: r.subscription(r.flexible), How: policies.NowWithRefund, Refund: money.Of(part, currency)}
	})
	return steps
}
