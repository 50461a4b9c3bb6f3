package policies

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

// policy reads the whole file. The order of the keys is that of the documents
// that are made of them.
func (r *fileReader) policy(root *yaml.Node) *Policy {
	p := &Policy{
		Approvals: ApprovalRules{Need: Need{Expires: day, People: 1}, Repeats: NeedsApproval},
		Denials:   DenialRules{Count: 10, Window: time.Hour},
	}
	r.block("", root,
		required("version", "1", "The version of this format.", r.version),
		optional("approvals", "{expires: 24h}", "Who approves what is left to people, and how long they may take.", r.approvals(&p.Approvals)),
		optional("disclosure", "{default: full}", "How much of a decision agents are told. The ledger always holds all of it.", r.disclosure(&p.Disclosure)),
		optional("denials", "{count: 10, window: 1h}", "After so many denials, actions on money in the same conversation, or of the same contact, are denied until fewer are left in the window. Other conversations are not slowed.", r.denials(&p.Denials)).or("{count: 10, window: 1h}"),
		optional("identity", "{claimed: needs_approval}", "How well it must be known who asks. Without this section a claim needs a person, and no contact can be linked to a customer.", func(path string, n *yaml.Node) { p.Identity = r.identity(path, n) }),
		optional("ties", "[{external_id: user_id}, {email: equal}]", "How a contact belongs to a Stripe customer, surest first. Without this key: the attribute stripe_customer_id of the contact, that of its company, then an equal e-mail address. Each item has one of these keys.", r.ties(p)),
		optional("refund", "{window: 30d, currencies: {eur: {auto: 50.00, max: 500.00}}}", "Refunds of payments.", func(path string, n *yaml.Node) { p.Refund = r.refund(path, n) }),
		optional("credit", "{currencies: {eur: {auto: 10.00, max: 100.00}}}", "Money off invoices to come, given out of goodwill.", func(path string, n *yaml.Node) { p.Credit = r.credit(path, n) }),
		optional("cancel", "{at_period_end: allow, keep: allow}", "Ending subscriptions, and taking back that they end.", func(path string, n *yaml.Node) { p.Cancel = r.cancel(path, n) }),
		optional("discount", "{coupons: [STAY20], currencies: {eur: {auto: 50.00, max: 200.00}}}", "Discounts on subscriptions.", func(path string, n *yaml.Node) { p.Discount = r.discount(path, n) }),
		optional("retry", "{currencies: {eur: {auto: 50.00, max: 500.00}}}", "Paying open invoices again with the customer's card, after the card was fixed.", func(path string, n *yaml.Node) { p.Retry = r.retry(path, n) }),
		optional("reply", "{max_chars: 4000}", "Replies to customers. The same section lets the agent write internal notes, and close, open or snooze a conversation.", func(path string, n *yaml.Node) { p.Reply = r.reply(path, n) }),
		optional("tag", "{allow: [billing]}", "Tags of conversations.", func(path string, n *yaml.Node) { p.Tag = r.tag(path, n) }),
		optional("segment", "{allow: [card-expiring], max: 5000}", "Tagging all contacts of a segment at once.", func(path string, n *yaml.Node) { p.Segment = r.segment(path, n, p) }),
		optional("contact", "{create: allow}", "Creating contacts, and setting their attributes.", func(path string, n *yaml.Node) { p.Contact = r.contact(path, n, p) }),
		optional("lookup", "{customers: 30}", "Looking for customers outside a conversation.", func(path string, n *yaml.Node) { p.Lookup = r.lookup(path, n) }),
		// After the sections: only what they limit can be summed.
		optional("budgets", "[{of: [refund, credit], scope: customer, window: 90d, sum: {eur: 500.00}}]", "Budgets that several sections share.", func(path string, n *yaml.Node) { p.Budgets = r.sharedBudgets(path, n, p.limited()) }),
		optional("breaker", "{window: 24h, sum: {eur: 5000.00}}", "The most that all money together may come to. Once it is used up, every action on money waits for a person, until an approver releases the breaker.", func(path string, n *yaml.Node) { p.Breaker = r.breaker(path, n, p.limited()) }))
	return p
}

func (r *fileReader) version(path string, n *yaml.Node) {
	if r.outline.value(path, kindWord, "1") {
		return
	}
	if text, ok := r.text(path, n, "1"); ok && text != "1" {
		r.at(n, "version: this server reads version 1, got %q", text)
	}
}

