package money_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"supportmcp/internal/money"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]money.Money{
		"12.50 EUR":                money.Of(1250, "eur"),
		"12.5 EUR":                 money.Of(1250, "eur"),
		"12 eur":                   money.Of(1200, "eur"),
		"0.01 USD":                 money.Of(1, "usd"),
		"0 USD":                    money.Of(0, "usd"),
		"1200 JPY":                 money.Of(1200, "jpy"),
		"1.500 KWD":                money.Of(1500, "kwd"),
		"1.5 KWD":                  money.Of(1500, "kwd"),
		"100 ISK":                  money.Of(10000, "isk"),
		"92233720368547758 EUR":    {},
		"92233720368547758.07 EUR": {},
		"99999999999999999999 EUR": {},
		"12.505 EUR":               {},
		"12.50":                    {},
		"12.50EUR":                 {},
		"12.50  EUR":               {},
		" 12.50 EUR":               {},
		"12,50 EUR":                {},
		"1,250.00 EUR":             {},
		"-12.50 EUR":               {},
		"+12.50 EUR":               {},
		"1e3 EUR":                  {},
		"0x10 EUR":                 {},
		"012 EUR":                  {},
		".50 EUR":                  {},
		"12. EUR":                  {},
		"12.50 XXX":                {},
		"12.50 EURO":               {},
		"1.5 JPY":                  {},
		"1.505 KWD":                {},
		"1.50 ISK":                 {},
		"12.50 EUR please":         {},
		"١٢ EUR":                   {},
		"":                         {},
		"NaN EUR":                  {},
		strings.Repeat("9", 5000):  {},
		"12.50 \u202eRUE":          {},
		"12.50\u00a0EUR":           {},
		"999999999999.99 EUR":      money.Of(99999999999999, "eur"),
		"12.50 " + "e\u200bur":     {},
	} {
		got, err := money.Parse(in)
		if (err != nil) != want.IsZero() || got != want {
			t.Errorf("Parse(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
}

func TestString(t *testing.T) {
	for want, m := range map[string]money.Money{
		"12.50 EUR":                 money.Of(1250, "eur"),
		"0.05 EUR":                  money.Of(5, "eur"),
		"-0.05 EUR":                 money.Of(-5, "eur"),
		"0 JPY":                     money.Of(0, "jpy"),
		"0.010 KWD":                 money.Of(10, "kwd"),
		"-92233720368547758.08 USD": money.Of(math.MinInt64, "usd"),
	} {
		if got := m.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestJSONIsTheExactString(t *testing.T) {
	for _, m := range []money.Money{{}, money.Of(1250, "eur"), money.Of(-3, "jpy"), money.Of(0, "usd"), money.Of(15000, "isk")} {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back money.Money
		if err := json.Unmarshal(b, &back); err != nil || back != m {
			t.Errorf("%s came back as %v, %v", b, back, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.50 EUR", "0 JPY", "1.500 KWD", "-1 USD", "1e9 EUR", "12.505 EUR"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := money.Parse(s)
		if err != nil {
			return
		}
		if m.Minor < 0 {
			t.Fatalf("%q parsed as negative %d", s, m.Minor)
		}
		again, err := money.Parse(m.String())
		if err != nil || again != m {
			t.Fatalf("%q -> %s -> %v, %v", s, m, again, err)
		}
	})
}

func TestALetterThatOnlyBecomesOneOfOursIsNoCurrency(t *testing.T) {
	for code, want := range map[string]bool{"KES": true, "kes": true, "\u212aES": false, "\u212aes": false, "": false, "ke": false} {
		if _, err := money.ParseCurrency(code); (err == nil) != want {
			t.Errorf("%q: %v", code, err)
		}
	}
}
