package stripeapi

// accountID is the id of the one account there is.
const accountID = "acct_sandbox"

func (s *Server) account(*params) action {
	return func() (object, *apiError) {
		return object{
			"id":                accountID,
			"object":            "account",
			"business_profile":  object{"name": "Sandbox", "support_email": nil, "url": nil},
			"charges_enabled":   true,
			"country":           "US",
			"default_currency":  "usd",
			"details_submitted": true,
			"email":             "owner@sandbox.example",
			"metadata":          object{},
			"payouts_enabled":   true,
			"settings":          object{"dashboard": object{"display_name": "Sandbox", "timezone": "Etc/UTC"}},
			"type":              "standard",
		}, nil
	}
}
