package tools

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// found is what one way has found, and why it does not settle who is meant.
type found struct {
	ties      []policies.Tie
	customers []stripe.Customer // that were read on the way
	doubt     string
}

// tie finds the Stripe customers of the contact. What a person has confirmed goes
// before everything else and leaves no doubt about whose they are; then the ways of
// the policy count in their order, an equal e-mail address only where none before
// it found anybody.
func (d Deps) tie(ctx context.Context, t *ticket) error {
	linked, err := d.Guard.Ledger.Links(ctx, t.Contact.ID)
	if err != nil {
		return err
	}
	for _, customer := range linked {
		t.Asker.Ties = append(t.Asker.Ties, policies.Tie{Customer: customer, Way: policies.ByLink})
	}
	ways := d.Guard.Policy().Ways()
	if len(linked) > 0 {
		ways = slices.DeleteFunc(ways, func(w policies.Way) bool { return w.Kind == policies.TieEmail })
	}
	all, err := d.find(ctx, t, ways)
	if err != nil {
		return err
	}
	doubt := t.gather(ways, all)
	if len(linked) == 0 && t.Asker.Doubt == "" {
		t.Asker.Doubt = doubt
	}
	return nil
}

// find asks all ways at once. Only the e-mail address waits for a company that goes
// before it: who pays through one has seldom an account of their own.
func (d Deps) find(ctx context.Context, t *ticket, ways []policies.Way) ([]found, error) {
	all, late := make([]found, len(ways)), -1
	g, reads := errgroup.WithContext(ctx)
	known := false // by what needs no reading
	for i, w := range ways {
		if w.Kind == policies.TieContactAttribute {
			all[i] = ofContact(t, w)
			known = known || len(all[i].ties) > 0
			continue
		}
		if w.Kind == policies.TieEmail && (known || t.hasCompany(ways[:i])) {
			late = i
			continue
		}
		g.Go(func() (err error) {
			all[i], err = d.findBy(reads, t, w)
			return err
		})
	}
	if err := g.Wait(); err != nil || late < 0 || tied(all[:late]) {
		return all, err
	}
	var err error
	all[late], err = d.findBy(ctx, t, ways[late])
	return all, err
}

// tied reports whether some way has found anybody.
func tied(all []found) bool {
	return slices.ContainsFunc(all, func(f found) bool { return len(f.ties) > 0 })
}

// hasCompany reports whether a company of the contact is looked at for a tie.
func (t *ticket) hasCompany(ways []policies.Way) bool {
	return len(t.Contact.Companies) > 0 && slices.ContainsFunc(ways, func(w policies.Way) bool { return w.Kind == policies.TieCompanyAttribute })
}

func (d Deps) findBy(ctx context.Context, t *ticket, w policies.Way) (found, error) {
	switch w.Kind {
	case policies.TieExternalID:
		return d.byExternalID(ctx, t, w)
	case policies.TieCompanyAttribute:
		return d.byCompany(ctx, t, w)
	case policies.TieEmail:
		return d.byEmail(ctx, t, w)
	case policies.TieContactAttribute:
	}
	return ofContact(t, w), nil
}

// gather takes the ties in the order of the ways, and tells what is doubtful about
// them: what the ways found doubtful, or that they name different people.
func (t *ticket) gather(ways []policies.Way, all []found) (doubt string) {
	var own string // whom the ways that are about the contact alone have named
	for i, w := range ways {
		if w.Kind == policies.TieEmail && len(t.Asker.Ties) > 0 {
			continue
		}
		f := all[i]
		for _, tie := range f.ties {
			if !t.Asker.Owns(tie.Customer) {
				t.Asker.Ties = append(t.Asker.Ties, tie)
			}
		}
		t.Customers = append(t.Customers, f.customers...)
		if doubt == "" {
			doubt = f.doubt
		}
		if w.Kind == policies.TieCompanyAttribute || len(f.ties) == 0 {
			continue
		}
		if own != "" && own != f.ties[0].Customer && doubt == "" {
			doubt = "the ways to tie the contact to a customer name different customers"
		}
		own = f.ties[0].Customer
	}
	return doubt
}

