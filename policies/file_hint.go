package policies

import "strings"

// hint helps with a word that is not known: the one that was probably meant, or
// all there are.
func hint(word string, known []string) string {
	if word = strings.ToLower(shorten(word)); word != "" {
		nearest, least := "", len(word)
		for _, k := range known {
			if d := distance(word, k); d < least {
				nearest, least = k, d
			}
		}
		if nearest != "" && (least <= 1+len(word)/4 || strings.Contains(word, nearest) || strings.Contains(nearest, word)) {
			return "did you mean " + nearest + "?"
		}
	}
	return "known here: " + strings.Join(known, ", ")
}

// distance is how many bytes must be put in, left out or replaced to make b of a
// (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
