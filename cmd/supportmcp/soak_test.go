package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
	"supportmcp/policies"
)

var soak = flag.Duration("soak", 2*time.Second, "how long a server is kept under load")

// generous is a policy that never ends a soak.
const generous = `version: 1
refund:
  window: 30d
  currencies: {eur: {auto: 50.00, max: 500.00}}
  budgets: [{scope: customer, window: 90d, sum: {eur: 500.00}}]
reply: {max_chars: 4000}
tag: {allow: [billing]}
`

// TestAServerUnderLoadKeepsItsMemory lets agents read, refund and answer for as
// long as the flag says. Where the system tells it, the server's memory must not
// grow from the second quarter of a long run to the last.
func TestAServerUnderLoadKeepsItsMemory(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "generous.yaml")
	if err := os.WriteFile(policy, []byte(generous), 0o600); err != nil {
		t.Fatal(err)
	}
	p := settle(t, time.Now, "SUPPORTMCP_POLICY="+policy, "SUPPORTMCP_LOG_LEVEL=error")
	p.Intercom.Settings.RateLimit = 1_000_000
	a := hire(t, p.environ, "serve")
	end := time.NewTimer(*soak)
	defer end.Stop()
	over := make(chan struct{})
	var agents sync.WaitGroup
	var tickets, refunds atomic.Int64
	for range 4 {
		agents.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				refunds.Add(resolve(a, p, tickets.Add(1)))
			}
		})
	}
	memory := watch(t, a.cmd.Process.Pid, end.C)
	close(over)
	agents.Wait()
	a.leave()
	before, after := peak(memory, 1), peak(memory, 3)
	t.Logf("%s: %d tickets, %d refunds; at most %d MiB in the second quarter and %d MiB in the last", *soak, tickets.Load(), refunds.Load(), before, after)
	if refunds.Load() == 0 {
		t.Error("nothing was refunded")
	}
	if *soak >= time.Minute && after > before+before/4 {
		t.Errorf("the server's memory grew from %d to %d MiB", before, after)
	}
}

// addTicket seeds a customer who asks for a refund, in a conversation of their own.
func addTicket(p *place, n int64) (conversation, charge string) {
	name, conversation := fmt.Sprintf("soak%d", n), strconv.FormatInt(300_000_000_000+n, 10)
	contact := fmt.Sprintf("65bb%020d", n)
	p.Stripe.AddCustomer(stripeapi.Customer{ID: "cus_" + name, Email: name + "@example.com", Currency: "eur", Created: time.Now().AddDate(-1, 0, 0)})
	p.Stripe.AddCharge(stripeapi.Charge{ID: "ch_" + name, PaymentIntent: "pi_" + name, Customer: "cus_" + name, Amount: 10_000, Currency: "eur", Created: time.Now().Add(-time.Hour)})
	p.Intercom.AddContact(intercomapi.Contact{ID: contact, Name: name, Email: name + "@example.com", ExternalID: "user-" + name})
	p.Intercom.AddConversation(intercomapi.Conversation{
		ID: conversation, Contacts: []string{contact}, Messages: []intercomapi.Message{{From: "contact:" + contact, Body: "Please refund.", At: time.Now().Add(-time.Hour)}},
	})
	return conversation, "ch_" + name
}

// resolve plays a ticket of its own and counts what was refunded.
func resolve(a *agent, p *place, n int64) (refunds int64) {
	conversation, charge := addTicket(p, n)
	p.Stripe.Desk.Forget()
	p.Intercom.Desk.Forget()
	a.call("get_conversation", map[string]any{"conversation_id": conversation})
	for _, amount := range []string{"1.00 EUR", "2.00 EUR", "2.00 EUR", "3.00 EUR", "600.00 EUR"} {
		got := a.call("create_refund", map[string]any{"conversation_id": conversation, "charge_id": charge, "amount": amount, "reason": "requested_by_customer"})
		if got.State == policies.Done && !got.Replayed {
			refunds++
		}
	}
	a.call("reply_to_conversation", map[string]any{"conversation_id": conversation, "body": "Done.", "close": true})
	return refunds
}

// watch samples a process's memory, in MiB, until the end.
func watch(t *testing.T, pid int, end <-chan time.Time) (samples []int) {
	t.Helper()
	began, tick := time.Now(), time.NewTicker(max(*soak/40, 50*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-end:
			return samples
		case <-tick.C:
			samples = append(samples, resident(pid))
			t.Logf("%6s  %3d MiB", time.Since(began).Round(time.Second), samples[len(samples)-1])
		}
	}
}

// resident is how much memory a process has, in MiB; 0 where Linux does not say.
func resident(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	fields := bytes.Fields(b)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.Atoi(string(fields[1]))
	return pages * os.Getpagesize() >> 20
}

// peak is the highest sample of a quarter.
func peak(samples []int, quarter int) (most int) {
	for _, s := range samples[quarter*len(samples)/4 : (quarter+1)*len(samples)/4] {
		most = max(most, s)
	}
	return most
}
