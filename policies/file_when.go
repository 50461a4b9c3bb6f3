package policies

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// common are the keys that every section has. billing says that the section is
// about money, so that its rules can look at what a customer pays for.
func (r *fileReader) common(s *Section, billing bool) []field {
	return []field{
		optional("when", "[{id: vip, tag: [vip], then: needs_approval}]", "Rules that restrict further what they match.", func(path string, n *yaml.Node) {
			r.list(path, n, func(path string, n *yaml.Node) { s.When = append(s.When, r.matcher(path, n, s, billing)) })
		}),
		optional("cite", "kb://policies/refunds.md#window", "The document that explains this section to the agent.", r.citation(&s.Cite)),
	}
}

func (r *fileReader) matcher(path string, n *yaml.Node, s *Section, billing bool) Matcher {
	var m Matcher
	r.block(path, n, append(append([]field{
		required("id", "annual-plans", "The rule's name in decisions and reports.", r.id(&m.ID)),
		required("then", "needs_approval", "What becomes of an action that all conditions match. A rule can only restrict.", r.effect(&m.Then, Deny, NeedsApproval)),
		optional("message", "Annual plans need finance", "What the agent and approvers are told.", r.sentence(&m.Message)),
		optional("cite", "kb://policies/refunds.md#annual", "The document that explains the rule.", r.citation(&m.Cite)),
		optional("mode", "shadow", "shadow: only record what the rule would have said.", r.word([]string{"enforce", "shadow"}, func(text string) { m.Shadow = text == "shadow" })).or("enforce"),
	}, r.conditions(&m)...), r.billing(&m, billing)...)...)
	if n == nil {
		return m
	}
	r.checkMatcher(path, n, m, s)
	return m
}

func (r *fileReader) conditions(m *Matcher) []field {
	return []field{
		optional("channel", "[email]", "Where the conversation came from, as Intercom names it.", r.names("channel", &m.Channels)),
		optional("tag", "[vip]", "Tags of the conversation.", r.names("tag", &m.Tags)),
	}
}

// billing are conditions on what a customer pays for.
func (r *fileReader) billing(m *Matcher, billing bool) []field {
	if !billing {
		return nil
	}
	return []field{
		optional("plan", `[price_1, "Pro"]`, "Prices of the customer's subscriptions, by id or name.", r.names("plan", &m.Plans)),
		optional("interval", "[year]", "How often they are billed: day, week, month or year.", r.intervals(&m.Intervals)),
		optional("product", "[prod_1]", "Products of the customer's subscriptions, by id or name.", r.names("product", &m.Products)),
		optional("metadata", `{segment: "enterprise"}`, "Metadata of the Stripe customer or subscription; all of it must be so.", r.metadata(&m.Metadata)),
		optional("country", `[DE, "NO"]`, "The customer's country, two letters. A customer without one matches.", r.names("country", &m.Countries)),
		optional("older_than", "14d", "The payment is older than this.", r.span(&m.OlderThan)),
	}
}

func (r *fileReader) intervals(into *[]string) reader {
	return func(path string, n *yaml.Node) {
		r.list(path, n, r.word([]string{"day", "week", "month", "year"}, func(text string) { *into = append(*into, text) }))
	}
}

func (r *fileReader) metadata(into *map[string]string) reader {
	return func(path string, n *yaml.Node) {
		*into = map[string]string{}
		r.free(path, n, func(key string, n *yaml.Node) {
			var value string
			r.named("value", &value)(join(path, key), n)
			(*into)[key] = value
		})
	}
}

// id names a rule in decisions, which are kept for good.
func (r *fileReader) id(into *string) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.value(path, kindID) {
			return
		}
		text, ok := r.text(path, n, "a name such as annual-plans")
		if ok && !plainID(text) {
			r.at(n, "%s: %q must be of small letters, digits and hyphens", path, text)
		}
		*into = text
	}
}

// plainID reports whether a text is words of small letters and digits, with one
// hyphen or underscore between them.
func plainID(text string) bool {
	for word := range strings.SplitSeq(strings.ReplaceAll(text, "_", "-"), "-") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

func (r *fileReader) citation(into *string) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.value(path, kindCited) {
			return
		}
		text, ok := r.text(path, n, "a document such as kb://policies/refunds.md#window")
		if ok && !strings.HasPrefix(text, "kb://") {
			r.at(n, "%s: %q is no document; it starts with kb://", path, text)
		}
		*into = text
	}
}

func (r *fileReader) checkMatcher(path string, n *yaml.Node, m Matcher, s *Section) {
	for _, other := range s.When {
		if other.ID == m.ID && m.ID != "" {
			r.at(n, "%s: another rule has the id %q", path, m.ID)
		}
	}
	for _, c := range m.Countries {
		if len(c) != 2 || strings.ToUpper(c) != c {
			r.at(n, "%s.country: %q is no country; want two capital letters such as DE", path, shorten(c))
		}
	}
	if m.unconditional() {
		r.at(n, "%s has no condition: it would match everything; lower auto or max instead", path)
	}
}

// unconditional reports whether a rule matches whatever it is asked.
func (m Matcher) unconditional() bool {
	return len(m.Channels)+len(m.Tags)+len(m.Countries)+len(m.Plans)+len(m.Intervals)+len(m.Products)+len(m.Metadata) == 0 && m.OlderThan == 0
}
