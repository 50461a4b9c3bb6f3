package words

import (
	"slices"
	"strings"
)

// longestID is how much of a word is read as an id, in bytes; Stripe's have at most 255
// (https://docs.stripe.com/upgrades).
const longestID = 255

// stripeIDs are the ids of Stripe's objects in a text
// (https://docs.stripe.com/api); those of prices and products are nobody's own.
func stripeIDs(s string) []string {
	var out []string
	for i := 0; i < len(s); i++ {
		if s[i] != '_' || i == 0 || !alnum(s[i-1]) {
			continue
		}
		start, end := i, i+1
		for start > 0 && alnum(s[start-1]) {
			start--
		}
		for end < len(s) && end < i+longestID && (alnum(s[end]) || s[end] == '_') {
			end++
		}
		id := strings.TrimRight(s[start:end], "_")
		if stripeID(strings.ToLower(s[start:i]), s[min(i+1, start+len(id)):start+len(id)]) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// stripeID tells ids from words such as "in_progress": short prefixes that are
// words, too, need a digit behind them.
func stripeID(prefix, rest string) bool {
	switch prefix {
	case "cus", "ch", "pi", "py", "pyr", "seti", "txn", "acct", "du", "ii", "il", "pm", "src", "ba", "evt", "mandate", "cs", "tok":
		return len(rest) > 2
	case "sub", "in", "re", "cn", "si", "card", "dp", "po", "tr", "fee", "di", "ppage", "link":
		return len(rest) > 2 && (strings.ContainsAny(rest, "0123456789") || len(rest) >= 14)
	}
	return false
}

// lastFours are the numbers in a text that are said to be the end of a card's or
// an account's number.
func lastFours(all []token) []string {
	var out []string
	for i, t := range all {
		if t.number && len(t.low) == 4 && strings.Trim(t.low, "0123456789") == "" && (masked(all, i) || ending(all, i)) && !slices.Contains(out, t.low) {
			out = append(out, t.low)
		}
	}
	return out
}

// masked knows "•••• 4242" and "x4242", and a card's brand before the number.
func masked(all []token, i int) bool {
	if i == 0 {
		return false
	}
	switch before := all[i-1].low; before {
	case "•", "*", "·", "●", "∙", "#", "x", "xx", "xxx", "xxxx", "…", "×":
		return before != "#" && before != "x" || all[i-1].end == all[i].start && i > 1
	case "visa", "mastercard", "amex", "maestro", "express", "discover", "girocard":
		return true
	case ".":
		return i > 2 && all[i-2].low == "." && all[i-3].low == "."
	}
	return false
}

// ending knows "card ending in 4242" and "die letzten vier Ziffern 4242" in six languages.
func ending(all []token, i int) bool {
	end, card := false, false
	for j := i - 1; j >= 0 && j >= i-14 && all[j].low != "." && all[j].low != "?" && all[j].low != "!"; j-- {
		w := all[j].low
		if i-j <= 7 {
			end = end || ends(w) || (w == "four" || w == "vier" || w == "quatre" || w == "cuatro" || w == "quattro" || w == "4") && j > 0
		}
		card = card || cardWord(w)
	}
	for j := i + 1; j < len(all) && j <= i+6 && all[j].low != "."; j++ {
		end = end || j <= i+2 && ends(all[j].low)
		card = card || cardWord(all[j].low)
	}
	return end && card
}

func ends(w string) bool {
	for _, stem := range []string{"ending", "endet", "endend", "endziffer", "endnummer", "endung", "terminant", "terminad", "terminan", "finissant", "finit", "eindig", "digits", "ziffern", "chiffres", "dígitos", "cifre", "cijfers"} {
		if strings.HasPrefix(w, stem) {
			return true
		}
	}
	return w == "ends" || w == "ended" || w == "termina" || w == "termine" || w == "ende"
}

func cardWord(w string) bool {
	switch w {
	case "visa", "mastercard", "amex", "maestro", "account", "konto", "bankkonto", "compte", "cuenta", "conto", "rekening", "iban", "express":
		return true
	}
	for _, stem := range []string{"card", "karte", "kreditkarte", "carte", "tarjeta", "carta", "kaart", "creditcard", "bankkarte", "debitkarte"} {
		if strings.HasPrefix(w, stem) {
			return true
		}
	}
	return false
}
