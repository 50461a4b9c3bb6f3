package tools

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// room is how much an answer can still hold, by weight. A byte of JSON weighs one,
// and two outside ASCII, where hostile text can have a token in every byte. In
// ASCII such text has about two in three bytes, and English one in four or five.
type room int

// The rooms of an answer and of its parts, whatever is in them. They keep an
// answer below 8,000 tokens.
const (
	answerRoom  room = 11_000
	billingRoom room = 5000
	messageRoom room = 2500 // the text of a message among others
	pieceRoom   room = 8500 // a text that is read on its own
	nameRoom    room = 700  // what is merely named: tags, attachments
)

// take makes room for v, and reports whether there was enough.
func (r *room) take(v any) bool {
	w := weigh(v)
	if w > *r {
		return false
	}
	*r -= w
	return true
}

// weigh is the weight of v with the comma behind it.
func weigh(v any) room {
	b, _ := json.Marshal(v) // what cannot be encoded fails as an answer
	w := room(len(b)) + 1
	for _, c := range b {
		if c >= utf8.RuneSelf {
			w++
		}
	}
	return w
}

// weightOf is the weight of a character in JSON text.
func weightOf(r rune) room {
	switch {
	case r == '"', r == '\\', r == '\n', r == '\r', r == '\t', r == '\b', r == '\f':
		return 2
	case r < ' ', r == '<', r == '>', r == '&', r == '\u2028', r == '\u2029':
		return 6
	case r < utf8.RuneSelf:
		return 1
	}
	return room(2 * utf8.RuneLen(r))
}

// holds is the beginning of text that fits, one character at least. It ends behind
// a line where there is one to end in its second half.
func (r room) holds(text string) string {
	end := 0
	for i, c := range text {
		if r -= weightOf(c); r < 0 && i > 0 {
			break
		}
		end = i + utf8.RuneLen(c)
	}
	if end == len(text) {
		return text
	}
	if line := strings.LastIndexByte(text[:end], '\n') + 1; line > end/2 {
		end = line
	}
	return text[:end]
}

// names are those at the front that fit, as labels, and how many are left out.
func (r room) names(all []string) (shown []string, omitted int) {
	shown = make([]string, 0, len(all))
	for i, name := range all {
		name = label(name, maxLabel)
		if !r.take(name) {
			return shown, len(all) - i
		}
		shown = append(shown, name)
	}
	return shown, 0
}

// piece is what r holds of a text from p on, with the cursor to the rest, "" when
// there is none.
func (r room) piece(text string, p place) (string, cursor) {
	rest := text[p.From:]
	piece := r.holds(rest)
	if piece == rest {
		return piece, ""
	}
	p.From += len(piece)
	p.Digest = digest(text)
	return piece, p.cursor()
}

// in makes sure that p is a place in this text, so that pieces of two versions
// are never put together.
func (p place) in(text, tool string) error {
	switch {
	case digest(text) != p.Digest:
		return outdated(tool, "the text")
	case p.From >= len(text) || !utf8.RuneStart(text[p.From]):
		return strayCursor(tool)
	}
	return nil
}
