package words

import (
	"slices"
	"strings"
)

// aims knows "to refund": "zu erstatten", "um …".
func (c clause) aims() bool {
	for i := range c.words {
		if c.at(i)&deZu != 0 && (c.low(i) != "zu" || c.at(i+1)&(deGive|deDo|deMove|deArrive|deGiven) != 0) {
			return true
		}
	}
	return false
}

// theBank reports whether the customer's bank gave it back.
func (c clause) theBank() bool {
	for i := range c.words {
		if c.low(i) == "bank" && c.low(i-2) != "an" && c.low(i-2) != "auf" && c.low(i-1) != "zur" {
			return true
		}
	}
	return false
}

// somebodys reports whether the clause is about somebody's money, and not about customers in general.
func (c clause) somebodys() bool {
	return (c.any(deYour) || c.germanSingular() || c.amount(0, len(c.words))) && !c.any(deUsually)
}

// germanSingular knows "der Betrag", "das Geld", "die Zahlung".
func (c clause) germanSingular() bool {
	for i := range c.words {
		if c.at(i)&deArticle != 0 && c.has(i+1, i+3, deMoney|deRefund) && !c.has(i+1, i+3, deRefunds) {
			return true
		}
	}
	return false
}

// separated knows verbs whose prefix stands at the end: "wir überweisen Ihnen den Betrag zurück".
func (c clause) separated() bool {
	money := c.any(deMoney) || c.amount(0, len(c.words))
	for i := range c.words {
		if c.at(i)&(deMove|deArrive) == 0 {
			continue
		}
		if c.has(i+1, len(c.words), deBack) && money && !c.aims() && !c.any(deUsually) {
			return true
		}
	}
	switch last := c.lastWord(); last {
	case "gut":
		return money && c.any(deWe)
	case "zu":
		return money && c.any(deArrive) && c.toYou()
	case "verlassen":
		return c.any(deMoney) && c.any(deHave) && mentionsWord(c.words, "unser")
	case "geld":
		return c.any(deHave) && c.has(len(c.words)-3, len(c.words)-1, deYour) && !c.any(deWe)
	case "wieder", "zurück":
		return money && c.any(deHave) && !c.any(deWe)
	}
	return false
}

func (c clause) lastWord() string {
	for _, w := range slices.Backward(c.words) {
		if w.letters() {
			return w.low
		}
	}
	return ""
}

// supposedlyThere knows "Sie müssten die Erstattung inzwischen erhalten haben".
func (c clause) supposedlyThere() bool {
	last := c.lastWord()
	return (last == "haben" || last == "sein") && (mentionsWord(c.words, "müssten") || mentionsWord(c.words, "müsste")) &&
		c.any(deRefund|deMoney) && (c.any(deArrive) || c.withYou())
}

func mentionsWord(words []token, w string) bool {
	return slices.ContainsFunc(words, func(t token) bool { return t.low == w })
}

// lookedForward knows "Sie können sich auf Ihre Rückzahlung freuen".
func (c clause) lookedForward() bool { return c.lastWord() == "freuen" && c.any(deRefund) }

// germanMoney knows money that moves back, or to the customer.
func (c clause) germanMoney() bool {
	money := c.any(deMoney) || c.amount(0, len(c.words))
	switch {
	case !money && c.low(0) != "es" || c.any(deUsually) || c.aims():
		return false
	case c.any(deWay) && c.any(deBe|deWill|deHave), c.onTheWay():
		return !c.any(deInside)
	case c.any(deMoney) && !c.any(deCharge|deWe) && c.withYou():
		return c.any(deBe|deWill|deShould) && !c.bill()
	case c.any(deUndone):
		return c.any(deCharge) || c.any(deMoney)
	case c.any(deBack) && (c.any(deMoved) || c.any(dePlace) && c.any(deHave|deBe|deWill|deShould|deArrive)):
		return true
	case c.any(deMoved|deMove) && (c.toYou() || c.ownPlace()):
		return c.any(deHave|deBe|deWill|deWe) && !c.bill()
	}
	return c.any(deMoney) && !c.any(deCharge) && c.ownPlace() && c.any(deArrive|deWill|deShould|deBe) && !c.bill()
}

func (c clause) onTheWay() bool {
	for i := range c.words {
		if (strings.HasSuffix(c.low(i), "weg") || c.low(i) == "wege") && c.low(i-2) == "auf" {
			return true
		}
	}
	return false
}

func (c clause) toYou() bool {
	for i := range c.words {
		switch c.low(i) {
		case "ihnen", "dir", "euch":
			return true
		case "an":
			return c.low(i+1) == "sie" || c.low(i+1) == "dich" || c.low(i+1) == "euch"
		}
	}
	return false
}

// ownPlace knows "auf Ihrem Konto", "auf deine Karte".
func (c clause) ownPlace() bool {
	for i := range c.words {
		if c.at(i)&dePlace != 0 && c.has(i-2, i, deYour) {
			return true
		}
	}
	return false
}

// withYou knows "bei Ihnen".
func (c clause) withYou() bool {
	for i := range c.words {
		if c.low(i) == "bei" && (c.low(i+1) == "ihnen" || c.low(i+1) == "dir") {
			return true
		}
	}
	return false
}

// bill knows what is sent about money, and is none.
func (c clause) bill() bool {
	for i := range c.words {
		switch c.low(i) {
		case "rechnung", "guthaben", "link", "zahlungslink", "beleg", "quittung", "e-mail", "mail", "übersicht", "nachweis", "bestätigung", "details", "informationen", "von":
			return true
		}
	}
	return false
}
