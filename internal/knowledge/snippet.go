package knowledge

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	snippetLength = 400 // characters
	snippetMarks  = 4   // of them for "… " in front and " …" behind
	snippetLead   = 8   // words shown before the first one asked for
)

// snippet is the part of a passage that has most of the words asked for, on one line.
func snippet(text string, asked *question) string {
	words := strings.Fields(clean(text))
	found := findTerms(words, asked)
	start, end, most := 0, windowEnd(words, 0), 0
	for i := range words {
		if len(found[i]) == 0 {
			continue
		}
		from := max(0, i-snippetLead)
		to := windowEnd(words, from)
		if n := countDistinct(found[from:to]); n > most {
			start, end, most = from, to, n
		}
	}
	for start > 0 && windowEnd(words, start-1) >= end {
		start-- // there is room left in front
	}
	return joinWindow(words, start, end)
}

// findTerms says for every word which of the stems asked for it holds, by their index.
func findTerms(words []string, asked *question) [][]int {
	found := make([][]int, len(words))
	a := newAnalyser(asked.lang)
	for i, text := range words {
		for raw := range split(text) {
			if !asked.mayHave(raw) {
				continue
			}
			w := a.word(raw)
			if at, ok := slices.BinarySearchFunc(asked.words, w.stem, func(w *word, t term) int { return cmp.Compare(w.stem, t) }); ok {
				found[i] = append(found[i], at)
			}
		}
	}
	return found
}

func countDistinct(found [][]int) int {
	all := slices.Concat(found...)
	slices.Sort(all)
	return len(slices.Compact(all))
}

// windowEnd is how far words fit into a snippet from start on, at least one
// word, with room for the signs of what is left out.
func windowEnd(words []string, start int) int {
	room := snippetLength - snippetMarks + 1 // no space after the last word
	end := start
	for end < len(words) {
		room -= utf8.RuneCountInString(words[end]) + 1
		if room < 0 && end > start {
			break
		}
		end++
	}
	return end
}

func joinWindow(words []string, start, end int) string {
	text := strings.Join(words[start:end], " ")
	if start > 0 {
		text = "… " + text
	}
	if end < len(words) {
		text += " …"
	}
	return shorten(text, snippetLength)
}
