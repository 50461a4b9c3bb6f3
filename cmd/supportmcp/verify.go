package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/contract"
	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/stripe"
)

func verifyCommand(w world) *cobra.Command {
	var yes, asJSON bool
	var patience time.Duration
	c := &cobra.Command{
		Use:   "verify-account",
		Short: "Compare test accounts of Stripe and Intercom with the sandbox, by real calls",
		Long: "Make every call of the adapters in a Stripe account in test mode and an Intercom test workspace, make the same calls\n" +
			"in a sandbox of its own, and print every field whose kind differs: docs/verify-account.md. What it makes, it says before\n" +
			"and takes away afterwards; what stays is listed by its id. Live keys are refused. Exit status 0 only without differences.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := readConfig(w.environ)
			if err != nil {
				return err
			}
			if err := verifiable(cfg); err != nil {
				return err
			}
			mark := newMark()
			if err := agreed(cmd.Context(), w, cfg, mark, yes); err != nil {
				return err
			}
			report, failed := verifyAccount(cmd.Context(), w, cfg, mark, patience)
			if failed != nil && report.Steps == 0 && len(report.Left) == 0 {
				return failed
			}
			if err := tellReport(w, report, asJSON); err != nil || failed != nil {
				return errors.Join(failed, err)
			}
			if !report.Same() {
				return errSilent
			}
			return nil
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask before anything is made")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	c.Flags().DurationVar(&patience, "search-after", 30*time.Second, "how long to wait before searching for what was just made")
	return c
}

// verifiable refuses what a comparison must not or cannot touch.
func verifiable(cfg Config) error {
	if err := errors.Join(cfg.checkStripe(), cfg.checkIntercom()); err != nil {
		return err
	}
	if cfg.IntercomAdmin == "" {
		return problem("INTERCOM_ADMIN_ID", "is missing: set it to the id of a teammate of the test workspace who has an inbox seat")
	}
	if mode, _ := stripe.ModeOf(string(cfg.StripeKey)); mode != stripe.Test {
		return &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: "STRIPE_SECRET_KEY is a live key, and this makes payments and refunds them",
			NextStep: "set it to a key of test mode (sk_test_…)",
		}
	}
	return nil
}

// newMark tells the things of one run from those of all others.
func newMark() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// agreed says what will be made where, and asks for a yes.
func agreed(ctx context.Context, w world, cfg Config, mark string, yes bool) error {
	where, err := placesOf(ctx, w, cfg)
	if err != nil {
		return err
	}
	plan := contract.Planned()
	text := "In Stripe, " + where.stripe + ", this makes:\n  - " + strings.Join(plan.Stripe, "\n  - ") +
		"\nIn Intercom, " + where.intercom + ", this makes:\n  - " + strings.Join(plan.Intercom, "\n  - ") +
		"\nWorkflows of the workspace may react to it. Everything is taken away at the end, as far as the vendors let it be.\n" +
		"All of it carries the mark " + mark + ".\n"
	fmt.Fprint(w.err, text)
	if yes {
		return nil
	}
	if w.terminal == nil {
		return unasked(noTerminal())
	}
	t, err := w.terminal()
	if err != nil {
		return unasked(err)
	}
	defer t.close()
	answer, err := t.ask("Make all this there? [yes/no] ")
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer != "yes" {
		return fault.Invalidf("nothing was made; answer yes to go on", "the answer was not yes")
	}
	return nil
}

func unasked(err error) error {
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Cause: err, Message: "there is no terminal to ask whether all this may be made",
		NextStep: "type the command at a terminal, or give --yes",
	}
}

// places are the accounts, as their owner would name them.
type places struct{ stripe, intercom string }

// placesOf asks the vendors whose the credentials are. A workspace cannot be told
// for a test one, so somebody must recognise it.
func placesOf(ctx context.Context, w world, cfg Config) (places, error) {
	s, err := stripe.New(stripe.Config{Key: string(cfg.StripeKey), BaseURL: strings.TrimRight(cfg.StripeBase, "/"), Now: w.now})
	if err != nil {
		return places{}, err
	}
	i, err := intercom.New(intercom.Config{Token: string(cfg.IntercomToken), BaseURL: cfg.IntercomBase, AdminID: cfg.IntercomAdmin, Now: w.now})
	if err != nil {
		return places{}, err
	}
	account, access := s.Account(ctx)
	if access.Err != nil && access.Reach != stripe.Forbidden {
		return places{}, access.Err
	}
	if err := i.Check(ctx); err != nil {
		return places{}, err
	}
	me, err := i.Me(ctx)
	if err != nil {
		return places{}, err
	}
	return places{
		stripe:   oneLine("test mode, account " + cmp.Or(account, "that the key may not read")),
		intercom: oneLine("workspace " + me.App + " in region " + me.Region + ", of " + me.Name),
	}, nil
}

// verifyAccount compares the configured accounts with a new sandbox.
func verifyAccount(ctx context.Context, w world, cfg Config, mark string, patience time.Duration) (contract.Report, error) {
	running, err := sandbox.New(control.NewClock(w.now)).Listen(ctx, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		return contract.Report{}, err
	}
	defer running.Close()
	return contract.Verify(ctx, contract.Config{
		Mark: mark,
		Sandbox: contract.Side{
			StripeKey: sandbox.StripeKey, StripeURL: running.StripeURL,
			IntercomToken: sandbox.IntercomToken, IntercomURL: running.IntercomURL, IntercomAdmin: sandbox.AdminID, Now: running.Clock.Now,
			Index: func(context.Context) error { running.Clock.Advance(time.Hour); return nil },
		},
		Account: contract.Side{
			StripeKey: string(cfg.StripeKey), StripeURL: strings.TrimRight(cfg.StripeBase, "/"),
			IntercomToken: string(cfg.IntercomToken), IntercomURL: cfg.IntercomBase, IntercomAdmin: cfg.IntercomAdmin, Now: w.now,
			Index: func(ctx context.Context) error { return waitFor(ctx, patience) },
		},
	})
}

func waitFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tellReport(w world, r contract.Report, asJSON bool) error {
	if !asJSON {
		return printVerified(w.out, r)
	}
	if err := json.NewEncoder(w.out).Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
