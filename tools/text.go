package tools

import (
	"strings"
	"unicode"
)

// maxShort bounds a name, a title or a description, in characters.
const maxShort = 200

// short makes a line that strangers wrote fit for a model: cut, on one line, and
// without what hides or reorders text. Whoever pays writes their own name.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200c', r == '\u200d': // joiners: Persian, Hindi and emoji need them
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxShort {
		return string(r[:maxShort]) + "…"
	}
	return s
}
