package intercom

import (
	"strings"

	"supportmcp/internal/fault"
)

// Ids are checked before they become part of a path. Intercom itself would take
// "last" for a conversation and answer whichever is newest.

func checkConversation(id string) error {
	if isNumber(id) {
		return nil
	}
	return wrongID("conversation", "digits, such as 215470000000001")
}

func checkContact(id string) error {
	if made(id, 24, 24, hexDigit) {
		return nil
	}
	return wrongID("contact", "24 hexadecimal digits")
}

// checkCompany accepts both forms in Intercom's reference: plain hexadecimal and with hyphens.
func checkCompany(id string) error {
	if made(id, 1, 40, func(r rune) bool { return hexDigit(r) || r == '-' }) {
		return nil
	}
	return wrongID("company", "hexadecimal digits, perhaps with hyphens")
}

func checkTagID(id string) error {
	if isNumber(id) {
		return nil
	}
	return wrongID("tag", "digits")
}

// wrongID does not repeat the id: it may be anything a model came up with.
func wrongID(what, form string) error {
	return fault.Invalidf("take the id from an earlier answer; do not make one up", "a %s id must be %s", what, form)
}

func isNumber(id string) bool { return made(id, 1, 20, digit) }

// made reports whether s has between least and most characters, all of one alphabet.
func made(s string, least, most int, of func(rune) bool) bool {
	other := func(r rune) bool { return !of(r) }
	return len(s) >= least && len(s) <= most && strings.IndexFunc(s, other) < 0
}

func digit(r rune) bool    { return '0' <= r && r <= '9' }
func hexDigit(r rune) bool { return digit(r) || 'a' <= r && r <= 'f' }
func visible(r rune) bool  { return '!' <= r && r <= '~' }

// plainWord is what vendor codes, field names and request ids are made of.
func plainWord(r rune) bool {
	return digit(r) || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || strings.ContainsRune("_-.:", r)
}
