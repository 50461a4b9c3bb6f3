package words

import "strings"

// What English words mean for a promise.
const (
	enRefund   tag = 1 << iota // the noun, or the verb's first form
	enRefunds                  // many refunds
	enMoney                    // what can be given back
	enCharge                   // money that was taken, and so can be reversed
	enReturn                   // gives back, when it is money: credit, return, reverse
	enSend                     // moves money: back, or to you
	enPerform                  // makes a refund happen: issue, process
	enHand                     // may also only hand a wish on: send, submit
	enArrive                   // how a refund reaches somebody: arrive, receive, see
	enBase                     // a verb's first form
	enThird                    // its third form
	enPast                     // its past, or its participle
	enIng                      // its -ing form
	enState                    // what a refund can be: complete, underway
	enHave                     // have, has, had
	enBe                       // am, is, are
	enWas                      // was, were, been, being, be
	enWill                     // will, shall, going
	enShould                   // expects
	enMaybe                    // can, could, would, might, must
	enNot                      // negates
	enYour                     // somebody's, and not in general: your, you, this, it
	enWe                       // I, we
	enIf                       // what follows may not be
	enUsually                  // speaks in general
	enArticle                  // a noun follows: a, the, full
	enPrep                     // about, for: what follows is no object
	enAsk                      // ask, want, told: somebody else's words
	enPlace                    // where money goes: account, card
	enTell                     // confirm, inform: what follows is said
	enHelper                   // may stand between an auxiliary and its verb
	enCompound                 // makes of "refund" something else: refund policy
	enInside                   // where a wish is handed on to: colleague, review
	enSplit                    // begins a new clause
	enQuestion                 // begins a question
	enTo                       // to
	enBack                     // back
)

// english looks a word up.
func english(w string) tag {
	for _, lookup := range []func(string) tag{englishGrammar, englishParticle, englishNoun, englishVerb, englishSaying} {
		if t := lookup(w); t != 0 {
			return t
		}
	}
	if strings.HasSuffix(w, "ly") {
		return enHelper
	}
	return 0
}

func englishGrammar(w string) tag {
	switch w {
	case "have", "has", "had", "'ve", "having":
		return enHave
	case "am", "is", "are", "'s", "'m", "'re":
		return enBe
	case "was", "were", "been", "being", "be":
		return enWas
	case "will", "'ll", "shall", "gonna", "going":
		return enWill
	case "should", "ought":
		return enShould
	case "cannot":
		return enMaybe | enNot
	case "can", "could", "may", "might", "would", "'d", "must", "possible", "eligible", "entitled", "able", "possibly", "perhaps", "maybe":
		return enMaybe
	case "not", "never", "nothing", "none", "neither", "nor", "unable", "without", "declined", "refused", "rejected", "failed", "decline",
		"refuse", "impossible", "ineligible", "nobody", "hardly", "'t":
		return enNot
	case "no":
		return enNot | enArticle
	case "to":
		return enTo
	case "back":
		return enBack
	case "i", "we":
		return enWe | enSplit
	case "if", "unless", "once", "provided", "until", "when", "whenever", "before", "after", "assuming", "till", "whether", "soon", "where":
		return enIf
	case "do", "does", "did", "what", "how", "why":
		return enQuestion
	}
	return 0
}

func englishParticle(w string) tag {
	switch w {
	case "you", "it", "both", "them", "yours", "everything", "they":
		return enYour
	case "your", "this", "these", "those", "its":
		return enYour | enArticle
	case "the", "a", "an", "full", "partial", "any", "my", "our", "another", "second", "first", "his", "her", "their", "some",
		"prorated", "entire", "whole", "new", "said", "requested", "promised", "corresponding", "appropriate", "prompt", "pending":
		return enArticle
	case "complete":
		return enArticle | enState | enPast
	case "for", "about", "on", "regarding", "into", "at", "concerning", "over", "around", "with", "or", "of", "by", "from":
		return enPrep
	case "usually", "normally", "typically", "always", "generally", "often", "sometimes", "only", "rule", "most", "all", "customers", "every", "each", "anyone":
		return enUsually
	case "and", "but", "so", "because", "although", "though", "while", "therefore", "hence", "however", "which", "who", "then", "since", "meanwhile", "as":
		return enSplit
	case "already", "just", "now", "also", "gone", "ahead", "right", "straight", "away", "today", "yesterday", "tomorrow", "still", "even", "indeed", "earlier", "hereby", "please", "too", "well", "that":
		return enHelper
	}
	return 0
}

