package main

import (
	"fmt"
	"strings"
	"unicode"
)

// visible makes text from outside harmless on a terminal: control characters
// (escape sequences among them) and invisible or direction-changing characters
// are written as code points. Line breaks stay.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || r == '\t' || !hostile(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "<U+%04X>", r)
	}
	return b.String()
}

// oneLine is visible text whose line breaks cannot imitate the layout around it.
func oneLine(s string) string {
	return strings.NewReplacer("\n", "<U+000A>", "\t", " ").Replace(visible(s))
}

// hostile reports whether a terminal obeys, hides or moves a character instead of
// showing it, or may do so with a later Unicode. Emoji keep their colour.
func hostile(r rune) bool {
	return !unicode.IsGraphic(r) || r == unicode.ReplacementChar ||
		r != emojiStyle && unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

const emojiStyle = '\ufe0f'
