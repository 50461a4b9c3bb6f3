package knowledge_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
)

// collection is a set of texts with questions and judgements, in the layout of
// BEIR (https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset).
type collection struct {
	docs    []knowledge.Document
	ids     map[string]string // by URI
	queries map[string]string
	judged  map[string]map[string]float64 // by query, the gain of a text
	hash    uint64
}

// The repository's own texts must be found as well as they are today. A change of
// the blend that gains elsewhere and loses here is looked at by a person.
func TestQualityOfTheOwnCollectionHolds(t *testing.T) {
	t.Parallel()
	c := load(t, "testdata/quality")
	l := library(t, c.docs)
	ndcg, recall := c.measure(t, l)
	t.Logf("nDCG@10 %.3f, recall@5 %.3f over %d queries", mean(ndcg), mean(recall), len(ndcg))
	if mean(ndcg) < 0.90 || mean(recall) < 0.95 {
		t.Errorf("nDCG@10 is %.3f, want 0.90; recall@5 is %.3f, want 0.95", mean(ndcg), mean(recall))
		for i, id := range c.asked() {
			if ndcg[i] < 1 {
				t.Logf("%.2f %s: %v", ndcg[i], c.queries[id], c.found(l, id))
			}
		}
	}
}

// What nobody has written about is told to be uncovered, and what somebody has is not.
func TestQuestionsWithoutAnAnswerAreTold(t *testing.T) {
	t.Parallel()
	c := load(t, "testdata/quality")
	l := library(t, c.docs)
	covered := func(text string) bool { return l.Search(knowledge.Query{Texts: []string{text}, K: 5}).Covered }
	var missed, wrong []string
	for _, id := range c.asked() {
		if !covered(c.queries[id]) {
			missed = append(missed, c.queries[id])
		}
	}
	b, err := os.ReadFile("testdata/quality/unanswered.txt")
	if err != nil {
		t.Fatal(err)
	}
	unanswered := strings.Split(strings.TrimSpace(string(b)), "\n")
	for _, text := range unanswered {
		if covered(text) {
			wrong = append(wrong, text)
		}
	}
	t.Logf("%d of %d answered questions are told to be uncovered, %d of %d others to be covered",
		len(missed), len(c.asked()), len(wrong), len(unanswered))
	if 10*len(missed) > len(c.asked()) || 10*len(wrong) > len(unanswered) {
		t.Errorf("more than one in ten is told wrong.\nuncovered: %q\ncovered: %q", missed, wrong)
	}
}

// TestQualityOfOtherCollections prints figures of collections that are not part of
// the repository: SUPPORTMCP_BEIR names a folder that is one, or that holds some.
func TestQualityOfOtherCollections(t *testing.T) {
	root := os.Getenv("SUPPORTMCP_BEIR")
	if root == "" {
		t.Skip("SUPPORTMCP_BEIR names no folder")
	}
	for _, dir := range collections(t, root) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			c := load(t, dir)
			before := heap()
			began := time.Now()
			l := library(t, c.docs)
			indexed := time.Since(began)
			held := heap() - before
			began = time.Now()
			ndcg, recall := c.measure(t, l)
			if len(ndcg) == 0 {
				t.Fatal("no query has a judgement")
			}
			each := time.Since(began) / time.Duration(len(ndcg))
			t.Logf("%d texts, %d queries, corpus %016x", len(c.docs), len(ndcg), c.hash)
			t.Logf("nDCG@10 %s, recall@5 %s", interval(ndcg), interval(recall))
			t.Logf("indexed in %v, %v per query, %d MiB of index", indexed.Round(time.Millisecond), each.Round(time.Microsecond), held>>20)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// collections are the folders below root, or root, that hold a corpus.
func collections(t *testing.T, root string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*", "corpus.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "corpus.jsonl")); err == nil {
		found = append(found, filepath.Join(root, "corpus.jsonl"))
	}
	if len(found) == 0 {
		t.Fatalf("there is no corpus.jsonl in %s or a folder of it", root)
	}
	for i, file := range found {
		found[i] = filepath.Dir(file)
	}
	return found
}