func (r *fileReader) approvals(a *ApprovalRules) reader {
	return func(path string, n *yaml.Node) {
		people := int64(a.People)
		r.block(path, n,
			optional("expires", "24h", "Nobody approved by then: the action is dropped, and the agent is told.", r.span(&a.Expires)).or("24h"),
			optional("role", "support-lead", "The role an approver must have. Without it, every approver may approve.", r.named("role", &a.Role)),
			optional("people", "1", "How many different people must approve. Whoever asked for an action never counts.", r.number(&people, maxPeople)).or("1"),
			optional("repeats", "needs_approval", "Doing again on purpose what was done.", r.effect(&a.Repeats, NeedsApproval, Allow, Deny)).or("needs_approval"),
			optional("without_conversation", "approval", "Money that is asked for outside a conversation, by telephone for instance. The approval then names who verified the caller. Without this key it is denied.", r.word([]string{"deny", "approval"}, func(text string) {
				if a.WithoutConversation = Deny; text == "approval" {
					a.WithoutConversation = NeedsApproval
				}
			})).or("deny"),
			optional("notes", "{admins: [\"8002\"], up_to: {eur: 100.00}}", "Who may approve by an internal note in Intercom, and up to which amount. Above it, and without this key, no note counts.", func(path string, n *yaml.Node) { a.Notes = r.notes(path, n) }),
			optional("hand_to", "Billing", "The team in Intercom that gets a conversation when an action on money there was rejected, expired, went stale, or has an unknown outcome. A note says so in any case.", r.named("team", &a.HandTo)),
			optional("bands", "[{over: {eur: 200.00}, role: finance, people: 2}]", "Stricter approvals for larger amounts.", func(path string, n *yaml.Node) {
				r.list(path, n, func(path string, n *yaml.Node) { a.Bands = append(a.Bands, r.band(path, n)) })
			}))
		a.People = int(people)
	}
}

func (r *fileReader) notes(path string, n *yaml.Node) *NoteRules {
	rules := &NoteRules{UpTo: map[money.Currency]int64{}}
	r.block(path, n,
		required("admins", "[\"8002\"]", "The ids in Intercom of those whose notes count.", func(path string, n *yaml.Node) {
			r.names("admin", &rules.Admins)(path, n)
			noID := func(id string) bool { return strings.Trim(id, "0123456789") != "" }
			if n != nil && (len(rules.Admins) == 0 || slices.ContainsFunc(rules.Admins, noID)) {
				r.at(n, "%s: name at least one admin, each by the digits of the id", path)
			}
		}),
		required("up_to", "{eur: 100.00}", "Up to how much a note suffices.", func(path string, n *yaml.Node) {
			r.currencies(path, n, func(path string, _ *yaml.Node, c money.Currency, n *yaml.Node) {
				m, _ := r.amount(path, n, c)
				rules.UpTo[c] = m.Minor
			})
		}))
	return rules
}

// maxPeople is more approvers than any company asks for.
const maxPeople = 10

func (r *fileReader) band(path string, n *yaml.Node) Band {
	b := Band{Over: map[money.Currency]int64{}}
	var people int64
	r.block(path, n,
		required("over", "{eur: 200.00}", "The band holds for more than this.", func(path string, n *yaml.Node) {
			r.currencies(path, n, func(path string, _ *yaml.Node, c money.Currency, n *yaml.Node) {
				m, _ := r.amount(path, n, c)
				b.Over[c] = m.Minor
			})
		}),
		optional("role", "finance", "The role an approver must have.", r.named("role", &b.Role)),
		optional("people", "2", "How many different people must approve.", r.number(&people, maxPeople)),
		optional("expires", "4h", "How long they may take.", r.span(&b.Expires)))
	b.People = int(people)
	return b
}

func (r *fileReader) disclosure(d *DisclosureRules) reader {
	levels := []string{Full.String(), Hint.String(), Code.String()}
	level := func(into *Disclosure) reader {
		return r.word(levels, func(text string) { _ = into.UnmarshalText([]byte(text)) })
	}
	return func(path string, n *yaml.Node) {
		r.block(path, n,
			optional("default", "full", "full: every rule with limits and amounts. hint: the rules that stand against an action, and what to do. code: only whether it is allowed.", level(&d.Default)).or("full"),
			optional("principals", "{fin: hint}", "Another level for single agents, by their names.", func(path string, n *yaml.Node) {
				r.free(path, n, func(key string, n *yaml.Node) {
					var l Disclosure
					level(&l)(join(path, key), n)
					if d.Principals == nil {
						d.Principals = map[Principal]Disclosure{}
					}
					d.Principals[Principal(key)] = l
				})
			}))
	}
}

func (r *fileReader) denials(d *DenialRules) reader {
	return func(path string, n *yaml.Node) {
		r.block(path, n,
			required("count", "10", "How many denials.", r.number(&d.Count, 1000)),
			required("window", "1h", "In how much time.", r.span(&d.Window)))
	}
}

// free goes through a block whose keys other systems define.
func (r *fileReader) free(path string, n *yaml.Node, each func(key string, n *yaml.Node)) {
	if r.outline.currencies(path, func(string) { each(anyKey, nil) }) {
		return
	}
	r.pairs(path, n, func(key, n *yaml.Node) {
		if key.Value == "" || len(key.Value) > longest || key.ShortTag() != "!!str" {
			r.at(key, "%s: the key %q must be a name; write it in quotes", path, shorten(key.Value))
			return
		}
		each(key.Value, n)
	})
}