func ofContact(t *ticket, w policies.Way) found {
	if id, ok := customerIn(t.Contact.Attributes, w.Attribute); ok {
		return found{ties: tiesOf(w, id)}
	}
	return found{}
}

func tiesOf(w policies.Way, customers ...string) []policies.Tie {
	out := make([]policies.Tie, len(customers))
	for i, c := range customers {
		out[i] = policies.Tie{Customer: c, Way: w.String()}
	}
	return out
}

// customerIn is the customer's id in an attribute. Any other text there ties nobody.
func customerIn(attributes map[string]string, name string) (id string, ok bool) {
	id = attributes[name]
	rest, ok := strings.CutPrefix(id, "cus_")
	other := func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if !ok || rest == "" || len(id) > 255 || strings.ContainsFunc(rest, other) {
		return "", false
	}
	return id, true
}

// byExternalID looks for the contact's external id in the metadata of customers. A
// lead has none that the company has given.
func (d Deps) byExternalID(ctx context.Context, t *ticket, w policies.Way) (f found, err error) {
	if t.Contact.ExternalID == "" || t.Contact.Role != "user" {
		return f, nil
	}
	f.customers, err = d.Stripe.CustomersByMetadata(ctx, w.Attribute, t.Contact.ExternalID)
	if err != nil {
		return f, fmt.Errorf("find customers: %w", err)
	}
	if n := len(f.customers); n > 1 {
		f.doubt = fmt.Sprintf("%d Stripe customers have the contact's external id", n)
	}
	f.ties = tiesOf(w, idsOf(f.customers)...)
	return f, nil
}

func idsOf(customers []stripe.Customer) []string {
	out := make([]string, len(customers))
	for i, c := range customers {
		out[i] = c.ID
	}
	return out
}

// byEmail finds who has the contact's address; nobody for what is none.
func (d Deps) byEmail(ctx context.Context, t *ticket, w policies.Way) (f found, err error) {
	f.customers, err = d.customersByEmail(ctx, t.Contact.Email)
	if err != nil {
		return f, err
	}
	switch n := len(f.customers); {
	case n > 0 && t.Contact.Role != "user" && t.Conversation.Channel != "email":
		f.doubt = "a visitor typed this e-mail address and has not shown that it is theirs"
	case n > 1:
		f.doubt = fmt.Sprintf("%d Stripe customers have the contact's e-mail address", n)
	}
	f.ties = tiesOf(w, idsOf(f.customers)...)
	return f, nil
}

func (d Deps) customersByEmail(ctx context.Context, email string) ([]stripe.Customer, error) {
	if email == "" {
		return nil, nil
	}
	customers, err := d.Stripe.CustomersByEmail(ctx, email)
	if fault.CodeOf(err) == fault.Invalid {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find customers: %w", err)
	}
	return customers, nil
}

// maxCompanies bounds how many companies of a contact are looked at.
const maxCompanies = 5

// byCompany finds who pays for the contact's companies.
func (d Deps) byCompany(ctx context.Context, t *ticket, w policies.Way) (f found, err error) {
	ids := t.Contact.Companies[:min(len(t.Contact.Companies), maxCompanies)]
	if t.Contact.MoreCompanies || len(ids) < len(t.Contact.Companies) {
		f.doubt = "the contact belongs to more companies than were looked at"
	}
	customers := make([]string, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	for i, id := range ids {
		g.Go(func() error {
			c, err := d.Intercom.Company(ctx, id)
			if err != nil {
				return fmt.Errorf("read company: %w", err)
			}
			customers[i], _ = customerIn(c.Attributes, w.Attribute)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return f, err
	}
	customers = slices.DeleteFunc(customers, func(c string) bool { return c == "" })
	f.ties = tiesOf(w, customers...)
	return f, nil
}
