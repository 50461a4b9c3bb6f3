package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// model drives a ledger and a plain model of it through the same random calls and
// wants the same answers.
func model(t *testing.T, fresh Fresh) {
	d := newDesk(t, fresh)
	runs := 0
	rapid.Check(t, func(r *rapid.T) {
		runs++
		m := &book{desk: d, conversation: fmt.Sprintf("conv_%d", runs)}
		r.Repeat(map[string]func(*rapid.T){
			"begin":   m.begin,
			"resume":  m.resume,
			"claim":   m.claim,
			"settle":  m.settleOne,
			"decide":  m.decide,
			"wait":    func(r *rapid.T) { d.clock.Advance(rapid.SampledFrom(pauses()).Draw(r, "pause")) },
			"expire":  m.expire,
			"erase":   m.erase,
			"prune":   m.prune,
			"":        m.agrees,
			"replay ": m.begin, // twice as often
			"mark":    m.mark,
		})
	})
}

func pauses() []time.Duration {
	return []time.Duration{time.Millisecond, lease, expires, 24 * time.Hour}
}

// book is the model: the entries of one conversation, in the order they came.
type book struct {
	*desk
	conversation string
	entries      []*line
	done         int // how many entries have become done
	marks        []mark
}

// mark is a point in the ledger's history, as the ledger and as the model call it.
type mark struct {
	ledger policies.Mark
	done   int
}

// line is an entry as far as the model knows it.
type line struct {
	id        string
	draft     policies.Draft
	ordinal   int
	state     policies.State
	settledAt time.Time
	done      int       // when it became done, counted in entries that did
	leased    time.Time // until when
	expires   time.Time
	erased    bool
}

func (b *book) draft(r *rapid.T) policies.Draft {
	if done := b.doneOnes(); len(done) > 0 && rapid.IntRange(0, 3).Draw(r, "as it should be") == 0 {
		l := rapid.SampledFrom(done).Draw(r, "repeats")
		d := l.draft
		d.RepeatOf, d.Mark, d.Input = l.id, 0, b.words(r)
		return d
	}
	kind := rapid.SampledFrom([]policies.Kind{policies.KindRefund, policies.KindReply, policies.KindTag}).Draw(r, "kind")
	same := rapid.SampledFrom([]string{"one", "two"}).Draw(r, "same")
	if kind == policies.KindTag {
		same = "" // a desired state is never a repeat
	}
	d := message(kind, same)
	d.Subject.Conversation, d.Input = b.conversation, b.words(r)
	if rapid.Bool().Draw(r, "exclusive") {
		d.Subject.Exclusive = "only in " + b.conversation
	}
	if len(b.entries) > 0 && rapid.IntRange(0, 3).Draw(r, "repeats any") == 0 {
		d.RepeatOf = b.pick(r).id
	}
	return d
}

func (b *book) doneOnes() []*line {
	return slices.DeleteFunc(slices.Clone(b.entries), func(l *line) bool { return l.state != policies.Done })
}

// mark remembers when facts are read.
func (b *book) mark(r *rapid.T) {
	at, err := b.Mark(b.t.Context())
	if err != nil {
		r.Fatalf("mark: %v", err)
	}
	b.marks = append(b.marks, mark{at, b.done})
}

// read dates the facts of a draft: read now, or at some point before.
func (b *book) read(r *rapid.T, d *policies.Draft) (done int) {
	if len(b.marks) == 0 || rapid.Bool().Draw(r, "fresh") {
		return b.done
	}
	m := rapid.SampledFrom(b.marks).Draw(r, "read at")
	d.Mark = m.ledger
	return m.done
}

func (b *book) pick(r *rapid.T) *line {
	if len(b.entries) == 0 {
		r.Skip("nothing yet")
	}
	return rapid.SampledFrom(b.entries).Draw(r, "entry")
}

func effect(r *rapid.T) policies.Effect {
	return rapid.SampledFrom([]policies.Effect{policies.Deny, policies.NeedsApproval, policies.Allow}).Draw(r, "effect")
}

