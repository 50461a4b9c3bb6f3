package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// lookout tells people what waits for them, once for each action.
type lookout struct {
	every   time.Duration
	once    bool
	command string
	webhook string
	told    map[string]bool
}

func watchCommand(w world) *cobra.Command {
	o := lookout{told: map[string]bool{}}
	c := &cobra.Command{
		Use: "watch", Short: "Tell when an action begins to wait for a person", Args: cobra.NoArgs,
		Long: "Look again and again for actions that wait for a person, and tell each once: with a line and the terminal's bell,\n" +
			"and if you say so with a command, which gets the action's id as its only argument, or an HTTP request with ids,\n" +
			"kinds and amounts. Nothing that customers or agents wrote is passed on.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error { return o.run(ctx, w, l) })
		},
	}
	c.Flags().DurationVar(&o.every, "every", 5*time.Second, "how often to look")
	c.Flags().BoolVar(&o.once, "once", false, "look once, and end")
	c.Flags().StringVar(&o.command, "command", "", "a program to run for each action; no shell reads it")
	c.Flags().StringVar(&o.webhook, "webhook", "", "an address to post to: https://…, or http://… on this machine")
	return c
}

func (o lookout) check() error {
	if o.every < time.Second {
		return fault.Invalidf("give --every 1s or more", "looking every %s would only keep the ledger busy", o.every)
	}
	if o.webhook == "" {
		return nil
	}
	u, err := url.Parse(o.webhook)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return fault.Invalidf("give an address that begins with https:// (http:// only for 127.0.0.1 and localhost)", "--webhook cannot be used")
	}
	return nil
}

func (o lookout) run(ctx context.Context, w world, l *ledger.Ledger) error {
	tick := time.NewTicker(o.every)
	defer tick.Stop()
	for {
		if err := o.look(ctx, w, l); err != nil && ctx.Err() == nil {
			if o.once {
				return err
			}
			report(w.err, err) // the next look may work
		}
		if o.once {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look tells what began to wait since the last look. What could not be told is
// told again with the next.
func (o lookout) look(ctx context.Context, w world, l *ledger.Ledger) error {
	entries, err := l.List(ctx, ledger.Filter{States: []policies.State{policies.Awaiting}, OldestFirst: true, Limit: mostListed})
	if err != nil {
		return err
	}
	var failed error
	for _, e := range entries {
		if o.told[e.ID] {
			continue
		}
		if err := o.tell(ctx, w, e); err != nil {
			failed = errors.Join(failed, fmt.Errorf("tell of %s: %w", e.ID, err))
			continue
		}
		o.told[e.ID] = true
	}
	return failed
}

func (o lookout) tell(ctx context.Context, w world, e policies.Entry) error {
	if _, err := fmt.Fprintf(w.out, "\a%s waits: %s, %s\n", oneLine(e.ID), oneLine(headline(e)), expiry(e, w.now())); err != nil {
		return err
	}
	return errors.Join(o.execute(ctx, w, e), o.send(ctx, e))
}

// execute runs the command, which gets no secret of ours with its environment.
func (o lookout) execute(ctx context.Context, w world, e policies.Entry) error {
	if o.command == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, longestDelivery)
	defer cancel()
	c := exec.CommandContext(ctx, o.command, e.ID) //nolint:gosec // the person names the program
	c.Stdout, c.Stderr = w.err, w.err
	mine := env.ToMap(w.environ)
	for _, name := range []string{"PATH", "HOME", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "SYSTEMROOT"} {
		if value, set := mine[name]; set {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	return c.Run()
}

// notice is all that a webhook gets to know of an action.
type notice struct {
	Action  string        `json:"action_id"`
	Kind    policies.Kind `json:"kind"`
	State   string        `json:"state"`
	Amount  string        `json:"amount,omitempty"`
	Expires time.Time     `json:"expires_at"`
}

func (o lookout) send(ctx context.Context, e policies.Entry) error {
	if o.webhook == "" {
		return nil
	}
	n := notice{Action: e.ID, Kind: e.Kind, State: string(e.State), Expires: e.ExpiresAt}
	if !e.Subject.Cost.IsZero() {
		n.Amount = e.Subject.Cost.String()
	}
	var body strings.Builder
	if err := json.NewEncoder(&body).Encode(n); err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return post(ctx, o.webhook, "application/json", body.String())
}
