package words

// verb tells "we refund" from "a refund".
func (c clause) verb(i int) bool {
	for i--; i >= 0 && c.at(i)&(enHelper|enNot) != 0 && c.at(i)&enArticle == 0; i-- {
	}
	return c.at(i)&(enWe|enWill|enTo|enMaybe|enShould|enQuestion) != 0 || c.low(i) == "me"
}

// attributive tells "the refunded amount" from "the amount was refunded".
func (c clause) attributive(i int) bool {
	return c.at(i)&enPast != 0 && c.at(i-1)&enArticle != 0 && c.at(i+1)&(enMoney|enCompound) != 0
}

// mood is when, and whether at all, the verb at i happens.
func (c clause) mood(i int) kind {
	group, start := c.group(i)
	form := c.at(i)
	if form == 0 {
		form = enPast // of a verb that is not known
	}
	switch {
	case c.negated(i), c.byBank(i, start):
		return nothing
	case group&enTo != 0:
		return c.infinitive(start)
	case group&enMaybe != 0 && c.low(i) != "expect":
		return nothing
	case form&enPast != 0 && group&(enHave|enWas|enWill|enShould|enBe) != 0:
		return c.auxiliary(group)
	case form&enPast != 0:
		return returned
	case form&enIng != 0 && (group&(enBe|enWas) != 0 || start == 0):
		return coming
	case form&(enBase|enRefund) != 0 && form&(enThird|enIng) == 0:
		return c.present(i, start, group)
	case form&enThird != 0 && c.has(0, i, enYour|enArticle) && !c.any(enUsually):
		return coming
	}
	return nothing
}

// group is what the auxiliaries before the verb at i mean together, and where they begin.
func (c clause) group(i int) (g tag, start int) {
	const auxiliary = enHave | enBe | enWas | enWill | enShould | enMaybe | enTo | enHelper | enNot
	for i--; i >= 0 && c.at(i)&auxiliary != 0; i-- {
		g |= c.at(i)
	}
	return g, i + 1
}

// negated reports whether "not" or its like stands before the verb at i, or right after it.
func (c clause) negated(i int) bool { return c.has(0, i, enNot) || c.has(i+1, i+2, enNot) }

// infinitive judges "to refund" by what stands before it: "going", "managed".
func (c clause) infinitive(start int) kind {
	switch {
	case c.caused(start):
		return returned
	case c.at(start-1)&enRefund != 0 && c.low(start-3) == "for" && (c.low(start-2) == "the" || c.low(start-2) == "your"):
		return coming // "allow five days for your refund to arrive"
	}
	for i := max(0, start-2); i < len(c.words) && i < start+5; i++ {
		switch c.low(i) {
		case "going", "about", "due", "set", "scheduled", "guaranteed", "bound", "sure":
			return coming
		case "managed", "decided", "agreed", "able", "arranged", "proceeded", "allowed":
			return c.was(i)
		case "to":
			return nothing
		}
	}
	return nothing
}

// caused knows "arranged for the money to be sent".
func (c clause) caused(start int) bool {
	for i := max(0, start-6); i < start; i++ {
		switch c.low(i) {
		case "arranged", "instructed", "ensured":
			return true
		}
	}
	return false
}

// was tells "was able to" from "will be able to".
func (c clause) was(i int) kind {
	if before := c.low(i - 1); c.low(i) == "able" && before != "was" && before != "were" && before != "been" {
		return nothing
	}
	return returned
}

// byBank reports whether the customer's bank did it.
func (c clause) byBank(i, start int) bool {
	if c.low(start-1) == "bank" && c.at(i)&enReturn != 0 {
		return true
	}
	for j := i + 1; j < len(c.words); j++ {
		if c.low(j) == "bank" && (c.low(j-2) == "by" || c.low(j-1) == "by") {
			return true
		}
	}
	return false
}

// auxiliary judges a participle with its auxiliaries.
func (c clause) auxiliary(group tag) kind {
	switch {
	case group&(enWill|enShould) != 0:
		return c.general()
	case group&(enHave|enWas) != 0:
		return returned
	}
	return c.general()
}

// general takes what is said of all customers for no promise to one.
func (c clause) general() kind {
	if c.any(enUsually) || !c.any(enYour) && !c.amount(0, len(c.words)) && !c.definite() && c.at(0)&enRefund == 0 {
		return nothing
	}
	return coming
}

// definite reports whether "the refund" or "the money" is spoken of.
func (c clause) definite() bool {
	for i := range c.words {
		if c.low(i) == "the" && c.has(i+1, i+4, enRefund|enMoney) {
			return true
		}
	}
	return false
}

// present judges a verb's first form.
func (c clause) present(i, start int, group tag) kind {
	subject := c.at(start - 1)
	switch {
	case group&enWill != 0, c.low(start-1) == "me" && c.low(start-2) == "let":
		return c.general()
	case group&enShould != 0, c.low(i) == "expect" || c.low(i) == "enjoy":
		return c.general()
	case c.low(start-1) == "did" && c.at(start-2)&enWe != 0:
		return returned
	case subject&enWe != 0 && c.has(i, len(c.words), enYour) || subject&enWe != 0 && c.amount(i, len(c.words)):
		return c.general()
	case c.low(start-1) == "you" && c.at(i)&enArrive != 0:
		return c.general()
	}
	return nothing
}
