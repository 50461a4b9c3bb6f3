package words

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// secrets counts what opens doors: keys, tokens, private keys and social security numbers.
func secrets(s string) (n int) {
	for _, t := range strings.FieldsFunc(s, func(r rune) bool { return !hostRune(r) && r != '+' && r != '/' && r != '=' }) {
		if secret(t) {
			n++
		}
	}
	if strings.Contains(s, "PRIVATE KEY") && strings.Contains(s, "--BEGIN") || bearer(s) {
		n++
	}
	return n + socialSecurity(s)
}

// secret knows keys by their beginnings, and a JSON web token by its three parts.
func secret(t string) bool {
	if len(t) < 12 {
		return false
	}
	for _, prefix := range []string{"sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_", "ghp_", "github_pat_", "gho_", "glpat-", "xoxb-", "xoxp-", "AKIA", "dG9rO", "sk-ant-", "sk-proj-", "AIza"} {
		if i := strings.Index(t, prefix); i >= 0 && len(t)-i >= len(prefix)+8 {
			return true
		}
	}
	if strings.Contains(t, "_secret_") && (strings.HasPrefix(t, "pi_") || strings.HasPrefix(t, "seti_")) {
		return true
	}
	return strings.HasPrefix(t, "eyJ") && strings.Count(t, ".") == 2 && len(t) > 40
}

// bearer knows "Bearer" before what is no word.
func bearer(s string) bool {
	_, rest, found := strings.Cut(s, "earer ")
	for ; found; _, rest, found = strings.Cut(rest, "earer ") {
		word, _, _ := strings.Cut(rest, " ")
		if len(word) >= 16 && strings.ContainsAny(word, "0123456789") {
			return true
		}
	}
	return false
}

// socialSecurity counts numbers of the United States' form 123-45-6789 that can
// have been given out (https://www.ssa.gov/employer/randomization.html).
func socialSecurity(s string) (n int) {
	const form = len("123-45-6789")
	for i := 3; i+form-3 <= len(s); i++ {
		if s[i] != '-' || s[i+3] != '-' || i > 3 && partOfNumber(s[i-4]) || i+8 < len(s) && partOfNumber(s[i+8]) {
			continue
		}
		area, group, serial := s[i-3:i], s[i+1:i+3], s[i+4:i+8]
		if allDigits(area+group+serial) && area != "000" && area != "666" && area[0] != '9' && group != "00" && serial != "0000" {
			n++
		}
	}
	return n
}

func partOfNumber(c byte) bool { return c == '-' || digitByte(c) }

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// hidden counts the characters of a text that no reader sees, or that turn its
// order around. What joins emoji, and letters of scripts that need it, is seen.
func hidden(s string) (n int) {
	all := []rune(s + "\n")
	last := rune(0)
	for i, r := range all[:len(all)-1] {
		next := all[i+1]
		if r >= utf8.RuneSelf && Unseen(r) && !joins(r, last, next) || r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f {
			n++
		}
		last = r
	}
	return n
}

// Unseen reports control, direction, zero-width and other characters without a
// picture of their own (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
func Unseen(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func joins(r, last, next rune) bool {
	switch r {
	case '\ufe0f', '\ufe0e':
		return picture(last) || last >= '0' && last <= '9' || last == '#' || last == '*'
	case '\u200d':
		return (picture(last) || last == '\ufe0f') && picture(next) || shaped(last) && shaped(next)
	case '\u200c':
		return shaped(last) && shaped(next)
	}
	return false
}

func picture(r rune) bool {
	return unicode.In(r, unicode.So, unicode.Sk) || r >= 0x2190 && r <= 0x2BFF || r == '‼' || r == '⁉'
}

// shaped reports letters whose form depends on their neighbours.
func shaped(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Devanagari, unicode.Bengali, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Gujarati, unicode.Gurmukhi, unicode.Sinhala, unicode.Khmer)
}

// markup counts HTML tags and images in a plain text, also where they are encoded.
func markup(s string) (n int) {
	for _, form := range unwrapped(s) {
		n = max(n, strings.Count(form, "![")+tags(form))
	}
	return n
}

// tags counts what a browser takes for a tag and a reader would miss: an element
// of HTML, or any with attributes. "<name>" alone is shown as it is.
func tags(s string) (n int) {
	for i := 0; i < len(s); i++ {
		if s[i] != '<' || i+1 == len(s) {
			continue
		}
		name := strings.TrimPrefix(s[i+1:], "/")
		j := 0
		for j < len(name) && (alnum(name[j]) || name[j] == '-' && j > 0) {
			j++
		}
		inside, _, _ := strings.Cut(name[j:], ">")
		ends := inside == "" || strings.IndexByte(" \t\n/", inside[0]) >= 0
		if strings.HasPrefix(s[i+1:], "!-") || strings.HasPrefix(s[i+1:], "?x") || j > 0 && ends && (element(name[:j]) || strings.Contains(inside, "=")) {
			n++
		}
	}
	return n
}

// element knows the elements of HTML that replies are dressed up, or attacked, with.
func element(name string) bool {
	const known = " a abbr audio b base blink body br button canvas center code details div em embed font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html i iframe img" +
		" input ins label li link marquee math meta nav noscript object ol option p param picture pre s script section select small source span strike strong style sub sup svg" +
		" table tbody td template textarea tfoot th thead title tr u ul video xml xss "
	return strings.Contains(known, " "+strings.ToLower(name)+" ")
}
