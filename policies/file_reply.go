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
	var most int64
	r.block(path, n, slices.Concat([]field{
		required("max_chars", "4000", "How long a message may be.", r.number(&most, maxChars)),
		optional("links", "{allow: [help.example.com]}", "The hosts that replies may link to, with all below them. Every other link is refused.", r.allowed(&rules.Words.Links, "[help.example.com]", "a host such as help.example.com", words.IsHost)),
		optional("emails", "{allow: [billing@example.com]}", "The addresses, or domains, that replies may name besides the customer's own.", r.allowed(&rules.Words.Emails, "[billing@example.com]", "an address such as billing@example.com, or a domain", words.IsMailbox)),
		optional("ibans", `{allow: ["DE89 3704 0044 0532 0130 00"]}`, "The bank accounts that replies may name.", r.allowed(&rules.Words.IBANs, `["DE89 3704 0044 0532 0130 00"]`, "the number of a bank account (IBAN)", words.IsIBAN)),
	}, r.common(&rules.Section, false), []field{
		optional("budgets", "[{scope: conversation, window: 1h, count: 10}]", "How many replies there may be.", func(path string, n *yaml.Node) {
			rules.Budgets = r.budgets(path, n, KindReply, nil)
		}),
	})...)
	rules.MaxChars = int(most)
	return rules
}

// allowed reads a block of one key, allow, with what may stand in a text.
func (r *fileReader) allowed(into *[]string, example, want string, is func(string) bool) reader {
	entry := func(path string, n *yaml.Node) {
		if r.outline.value(path, kindText) {
			return
		}
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
		r.block(path, n, required("allow", example, "What is allowed.", func(path string, n *yaml.Node) { r.list(path, n, entry) }))
	}
}
