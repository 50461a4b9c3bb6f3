package intercom

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"supportmcp/internal/fault"
	"supportmcp/internal/segments"
	"supportmcp/policies"
)

const (
	atOnce  = 4  // contacts
	perPart = 20 // contacts of which it is recorded at once what is sent
)

// Applied is the receipt of a change of many contacts: how many were changed, were
// so before, are gone, and were put back.
type Applied struct {
	Plan     string `json:"plan_id"`
	Changed  int    `json:"changed"`
	Already  int    `json:"already,omitempty"`
	Skipped  int    `json:"gone,omitempty"`
	Reverted int    `json:"reverted,omitempty"`
}

// ApplySegment carries out the plan that the permit holds. It looks at each contact
// first, writes only what is not so already, and records both before and after:
// an attempt that breaks off is gone on with, and no write is repeated. An attempt
// whose time is up answers fault.Busy with fault.NotYet.
func (c *Client) ApplySegment(ctx context.Context, p *policies.Permit[policies.Segment], plans *segments.Store) (Applied, error) {
	a, key, err := p.Redeem()
	if err != nil {
		return Applied{}, err
	}
	return c.carryOut(ctx, a, key, plans)
}

// SyncBilling is ApplySegment for facts of billing.
func (c *Client) SyncBilling(ctx context.Context, p *policies.Permit[policies.BillingSync], plans *segments.Store) (Applied, error) {
	a, key, err := p.Redeem()
	if err != nil {
		return Applied{}, err
	}
	return c.carryOut(ctx, a.Segment, key, plans)
}

func (c *Client) carryOut(ctx context.Context, a policies.Segment, key string, plans *segments.Store) (Applied, error) {
	run, err := plans.Apply(ctx, a.Plan, key)
	if err != nil {
		return Applied{}, unsent(err)
	}
	if err := c.change(ctx, a, run); err != nil {
		return Applied{}, err
	}
	return c.applied(ctx, a, plans)
}

// RevertSegment takes back what the plan that the permit holds has changed.
func (c *Client) RevertSegment(ctx context.Context, p *policies.Permit[policies.Revert], plans *segments.Store) (Applied, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Applied{}, err
	}
	run, err := plans.Undo(ctx, a.Plan)
	if err != nil {
		return Applied{}, unsent(err)
	}
	if err := c.change(ctx, a.Segment, run); err != nil {
		return Applied{}, err
	}
	return c.applied(ctx, a.Segment, plans)
}

// FindApplied tells whether nothing of a plan is left to do. Intercom is not asked:
// what was sent is looked at when the plan is gone on with.
func (c *Client) FindApplied(ctx context.Context, a policies.Segment, plans *segments.Store, undo bool) (Applied, bool, error) {
	n, err := plans.Count(ctx, a.Plan)
	if err != nil {
		return Applied{}, false, err
	}
	left := n[segments.Planned] + n[segments.Begun]
	if undo {
		left = n[segments.Done] + n[segments.Undoing]
	}
	return receiptOf(a.Plan, n), left == 0, nil
}

func (c *Client) applied(ctx context.Context, a policies.Segment, plans *segments.Store) (Applied, error) {
	n, err := plans.Count(ctx, a.Plan)
	return receiptOf(a.Plan, n), err
}

func receiptOf(plan string, n map[segments.StepState]int) Applied {
	return Applied{Plan: plan, Changed: n[segments.Done], Already: n[segments.Already], Skipped: n[segments.Skipped], Reverted: n[segments.Undone]}
}

// unsent is an error before anything was sent. It may pass, as when the database
// is away for a moment.
func unsent(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return err
	}
	return &fault.Error{Code: fault.CodeOf(err), Took: fault.NotYet, Message: "the plan could not be read", NextStep: "ask get_action in a minute", Cause: err}
}

// change does what is left of a run, part by part. It does exactly what was judged
// or nothing.
func (c *Client) change(ctx context.Context, a policies.Segment, run *segments.Run) error {
	if err := c.checkWriter("1"); err != nil {
		return err
	}
	digest, err := policies.DigestChanges(run.Changes())
	if err != nil || digest != a.Changes {
		return &fault.Error{Code: fault.Internal, Took: fault.No, Message: "the plan is not the one that was judged", NextStep: "preview the segment again", Cause: err}
	}
	m := mass{Client: c, run: run, types: map[string]DataType{}}
	left := run.Left()
	if err := m.prepare(ctx, a, left); err != nil {
		return half(err, len(left) < len(run.Changes()))
	}
	for part := range slices.Chunk(left, perPart) {
		if ctx.Err() != nil {
			return unfinished()
		}
		// A part that has begun is ended also when the time of the attempt is up.
		if err := m.part(context.WithoutCancel(ctx), part); err != nil {
			return half(err, true)
		}
	}
	return nil
}

func unfinished() error {
	return &fault.Error{Code: fault.Busy, Took: fault.NotYet, Message: "some contacts are still to come", NextStep: "it goes on by itself; ask get_action in a minute"}
}

// mass is one attempt at a run.
type mass struct {
	*Client
	run   *segments.Run
	tag   Tag
	types map[string]DataType
}