func englishNoun(w string) tag {
	switch w {
	case "refund", "reimbursement", "repayment", "moneyback", "money-back", "payback", "rebate", "re-fund":
		return enRefund
	case "refunds", "reimbursements", "repayments":
		return enRefunds
	case "money", "funds", "sum", "cash", "difference", "overpayment", "amount", "amounts", "price", "rest", "remainder", "balance", "total", "payments", "cost", "costs":
		return enMoney
	case "payment", "charge", "transaction", "fee", "debit", "charges", "fees", "transactions":
		return enMoney | enCharge
	case "account", "card", "bank", "paypal", "wallet", "statement", "accounts":
		return enPlace
	case "policy", "policies", "process", "request", "requests", "window", "period", "case", "question", "questions", "terms", "conditions",
		"rules", "option", "options", "form", "enquiry", "inquiry", "procedure", "page", "department", "timeline", "eligibility", "status",
		"guarantee", "decision", "article", "guide", "ticket", "times", "time", "limit", "deadline", "topic", "issue", "matter", "rights":
		return enCompound
	case "colleague", "colleagues", "team", "manager", "supervisor", "review", "approval", "finance", "specialist", "specialists", "accounting", "decision-maker", "billing":
		return enInside
	}
	return 0
}

// englishVerb knows verbs by their stems, and their forms by their endings.
func englishVerb(w string) tag {
	switch w {
	case "done", "finished", "ready", "confirmed", "underway", "under-way", "successful", "through", "settled", "inbound", "incoming", "en-route", "final", "live", "out":
		return enState | enPast
	case "coming":
		return enState | enArrive | enIng
	case "sent", "gave", "given":
		return enSend | enPerform | enHand | enPast
	case "paid":
		return enSend | enPast
	case "made", "began", "begun":
		return enPerform | enPast
	case "put", "set":
		return enSend | enPerform | enHand | enPast | enBase
	case "got", "gotten", "went", "came", "left", "gone", "saw", "seen", "found":
		return enArrive | enPast
	case "taken", "took":
		return enSend | enPast
	case "undid", "undone":
		return enReturn | enPast
	case "expected", "requested":
		return enAsk
	}
	stem, form := englishForm(w)
	if form == 0 {
		return 0
	}
	return englishStem(stem, form)
}

// englishForm takes the ending off a verb: "issued" and "issuing" are forms of "issu".
func englishForm(w string) (stem string, form tag) {
	for _, e := range []struct {
		end  string
		form tag
	}{{"ing", enIng}, {"ied", enPast}, {"ed", enPast}, {"ies", enThird}, {"es", enThird}, {"e", enBase}, {"y", enBase}, {"s", enThird}} {
		if s, ok := strings.CutSuffix(w, e.end); ok && len(s) > 1 {
			return s, e.form
		}
	}
	return w, enBase
}

func englishStem(stem string, form tag) tag {
	switch stem {
	case "refund", "reimburs", "repa", "re-fund", "recredit":
		return enRefund | form
	case "credit", "return", "revers", "void", "undo", "reinstat", "re-credit":
		return enReturn | form
	case "pa", "transfer", "transferr", "wir", "remit", "remitt", "deposit", "mov", "bring":
		return enSend | form
	case "send", "giv", "pass", "forward", "submit", "submitt", "hand", "fil", "rais", "lodg", "log", "record", "releas", "push", "putt":
		return enPerform | enHand | enSend | form
	case "issu", "process", "initiat", "complet", "approv", "grant", "trigger", "start", "begin", "beginn", "authoris", "authoriz", "execut",
		"provid", "arrang", "organis", "organiz", "book", "appl", "finalis", "finaliz", "sort", "action", "handl", "kick", "mak", "schedul",
		"dispatch", "activat", "perform", "generat", "creat", "transmit", "transmitt", "instruct", "carri", "carr", "clear", "expedit", "accept", "conclud", "effect":
		return enPerform | form
	case "arriv", "appear", "reach", "land", "hit", "receiv", "get", "gett", "find", "expect", "show", "drop", "se", "see", "com", "enjo", "post", "reflect", "follow", "go", "head":
		return enArrive | form
	}
	return 0
}

func englishSaying(w string) tag {
	switch w {
	case "confirm", "inform", "assure", "tell", "announce", "share", "say", "report", "know", "promise", "advise", "reassure", "guaranteed":
		return enTell
	case "ask", "asked", "asking", "want", "wanted", "like", "wish", "mentioned", "wrote", "hoping", "hope", "waiting", "told", "think", "believe",
		"prefer", "requesting", "claim", "mention", "interested", "need", "needs", "discuss", "decide", "propose", "suggest", "offer", "awaiting", "awaits",
		"waits", "pending", "wondering", "write", "reviewing", "checking", "apply":
		return enAsk
	}
	return 0
}
