package words

// englishClaims finds the clauses of a sentence that say in English that money
// was or will be returned. The topic is a refund when the sentence before was
// about one: "it was issued" then says so.
func englishClaims(s []token, topic bool) []clause {
	if !topic && !mentions(s, inEnglish, enRefund|enRefunds|enMoney|enReturn|enBack) && len(amounts(s)) == 0 {
		return nil
	}
	var out []clause
	cs := englishClauses(s)
	hypothetical := supposes(cs)
	for _, c := range cs {
		k := nothing
		if !c.isIf && !c.unsaid && !c.asks {
			k = c.englishOn(topic)
		}
		topic = topic || englishTopic(c.words)
		if k == returned || k == coming && !hypothetical {
			out = append(out, c)
		}
	}
	return out
}

// englishOn is what the clause says when "it" may mean a refund.
func (c clause) englishOn(topic bool) kind {
	k := c.english()
	if k != nothing || !topic {
		return k
	}
	if it, ok := c.meaningRefund(enRefund | enYour); ok {
		if k = it.english(); k == coming && !c.any(enState) {
			k = nothing
		}
	}
	return k
}

// englishTopic reports whether words are about a refund, so that "it" can mean it.
func englishTopic(s []token) bool {
	c := clause{language: inEnglish, words: s}
	return c.refundNoun(0, len(s)) >= 0 && !mentions(s, inEnglish, enRefunds) || c.any(enBack) && c.any(enMoney)
}

// englishClauses cuts a sentence at its marks, at conjunctions, and after words
// that say that something is said.
func englishClauses(s []token) []clause {
	var out []clause
	c := clause{language: inEnglish}
	flush := func(next clause) {
		if len(c.words) > 0 {
			out = append(out, c)
		}
		c = next
	}
	for i, t := range s {
		g := t.tags[inEnglish]
		switch {
		case len(c.words) == longestClause:
			flush(clause{language: inEnglish})
		case mark(t.low) || !t.letters() && t.low != "'" && len(currencyOf(t.low)) == 0 && t.low != "." && t.low != "%":
			flush(clause{language: inEnglish})
			continue
		case g&enIf != 0 && suppose(s, i):
			flush(clause{language: inEnglish, isIf: true})
		case g&enSplit != 0 && !relative(s, i) && (g&enWe == 0 || !c.isIf || len(c.words) > 2):
			flush(clause{language: inEnglish})
		case g&enTell != 0 && i > 0 && says(c):
			flush(clause{language: inEnglish, unsaid: c.has(0, len(c.words), enNot)})
			continue
		}
		c.words = s[i-len(c.words) : i+1]
	}
	flush(clause{})
	return questions(out, s, enQuestion|enMaybe|enHave|enBe|enWas|enWill|enShould)
}

// suppose tells a conjunction from a preposition: "after you wrote", "after Friday".
func suppose(s []token, i int) bool {
	next := token{}
	if i+1 < len(s) {
		next = s[i+1]
	}
	switch s[i].low {
	case "soon":
		return next.low == "as"
	case "before", "after", "until", "till":
		if i+3 < len(s) && mentions(s[i+2:i+4], inEnglish, enRefund) && !mentions(s[i+2:min(len(s), i+6)], inEnglish, enWe) {
			return true
		}
		return next.tags[inEnglish]&(enYour|enWe) != 0
	}
	return true
}

// relative reports whether "I" or "we" at i begins a clause about the noun before it.
func relative(s []token, i int) bool {
	if i == 0 {
		return false
	}
	g := s[i].tags[inEnglish]
	return g&enWe != 0 && s[i-1].tags[inEnglish]&(enRefund|enRefunds|enMoney) != 0 || s[i].low == "as" && i+1 < len(s) && s[i+1].low != "soon"
}

// says reports whether a word such as "confirm" follows what makes it a statement.
func says(c clause) bool {
	return c.any(enMaybe|enWill|enTo|enWe|enHelper|enNot) || len(c.words) == 0
}

// supposes reports whether a sentence depends on something, other than whether
// the customer has questions.
func supposes(cs []clause) bool {
	for _, c := range cs {
		if !c.isIf || len(c.words) == 0 {
			continue
		}
		switch c.low(0) {
		case "if", "unless", "provided", "once", "assuming", "soon":
			if !c.polite() {
				return true
			}
		}
	}
	return false
}

// english is what the clause says.
func (c clause) english() kind {
	c = c.withoutIdioms()
	for i := range c.words {
		if k := c.englishAt(i); k != nothing && !c.attributed(i) {
			return k
		}
	}
	if c.heading() {
		return returned
	}
	return nothing
}

// heading knows "Refund of 20 EUR to your card", which has no verb.
func (c clause) heading() bool {
	k := c.refundNoun(0, 3)
	return k >= 0 && c.amount(k, len(c.words)) && !c.any(enHave|enBe|enWas|enWill|enShould|enMaybe|enNot|enAsk|enWe|enTo|enUsually|enBase|enQuestion|enCompound) && !c.has(0, k, enPrep)
}

// attributed reports whether somebody else says, wants or expects it.
func (c clause) attributed(i int) bool { return c.has(0, i, enAsk) }

// withoutIdioms takes the negation out of phrases that negate nothing.
func (c clause) withoutIdioms() clause {
	if !c.any(enNot) {
		return c
	}
	words := make([]token, len(c.words))
	copy(words, c.words)
	c.words = words
	for i := range words {
		if words[i].tags[inEnglish]&enNot == 0 {
			continue
		}
		for j := i + 1; j <= i+2 && j < len(words); j++ {
			switch words[j].low {
			case "problem", "worries", "worry", "doubt", "only", "just", "longer", "later", "further", "delay", "trouble", "hesitation", "hesitate", "matter", "more", "wait", "less":
				words[i].tags[inEnglish] = 0
			}
		}
	}
	return c
}

// englishAt judges the word at i as the predicate.
func (c clause) englishAt(i int) kind {
	g := c.at(i)
	switch {
	case (c.low(i) == "have" || c.low(i) == "forward") && c.will(i) && !c.negated(i):
		return coming
	case g&enRefund != 0 && g&(enPast|enIng) != 0, g&enRefund != 0 && c.verb(i):
		if c.attributive(i) {
			return nothing
		}
		return c.mood(i)
	case g&enReturn != 0 && c.givesBack(i), g&enSend != 0 && c.sends(i):
		return c.mood(i)
	case g&(enPerform|enState) != 0 && c.performs(i), g&enArrive != 0 && c.reaches(i):
		return c.mood(i)
	case c.low(i) == "care" && c.at(i-1)&enNot == 0 && (c.low(i-1) == "taken" || c.low(i-1) == "took") && c.refundNoun(i+2, i+5) > 0:
		return c.mood(i - 1)
	case g == 0 && c.undergoes(i):
		return c.mood(i)
	case c.low(i) == "confirmation" && c.refundNoun(i+2, i+4) > 0 && c.has(i+2, i+4, enYour) && !c.any(enMaybe|enNot|enIf):
		return coming
	case c.low(i) == "way" && c.low(i-2) == "on", c.low(i) == "route" && c.low(i-1) == "en":
		return c.onItsWay(i)
	case g&enPlace != 0 || c.low(i) == "you":
		return c.atPlace(i)
	}
	return nothing
}
