package intercom

import (
	"html"
	"strings"
	"unicode"

	"supportmcp/policies"
)

// clean is the one place where text from Intercom is made fit to be read by a
// model: no control characters but the line break, nothing invisible, and
// nothing that makes text read in another order than it is written.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\u2028', r == '\u2029', r == '\r':
			return '\n'
		case r == '\t':
			return ' '
		case r == '\u200c', r == '\u200d': // joiners: Persian, Hindi and emoji need them
			return r
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
}

// toHTML builds the body of a message from plain text: paragraphs at empty
// lines, breaks at line ends. Nothing in the text can become markup.
func toHTML(text string) string {
	var body strings.Builder
	var lines []string
	paragraph := func() {
		if len(lines) > 0 {
			body.WriteString("<p>" + strings.Join(lines, "<br>") + "</p>")
		}
		lines = nil
	}
	for line := range strings.SplitSeq(clean(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			paragraph()
			continue
		}
		lines = append(lines, html.EscapeString(line))
	}
	paragraph()
	return body.String()
}

// sameText reports whether a body, as Intercom keeps it, says what we meant to
// say. White space does not count: Intercom rearranges it. Nor does which page of
// Stripe's a placeholder was filled with: that differs each time one is asked for.
func sameText(body, text string) bool {
	apart := strings.ReplaceAll(body, "<", "\n<") // no address goes on behind a tag
	return squeeze(policies.Unaddressed(html.UnescapeString(stripTags(apart)))) == squeeze(policies.Unaddressed(text))
}

func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, clean(s))
}

// stripTags drops whatever begins like a tag, up to its end.
func stripTags(body string) string {
	var text strings.Builder
	for {
		before, tag, found := strings.Cut(body, "<")
		text.WriteString(before)
		if !found {
			return text.String()
		}
		_, after, closed := strings.Cut(tag, ">")
		if !closed || !startsTag(tag) {
			text.WriteString("<")
			after = tag
		}
		body = after
	}
}

func startsTag(s string) bool {
	s = strings.TrimPrefix(s, "/")
	return s != "" && (s[0] == '!' || 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z')
}
