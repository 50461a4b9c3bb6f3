package words

import "strings"

// germanClaims finds the clauses of a sentence that say in German that money was
// or will be returned. The topic is as in englishClaims.
func germanClaims(s []token, topic bool) []clause {
	if !topic && !mentions(s, inGerman, deRefund|deRefunds|deGiven|deGive|deMoney|deCompound|deBack) && len(amounts(s)) == 0 {
		return nil
	}
	var out []clause
	cs := germanClauses(s)
	hypothetical := supposed(cs)
	for _, c := range cs {
		k := nothing
		if !c.isIf && !c.unsaid && !c.asks {
			k = c.germanOn(topic)
		}
		topic = topic || c.any(deRefund) || c.any(deBack) && c.any(deMoney)
		if k == returned || k == coming && !hypothetical {
			out = append(out, c)
		}
	}
	return out
}

// germanClauses cuts a sentence at its marks and at conjunctions; German has a
// comma before nearly every other clause.
func germanClauses(s []token) []clause {
	var out []clause
	c := clause{language: inGerman}
	flush := func(next clause) {
		if len(c.words) > 0 {
			out = append(out, c)
		}
		c = next
	}
	for i, t := range s {
		g := t.tags[inGerman]
		switch {
		case len(c.words) == longestClause:
			flush(clause{language: inGerman})
		case mark(t.low) || !t.letters() && len(currencyOf(t.low)) == 0 && t.low != "." && t.low != "%":
			unsaid := c.any(deNot) && !c.any(deRefund|deGiven)
			flush(clause{language: inGerman, unsaid: unsaid && i+1 < len(s) && s[i+1].tags[inGerman]&deThat != 0})
			continue
		case g&deIf != 0 && (len(c.words) == 0 || t.low == "ob") && (t.low != "bis" || i+1 < len(s) && s[i+1].tags[inGerman]&(deYour|deWe|deArticle) != 0):
			flush(clause{language: inGerman, isIf: true})
		case g&deSplit != 0 && t.low != "da", t.low == "da" && len(c.words) == 0:
			flush(clause{language: inGerman})
		}
		c.words = s[i-len(c.words) : i+1]
	}
	flush(clause{})
	if len(out) > 0 {
		out[0].isIf = out[0].isIf || out[0].inverted()
	}
	return questions(out, s, deHave|deBe|deWill|deMaybe|deShould|deQuestion|deIf)
}

// germanOn is what the clause says when "sie" may mean a refund.
func (c clause) germanOn(topic bool) kind {
	k := c.german()
	if k != nothing || !topic || !c.singular() {
		return k
	}
	if it, ok := c.meaningRefund(deRefund | deYour); ok && it.german() == returned {
		return returned
	}
	return nothing
}

// singular tells "sie wurde", which can mean a refund, from "Sie haben", which cannot.
func (c clause) singular() bool {
	for i := range c.words {
		switch c.low(i) {
		case "wurde", "ist", "wird":
			return true
		}
	}
	return false
}

// inverted knows a condition without a conjunction: "Sollten Sie …", "Möchten Sie …, ".
func (c clause) inverted() bool {
	if c.low(0) == "im" && strings.HasPrefix(c.low(1), "fall") {
		return true
	}
	return c.at(0)&(deShould|deMaybe|deAsk) != 0 && (c.low(1) == "sie" || c.low(1) == "du" || c.low(1) == "wir" || c.low(1) == "ich")
}

func supposed(cs []clause) bool {
	for _, c := range cs {
		if !c.isIf || len(c.words) == 0 || c.polite() {
			continue
		}
		switch c.low(0) {
		case "damit", "bis", "bevor", "wie", "wann", "ob", "nachdem":
		default:
			return true
		}
	}
	return false
}

// german is what the clause says.
func (c clause) german() kind {
	switch {
	case !c.denied() && (c.lookedForward() || c.supposedlyThere()):
		return coming
	case c.denied(), c.any(deAsk) && !c.any(deHave|deBe|deWill), c.any(deMaybe):
		return nothing
	case c.germanVerbs() || c.germanNouns() || c.germanMoney():
		return c.when()
	}
	return nothing
}

// denied reports whether the clause is negated, wherever the word stands: German
// has it behind the verb as often as before.
func (c clause) denied() bool {
	for i := range c.words {
		if c.at(i)&deNot == 0 {
			continue
		}
		switch c.low(i + 1) {
		case "nur", "problem", "sorge", "thema", "ursache", "umstände", "weiteres", "zweifel", "später", "länger", "mehr":
			continue
		}
		if c.low(i) == "ohne" && !c.has(i, i+3, deRefund|deGive) {
			continue
		}
		return true
	}
	return false
}

