package knowledge

import (
	"regexp"
	"strings"
	"unicode"
)

// maxQuestion is how long a question is kept, in characters.
const maxQuestion = 160

// Redact makes of a question what may be kept for people who write documents: on
// one line, lower-cased, and without addresses, links, ids and numbers of more than
// three digits. "" is left when too little of it says something.
func Redact(question string) string {
	text := strings.ToLower(oneLine(question))
	for _, personal := range []string{
		`\S*@\S*`,                        // addresses
		`\S*(://|www\.)\S*`,              // links
		`\+?\(?\d[\d ()./-]{4,}\d`,       // telephone, card and account numbers
		`\S*\d{4,}\S*`,                   // what is left of them, and ids
		`\b[a-z]{2,6}_[a-z0-9_]+\b`,      // ids of vendors
		`\b[a-z]{2}\d{2}[a-z0-9 ]{8,}\d`, // IBAN
	} {
		text = regexp.MustCompile(personal).ReplaceAllString(text, "…")
	}
	text = shorten(strings.Join(strings.Fields(text), " "), maxQuestion)
	if !strings.ContainsFunc(text, unicode.IsLetter) {
		return ""
	}
	return text
}
