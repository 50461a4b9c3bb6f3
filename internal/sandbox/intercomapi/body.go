package intercomapi

import (
	"slices"
	"strings"
	"unicode"
)

// storedBody is a body as Intercom keeps it: loose text wrapped in <p>, the
// html and body wrappers gone, white space normalised, scripts and unknown tags
// removed, attributes removed but for the address of a link.
func storedBody(body string) string {
	var b bodyBuilder
	for t := range tokens(body) {
		b.take(t)
	}
	return b.finish()
}

// bodyBuilder writes the blocks of a stored body one after the other.
type bodyBuilder struct {
	blocks []string        // finished ones
	text   strings.Builder // of the block being written, or of loose text
	within []string        // the open block elements, outermost first
	hidden string          // the element whose content is dropped
}

func (b *bodyBuilder) take(t token) {
	switch {
	case b.hidden != "":
		if t.closing && t.tag == b.hidden {
			b.hidden = ""
		}
	case t.tag == "":
		b.write(t.text)
	case isHidden(t.tag):
		if !t.closing {
			b.hidden = t.tag
		}
	case isBlock(t.tag) && t.closing:
		b.closeBlock(t.tag)
	case isBlock(t.tag):
		b.openBlock(t.tag)
	case isInline(t.tag):
		b.text.WriteString(t.inline())
	case t.tag == "div":
		b.write("\n\n")
	}
}

func (b *bodyBuilder) write(text string) {
	if len(b.within) == 0 {
		b.text.WriteString(escape(text)) // its line breaks decide about paragraphs later
		return
	}
	if strings.TrimSpace(text) == "" && isList(b.within[len(b.within)-1]) {
		return
	}
	b.text.WriteString(escape(squeeze(text)))
}

func (b *bodyBuilder) openBlock(tag string) {
	if len(b.within) == 0 {
		b.flushLoose()
	} else if b.within[len(b.within)-1] == "p" {
		b.closeBlock("p")
	}
	if len(b.within) > 0 {
		b.text.WriteString("\n")
	}
	b.within = append(b.within, tag)
	b.text.WriteString("<" + tag + ">")
}

func (b *bodyBuilder) closeBlock(tag string) {
	if !slices.Contains(b.within, tag) {
		return
	}
	for {
		last := b.within[len(b.within)-1]
		b.within = b.within[:len(b.within)-1]
		if isList(last) {
			b.text.WriteString("\n")
		}
		b.text.WriteString("</" + last + ">")
		if last == tag {
			break
		}
	}
	if len(b.within) == 0 {
		b.blocks = append(b.blocks, b.text.String())
		b.text.Reset()
	}
}

// flushLoose turns text outside any block into paragraphs: an empty line ends
// one, a single line break stays a break.
func (b *bodyBuilder) flushLoose() {
	loose := b.text.String()
	b.text.Reset()
	var lines []string
	paragraph := func() {
		if len(lines) > 0 {
			b.blocks = append(b.blocks, "<p>"+strings.Join(lines, "<br>")+"</p>")
		}
		lines = nil
	}
	for line := range strings.Lines(loose) {
		if line = strings.TrimSpace(squeeze(line)); line == "" {
			paragraph()
			continue
		}
		lines = append(lines, line)
	}
	paragraph()
}

func (b *bodyBuilder) finish() string {
	if len(b.within) > 0 {
		b.closeBlock(b.within[0])
	}
	b.flushLoose()
	return strings.Join(b.blocks, "\n")
}

// plaintext is a stored body as display_as=plaintext shows it: no tags, links
// as "label (url)".
func plaintext(stored string) string {
	var text strings.Builder
	href := ""
	for t := range tokens(stored) {
		switch {
		case t.tag == "" && strings.TrimSpace(t.text) == "" && strings.Contains(t.text, "\n"):
			// Between blocks: the blocks themselves break the lines.
		case t.tag == "":
			text.WriteString(t.text)
		case t.tag == "a" && !t.closing:
			href = t.href
		case t.tag == "a" && href != "":
			text.WriteString(" (" + href + ")")
			href = ""
		case t.tag == "br", t.tag == "li" && t.closing:
			text.WriteString("\n")
		case isBlock(t.tag) && t.closing:
			text.WriteString("\n\n")
		}
	}
	return strings.TrimSpace(atMostOneEmptyLine(text.String()))
}

func atMostOneEmptyLine(s string) string {
	for strings.Contains(s, "\n\n\n") {
		s = strings.ReplaceAll(s, "\n\n\n", "\n\n")
	}
	return s
}

// words are what search knows of a body: its words, in lower case.
func words(stored string) []string {
	return strings.FieldsFunc(strings.ToLower(plaintext(stored)), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

func isHidden(tag string) bool { return tag == "script" || tag == "style" || tag == "head" }

func isList(tag string) bool { return tag == "ul" || tag == "ol" }

func isBlock(tag string) bool {
	return slices.Contains([]string{"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "blockquote"}, tag)
}

func isInline(tag string) bool {
	return slices.Contains([]string{"a", "b", "strong", "i", "em", "u", "code", "br"}, tag)
}

// escape is narrower than html.EscapeString: Intercom leaves quotation marks as they are.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// squeeze makes every run of white space one space.
func squeeze(text string) string {
	var out strings.Builder
	space := false
	for _, r := range text {
		blank := unicode.IsSpace(r)
		if !blank {
			out.WriteRune(r)
		} else if !space {
			out.WriteByte(' ')
		}
		space = blank
	}
	return out.String()
}
