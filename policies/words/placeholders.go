package words

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The kinds of placeholders.
const (
	CardUpdate = "card_update" // where the customer gives a new card
	Invoice    = "invoice"     // where they read and pay an invoice
	Receipt    = "receipt"     // where they read the receipt of a charge
)

// Placeholder stands in a text for the address of a page, which is put there when
// the text is sent.
type Placeholder struct {
	Text string // as it stands in the text: "{invoice:in_1}"
	Kind string
	ID   string // of the invoice or the charge; "" for CardUpdate
}

// placed is a placeholder with its place in a text, or what looks like one and
// cannot be filled in.
type placed struct {
	Placeholder
	start, end int
	bad        bool
}

// Placeholders are those that a text has, each once.
func (t Text) Placeholders() []Placeholder { return t.placeholders }

// Fill puts an address in the place of each placeholder, by its text. It refuses an
// address that is missing, or that [Masked] would not hide from whoever reads the
// text later.
func Fill(s string, addresses map[string]string) (string, error) {
	var wrong error
	filled := replaced(s, func(p Placeholder) string {
		address := addresses[p.Text]
		switch {
		case address == "":
			wrong = fmt.Errorf("%s has no address", p.Text)
		case !opens(address) || Masked(address) != Link:
			wrong = fmt.Errorf("%s has an address that is no page of Stripe's", p.Text)
		}
		return address
	})
	if wrong != nil {
		return "", wrong
	}
	return filled, nil
}

// Unaddressed is a text with [Link] for each placeholder and for each address that
// may stand in its place: a text before and after Fill is the same in this form.
func Unaddressed(s string) string {
	return Masked(replaced(s, func(Placeholder) string { return Link }))
}

// replaced puts something in the place of every placeholder that can be filled in.
func replaced(s string, by func(Placeholder) string) string {
	var b strings.Builder
	at := 0
	for _, p := range braces(s) {
		if !p.bad {
			b.WriteString(s[at:p.start])
			b.WriteString(by(p.Placeholder))
			at = p.end
		}
	}
	b.WriteString(s[at:])
	return b.String()
}

// placeholders are the good ones of a text, each once, and the bad ones.
func placeholders(s string) (good []Placeholder, bad []string) {
	for _, p := range braces(s) {
		switch {
		case p.bad:
			bad = append(bad, p.Text)
		case !slices.Contains(good, p.Placeholder):
			good = append(good, p.Placeholder)
		}
	}
	return good, bad
}

// braces finds what stands in braces and is meant to be filled in.
func braces(s string) []placed {
	var out []placed
	for at := 0; ; {
		i := strings.IndexByte(s[at:], '{')
		if i < 0 {
			return out
		}
		start := at + i
		inside, end := s[start+1:], len(s)
		closed := false
		if n := strings.IndexAny(inside, "{}\n"); n >= 0 {
			closed = inside[n] == '}'
			inside, end = inside[:n], start+1+n
		}
		if closed {
			end++
		}
		if p, ok := placedAt(s, start, end, inside, closed); ok {
			out = append(out, p)
		}
		at = max(end, start+1)
	}
}

// placedAt reads what follows a brace. Anything that names a known kind is meant as
// a placeholder, however it is written; of other names only a single word is.
func placedAt(s string, start, end int, inside string, closed bool) (placed, bool) {
	name, id, given := strings.Cut(inside, ":")
	p := placed{Placeholder: Placeholder{Text: s[start:end], Kind: strings.ToLower(strings.TrimSpace(name)), ID: id}, start: start, end: end}
	switch p.Kind {
	case CardUpdate:
		p.bad = given
	case Invoice, Receipt:
		p.bad = !given || !plainID(id)
	default:
		p.bad = true
		return p, closed && templateName(name) && !strings.ContainsFunc(id, unicode.IsSpace)
	}
	p.bad = p.bad || !closed || name != p.Kind || !alone(s, start, end)
	return p, true
}

// alone reports whether nothing that could become part of an address touches the
// place from start to end.
func alone(s string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:start])
	behind := strings.TrimLeft(s[end:], ".,;:!?)")
	after, _ := utf8.DecodeRuneInString(behind)
	return (start == 0 || before == '(' || unicode.IsSpace(before)) && (behind == "" || unicode.IsSpace(after))
}

func plainID(s string) bool {
	return s != "" && len(s) <= longestID && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && (r >= utf8.RuneSelf || !alnum(byte(r)))
	})
}

// templateName reports whether a word is such as templates have: "first_name".
func templateName(s string) bool {
	return s != "" && letterByte(s[0]) && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '.' && r != '-' && (r >= utf8.RuneSelf || !alnum(byte(r)))
	})
}

// Filling is the check of what is to be filled in.
func (t Text) Filling() Problem {
	return Problem{
		"placeholders", len(t.unfillable), "the text has what cannot be filled in: " + quote(t.unfillable),
		"there are only {card_update}, {invoice:in_…} and {receipt:ch_…}, with an id of this customer's; put a space before it, and behind it a space or the mark that ends the sentence",
	}
}