// prepare finds the tag and the types of attributes, and makes what the workspace lacks.
func (m *mass) prepare(ctx context.Context, a policies.Segment, left []segments.Task) error {
	if len(left) == 0 {
		return nil
	}
	if a.Tag != "" {
		known, err := m.Tags(ctx)
		if err == nil {
			m.tag, err = m.tagNamed(ctx, known, a.Tag)
		}
		if err != nil {
			return again(err)
		}
	}
	for _, name := range a.Attributes {
		t, _, err := m.ensureAttribute(ctx, name, StringType)
		if err != nil {
			return again(err)
		}
		m.types[name] = t
	}
	return nil
}

// again lets what may pass be tried again: whatever a tag or an attribute was made
// for, it is looked for first.
func again(err error) error {
	if fault.TookOf(err) == fault.No && fault.CodeOf(err) != fault.RateLimited && fault.CodeOf(err) != fault.Upstream {
		return err
	}
	return &fault.Error{Code: fault.CodeOf(err), Took: fault.NotYet, Message: "the workspace did not answer", NextStep: "it goes on by itself; ask get_action in a minute", Cause: err}
}

// part looks at some contacts, records what will be sent, sends it, and records
// what became of it.
func (m *mass) part(ctx context.Context, tasks []segments.Task) error {
	results, err := m.each(ctx, tasks, m.look)
	if err != nil {
		return again(err)
	}
	var open []segments.Task
	var ended []segments.Result
	for _, r := range results {
		if r.State == segments.Begun {
			open = append(open, r.Task)
			continue
		}
		ended = append(ended, r)
	}
	if err := m.run.Begin(ctx, open); err != nil {
		return unsent(err)
	}
	sent, failed := m.each(ctx, open, m.send)
	sent = slices.DeleteFunc(sent, func(r segments.Result) bool { return r.State == "" })
	if err := m.run.End(ctx, append(ended, sent...)); err != nil {
		return unsent(err)
	}
	if failed != nil {
		return again(failed)
	}
	return nil
}

// each does something for several contacts at a time. What has failed has no state.
func (m *mass) each(ctx context.Context, tasks []segments.Task, do func(context.Context, segments.Task) (segments.Result, error)) ([]segments.Result, error) {
	out := make([]segments.Result, len(tasks))
	var mu sync.Mutex
	var first error
	g := errgroup.Group{}
	g.SetLimit(atOnce)
	for i, t := range tasks {
		g.Go(func() error {
			r, err := do(ctx, t)
			mu.Lock()
			defer mu.Unlock()
			if out[i] = r; err != nil && first == nil {
				first = err
			}
			return nil
		})
	}
	_ = g.Wait() // nothing fails in there
	return out, first
}

// look tells what is to be done for a contact: Begun is to be sent.
func (m *mass) look(ctx context.Context, t segments.Task) (segments.Result, error) {
	so, before, err := m.isSo(ctx, t)
	if fault.CodeOf(err) == fault.NotFound {
		return segments.Result{Task: t, State: segments.Skipped}, nil
	}
	if err != nil {
		return segments.Result{}, err
	}
	switch {
	case so && t.Begun: // by the attempt that broke off
		return segments.Result{Task: t, State: segments.Done}, nil
	case so:
		return segments.Result{Task: t, State: segments.Already}, nil
	case !t.Begun:
		t.Before = before
	}
	return segments.Result{Task: t, State: segments.Begun}, nil
}

// isSo tells whether a contact is as it shall be, and its attributes.
func (m *mass) isSo(ctx context.Context, t segments.Task) (so bool, before map[string]string, err error) {
	so = true
	if t.Tag != "" {
		var w struct {
			Data []wireTag `json:"data"`
		}
		if err := m.read(ctx, "read tags of contact "+t.Contact, "/contacts/"+t.Contact+"/tags", &w); err != nil {
			return false, nil, err
		}
		has := slices.ContainsFunc(w.Data, func(tag wireTag) bool { return string(tag.ID) == m.tag.ID })
		so = has != t.Remove
	}
	if len(t.Set) == 0 {
		return so, nil, nil
	}
	_, values, err := m.contactValues(ctx, t.Contact)
	before = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.Set)) {
		wanted, bad := m.types[name].Value(t.Set[name])
		if bad != nil {
			return false, nil, bad
		}
		before[name] = valueText(values[name])
		so = so && sameValue(values[name], wanted)
	}
	return so, before, err
}

// send changes one contact.
func (m *mass) send(ctx context.Context, t segments.Task) (segments.Result, error) {
	var err error
	switch {
	case t.Tag == "":
	case t.Remove:
		err = m.takeContactTag(ctx, t.Contact, m.tag)
	default:
		err = m.putContactTag(ctx, t.Contact, m.tag)
	}
	if err == nil && len(t.Set) > 0 {
		err = m.setValues(ctx, t)
	}
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return segments.Result{Task: t, State: segments.Skipped}, nil
	case err != nil:
		return segments.Result{}, err
	}
	return segments.Result{Task: t, State: segments.Done}, nil
}

func (m *mass) setValues(ctx context.Context, t segments.Task) error {
	set := map[string]any{}
	for name, text := range t.Set {
		v, err := m.types[name].Value(text)
		if err != nil {
			return err
		}
		set[name] = v
	}
	_, err := m.write(ctx, call{
		what: "update contact " + t.Contact, method: http.MethodPut, path: "/contacts/" + t.Contact,
		body: struct {
			Attributes map[string]any `json:"custom_attributes"`
		}{set},
	}, new(wireContact))
	return err
}
