package words

import "strings"

// What German words mean for a promise.
const (
	deRefund   tag = 1 << iota // Erstattung, Gutschrift
	deRefunds                  // many of them
	deGiven                    // erstattet, zurückgezahlt, gutgeschrieben
	deGive                     // erstatten, zurückzahlen
	deMoney                    // Geld, Betrag
	deCharge                   // Zahlung, Abbuchung: what can be undone
	deDone                     // veranlasst, angewiesen, durchgeführt
	deDo                       // veranlassen, veranlasse
	deMoved                    // überwiesen, geschickt: done to money
	deMove                     // zahle, überweise, schicke: with "zurück"
	deUndone                   // storniert, rückgängig
	deArrive                   // erhalten, bekommen, eintreffen
	deHave                     // haben, habe
	deBe                       // ist, wurde, sind
	deWill                     // wird, werden, werde
	deShould                   // sollte
	deMaybe                    // kann, könnte, würde
	deNot                      // nicht, kein
	deYour                     // Ihnen, Ihre, dir, diesen
	deWe                       // wir, ich
	deIf                       // wenn, falls, ob
	deUsually                  // in der Regel
	deBack                     // zurück, wieder
	deAsk                      // wünschen, fragen, möchten: somebody else's words
	dePlace                    // Konto, Karte
	deWay                      // unterwegs
	deCompound                 // Erstattungsantrag
	deInside                   // Kollege, Prüfung
	deThat                     // dass
	deQuestion                 // begins a question
	deZu                       // zu
	deArticle                  // der, den, eine
	deSplit                    // und, aber
	deGranted                  // genehmigt, bewilligt
)

// german looks a word up.
func german(w string) tag {
	w = umlauts(w)
	for _, lookup := range []func(string) tag{germanGrammar, germanParticle, germanNoun, germanBack, germanVerb} {
		if t := lookup(w); t != 0 {
			return t
		}
	}
	return 0
}

// umlauts writes "rueckerstattung" and "ueberwiesen" as German does.
func umlauts(w string) string {
	if !strings.Contains(w, "ue") || len(w) < 4 {
		return w
	}
	for _, stem := range []string{"rück", "über", "für", "würd", "müss", "prüf"} {
		w = strings.ReplaceAll(w, strings.Replace(stem, "ü", "ue", 1), stem)
	}
	return w
}

func germanGrammar(w string) tag {
	switch w {
	case "haben", "habe", "hat", "hab", "habt", "hatten", "hatte":
		return deHave
	case "ist", "sind", "wurde", "wurden", "worden", "war", "waren", "sei", "gewesen", "bin":
		return deBe
	case "wird", "werden", "werde", "wirst", "werdet":
		return deWill
	case "sollte", "sollten", "dürfte", "dürften":
		return deShould
	case "kann", "können", "kannst", "könnt", "könnte", "könnten", "darf", "dürfen", "würde", "würden", "wollen", "will", "müssen", "muss", "muß", "müsste", "müssten", "soll", "sollen",
		"hätte", "hätten", "wäre", "wären", "möglich", "eventuell", "vielleicht", "gegebenenfalls", "möglicherweise", "möglichkeit", "anspruch", "berechtigt", "bräuchten", "ginge":
		return deMaybe
	case "nicht", "kein", "keine", "keinen", "keiner", "keinem", "nie", "niemals", "weder", "nichts", "ohne", "unmöglich", "abgelehnt", "ablehnen", "ausgeschlossen", "verweigert":
		return deNot
	case "wir", "ich", "kollege", "kollegin":
		return deWe | germanInside(w)
	case "wenn", "falls", "sofern", "sobald", "ob", "bis", "bevor", "nachdem", "solange", "damit", "vorausgesetzt", "wann", "soweit":
		return deIf
	case "dass", "daß":
		return deThat
	case "zu", "um":
		return deZu
	case "und", "sondern", "oder", "sowie", "weil", "denn", "da":
		return deSplit
	case "zurück", "retour", "wieder":
		return deBack
	}
	return 0
}

func germanInside(w string) tag {
	if strings.HasPrefix(w, "koll") {
		return deInside
	}
	return 0
}

