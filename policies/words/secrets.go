package words

import (
	"regexp"
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
	for at := 0; ; {
		i := strings.Index(strings.ToLower(s[at:]), "bearer ")
		if i < 0 {
			return false
		}
		at += i + len("bearer ")
		if at > len(s) {
			return false
		}
		word, _, _ := strings.Cut(s[at:], " ")
		if len(word) >= 16 && strings.ContainsAny(word, "0123456789") {
			return true
		}
	}
}

// socialSecurity counts numbers of the United States' form 123-45-6789 that can
// have been given out (https://www.ssa.gov/employer/randomization.html).
func socialSecurity(s string) (n int) {
	if strings.Count(s, "-") < 2 {
		return 0
	}
	for _, m := range regexp.MustCompile(`(?:^|[^0-9-])(\d{3})-(\d{2})-(\d{4})(?:$|[^0-9-])`).FindAllStringSubmatch(s, -1) {
		if m[1] != "000" && m[1] != "666" && m[1][0] != '9' && m[2] != "00" && m[3] != "0000" {
			n++
		}
	}
	return n
}

// hidden counts the characters of a text that no reader sees, or that turn its
// order around. What joins emoji, and letters of scripts that need it, is seen.
func hidden(s string) (n int) {
	last := rune(0)
	for i, r := range s {
		next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(max(r, 0)):])
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

// tags counts what a browser takes for a tag: a letter right after "<", and then
// a space, a slash or the end.
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
		if s[i+1] == '!' || s[i+1] == '?' || j > 0 && letterByte(name[0]) && (j == len(name) || strings.IndexByte(" \t\n/>", name[j]) >= 0) {
			n++
		}
	}
	return n
}
