package main

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// unshown reports what no output of a command may hold, line breaks apart.
func unshown(r rune) bool {
	return r != '\n' && r != ' ' && !unicode.IsGraphic(r)
}

func TestVisibleTextShowsWhatATerminalWouldHideOrObey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, visible, oneLine string }{
		{"ordinary text stays", "Grüße, 日本 – 12.50 €", "Grüße, 日本 – 12.50 €", "Grüße, 日本 – 12.50 €"},
		{"line breaks stay, and cannot leave a line", "a\nb", "a\nb", "a<U+000A>b"},
		{"carriage returns overwrite", "safe\revil", "safe<U+000D>evil", "safe<U+000D>evil"},
		{"tabs cannot open a column", "a\tb", "a\tb", "a b"},
		{"escape sequences", "\x1b[2J\x1b]0;title\x07", "<U+001B>[2J<U+001B>]0;title<U+0007>", "<U+001B>[2J<U+001B>]0;title<U+0007>"},
		{"C1 controls are escape sequences, too", "\u009b2J", "<U+009B>2J", "<U+009B>2J"},
		{"direction marks", "\u202e12\u202c \u2066x\u2069", "<U+202E>12<U+202C> <U+2066>x<U+2069>", "<U+202E>12<U+202C> <U+2066>x<U+2069>"},
		{"zero width characters", "re\u200bfund\ufeff", "re<U+200B>fund<U+FEFF>", "re<U+200B>fund<U+FEFF>"},
		{"line and paragraph separators", "a\u2028b\u2029c", "a<U+2028>b<U+2029>c", "a<U+2028>b<U+2029>c"},
		{"language tags", "\U000e0041", "<U+E0041>", "<U+E0041>"},
		{"fillers are letters without a shape", "a\u3164b\u115fc\u034f", "a<U+3164>b<U+115F>c<U+034F>", "a<U+3164>b<U+115F>c<U+034F>"},
		{"selectors can carry hidden bytes", "a\U000e0101", "a<U+E0101>", "a<U+E0101>"},
		{"emoji keep their colour", "❤\ufe0f", "❤\ufe0f", "❤\ufe0f"},
		{"unassigned characters", "\u058c", "<U+058C>", "<U+058C>"},
		{"private characters", "\ue000", "<U+E000>", "<U+E000>"},
		{"broken UTF-8", "a\xffb\xc3", "a<U+FFFD>b<U+FFFD>", "a<U+FFFD>b<U+FFFD>"},
		{"vertical tabs and form feeds break lines", "a\vb\fc", "a<U+000B>b<U+000C>c", "a<U+000B>b<U+000C>c"},
		{"backspaces delete", "no\b\byes", "no<U+0008><U+0008>yes", "no<U+0008><U+0008>yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := visible(c.text); got != c.visible {
				t.Errorf("visible: %q, want %q", got, c.visible)
			}
			if got := oneLine(c.text); got != c.oneLine {
				t.Errorf("oneLine: %q, want %q", got, c.oneLine)
			}
		})
	}
}

func FuzzVisibleTextIsShownAsItIs(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[31m", "\u202e", "a\nb\tc", "\xff\xfe", "\u009b", "\u00ad", "\u058c", "\u115f\u3164\u2800", "\ufe0f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := oneLine(s)
		if !utf8.ValidString(line) || strings.ContainsAny(line, "\n\r\t") || strings.ContainsFunc(line, unshown) {
			t.Fatalf("%q is shown as %q", s, line)
		}
		if got := visible(visible(s)); got != visible(s) {
			t.Fatalf("%q: visible text changes again, to %q", s, got)
		}
		if strings.Count(visible(s), "\n") != strings.Count(s, "\n") {
			t.Fatalf("%q lost or won a line", s)
		}
	})
}