func germanParticle(w string) tag {
	switch w {
	case "ihnen", "ihr", "ihre", "ihren", "ihrem", "ihrer", "dir", "dein", "deine", "deinen", "deinem", "deiner", "euch", "eure", "eurem", "euren", "dich", "sie", "du",
		"diese", "dieser", "diesen", "dieses", "beide", "beiden", "es":
		return deYour
	case "der", "den", "das", "dem", "des", "die", "eine", "einen", "einer", "ein", "volle", "vollen", "vollständige", "komplette", "kompletten", "gesamte", "gesamten", "entsprechende", "zugesagte":
		return deArticle
	case "regel", "normalerweise", "üblicherweise", "grundsätzlich", "immer", "generell", "meist", "meistens", "nur", "gewöhnlich", "allgemein", "kunden", "ausschließlich", "stets", "jeweils":
		return deUsually
	case "möchten", "möchtest", "möchte", "wünschen", "wünsche", "wunsch", "fragen", "frage", "gefragt", "bitte", "bitten", "baten", "gebeten", "erwarten", "warten", "schrieben", "geschrieben",
		"beantragen", "beantragt", "angefragt", "anfrage", "gewünscht", "verlangen", "erbeten", "erwähnt", "hoffen", "erkundigen", "prüfen", "prüfe", "geprüft", "überprüfen", "klären", "kläre", "besprechen":
		return deAsk
	case "unterwegs", "raus", "herausgegangen", "rausgegangen", "draußen", "durch", "da":
		return deWay
	case "hast", "warum", "welche", "welchen", "was", "wieso", "wofür", "wo", "wer":
		return deQuestion
	}
	return 0
}

func germanNoun(w string) tag {
	for _, stem := range []string{"erstattung", "rückzahlung", "rückbuchung", "rücküberweisung", "gutschrift", "rückvergütung", "refundierung", "zurückzahlung", "zurückbuchung", "rückführung", "rücktransfer"} {
		_, end, ok := strings.Cut(w, stem)
		switch {
		case !ok:
			continue
		case end == "":
			return deRefund
		case end == "en":
			return deRefunds
		case strings.HasPrefix(end, "s"), strings.HasPrefix(end, "-"):
			return deCompound
		}
	}
	switch w {
	case "refund", "rückzahlungsbetrag":
		return deRefund
	case "geld", "betrag", "summe", "gelder", "differenz", "euro", "kaufpreis", "restbetrag", "gesamtbetrag", "beitrag", "guthaben", "kosten", "cent", "rechnungsbetrag", "differenzbetrag", "überzahlung", "beträge":
		return deMoney
	case "zahlung", "abbuchung", "belastung", "buchung", "gebühr", "gebühren", "zahlungen", "doppelzahlung", "doppelbuchung", "doppelabbuchung", "lastschrift", "transaktion", "jahresgebühr", "monatsbeitrag", "jahresbeitrag", "kreditkartenbelastung":
		return deMoney | deCharge
	case "konto", "karte", "kreditkarte", "bankkonto", "bank", "kontoauszug", "paypal-konto", "kreditkartenkonto", "kartenkonto", "paypal":
		return dePlace
	case "kollegen", "kolleginnen", "team", "freigabe", "genehmigung", "prüfung", "buchhaltung", "teamleitung", "fachabteilung", "abteilung", "vorgesetzten", "vorgesetzter", "zuständigen", "entscheidung", "finanzabteilung":
		return deInside
	}
	return 0
}

