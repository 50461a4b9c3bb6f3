package proof

import (
	"encoding/json"
	"fmt"

	"supportmcp/internal/ledger"
	"supportmcp/internal/sandbox"
)

// Wish is something an agent may ask for: a tool and its arguments.
type Wish struct {
	Tool string
	Args json.RawMessage
}

// Wishes are refunds that meet in charges, customers and budgets, one twice, two of
// a charge that paid an invoice, one for a person to decide and one of a foreign
// charge, what changes plans, balances and open invoices, and messages, states,
// tags and a hand-over.
func Wishes() []Wish {
	var out []Wish
	for _, w := range [][3]string{
		{"create_refund", "duplicate-charge", `"charge_id":"ch_maria_2","reason":"duplicate"`},
		{"create_refund", "duplicate-charge", `"charge_id":"ch_maria_2","reason":"duplicate"`},
		{"create_refund", "duplicate-charge", `"charge_id":"ch_maria_2","amount":"7.00 EUR","reason":"duplicate"`},
		{"create_refund", "duplicate-charge", `"charge_id":"ch_maria_1","amount":"12.34 EUR","reason":"requested_by_customer"`},
		{"create_refund", "annual-day-3", `"charge_id":"ch_tom_1","amount":"55.00 EUR","reason":"requested_by_customer"`},
		{"create_refund", "annual-day-3", `"charge_id":"ch_tom_1","amount":"30.00 EUR","reason":"requested_by_customer"`},
		{"create_refund", "annual-day-3", `"charge_id":"ch_tom_1","amount":"30.01 EUR","reason":"requested_by_customer"`},
		{"create_refund", "budget-used-up", `"charge_id":"ch_noor_2","reason":"requested_by_customer"`},
		{"create_refund", "budget-used-up", `"charge_id":"ch_noor_3","reason":"requested_by_customer"`},
		{"create_refund", "budget-used-up", `"charge_id":"ch_noor_1","amount":"1.00 EUR","reason":"requested_by_customer"`},
		{"create_refund", "budget-used-up", `"charge_id":"ch_noor_1","amount":"2.00 EUR","reason":"requested_by_customer"`},
		{"create_refund", "budget-used-up", `"charge_id":"ch_noor_2","amount":"3.00 EUR","reason":"requested_by_customer"`},
		{"create_refund", "zero-decimals", `"charge_id":"ch_yuki_1","amount":"1200 JPY","reason":"requested_by_customer"`},
		{"create_refund", "zero-decimals", `"charge_id":"ch_yuki_1","amount":"400 JPY","reason":"requested_by_customer"`},
		{"create_refund", "invoiced-with-tax", `"charge_id":"ch_vera_1","amount":"11.90 EUR","reason":"requested_by_customer"`},
		{"create_refund", "invoiced-with-tax", `"charge_id":"ch_vera_1","amount":"5.95 EUR","reason":"requested_by_customer"`},
		{"create_refund", "other-customers-charge", `"charge_id":"ch_viktor_1","reason":"requested_by_customer"`},
		{"create_refund", "other-customers-charge", `"charge_id":"ch_maria_1","reason":"requested_by_customer"`},
		{"cancel_subscription", "unused-time", `"how":"now_with_refund"`},
		{"cancel_subscription", "trialing", `"how":"at_period_end"`},
		{"grant_credit", "dispute-won", `"amount":"5.00 EUR"`},
		{"grant_credit", "dispute-won", `"amount":"5.00 EUR"`},
		{"grant_credit", "dispute-won", `"amount":"6.00 EUR"`},
		{"apply_discount", "too-expensive", `"coupon":"STAY20"`},
		{"apply_discount", "too-expensive", `"coupon":"SORRY5"`},
		{"retry_invoice", "card-fixed", `"invoice_id":"in_yara_2"`},
		{"retry_invoice", "card-fixed", `"invoice_id":"in_yara_2"`},
		{"resume_subscription", "wants-to-stay", `"note":"by mistake"`},
		{"reply_to_conversation", "duplicate-charge", `"body":"We have looked into it.","close":true`},
		{"reply_to_conversation", "budget-used-up", `"body":"One moment, please."`},
		{"add_internal_note", "annual-day-3", `"body":"Asked twice."`},
		{"set_conversation_state", "annual-day-3", `"state":"closed"`},
		{"tag_conversation", "budget-used-up", `"add":["billing"]`},
		{"assign_conversation", "annual-day-3", `"team":"Billing","summary":"Handed over."`},
	} {
		out = append(out, Wish{Tool: w[0], Args: json.RawMessage(fmt.Sprintf(`{"conversation_id":%q,%s}`, sandbox.Conversation(w[1]), w[2]))})
	}
	return out
}

// Policy is the text of a policy whose limits a few wishes reach.
func Policy() string {
	return `version: 1
approvals: {expires: 6h}
refund:
  window: 60d
  currencies:
    eur: {auto: 50.00, max: 500.00}
    jpy: {auto: 7500, max: 75000}
  budgets:
    - {scope: customer, window: 24h, count: 2, sum: {eur: 60.00, jpy: 1500}}
    - {scope: global, window: 12h, sum: {eur: 95.00}}
    - {scope: principal, window: 1h, count: 4}
cancel: {at_period_end: allow, keep: allow, refund_unused: {eur: {auto: 200.00, max: 300.00}}}
credit: {currencies: {eur: {auto: 10.00, max: 100.00}}}
discount: {coupons: [STAY20, SORRY5], currencies: {eur: {auto: 50.00, max: 200.00}}, stack: allow}
retry: {currencies: {eur: {auto: 50.00, max: 200.00}}}
reply: {max_chars: 4000}
tag: {allow: [billing, refunded]}
`
}

// The points at which a request can be interrupted, besides those of the ledger.
const (
	RequestWritten = "request.written" // the vendor may get it, and nobody reads the answer
	AnswerRead     = "answer.read"     // the vendor has answered, and nothing of it is stored
)

// Points are the named points at which processes are killed, in the order in
// which an action passes them.
func Points() []string {
	return []string{
		"begin." + ledger.Opened, "begin." + ledger.Written, "begin." + ledger.Counted, "begin." + ledger.Told, "begin." + ledger.Committed,
		RequestWritten, AnswerRead,
		"settle." + ledger.Opened, "settle." + ledger.Written, "settle." + ledger.Counted, "settle." + ledger.Told, "settle." + ledger.Committed,
		"resume." + ledger.Written, "resume." + ledger.Committed,
		"claim." + ledger.Written, "claim." + ledger.Committed,
	}
}