func (b *book) begin(r *rapid.T) {
	d, verdict := b.draft(r), effect(r)
	read := b.read(r, &d)
	e, replayed, err := b.Begin(b.t.Context(), d, says(verdict))
	after, ok := b.after(d)
	if !ok {
		want(r, "begin with a wrong repeat_of", fault.CodeOf(err), fault.Invalid)
		return
	}
	if answer := b.answer(d, after); answer != nil {
		want(r, "replayed", replayed, true)
		want(r, "answered by", e.ID, answer.id)
		return
	}
	if b.overtaken(d, read) || b.busy(d, nil) {
		want(r, "begin on a busy target", fault.CodeOf(err), fault.Busy)
		return
	}
	if err != nil || replayed {
		r.Fatalf("begin: replayed %v, %v", replayed, err)
	}
	b.expireWhere(func(l *line) bool { return l.equals(d) })
	l := &line{id: e.ID, draft: d, ordinal: b.next(d)}
	want(r, "ordinal", e.Ordinal, l.ordinal)
	b.enter(l, policies.Next(says(verdict)(policies.Snapshot{}), false))
	b.entries = append(b.entries, l)
}

// after is the ordinal that RepeatOf names; -1 for none.
func (b *book) after(d policies.Draft) (int, bool) {
	if d.RepeatOf == "" {
		return -1, true
	}
	for _, l := range b.entries {
		if l.id == d.RepeatOf {
			return l.ordinal, l.state == policies.Done && l.asks(d)
		}
	}
	return 0, false
}

// asks says that a draft asks for what the entry asked for.
func (l *line) asks(d policies.Draft) bool {
	return !l.forgotten() && l.draft.Kind == d.Kind && l.draft.Subject.Same == d.Subject.Same
}

// equals says that the entry can answer a draft.
func (l *line) equals(d policies.Draft) bool {
	return l.asks(d) && d.Subject.Same != ""
}

// answer is the first equal entry that is live or freshly done.
func (b *book) answer(d policies.Draft, after int) *line {
	for _, l := range b.entries {
		if !l.equals(d) || l.ordinal <= after || l.overdue(b.clock.Now()) {
			continue
		}
		fresh := l.state == policies.Done && b.clock.Now().Sub(l.settledAt) < l.draft.Kind.ReplayFor()
		if l.state.Live() || fresh {
			return l
		}
	}
	return nil
}

func (l *line) overdue(now time.Time) bool {
	return (l.state == policies.Awaiting || l.state == policies.Approved) && !now.Before(l.expires)
}

func (b *book) busy(d policies.Draft, self *line) bool {
	return d.Subject.Exclusive != "" && slices.ContainsFunc(b.entries, func(l *line) bool {
		return l != self && l.state.InFlight() && l.draft.Subject.Exclusive == d.Subject.Exclusive
	})
}

// overtaken says that the target has changed since the facts were read.
func (b *book) overtaken(d policies.Draft, read int) bool {
	return d.Subject.Exclusive != "" && slices.ContainsFunc(b.entries, func(l *line) bool {
		return l.state == policies.Done && l.done > read && l.draft.Subject.Exclusive == d.Subject.Exclusive
	})
}

func (b *book) next(d policies.Draft) int {
	n := 0
	for _, l := range b.entries {
		if l.equals(d) {
			n = max(n, l.ordinal+1)
		}
	}
	return n
}

func (b *book) enter(l *line, s policies.State) {
	l.state = s
	if s == policies.Awaiting {
		l.expires = b.clock.Now().Add(expires)
	}
	if s == policies.Executing {
		l.leased = b.clock.Now().Add(lease)
	}
}

func (b *book) resume(r *rapid.T) {
	l, verdict, changed := b.pick(r), effect(r), rapid.Bool().Draw(r, "changed")
	d := l.draft
	d.Mark = 0
	read := b.read(r, &d)
	if changed {
		d.Digest = "other facts"
	}
	_, err := b.Resume(b.t.Context(), l.id, d, says(verdict))
	switch now := b.clock.Now(); {
	case l.state != policies.Approved:
	case l.overdue(now):
		l.state = policies.Expired
	case b.overtaken(d, read), b.busy(d, l):
		want(r, "resume on a busy target", fault.CodeOf(err), fault.Busy)
		return
	case changed:
		l.state = policies.Stale
	default:
		b.enter(l, policies.Next(says(verdict)(policies.Snapshot{}), true))
	}
	if err != nil {
		r.Fatalf("resume: %v", err)
	}
}

