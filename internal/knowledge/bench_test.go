package knowledge_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
)

// sizes are the collections that the goals name: a large help centre, and manuals.
func sizes() map[string]int { return map[string]int{"2700 documents": 2700, "27000 documents": 27_000} }

// BenchmarkSearch measures questions of 2 to 8 words, rare and common ones mixed.
func BenchmarkSearch(b *testing.B) {
	for name, n := range sizes() {
		b.Run(name, func(b *testing.B) {
			docs, ask := manual(b, n)
			l := library(b, docs)
			var took []time.Duration
			for b.Loop() {
				question := ask()
				began := time.Now()
				l.Search(knowledge.Query{Texts: []string{question}, K: 10})
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
		})
	}
}

// BenchmarkIndex measures making a library of documents, and what it holds.
func BenchmarkIndex(b *testing.B) {
	for name, n := range sizes() {
		b.Run(name, func(b *testing.B) {
			docs, _ := manual(b, n)
			size := 0
			for _, d := range docs {
				size += len(d.Body)
			}
			before := heap()
			var l *knowledge.Library
			for b.Loop() {
				l = nil
				l = library(b, docs)
			}
			b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-of-index")
			b.ReportMetric(float64(size)/1e6, "MB-of-text")
			_ = l.Documents()
		})
	}
}

// manual makes documents of about 5,400 bytes with as many different words as
// manuals have, and questions in their words.
func manual(t testing.TB, n int) (docs []knowledge.Document, ask func() string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.1, 8, 119_999)
	words := make([]string, 120_000)
	for i := range words {
		words[i] = invented(random, 3+random.IntN(4)+min(i/200, 3))
	}
	for i := range n {
		var text strings.Builder
		for range 6 {
			fmt.Fprintf(&text, "\n## %s %s\n", words[zipf.Uint64()], words[zipf.Uint64()])
			for range 166 {
				text.WriteString(words[zipf.Uint64()] + " ")
			}
		}
		doc, err := knowledge.Parse("made", knowledge.File{Path: fmt.Sprintf("%05d.md", i), Content: []byte(text.String()), Lang: "en"})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	return docs, func() string {
		var out []string
		for range 2 + random.IntN(7) {
			out = append(out, words[20+zipf.Uint64()%50_000])
		}
		return strings.Join(out, " ")
	}
}

// invented is a word that no language has, with as many letters.
func invented(random *rand.Rand, letters int) string {
	var out strings.Builder
	for i := range letters {
		out.WriteByte([]string{"bcdfghklmnprstvwz", "aeiou"}[i%2][random.IntN([]int{17, 5}[i%2])])
	}
	return out.String()
}
