package shelf

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"supportmcp/internal/knowledge"
)

const (
	// lease is how long a source belongs to who syncs it, and renew how often that
	// begins anew: whoever dies keeps others waiting for no longer than a lease.
	lease = time.Minute
	renew = 20 * time.Second
	// batchRows and batchBytes bound what one transaction stores, since decisions
	// wait for it.
	batchRows  = 100
	batchBytes = 1 << 20
)

// ErrBusy says that another process is syncing the source.
var ErrBusy = errors.New("another process is syncing it")

// Report is what a sync did.
type Report struct {
	Taken   int // documents that are new or changed
	Gone    int
	Refused []knowledge.Refused // of what was looked at this time
}

// Changed reports whether what is served has changed.
func (r Report) Changed() bool { return r.Taken+r.Gone > 0 }

// run is one sync of one source.
type run struct {
	*Shelf
	source  string
	held    time.Time // the lease was begun anew
	last    knowledge.State
	present map[string]bool // every path that the table has
	batch   []stored
	bytes   int
	taken   []row
	report  Report
}

// row is a row of knowledge_document.
type row struct{ path, mark, version, refused string }

// Sync takes from a source what has changed since the last time. When it fails,
// what was read until then is served already, the rest stays as it was, and the
// failure is kept for Status. Each source is synced by one process at a time; for
// the others the error is ErrBusy.
func (s *Shelf) Sync(ctx context.Context, src knowledge.Source) (Report, error) {
	r := &run{Shelf: s, source: src.Name(), present: map[string]bool{}}
	if err := r.begin(ctx); err != nil {
		return Report{}, plainly(err)
	}
	now, failed := src.Sync(ctx, r.last, func(f knowledge.File) error { return r.put(ctx, f) })
	// What was done is recorded also when the sync was interrupted.
	ctx = context.WithoutCancel(ctx)
	if err := r.flush(ctx); err != nil {
		failed = errors.Join(failed, err)
		r.taken = nil
	}
	if err := r.publish(ctx, now, failed); err != nil {
		return Report{}, plainly(errors.Join(failed, err))
	}
	return r.report, failed
}

// plainly leaves of a lost lease nothing but that: the database is well.
func plainly(err error) error {
	if errors.Is(err, ErrBusy) {
		return ErrBusy
	}
	return err
}

// begin takes the lease and reads how the source was.
func (r *run) begin(ctx context.Context) error {
	err := r.db.Share(ctx, "begin to sync "+r.source, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO knowledge_source (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`, r.source); err != nil {
			return err
		}
		return r.hold(ctx, tx, `lease_owner IN ($1, '') OR lease_until < $3`)
	})
	if err != nil {
		return err
	}
	db := r.db.Reader()
	if err := db.QueryRowContext(ctx, `SELECT cursor FROM knowledge_source WHERE name = $1`, r.source).Scan(&r.last.Cursor); err != nil {
		return fmt.Errorf("read where the sync of %s goes on: %w", r.source, err)
	}
	rows, err := db.QueryContext(ctx, `SELECT path, mark, refused FROM knowledge_document WHERE source = $1`, r.source)
	if err != nil {
		return fmt.Errorf("read what is held of %s: %w", r.source, err)
	}
	defer rows.Close()
	r.last.Marks = map[string]string{}
	for rows.Next() {
		var d row
		if err := rows.Scan(&d.path, &d.mark, &d.refused); err != nil {
			return err
		}
		r.present[d.path] = true
		if d.refused != "" {
			d.mark = "" // it is looked at again: a newer release may take it
		}
		r.last.Marks[d.path] = d.mark
	}
	return rows.Err()
}

// ours is the condition to go on: nobody has taken the source over meanwhile.
const ours = `lease_owner = $1`

// hold takes or renews the lease, on a condition.
func (r *run) hold(ctx context.Context, tx *sql.Tx, condition string) error {
	now := r.now()
	res, err := tx.ExecContext(ctx, `UPDATE knowledge_source SET lease_owner = $1, lease_until = $2, tried_at = $3
		WHERE name = $4 AND (`+condition+`)`, r.owner, now.Add(lease).UnixMilli(), now.UnixMilli(), r.source)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(ErrBusy, err)
	}
	r.held = now
	return nil
}

// keepHold renews the lease of a source that takes its time.
func (r *run) keepHold(ctx context.Context) error {
	if r.now().Sub(r.held) < renew {
		return nil
	}
	return r.db.Share(ctx, "go on to sync "+r.source, func(tx *sql.Tx) error { return r.hold(ctx, tx, ours) })
}

// put takes one document, or notes why not.
func (r *run) put(ctx context.Context, f knowledge.File) error {
	if err := r.keepHold(ctx); err != nil {
		return err
	}
	doc, err := knowledge.Parse(r.source, f)
	if err != nil {
		refused := knowledge.Refuse(r.source, f.Path, err)
		r.report.Refused = append(r.report.Refused, refused)
		r.taken = append(r.taken, row{path: refused.Path, mark: f.Mark, refused: refused.Reason})
		return nil
	}
	kept, err := storedOf(doc, f)
	if err != nil {
		return err
	}
	r.taken = append(r.taken, row{path: doc.Path, mark: f.Mark, version: doc.Version})
	r.batch = append(r.batch, kept)
	if r.bytes += len(f.Content); r.bytes < batchBytes && len(r.batch) < batchRows {
		return nil
	}
	return r.flush(ctx)
}

// flush stores the versions read so far. They are not served yet.
func (r *run) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	err := r.db.Share(ctx, "store documents of "+r.source, func(tx *sql.Tx) error {
		for _, v := range r.batch {
			_, err := tx.ExecContext(ctx, `INSERT INTO knowledge_version (source, path, version, content, facts, seen_at)
				VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (source, path, version) DO NOTHING`,
				v.source, v.path, v.version, v.content, v.facts, r.now().UnixMilli())
			if err != nil {
				return err
			}
		}
		return r.hold(ctx, tx, ours)
	})
	r.batch, r.bytes = nil, 0
	return err
}
