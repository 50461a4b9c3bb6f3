package words

import "strings"

// The companions that make a verb one about money that comes back.

// givesBack reports whether the verb at i returns money: "credited to you",
// "reversed the charge", but not "credited to your invoice" or "returned the form".
func (c clause) givesBack(i int) bool {
	switch stem, _ := englishForm(c.low(i)); stem {
	case "credit":
		return (c.any(enPlace|enMoney) || c.amount(0, len(c.words)) || c.at(i+1)&(enYour|enBack) != 0) && !c.elsewhere(i)
	case "return":
		return c.low(0) == "everything" || c.money() && c.towards(i) || c.money() && !c.any(enInside|enPlace) && c.any(enYour|enArticle) && !c.has(i, len(c.words), enPrep)
	}
	return c.any(enCharge) || c.money() || c.pronoun(i)
}

// elsewhere knows where money is credited without leaving the company.
func (c clause) elsewhere(i int) bool {
	for j := i + 1; j < len(c.words); j++ {
		switch c.low(j) {
		case "next":
			return true
		case "invoice", "invoices", "subscription", "plan":
			if c.has(j-3, j, enTo) || c.low(j-2) == "against" || c.low(j-2) == "towards" {
				return true
			}
		}
	}
	return false
}

func (c clause) money() bool { return c.any(enMoney) || c.amount(0, len(c.words)) }

// pronoun reports whether "it" or "that" is the verb's object or subject.
func (c clause) pronoun(i int) bool {
	return c.low(0) == "it" || c.low(i+1) == "it" || c.low(i+1) == "them" || c.low(i+1) == "everything" || c.low(i+1) == "that"
}

// towards reports whether something goes from the verb at i to the customer, or back.
func (c clause) towards(i int) bool {
	for j := i + 1; j < len(c.words); j++ {
		if c.at(j)&enBack != 0 || c.at(j)&(enPlace|enYour) != 0 && c.has(j-4, j, enTo) || c.at(j)&(enPlace|enYour) != 0 && c.placed(j) {
			return true
		}
	}
	return false
}

// placed reports whether "in", "on" or "into" stands before the place at j.
func (c clause) placed(j int) bool {
	for k := j - 1; k >= 0 && k >= j-3; k-- {
		switch c.low(k) {
		case "in", "into", "onto", "on", "with", "towards":
			return true
		}
	}
	return false
}

// sends reports whether the verb at i moves money: back, or to the customer.
func (c clause) sends(i int) bool {
	if c.low(i+1) == "you" && c.low(i+2) == "back" {
		return true
	}
	if !c.money() && !c.pronoun(i) || c.any(enCharge) && c.last(len(c.words), enBack) < 0 && c.low(c.last(len(c.words), enPlace)) == "bank" {
		return false
	}
	for j := i + 1; j < len(c.words) && j <= i+7; j++ {
		if c.at(j)&enBack != 0 && c.low(i) != "get" && !c.any(enCompound) {
			return true
		}
	}
	before := c.has(0, i, enMoney) || c.amount(0, i)
	return (before || c.object(i)) && (c.towards(i) || c.low(i+1) == "you" && c.object(i))
}

// object reports whether money is what the verb at i moves.
func (c clause) object(i int) bool {
	for j := i + 1; j < len(c.words); j++ {
		switch g := c.at(j); {
		case g&enMoney != 0 && c.at(j+1)&enCompound == 0:
			return c.low(j+1) != "link" && c.low(j+1) != "details" && c.low(j+1) != "reminder" && c.low(j+1) != "confirmation"
		case c.amount(j, j+1):
			return true
		case g&(enYour|enArticle|enHelper) == 0:
			return false
		}
	}
	return false
}

// refundNoun is where a noun for a refund stands between i and j; -1 is nowhere. "Refund
// policy" is none.
func (c clause) refundNoun(i, j int) int {
	for k := max(0, i); k < min(j, len(c.words)); k++ {
		g := c.at(k)
		credit := c.low(k) == "credit" && c.at(k-1)&enArticle != 0 && c.low(k+1) != "card" && c.any(enPlace) && !c.elsewhere(k)
		noun := credit || g&enRefunds != 0 || g&enRefund != 0 && g&(enPast|enIng|enThird) == 0 && !c.verb(k)
		if noun && !c.compound(k) {
			return k
		}
	}
	return -1
}

func (c clause) compound(k int) bool {
	return c.at(k+1)&enCompound != 0 || c.low(k-1) == "non" || c.low(k+1) == "for" && c.low(k+2) == "help"
}

// performs reports whether the verb or state at i is of a refund.
func (c clause) performs(i int) bool {
	if c.at(i)&enHand != 0 && c.has(0, len(c.words), enInside) && !c.has(0, i, enInside) {
		return false // handed on to a colleague, or for approval
	}
	if k := c.refundNoun(0, i); k >= 0 {
		return c.specific(k, i)
	}
	if c.at(i)&enState != 0 && c.at(i)&enPerform == 0 {
		return false
	}
	if k := c.refundNoun(i+1, len(c.words)); k >= 0 {
		return !c.has(i+1, k, enPrep|enCompound)
	}
	return c.granted(i)
}

// specific reports whether the refunds at k are somebody's, or already made:
// "refunds are processed within a week" is said of nobody.
func (c clause) specific(k, i int) bool {
	if c.at(k)&enRefunds == 0 || c.has(k-2, k, enYour|enArticle) {
		return c.has(max(0, k-2), k, enYour) || !c.any(enUsually)
	}
	group, _ := c.group(i)
	return group&enHave != 0 || c.has(k, i, enHave) || c.low(i-1) == "were"
}

