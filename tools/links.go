package tools

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// fillable refuses a reply that could never be filled in before the action that it is
// to follow. Whose the pages are is judged when its turn comes.
func fillable(thenReply json.RawMessage) error {
	var text string
	if json.Unmarshal(thenReply, &text) != nil { // there is none
		return nil
	}
	if message, next := policies.WordingOf(text).Unfillable(); message != "" {
		return fault.Invalidf(next, "then_reply: %s", message)
	}
	return nil
}

// pages resolves what the placeholders of a text stand for. It reads nothing of
// Stripe's when there are none. Addresses are not kept: they are asked for again
// when the reply is sent.
func (d Deps) pages(ctx context.Context, id conversationID, body messageText) ([]policies.Page, error) {
	wanted := policies.WordingOf(string(body)).Placeholders()
	if len(wanted) == 0 {
		return nil, nil
	}
	t, err := d.ticket(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make([]policies.Page, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	for i, p := range wanted {
		g.Go(func() (err error) {
			out[i], err = d.pageFor(ctx, t, p)
			return err
		})
	}
	return out, g.Wait()
}

// pageFor is what one placeholder stands for, as far as it is the asker's.
func (d Deps) pageFor(ctx context.Context, t ticket, p policies.Placeholder) (policies.Page, error) {
	out := policies.Page{Placeholder: p.Text}
	if p.Kind == policies.CardUpdate {
		return d.cardPageFor(ctx, t, out)
	}
	if t.Asker.Doubt != "" {
		return out, nil
	}
	customer, page, err := d.ownerAndPage(ctx, p)
	if err == nil && t.Asker.Owns(customer) {
		out.Customer, out.None = customer, !page
	}
	return out, err
}

// cardPageFor is the portal of the asker's customer, which is opened at once where
// the asker is known well enough and this server may write to Stripe.
func (d Deps) cardPageFor(ctx context.Context, t ticket, out policies.Page) (policies.Page, error) {
	if len(t.Asker.Ties) == 0 {
		return out, nil
	}
	out.Customer = t.Asker.Ties[0].Customer
	_, locked := d.Guard.Locked[policies.Stripe]
	if out.Session = !locked && t.Asker.PortalOpensFor(t.Conversation.Channel) != ""; out.Session {
		return out, nil
	}
	_, err := d.Stripe.CardPage(ctx)
	if out.None = fault.CodeOf(err) == fault.NotFound; out.None {
		err = nil
	}
	return out, err
}

// ownerAndPage tells whose an invoice or a charge is and whether it has a page. What
// does not exist is nobody's.
func (d Deps) ownerAndPage(ctx context.Context, p policies.Placeholder) (customer string, page bool, err error) {
	read, err := d.readPage(ctx, p)
	if fault.CodeOf(err) == fault.NotFound {
		return read.Customer, false, nil
	}
	return read.Customer, err == nil, err
}

func (d Deps) readPage(ctx context.Context, p policies.Placeholder) (stripe.Page, error) {
	if p.Kind == policies.InvoicePage {
		return d.Stripe.InvoicePage(ctx, p.ID)
	}
	return d.Stripe.ReceiptPage(ctx, p.ID)
}

// sendReply fills the placeholders and sends. Whatever goes wrong before the sending
// leaves nothing with the customer.
func (d Deps) sendReply(ctx context.Context, p *policies.Permit[policies.Reply]) (intercom.Sent, error) {
	a, _, err := p.Peek()
	if err != nil {
		return intercom.Sent{}, err
	}
	addresses, err := d.addresses(ctx, p, a)
	if err != nil {
		return intercom.Sent{}, unsent(err)
	}
	return d.Intercom.Reply(ctx, p, addresses)
}

// addresses are those of a reply's placeholders, by their text.
func (d Deps) addresses(ctx context.Context, p *policies.Permit[policies.Reply], a policies.Reply) (map[string]string, error) {
	wanted := policies.WordingOf(a.Body).Placeholders()
	pages := make([]stripe.Page, len(wanted))
	g, ctx := errgroup.WithContext(ctx)
	for i, w := range wanted {
		g.Go(func() (err error) {
			pages[i], err = d.addressed(ctx, p, a, w)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, w := range wanted {
		out[w.Text] = pages[i].URL
	}
	return out, nil
}

// addressed reads a page with its address. It must be the customer's whose page was
// judged; a portal that does not open itself has the same address for all.
func (d Deps) addressed(ctx context.Context, p *policies.Permit[policies.Reply], a policies.Reply, wanted policies.Placeholder) (stripe.Page, error) {
	i := slices.IndexFunc(a.Pages, func(known policies.Page) bool { return known.Placeholder == wanted.Text })
	if i < 0 {
		return stripe.Page{}, errors.New(wanted.Text + " was not resolved")
	}
	judged := a.Pages[i]
	if wanted.Kind == policies.CardUpdate {
		return d.portal(ctx, p, judged)
	}
	page, err := d.readPage(ctx, wanted)
	if err == nil && page.Customer != judged.Customer {
		err = errors.New(wanted.Text + " is of another customer now")
	}
	return page, err
}

// portal is the portal's address for the customer. When it cannot be opened, as with
// a key that may not, the login page does as well.
func (d Deps) portal(ctx context.Context, p *policies.Permit[policies.Reply], judged policies.Page) (stripe.Page, error) {
	if judged.Session {
		page, err := d.Stripe.PortalSession(ctx, p)
		if err == nil && page.Customer == judged.Customer {
			return page, nil
		}
		d.Guard.Log.Warn("the billing portal is not opened; its login page is sent", "err", err)
	}
	return d.Stripe.CardPage(ctx)
}

// unsent is a failure before anything was sent, whatever it was.
func unsent(err error) error {
	f := &fault.Error{Code: fault.Internal, NextStep: "leave the placeholder out, or hand the conversation to a person"}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		f = new(*known)
	}
	f.Took, f.Cause = fault.No, err
	f.Message = "a placeholder could not be filled in, so nothing was sent"
	return f
}