func (c clause) when() kind {
	if c.any(deHave|deBe) || c.any(deGiven|deDone) && !c.any(deWill|deShould) {
		return returned
	}
	if c.any(deUsually) && !c.any(deHave) {
		return nothing
	}
	return coming
}

// germanVerbs knows verbs that return money by themselves.
func (c clause) germanVerbs() bool {
	given, give := c.any(deGiven), c.any(deGive)
	switch {
	case given && c.theBank():
		return false
	case given && c.any(deHave|deBe):
		return true
	case given && c.any(deWill|deShould|deArrive):
		return c.somebodys()
	case given:
		return true
	case give && c.aims():
		return false
	case give && c.any(deWill):
		return true
	case give && c.low(0) == "und" && c.at(1)&deGive != 0: // goes on with "we" of the clause before
		return c.somebodys()
	case give:
		return c.any(deWe|deArrive) && c.somebodys() || c.low(len(c.words)-1) == "zurückbekommen"
	}
	return c.separated()
}

// germanNouns knows refunds that are made, or that reach somebody.
func (c clause) germanNouns() bool {
	if c.any(deCompound) && !c.any(deRefund|deRefunds) {
		return c.any(deGranted) && c.any(deHave|deBe)
	}
	if !c.any(deRefund|deRefunds) || c.talks() {
		return false
	}
	if c.withYou() && !c.any(deWe) && c.any(deBe|deWill|deShould) && !c.any(deUsually) {
		return true
	}
	made := (c.any(deDone|deMoved|deGiven|deWay) || c.onTheWay() || c.germanUndergoes()) && !c.handedOn()
	finite := c.any(deHave | deBe)
	switch {
	case c.any(deRefunds) && !c.any(deRefund) && !c.any(deYour|deArticle):
		return made && finite
	case made && finite:
		return true
	case made && c.any(deWill|deShould):
		return !c.any(deUsually)
	case made && len(c.words) <= 12:
		return true
	case c.any(deDo|deMove) && c.any(deWe) && !c.aims():
		return !c.any(deUsually)
	}
	return c.any(deArrive) && !c.any(deUsually) && !c.aims()
}

// germanUndergoes reports whether a participle that is not known says what was done
// to somebody's refund.
func (c clause) germanUndergoes() bool {
	if c.confirmed() {
		return true
	}
	if !c.any(deBe) || !c.any(deYour|deArticle) {
		return false
	}
	w := c.lastWord()
	switch w {
	case "geprüft", "überprüft", "abgesprochen", "besprochen", "weitergeleitet", "weitergegeben", "weitergereicht", "vorgesehen", "entschieden", "geklärt", "erwähnt", "gestoppt", "verzögert",
		"berechnet", "erklärt", "beschrieben", "angeboten", "vorgeschlagen", "untersucht", "vermisst", "verlangt", "gefordert", "abgebrochen", "verschoben", "eskaliert", "zugewiesen", "begrenzt", "verlinkt", "geregelt", "bewertet":
		return false
	}
	participle := strings.Contains(w, "ge") && (strings.HasSuffix(w, "t") || strings.HasSuffix(w, "en")) || strings.HasSuffix(w, "iert")
	return participle && german(w) == 0
}

// confirmed knows "die Bestätigung Ihrer Erstattung".
func (c clause) confirmed() bool {
	for i := range c.words {
		if c.low(i) == "bestätigung" && c.has(i+1, i+4, deRefund) {
			return true
		}
	}
	return false
}

// talks knows "Sie haben unsere E-Mail zur Erstattung erhalten".
func (c clause) talks() bool {
	for i := range c.words {
		switch c.low(i) {
		case "zur", "über", "bezüglich", "wegen", "zum", "hinsichtlich", "betreffend":
			if c.has(i+1, i+4, deRefund|deRefunds) && !c.amount(i+1, i+2) {
				return true
			}
		}
	}
	return false
}

// handedOn reports whether a wish was given to colleagues, and nothing is made yet.
func (c clause) handedOn() bool {
	if !c.any(deInside) {
		return false
	}
	for i := range c.words {
		switch c.low(i) {
		case "zur", "an", "bei", "auf":
			if c.has(i+1, i+4, deInside) {
				return true
			}
		}
	}
	return false
}
