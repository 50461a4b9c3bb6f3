package words

import (
	"slices"
	"strings"

	"supportmcp/internal/money"
)

// Amount is an amount of money as a text writes it.
type Amount struct {
	Written    string
	numbers    []string         // its readings, with a point: "1.234" is two numbers
	currencies []money.Currency // that may be meant; none is any
	part       bool             // follows "of the", so that it may be the whole that something was taken of
}

// Is reports whether the text can mean this amount.
func (a Amount) Is(m money.Money) bool {
	if len(a.currencies) > 0 && !slices.Contains(a.currencies, m.Currency) {
		return false
	}
	return slices.ContainsFunc(a.numbers, func(n string) bool {
		got, err := money.ParseIn(n, m.Currency)
		return err == nil && got == m
	})
}

// amountAt reads the amount that begins at token i and how many tokens it has; 0
// is none. A number without a currency is one only if it has two decimals, or
// follows a word that leads to an amount.
func amountAt(s []token, i int) (a Amount, n int) {
	at := i
	before := []money.Currency(nil)
	if !s[i].number {
		if i+1 == len(s) || !s[i+1].number {
			return a, 0
		}
		if before, at = currencyOf(s[i].low), i+1; len(before) == 0 {
			return a, 0
		}
	}
	n = at - i + 1
	after := []money.Currency(nil)
	if at+1 < len(s) {
		if after = currencyOf(s[at+1].low); len(after) > 0 {
			n++
		}
	}
	number := s[at].low
	if len(before)+len(after) == 0 && !decimals(number) && !led(s, i) {
		return a, 0
	}
	a = Amount{Written: number, numbers: readings(number), currencies: before, part: partOf(s, i)}
	if len(before) == 0 || len(after) == 1 { // "$20 CAD" says which dollar
		a.currencies = after
	}
	return a, n
}

// led reports whether the number at i stands where an amount does, as in "a refund of 20".
func led(s []token, i int) bool {
	if i+1 < len(s) && (s[i+1].letters() || s[i+1].low == "%" || s[i+1].low == "/" || s[i+1].low == "-") {
		switch s[i+1].low {
		case "to", "on", "back", "has", "was", "is", "will", "for", "from", "wurde", "ist", "wird", "zurück", "auf", "an", "erstattet", "and", "und", "in", "gutgeschrieben":
		default:
			return false
		}
	}
	if i == 0 {
		return false
	}
	switch s[i-1].low {
	case "of", "refunded", "über", "von", "amount", "betrag", "credited", "erstatten", "de", "di", "van", "reimbursed", "refund":
		return true
	}
	return false
}

// partOf reports whether the number at i follows "of the" or its like within four words.
func partOf(s []token, i int) bool {
	for j := i - 1; j >= 0 && j >= i-5; j-- {
		switch s[j].low {
		case "out", "from", "von", "aus", "instead", "statt", "der", "dei", "sur", "sobre":
			return true
		case "of":
			return j+1 < i
		case "and", "und", "plus", ",":
			return false
		}
	}
	return false
}

func decimals(number string) bool {
	return len(number) > 3 && strings.ContainsRune(".,", rune(number[len(number)-3])) && strings.Count(number, ".")+strings.Count(number, ",") <= 2 && !date(number)
}

// date tells 24.12.26 from an amount.
func date(number string) bool { return strings.Count(number, ".") == 2 }

// readings are the numbers that may be meant, as money.ParseIn reads them.
func readings(number string) []string {
	number = strings.NewReplacer(" ", "", "'", "").Replace(number)
	last := strings.LastIndexAny(number, ".,")
	if last < 0 {
		return []string{trimZeros(number)}
	}
	whole, decimals := strings.NewReplacer(".", "", ",", "").Replace(number[:last]), number[last+1:]
	out := []string{trimZeros(whole) + "." + decimals}
	if len(decimals) == 3 {
		out = append(out, trimZeros(whole+decimals))
	}
	return out
}

func trimZeros(whole string) string {
	if t := strings.TrimLeft(whole, "0"); t != "" {
		return t
	}
	return "0"
}

// currencyOf are the currencies that a sign, a code or a word can mean.
func currencyOf(word string) []money.Currency {
	switch word {
	case "€", "euro", "euros", "euros'", "eur", "euron":
		return []money.Currency{"eur"}
	case "$", "dollar", "dollars":
		return []money.Currency{"usd", "cad", "aud", "nzd", "sgd", "hkd", "mxn", "twd", "ars", "clp", "cop"}
	case "bucks":
		return []money.Currency{"usd", "cad", "aud"}
	case "£", "pound", "pounds", "quid", "pfund":
		return []money.Currency{"gbp"}
	case "¥", "yen":
		return []money.Currency{"jpy", "cny"}
	case "franken", "francs", "fr":
		return []money.Currency{"chf"}
	case "kr", "kronen", "kronor", "kroner":
		return []money.Currency{"sek", "nok", "dkk", "isk"}
	case "zł":
		return []money.Currency{"pln"}
	case "all", "top", "try", "gel", "mad", "sos", "pen", "cup", "dop", "mop", "ron", "lei", "sar":
		return nil // words of ours, too
	}
	if len(word) == 3 {
		if c, err := money.ParseCurrency(word); err == nil {
			return []money.Currency{c}
		}
	}
	return nil
}

// amounts are all amounts of some tokens.
func amounts(s []token) []Amount {
	var out []Amount
	for i := 0; i < len(s); {
		a, n := amountAt(s, i)
		if n > 0 {
			out = append(out, a)
		}
		i += max(1, n)
	}
	return out
}

// shown reports whether amounts that a sentence says were returned are those of
// some receipts, or of several together. Without an amount any receipt will do.
func shown(claimed []Amount, receipts []money.Money) bool {
	if len(receipts) == 0 {
		return false
	}
	sums := sumsOf(receipts)
	matched := slices.DeleteFunc(slices.Clone(claimed), func(a Amount) bool { return !a.in(sums) })
	for _, a := range claimed {
		if !a.in(sums) && (!a.part || len(matched) == 0) {
			return false
		}
	}
	return together(matched, sums)
}

func (a Amount) in(sums []money.Money) bool { return slices.ContainsFunc(sums, a.Is) }

// together reports whether several amounts can be true at once: their total is a
// sum of receipts, or one of them is the total of the others.
func together(as []Amount, sums []money.Money) bool {
	if len(as) < 2 {
		return true
	}
	var each []money.Money
	var total int64
	for _, a := range as {
		m := sums[slices.IndexFunc(sums, a.Is)]
		each, total = append(each, m), total+m.Minor
	}
	if len(each) > 2 && slices.ContainsFunc(each, func(m money.Money) bool { return m.Minor*2 == total }) {
		return true
	}
	return slices.ContainsFunc(sums, func(m money.Money) bool { return m.Minor == total })
}

// most receipts are summed; of more only the first are, since every one doubles the work.
const mostSummed = 10

// sumsOf are the totals of all choices among receipts of one currency.
func sumsOf(receipts []money.Money) []money.Money {
	seen := map[money.Money]bool{}
	sums := []money.Money{}
	for _, r := range receipts[:min(len(receipts), mostSummed)] {
		for _, s := range append(slices.Clone(sums), money.Of(0, r.Currency)) {
			if t := money.Of(s.Minor+r.Minor, r.Currency); s.Currency == r.Currency && !seen[t] {
				seen[t] = true
				sums = append(sums, t)
			}
		}
	}
	return append(sums, receipts[min(len(receipts), mostSummed):]...)
}
