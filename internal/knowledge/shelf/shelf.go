// Package shelf keeps the knowledge documents in the ledger's database: it takes
// them from their sources, remembers every state that was ever served, and hands
// them to the library. It never fetches, judges or changes a document itself, and
// a source that fails never takes away what was read of it before.
package shelf

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"supportmcp/internal/knowledge"
)

// Database is where the tables are. Implemented by ledger.Ledger.
type Database interface {
	Share(ctx context.Context, doing string, work func(*sql.Tx) error) error
	Reader() *sql.DB
}

// Defaults are what a document of a source is when neither itself nor its source
// says.
type Defaults struct {
	Lang     string
	Audience knowledge.Audience
}

// Shelf is the documents in one database. It is safe for concurrent use, also by
// several processes.
type Shelf struct {
	db      Database
	now     func() time.Time
	sources map[string]Defaults
	owner   string // of leases
}

var _ knowledge.Archive = (*Shelf)(nil)

// New makes a shelf of the named sources. Documents of others stay in the database
// and are not served.
func New(db Database, now func() time.Time, sources map[string]Defaults) *Shelf {
	return &Shelf{db: db, now: now, sources: sources, owner: rand.Text()}
}

// facts are what a source says of a document, as they are stored.
type facts struct {
	URL       string             `json:"url,omitempty"`
	UpdatedAt time.Time          `json:"updated_at,omitzero"`
	Title     string             `json:"title,omitempty"`
	Lang      string             `json:"lang,omitempty"`
	Audience  knowledge.Audience `json:"audience,omitempty"`
}

// stored is a row of knowledge_version.
type stored struct {
	source, path, version string
	content               []byte
	facts                 string
}

func storedOf(doc knowledge.Document, f knowledge.File) (stored, error) {
	b, err := json.Marshal(facts{f.URL, f.UpdatedAt, f.Title, f.Lang, f.Audience})
	if err != nil {
		return stored{}, fmt.Errorf("encode what is known of %s: %w", doc.URI, err)
	}
	return stored{doc.Source, doc.Path, doc.Version, f.Content, string(b)}, nil
}

// document reads a row again as it was read from the source.
func (s *Shelf) document(row stored) (knowledge.Document, error) {
	var f facts
	if err := json.Unmarshal([]byte(row.facts), &f); err != nil {
		return knowledge.Document{}, fmt.Errorf("read what is known of %s in %s: %w", row.path, row.source, err)
	}
	d := s.sources[row.source]
	doc, err := knowledge.Parse(row.source, knowledge.File{
		Path: row.path, Content: row.content, Version: row.version, URL: f.URL, UpdatedAt: f.UpdatedAt, Title: f.Title,
		Lang: or(f.Lang, d.Lang), Audience: or(f.Audience, d.Audience),
	})
	if err != nil {
		return knowledge.Document{}, fmt.Errorf("read %s of %s again: %w", row.path, row.source, err)
	}
	return doc, nil
}

func or[T ~string](a, b T) T {
	if a != "" {
		return a
	}
	return b
}

// Version implements [knowledge.Archive].
func (s *Shelf) Version(ctx context.Context, source, path, version string) (knowledge.Document, bool, error) {
	if _, known := s.sources[source]; !known {
		return knowledge.Document{}, false, nil
	}
	row := stored{source: source, path: path, version: version}
	err := s.db.Reader().QueryRowContext(ctx, `SELECT content, facts FROM knowledge_version WHERE source = $1 AND path = $2 AND version = $3`,
		source, path, version).Scan(&row.content, &row.facts)
	if err == sql.ErrNoRows { //nolint:errorlint // Scan gives it as it is
		return knowledge.Document{}, false, nil
	}
	if err != nil {
		return knowledge.Document{}, false, err
	}
	doc, err := s.document(row)
	return doc, err == nil, err
}

// Generation grows when documents change.
func (s *Shelf) Generation(ctx context.Context) (n int64, err error) {
	err = s.db.Reader().QueryRowContext(ctx, `SELECT n FROM knowledge_generation`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read the generation of the documents: %w", err)
	}
	return n, nil
}
