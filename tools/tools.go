// Package tools owns what an agent can ask for: one file per tool, and the list
// [All]. A tool decodes its arguments strictly, reads facts through the adapters
// and, when it writes, proposes an action to the guard. Tools never speak MCP,
// never judge, and never write except with a permit.
package tools

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/access"
	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/segments"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

// Deps is what tools work with. It is built in cmd and read only.
type Deps struct {
	Guard    *policies.Guard
	Stripe   *stripe.Client
	Intercom *intercom.Client
	Library  *knowledge.Library
	Segments *segments.Store
	Now      func() time.Time

	// Unanswered is told questions that no document answers; it may be nil.
	Unanswered func(ctx context.Context, question string)
}

// All is every tool. A tool is a file and a line here.
func All(d Deps) []Tool {
	return []Tool{
		GetConversation(d),
		GetBillingOverview(d),
		GetPayment(d),
		ListPayments(d),
		ListInvoices(d),
		FindCustomers(d),
		CreateRefund(d),
		CancelSubscription(d),
		ResumeSubscription(d),
		ApplyDiscount(d),
		GrantCredit(d),
		RetryInvoice(d),
		ReplyToConversation(d),
		AddInternalNote(d),
		SetConversationState(d),
		TagConversation(d),
		AssignConversation(d),
		ProposeCustomerLink(d),
		GetAction(d),
		Search(d),
		Fetch(d),
		SearchConversations(d),
		ListDeskOptions(d),
		FindContacts(d),
		ListSegments(d),
		TagContact(d),
		UpdateContact(d),
		CreateContact(d),
		PreviewSegment(d),
		ApplySegment(d),
		RevertSegment(d),
		SyncBillingAttributes(d),
	}
}

// Spec is what a client sees of a tool besides its schemas.
type Spec struct {
	Toolset                  Toolset
	Scopes                   access.Scopes // any one of them opens the tool
	Name, Title, Description string
	Destructive              bool // changes what cannot be changed back
	Idempotent               bool // asking again changes nothing more
	Closed                   bool // reaches nothing outside this server
}

// Tool is a tool without its type parameters: all that server and worker need.
type Tool struct {
	Spec
	ReadOnly      bool
	Input, Output *jsonschema.Schema

	// Call decodes the arguments and runs the tool. refused says that the answer
	// is an error to the agent although it is complete.
	Call func(ctx context.Context, by policies.Principal, args json.RawMessage) (out any, refused bool, err error)

	// Progress tells how far a call with these arguments is; nil: it does not take long.
	Progress func(ctx context.Context, args json.RawMessage) (done, all int, err error)

	// Of writes only: the kind of action, the worker's ways in, and a person's.
	Kind    policies.Kind
	Resume  func(context.Context, policies.Entry) error
	Recover func(context.Context, policies.Entry) error
	Settle  func(context.Context, policies.Entry, policies.Verdict) (policies.Entry, error)
}

// Read makes a tool that changes nothing.
func Read[In, Out any](s Spec, read func(context.Context, policies.Principal, In) (Out, error)) Tool {
	s.Idempotent = true
	in := schemaFor[In]()
	return Tool{
		Spec: s, ReadOnly: true, Input: in, Output: schemaFor[Out](),
		Call: func(ctx context.Context, by policies.Principal, args json.RawMessage) (any, bool, error) {
			v, _, _, err := decode[In](s.Name, in, args)
			if err != nil {
				return nil, false, err
			}
			out, err := read(ctx, by, v)
			return out, false, err
		},
	}
}

// Operation is a policies.Operation before its input is known.
type Operation[In any, A policies.Action, Out any] struct {
	Propose func(context.Context, In) (A, error)
	Perform func(context.Context, *policies.Permit[A]) (Out, error)
	Find    func(ctx context.Context, a A, key string) (Out, bool, error)
	Follow  func(In, policies.Entry, A, Out) []policies.Followup // may be nil
}

func (o Operation[In, A, Out]) on(in In) policies.Operation[A, Out] {
	bound := policies.Operation[A, Out]{
		Propose: func(ctx context.Context) (A, error) { return o.Propose(ctx, in) },
		Perform: o.Perform, Find: o.Find,
	}
	if o.Follow != nil {
		bound.Follow = func(e policies.Entry, a A, out Out) []policies.Followup { return o.Follow(in, e, a, out) }
	}
	return bound
}

// Write makes a tool that acts only through the guard. It adds dry_run and
// repeat_of to the arguments.
func Write[In any, A policies.Action, Out any](s Spec, g *policies.Guard, op Operation[In, A, Out]) Tool {
	in := withControl(schemaFor[In]())
	var zero A
	return Tool{
		Spec: s, Input: in, Output: schemaFor[policies.Outcome[Out]](), Kind: zero.Kind(),
		Call: func(ctx context.Context, by policies.Principal, args json.RawMessage) (any, bool, error) {
			v, c, stored, err := decode[In](s.Name, in, args)
			if err != nil {
				return nil, false, err
			}
			r := policies.Request{Principal: by, Input: stored, DryRun: c.DryRun, RepeatOf: c.RepeatOf}
			o, err := policies.Enforce(ctx, g, r, op.on(v))
			return o, o.Refused(), err
		},
		Resume: func(ctx context.Context, e policies.Entry) error {
			bound, err := op.of(e)
			if err != nil {
				return err
			}
			return policies.Resume(ctx, g, e, bound)
		},
		Recover: func(ctx context.Context, e policies.Entry) error {
			bound, err := op.of(e)
			if err != nil {
				return err
			}
			return policies.Recover(ctx, g, e, bound)
		},
		Settle: func(ctx context.Context, e policies.Entry, v policies.Verdict) (policies.Entry, error) {
			bound, err := op.of(e)
			if err != nil {
				return policies.Entry{}, err
			}
			return policies.Settle(ctx, g, e, v, bound)
		},
	}
}

// of is the operation on the input of an entry.
func (o Operation[In, A, Out]) of(e policies.Entry) (policies.Operation[A, Out], error) {
	var in In
	if err := json.Unmarshal(e.Input, &in); err != nil {
		return policies.Operation[A, Out]{}, fmt.Errorf("read input of %s: %w", e.ID, err)
	}
	return o.on(in), nil
}
