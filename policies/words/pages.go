package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Link stands in a text where an address was.
const Link = "[link]"

// Masked is a text with [Link] in the place of every address that may open
// somebody's pages at Stripe, also inside another address. Text that has none stays
// as it is.
func Masked(s string) string {
	if !strings.Contains(s, "/") {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		n := strings.IndexFunc(s, bounds)
		if n < 0 {
			n = len(s)
		}
		b.WriteString(maskedWord(s[:n]))
		s = s[n:]
		n = strings.IndexFunc(s, func(r rune) bool { return !bounds(r) })
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		s = s[n:]
	}
	return b.String()
}

// bounds reports what no address goes on behind.
func bounds(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>\"`|{}", r) }

// maskedWord masks an address from its scheme, or else from the beginning of the
// word, up to the marks of the sentence around it.
func maskedWord(w string) string {
	if !strings.Contains(w, "/") || !opens(w) {
		return w
	}
	end := len(strings.TrimRight(w, ".,;:!?)]'"))
	start := len(w) - len(strings.TrimLeft(w, "(['"))
	if i := strings.Index(w, "://"); i >= 0 {
		start = max(start, i-len(schemeBefore(w[:i])))
	}
	return w[:min(start, end)] + Link + w[end:]
}

// opens reports whether a word has an address of a customer's page, as it is or
// encoded. Hosts below stripe.com serve them; under a company's own host the portal
// keeps its paths (https://docs.stripe.com/payments/checkout/custom-domains). The cost
// grows with the length alone, since customers write what is read here.
func opens(w string) bool {
	for _, form := range unwrapped(plain(w)) {
		form = strings.ToLower(form)
		if strings.Contains(form, "/p/session/") || strings.Contains(form, "/p/login/") || pageHost(form) {
			return true
		}
	}
	return false
}

// pageHost reports whether a text names a host below stripe.com that is not one of
// those that explain, or that only the company can open.
func pageHost(s string) bool {
	const domain = ".stripe.com"
	for {
		before, after, found := strings.Cut(s, domain)
		if !found {
			return false
		}
		s = after
		if r, _ := utf8.DecodeRuneInString(after); after != "" && r != '.' && hostRune(r) {
			continue // ".stripe.company"
		}
		label := before[strings.LastIndexFunc(before, func(r rune) bool { return r == '.' || !hostRune(r) })+1:]
		switch label {
		case "docs", "support", "dashboard", "status", "www":
		default:
			return true
		}
	}
}
