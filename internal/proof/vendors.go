package proof

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

// receipt is what a done refund leaves in the ledger.
type receipt struct {
	ID string `json:"id"`
}

func receiptOf(e policies.Entry) (r receipt) {
	_ = json.Unmarshal(e.Receipt, &r) // the receipts of messages have none
	return r
}

// made are the refunds that were asked for through Stripe's API.
func (b Books) made() []stripeapi.Refund {
	return slices.DeleteFunc(b.Sandbox.Stripe.Refunds(), func(r stripeapi.Refund) bool { return !strings.HasPrefix(r.ID, "re_0") })
}

// checkRefunds wants one refund for each entry that is done and none for any
// other: none twice, none lost, none that the ledger does not know.
func (r *Report) checkRefunds(entries []policies.Entry, made []stripeapi.Refund) {
	r.Refunds = len(made)
	byKey := map[string][]stripeapi.Refund{}
	for _, refund := range made {
		key := refund.Metadata["operation_id"]
		byKey[key] = append(byKey[key], refund)
	}
	for _, e := range entries {
		if e.Kind == policies.KindRefund {
			r.checkRefund(e, byKey[e.ID])
		}
		if e.Kind == policies.KindRefund || e.Kind == policies.KindCancel { // those of cancellations are counted by their credit notes
			delete(byKey, e.ID)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		r.add("Stripe made %d refunds for %q, which is not in the ledger", len(byKey[key]), key)
	}
}

func (r *Report) checkRefund(e policies.Entry, made []stripeapi.Refund) {
	switch {
	case len(made) > 1:
		r.add("DOUBLE: Stripe refunded %d times for %s", len(made), e.ID)
	case e.State == policies.Done && len(made) == 0:
		r.add("LOST: %s is done, and Stripe has no refund for it", e.ID)
	case len(made) == 1 && e.State != policies.Done && e.State != policies.Review:
		r.add("UNKNOWN: Stripe refunded for %s, which is %s", e.ID, e.State)
	}
	if len(made) == 0 {
		return
	}
	m, cost := made[0], e.Subject.Cost
	if m.Charge != e.Subject.Charge || m.Amount != cost.Minor || m.Currency != string(cost.Currency) {
		r.add("%s is %s of %s, and Stripe refunded %d %s of %s", e.ID, cost, e.Subject.Charge, m.Amount, m.Currency, m.Charge)
	}
	if got := receiptOf(e).ID; e.State == policies.Done && got != m.ID {
		r.add("%s has the receipt %q, and Stripe made %s", e.ID, got, m.ID)
	}
}

// said is a text on a conversation; internal ones are for colleagues.
type said struct {
	conversation, text string
	internal           bool
}

func (s said) String() string {
	return fmt.Sprintf("%q on %s (internal %v)", s.text, s.conversation, s.internal)
}

// checkMessages wants each message that is done once on its conversation, and no
// other one of ours.
func (r *Report) checkMessages(entries []policies.Entry, s *sandbox.Sandbox) {
	want, doubtful, conversations := map[said]int{}, map[said]int{}, map[string]bool{}
	for _, e := range entries {
		if e.Kind != policies.KindReply && e.Kind != policies.KindNote {
			continue
		}
		var facts struct{ Body string }
		if err := json.Unmarshal(e.Facts, &facts); e.Facts != nil && err != nil {
			r.add("the facts of %s cannot be read: %v", e.ID, err)
		}
		m := said{e.Subject.Conversation, facts.Body, e.Kind == policies.KindNote}
		conversations[m.conversation] = true
		switch e.State { //nolint:exhaustive // the others have said nothing
		case policies.Done:
			want[m]++
		case policies.Review:
			doubtful[m]++
		}
	}
	got := map[said]int{}
	for _, story := range sandbox.Stories() {
		conversations[story.Conversation] = true
	}
	for id := range conversations {
		ours(s, id, got)
	}
	for m := range got {
		want[m] += 0 // what was said and is in no entry is looked at, too
	}
	for m, n := range want {
		if got[m] < n || got[m] > n+doubtful[m] {
			r.add("%s is there %d times, and %d entries say it", m, got[m], n)
		}
	}
}

// ours counts what this server's admin has written on a conversation.
func ours(s *sandbox.Sandbox, conversation string, got map[said]int) {
	c, ok := s.Intercom.Conversation(conversation)
	if !ok {
		return
	}
	for _, p := range c.Parts {
		if p.Author == "admin:"+sandbox.AdminID && p.Text != "" {
			got[said{conversation, p.Text, p.Type == "note"}]++
		}
	}
}
