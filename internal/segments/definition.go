package segments

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/fault"
)

// Definition is a named filter. A changed one is a new version; what was applied
// keeps its own.
type Definition struct {
	Name    string    `json:"name"` // a to z, digits and hyphens
	Version int       `json:"version"`
	Title   string    `json:"title"`
	Filter  Filter    `json:"filter"`
	MadeAt  time.Time `json:"made_at,omitzero"` // zero: built in
}

// builtIn are there without being defined; one of the same name takes its place.
func builtIn() []Definition {
	days := 30
	return []Definition{{
		Name: "cards-expiring", Version: 1, Title: "Cards expiring in the next 30 days", Filter: Filter{CardExpiresWithinDays: &days},
	}}
}

// Store keeps definitions, plans and what became of them. It is safe for
// concurrent use, also by several processes.
type Store struct {
	db  Database
	now func() time.Time
}

// NewStore makes a store on the tables of a database.
func NewStore(db Database, now func() time.Time) *Store { return &Store{db: db, now: now} }

// Define keeps a definition as the newest version of its name. An equal newest one
// is given instead.
func (s *Store) Define(ctx context.Context, d Definition) (Definition, error) {
	if err := d.check(); err != nil {
		return d, err
	}
	filter, err := json.Marshal(d.Filter)
	if err != nil {
		return d, fmt.Errorf("encode the filter: %w", err)
	}
	d.MadeAt = s.now().UTC().Truncate(time.Millisecond)
	err = s.db.Share(ctx, "define segment "+d.Name, func(tx *sql.Tx) error {
		newest, err := newestIn(ctx, tx, d.Name)
		if err != nil {
			return err
		}
		if newest.title == d.Title && newest.filter == string(filter) {
			d.Version, d.MadeAt = newest.version, moment(newest.made)
			return nil
		}
		d.Version = newest.version + 1
		_, err = tx.ExecContext(ctx, `INSERT INTO segment_definition (name, version, title, filter, made_at) VALUES ($1, $2, $3, $4, $5)`,
			d.Name, d.Version, d.Title, string(filter), d.MadeAt.UnixMilli())
		return err
	})
	return d, err
}

func (d Definition) check() error {
	other := func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }
	switch {
	case d.Name == "" || len(d.Name) > 60 || strings.ContainsFunc(d.Name, other):
		return fault.Invalidf("such as cards-expiring", "the name of a segment has a to z, digits and hyphens, 60 at most")
	case d.Title == "" || len(d.Title) > mostText || oneLine(d.Title) != d.Title:
		return fault.Invalidf("such as \"Cards expiring in the next 30 days\"", "the title of a segment is one line of at most %d bytes", mostText)
	}
	n := 0
	return d.Filter.check("filter", 1, &n)
}

type definitionRow struct {
	version       int
	title, filter string
	made          int64
}

func newestIn(ctx context.Context, tx *sql.Tx, name string) (r definitionRow, err error) {
	err = tx.QueryRowContext(ctx, `SELECT version, title, filter, made_at FROM segment_definition WHERE name = $1 ORDER BY version DESC LIMIT 1`, name).
		Scan(&r.version, &r.title, &r.filter, &r.made)
	if errors.Is(err, sql.ErrNoRows) {
		for _, d := range builtIn() {
			if d.Name == name {
				r.version = d.Version // its successor is version 2
			}
		}
		return r, nil
	}
	return r, err
}

// Definitions are the newest versions of all, by name.
func (s *Store) Definitions(ctx context.Context) ([]Definition, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT name, version, title, filter, made_at FROM segment_definition d
		WHERE version = (SELECT MAX(version) FROM segment_definition o WHERE o.name = d.name)`)
	if err != nil {
		return nil, fmt.Errorf("read the definitions of segments: %w", err)
	}
	defer rows.Close()
	var all []Definition
	for rows.Next() {
		var d Definition
		var filter string
		var made int64
		if err := rows.Scan(&d.Name, &d.Version, &d.Title, &filter, &made); err != nil {
			return nil, err
		}
		if d.Filter, err = ParseFilter([]byte(filter)); err != nil {
			return nil, fmt.Errorf("read segment %s: %w", d.Name, err)
		}
		d.MadeAt = moment(made)
		all = append(all, d)
	}
	for _, d := range builtIn() {
		if !slices.ContainsFunc(all, func(o Definition) bool { return o.Name == d.Name }) {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b Definition) int { return strings.Compare(a.Name, b.Name) })
	return all, rows.Err()
}

// Definition is the newest version of a name.
func (s *Store) Definition(ctx context.Context, name string) (Definition, error) {
	all, err := s.Definitions(ctx)
	if err != nil {
		return Definition{}, err
	}
	var names []string
	for _, d := range all {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Definition{}, &fault.Error{
		Code: fault.NotFound, Took: fault.No, Message: "there is no segment of this name",
		NextStep: "use one of: " + strings.Join(names[:min(len(names), 20)], ", "),
	}
}

// Payer is a customer that a filter finds.
type Payer struct{ ID, Email string }

// Find are the customers that a filter finds now, by id.
func (s *Store) Find(ctx context.Context, f Filter) ([]Payer, error) {
	w := where{now: s.now()}
	condition := w.filter(f)
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT id, email FROM billing_customer WHERE `+condition+` ORDER BY id`, w.args...)
	if err != nil {
		return nil, fmt.Errorf("find the customers of a segment: %w", err)
	}
	defer rows.Close()
	var all []Payer
	for rows.Next() {
		var p Payer
		if err := rows.Scan(&p.ID, &p.Email); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, rows.Err()
}
