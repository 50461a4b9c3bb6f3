package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Adopted is the principal of actions whose caller was lost with their record.
const Adopted Principal = "adopted"

// Ours is the principal of what this server does of its own accord.
const Ours Principal = "supportmcp"

// Asked is an action in the words in which it may have been asked for.
type Asked[A Action] struct {
	Action A
	Input  json.RawMessage
}

// Adopt brings back into the ledger what a vendor has done under one of its keys
// and what it does not count, as after a backup was restored. The same request is
// answered by it then, and budgets count it, but for that of its caller. Nothing
// is sent, and nothing that follows from the action is done again.
func Adopt[A Action, Out any](ctx context.Context, g *Guard, key string, out Out, at time.Time, as ...Asked[A]) (Entry, bool, error) {
	a := Adoption{ID: key, At: at, Decision: Decision{Effect: Allow, Findings: []Finding{{
		Rule: "adopted", Effect: Allow, Message: "the vendor did it under a key of this ledger, which had lost its record",
	}}}}
	if p := g.Policy(); p != nil {
		a.Decision.Revision = p.Revision
	}
	var err error
	if a.Receipt, err = json.Marshal(out); err != nil {
		return Entry{}, false, fmt.Errorf("encode receipt: %w", err)
	}
	for _, asked := range as {
		d := Draft{Kind: asked.Action.Kind(), Principal: Adopted, Subject: asked.Action.Subject(), Input: asked.Input, Lease: g.Lease}
		if d.Facts, err = encode(asked.Action); err != nil {
			return Entry{}, false, err
		}
		if d.Digest, err = Digest(asked.Action); err != nil {
			return Entry{}, false, err
		}
		a.Drafts = append(a.Drafts, d)
	}
	return g.Ledger.Adopt(context.WithoutCancel(ctx), a)
}
