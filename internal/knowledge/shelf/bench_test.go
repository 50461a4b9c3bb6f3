package shelf_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
	"supportmcp/internal/ledger"
)

// BenchmarkWarmStart measures from an open database of 2,700 documents, 20 MB of
// text, to the answer to a first search, and what is held then: texts and index.
func BenchmarkWarmStart(b *testing.B) {
	l, err := ledger.Open(b.Context(), "sqlite:"+filepath.Join(b.TempDir(), "state", "ledger.db"), ledger.Options{Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	s := shelf.New(l, time.Now, map[string]shelf.Defaults{"desk": {}})
	if _, err := s.Sync(b.Context(), &drawer{files: manual(2700)}); err != nil {
		b.Fatal(err)
	}
	var library *knowledge.Library
	before := heap()
	for b.Loop() {
		library = nil
		docs, unread, err := s.Load(b.Context(), nil)
		if err != nil || len(unread) > 0 || len(docs) != 2700 {
			b.Fatal(len(docs), unread, err)
		}
		if library, err = knowledge.New(docs); err != nil {
			b.Fatal(err)
		}
		if found := library.Search(knowledge.Query{Texts: []string{"baba dodo refund"}, K: 5}); len(found.Hits) == 0 {
			b.Fatal("nothing found")
		}
	}
	b.ReportMetric(float64(heap()-before)/(1<<20), "MiB-held")
	_ = library.Sources()
}

// heap is what is in use once what is not has been swept away.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc) //nolint:gosec // far below
}

// manual makes documents of about 7,400 bytes.
func manual(n int) map[string]string {
	random := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(random, 1.1, 8, 49_999)
	word := func() string {
		v := zipf.Uint64()
		var out strings.Builder
		for range 2 + v%3 {
			out.WriteByte("bcdfghklmnprstvwz"[v%17])
			out.WriteByte("aeiou"[v%5])
			v = v/7 + 3
		}
		return out.String()
	}
	files := map[string]string{}
	for i := range n {
		var text strings.Builder
		for range 6 {
			fmt.Fprintf(&text, "\n## %s refund\n", word())
			for range 180 {
				text.WriteString(word() + " ")
			}
		}
		files[fmt.Sprintf("%05d.md", i)] = text.String()
	}
	return files
}
