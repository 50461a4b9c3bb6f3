package knowledge

import (
	"slices"
	"strings"
	"unicode"
)

// terms are the words of text as the index knows them, in their order:
// lower-cased, umlauts written out, singular, without stop words. Documents and
// queries go through it alike.
func terms(text string) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(fold(text), separates) {
		if !isStopWord(word) {
			out = append(out, singular(word))
		}
	}
	return out
}

// distinctTerms are the terms of a query, each once and sorted, so that sums of
// scores do not depend on the order of words.
func distinctTerms(query string) []string {
	asked := terms(query)
	slices.Sort(asked)
	return slices.Compact(asked)
}

func separates(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}

// fold makes spellings equal that German writers use side by side: ä and ae, ß and ss.
func fold(text string) string {
	var out strings.Builder
	for _, r := range strings.ToLower(clean(text)) {
		switch r {
		case 'ä':
			out.WriteString("ae")
		case 'ö':
			out.WriteString("oe")
		case 'ü':
			out.WriteString("ue")
		case 'ß':
			out.WriteString("ss")
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// singular takes the plural ending off an English word: refunds, policies, taxes.
func singular(word string) string {
	for _, ending := range []string{"xes", "sses", "shes", "ches"} {
		if strings.HasSuffix(word, ending) {
			return strings.TrimSuffix(word, "es")
		}
	}
	if stem, ok := strings.CutSuffix(word, "ies"); ok && len(stem) > 1 {
		return stem + "y"
	}
	if stem, ok := strings.CutSuffix(word, "s"); ok && len(stem) > 2 && !strings.ContainsAny(stem[len(stem)-1:], "sui") {
		return stem
	}
	return word
}

// isStopWord reports words that say nothing about a subject, in English and
// German, as folded; the single letters are what an apostrophe leaves.
func isStopWord(word string) bool {
	switch word {
	case "a", "an", "and", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does",
		"for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it",
		"its", "me", "my", "no", "not", "of", "on", "or", "our", "she", "should", "so", "than", "that", "the",
		"their", "them", "then", "there", "these", "they", "this", "to", "us", "was", "we", "were", "what",
		"when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
		"s", "t", "d", "m", "ll", "re", "ve":
		return true
	case "aber", "als", "am", "auch", "auf", "aus", "bei", "bin", "bis", "bist", "da", "das", "dass", "dein",
		"deine", "dem", "den", "der", "des", "die", "dies", "diese", "dieser", "doch", "du", "ein", "eine",
		"einem", "einen", "einer", "eines", "er", "es", "fuer", "hat", "habe", "haben", "ich", "ihr", "ihre",
		"im", "ist", "ja", "kann", "koennen", "man", "mein", "meine", "mich", "mir", "mit", "nach", "nicht",
		"noch", "nur", "ob", "oder", "sein", "seine", "sich", "sie", "sind", "ueber", "um", "und", "uns",
		"unser", "unsere", "von", "vom", "vor", "wann", "war", "warum", "wenn", "wer", "werden", "wie", "wir",
		"wird", "wo", "zu", "zum", "zur":
		return true
	}
	return false
}
