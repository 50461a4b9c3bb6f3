package words

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"supportmcp/internal/money"
)

// FuzzWords reads anything: it must end, give the same twice, never quote what it
// refuses as secret, and let nothing pass because something was put before it.
func FuzzWords(f *testing.F) {
	for _, s := range []string{
		"We have refunded 20 EUR.", "https://a.b@evil.com/?x=%252e", "4242 4242 4242 4242", "GB82 WEST 1234 5698 7654 32", "\u202e\u200b❤️",
		"Bearer ", "<img src=x>", "Wir zahlen Ihnen 12,50 € zurück!", "@", "x_", "1.", "'", "…1111", "\xff\xfe", "a@b.c%", "İ. K 𝟘𝟗",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		first, again := Read(s).Check(Rules{}, Own{}, Done{}), Read(s).Check(Rules{}, Own{}, Done{})
		for i, p := range first {
			if p != again[i] || p.Found < 0 {
				t.Fatalf("%q: %+v, then %+v", s, p, again[i])
			}
		}
		longer := Read("Hello Maria, thank you for writing.\n\n"+s).Check(Rules{}, Own{}, Done{})
		for i, p := range first {
			if p.Found > 0 && longer[i].Found == 0 {
				t.Fatalf("%q: %+v, and nothing after a greeting", s, p)
			}
		}
	})
}

func TestWhatStandsBesideAPromiseDoesNotHideIt(t *testing.T) {
	promises := append(corpus(t, "promises_en"), corpus(t, "promises_de")...)
	polite := append(corpus(t, "polite_en"), corpus(t, "polite_de")...)
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SampledFrom(polite).Draw(t, "before")
		promise := rapid.SampledFrom(promises).Draw(t, "promise")
		after := rapid.SampledFrom(polite).Draw(t, "after")
		if !Read(before + " " + promise + "\n" + after).Claims() {
			t.Fatal("passes")
		}
	})
}

func TestAReceiptOfTheExactAmountAloneMakesAPromiseTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]money.Currency{"eur", "usd", "jpy", "kwd"}).Draw(t, "currency")
		m := money.Of(rapid.Int64Range(1, 10_000_000).Draw(t, "minor")*c.Step(), c)
		off := money.Of(m.Minor+c.Step()*rapid.Int64Range(1, 50).Draw(t, "off"), c)
		text := Read("We have refunded " + m.String() + " to your card.")
		if !text.Shown(Done{Refunds: []money.Money{m}}) || text.Shown(Done{Refunds: []money.Money{off}}) {
			t.Fatalf("%s: shown by itself %t, by %s %t", m, text.Shown(Done{Refunds: []money.Money{m}}), off, text.Shown(Done{Refunds: []money.Money{off}}))
		}
	})
}

func BenchmarkWordsOfALongReply(b *testing.B) {
	all := strings.Join(append(corpus(b, "polite_en"), append(corpus(b, "promises_en"), corpus(b, "polite_de")...)...), " ")
	reply := string([]rune(all)[:4000])
	for b.Loop() {
		if !Read(reply).Claims() {
			b.Fatal("no claim was found")
		}
	}
}

// What a text costs grows with its length and not with its square, whatever it is made of.
func BenchmarkWordsOfHostileReplies(b *testing.B) {
	for _, part := range []string{"http:", "DE89 ", "it 20 EUR ", "x_", "to return ", "a@b.c ", "4242 ", "we refunded 1.00 EUR and ", "%2525", "zurück Geld "} {
		reply := strings.Repeat(part, 20_000/len(part))
		b.Run(strings.TrimSpace(part), func(b *testing.B) {
			for b.Loop() {
				Read(reply).Check(Rules{}, Own{}, Done{})
			}
		})
	}
}
