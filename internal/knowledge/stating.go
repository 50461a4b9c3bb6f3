package knowledge

import (
	"strings"
	"unicode"
)

// Stating is the address of the section that says a promised value, such as 30 of
// "30d" in "within 30 days", where it is in the text of exactly one section; else
// it is the document's.
func (d Document) Stating(value string) string {
	found, times := -1, 0
	for _, p := range passagesOf(d) {
		if p.section != found && says(p.text, value) {
			found, times = p.section, times+1
		}
	}
	if times != 1 {
		return d.URI
	}
	return uri(d.Source, d.Path, "", d.Sections[found].Slug)
}

// says reports whether a value is among the words of a text. Numbers are equal with
// and without a unit and zero cents.
func says(text, value string) bool {
	value = bare(value)
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !partOfWord(r) && r != '.' && r != '_' }) {
		if bare(word) == value {
			return true
		}
	}
	return false
}

func bare(word string) string {
	word = strings.ToLower(strings.Trim(word, "."))
	if word == "" || !unicode.IsDigit(rune(word[0])) {
		return word
	}
	return strings.TrimSuffix(strings.TrimRight(word, "abcdefghijklmnopqrstuvwxyz"), ".00")
}
