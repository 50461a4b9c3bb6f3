package ledgertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// words are texts that are found again wherever a piece of them is left.
func (b *book) words(r *rapid.T) json.RawMessage {
	times := rapid.SampledFrom([]int{1, 3, 30, 300}).Draw(r, "length")
	return json.RawMessage(`"` + strings.Repeat(b.word(len(b.entries)), times) + `"`)
}

func (b *book) word(n int) string { return fmt.Sprintf("CANARY-%s-%d-", b.conversation, n) }

// forgotten says that nothing tells any more what was asked for: the texts of a
// message are gone, and what identifies it was one of them.
func (l *line) forgotten() bool { return l.erased && l.draft.Kind == policies.KindReply }

// settled reports whether texts may go: of what is settled, and of a message
// that is done when it answers no equal one any more.
func (l *line) settled(now time.Time) bool {
	answers := l.state == policies.Done && l.draft.Kind == policies.KindReply && now.Sub(l.settledAt) < 24*time.Hour
	return l.state.Final() && !answers
}

// erase takes the texts of the conversation.
func (b *book) erase(r *rapid.T) {
	now, used := b.clock.Now(), b.used(r)
	var want, kept int
	for _, l := range b.entries {
		switch {
		case l.erased:
		case l.settled(now):
			l.erased = true
			want++
		default:
			kept++
		}
	}
	got, err := b.Erase(b.t.Context(), ledger.Data{Conversations: []string{b.conversation}}, "officer", false)
	if err != nil || got.Erased != want || len(got.Kept) != kept || got.Lingers {
		r.Fatalf("erased %d, kept %d, want %d and %d: %v", got.Erased, len(got.Kept), want, kept, err)
	}
	b.gone(r, used)
}

// prune takes the texts of everything that was settled two days ago or earlier.
func (b *book) prune(r *rapid.T) {
	used, before := b.used(r), b.clock.Now().Add(-48*time.Hour)
	got, err := b.Prune(b.t.Context(), ledger.Pruning{Before: before, Window: 24 * time.Hour, By: "officer"})
	if err != nil || got.Lingers {
		r.Fatalf("prune: %v", err)
	}
	for _, l := range b.entries {
		e, err := b.Entry(b.t.Context(), l.id)
		if err != nil {
			r.Fatalf("entry: %v", err)
		}
		old := l.state.Final() && e.UpdatedAt.Before(before)
		want(r, "pruned "+l.id, !e.ErasedAt.IsZero(), l.erased || old)
		l.erased = l.erased || old
	}
	b.gone(r, used)
}

// used is what counts for the conversation.
func (b *book) used(r *rapid.T) policies.Usage {
	s, err := b.Read(b.t.Context(), policies.Reads{Queries: []policies.Query{{
		Scope: policies.Scope("conversation:" + b.conversation), Window: 1000 * time.Hour,
		Kinds: []policies.Kind{policies.KindRefund, policies.KindReply},
	}}})
	if err != nil {
		r.Fatalf("read: %v", err)
	}
	return s.Usage[0]
}

// gone wants no text of what was erased to be left, the log to be whole, and
// budgets to count as before.
func (b *book) gone(r *rapid.T, before policies.Usage) {
	if now := b.used(r); now.Count != before.Count || now.Sum != before.Sum || !slices.Equal(now.Settled, before.Settled) {
		r.Fatalf("%+v counted, and then %+v", before, now)
	}
	b.sound()
	dump, raw := []byte(b.dump()), b.raw(r)
	for n, l := range b.entries {
		word := []byte(b.word(n))
		if l.erased && (bytes.Contains(dump, word) || bytes.Contains(raw, word)) {
			r.Fatalf("the texts of entry %d are in a table (%v), in a file (%v)", n, bytes.Contains(dump, word), bytes.Contains(raw, word))
		}
		if !l.erased && !bytes.Contains(dump, word) {
			r.Fatalf("the texts of entry %d are gone", n)
		}
	}
}

// raw are the bytes of SQLite's files, and nothing for PostgreSQL.
func (b *book) raw(r *rapid.T) (all []byte) {
	path, isFile := strings.CutPrefix(b.url, "sqlite:")
	if !isFile {
		return nil
	}
	for _, ending := range []string{"", "-wal"} {
		text, err := os.ReadFile(path + ending)
		if err != nil {
			r.Fatalf("read the file: %v", err)
		}
		all = append(all, text...)
	}
	return all
}
