package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Data selects whose texts are to be erased: those of a Stripe customer, with
// every conversation in which that customer's money was asked for, and those of
// conversations. Neither may be foreign: a conversation that only tried another's
// charge is not that customer's.
type Data struct {
	Customer      string
	Conversations []string
}

// Erasure is what Erase did, or would do.
type Erasure struct {
	Erased        int      // actions whose texts are gone now
	Earlier       int      // actions whose texts were gone before
	Kept          []Kept   // actions whose texts are still needed
	Conversations []string // that were looked through
	Lingers       bool     // remains are in SQLite's log until its readers end
}

// Kept is an action whose texts cannot be erased yet.
type Kept struct {
	policies.Entry
	Until time.Time // zero: until it is settled
}

// Erase deletes what the selected actions tell of a person, with the salt of
// their hashes, and appends one event for each that says who did it. Ids, amounts
// and rules stay, and so do money's receipts: budgets count and money is replayed
// as before. What is not settled, and a message that still answers an equal one,
// keeps its texts until later. by names the person who erases. A dry run changes
// nothing.
func (l *Ledger) Erase(ctx context.Context, d Data, by string, dryRun bool) (Erasure, error) {
	by = strings.TrimSpace(by)
	if err := checkErase(d, by); err != nil {
		return Erasure{}, err
	}
	rows, conversations, err := l.chosen(ctx, d)
	if err != nil {
		return Erasure{}, l.explain("find what to erase", err)
	}
	now, _, err := l.clock(ctx, l.reader)
	if err != nil {
		return Erasure{}, l.explain("erase", err)
	}
	e := Erasure{Conversations: conversations}
	var ids []string
	for _, r := range rows {
		until, needed := r.needsTexts(now)
		switch {
		case !r.ErasedAt.IsZero():
			e.Earlier++
		case needed:
			e.Kept = append(e.Kept, Kept{r.Entry, until})
		default:
			ids = append(ids, r.ID)
		}
	}
	if dryRun {
		e.Erased = len(ids)
		return e, nil
	}
	if e.Erased, err = l.eraseAll(ctx, ids, erased{By: by, For: d.String()}); err != nil || e.Erased+e.Earlier == 0 {
		return e, err
	}
	e.Lingers, err = l.scrub(ctx)
	return e, err
}

func checkErase(d Data, by string) error {
	if by == "" {
		return refused("name the person who erases", "an erasure needs the name of a person")
	}
	if d.Customer == "" && len(d.Conversations) == 0 || slices.Contains(d.Conversations, "") {
		return fault.Invalidf("name a customer or a conversation", "it is not said whose texts to erase")
	}
	return validText("a name or an id", append([]string{by, d.Customer}, d.Conversations...)...)
}

// String tells in an event for whom texts were erased.
func (d Data) String() string {
	var parts []string
	if d.Customer != "" {
		parts = append(parts, "customer "+d.Customer)
	}
	if len(d.Conversations) > 0 {
		parts = append(parts, "conversation "+strings.Join(d.Conversations, ", "))
	}
	return strings.Join(parts, ", ")
}

// chosen reads the selected entries and what followed from them, and tells which
// conversations they are of.
func (l *Ledger) chosen(ctx context.Context, d Data) ([]*row, []string, error) {
	conversations := slices.Clone(d.Conversations)
	own, err := several(ctx, l.reader, `WHERE customer = $1 AND customer <> ''`, d.Customer)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range own {
		if r.Subject.Conversation != "" && !r.Hidden() {
			conversations = append(conversations, r.Subject.Conversation)
		}
	}
	slices.Sort(conversations)
	conversations = slices.Compact(conversations)
	var args arguments
	selected := `customer <> '' AND customer = ` + args.add(d.Customer)
	if len(conversations) > 0 {
		selected += ` OR conversation IN (` + addAll(&args, conversations) + `)`
	}
	rows, err := several(ctx, l.reader, `WHERE `+selected+` OR parent IN (SELECT id FROM entry WHERE `+selected+`) ORDER BY created_at, id`, args...)
	return rows, conversations, err
}

// needsTexts reports whether the texts of an entry are still needed: to settle
// it, or to tell an equal message from a new one until the given time.
func (r *row) needsTexts(now time.Time) (until time.Time, needed bool) {
	if !r.State.Final() {
		return time.Time{}, true
	}
	if r.State == policies.Done && !r.Kind.MovesMoney() {
		until = r.UpdatedAt.Add(r.Kind.ReplayFor())
	}
	return until, until.After(now)
}

// atOnce is how many entries are erased in one transaction: few, as others wait
// meanwhile, and as a slow machine must get through them within patience, too.
const atOnce = 10

func (l *Ledger) eraseAll(ctx context.Context, ids []string, why erased) (n int, err error) {
	for some := range slices.Chunk(ids, atOnce) {
		var done int
		err := l.transact(ctx, "erase texts", func(t *tx) error {
			done = 0
			for _, id := range some {
				erased, err := t.erase(id, why)
				if err != nil {
					return fmt.Errorf("erase the texts of %s: %w", id, err)
				}
				if erased {
					done++
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += done
	}
	return n, nil
}

// erase deletes the texts of an entry unless that has been done, or they are needed.
func (t *tx) erase(id string, why erased) (bool, error) {
	r, err := t.loadNow(id)
	if err != nil {
		return false, err
	}
	if _, needed := r.needsTexts(t.now); needed || !r.ErasedAt.IsZero() {
		return false, nil
	}
	e, err := r.event()
	if err != nil {
		return false, err
	}
	e = e.bare()
	e.At, e.From, e.Erased = t.now, r.State, &why
	r.ErasedAt = t.now
	if err := t.keepLeft(r); err != nil {
		return false, err
	}
	for _, texts := range []string{`DELETE FROM personal WHERE entry_id = $1`, `UPDATE approval SET note = '' WHERE entry_id = $1`} {
		if err := t.exec(texts, r.ID); err != nil {
			return false, err
		}
	}
	t.events = append(t.events, e)
	return true, nil
}

// keepLeft stores what is kept of an entry without texts. What identifies a
// message is a hash of its text, and goes with it.
func (t *tx) keepLeft(r *row) error {
	verdict, err := json.Marshal(verdictOf(r.Decision))
	if err != nil {
		return fmt.Errorf("encode the verdict: %w", err)
	}
	var code fault.Code
	if r.Failure != nil {
		code = r.Failure.Code
	}
	if !r.Kind.MovesMoney() {
		r.identity, r.Subject.Same = "", ""
	}
	return t.exec(`UPDATE entry SET identity = $2, same = $3, verdict = $4, code = $5, erased_at = $6 WHERE id = $1`,
		r.ID, r.identity, r.Subject.Same, string(verdict), string(code), millis(r.ErasedAt))
}
