package words

import (
	"strings"
	"unicode"
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
// encoded. Hosts below stripe.com serve them, but for those that explain or belong to the
// company; under a company's own host the portal keeps its paths
// (https://docs.stripe.com/payments/checkout/custom-domains).
func opens(w string) bool {
	w = plain(w)
	for _, form := range unwrapped(w) {
		if strings.Contains(form, "/p/session/") || strings.Contains(form, "/p/login/") {
			return true
		}
	}
	for _, host := range links(w) {
		known := []string{"docs.stripe.com", "support.stripe.com", "dashboard.stripe.com", "status.stripe.com", "www.stripe.com"}
		if host != "stripe.com" && under(host, []string{"stripe.com"}) && !under(host, known) {
			return true
		}
	}
	return false
}
