package knowledge

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean leaves text that a reader sees as the machine sees it: lines end in
// "\n", letters are in Unicode form NFC and nothing invisible remains.
func clean(text string) string {
	if plainLetters(text) && strings.IndexFunc(text, control) < 0 {
		return text
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case breaksLine(r):
			return '\n'
		case invisible(r):
			return -1
		}
		return r
	}, strings.ReplaceAll(text, "\r\n", "\n"))
	return norm.NFC.String(text)
}

// control reports what is not as it should be in text of ASCII alone.
func control(r rune) bool { return r != '\n' && r != '\t' && invisible(r) }

func breaksLine(r rune) bool { return r == '\r' || r == '\u2028' || r == '\u2029' }

// invisible reports a character that shows nothing itself but can hide text,
// carry it unseen or turn its order round: controls, bidirectional and
// zero-width marks, tags, variation selectors and blank fillers.
func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	if unicode.Is(unicode.Cf, r) {
		return !unicode.Is(unicode.Prepended_Concatenation_Mark, r) // these are drawn
	}
	return unicode.In(r, unicode.Cc, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

// oneLine makes a name of text: clean, on one line and of bounded length.
func oneLine(text string) string {
	return shorten(strings.Join(strings.Fields(clean(text)), " "), maxName)
}

// shorten cuts text to at most limit characters, the sign of the cut included.
func shorten(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}
