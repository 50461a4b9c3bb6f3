package intercomapi

import (
	"html"
	"iter"
	"strings"
	"unicode"
)

// token is a tag, or the text between two tags with its entities resolved.
type token struct {
	text    string
	tag     string // lower case; empty for text
	closing bool
	href    string // of a link
}

func (t token) inline() string {
	switch {
	case t.closing && t.tag != "br":
		return "</" + t.tag + ">"
	case t.tag == "a":
		return `<a href="` + html.EscapeString(t.href) + `" rel="nofollow noopener noreferrer" target="_blank">`
	}
	return "<" + t.tag + ">"
}

// tokens cuts an HTML fragment. Whatever does not look like a tag is text, so
// that "a < b" survives; comments are dropped.
func tokens(fragment string) iter.Seq[token] {
	return func(yield func(token) bool) {
		rest := fragment
		for rest != "" {
			text, tag, after := cutTag(rest)
			if text != "" && !yield(token{text: html.UnescapeString(text)}) {
				return
			}
			if t := parseTag(tag); t.tag != "" && !yield(t) {
				return
			}
			rest = after
		}
	}
}

// cutTag splits off the text before the first tag, and that tag without its
// brackets. Without a tag everything is text.
func cutTag(s string) (text, tag, after string) {
	for i := range len(s) {
		if s[i] != '<' || !startsTag(s[i+1:]) {
			continue
		}
		if comment, ok := strings.CutPrefix(s[i:], "<!--"); ok {
			_, after, _ = strings.Cut(comment, "-->")
			return s[:i], "", after
		}
		end := strings.IndexByte(s[i:], '>')
		if end < 0 {
			break
		}
		return s[:i], s[i+1 : i+end], s[i+end+1:]
	}
	return s, "", ""
}

func startsTag(s string) bool {
	s = strings.TrimPrefix(s, "/")
	return s != "" && (s[0] == '!' || 'a' <= s[0]|0x20 && s[0]|0x20 <= 'z')
}

func parseTag(inner string) token {
	name, closing := strings.CutPrefix(inner, "/")
	end := strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '/' })
	attributes := ""
	if end >= 0 {
		name, attributes = name[:end], name[end:]
	}
	t := token{tag: strings.ToLower(name), closing: closing}
	if t.tag == "a" && !closing {
		t.href = hrefIn(attributes)
	}
	return t
}

func afterHref(attributes string) string {
	const name = "href="
	for i := range len(attributes) - len(name) + 1 {
		if strings.EqualFold(attributes[i:i+len(name)], name) {
			return attributes[i+len(name):]
		}
	}
	return ""
}

// hrefIn is the address among the attributes of a link.
func hrefIn(attributes string) string {
	value := afterHref(attributes)
	if value == "" {
		return ""
	}
	if quote := value[:1]; quote == `"` || quote == `'` {
		value, _, _ = strings.Cut(value[1:], quote)
	} else if fields := strings.Fields(value); len(fields) > 0 {
		value = fields[0]
	}
	return html.UnescapeString(value)
}
