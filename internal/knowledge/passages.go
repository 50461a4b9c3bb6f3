package knowledge

import (
	"strings"
	"unicode"
)

// passageWords is how long a passage gets. Much longer ones let one good
// sentence drown, much shorter ones tear apart what belongs together.
const passageWords = 150

// passage is a piece of one section's own text, the unit that is searched.
type passage struct {
	section int    // in its document's Sections
	text    string // without the heading's line
}

// passagesOf cuts a document at its headings, and long sections further. A
// heading with nothing but further headings below it makes none: those carry
// its words in their path.
func passagesOf(doc Document) []passage {
	var out []passage
	for i, s := range doc.Sections {
		end := s.End
		parent := i+1 < len(doc.Sections) && doc.Sections[i+1].Start < end
		if parent {
			end = doc.Sections[i+1].Start
		}
		pieces := cutPassages(ownText(doc.Body[s.Start:end], s.Slug != ""))
		if len(pieces) == 0 && !parent {
			pieces = []string{""} // the heading is all there is to find
		}
		for _, piece := range pieces {
			out = append(out, passage{section: i, text: piece})
		}
	}
	return out
}

func ownText(text string, headed bool) string {
	if headed {
		text = text[len(firstLine(text)):]
	}
	return strings.TrimSpace(text)
}

// cutPassages cuts text into pieces of at most passageWords words, at the end
// of a line where there is one.
func cutPassages(text string) []string {
	var out []string
	for text != "" {
		piece := firstWords(text, passageWords)
		if piece != text {
			if end := strings.LastIndexByte(piece, '\n'); end >= 0 {
				piece = piece[:end]
			}
		}
		out = append(out, strings.TrimSpace(piece))
		text = strings.TrimSpace(text[len(piece):])
	}
	return out
}

// firstWords is text up to the word after the limit.
func firstWords(text string, limit int) string {
	words, inside := 0, false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if !space && !inside {
			if words == limit {
				return text[:i]
			}
			words++
		}
		inside = !space
	}
	return text
}
