package stripeapi

import "net/http"

// portalLogin is the page on which customers ask Stripe for a link by mail.
const portalLogin = "https://billing.stripe.com/p/login/test_sandbox"

// listPortalConfigurations has the one configuration, with its login page.
// See https://docs.stripe.com/api/customer_portal/configurations.
func (s *Server) listPortalConfigurations(p *params) action {
	p.page()
	wantDefault, asked := p.flag("is_default")
	active, given := p.flag("active")
	return func() (object, *apiError) {
		data := []object{}
		if (!asked || wantDefault) && (!given || active) {
			data = append(data, object{
				"id": "bpc_sandbox", "object": "billing_portal.configuration", "active": true, "application": nil,
				"business_profile": object{"headline": nil, "privacy_policy_url": nil, "terms_of_service_url": nil},
				"created":          int64(1), "default_return_url": nil, "is_default": true, "livemode": false, "metadata": object{}, "updated": int64(1),
				"features":   object{"payment_method_update": object{"enabled": true}, "invoice_history": object{"enabled": true}},
				"login_page": object{"enabled": true, "url": portalLogin},
			})
		}
		return object{"object": "list", "url": "/v1/billing_portal/configurations", "has_more": false, "data": data}, nil
	}
}

// createPortalSession makes a link into a customer's billing, for which whoever
// has it needs no password. See https://docs.stripe.com/api/customer_portal/sessions/create.
func (s *Server) createPortalSession(p *params) action {
	customer, back := p.text("customer"), p.text("return_url")
	flow := p.oneOf("flow_data[type]", "payment_method_update", "subscription_cancel", "subscription_update")
	p.text("configuration")
	if customer == "" {
		p.refuse(invalid("parameter_missing", "customer", "Missing required param: customer."))
	}
	return func() (object, *apiError) {
		if c, err := s.customers.find(customer, "customer", http.StatusBadRequest); err != nil || c.Deleted {
			return nil, missing(http.StatusBadRequest, "customer", customer, "customer")
		}
		id := s.next("bps")
		o := object{
			"id": id, "object": "billing_portal.session", "configuration": "bpc_sandbox", "created": s.clock.Now().Unix(), "customer": customer,
			"flow": nil, "livemode": false, "locale": nil, "on_behalf_of": nil, "return_url": orNull(back), "url": "https://billing.stripe.com/p/session/test_" + id,
		}
		if flow != "" {
			o["flow"] = object{"type": flow}
		}
		return o, nil
	}
}
