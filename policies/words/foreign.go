package words

import "strings"

// Other languages than English and German are known by little: the words for
// refunds and the participles of what makes one, beside a few words that negate,
// suppose or ask. What is doubtful counts as a promise only when it has an amount.

// foreignClaims finds sentences that say so in another language.
func foreignClaims(s []token) [][]token {
	if s[len(s)-1].low == "?" {
		return nil
	}
	var out [][]token
	from := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i].low != "," && s[i].low != ":" && s[i].low != "-" && !foreignSplit(s[i].low) {
			continue
		}
		if foreignClaim(s[from:i]) && !supposedBefore(s[:i]) {
			out = append(out, s[from:i])
		}
		from = i + 1
	}
	return out
}

// supposedBefore reports whether the sentence so far depends on a condition.
func supposedBefore(s []token) bool {
	for i, t := range s {
		switch t.low {
		case "se":
			if i+1 < len(s) && !reflexive(s[i+1].low) {
				return true
			}
		case "si", "als", "appena", "dopo", "después", "après", "pronto", "cuanto", "na", "indien", "wanneer", "zodra", "quand", "cuando", "quando", "lorsque", "dès", "jeśli", "caso", "när", "hvis":
			return true
		}
	}
	return false
}

// reflexive reports whether "se" before this word is Spanish for a passive, and no condition.
func reflexive(next string) bool {
	switch next {
	case "ha", "han", "le", "les", "te", "os", "hizo", "realizó", "emitió", "efectuó", "reembolsó", "reembolsará", "realizará":
		return true
	}
	return false
}

func foreignSplit(w string) bool {
	switch w {
	case "et", "y", "e", "en", "mais", "pero", "ma", "maar", "i", "ale", "mas":
		return true
	}
	return false
}

func foreignClaim(s []token) bool {
	noun, verb, made := false, false, false
	for _, t := range s {
		switch w := strings.TrimPrefix(t.low, "'"); {
		case foreignDoubt(w):
			return false
		case foreignVerb(w):
			verb = true
		case foreignNoun(w):
			noun = true
		case foreignMade(w):
			made = true
		}
	}
	return verb || noun && (made || len(amounts(s)) > 0)
}

// foreignDoubt knows words that negate, allow, oblige or ask, and those of rules.
func foreignDoubt(w string) bool {
	switch w {
	case "ne", "n", "pas", "non", "no", "niet", "geen", "nie", "nunca", "jamais", "mai", "aucun", "aucune", "ningún", "ninguna", "nessun", "nessuna", "nessuno", "não", "inte", "ikke", "sin", "sans", "senza", "zonder",
		"peut", "pouvons", "pourrait", "pourrions", "puis", "pouvez", "puede", "podemos", "podría", "podríamos", "pueden", "può", "possiamo", "potremmo", "potrebbe", "kan", "kunnen", "kunt", "zou", "zouden", "może", "możemy", "pode", "poderia",
		"possible", "posible", "possibile", "mogelijk", //nolint:misspell // Italian, too
		"doit", "debe", "deve", "moet", "serait", "sería", "sarebbe", "seraient",
		"demande", "demandé", "solicitud", "solicitado", "solicita", "richiesta", "richiesto", "verzoek", "aanvraag", "gevraagd", "vraagt", "souhaitez", "souhaite", "desea", "desidera", "wenst", "wilt", "quiere", "vuole", "voulez", "question", "pregunta", "domanda", "vraag",
		"politique", "política", "politica", "beleid", "conditions", "condiciones", "condizioni", "voorwaarden", "validation", "aprobación", "approvazione", "goedkeuring", "délai", "plazo", "tempi", "termijn", "règles", "normas",
		"habituellement", "généralement", "normalmente", "solito", "generalmente", "meestal", "doorgaans", "normaal", "si", "indien", "wanneer", "zodra", "cuando", "quando", "lorsque", "polityka", "zasady":
		return true
	}
	return false
}

// foreignVerb knows participles and future forms of "refund".
func foreignVerb(w string) bool {
	for _, stem := range []string{"rembours", "reembols", "rimbors", "terugbeta", "teruggesto", "teruggebo", "zwróc", "återbeta", "refunder", "tilbagebeta", "restitu"} {
		end, ok := strings.CutPrefix(w, stem)
		if !ok {
			continue
		}
		switch end {
		case "é", "ée", "és", "ées", "ado", "ada", "ados", "adas", "ato", "ata", "ati", "ate", "ald", "alen", "rt", "ekt", "ony", "ona", "one", "iliśmy", "t", "lt", "lade", "tt", "ido", "ida", "idos", "ito", "ita",
			"erons", "erai", "era", "eremos", "aremos", "aré", "ará", "eremo", "erà", "erò", "amos", "iamo", "ons":
			return true
		}
	}
	switch w {
	case "teruggekregen", "teruggeboekt", "terugontvangen", "teruggestort", "terugbetaald", "wypłacony":
		return true
	}
	return false
}

func foreignNoun(w string) bool {
	switch w {
	case "remboursement", "reembolso", "rimborso", "terugbetaling", "terugstorting", "zwrot", "återbetalning", "refusion", "tilbagebetaling", "creditnota", "devolución", "accredito", "возврат":
		return true
	}
	return false
}

// foreignMade knows participles of what makes a refund, and what is on its way.
func foreignMade(w string) bool {
	switch w {
	case "effectué", "émis", "traité", "lancé", "envoyé", "validé", "accordé", "initié", "recevrez", "arrivera", "confirmé", "fait", "versé", "crédité", "route", "ordonné", "approuvé",
		"realizado", "emitido", "procesado", "enviado", "tramitado", "hecho", "iniciado", "recibirá", "recibirás", "llegará", "aprobado", "camino", "abonado", "completado", "confirmado", "efectuado",
		"effettuato", "emesso", "elaborato", "inviato", "avviato", "riceverà", "riceverai", "arriverà", "fatto", "approvato", "completato", "arrivo", "accreditato", "disposto", "eseguito", "processato",
		"verwerkt", "uitgevoerd", "gedaan", "ontvangt", "goedgekeurd", "onderweg", "verstuurd", "verzonden", "overgemaakt", "gestart", "voltooid", "aangemaakt",
		"wykonany", "zlecony", "zrealizowany", "drodze", "feito", "processado", "выполнен", "оформлен":
		return true
	}
	return false
}
