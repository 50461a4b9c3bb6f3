// Package words owns the reading of a reply before it is sent: what it links to,
// which numbers, ids and secrets it has, and whether it says that money was or
// will be returned. It knows texts and nothing else: no network, no file, no
// clock, no policy. It never decides what may be sent, and it never judges money;
// it compares what a text claims with what it is shown.
package words

import (
	"slices"
	"strconv"
	"strings"

	"supportmcp/internal/money"
)

// Text is a text that was read: what it contains, and what it claims. It is
// immutable and safe for concurrent use.
type Text struct {
	hidden, markup, cards, secrets int
	hosts, ibans                   []string
	emails, ids, lastFours         []string
	claims                         []claim
	placeholders                   []Placeholder
	unfillable                     []string
}

// claim is a passage that says that money was or will be returned.
type claim struct {
	quote   string
	amounts []Amount
	credit  bool // says so of money off invoices to come
}

// Rules says what a text may contain, in the words of a policy file.
type Rules struct {
	Links  []string // hosts; each covers those below it
	Emails []string // addresses, or domains
	IBANs  []string
}

// Own is what belongs to the person who reads the text: facts, never claims.
type Own struct {
	Emails    []string      `json:"emails,omitempty"`     // in lower case
	IDs       []string      `json:"ids,omitempty"`        // of Stripe's objects
	LastFours []string      `json:"last_fours,omitempty"` // of cards and accounts
	Refunds   []money.Money `json:"refunds,omitempty"`    // that Stripe has for them
}

// AddEmail adds an address, in whatever case; the empty one is none.
func (o *Own) AddEmail(address string) {
	if found := emails(plain(address)); len(found) == 1 {
		o.Emails = append(o.Emails, found[0])
	}
}

// Join adds what else belongs to the same person.
func (o *Own) Join(other Own) {
	o.Emails, o.IDs = append(o.Emails, other.Emails...), append(o.IDs, other.IDs...)
	o.LastFours, o.Refunds = append(o.LastFours, other.LastFours...), append(o.Refunds, other.Refunds...)
}

// Problem is what one check found. Found is 0 where all is well. Message may quote the
// text, but no number and no secret.
type Problem struct {
	Check    string // links, emails, …
	Found    int
	Message  string
	NextStep string
}

// Read reads a text. Its cost grows with the length of the text alone.
func Read(s string) Text {
	fillable, unfillable := placeholders(s)
	p := plain(replaced(s, func(Placeholder) string { return Link }))
	all := tokens(p)
	return Text{
		placeholders: fillable, unfillable: unfillable,
		hidden: hidden(s), markup: markup(p), cards: cards(withoutIBANs(p)), secrets: secrets(p),
		hosts: links(p), ibans: ibans(p), emails: emails(p), ids: stripeIDs(p), lastFours: lastFours(all),
		claims: claims(p, all),
	}
}

// withoutIBANs keeps the digits of an account number from being read as a card's.
func withoutIBANs(s string) string {
	out := []byte(s)
	for i := 0; i+15 <= len(s); i++ {
		if (i == 0 || !alnum(s[i-1])) && letterByte(s[i]) && letterByte(s[i+1]) && digitByte(s[i+2]) && iban(s[i:]) != "" {
			out[i+2] = 'x'
		}
	}
	return string(out)
}

// Claims reports whether the text says that money was or will be returned.
func (t Text) Claims() bool { return len(t.claims) > 0 }

// Shown reports whether every such claim is true of what was done: an amount is
// that of one refund or of several together, and without any amount there is at
// least one. What is said of credit can be true of credits as well.
func (t Text) Shown(by Done) bool {
	return !slices.ContainsFunc(t.claims, func(c claim) bool { return !shown(c.amounts, c.by(by)) })
}

// Emails are the addresses in the text, in lower case.
func (t Text) Emails() []string { return t.emails }

// IDs are the ids of Stripe's objects in the text.
func (t Text) IDs() []string { return t.ids }

// LastFours are the ends of card and account numbers in the text.
func (t Text) LastFours() []string { return t.lastFours }

// Mentioned is the part of somebody's own things that the text mentions, with all
// refunds when it claims any.
func (t Text) Mentioned(all Own) Own {
	among := func(own, mentioned []string) []string {
		var out []string
		for _, s := range mentioned {
			if slices.Contains(own, s) {
				out = append(out, s)
			}
		}
		return out
	}
	o := Own{Emails: among(all.Emails, t.emails), IDs: among(all.IDs, t.ids), LastFours: among(all.LastFours, t.lastFours)}
	if t.Claims() {
		o.Refunds = all.Refunds
	}
	return o
}

// Secrets are the checks that hold for every text, whoever reads it.
func (t Text) Secrets() []Problem {
	return []Problem{
		{"cards", t.cards, "the text has the number of a payment card", "leave the number out; its last four digits are enough"},
		{"secrets", t.secrets, "the text has a key, a token or a social security number", "leave it out"},
	}
}

