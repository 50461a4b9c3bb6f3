package shelf

import (
	"context"
	"fmt"
	"runtime"

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
	rows, docs, err := s.wanted(ctx, have)
	if err != nil {
		return nil, nil, fmt.Errorf("load the documents: %w", err)
	}
	read, failed := make([]knowledge.Document, len(rows)), make([]error, len(rows))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, row := range rows {
		group.Go(func() error {
			read[i], failed[i] = s.document(row)
			return nil
		})
	}
	_ = group.Wait() // nothing fails in there
	for i, err := range failed {
		if err != nil {
			unread = append(unread, err)
			continue
		}
		docs = append(docs, read[i])
	}
	return docs, unread, nil
}

// wanted gives the rows that are not held, and the documents that are.
func (s *Shelf) wanted(ctx context.Context, have map[place]knowledge.Document) (rows []stored, kept []knowledge.Document, err error) {
	now, err := s.versions(ctx)
	if err != nil {
		return nil, nil, err
	}
	var missing []stored
	for at, version := range now {
		if doc, ok := have[at]; ok && doc.Version == version {
			kept = append(kept, doc)
			continue
		}
		missing = append(missing, stored{source: at.source, path: at.path, version: version})
	}
	if len(missing) > fewRows {
		rows, err = s.readAll(ctx, missing)
	} else {
		rows, err = s.readEach(ctx, missing)
	}
	return rows, kept, err
}

// fewRows are read one by one sooner than with all others.
const fewRows = 100

func (s *Shelf) readEach(ctx context.Context, missing []stored) ([]stored, error) {
	for i := range missing {
		row := &missing[i]
		err := s.db.Reader().QueryRowContext(ctx, `SELECT content, facts FROM knowledge_version WHERE source = $1 AND path = $2 AND version = $3`,
			row.source, row.path, row.version).Scan(&row.content, &row.facts)
		if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

func (s *Shelf) readAll(ctx context.Context, missing []stored) (out []stored, err error) {
	wanted := map[place]string{}
	for _, row := range missing {
		wanted[place{row.source, row.path}] = row.version
	}
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT v.source, v.path, v.version, v.content, v.facts
		FROM knowledge_document d JOIN knowledge_version v ON v.source = d.source AND v.path = d.path AND v.version = d.version`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row stored
		if err := rows.Scan(&row.source, &row.path, &row.version, &row.content, &row.facts); err != nil {
			return nil, err
		}
		// What has changed since the versions were read comes with the next generation.
		if wanted[place{row.source, row.path}] == row.version {
			out = append(out, row)
		}
	}
	return out, rows.Err()
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
