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

// hostile reports whether a character is not what it seems on a terminal: Cc and
// Cf cover escapes, zero-width and bidirectional characters; Zl and Zp break lines.
func hostile(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) || r == unicode.ReplacementChar
}
