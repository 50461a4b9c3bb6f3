package segments_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"supportmcp/internal/fault"
	"supportmcp/internal/segments"
)

func TestEachConditionFindsWhomItSays(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		d.sync(d.index())
		for filter, ids := range map[string]string{
			expiring: "expiring",
			`{"not": {"card_expires_within_days": 30}}`:                                           "expired gone late leaving rich trying yearly",
			`{"subscription": {"status": "past_due"}}`:                                            "late",
			`{"subscription": {"status": ["canceled", "trialing"]}}`:                              "gone trying",
			`{"subscription": {"interval": "year"}}`:                                              "yearly",
			`{"subscription": {"plan": "price_year"}}`:                                            "yearly",
			`{"subscription": {"plan": "TEAM  Monthly"}}`:                                         "expired expiring late leaving rich trying",
			`{"subscription": {"plan": "Northwind Team", "interval": "month"}}`:                   "expired expiring late leaving rich trying",
			`{"subscription": {"plan": "%"}}`:                                                     "",
			`{"subscription": {"cancellation_scheduled": true}}`:                                  "leaving",
			`{"subscription": {"canceled_within_days": 3}}`:                                       "leaving",
			`{"subscription": {"canceled_within_days": 7}}`:                                       "gone leaving",
			`{"subscription": {"canceled_within_days": 7, "status": "canceled"}}`:                 "gone",
			`{"subscription": {"trial_ends_within_days": 2}}`:                                     "",
			`{"subscription": {"trial_ends_within_days": 3}}`:                                     "trying",
			`{"payment_failed_within_days": 3}`:                                                   "",
			`{"payment_failed_within_days": 5}`:                                                   "late",
			`{"past_due": true}`:                                                                  "late",
			`{"delinquent": true}`:                                                                "late",
			`{"delinquent": false}`:                                                               "expired expiring gone leaving rich trying yearly",
			`{"open_dispute": true}`:                                                              "rich",
			`{"lifetime_spend": {"at_least": "1100.00 EUR"}}`:                                     "rich",
			`{"lifetime_spend": {"at_least": "1100.01 EUR"}}`:                                     "",
			`{"lifetime_spend": {"at_most": "1.00 EUR"}}`:                                         "expired expiring gone late leaving trying yearly",
			`{"lifetime_spend": {"at_least": "1.00 USD"}}`:                                        "",
			`{"balance": {"at_most": "-5.00 EUR"}}`:                                               "yearly",
			`{"balance": {"at_least": "-5.01 EUR", "at_most": "-4.99 EUR"}}`:                      "yearly",
			`{"any": [{"past_due": true}, {"open_dispute": true}]}`:                               "late rich",
			`{"all": [{"delinquent": true}, {"not": {"payment_failed_within_days": 3}}]}`:         "late",
			`{"all": [{"any": [{"past_due": true}, {"open_dispute": true}]}, {"past_due":true}]}`: "late",
		} {
			d.want(filter, ids)
		}
	})
}

func TestAFilterIsReadStrictly(t *testing.T) {
	deep := `{"delinquent": true}`
	for range 5 {
		deep = `{"not": ` + deep + `}`
	}
	for filter, why := range map[string]string{
		`{}`:                                     "exactly one condition, got 0",
		`{"all": []}`:                            "exactly one condition, got 0",
		`{"delinquent": true, "past_due": true}`: "exactly one condition, got 2",
		`{"card_expires": 30}`:                   `unknown field "card_expires"`,
		`{"card_expires_within_days": 0}`:        "1 to 730 days, got 0",
		`{"card_expires_within_days": 1.5}`:      "cannot be read",
		`{"delinquent": "yes"}`:                  "cannot be read",
		`{"delinquent": true} {}`:                "more behind",
		`{"subscription": {}}`:                   "say what must hold",
		`{"subscription": {"status": "gone"}}`:   `got "gone", want one of active`,
		`{"subscription": {"interval": 3}}`:      "a word or a list",
		`{"subscription": {"plan": " "}}`:        "names of prices",
		`{"any": [{"delinquent": true}, {"subscription": {"trial_ends_within_days": -1}}]}`: "filter.any[1].subscription",
		`{"lifetime_spend": {}}`:                                       "give at_least",
		`{"lifetime_spend": {"at_least": "12"}}`:                       "cannot be read",
		`{"balance": {"at_least": "1.00 EUR", "at_most": "2.00 USD"}}`: "different currencies",
		`{"balance": {"at_least": "3.00 EUR", "at_most": "2.00 EUR"}}`: "above at_most",
		deep: "inside each other",
		`{"any": [` + strings.Repeat(`{"delinquent": true},`, 50) + `{"delinquent": true}]}`: "at most 50",
	} {
		_, err := segments.ParseFilter([]byte(filter))
		if fault.CodeOf(err) != fault.Invalid || !strings.Contains(err.Error(), why) {
			t.Errorf("%.60s gives %v, want …%s…", filter, err, why)
		}
	}
}

func TestDefinitionsAreVersioned(t *testing.T) {
	onBoth(t, func(d *desk) {
		s := segments.NewStore(d.db, d.clock.Now)
		parse := func(text string) segments.Filter {
			f, err := segments.ParseFilter([]byte(text))
			d.must(err)
			return f
		}
		rich := `{"all":[{"lifetime_spend":{"at_least":"500.00 EUR"}},{"not":{"subscription":{"status":["past_due"]}}}]}`
		for i, want := range []string{"rich 1", "rich 1", "rich 2", "cards-expiring 2"} {
			def := segments.Definition{Name: "rich", Title: "Good customers", Filter: parse(rich)}
			switch i {
			case 2:
				def.Filter = parse(`{"delinquent": true}`)
			case 3:
				def.Name, def.Title = "cards-expiring", "Ours"
			}
			got, err := s.Define(t.Context(), def)
			d.must(err)
			if is := fmt.Sprint(got.Name, " ", got.Version); is != want {
				t.Errorf("definition %d is %s, want %s", i, is, want)
			}
		}
		all, err := s.Definitions(t.Context())
		d.must(err)
		if len(all) != 2 || all[0].Title != "Ours" || all[1].Version != 2 {
			t.Errorf("the definitions are %+v", all)
		}
		back, err := json.Marshal(parse(rich))
		if string(back) != rich || err != nil {
			t.Errorf("read and written again, it is %s: %v", back, err)
		}
		for _, bad := range []segments.Definition{{Name: "Rich", Title: "x", Filter: parse(expiring)}, {Name: "rich", Filter: parse(expiring)}, {Name: "rich", Title: "x"}} {
			if _, err := s.Define(t.Context(), bad); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if _, err := s.Definition(t.Context(), "nothing"); fault.CodeOf(err) != fault.NotFound {
			t.Error(err)
		}
	})
}

func TestCardsExpiringAreFoundWithoutBeingDefined(t *testing.T) {
	onBoth(t, func(d *desk) {
		d.fill()
		d.sync(d.index())
		s := segments.NewStore(d.db, d.clock.Now)
		def, err := s.Definition(t.Context(), "cards-expiring")
		d.must(err)
		found, err := s.Find(t.Context(), def.Filter)
		d.must(err)
		if len(found) != 1 || found[0] != (segments.Payer{ID: "cus_expiring", Email: "expiring@example.com"}) {
			t.Errorf("found are %+v", found)
		}
	})
}
