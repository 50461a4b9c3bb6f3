// Package proof owns what must hold of supportmcp whatever dies, stalls or lies:
// it compares the ledger with both vendors and with its own history, and names
// every difference. The simulation, the kill loop and the tests of the demo all
// end with it.
//
// It only reads, it judges with sums of its own instead of the ledger's, and no
// program imports it: it is for tests.
package proof

import (
	"context"
	"fmt"

	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
	"supportmcp/policies"
)

// Books are one ledger and the vendors it wrote to, when nothing is under way.
type Books struct {
	Ledger   *ledger.Ledger
	Database string // the ledger's URL
	Sandbox  *sandbox.Sandbox
	Policy   *policies.Policy // the one in force all the time
	Told     []Told           // what agents were answered
}

// Told is an answer that an agent got and may rely on.
type Told struct {
	Action  string
	State   policies.State
	Receipt string // id of the refund, of a refund that is done
}

// Report is what a comparison found.
type Report struct {
	Refunds, Entries, Events, InReview int
	Problems                           []string
}

func (r *Report) add(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// most is how many entries a ledger lists at once; a run must stay below.
const most = 1000

// Check compares everything with everything. An error means that it could not look.
func (b Books) Check(ctx context.Context) (Report, error) {
	var r Report
	entries, err := b.Ledger.List(ctx, ledger.Filter{OldestFirst: true, Limit: most})
	if err != nil {
		return r, err
	}
	if len(entries) == most {
		return r, fmt.Errorf("a run made %d entries or more, which is too many to compare", most)
	}
	log, err := readHistory(ctx, b.Database)
	if err != nil {
		return r, err
	}
	verified, err := b.Ledger.Verify(ctx)
	if err != nil {
		return r, err
	}
	r.Entries, r.Events = len(entries), len(log)
	for _, p := range verified.Problems {
		r.add("verify: %s", p)
	}
	r.checkEntries(entries)
	r.checkRefunds(entries, b.made())
	r.checkPlans(entries, b.Sandbox)
	r.checkMessages(entries, b.Sandbox)
	r.checkHistory(entries, log)
	r.checkBudgets(b.Policy, log)
	r.checkTold(entries, b.Told)
	return r, nil
}

// checkEntries wants an end for everything, and no more than one end for one ask.
func (r *Report) checkEntries(entries []policies.Entry) {
	asked := map[string]string{}
	for _, e := range entries {
		switch e.State { //nolint:exhaustive // the others are ends
		case policies.Approved, policies.Executing, policies.InDoubt:
			r.add("%s (%s) is still %s", e.ID, e.Kind, e.State)
		case policies.Review:
			r.InReview++
		}
		if e.Kind != policies.KindRefund || e.State != policies.Done || e.RepeatOf != "" {
			continue
		}
		ask := e.Subject.Conversation + " " + e.Subject.Same
		if first, twice := asked[ask]; twice {
			r.add("%q was asked once and done as %s and %s", ask, first, e.ID)
		}
		asked[ask] = e.ID
	}
}

// checkTold wants the ledger to stand by what agents were told.
func (r *Report) checkTold(entries []policies.Entry, told []Told) {
	byID := map[string]policies.Entry{}
	for _, e := range entries {
		byID[e.ID] = e
	}
	for _, t := range told {
		e, known := byID[t.Action]
		switch {
		case t.Action == "":
		case !known:
			r.add("an agent was told of %s, which is not in the ledger", t.Action)
		case t.State == policies.Done && e.State != policies.Done:
			r.add("an agent was told that %s is done, and it is %s", t.Action, e.State)
		case t.Receipt != "" && t.Receipt != receiptOf(e).ID:
			r.add("an agent was told the receipt %s of %s, which has %s", t.Receipt, t.Action, receiptOf(e).ID)
		}
	}
}
