package sandbox

import "supportmcp/internal/sandbox/intercomapi"

// helpCentre fills Intercom's help centre, and the articles that only colleagues read.
func (s seeder) helpCentre() {
	s.intercom.AddArticle(intercomapi.Article{
		ID: "5001", Title: "How refunds work", Created: s.ago(200 * day), Updated: s.ago(20 * day),
		Body: "<h2>When you can have your money back</h2><p>Tell us within 30 days of the payment. We send it to the card you paid with.</p>" +
			"<h2>How long it takes</h2><p>Banks take five to ten days to show a refund.</p>",
		Translations: map[string]intercomapi.Translation{"de": {
			Title: "So funktionieren Erstattungen",
			Body: "<h2>Wann Sie Ihr Geld zurückbekommen</h2><p>Schreiben Sie uns innerhalb von 30 Tagen nach der Zahlung.</p>" +
				"<h2>Wie lange es dauert</h2><p>Banken brauchen fünf bis zehn Tage.</p>",
		}},
	})
	s.intercom.AddArticle(intercomapi.Article{
		ID: "5002", Title: "Change your card", Created: s.ago(180 * day),
		Body: "<p>Open Settings, then Billing, and choose <b>Change card</b>. The next payment uses the new one.</p>",
	})
	s.intercom.AddArticle(intercomapi.Article{
		ID: "5003", Title: "Loyalty programme", State: "draft", Created: s.ago(3 * day), Body: "<p>Not yet announced.</p>",
	})
	s.intercom.AddArticle(intercomapi.Article{
		ID: "5901", Internal: true, Title: "Chargebacks: what we do", Created: s.ago(90 * day),
		Body: "<h2>Before answering</h2><p>Look whether the bank has taken the money already. Never refund a payment that is disputed.</p>",
	})
}
