package policies

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/money"
)

func wholePolicy(tb testing.TB) (*Policy, string) {
	tb.Helper()
	text, err := os.ReadFile("testdata/whole.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	return compiled(tb, string(text)), string(text)
}

func compiled(tb testing.TB, text string) *Policy {
	tb.Helper()
	p, err := Parse("policy.yaml", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// world is a history and what is asked in it.
type world struct {
	history *History
	asked   []Action
}

func drawWorld(r *rand.Rand, n int) world {
	entries := make([]Entry, 60)
	for i := range entries {
		at := noon().Add(-time.Duration(r.IntN(72*60)) * time.Minute)
		a := drawAction(r)
		entries[i] = Entry{
			Draft: Draft{Kind: a.Kind(), Principal: "agent", Subject: a.Subject()}, ID: fmt.Sprintf("act_%03d", i),
			State: one(r, Done, Done, Executing, Denied, Failed), CreatedAt: at, UpdatedAt: at.Add(time.Minute),
		}
	}
	if r.IntN(4) == 0 {
		entries[0] = Entry{Draft: Draft{Kind: KindBreaker}, ID: "act_000", State: Awaiting, CreatedAt: noon().Add(-day)}
	}
	w := world{history: NewHistory(entries[r.IntN(len(entries)):])}
	for range n {
		w.asked = append(w.asked, drawAction(r))
	}
	return w
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// drawAction makes an action that is sound more often than not, with values near
// those of testdata/whole.yaml.
func drawAction(r *rand.Rand) Action {
	n := strconv.Itoa(r.IntN(3))
	asker := Asker{Conversation: "conv_" + n, Contact: "contact_" + n, Identity: one(r, Proven, Proven, Claimed), Ties: []Tie{{Customer: "cus_" + n}}}
	amount := money.Of(int64(r.IntN(7000)), one[money.Currency](r, "eur", "eur", "eur", "usd", "jpy", "chf"))
	if r.IntN(3) == 0 {
		amount.Minor = int64(r.IntN(70)) * 100
	}
	sub := Subscription{ID: "sub_" + n, Customer: "cus_" + n, Status: "active"}
	message := Message{Asker: asker, Body: strings.Repeat("a", 1+r.IntN(60)), Traits: drawTraits(r)}
	switch r.IntN(15) {
	case 0:
		return Credit{Asker: asker, Customer: Customer{ID: "cus_" + n, Since: before(r, 60*day)}, Amount: amount, Traits: drawTraits(r)}
	case 1:
		return Cancel{Asker: asker, Subscription: sub, How: one(r, AtPeriodEnd, Now), Traits: drawTraits(r)}
	case 2:
		return Cancel{Asker: asker, Subscription: sub, How: NowWithRefund, Refund: amount, Traits: drawTraits(r)}
	case 3:
		return Keep{Asker: asker, Subscription: sub, Traits: drawTraits(r)}
	case 4:
		d := Discount{Asker: asker, Subscription: sub, Coupon: Coupon{ID: one(r, "STAY20", "LOYAL", "HALF"), Usable: true}, Worth: amount, Traits: drawTraits(r)}
		if r.IntN(3) == 0 {
			d.Present, d.Remove = []string{one(r, "STAY20", "OTHER")}, r.IntN(2) == 0
		}
		return d
	case 10:
		return Retry{
			Asker: asker, Traits: drawTraits(r), Card: DefaultCard{Name: "visa 4242", Until: noon().Add(day)},
			Invoice: Invoice{ID: "in_" + n, Customer: "cus_" + n, Status: "open", Remaining: amount, TriedAt: before(r, 2*day)},
		}
	case 11:
		return Lookup{By: "agent", Customer: "cus_" + n}
	case 5:
		return Reply{Message: message}
	case 6:
		return one[Action](r, Note{message}, SetState{Asker: asker, State: Closed, Traits: drawTraits(r)})
	case 7:
		return Tag{Asker: asker, Add: []string{one(r, "billing", "Refunded", "vip", "fraud")}, Traits: drawTraits(r)}
	case 8:
		return Segment{Definition: "d", Tag: one(r, "card-expiring", "churned", "vip"), Adds: r.IntN(70)}
	case 9:
		return Contact{Asker: asker, ID: one(r, "", "contact_"+n), Set: map[string]string{one(r, "plan_note", "tier", "email"): "x"}, Traits: drawTraits(r)}
	}
	return drawSoundRefund(r, asker, amount)
}

func drawSoundRefund(r *rand.Rand, asker Asker, amount money.Money) Refund {
	whole := money.Of(amount.Minor+int64(r.IntN(3000)), amount.Currency)
	re := Refund{
		Asker: asker, Amount: amount, Reason: one(r, RequestedByCustomer, RequestedByCustomer, Duplicate, Fraudulent),
		Charge: Charge{
			ID: "ch_" + strconv.Itoa(r.IntN(4)), Customer: asker.Ties[0].Customer, Amount: whole, Remaining: whole, Succeeded: true, Captured: true,
			Risk: one(r, "normal", "normal", "elevated", "highest", ""), Dispute: one(r, NoDispute, NoDispute, NoDispute, DisputeRefundable),
			CreatedAt: before(r, 45*day), Card: one(r, "", "card_1"),
		},
		Since: before(r, 100*day), Traits: drawTraits(r),
	}
	if r.IntN(2) == 0 {
		re.Twins = []Twin{{Charge: "ch_9", CreatedAt: re.Charge.CreatedAt.Add(time.Duration(r.IntN(240)) * time.Hour)}}
	}
	return re
}

// before is a time up to so long ago; exactly some days before, often.
func before(r *rand.Rand, most time.Duration) time.Time {
	ago := time.Duration(r.Int64N(int64(most)))
	if r.IntN(2) == 0 {
		ago = ago.Truncate(day)
	}
	return noon().Add(-ago)
}

func drawTraits(r *rand.Rand) Traits {
	t := Traits{Known: r.IntN(10) > 0, Channel: one(r, "email", "twitter", "chat"), Country: one(r, "DE", "CH", "NO", "")}
	if r.IntN(2) == 0 {
		t.Plans, t.Intervals = []string{one(r, "price_1", "Pro", "Basic")}, []string{one(r, "year", "month")}
	}
	if r.IntN(2) == 0 {
		t.Metadata, t.Tags = map[string]string{"segment": one(r, "enterprise", "small")}, []string{one(r, "vip", "other")}
	}
	return t
}

func (w world) judge(p *Policy) []Decision {
	out := make([]Decision, len(w.asked))
	for i, a := range w.asked {
		reads, judge := p.plan(a, Request{Principal: "agent"})
		out[i] = judge(w.history.At(reads, noon(), ""))
	}
	return out
}

// milder reports whether a decision lets more through than another, or leaves it to
// fewer, to others or for longer.
func milder(before, after Decision) bool {
	if before.Effect == NeedsApproval && after.Effect == NeedsApproval {
		b, a := before.Need, after.Need
		return a.People < b.People || b.Role != "" && a.Role != b.Role || a.Expires > b.Expires
	}
	return after.Effect > before.Effect
}

func loosened(ds []Difference) bool {
	return slices.ContainsFunc(ds, func(d Difference) bool { return d.Looser })
}

// mutator keeps its patterns, which take longer to compile than to use.
type mutator struct {
	*rand.Rand
	patterns map[string]*regexp.Regexp
}

// mutate changes one thing in a file, as a slip of the hand or a bad intention would.
func (m mutator) mutate(text string) string {
	r := m.Rand
	replace := func(pattern string, with func(string) string) string {
		if m.patterns[pattern] == nil {
			m.patterns[pattern] = regexp.MustCompile(pattern)
		}
		at := m.patterns[pattern].FindAllStringIndex(text, -1)
		if len(at) == 0 {
			return text
		}
		i := one(r, at...)
		return text[:i[0]] + with(text[i[0]:i[1]]) + text[i[1]:]
	}
	lines := strings.Split(text, "\n")
	switch r.IntN(12) {
	case 0:
		i := r.IntN(len(lines))
		return strings.Join(slices.Delete(lines, i, i+1), "\n")
	case 1:
		i := r.IntN(len(lines))
		return strings.Join(slices.Insert(lines, r.IntN(len(lines)), lines[i]), "\n")
	case 2:
		return replace(`\b(deny|needs_approval|allow)\b`, func(string) string { return one(r, "deny", "needs_approval", "allow") })
	case 3:
		return replace(`\b(customer|conversation|person|principal|global|charge)\b`, func(string) string {
			return one(r, "customer", "conversation", "person", "principal", "global", "charge")
		})
	case 4:
		return replace(`\b(eur|usd|jpy)\b`, func(string) string { return one(r, "eur", "usd", "jpy", "gbp") })
	case 5:
		return replace(`[0-9]+[dh]\b`, func(s string) string { return one(r, strings.NewReplacer("d", "h", "h", "d").Replace(s), "1h", "400d") })
	case 6: // one of several in brackets
		return replace(`, [a-z_]+: [^,{}\[\]]+|, [A-Za-z0-9_-]+\b|\b[A-Za-z0-9_-]+, `, func(string) string { return "" })
	case 7:
		return replace(`, [a-z_]+: (\{[^{}]*\}|\[[^\[\]]*\])`, func(string) string { return "" })
	case 8:
		return replace(`mode: shadow|then: deny`, func(s string) string { return one(r, "mode: enforce", "then: deny, mode: shadow", s) })
	case 9:
		return replace(`\[[A-Za-z0-9_, -]+\]`, func(s string) string { return strings.Replace(s, "]", ", added]", 1) })
	}
	return replace(`[0-9]+`, func(s string) string {
		n, _ := strconv.Atoi(s)
		return strconv.Itoa(max(0, one(r, n+1, n-1, 2*n, n/2, 10*n, 0, n+r.IntN(20))))
	})
}

// Whatever is changed in a file, it cannot be loosened without being told: the file
// is refused, or Compare says so, or nothing is judged more generously.
func TestNoChangeOfAFileLoosensUntold(t *testing.T) {
	shards, each := 4, 2500
	if testing.Short() {
		each = 500
	}
	for shard := range shards {
		t.Run(strconv.Itoa(shard), func(t *testing.T) {
			t.Parallel()
			r := mutator{rand.New(rand.NewPCG(uint64(shard), 5)), map[string]*regexp.Regexp{}}
			var errors, told, quiet int
			for changes := 0; changes < each; {
				base, text := wholePolicy(t)
				for range r.IntN(6) { // away from the one good file
					if changed := r.mutate(text); changed != text {
						if p, err := Parse("policy.yaml", []byte(changed)); err == nil {
							base, text = p, changed
						}
					}
				}
				w := drawWorld(r.Rand, 60)
				decided := w.judge(base)
				for range 50 {
					changes++
					changed := r.mutate(text)
					p, err := Parse("policy.yaml", []byte(changed))
					if err != nil {
						errors++
						continue
					}
					ds := Compare(base, p)
					if loosened(ds) {
						told++
						continue
					}
					quiet++
					for i, d := range w.judge(p) {
						if milder(decided[i], d) {
							t.Fatalf("untold: %+v\nwas %s %+v\nis  %s %+v\nfound %+v\n%s", w.asked[i], decided[i].Effect, decided[i].Against(), d.Effect, d.Against(), ds, diffOf(text, changed))
						}
					}
				}
			}
			if errors == 0 || told == 0 || quiet < each/10 {
				t.Errorf("of %d changes %d were refused, %d told, and %d no looser: the test is too weak", each, errors, told, quiet)
			}
			t.Logf("of %d changes %d were refused, %d told as looser, and %d no looser", each, errors, told, quiet)
		})
	}
}

func diffOf(a, b string) string {
	var out []string
	in := strings.Split(a, "\n")
	for line := range strings.Lines(b) {
		if !slices.Contains(in, strings.TrimRight(line, "\n")) {
			out = append(out, "+ "+line)
		}
	}
	return strings.Join(out, "")
}
