package policies

import (
	"context"
	"errors"
	"strings"

	"supportmcp/internal/fault"
)

// Verdict is what a person says became of an action in [Review].
type Verdict struct {
	State State  // Done or Failed
	By    string // the person
	Note  string // why; needed unless the vendor itself shows that it was done

	Statement, Signature string // what the person signed; "" without a roster
}

// Settle ends an entry that waits for a person. It asks the vendor itself first:
// what is found there cannot be called failed and gets its real receipt, and
// while the vendor cannot be asked nothing is settled, since a wrong word would
// give back budget for money that is gone, or keep a customer waiting for money
// that never left. Every refusal is a *fault.Error that says what to do instead.
func Settle[A Action, Out any](ctx context.Context, g *Guard, e Entry, v Verdict, op Operation[A, Out]) (Entry, error) {
	if err := v.fits(e); err != nil {
		return Entry{}, err
	}
	a, out, found, err := look(ctx, g, e, op)
	if err != nil {
		return Entry{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, Cause: err,
			Message:  "it cannot be told now whether " + string(e.Kind.Vendor()) + " has it, so it is not settled: " + told(err),
			NextStep: "try again when " + string(e.Kind.Vendor()) + " answers; until then it goes on counting against the budgets",
		}
	}
	s, err := settled(g, e, v, a, out, found, op)
	if err != nil {
		return Entry{}, err
	}
	s.By, s.Note, s.Statement, s.Signature = v.By, v.Note, v.Statement, v.Signature
	return g.Ledger.Settle(context.WithoutCancel(ctx), e.ID, s)
}

// fits says whether the verdict can be given on an entry at all.
func (v Verdict) fits(e Entry) error {
	if v.State != Done && v.State != Failed {
		return fault.Invalidf("say done or failed", "an action cannot be settled as %q", v.State)
	}
	if e.State == Review {
		return nil
	}
	return &fault.Error{
		Code: fault.Refused, Took: fault.No,
		Message: e.ID + " is not for a person to settle: it is " + string(e.State), NextStep: e.insteadOfSettling(),
	}
}

// insteadOfSettling is what a person can do about an entry that is not in Review.
func (e Entry) insteadOfSettling() string {
	switch e.State {
	case Executing, InDoubt:
		return "let a running server look at the vendor; it asks for a person when it cannot find out"
	case Awaiting:
		return "decide on it with supportmcp approvals approve or reject"
	case Approved:
		return "a running server carries it out within seconds"
	case Done, Failed, Denied, Rejected, Expired, Stale, Review, Previewed:
	}
	return "nothing is left to settle; supportmcp actions show tells how it ended"
}

// settled is the settlement that a verdict comes to, once the vendor was asked.
func settled[A Action, Out any](g *Guard, e Entry, v Verdict, a A, out Out, found bool, op Operation[A, Out]) (Settlement, error) {
	switch {
	case found && v.State == Failed:
		return Settlement{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, Message: string(e.Kind.Vendor()) + " has it: it took effect, so it did not fail",
			NextStep: "settle it as done; its receipt is recorded then",
		}
	case found:
		return receipt(g, e, op, a, out)
	case strings.TrimSpace(v.Note) == "":
		return Settlement{}, fault.Invalidf("say with --note how you know", "%s does not show it, so your word is all there is", e.Kind.Vendor())
	case v.State == Done:
		return Settlement{State: Done}, nil
	}
	return Settlement{State: Failed, Failure: &fault.Error{
		Code: fault.Upstream, Took: fault.No, Message: "a person has looked, and it was not done",
		NextStep: "read the facts again; ask again if it is still right",
	}}, nil
}

// told is the part of an error that a person can read.
func told(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return err.Error()
}
