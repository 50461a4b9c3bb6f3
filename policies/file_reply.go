package policies

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"supportmcp/policies/words"
)

// reply reads the section that covers replies, notes and states.
func (r *fileReader) reply(path string, n *yaml.Node) *ReplyRules {
	rules := &ReplyRules{}
	r.block(path, n,
		required("max_chars", func(path string, n *yaml.Node) { rules.MaxChars = int(r.number(path, n, maxChars)) }),
		optional("links", r.allowed(&rules.Words.Links, "a host such as help.example.com", words.IsHost)),
		optional("emails", r.allowed(&rules.Words.Emails, "an address such as billing@example.com, or a domain", words.IsMailbox)),
		optional("ibans", r.allowed(&rules.Words.IBANs, "the number of a bank account (IBAN)", words.IsIBAN)))
	return rules
}

// allowed reads a block of one key, allow, with what may stand in a text.
func (r *fileReader) allowed(into *[]string, want string, is func(string) bool) func(string, *yaml.Node) {
	entry := func(path string, n *yaml.Node) {
		text, ok := r.text(path, n, want)
		switch {
		case !ok:
		case !is(text):
			r.unlike(path, n, want)
		case slices.ContainsFunc(*into, func(a string) bool { return strings.EqualFold(a, text) }):
			r.at(n, "%s: %q is listed twice", path, shorten(text))
		default:
			*into = append(*into, text)
		}
	}
	return func(path string, n *yaml.Node) {
		r.block(path, n, required("allow", func(path string, n *yaml.Node) { r.list(path, n, entry) }))
	}
}
