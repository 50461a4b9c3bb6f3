package knowledge

import (
	"hash/fnv"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/german"
)

// term stands for a stem, a pair of stems or a piece of a word in the index: its
// hash. That two of them share one is too rare to matter, and costs a rank only.
type term uint32

func termOf(text string) term {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text)) // never fails
	return term(h.Sum32())
}

// pair is the term for two stems side by side.
func pair(a, b term) term { return a*0x9e3779b1 ^ b + 0x7f4a7c15 }

// word is what the index knows of a word in one language.
type word struct {
	stop  bool // it says nothing about a subject
	stem  term
	grams []term // its pieces of gramLength characters
	times uint32 // in the document that is being indexed
}

// gramLength is how long the pieces are that find parts of compounds and words
// with slips: four characters.
const gramLength = 4

// longestWord is how much of a word is cut into pieces; what is longer is no word.
const longestWord = 64

// analyser turns the words of one language into terms, and remembers them. It is
// not safe for concurrent use.
type analyser struct {
	lang  string
	known map[string]*word
	env   *snowballstem.Env
}

func newAnalyser(lang string) *analyser {
	return &analyser{lang: lang, known: map[string]*word{}, env: snowballstem.NewEnv("")}
}

// words are the words of text that say something, in their order.
func (a *analyser) words(text string) iter.Seq[*word] {
	return func(yield func(*word) bool) {
		for raw := range split(text) {
			if w := a.word(raw); !w.stop && !yield(w) {
				return
			}
		}
	}
}

func (a *analyser) word(raw string) *word {
	w, ok := a.known[raw]
	if !ok {
		w = a.analyse(strings.ToLower(raw))
		a.known[strings.Clone(raw)] = w
	}
	return w
}

func (a *analyser) analyse(lower string) *word {
	plain := fold(lower)
	if a.stops(plain) {
		return &word{stop: true}
	}
	return &word{stem: termOf(a.stem(lower)), grams: grams(plain)}
}

// stem takes the ending off a word. Snowball wants lower-case letters.
func (a *analyser) stem(lower string) string {
	switch a.lang {
	case "de":
		a.env.SetCurrent(umlauts().Replace(lower))
		german.Stem(a.env)
	case "en":
		a.env.SetCurrent(fold(lower))
		english.Stem(a.env)
	default:
		return fold(lower)
	}
	return a.env.Current()
}

// umlauts writes German words in the one spelling that the stemmer knows; it then
// takes the dots away, so that Häuser is found by Haus, and Kündigung by Kundigung.
func umlauts() *strings.Replacer {
	return strings.NewReplacer("ß", "ss", "qu", "qu", "ae", "ä", "oe", "ö", "ue", "ü")
}

func (a *analyser) stops(plain string) bool {
	switch a.lang {
	case "de":
		return isGermanStopWord(plain)
	case "en":
		return isEnglishStopWord(plain)
	}
	return false
}

// grams are the pieces of a word; a short word is one piece.
func grams(plain string) []term {
	letters := []rune(plain)
	letters = letters[:min(len(letters), longestWord)]
	if len(letters) <= gramLength {
		return []term{termOf(plain)}
	}
	out := make([]term, 0, len(letters)-gramLength+1)
	for i := range len(letters) - gramLength + 1 {
		out = append(out, termOf(string(letters[i:i+gramLength])))
	}
	return out
}

// split gives the words of text as they stand there. Text must be clean.
func split(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := -1
		for i, r := range text {
			inside := partOfWord(r)
			if inside && start < 0 {
				start = i
			}
			if !inside && start >= 0 {
				if !yield(text[start:i]) {
					return
				}
				start = -1
			}
		}
		if start >= 0 {
			yield(text[start:])
		}
	}
}

func partOfWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// plainLetters reports text without any letter or sign that ASCII has not.
func plainLetters(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// fold makes spellings equal that German writers use side by side: ä and ae, ß and ss.
func fold(lower string) string {
	if plainLetters(lower) {
		return lower
	}
	var out strings.Builder
	for _, r := range lower {
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
