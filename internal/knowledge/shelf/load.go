package shelf

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/knowledge"
)

// place is a document's place in a source.
type place struct{ source, path string }

// Load gives the documents as they are now. What is among held, as an earlier Load
// gave it, is not read again. A document that can be read no longer, as when a
// newer release is stricter, is left out and named by unread.
func (s *Shelf) Load(ctx context.Context, held []knowledge.Document) (docs []knowledge.Document, unread []error, err error) {
	have := map[place]knowledge.Document{}
	for _, d := range held {
		have[place{d.Source, d.Path}] = d
	}
	kept, missing, err := s.wanted(ctx, have)
	if err != nil {
		return nil, nil, fmt.Errorf("load the documents: %w", err)
	}
	read := newReading(s)
	if len(missing) > fewRows {
		err = s.readAll(ctx, missing, read.take)
	} else {
		err = s.readEach(ctx, missing, read.take)
	}
	docs, unread = read.end()
	if err != nil {
		return nil, nil, fmt.Errorf("load the documents: %w", err)
	}
	return append(kept, docs...), unread, nil
}

// wanted gives the rows that are not held, without their content, and the documents
// that are.
func (s *Shelf) wanted(ctx context.Context, have map[place]knowledge.Document) (kept []knowledge.Document, missing []stored, err error) {
	now, err := s.versions(ctx)
	if err != nil {
		return nil, nil, err
	}
	for at, version := range now {
		if doc, ok := have[at]; ok && doc.Version == version {
			kept = append(kept, doc)
			continue
		}
		missing = append(missing, stored{source: at.source, path: at.path, version: version})
	}
	return kept, missing, nil
}

// reading makes documents of rows while further rows come.
type reading struct {
	shelf *Shelf
	group errgroup.Group

	mu     sync.Mutex
	docs   []knowledge.Document
	unread []error
}

func newReading(s *Shelf) *reading {
	r := &reading{shelf: s}
	r.group.SetLimit(runtime.GOMAXPROCS(0))
	return r
}

func (r *reading) take(row stored) {
	r.group.Go(func() error {
		doc, err := r.shelf.document(row)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			r.unread = append(r.unread, err)
		} else {
			r.docs = append(r.docs, doc)
		}
		return nil
	})
}

// end waits for all that was taken.
func (r *reading) end() (docs []knowledge.Document, unread []error) {
	_ = r.group.Wait() // nothing fails in there
	return r.docs, r.unread
}

// fewRows are read one by one sooner than with all others.
const fewRows = 100

func (s *Shelf) readEach(ctx context.Context, missing []stored, take func(stored)) error {
	for _, row := range missing {
		err := s.db.Reader().QueryRowContext(ctx, `SELECT content, facts FROM knowledge_version WHERE source = $1 AND path = $2 AND version = $3`,
			row.source, row.path, row.version).Scan(&row.content, &row.facts)
		if err != nil {
			return err
		}
		take(row)
	}
	return nil
}

func (s *Shelf) readAll(ctx context.Context, missing []stored, take func(stored)) error {
	wanted := map[place]string{}
	for _, row := range missing {
		wanted[place{row.source, row.path}] = row.version
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT v.source, v.path, v.version, v.content, v.facts
		FROM knowledge_document d JOIN knowledge_version v ON v.source = d.source AND v.path = d.path AND v.version = d.version`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row stored
		if err := rows.Scan(&row.source, &row.path, &row.version, &row.content, &row.facts); err != nil {
			return err
		}
		// What has changed since the versions were read comes with the next generation.
		if wanted[place{row.source, row.path}] == row.version {
			take(row)
		}
	}
	return rows.Err()
}

// versions are the versions that are served, of the configured sources.
func (s *Shelf) versions(ctx context.Context) (map[place]string, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT source, path, version FROM knowledge_document WHERE version <> ''`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[place]string{}
	for rows.Next() {
		var at place
		var version string
		if err := rows.Scan(&at.source, &at.path, &version); err != nil {
			return nil, err
		}
		if _, served := s.sources[at.source]; served {
			out[at] = version
		}
	}
	return out, rows.Err()
}