// germanBack knows verbs whose prefix says that something goes back, such as
// "zurücküberwiesen", whatever the verb is: the participle, or the infinitive.
func germanBack(w string) tag {
	switch w {
	case "erstattet", "gutgeschrieben", "ausgezahlt", "ausbezahlt", "refundiert", "retourniert", "vergütet", "wiedergutgeschrieben", "gutgebucht", "gutgebracht":
		return deGiven
	case "erstatten", "erstatte", "gutschreiben", "gutschreibe", "refundieren", "vergüten", "vergüte", "auszahlen":
		return deGive
	case "gutzuschreiben", "auszuzahlen":
		return deGive | deZu
	}
	rest, ok := strings.CutPrefix(w, "zurück")
	if !ok {
		if rest, ok = strings.CutPrefix(w, "rück"); !ok {
			return 0
		}
	}
	for _, other := range []string{"meld", "ruf", "komm", "kehr", "frag", "stell", "lieg", "setz", "blick", "sicht", "schau", "halt", "zieh", "gezogen", "gemeldet", "gerufen", "gekommen", "gestellt", "gesetzt", "tritt", "grund", "gäng", "zuruf", "zumeld", "schreib", "schrieb", "gewiesen", "weis"} {
		if strings.HasPrefix(rest, other) {
			if other == "gäng" {
				return deUndone
			}
			return 0
		}
	}
	switch {
	case rest == "":
		return 0
	case strings.HasPrefix(rest, "zu") && strings.HasSuffix(rest, "n"):
		return deGive | deZu
	case strings.HasPrefix(rest, "ge"), strings.HasSuffix(rest, "t"), strings.HasSuffix(rest, "wiesen"), strings.HasPrefix(rest, "be") && !strings.HasSuffix(rest, "komm"), strings.HasPrefix(rest, "erhalten"):
		return deGiven
	case strings.HasSuffix(rest, "n"), strings.HasSuffix(rest, "e"):
		return deGive
	}
	return 0
}

func germanVerb(w string) tag {
	switch w {
	case "genehmigt", "bewilligt", "freigegeben", "zugesagt", "gewährt":
		return deDone | deGranted
	case "veranlasst", "angewiesen", "ausgestellt", "durchgeführt", "bearbeitet", "eingeleitet", "vorgenommen", "abgeschlossen", "gestartet", "initiiert", "ausgelöst",
		"gebucht", "verbucht", "erfolgt", "erledigt", "erstellt", "ausgeführt", "beauftragt", "eingegangen", "angekommen", "bestätigt", "angestoßen", "losgeschickt", "gemacht",
		"gebracht", "fertig", "eingetroffen", "getätigt", "abgewickelt", "vollzogen", "umgesetzt", "verarbeitet", "eingereicht", "eingeplant", "angenommen", "ausgegeben", "abgesendet", "abgeschickt", "versandt",
		"versendet", "verschickt", "hinterlegt", "erteilt", "angelegt", "aufgegeben", "erfolgreich", "übermittelt", "zugestellt", "arbeit", "bearbeitung", "auftrag", "gutgeheißen", "komplett", "vermerkt":
		return deDone | germanMoved(w)
	case "veranlasse", "veranlassen", "anweisen", "weise", "leite", "leiten", "stelle", "stellen", "führe", "führen", "buche", "buchen", "erteile", "erteilen", "starte", "starten", "beauftrage", "beauftragen", "durchführen", "vornehmen", "einleiten", "ausstellen", "ausführen", "gewähren", "gewähre", "genehmigen", "genehmige", "nehme", "nehmen", "löse", "lösen":
		return deDo | germanMove(w)
	case "überwiesen", "geschickt", "gesendet", "gesandt", "transferiert", "gezahlt", "bezahlt":
		return deMoved | deDone
	case "überweise", "überweisen", "schicke", "schicken", "sende", "senden", "zahle", "zahlen", "transferiere", "transferieren", "gebe", "geben", "gibt":
		return deMove
	case "schreibe":
		return deMove
	case "storniert", "annulliert", "rückgängig", "aufgehoben":
		return deUndone
	case "erhalten", "erhältst", "bekommen", "bekommst", "kriegen", "kriegst", "erhaltet", "bekommt", "kommt", "kommen", "trifft", "eintreffen", "ankommen", "eingehen", "geht", "gehen", "erscheint", "erscheinen", "landet", "landen", "folgt", "sehen", "siehst", "steht", "läuft", "sichtbar", "verfügbar", "liegt", "finden", "erreicht", "erreichen", "zeigt", "angezeigt", "auftauchen", "taucht", "ging", "kam", "gegangen":
		return deArrive
	}
	return 0
}

func germanMoved(w string) tag {
	switch w {
	case "angewiesen", "gebucht", "abgesendet", "abgeschickt", "versandt", "losgeschickt", "verschickt", "gebracht", "freigegeben":
		return deMoved
	}
	return 0
}

func germanMove(w string) tag {
	switch w {
	case "buche", "buchen", "anweisen", "weise":
		return deMove
	}
	return 0
}
