package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// The demo's own patience: with what it has begun itself, and with what an
// earlier run was interrupted in, which is left alone for a minute and then
// looked for several times.
const (
	soon     = 10 * time.Second
	eventual = 15 * time.Minute
)

// wait asks again and again until done says so, for as long as may be needed.
func (d *demo) wait(ctx context.Context, done func() (bool, error)) error {
	patience := soon
	if d.kept {
		patience = eventual
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("the server did not finish what it had begun"), ctx.Err())
		case <-tick.C:
		}
	}
}

// write calls a tool that writes. What an earlier run in the same folder has left
// under way is waited for, and then asked for again.
func (d *demo) write(ctx context.Context, tool string, args map[string]any) (answer, error) {
	for {
		a, err := d.call(ctx, tool, args)
		if err != nil || !d.kept {
			return a, err
		}
		if !under(a.State) && a.Code != string(fault.Busy) {
			return a, nil
		}
		if err := d.nothingUnder(ctx); err != nil {
			return a, err
		}
	}
}

func under(s policies.State) bool {
	return slices.Contains([]policies.State{policies.Approved, policies.Executing, policies.InDoubt}, s)
}

// nothingUnder waits until the server has finished everything.
func (d *demo) nothingUnder(ctx context.Context) error {
	return d.wait(ctx, func() (bool, error) {
		queued, err := d.ledger.List(ctx, ledger.Filter{States: []policies.State{policies.Approved, policies.Executing, policies.InDoubt}})
		return len(queued) == 0, err
	})
}

// queueIsEmpty waits until the server has done what follows from the story's
// actions, such as the note about a refund, and tells what that changed.
func (d *demo) queueIsEmpty(ctx context.Context) error {
	before := d.look()
	err := d.nothingUnder(ctx)
	d.t.happened(changes(before, d.look()))
	return err
}

// sayAgain writes the notes that an interrupted run could not deliver. Nobody
// else does: a message whose fate was unknown is never sent again by the server.
func (d *demo) sayAgain(ctx context.Context) error {
	if !d.kept {
		return nil
	}
	lost, err := d.ledger.List(ctx, ledger.Filter{States: []policies.State{policies.Failed}})
	if err != nil {
		return err
	}
	for _, e := range lost {
		if e.Kind != policies.KindNote || e.Parent == "" {
			continue
		}
		var note map[string]any
		if err := json.Unmarshal(e.Input, &note); err != nil {
			return fmt.Errorf("read the input of %s: %w", e.ID, err)
		}
		if _, err := d.write(ctx, "add_internal_note", note); err != nil {
			return err
		}
	}
	return nil
}

// until waits until an action is in a state, and gives what the agent then reads.
func (d *demo) until(ctx context.Context, id string, done policies.State) (answer, error) {
	before := d.look()
	err := d.wait(ctx, func() (bool, error) {
		e, err := d.ledger.Entry(ctx, id)
		return e.State == done, err
	})
	if err != nil {
		return answer{}, err
	}
	d.t.happened(changes(before, d.look()))
	return d.call(ctx, "get_action", map[string]any{"action_id": id})
}
