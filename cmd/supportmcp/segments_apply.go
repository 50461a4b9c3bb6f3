package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/policies"
	"supportmcp/server"
)

func segmentsApplyCommand(w world) *cobra.Command {
	dry := false
	c := &cobra.Command{
		Use: "apply PLAN", Short: "Carry out a plan of preview", Args: one,
		Long: "Carry out a plan. What the policy leaves to a person waits for supportmcp approvals approve, and is then carried\n" +
			"out by a running server. What is interrupted goes on, here or there, without repeating anything.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyWith(cmd.Context(), w, func(ctx context.Context, h hands) (string, string, map[string]any, error) {
				p, err := h.segments.Plan(ctx, args[0])
				tool := "apply_segment"
				if p.Definition == "billing-attributes" {
					tool = "sync_billing_attributes"
				}
				return tool, p.ID, map[string]any{"plan_id": p.ID, "dry_run": dry}, err
			})
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what the policy says")
	return c
}

func segmentsRevertCommand(w world) *cobra.Command {
	dry := false
	c := &cobra.Command{
		Use: "revert ACTION", Short: "Undo what one application has changed, and nothing else", Args: one,
		RunE: func(cmd *cobra.Command, args []string) error {
			return applyWith(cmd.Context(), w, func(ctx context.Context, h hands) (string, string, map[string]any, error) {
				p, err := h.segments.PlanOf(ctx, args[0])
				return "revert_segment", p.ID, map[string]any{"action_id": args[0], "dry_run": dry}, err
			})
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what the policy says")
	return c
}

// ask calls a tool as the person at the terminal.
func (h hands) ask(ctx context.Context, tool string, args, into any) error {
	in, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("encode the call of %s: %w", tool, err)
	}
	for _, t := range h.tools {
		if t.Name != tool {
			continue
		}
		out, _, err := t.Call(ctx, policies.Principal("cli:"+userName()), in)
		if err != nil {
			return err
		}
		b, err := json.Marshal(out)
		if err != nil {
			return fmt.Errorf("encode the answer of %s: %w", tool, err)
		}
		return json.Unmarshal(b, into)
	}
	return fmt.Errorf("there is no tool %s", tool)
}

// applyWith carries out a plan, and stays until it has ended or waits for somebody.
func applyWith(ctx context.Context, w world, which func(context.Context, hands) (tool, plan string, args map[string]any, err error)) (err error) {
	h, err := handsOf(ctx, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.ledger.Close()) }()
	tool, plan, args, err := which(ctx, h)
	if err != nil {
		return err
	}
	a := application{hands: h, plan: plan, undo: tool == "revert_segment", bar: newBar(w.err)}
	var o policies.Outcome[json.RawMessage]
	stop := a.watch(ctx)
	err = h.ask(ctx, tool, args, &o)
	if err == nil && o.State.InFlight() {
		o.State, o.Receipt, err = a.drive(ctx, o.Action)
	}
	stop()
	if err != nil {
		return err
	}
	return tellApplied(w, o)
}

// application is a plan that is being carried out or undone.
type application struct {
	hands
	plan string
	undo bool
	bar  *bar
}

// everyLook is how often it is looked how far an application is.
const everyLook = 250 * time.Millisecond

// watch shows how far it is until stop is called.
func (a application) watch(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(everyLook)
		defer tick.Stop()
		for {
			a.look(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		cancel()
		<-ended
		a.look(context.WithoutCancel(ctx))
		a.bar.end()
	}
}

func (a application) look(ctx context.Context) {
	if done, all, err := a.segments.Progress(ctx, a.plan, a.undo); err == nil { // else the application itself tells
		a.bar.show(done, all)
	}
}

// drive goes on with an application as a server's worker does, until it has ended.
func (a application) drive(ctx context.Context, action string) (policies.State, *json.RawMessage, error) {
	worker, err := server.NewWorker(a.ledger, a.tools, a.log)
	if err != nil {
		return "", nil, err
	}
	for {
		e, err := a.ledger.Entry(ctx, action)
		if err != nil || !e.State.InFlight() || e.State == policies.Review {
			return e.State, &e.Receipt, err
		}
		if err := worker.Sweep(ctx, policies.DueLapsed); err != nil {
			a.log.Warn("an action could not be gone on with", "err", err)
		}
		t := time.NewTimer(everyLook)
		select {
		case <-ctx.Done():
			t.Stop()
			return "", nil, ctx.Err()
		case <-t.C:
		}
	}
}

func tellApplied(w world, o policies.Outcome[json.RawMessage]) error {
	switch {
	case o.State == policies.Awaiting:
		_, err := fmt.Fprintf(w.out, "%s waits for a person:  supportmcp approvals approve %s\n", o.Action, o.Action)
		return err
	case o.Refused():
		return &fault.Error{Code: fault.Refused, Message: fmt.Sprintf("%s: %s", o.State, o.Message), NextStep: o.NextStep}
	case o.State == policies.Previewed:
		_, err := fmt.Fprintf(w.out, "The policy says: %s\n", o.Decision.Effect)
		return err
	}
	receipt := json.RawMessage("{}")
	if o.Receipt != nil && len(*o.Receipt) > 0 {
		receipt = *o.Receipt
	}
	_, err := fmt.Fprintf(w.out, "%s is %s: %s\nUndo it:  supportmcp segments revert %s\n", o.Action, o.State, receipt, o.Action)
	return err
}
