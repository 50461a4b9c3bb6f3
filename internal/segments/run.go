package segments

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"supportmcp/policies"
)

// StepState is how far a step has come.
type StepState string

// The states of a step. What is Begun or Undoing may have reached Intercom.
const (
	Planned StepState = "planned"
	Begun   StepState = "begun"
	Done    StepState = "done"
	Already StepState = "already" // it was so before; nothing was sent
	Skipped StepState = "skipped" // the contact is gone
	Undoing StepState = "undoing"
	Undone  StepState = "undone"
)

// Step is the change of one contact.
type Step struct {
	policies.ContactChange

	N      int
	State  StepState
	Before map[string]string // the attributes as they were
}

// Run is a plan that is being carried out or undone. What it is told of is in the
// database before it returns, so that another process can go on.
type Run struct {
	store *Store
	plan  Plan
	undo  bool
	steps []Step
}

// Apply begins or goes on to carry out a plan for an entry.
func (s *Store) Apply(ctx context.Context, plan, action string) (*Run, error) {
	p, err := s.Plan(ctx, plan)
	if err != nil {
		return nil, err
	}
	err = s.db.Share(ctx, "carry out plan "+plan, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE segment_plan SET action = $1 WHERE id = $2`, action, plan)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.run(ctx, p, false)
}

// Undo begins or goes on to take back what carrying out a plan has done. What was
// so before stays.
func (s *Store) Undo(ctx context.Context, plan string) (*Run, error) {
	p, err := s.Plan(ctx, plan)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, p, true)
}

func (s *Store) run(ctx context.Context, p Plan, undo bool) (*Run, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT n, contact, remove, sets, state, before FROM segment_step WHERE plan = $1 ORDER BY n`, p.ID)
	if err != nil {
		return nil, fmt.Errorf("read the steps of %s: %w", p.ID, err)
	}
	defer rows.Close()
	r := &Run{store: s, plan: p, undo: undo}
	for rows.Next() {
		step := Step{ContactChange: policies.ContactChange{Tag: p.Tag}}
		var remove int
		var sets, before string
		if err := rows.Scan(&step.N, &step.Contact, &remove, &sets, &step.State, &before); err != nil {
			return nil, err
		}
		step.Remove = remove == 1
		for text, into := range map[string]*map[string]string{sets: &step.Set, before: &step.Before} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return nil, fmt.Errorf("read step %d of %s: %w", step.N, p.ID, err)
			}
		}
		if undo && !step.wasOurs() {
			continue
		}
		r.steps = append(r.steps, step)
	}
	return r, rows.Err()
}

// wasOurs reports whether a step has changed something.
func (st Step) wasOurs() bool {
	return st.State == Done || st.State == Undoing || st.State == Undone
}

// Changes are all changes of the run, finished or not, in their order.
func (r *Run) Changes() []policies.ContactChange {
	out := make([]policies.ContactChange, len(r.steps))
	for i, st := range r.steps {
		out[i] = r.change(st)
	}
	return out
}

func (r *Run) change(st Step) policies.ContactChange {
	c := st.ContactChange
	if r.undo {
		c.Remove, c.Set = !c.Remove, st.Before
	}
	return c
}

// Task is what is left to do for one contact.
type Task struct {
	policies.ContactChange

	Begun  bool              // an earlier attempt may have done it
	Before map[string]string // of what is begun: the attributes as they were

	n int
}

// Left are the tasks that are not finished.
func (r *Run) Left() []Task {
	var out []Task
	for _, st := range r.steps {
		switch {
		case r.undo && st.State == Undone, !r.undo && st.State != Planned && st.State != Begun:
			continue
		}
		out = append(out, Task{ContactChange: r.change(st), Begun: st.State == Begun || st.State == Undoing, Before: st.Before, n: st.N})
	}
	return out
}

// Result is what became of a task.
type Result struct {
	Task

	State StepState // Done, Already or Skipped
}

