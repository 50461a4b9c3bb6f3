package ledger

import (
	"context"
	"strings"
	"time"

	"supportmcp/policies"
)

// Pruning says what is to be pruned.
type Pruning struct {
	Before time.Time     // texts of what was settled earlier go
	Window time.Duration // the longest of any budget: what it counts keeps its texts
	By     string        // the person who prunes
	DryRun bool          // count, and change nothing
}

// Pruned is what Prune did, or would do.
type Pruned struct {
	Erased  int  // actions whose texts are gone now
	Kept    int  // actions from before that are not settled, and keep theirs
	Lingers bool // remains are in SQLite's log until its readers end
}

// Prune erases the texts of what was settled before a date, as [Ledger.Erase]
// does. Entries, holds and events stay for ever: a budget set tomorrow must count them, money is replayed for
// ever, and the log is proved from its first event on. A date inside a budget's
// window, or inside the time in which a message answers an equal one, is refused.
func (l *Ledger) Prune(ctx context.Context, p Pruning) (out Pruned, err error) {
	p.By = strings.TrimSpace(p.By)
	if p.By == "" {
		return out, refused("name the person who prunes", "pruning needs the name of a person")
	}
	if err := validText("the name", p.By); err != nil {
		return out, err
	}
	if err := l.mayPrune(ctx, p); err != nil {
		return out, err
	}
	if out.Kept, err = l.countOld(ctx, p.Before); err != nil {
		return out, err
	}
	if out.Erased, err = l.pruneTexts(ctx, p); err != nil || p.DryRun {
		return out, err
	}
	out.Lingers, err = l.scrub(ctx)
	return out, err
}

func (l *Ledger) mayPrune(ctx context.Context, p Pruning) error {
	now, _, err := l.clock(ctx, l.reader)
	if err != nil {
		return l.explain("prune", err)
	}
	latest := now.Add(-max(p.Window, policies.KindReply.ReplayFor(), policies.KindNote.ReplayFor()))
	if p.Before.After(latest) {
		return refused("give "+latest.Format(time.RFC3339)+" or an earlier date",
			"what was settled after %s still counts in a budget, or answers an equal message", latest.Format(time.RFC3339))
	}
	return nil
}

// countOld counts what is older than a date and keeps its texts.
func (l *Ledger) countOld(ctx context.Context, before time.Time) (n int, err error) {
	err = l.reader.QueryRowContext(ctx, `SELECT COUNT(*) FROM entry WHERE state IN (`+quoted(live()...)+`) AND updated_at < $1`, millis(before)).Scan(&n)
	return n, l.explain("count what is not settled", err)
}

// pruneTexts goes through the entries in the order of their ids, so that each is
// looked at once however many there are.
func (l *Ledger) pruneTexts(ctx context.Context, p Pruning) (n int, err error) {
	why := erased{By: p.By, For: "before " + p.Before.Format(time.RFC3339)}
	last := ""
	for {
		ids, err := l.oldTexts(ctx, p.Before, last)
		if err != nil || len(ids) == 0 {
			return n, l.explain("find old texts", err)
		}
		last = ids[len(ids)-1]
		done := len(ids)
		if !p.DryRun {
			done, err = l.eraseAll(ctx, ids, why)
		}
		if n += done; err != nil {
			return n, err
		}
	}
}

func (l *Ledger) oldTexts(ctx context.Context, before time.Time, after string) (ids []string, err error) {
	rows, err := l.reader.QueryContext(ctx, `SELECT id FROM entry WHERE state NOT IN (`+quoted(live()...)+`)
		AND updated_at < $1 AND erased_at = 0 AND id > $2 ORDER BY id LIMIT 1000`, millis(before), after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
