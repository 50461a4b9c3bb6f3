package words

import (
	"slices"
	"testing"

	"supportmcp/internal/money"
)

// refusal is a text and the checks that must refuse it; none means it passes.
type refusal struct {
	text string
	want []string
}

func rules() Rules {
	return Rules{
		Links: []string{"help.example.com", "example.org", "müller.example"}, Emails: []string{"billing@example.com", "example.org"},
		IBANs: []string{"DE89 3704 0044 0532 0130 00"},
	}
}

func own() Own {
	return Own{Emails: []string{"maria@example.net"}, IDs: []string{"cus_1a2b", "ch_1a2b", "in_1a2b"}, LastFours: []string{"4242"}}
}

func check(t *testing.T, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		var got []string
		for _, p := range Read(c.text).Check(rules(), own(), Done{}) {
			if p.Found > 0 {
				got = append(got, p.Check)
				if p.Message == "" || p.NextStep == "" {
					t.Errorf("%q: %s tells nothing", c.text, p.Check)
				}
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
}

func TestOnlyListedHostsCanBeLinkedTo(t *testing.T) {
	links := []string{"links"}
	check(t, []refusal{
		{"See https://help.example.com/refunds?x=1#y.", nil},
		{"See help.example.com, or www.help.example.com/a.", nil},
		{"See https://HELP.example.com:443/", nil},
		{"See https://docs.example.org/v1.2/a_b.", nil},
		{"See https://müller.example/ or https://xn--mller-kva.example/.", nil},
		{"[our help](https://help.example.com/a)", nil},
		{"https://evil.com", links},
		{"evil.com", links},
		{"See https://help.example.com, or write to maria@example.net.", nil},
		{"go to evil.co.uk/login now", links},
		{"www.evil", links},
		{"https://help.example.com.evil.com/", links},
		{"https://evilhelp.example.com.de", links},
		{"https://nothelp.example.com", links},
		{"https://help.example.com@evil.com/", []string{"links", "emails"}},
		{"https://help.example.com:x@evil.com/", []string{"links", "emails"}},
		{"https://help.example.com/?next=https://evil.com", links},
		{"https://help.example.com/?next=evil.com/a", links},
		{"https://help.example.com/?next=https%3A%2F%2Fevil.com", links},
		{"https://help.example.com/?next=https%253A%252F%252Fevil%252Ecom", links},
		{"https://help.example.com/?next=//evil.com", links},
		{"https:evil.com", links},
		{"https:\\\\evil.com", links},
		{"HTTPS://EVIL.COM", links},
		{"ｈｔｔｐｓ：／／ｅｖｉｌ．ｃｏｍ", links},
		{"evil。com/a", links},
		{"https://help.exаmple.com/", links}, // Cyrillic а
		{"https://help.example.com\\@evil.com", links},
		{"https://1.2.3.4/a", links},
		{"https://[::1]/a", links},
		{"http://localhost/a", links},
		{"http://3232235777/", links},
		{"1.2.3.4/login", links},
		{"пример.рф", links},
		{"evil&#46;com", links},
		{"evil[.]com", links},
		{"[x](javascript:alert(1))", links},
		{"data:text/html;base64,AAAA", links},
		{"mailto:billing@example.com", links},
		{"slack://open", links},
		{"@evil.com", links},
	})
}

func TestOrdinaryMarksAreNoLinks(t *testing.T) {
	check(t, []refusal{
		{"Version 2.14.0 of 24.12.2026 costs 12.50 EUR, e.g. at 3 p.m., z.B. heute.", nil},
		{"Note: your invoice.pdf is attached. Data: none. Time 10:30.", nil},
		{"This is ok.Thanks and bye...", nil},
		{"50% off; 100%25 sure; a & b; 5 < 6 and 7 > 6; I <3 it.", nil},
		{"Fill {card_update} and {invoice:in_1a2b} and {receipt:ch_1a2b} in.", nil},
	})
}

func TestImagesHTMLAndInvisibleCharactersAreRefused(t *testing.T) {
	check(t, []refusal{
		{"![](a)", []string{"markup"}},
		{"![x][y]", []string{"markup"}},
		{"<b>hi</b>", []string{"markup"}},
		{"<IMG src=x onerror=alert(1)>", []string{"markup"}},
		{"&lt;img src=x&gt;", []string{"markup"}},
		{"<x onclick=a>", []string{"markup"}},
		{"<!-- x -->", []string{"markup"}},
		{"zero\u200bwidth", []string{"characters"}},
		{"turn\u202earound", []string{"characters"}},
		{"soft\u00adhyphen", []string{"characters"}},
		{"a\u0007b", []string{"characters"}},
		{"tag \U000E0041", []string{"characters"}},
		{"selector a\ufe0f", []string{"characters"}},
		{"❤️ 👩‍💻 1️⃣ 👍🏽 می\u200cخواهم\tok\r\n", nil},
	})
}

func TestNumbersOfCardsAndAccountsAndSecretsAreRefused(t *testing.T) {
	check(t, []refusal{
		{"4242424242424242", []string{"cards"}},
		{"4242 4242 4242 4242", []string{"cards"}},
		{"4242-4242-4242-4242.", []string{"cards"}},
		{"3782 822463 10005", []string{"cards"}},
		{"card 12 5555 5555 5555 4444", []string{"cards"}},
		{"４２４２ ４２４２ ４２４２ ４２４２", []string{"cards"}},
		{"٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", []string{"cards"}},
		{"4242 4242 4242 4241", nil}, // the check digit is wrong
		{"order 9876543210123456, invoice 2026-11-00042", nil},
		{"call +49 151 23456789 or +4242 4242 4242 4242", nil},
		{"DE89370400440532013000", nil},
		{"GB82 WEST 1234 5698 7654 32", []string{"ibans"}},
		{"gb82west12345698765432", []string{"ibans"}},
		{"GB82 WEST 1234 5698 7654 33", nil},
		{"my number is 123-45-6789", []string{"secrets"}},
		{"000-12-3456 and 2026-11-24", nil},
		{"sk_live_abcdefgh12345678", []string{"secrets"}},
		{"whsec_abcdefgh12345678", []string{"secrets"}},
		{"Authorization: Bearer abcdefgh12345678abcd", []string{"secrets"}},
		{"the bearer of this letter", nil},
		{"-----BEGIN RSA PRIVATE KEY-----", []string{"secrets"}},
	})
}

func TestOnlyTheCustomersOwnAddressesIDsAndCardsPass(t *testing.T) {
	check(t, []refusal{
		{"We wrote to Maria@Example.net and copied billing@example.com and x@mail.example.org.", nil},
		{"We wrote to ana@example.net.", []string{"emails"}},
		{"We wrote to help.example.com@example.net.", []string{"emails"}},
		{"We wrote to maria@example.net.evil.com.", []string{"emails"}},
		{"ana＠example.net", []string{"emails"}},
		{"ana%40example.net", []string{"links", "emails"}},
		{"Charge ch_1a2b of cus_1a2b on invoice in_1a2b.", nil},
		{"Charge ch_9z9z.", []string{"ids"}},
		{"Customer cus_other, refund re_3N9z, note cn_12ab", []string{"ids"}},
		{"Charge id_ch_9z9z, _ch_8z8z.", []string{"ids"}},
		{"The ticket is in_progress, sub_total 12, opt_in.", nil},
		{"Your card ending in 4242 was charged.", nil},
		{"Your card ending in 1111 was charged.", []string{"last_four"}},
		{"Your Visa 1111 was charged.", []string{"last_four"}},
		{"Your card •••• 1111 was charged.", []string{"last_four"}},
		{"Your card **1111 was charged.", []string{"last_four"}},
		{"Die Karte mit den Endziffern 1111 wurde belastet.", []string{"last_four"}},
		{"Die Karte, die auf 1111 endet.", []string{"last_four"}},
		{"La carte se terminant par 1111.", []string{"last_four"}},
		{"La tarjeta terminada en 1111.", []string{"last_four"}},
		{"La carta che termina con 1111.", []string{"last_four"}},
		{"De kaart die eindigt op 1111.", []string{"last_four"}},
		{"The last four digits of the card are 1111.", []string{"last_four"}},
		{"Your subscription ends in 2027.", nil},
	})
}

func TestAPromiseIsTrueOfReceiptsOrTheirSums(t *testing.T) {
	eur := func(minor ...int64) (out []money.Money) {
		for _, m := range minor {
			out = append(out, money.Of(m, "eur"))
		}
		return out
	}
	for _, c := range []struct {
		text     string
		receipts []money.Money
		want     bool
	}{
		{"We have refunded it.", nil, false},
		{"We have refunded it.", eur(5), true},
		{"Your refund of 12.50 EUR is done.", eur(1250), true},
		{"Your refund of €12,50 is done.", eur(1250), true},
		{"Your refund of 12,50€ is done.", eur(1250), true},
		{"We refunded EUR 12.50.", eur(1250), true},
		{"We refunded 12.50 USD.", eur(1250), false},
		{"We refunded $12.50.", eur(1250), false},
		{"We refunded $12.50.", []money.Money{money.Of(1250, "cad")}, true},
		{"We refunded 12.51 EUR.", eur(1250), false},
		{"We refunded 12 euros.", eur(1200), true},
		{"We refunded 1,234.56 EUR.", eur(123456), true},
		{"Wir haben 1.234,56 € erstattet.", eur(123456), true},
		{"Wir haben Ihnen 1 234,56 EUR erstattet.", eur(123456), true},
		{"We refunded 1,234 yen.", []money.Money{money.Of(1234, "jpy")}, true},
		{"We refunded 1.500 KWD.", []money.Money{money.Of(1500, "kwd")}, true},
		{"A refund of 12.50 was issued.", eur(1250), true},
		{"A refund of 20 was issued.", eur(1250), false},
		{"We refunded 30 EUR.", eur(1000, 2000, 500), true},
		{"We refunded 31 EUR.", eur(1000, 2000, 500), false},
		{"We refunded 10 EUR and 20 EUR.", eur(1000, 2000), true},
		{"We refunded 10 EUR for May plus 10 EUR for June.", eur(1000), false},
		{"We refunded 20 EUR of the 50 EUR.", eur(2000), true},
		{"We refunded 50 EUR out of goodwill.", eur(2000), false},
		{"We have refunded you: 20 EUR.", eur(1000), false},
		{"We refunded 20 EUR. Your bank shows it within 5 to 10 days.", eur(2000), true},
		{"We refunded 20 EUR. We also refunded 99 EUR.", eur(2000), false},
		{"Nous avons remboursé 20 EUR.", eur(2000), true},
		{"Nous avons remboursé 21 EUR.", eur(2000), false},
	} {
		if got := Read(c.text).Shown(Done{Refunds: c.receipts}); got != c.want || !Read(c.text).Claims() {
			t.Errorf("%q with %v: %t, claims %t", c.text, c.receipts, got, Read(c.text).Claims())
		}
	}
}

func TestReceiptsAndStripesRefundsAreNotAddedUp(t *testing.T) {
	twenty := []money.Money{money.Of(2000, "eur")}
	for text, want := range map[string]int{"We refunded 20 EUR.": 0, "We refunded 40 EUR.": 1} {
		problems := Read(text).Check(Rules{}, Own{Refunds: twenty}, Done{Refunds: twenty})
		if got := problems[len(problems)-1]; got.Check != "promise" || got.Found != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestPromisesInOtherLanguagesAreKnownByTheirWords(t *testing.T) {
	for _, s := range []string{
		"Nous avons remboursé votre paiement.", "Votre remboursement a été effectué.", "Un remboursement de 20 EUR est en route.",
		"Hemos reembolsado el pago.", "Se ha reembolsado el importe.", "Su reembolso ha sido procesado.",
		"Abbiamo rimborsato il pagamento.", "Il rimborso di 20 EUR è stato effettuato.", "La terugbetaling is verwerkt.",
		"We hebben de betaling terugbetaald.", "Zwrot 20 PLN został wykonany.",
	} {
		if !Read(s).Claims() {
			t.Errorf("%q passes", s)
		}
	}
}

func TestDeceivingLettersDoNotHideAPromise(t *testing.T) {
	for _, s := range []string{"Your rеfund has bееn issued.", "Your ｒｅｆｕｎｄ has been issued.", "YOUR REFUND HAS BEEN ISSUED", "Your refund\nhas been issued", "your refund has been issued, okay?"} {
		if !Read(s).Claims() {
			t.Errorf("%q passes", s)
		}
	}
}