// undergoes reports whether the unknown verb at i says what was done to somebody's
// refund: whatever it is, it is taken for a refund that is made, unless it is known to
// be something else.
func (c clause) undergoes(i int) bool {
	group, _ := c.group(i)
	k := c.refundNoun(0, i)
	if !strings.HasSuffix(c.low(i), "ed") || group&(enWas|enHave) == 0 || k < 0 || !c.has(k-2, k, enYour|enArticle) || c.has(k-1, k, enPrep) || c.has(k, i, enWe) {
		return false
	}
	switch c.low(i) {
	case "reviewed", "checked", "considered", "discussed", "escalated", "denied", "delayed", "blocked", "limited", "required", "needed", "calculated", "explained", "described",
		"noted", "related", "assigned", "investigated", "missed", "disputed", "cancelled", "canceled", "examined", "assessed", "evaluated", "paused", "stopped", "postponed", "verified",
		"answered", "excluded", "offered", "proposed", "suggested", "supposed", "wanted", "intended", "inspected", "looked", "estimated", "referred", "flagged", "received":
		return false
	}
	return true
}

// granted knows "your refund request was approved" and "the refund process was started".
func (c clause) granted(i int) bool {
	for k := 0; k+1 < len(c.words); k++ {
		if c.at(k)&enRefund == 0 || c.at(k+1)&enCompound == 0 || c.at(i)&enPast == 0 || k > i && c.has(i+1, k, enPrep) {
			continue
		}
		stem, _ := englishForm(c.low(i))
		switch c.low(k + 1) {
		case "request", "requests", "case":
			return stem == "approv" || stem == "grant" || stem == "accept" || stem == "complet" || stem == "process" || stem == "finaliz"
		case "process", "procedure":
			return c.at(i)&enHand == 0
		}
	}
	return false
}

// reaches reports whether a refund, or money that comes back, is what arrives or
// is received at i.
func (c clause) reaches(i int) bool {
	if k := c.refundNoun(i+1, len(c.words)); k >= 0 && !c.has(i+1, k, enPrep|enCompound|enAsk|enMaybe|enHave|enBe) {
		return c.specific(k, i)
	}
	if k := c.refundNoun(0, i); k >= 0 && c.specific(k, i) {
		return true
	}
	return c.comesBack(i)
}

// comesBack knows "you will get your money back" and "the money will reach your account".
func (c clause) comesBack(i int) bool {
	if group, _ := c.group(i); c.low(i) == "left" {
		return group&enHave != 0 && c.has(0, i, enMoney) && (c.low(i+1) == "our" || c.low(i+1) == "us")
	}
	money := c.money() || c.pronoun(i) && c.any(enPlace)
	_, start := c.group(i)
	for j := i - 3; j < len(c.words); j++ {
		aimless := c.low(j+1) == "to" && c.at(start-1)&enWe != 0
		again := c.low(j) == "again" && !c.any(enCharge) && c.any(enPlace)
		if (c.at(j)&enBack != 0 || again) && money && !aimless {
			return true
		}
	}
	cash := false
	for _, w := range c.words {
		cash = cash || w.low == "money" || w.low == "funds" || w.low == "cash" || w.low == "sum" || w.low == "it"
	}
	return (cash || c.amount(0, len(c.words)) && !c.any(enCharge)) && c.any(enPlace) && c.any(enYour) && !c.any(enWe)
}

// will knows "you will have your money" and "you can look forward to your refund".
func (c clause) will(i int) bool {
	group, _ := c.group(i)
	refund := c.refundNoun(i+1, i+6) > 0 && !c.has(i+1, c.refundNoun(i+1, i+6), enPrep|enCompound)
	if c.low(i) == "forward" {
		return c.low(i-1) == "look" && refund
	}
	return c.low(i) == "have" && group&(enWill|enShould) != 0 && c.has(0, i, enYour) && (refund || c.object(i))
}

// subject reports whether a refund or money is what the clause is about.
func (c clause) subject(i int) bool {
	return c.refundNoun(0, i) >= 0 || c.has(0, i, enMoney) || c.amount(0, i) || c.low(0) == "it" && c.any(enPlace)
}

// onItsWay judges "the money is on its way".
func (c clause) onItsWay(i int) kind {
	if !c.subject(i) || c.negated(i) || c.any(enMaybe) {
		return nothing
	}
	return coming
}

// atPlace judges "the money is in your account" and "the refund will be with you".
func (c clause) atPlace(i int) kind {
	if !c.placed(i) || c.negated(i) || c.any(enMaybe|enUsually) || !c.has(0, i, enBe|enWas|enWill|enShould) {
		return nothing
	}
	back := c.has(0, i, enBack) && c.subject(i)
	refund := c.refundNoun(0, i) >= 0 && c.bare(c.refundNoun(0, i), i)
	cash := c.has(0, i, enMoney) && !c.has(0, i, enCharge) && c.bare(c.last(i, enMoney), i)
	if back || refund || cash {
		return coming
	}
	return nothing
}

func (c clause) last(i int, t tag) int {
	for i--; i >= 0 && c.at(i)&t == 0; i-- {
	}
	return i
}

// bare reports whether nothing but auxiliaries stands between a noun and a place,
// so that "the refund is with my colleague" has no other verb.
func (c clause) bare(k, i int) bool {
	for j := k + 1; j < i; j++ {
		switch c.low(j) {
		case "in", "into", "onto", "on", "with", "of", "amount":
			continue
		}
		if !c.words[j].number && c.at(j)&(enBe|enWas|enWill|enShould|enHave|enHelper|enYour|enArticle|enPlace) == 0 && len(currencyOf(c.low(j))) == 0 {
			return false
		}
	}
	return true
}