// Check judges all that a text contains for somebody whose own things are given,
// and its claims by what was done in the conversation or by Stripe's refunds: one of
// them must show them all.
func (t Text) Check(r Rules, own Own, done Done) []Problem {
	out := append([]Problem{
		{"characters", t.hidden, "the text has invisible characters, or such as turn its direction", "write it with ordinary letters and marks"},
		{"markup", t.markup, "the text has HTML or an image", "write plain text"},
		t.links(r),
	}, t.Secrets()...)
	return append(out, t.accounts(r), t.mails(r, own), t.foreignIDs(own), t.foreignCards(own), t.Filling(), t.promise(own, done))
}

func (t Text) links(r Rules) Problem {
	bad := slices.DeleteFunc(slices.Clone(t.hosts), func(h string) bool { return under(h, r.Links) })
	return Problem{"links", len(bad), "the text leads to what the policy does not list: " + quote(bad), "leave the link out, or put a space after the full stop if it is none"}
}

func (t Text) accounts(r Rules) Problem {
	allowed := func(n string) bool {
		return slices.ContainsFunc(r.IBANs, func(a string) bool {
			return strings.EqualFold(strings.NewReplacer(" ", "", "-", "").Replace(a), n)
		})
	}
	bad := slices.DeleteFunc(slices.Clone(t.ibans), allowed)
	return Problem{"ibans", len(bad), "the text has the number of a bank account that the policy does not list", "leave it out"}
}

func (t Text) mails(r Rules, own Own) Problem {
	bad := slices.DeleteFunc(slices.Clone(t.emails), func(e string) bool { return slices.Contains(own.Emails, e) || mayMail(e, r.Emails) })
	return Problem{"emails", len(bad), "the text has an e-mail address that is neither the customer's nor in the policy", "leave the address out"}
}

func (t Text) foreignIDs(own Own) Problem {
	bad := slices.DeleteFunc(slices.Clone(t.ids), func(id string) bool { return slices.Contains(own.IDs, id) })
	return Problem{"ids", len(bad), "the text has an id that is not of this customer", "leave the id out; name the payment by its date and amount"}
}

func (t Text) foreignCards(own Own) Problem {
	bad := slices.DeleteFunc(slices.Clone(t.lastFours), func(n string) bool { return slices.Contains(own.LastFours, n) })
	return Problem{"last_four", len(bad), "the text has the last digits of a card that is not this customer's", "leave the digits out, or take them from get_billing_overview of this conversation"}
}

// promise takes what was done in the conversation or, instead, Stripe's refunds: the
// same refund may be among both, and must not count twice.
func (t Text) promise(own Own, done Done) Problem {
	p := Problem{Check: "promise"}
	for _, c := range t.claims {
		if shown(c.amounts, c.by(done)) || shown(c.amounts, own.Refunds) {
			continue
		}
		p.Found++
		if p.Found == 1 {
			p.Message, p.NextStep = c.unshown(slices.Concat(c.by(done), own.Refunds))
		}
	}
	return p
}

// unshown says what is wrong with a claim.
func (c claim) unshown(known []money.Money) (message, next string) {
	said := "the text says that money was or will be returned (" + strconv.Quote(c.quote) + ")"
	if len(known) == 0 {
		return said + ", and no refund is recorded for this customer",
			"refund first with create_refund and answer when it is done; otherwise say that it was passed on, or what is possible"
	}
	return said + ", and no refund, or sum of refunds, of that amount is recorded",
		"name exactly the amount and currency of the receipt, or refund the rest first with create_refund"
}

// quote names a few of the things found.
func quote(found []string) string {
	const most = 3
	text := strings.Join(found[:min(len(found), most)], ", ")
	if runes := []rune(text); len(runes) > 80 {
		text = string(runes[:80]) + "…"
	}
	return text
}

// claims are the passages of a text that say that money was or will be returned.
func claims(p string, all []token) []claim {
	for i := range all {
		all[i].tags = [languages]tag{inEnglish: english(all[i].low), inGerman: german(all[i].low)}
	}
	var out []claim
	topic := false
	for _, s := range sentences(all) {
		s = slices.DeleteFunc(s, func(t token) bool { return t.low[0] == '\n' })
		if len(s) == 0 {
			continue
		}
		for _, words := range claiming(s, topic) {
			out = append(out, claim{excerpt(p, words), amounts(words), credited(s)})
		}
		topic = englishTopic(s) || mentions(s, inGerman, deRefund)
	}
	return out
}

// claiming are the clauses of a sentence that claim, in whatever language.
func claiming(s []token, topic bool) [][]token {
	var out [][]token
	for _, c := range append(englishClaims(s, topic), germanClaims(s, topic)...) {
		out = append(out, withAmount(s, c.words))
	}
	return append(out, foreignClaims(s)...)
}

// withAmount adds what follows a clause in its sentence when that is an amount:
// "we have refunded you: 20 EUR".
func withAmount(s, words []token) []token {
	if len(words) == 0 || len(amounts(words)) > 0 {
		return words
	}
	for i := range s {
		if s[i].start != words[len(words)-1].start {
			continue
		}
		rest := s[i+1:]
		if len(rest) > 1 && mark(rest[0].low) {
			if _, n := amountAt(rest, 1); n > 0 {
				return append(slices.Clone(words), rest[1:1+n]...)
			}
		}
	}
	return words
}

func excerpt(p string, words []token) string {
	const most = 80
	if len(words) == 0 {
		return ""
	}
	runes := []rune(p[words[0].start:words[len(words)-1].end])
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
