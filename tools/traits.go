package tools

import (
	"context"
	"fmt"
	"slices"

	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// background reads what the policy looks at besides a payment itself, and nothing else.
func (d Deps) background(ctx context.Context, customer string, wants policies.Facts) (stripe.Background, error) {
	if customer == "" || !wants.Customer && !wants.Subscriptions {
		return stripe.Background{}, nil
	}
	b, err := d.Stripe.Background(ctx, customer, wants.Customer, wants.Subscriptions)
	if err != nil {
		return b, fmt.Errorf("read customer: %w", err)
	}
	return b, nil
}

// traitsOf are the facts that when rules look at. They are known when all that the
// policy wants was read: what is not known makes a rule apply.
func traitsOf(c intercom.Conversation, b stripe.Background, wants policies.Facts) policies.Traits {
	if (wants.Customer || wants.Subscriptions) && b.Customer == "" {
		return policies.Traits{}
	}
	t := deskTraits(c, wants)
	if t.Known {
		t.Country, t.Plans, t.Intervals, t.Products = b.Country, b.Plans, b.Intervals, b.Products
		t.Metadata, t.Mixed = asked(b, wants.Metadata)
	}
	return t
}

// asked is the metadata that the policy looks at.
func asked(b stripe.Background, keys []string) (metadata map[string]string, mixed []string) {
	for _, k := range keys {
		if v, ok := b.Metadata[k]; ok {
			if metadata == nil {
				metadata = map[string]string{}
			}
			metadata[k] = v
		}
		if slices.Contains(b.Mixed, k) {
			mixed = append(mixed, k)
		}
	}
	return metadata, mixed
}

// deskTraits are those of a conversation alone, where a policy looks at any.
func deskTraits(c intercom.Conversation, wants policies.Facts) policies.Traits {
	if !wants.Traits {
		return policies.Traits{}
	}
	t := policies.Traits{Known: true, Channel: c.Channel}
	for _, tag := range c.Tags {
		t.Tags = append(t.Tags, tag.Name)
	}
	return t
}