func (b *book) claim(r *rapid.T) {
	l := b.pick(r)
	_, ok, err := b.Claim(b.t.Context(), l.id, lease)
	lapsed := (l.state == policies.Executing || l.state == policies.InDoubt) && !b.clock.Now().Before(l.leased)
	if want(r, "claimed", ok, lapsed); err != nil {
		r.Fatalf("claim: %v", err)
	}
	if lapsed {
		l.state, l.leased = policies.InDoubt, b.clock.Now().Add(lease)
	}
}

func (b *book) settleOne(r *rapid.T) {
	l := b.pick(r)
	to := rapid.SampledFrom([]policies.State{policies.Done, policies.Failed, policies.InDoubt, policies.Review}).Draw(r, "to")
	s := settlement(to)
	if s.Failure != nil {
		s.Failure.Message = string(l.draft.Input)
	}
	if _, err := b.Settle(b.t.Context(), l.id, s); err != nil {
		r.Fatalf("settle: %v", err)
	}
	final := to == policies.Done || to == policies.Failed
	if l.state == policies.Executing {
		l.leased = b.clock.Now()
	}
	if l.state == policies.Executing || l.state == policies.InDoubt || l.state == policies.Review && final {
		l.state, l.settledAt = to, b.clock.Now()
		if to == policies.Done {
			b.done++
			l.done = b.done
		}
	}
}

func (b *book) decide(r *rapid.T) {
	l, yes := b.pick(r), rapid.Bool().Draw(r, "yes")
	decide, to := b.Reject, policies.Rejected
	if yes {
		decide, to = b.Approve, policies.Approved
	}
	_, err := decide(b.t.Context(), l.id, "person", "")
	if l.state != policies.Awaiting || l.overdue(b.clock.Now()) {
		want(r, "decided too late", fault.CodeOf(err), fault.Refused)
		return
	}
	if l.state = to; err != nil {
		r.Fatalf("decide: %v", err)
	}
}

func (b *book) expire(r *rapid.T) {
	if _, err := b.Due(b.t.Context(), policies.DueApproved, 10); err != nil {
		r.Fatalf("due: %v", err)
	}
	b.expireWhere(func(*line) bool { return true })
}

func (b *book) expireWhere(chosen func(*line) bool) {
	for _, l := range b.entries {
		if chosen(l) && l.overdue(b.clock.Now()) {
			l.state = policies.Expired
		}
	}
}

// agrees compares every entry's state, and what counts against budgets.
func (b *book) agrees(r *rapid.T) {
	for _, l := range b.entries {
		e, err := b.Entry(b.t.Context(), l.id)
		if err != nil {
			r.Fatalf("entry: %v", err)
		}
		want(r, "state of "+l.id, e.State, l.state)
	}
	for _, kind := range []policies.Kind{policies.KindRefund, policies.KindReply, policies.KindTag} {
		q := policies.Query{Scope: policies.Scope("conversation:" + b.conversation), Kinds: []policies.Kind{kind}, Window: 24 * time.Hour}
		s, err := b.Read(b.t.Context(), policies.Reads{Queries: []policies.Query{q}})
		if err != nil {
			r.Fatalf("read: %v", err)
		}
		want(r, "what counts of "+string(kind), s.Usage[0].Count, b.counting(kind))
	}
}

// counting is how many entries of a kind count in a window of a day, repeats
// like all others.
func (b *book) counting(kind policies.Kind) (n int64) {
	for _, l := range b.entries {
		recent := l.state == policies.Done && b.clock.Now().Sub(l.settledAt) < 24*time.Hour
		if l.draft.Kind == kind && (l.state.InFlight() || recent) {
			n++
		}
	}
	return n
}

func want[T comparable](r *rapid.T, what string, got, want T) {
	r.Helper()
	if got != want {
		r.Fatalf("%s: got %v, want %v", what, got, want)
	}
}
