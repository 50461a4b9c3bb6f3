package knowledge

import "strings"

// sampleWords is how many words of a document tell its language.
const sampleWords = 400

// languageOf guesses the language of text by its small words; "" is neither
// English nor German, or too little to tell.
func languageOf(text string) string {
	var all, en, de int
	for raw := range split(text) {
		plain := fold(strings.ToLower(raw))
		if isEnglishStopWord(plain) {
			en++
		}
		if isGermanStopWord(plain) {
			de++
		}
		if all++; all == sampleWords {
			break
		}
	}
	switch {
	case max(en, de)*10 < all || en == de:
		return ""
	case en > de:
		return "en"
	}
	return "de"
}

// analysed is the language whose endings a document's words have. What is in no
// language that can be told is mostly short, and mostly English.
func analysed(lang string) string {
	if lang == "" {
		return "en"
	}
	return lang
}

// isEnglishStopWord reports words that say nothing about a subject, as folded;
// the single letters are what an apostrophe leaves.
func isEnglishStopWord(plain string) bool {
	switch plain {
	case "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "does",
		"for", "from", "had", "has", "have", "he", "her", "his", "how", "i", "if", "in", "into", "is", "it",
		"its", "me", "my", "no", "not", "of", "on", "or", "our", "she", "should", "so", "than", "that", "the",
		"their", "them", "then", "there", "these", "they", "this", "to", "us", "was", "we", "were", "what",
		"when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
		"also", "just", "many", "may", "might", "more", "much", "must", "only", "shall", "very", "without",
		"s", "t", "d", "m", "ll", "re", "ve":
		return true
	}
	return false
}

// isGermanStopWord is the like for German.
func isGermanStopWord(plain string) bool {
	switch plain {
	case "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "bist", "da", "das", "dass", "dein",
		"deine", "dem", "den", "der", "des", "die", "dies", "diese", "dieser", "doch", "du", "durch", "ein", "eine",
		"einem", "einen", "einer", "eines", "er", "es", "fuer", "hat", "habe", "haben", "ich", "ihr", "ihre",
		"im", "in", "ist", "ja", "kann", "koennen", "man", "mein", "meine", "mich", "mir", "mit", "nach", "nicht",
		"noch", "nur", "ob", "oder", "sein", "seine", "sich", "sie", "sind", "so", "ueber", "um", "und", "uns",
		"unser", "unsere", "von", "vom", "vor", "wann", "war", "warum", "was", "wenn", "wer", "werden", "wie", "wir",
		"wird", "wo", "zu", "zum", "zur", "darf", "duerfen", "muss", "muessen", "ohne", "soll", "sollen", "viel", "viele", "sehr":
		return true
	}
	return false
}
