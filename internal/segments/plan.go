package segments

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// planLife is how long a plan is kept that nobody has carried out.
const planLife = 7 * 24 * time.Hour

// Plan is what a preview has worked out: exactly which contacts are changed, and
// how, when it is carried out.
type Plan struct {
	ID         string
	Definition string
	Version    int
	Tag        string
	Attributes []string // that are set
	Changes    string   // digest
	Adds       int      // contacts
	Removes    int      // contacts
	Doubtful   int      // members with no contact or with several
	MadeAt     time.Time
	Action     string // the entry that carries it out; "" before
}

// Facts are the plan as it is judged.
func (p Plan) Facts() policies.Segment {
	return policies.Segment{
		Definition: p.Definition, Version: p.Version, Tag: p.Tag, Attributes: p.Attributes,
		Adds: p.Adds, Removes: p.Removes, Doubtful: p.Doubtful, Plan: p.ID, Changes: p.Changes,
	}
}

// Keep stores a plan with its changes, and counts them. Old plans that nobody has
// carried out go.
func (s *Store) Keep(ctx context.Context, p Plan, changes []policies.ContactChange) (Plan, error) {
	p.ID, p.MadeAt, p.Adds, p.Removes = "plan_"+strings.ToLower(rand.Text()[:20]), s.now().UTC(), 0, 0
	for _, c := range changes {
		if c.Remove {
			p.Removes++
		} else {
			p.Adds++
		}
	}
	var err error
	if p.Changes, err = policies.DigestChanges(changes); err != nil {
		return p, fmt.Errorf("digest the plan: %w", err)
	}
	rows := make([][]any, len(changes))
	for i, c := range changes {
		sets, err := json.Marshal(c.Set)
		if err != nil {
			return p, fmt.Errorf("encode attributes: %w", err)
		}
		rows[i] = []any{p.ID, i + 1, c.Contact, flag(c.Remove), string(sets), string(Planned), "null"}
	}
	err = s.db.Share(ctx, "keep a plan of segment "+p.Definition, func(tx *sql.Tx) error { return p.insert(ctx, tx, rows) })
	return p, err
}

func (p Plan) insert(ctx context.Context, tx *sql.Tx, steps [][]any) error {
	old := p.MadeAt.Add(-planLife).UnixMilli()
	if _, err := tx.ExecContext(ctx, `DELETE FROM segment_step WHERE plan IN (SELECT id FROM segment_plan WHERE action = '' AND made_at < $1)`, old); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM segment_plan WHERE action = '' AND made_at < $1`, old); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO segment_plan (id, definition, version, tag, attributes, changes, adds, removes, doubtful, made_at, action)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '')`,
		p.ID, p.Definition, p.Version, p.Tag, strings.Join(p.Attributes, "\n"), p.Changes, p.Adds, p.Removes, p.Doubtful, p.MadeAt.UnixMilli())
	if err != nil {
		return err
	}
	cols := []string{"plan", "n", "contact", "remove", "sets", "state", "before"}
	for some := range slices.Chunk(steps, 50) {
		var args []any
		for _, r := range some {
			args = append(args, r...)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO segment_step ("+strings.Join(cols, ", ")+") VALUES "+tuples(len(some), len(cols)), args...); err != nil {
			return err
		}
	}
	return nil
}

const planColumns = `SELECT id, definition, version, tag, attributes, changes, adds, removes, doubtful, made_at, action FROM segment_plan`

// Plan reads a plan by its id.
func (s *Store) Plan(ctx context.Context, id string) (Plan, error) {
	return s.onePlan(ctx, "there is no such plan; one that nobody carries out is kept for a week", planColumns+` WHERE id = $1`, id)
}

// PlanOf reads the plan that an entry carries out.
func (s *Store) PlanOf(ctx context.Context, action string) (Plan, error) {
	return s.onePlan(ctx, "this action has applied no segment", planColumns+` WHERE action = $1 AND action <> ''`, action)
}

func (s *Store) onePlan(ctx context.Context, none, query, arg string) (Plan, error) {
	var p Plan
	var attributes string
	var made int64
	err := s.db.Reader().QueryRowContext(ctx, query, arg).
		Scan(&p.ID, &p.Definition, &p.Version, &p.Tag, &attributes, &p.Changes, &p.Adds, &p.Removes, &p.Doubtful, &made, &p.Action)
	if errors.Is(err, sql.ErrNoRows) {
		return p, &fault.Error{Code: fault.NotFound, Took: fault.No, Message: none, NextStep: "call preview_segment, and give the plan_id that it answers"}
	}
	if err != nil {
		return p, fmt.Errorf("read a plan: %w", err)
	}
	if attributes != "" {
		p.Attributes = strings.Split(attributes, "\n")
	}
	p.MadeAt = moment(made)
	return p, nil
}

// mark is what the members that a plan makes are known by: the tag, or the one
// attribute that is set instead. Plans of many attributes have no members.
func (p Plan) mark() string {
	switch {
	case p.Tag != "":
		return p.Tag
	case len(p.Attributes) == 1:
		return "attribute " + p.Attributes[0]
	}
	return ""
}

// Members are the contacts that a plan's segment has given the plan's tag before,
// and whether the tag was not there already.
func (s *Store) Members(ctx context.Context, p Plan) (map[string]bool, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT contact, ours FROM segment_member WHERE definition = $1 AND mark = $2`, p.Definition, p.mark())
	if err != nil {
		return nil, fmt.Errorf("read the members of %s: %w", p.Definition, err)
	}
	defer rows.Close()
	out := map[string]bool{}
	for rows.Next() {
		var contact string
		var ours int
		if err := rows.Scan(&contact, &ours); err != nil {
			return nil, err
		}
		out[contact] = ours == 1
	}
	return out, rows.Err()
}