// Begin records what is about to be sent, with what was there before.
func (r *Run) Begin(ctx context.Context, tasks []Task) error {
	state := Begun
	if r.undo {
		state = Undoing
	}
	return r.record(ctx, "begin a part of "+r.plan.ID, tasks, func(tx *sql.Tx, t Task) error {
		before := t.Before
		if r.undo {
			before = nil
		}
		return r.set(ctx, tx, t.n, state, before)
	})
}

// End records what became of tasks, and who is a member now.
func (r *Run) End(ctx context.Context, results []Result) error {
	byN, tasks := map[int]StepState{}, make([]Task, len(results))
	for i, res := range results {
		byN[res.n], tasks[i] = res.State, res.Task
	}
	return r.record(ctx, "end a part of "+r.plan.ID, tasks, func(tx *sql.Tx, t Task) error {
		state := byN[t.n]
		if r.undo {
			state = Undone
		}
		if err := r.set(ctx, tx, t.n, state, nil); err != nil {
			return err
		}
		return r.enroll(ctx, tx, t, byN[t.n])
	})
}

func (r *Run) record(ctx context.Context, doing string, tasks []Task, each func(*sql.Tx, Task) error) error {
	if len(tasks) == 0 {
		return nil
	}
	return r.store.db.Share(ctx, doing, func(tx *sql.Tx) error {
		for _, t := range tasks {
			if err := each(tx, t); err != nil {
				return err
			}
		}
		return nil
	})
}

// set writes the state of a step, and what was there before when that is given.
func (r *Run) set(ctx context.Context, tx *sql.Tx, n int, state StepState, before map[string]string) error {
	text, err := json.Marshal(before)
	if err != nil {
		return fmt.Errorf("encode attributes: %w", err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE segment_step SET state = $1, before = CASE WHEN $2 = 'null' THEN before ELSE $2 END WHERE plan = $3 AND n = $4`,
		string(state), string(text), r.plan.ID, n)
	return err
}

// enroll keeps who has the tag by this segment. A tag that was there before is not
// ours to take off.
func (r *Run) enroll(ctx context.Context, tx *sql.Tx, t Task, state StepState) error {
	switch {
	case r.plan.mark() == "":
		return nil
	case t.Remove, state == Skipped:
		_, err := tx.ExecContext(ctx, `DELETE FROM segment_member WHERE definition = $1 AND mark = $2 AND contact = $3`, r.plan.Definition, r.plan.mark(), t.Contact)
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO segment_member (definition, mark, contact, ours) VALUES ($1, $2, $3, $4)
		ON CONFLICT (definition, mark, contact) DO UPDATE SET ours = CASE WHEN excluded.ours = 1 THEN 1 ELSE segment_member.ours END`,
		r.plan.Definition, r.plan.mark(), t.Contact, flag(state == Done))
	return err
}

// Count is how many steps of a plan are in each state.
func (s *Store) Count(ctx context.Context, plan string) (map[StepState]int, error) {
	rows, err := s.db.Reader().QueryContext(ctx, `SELECT state, COUNT(*) FROM segment_step WHERE plan = $1 GROUP BY state`, plan)
	if err != nil {
		return nil, fmt.Errorf("count the steps of %s: %w", plan, err)
	}
	defer rows.Close()
	out := map[StepState]int{}
	for rows.Next() {
		var state StepState
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, err
		}
		out[state] = n
	}
	return out, rows.Err()
}

// Progress is how much of a plan is carried out, or undone, in contacts.
func (s *Store) Progress(ctx context.Context, plan string, undo bool) (done, all int, err error) {
	n, err := s.Count(ctx, plan)
	for _, k := range n {
		all += k
	}
	if undo {
		all -= n[Planned] + n[Begun] + n[Already] + n[Skipped]
		return n[Undone], all, err
	}
	return all - n[Planned] - n[Begun], all, err
}