func load(t *testing.T, dir string) collection {
	t.Helper()
	c := collection{ids: map[string]string{}, queries: map[string]string{}, judged: map[string]map[string]float64{}}
	h := fnv.New64a()
	eachLine(t, filepath.Join(dir, "corpus.jsonl"), func(line []byte) {
		h.Write(line)
		var text struct {
			ID    string `json:"_id"`
			Title string `json:"title"`
			Text  string `json:"text"`
		}
		read := json.Unmarshal(line, &text)
		doc, err := knowledge.Parse("beir", knowledge.File{
			Path: fmt.Sprintf("%06d.txt", len(c.ids)), Content: []byte(cmp.Or(strings.TrimSpace(text.Text), text.Title, "-")),
		})
		if read != nil || err != nil {
			t.Logf("%s is left out: %v %v", text.ID, read, err)
			return
		}
		doc.Title = text.Title
		c.ids[doc.URI] = text.ID
		c.docs = append(c.docs, doc)
	})
	c.hash = h.Sum64()
	eachLine(t, filepath.Join(dir, "queries.jsonl"), func(line []byte) {
		var q struct {
			ID   string `json:"_id"`
			Text string `json:"text"`
		}
		if err := json.Unmarshal(line, &q); err != nil {
			t.Fatal(err)
		}
		c.queries[q.ID] = q.Text
	})
	c.judgements(t, dir)
	return c
}

func (c collection) judgements(t *testing.T, dir string) {
	t.Helper()
	file := filepath.Join(dir, "qrels", "test.tsv")
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join(dir, "qrels.tsv")
	}
	eachLine(t, file, func(line []byte) {
		f := strings.Split(strings.TrimSpace(string(line)), "\t")
		gain, err := strconv.ParseFloat(f[len(f)-1], 64)
		if err != nil || len(f) != 3 {
			return // the header
		}
		if c.judged[f[0]] == nil {
			c.judged[f[0]] = map[string]float64{}
		}
		c.judged[f[0]][f[1]] = gain
	})
}

func eachLine(t *testing.T, file string, do func([]byte)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if len(lines.Bytes()) > 0 {
			do(lines.Bytes())
		}
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
}

// asked are the queries with a text that answers them, in the order of their ids.
func (c collection) asked() []string {
	var out []string
	for id := range c.queries {
		for _, gain := range c.judged[id] {
			if gain > 0 {
				out = append(out, id)
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

func (c collection) found(l *knowledge.Library, query string) []string {
	var out []string
	for _, h := range l.Search(knowledge.Query{Texts: []string{c.queries[query]}, K: 10}).Hits {
		out = append(out, c.ids[h.URI])
	}
	return out
}

// measure gives nDCG@10 and recall@5 of every query.
func (c collection) measure(t *testing.T, l *knowledge.Library) (ndcg, recall []float64) {
	t.Helper()
	for _, id := range c.asked() {
		found, gains := c.found(l, id), c.judged[id]
		var best []float64
		for _, g := range gains {
			if g > 0 {
				best = append(best, g)
			}
		}
		slices.SortFunc(best, func(a, b float64) int { return cmp.Compare(b, a) })
		var got []float64
		top := 0.0
		for i, text := range found {
			got = append(got, max(gains[text], 0))
			if i < 5 && gains[text] > 0 {
				top++
			}
		}
		ndcg = append(ndcg, gainOf(got)/gainOf(best[:min(10, len(best))]))
		recall = append(recall, top/float64(min(5, len(best))))
	}
	return ndcg, recall
}

func gainOf(gains []float64) float64 {
	sum := 0.0
	for i, g := range gains {
		sum += g / math.Log2(float64(i)+2)
	}
	return sum
}

func mean(all []float64) float64 {
	sum := 0.0
	for _, v := range all {
		sum += v
	}
	return sum / float64(len(all))
}

// interval is a mean with its 95 % interval, by drawing the queries anew.
func interval(all []float64) string {
	random := rand.New(rand.NewPCG(1, 1))
	var means []float64
	for range 1000 {
		sum := 0.0
		for range all {
			sum += all[random.IntN(len(all))]
		}
		means = append(means, sum/float64(len(all)))
	}
	slices.Sort(means)
	return fmt.Sprintf("%.3f (%.3f to %.3f)", mean(all), means[25], means[975])
}
