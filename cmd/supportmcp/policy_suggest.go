package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

const (
	suggestedFrom = 180 * 24 * time.Hour
	paymentPages  = 10 // of a hundred: enough to know the currencies
)

func suggestCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "suggest", Short: "Print a first draft of a policy, from the refunds of the last 180 days", Args: cobra.NoArgs,
		Long: "Read from Stripe the refunds of the last 180 days and the newest payments, and print a policy that would have let\n" +
			"most of those refunds happen. Comments say which sums led to each number. It is a draft: what people have refunded\n" +
			"is not what an agent should. Nothing is written, neither in Stripe nor here.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := stripeOf(w)
			if err != nil {
				return err
			}
			p := past{since: w.now().Add(-suggestedFrom), payments: map[money.Currency]int{}, refunds: map[money.Currency][]stripe.PastRefund{}}
			if err := c.PastRefunds(cmd.Context(), p.since, p.refunded); err != nil {
				return err
			}
			if err := c.PastPayments(cmd.Context(), p.since, paymentPages, p.paid); err != nil {
				return err
			}
			text, err := p.draft(w.now())
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(w.out, text)
			return err
		},
	}
}

// stripeOf is the Stripe of the environment; nothing else of it is needed.
func stripeOf(w world) (*stripe.Client, error) {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return nil, err
	}
	if cfg.StripeKey == "" {
		return nil, fault.Invalidf("set STRIPE_SECRET_KEY, best to a restricted key that can read charges and refunds", "there is no key for Stripe")
	}
	return stripe.New(stripe.Config{Key: string(cfg.StripeKey), BaseURL: strings.TrimRight(cfg.StripeBase, "/"), Log: newLogger(w.err, "warn"), Now: w.now})
}

// draft writes the policy. It is checked as any other is.
func (p past) draft(now time.Time) (string, error) {
	if len(p.payments)+len(p.refunds) == 0 {
		return "", &fault.Error{
			Code: fault.NotFound, Message: "the account has neither payments nor refunds of the last 180 days",
			NextStep: "begin with the default: supportmcp policy print-default",
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# yaml-language-server: $schema=policy.schema.json\n"+
		"# A first draft by supportmcp policy suggest, made on %s from what was refunded since %s.\n"+
		"# It repeats what people did. Read every number before an agent may do the same.\n"+
		"version: 1\n\nrefund:\n", now.Format(time.DateOnly), p.since.Format(time.DateOnly))
	p.window(&out)
	p.currencies(&out)
	p.budgets(&out)
	out.WriteString("\nreply:\n  max_chars: 4000\n")
	if _, err := policies.Parse("draft", []byte(out.String())); err != nil {
		return "", fmt.Errorf("draft a policy: %w", err)
	}
	return out.String(), nil
}
