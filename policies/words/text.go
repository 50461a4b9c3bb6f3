package words

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// plain is a text in the one form in which it is compared: compatible characters
// are one character, and typographic quotes and dashes are the plain ones.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < utf8.RuneSelf:
			return r
		case r == '‘' || r == '’' || r == '‛' || r == 'ʼ' || r == '´':
			return '\''
		case r == '“' || r == '”' || r == '„' || r == '«' || r == '»':
			return '"'
		case unicode.Is(unicode.Pd, r) || r == '−':
			return '-'
		case unicode.Is(unicode.Zs, r):
			return ' '
		case r == '。' || r == '।':
			return '.'
		case unicode.Is(unicode.Nd, r):
			return '0' + rune(digit(r))
		}
		return r
	}, norm.NFKC.String(s))
}

// digit is the value of a decimal digit of any script: they stand in runs of ten
// that begin with zero (https://www.unicode.org/versions/Unicode15.0.0/ch04.pdf, 4.6).
func digit(r rune) int {
	n := 0
	for n < 9 && unicode.Is(unicode.Nd, r-rune(n)-1) {
		n++
	}
	if unicode.Is(unicode.Nd, r-10) { // runs that touch, as mathematical digits do
		n = int(r-0x1D7CE) % 10
	}
	return max(0, n)
}

// token is a word, a number or a mark of a text.
type token struct {
	low        string // in lower case
	start, end int    // in the plain text
	capital    bool   // begins with an upper-case letter
	number     bool   // begins with a digit
	tags       [languages]tag
}

// letters reports whether a token is a word or a number, and no mark.
func (t token) letters() bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(t.low, "'"))
	return unicode.IsLetter(r) || t.number
}

// tokens splits a plain text. A number keeps its separators, so that "1.234,56"
// is one token; an apostrophe ends a word and stays with what follows it.
func tokens(s string) []token {
	out := make([]token, 0, len(s)/4)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\n':
			n = newlines(s[i:])
			out = append(out, token{low: s[i : i+n], start: i, end: i + n})
		case unicode.IsSpace(r):
		case r >= '0' && r <= '9':
			n = numberLength(s[i:])
			out = append(out, token{low: s[i : i+n], start: i, end: i + n, number: true})
		case unicode.IsLetter(r) || r == '\'' && startsLetter(s[i+n:]):
			n += wordLength(s[i+n:])
			word := s[i : i+n]
			out = append(out, token{low: unmix(strings.ToLower(word)), start: i, end: i + n, capital: unicode.IsUpper(r)})
		default:
			out = append(out, token{low: s[i : i+n], start: i, end: i + n})
		}
		i += n
	}
	return out
}

// newlines is the length of a line's end and all empty lines after it.
func newlines(s string) int {
	return len(s) - len(strings.TrimLeft(s, "\n\r\t "))
}

func startsLetter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r)
}

// wordLength is how far letters, marks, and hyphens between letters go.
func wordLength(s string) int {
	for i, r := range s {
		joined := r == '-' && i > 0 && startsLetter(s[i+1:])
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !joined {
			return i
		}
	}
	return len(s)
}

// numberLength is how far digits and the separators between them go.
func numberLength(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		inside := (c == '.' || c == ',' || c == '\'') && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9'
		thousands := c == ' ' && i > 0 && i <= 3 && group(s[i+1:])
		if (c < '0' || c > '9') && !inside && !thousands {
			return i
		}
	}
	return len(s)
}

// group reports whether three digits, and then no fourth, follow.
func group(s string) bool {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n == 3
}

// unmix writes Cyrillic and Greek letters that look Latin as Latin ones in words
// that have both: no language mixes them, but who wants to deceive does.
func unmix(word string) string {
	if plainASCII(word) {
		return word
	}
	latin, foreign := false, false
	for _, r := range word {
		latin = latin || r >= 'a' && r <= 'z'
		foreign = foreign || unicode.In(r, unicode.Cyrillic, unicode.Greek)
	}
	if !latin || !foreign {
		return word
	}
	return strings.Map(lookalike, word)
}

func plainASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func lookalike(r rune) rune {
	const foreign, latin = "аеорсухіјѕԁһвнкмтпгιονατρκυεηω", "aeopcyxijsdhbhkmtnriovatpkuenw"
	if i := strings.IndexRune(foreign, r); i >= 0 {
		return rune(latin[utf8.RuneCountInString(foreign[:i])])
	}
	return r
}

// sentences cuts tokens at marks that end a sentence, and at empty lines.
func sentences(all []token) [][]token {
	var out [][]token
	from := 0
	for i := range all {
		if i >= from && endsSentence(all, i) {
			out, from = append(out, all[from:i+1]), i+1
		}
	}
	return append(out, all[from:])
}

func endsSentence(all []token, i int) bool {
	switch t := all[i]; t.low {
	case "!", "?", ";", "؟", "？", "！", "…":
		return true
	case ".":
		return !abbreviates(all, i)
	default:
		if t.low[0] != '\n' {
			return false
		}
		if strings.Count(t.low, "\n") > 1 || i+1 == len(all) {
			return true
		}
		next := all[i+1] // a line that begins anew, or goes on
		return next.capital || !next.letters()
	}
}

// abbreviates reports whether a point ends an abbreviation or an ordinal number,
// and not a sentence.
func abbreviates(all []token, i int) bool {
	if i == 0 || all[i-1].end != all[i].start {
		return false
	}
	before, glued := all[i-1], i+1 < len(all) && all[i+1].start == all[i].end && all[i+1].letters()
	if before.number {
		return len(before.low) <= 2 && i+1 < len(all) && all[i+1].letters()
	}
	switch before.low {
	case "mr", "mrs", "ms", "dr", "nr", "no", "ca", "bzw", "usw", "etc", "approx", "inkl", "zzgl", "evtl", "ggf", "vs", "st", "ref":
		return before.low != "no" || glued
	}
	return utf8.RuneCountInString(before.low) == 1 || glued
}
