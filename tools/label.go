package tools

import (
	"strings"
	"unicode"
)

// The bounds of what others wrote, in characters.
const (
	maxLabel   = 80  // a name, a plan, a file
	maxFailure = 160 // why a payment failed
	maxPath    = 240 // a heading with those above it
)

// label makes a short text that somebody else wrote fit for one line of an
// answer: nothing invisible, nothing that changes the order of reading, one space
// between words, and no longer than limit.
func label(s string, limit int) string {
	var out []rune
	for word := range strings.FieldsSeq(s) {
		if len(out) > 0 {
			out = append(out, ' ')
		}
		for _, r := range word {
			if unicode.IsPrint(r) || r == '\u200c' || r == '\u200d' { // joiners: Persian, Hindi and emoji need them
				out = append(out, r)
			}
			if len(out) > limit {
				return string(out[:limit-1]) + "…"
			}
		}
	}
	return strings.TrimSpace(string(out))
}
