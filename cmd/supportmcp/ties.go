package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/policies"
)

// tieCheck is what the workspace says of the ways in which a policy ties contacts
// to customers.
type tieCheck struct {
	open     []policies.Way // over attributes that customers can write from the Messenger
	missing  []policies.Way // over attributes that the workspace does not have
	mailOpen bool           // e-mail ties, and customers can write their own address
}

// checkTies reads the attributes of the workspace. Whoever can write what ties them
// to a customer chooses whose money is theirs.
func checkTies(ctx context.Context, client *intercom.Client, ways []policies.Way) (c tieCheck, err error) {
	known := map[intercom.Model][]intercom.Attribute{}
	for _, w := range ways {
		m, name := modelOf(w)
		if m == "" {
			continue
		}
		if known[m] == nil {
			if known[m], err = client.Attributes(ctx, m); err != nil {
				return c, err
			}
		}
		i := slices.IndexFunc(known[m], func(a intercom.Attribute) bool { return a.Name == name && a.Custom == (w.Kind != policies.TieEmail) })
		switch {
		case w.Kind == policies.TieEmail:
			c.mailOpen = i >= 0 && known[m][i].CustomersWrite
		case i < 0:
			c.missing = append(c.missing, w)
		case known[m][i].CustomersWrite:
			c.open = append(c.open, w)
		}
	}
	return c, nil
}

// modelOf is where the attribute of a way is kept; "" for one that has none.
func modelOf(w policies.Way) (intercom.Model, string) {
	switch w.Kind {
	case policies.TieContactAttribute:
		return intercom.OfContacts, w.Attribute
	case policies.TieCompanyAttribute:
		return intercom.OfCompanies, w.Attribute
	case policies.TieEmail:
		return intercom.OfContacts, "email"
	case policies.TieExternalID: // which only the company's back end and its signed proofs can set
	}
	return "", ""
}

func namedWays(ways []policies.Way) string {
	out := make([]string, len(ways))
	for i, w := range ways {
		out[i] = w.String()
		if w.Attribute != "" {
			out[i] += " " + w.Attribute
		}
	}
	return strings.Join(out, ", ")
}

// closeAttributes is how an unsafe tie is mended.
const closeAttributes = "in Intercom under Settings > Data, keep the Messenger from updating it, or leave it out of ties in the policy"

// longestTieCheck is how long a start waits for the workspace.
const longestTieCheck = 5 * time.Second

// refuseOpenTies keeps a server from starting whose customers could choose whose
// money is theirs. A workspace that does not answer is only told of: nothing can be
// asked for while it does not.
func refuseOpenTies(ctx context.Context, client *intercom.Client, p *policies.Policy, log *slog.Logger) error {
	within, cancel := context.WithTimeout(ctx, longestTieCheck)
	defer cancel()
	c, err := checkTies(within, client, p.Ways())
	if err != nil {
		log.Warn("it cannot be told now whether customers can write what ties them to money", "err", err)
		return nil
	}
	if len(c.open) > 0 {
		return errors.New(openTies(c) + ": " + closeAttributes)
	}
	return nil
}

func openTies(c tieCheck) string {
	return fmt.Sprintf("customers can write from the Messenger what ties them to a Stripe customer: %s", namedWays(c.open))
}
