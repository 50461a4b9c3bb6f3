package words

import "slices"

// tag says what a word means for a promise in one language.
type tag uint64

// The languages whose grammar is known.
const (
	inEnglish = iota
	inGerman
	languages
)

// kind is what a clause says of money.
type kind int

const (
	nothing  kind = iota
	coming        // it is being, or will be, returned
	returned      // it was returned
)

// clause is a part of a sentence with one predicate, in one language.
type clause struct {
	words    []token
	language int
	isIf     bool // begins with a word for a condition
	unsaid   bool // follows "cannot confirm that"
	asks     bool // is part of a question
}

func (c clause) at(i int) tag {
	if i < 0 || i >= len(c.words) {
		return 0
	}
	return c.words[i].tags[c.language]
}

func (c clause) low(i int) string {
	if i < 0 || i >= len(c.words) {
		return ""
	}
	return c.words[i].low
}

// has reports whether a word from i up to but without j has one of the tags.
func (c clause) has(i, j int, t tag) bool {
	for k := max(0, i); k < min(j, len(c.words)); k++ {
		if c.at(k)&t != 0 {
			return true
		}
	}
	return false
}

// any reports whether any word has one of the tags.
func (c clause) any(t tag) bool { return c.has(0, len(c.words), t) }

// amount reports whether the clause has an amount of money with its currency.
func (c clause) amount(i, j int) bool {
	for k := max(0, i); k < min(j, len(c.words)); k++ {
		if _, n := amountAt(c.words, k); n > 0 {
			return true
		}
	}
	return false
}

// longestClause bounds the work for texts without any marks, and how far a "not" reaches, in words.
const longestClause = 80

func mark(w string) bool {
	switch w {
	case ",", ":", "(", ")", "\"", "-", "*", "•", ">", "/", "|":
		return true
	}
	return false
}

// meaningRefund is the clause with its leading pronoun, if it has one, read as a refund.
func (c clause) meaningRefund(as tag) (it clause, ok bool) {
	for i := range min(2, len(c.words)) {
		switch c.low(i) {
		case "it", "this", "that", "es", "sie", "diese", "dies", "das":
			c.words = slices.Clone(c.words)
			c.words[i].tags[c.language] = as
			return c, true
		}
	}
	return c, false
}

func mentions(s []token, language int, t tag) bool {
	for _, w := range s {
		if w.tags[language]&t != 0 {
			return true
		}
	}
	return false
}

// questions marks the clauses of a question: all from the one that begins like
// one, and the only one.
func questions(cs []clause, s []token, begins tag) []clause {
	if len(s) == 0 || s[len(s)-1].low != "?" {
		return cs
	}
	asking := len(cs) == 1
	for i := range cs {
		asking = asking || len(cs[i].words) > 0 && cs[i].at(0)&begins != 0
		cs[i].asks = asking
	}
	return cs
}

// polite knows "if you have any questions".
func (c clause) polite() bool {
	for _, w := range c.words {
		switch w.low {
		case "question", "questions", "anything", "else", "help", "fragen", "hilfe", "weitere", "noch":
			return true
		}
	}
	return false
}
