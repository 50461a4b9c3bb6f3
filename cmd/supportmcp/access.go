package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/access"
	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/tokens"
	"supportmcp/policies"
	"supportmcp/tools"
)

func tokensCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "tokens", Short: "Make, list and revoke the tokens of callers over HTTP", Args: cobra.NoArgs, RunE: help,
		Long: "Every caller over HTTP can have a token of its own, which says who calls and how far they reach (docs/access.md).\n" +
			"From the first token on, every call needs one.",
	}
	c.AddCommand(createTokenCommand(w), listTokensCommand(w), revokeTokenCommand(w))
	return c
}

// wanted is the token that somebody asks for, as text.
type wanted struct {
	principal, role, scopes, toolsets, expires, personal, budget, by string
}

func createTokenCommand(w world) *cobra.Command {
	var o wanted
	c := &cobra.Command{
		Use: "create --principal NAME", Short: "Make a token, and show it for the only time", Args: cobra.NoArgs,
		Long: "Make a token and print it, and nothing else, to standard output. Only its digest is kept, so a lost one is\n" +
			"revoked and replaced. A budget bounds the principal, whatever its tokens, and whatever the policy lets others.",
		Example: "  supportmcp tokens create --principal fin --role agent --expires 90d --budget \"200.00 EUR/24h\"",
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := o.token(w.now())
			if err != nil {
				return err
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				token, made, err := tokens.New(l, w.now).Create(ctx, t)
				if err != nil {
					return err
				}
				fmt.Fprintf(w.err, "Token %s of %s, scopes: %s. It is shown only now.\n", made.ID, made.Principal, made.Scopes)
				_, err = fmt.Fprintln(w.out, token)
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.principal, "principal", "", "who calls: the name that actions are recorded and counted for")
	f.StringVar(&o.role, "role", string(access.Reader), "reader, agent (and answers and refunds) or desk (everything)")
	f.StringVar(&o.scopes, "scopes", "", "instead of a role: scopes, separated by commas")
	f.StringVar(&o.toolsets, "toolsets", "", "toolsets separated by commas; every one that is published when left out")
	f.StringVar(&o.expires, "expires", "", "in how much time, such as 90d, or at a time such as 2027-01-31; never when left out")
	f.StringVar(&o.personal, "personal-data", string(policies.FullPersonalData), "the most that is shown of names and addresses: none, masked or full")
	f.StringVar(&o.budget, "budget", "", `what the principal may move, such as "200.00 EUR/24h, 900.00 EUR/30d"; none takes it away`)
	f.StringVar(&o.by, "as", "", "who makes it; your user name when left out")
	c.MarkFlagsMutuallyExclusive("role", "scopes")
	return c
}

func (o wanted) token(now time.Time) (t tokens.Token, err error) {
	t.Principal, t.PersonalData = policies.Principal(o.principal), policies.PersonalData(o.personal)
	t.Budget, t.CreatedBy = strings.TrimSpace(o.budget), o.by
	if o.by == "" {
		t.CreatedBy = userName()
	}
	if t.Scopes = access.Role(o.role).Scopes(); t.Scopes == nil {
		return t, fmt.Errorf("there is no role %q: use some of %v", o.role, access.Roles())
	}
	if o.scopes != "" {
		if t.Scopes, err = access.ParseScopes(o.scopes); err != nil {
			return t, err
		}
	}
	if o.toolsets != "" {
		sets, err := tools.ParseToolsets(o.toolsets)
		if err != nil {
			return t, fmt.Errorf("--toolsets %w", err)
		}
		for _, s := range sets {
			t.Toolsets = append(t.Toolsets, string(s))
		}
	}
	if o.expires == "" {
		return t, nil
	}
	if span, err := policies.ParseSpan(o.expires); err == nil {
		t.ExpiresAt = now.Add(span)
		return t, nil
	}
	t.ExpiresAt, err = date(o.expires)
	return t, err
}

func listTokensCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List all tokens that were made", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				all, err := tokens.New(l, w.now).List(ctx)
				if err != nil {
					return err
				}
				return printTokens(w, all)
			})
		},
	}
}

func printTokens(w world, all []tokens.Token) error {
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "ID\tPRINCIPAL\tSTATE\tSCOPES\tTOOLSETS\tPERSONAL DATA\tBUDGET\tMADE\tBY")
	for _, t := range all {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(t.ID), oneLine(string(t.Principal)), standing(t, w.now()),
			strings.ReplaceAll(t.Scopes.String(), " ", ","), orElse(oneLine(strings.Join(t.Toolsets, ",")), "all"), t.PersonalData,
			orElse(oneLine(t.Budget), "-"), t.CreatedAt.Format(time.DateOnly), oneLine(t.CreatedBy))
	}
	return tw.Flush()
}

// standing is what became of a token.
func standing(t tokens.Token, now time.Time) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "revoked " + t.RevokedAt.Format(time.DateOnly)
	case !t.Good(now):
		return "expired " + t.ExpiresAt.Format(time.DateOnly)
	case t.ExpiresAt.IsZero():
		return "good"
	}
	return "good until " + t.ExpiresAt.Format(time.RFC3339)
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func revokeTokenCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Make a token open nothing any more, within two seconds", Args: one,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.HasPrefix(args[0], tokens.Prefix) {
				return &fault.Error{Code: fault.Invalid, Message: "this is a token and not its id", NextStep: "give the part between the two underscores; revoke the token, since it has now been on a command line"}
			}
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				t, err := tokens.New(l, w.now).Revoke(ctx, args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(w.out, "Token %s of %s is revoked.\n", oneLine(t.ID), oneLine(string(t.Principal)))
				return err
			})
		},
	}
}
