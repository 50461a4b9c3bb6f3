package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
	"supportmcp/server"
	"supportmcp/tools"
)

// noting is a place where notes of kim's, who signs as well, decide up to 120 euros.
func noting(t *testing.T, kim, robin approver, upTo string) *place {
	t.Helper()
	roster, policy := filepath.Join(t.TempDir(), "approvers"), filepath.Join(t.TempDir(), "policy.yaml")
	p := settle(t, time.Now, "SUPPORTMCP_APPROVERS="+roster, "SUPPORTMCP_POLICY="+policy)
	p.Intercom.AddAdmin(intercomapi.Admin{ID: "8003", Name: "Lee", HasInboxSeat: true})
	written := kim.name + ",intercom:8002 " + kim.public + robin.name + ",role:finance " + robin.public
	if err := os.WriteFile(roster, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	limitNotes(t, policy, upTo)
	return p
}

// limitNotes writes the default policy with notes up to an amount.
func limitNotes(t *testing.T, path, upTo string) {
	t.Helper()
	text := strings.Replace(string(policies.Default()), "  expires: 24h", `  notes: {admins: ["8002", "8003", "8001"], up_to: {eur: `+upTo+"}}\n  expires: 24h", 1)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// within runs what a server would do, in this process.
func within(t *testing.T, p *place, now func() time.Time, work func(h hands)) string {
	t.Helper()
	var said bytes.Buffer
	w := world{in: bytes.NewReader(nil), out: io.Discard, err: &said, environ: p.environ, now: now}
	cfg, err := readConfig(w.environ)
	if err != nil {
		t.Fatal(err)
	}
	s, err := configured(cfg, w)
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHands(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer h.ledger.Close()
	if err := h.policy.settle(t.Context(), s.policy); err != nil {
		t.Fatal(err)
	}
	work(h)
	return said.String()
}

// proposed has an agent ask for a refund in this process; it waits.
func proposed(t *testing.T, p *place, args map[string]any) (e policies.Entry) {
	t.Helper()
	within(t, p, time.Now, func(h hands) {
		i := slices.IndexFunc(h.tools, func(tool tools.Tool) bool { return tool.Name == "create_refund" })
		raw, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.tools[i].Call(t.Context(), "agent", raw); err != nil {
			t.Fatal(err)
		}
		all, err := h.ledger.Waiting(t.Context())
		if err != nil || len(all) == 0 {
			t.Fatalf("nothing waits: %v", err)
		}
		e = all[slices.IndexFunc(all, func(e policies.Entry) bool { return e.Subject.Charge == args["charge_id"] })]
	})
	return e
}

// lookAtNotes is one look of a server at what was typed.
func lookAtNotes(t *testing.T, p *place) {
	t.Helper()
	within(t, p, time.Now, func(h hands) {
		d := tools.NewNoteDecisions(tools.Deps{Guard: h.guard, Intercom: h.intercom}, h.noteTaker())
		if err := d.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func types(p *place, e policies.Entry, admin, text string) {
	p.Intercom.Write(e.Subject.Conversation, intercomapi.Message{From: "admin:" + admin, Note: true, Body: text})
}

func notesOn(p *place, e policies.Entry) string {
	c, _ := p.Intercom.Conversation(e.Subject.Conversation)
	var b strings.Builder
	for _, part := range c.Parts {
		if part.Type == "note" {
			b.WriteString(part.Body + "\n")
		}
	}
	return b.String()
}

func TestWithARosterANoteOfItsPeopleApprovesUpToTheAmount(t *testing.T) {
	t.Parallel()
	kim, robin := newApprover(t, "kim"), newApprover(t, "robin")
	p := noting(t, kim, robin, "120.00")
	tom := proposed(t, p, refundOf("annual-day-3", "ch_tom_1"))
	noor := proposed(t, p, refundOf("budget-used-up", "ch_noor_1", "amount", "130.00 EUR"))
	sweep(t, p.environ, time.Now)
	if said := notesOn(p, tom); !strings.Contains(said, "approve "+tom.NoteCode()) {
		t.Fatalf("kim is asked %q", said)
	}
	if said := notesOn(p, noor); said != "" {
		t.Errorf("kim is asked about more than a note may decide: %q", said)
	}
	types(p, tom, "8003", "approve "+tom.NoteCode()) // the policy names Lee, and the roster does not
	types(p, noor, "8002", "approve "+noor.NoteCode())
	for range 2 {
		lookAtNotes(t, p)
		sweep(t, p.environ, time.Now)
	}
	if said := notesOn(p, tom); len(p.Stripe.RefundsOf("ch_tom_1")) != 0 || strings.Count(said, "does not say whose account 8003 in Intercom is") != 1 {
		t.Fatalf("refunded %v; it is said that %s", p.Stripe.RefundsOf("ch_tom_1"), said)
	}
	types(p, tom, "8002", "approve "+tom.NoteCode())
	lookAtNotes(t, p)
	said := sweep(t, p.environ, time.Now)
	if len(p.Stripe.RefundsOf("ch_tom_1")) != 1 || len(p.Stripe.RefundsOf("ch_noor_1")) != 0 {
		t.Errorf("refunded %v: %s", p.Stripe.RefundsOf("ch_tom_1"), said)
	}
	if _, said := consult(t, p.environ); said["approvers.notes"].Health != warning || !strings.Contains(said["approvers.notes"].What, "notes of 800") {
		t.Errorf("the doctor says %+v", said["approvers.notes"])
	}
	if got := typeIn(t, p.environ, "audit", "verify"); got.status != 0 {
		t.Errorf("%s%s", got.out, got.err)
	}
	sweep(t, p.environ, time.Now)
	if said := notesOn(p, tom); !strings.Contains(said, "approved by kim (refund.limit") {
		t.Errorf("the receipt says %s", said)
	}
}

// Whoever can write to the database, and even through the API with the server's own
// token, gets nothing carried out by a note that nobody of the roster typed about it.
func TestWithoutAPersonNoNoteLetsMoneyGo(t *testing.T) {
	t.Parallel()
	kim, robin := newApprover(t, "kim"), newApprover(t, "robin")
	const approve = `UPDATE entry SET state = 'approved', approver = 'kim' WHERE id = $TOM`
	for name, c := range map[string]struct {
		amount string // of noor's, which kim approves
		upTo   string
		sql    string
		forge  func(t *testing.T, p *place, tom, noor policies.Entry) string // gives the part that the record names
		later  time.Duration
	}{
		"a record of no note":  {sql: approve, forge: func(*testing.T, *place, policies.Entry, policies.Entry) string { return "424242" }},
		"a name and no record": {sql: approve + `; INSERT INTO approval VALUES ($TOM, 'kim', 'approved', 1, '', '', '')`},
		"a note through the API in kim's name": {sql: approve, forge: func(t *testing.T, p *place, tom, _ policies.Entry) string {
			return viaAPI(t, p, tom, "8002", "approve "+tom.NoteCode())
		}},
		"a note of the admin that the server writes as": {sql: approve, forge: func(t *testing.T, p *place, tom, _ policies.Entry) string {
			types(p, tom, "8001", "approve "+tom.NoteCode())
			return lastPart(p, tom)
		}},
		"a note of somebody outside the roster": {sql: approve, forge: func(t *testing.T, p *place, tom, _ policies.Entry) string {
			types(p, tom, "8003", "approve "+tom.NoteCode())
			return lastPart(p, tom)
		}},
		"kim's note that rejects": {sql: approve, forge: func(t *testing.T, p *place, tom, _ policies.Entry) string {
			types(p, tom, "8002", "reject "+tom.NoteCode())
			return lastPart(p, tom)
		}},
		"kim's note about another action": {sql: approve, forge: func(t *testing.T, p *place, tom, noor policies.Entry) string {
			types(p, tom, "8002", "approve "+noor.NoteCode())
			return lastPart(p, tom)
		}},
		"kim's note about more than notes may decide": {
			upTo: "100.00",
			sql: approve + `; UPDATE entry SET cost_minor = 1000 WHERE id = $TOM;
			UPDATE personal SET decision = replace(decision, '"effect":"needs_approval","findings"', '"by_note":true,"effect":"needs_approval","findings"') WHERE entry_id = $TOM`,
			forge: func(t *testing.T, p *place, tom, _ policies.Entry) string {
				types(p, tom, "8002", "approve "+tom.NoteCode())
				return lastPart(p, tom)
			},
		},
		"kim's note of yesterday": {
			sql: approve + `; UPDATE entry SET expires_at = expires_at + 864000000`, later: 25 * time.Hour,
			forge: func(t *testing.T, p *place, tom, _ policies.Entry) string {
				types(p, tom, "8002", "approve "+tom.NoteCode())
				return lastPart(p, tom)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upTo := "120.00"
			if c.upTo != "" {
				upTo = c.upTo
			}
			p := noting(t, kim, robin, upTo)
			tom, noor := proposed(t, p, refundOf("annual-day-3", "ch_tom_1")), proposed(t, p, refundOf("budget-used-up", "ch_noor_1", "amount", "60.00 EUR"))
			a := &attack{p: p, tom: tom.ID, noor: noor.ID}
			a.sql(t, c.sql)
			if c.forge != nil {
				part := c.forge(t, p, tom, noor)
				within(t, p, time.Now, func(h hands) {
					e, err := h.ledger.Entry(t.Context(), tom.ID)
					if err != nil {
						t.Fatal(err)
					}
					says := policies.NoteVerdict{Verdict: policies.Approved, Code: e.NoteCode()}
					given, err := h.authority.panel().Noted(t.Context(), e, policies.NoteDecision{Conversation: e.Subject.Conversation, Part: part, Admin: "8002", At: time.Now().Truncate(time.Second), Says: says})
					if err != nil {
						t.Fatal(err)
					}
					a.sql(t, `INSERT INTO approval VALUES ($TOM, 'kim', 'approved', 1, '', '`+given.Statement+`', '')`)
				})
			}
			said := ""
			for range 2 {
				said += sweep(t, p.environ, func() time.Time { return time.Now().Add(c.later) })
			}
			if got := p.Stripe.RefundsOf("ch_tom_1"); len(got) != 0 || !strings.Contains(said, "not performed, since its approvals do not count") {
				t.Errorf("refunded %v: %s", got, said)
			}
		})
	}
}

func lastPart(p *place, e policies.Entry) string {
	c, _ := p.Intercom.Conversation(e.Subject.Conversation)
	return c.Parts[len(c.Parts)-1].ID
}

// viaAPI writes a note as whoever holds the server's token can, in any admin's name.
func viaAPI(t *testing.T, p *place, e policies.Entry, admin, text string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"message_type": "note", "type": "admin", "admin_id": admin, "body": text})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.IntercomURL+"/conversations/"+e.Subject.Conversation+"/reply", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+sandbox.IntercomToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("write a note: %v, %v", res, err)
	}
	defer res.Body.Close()
	return lastPart(p, e)
}

// What lets a note count is looked at when the money goes: a person who left the
// roster, and a policy that lets notes decide less, stop what waits to be carried out.
func TestANoteIsReadAgainBeforeTheMoneyGoes(t *testing.T) {
	t.Parallel()
	kim, robin := newApprover(t, "kim"), newApprover(t, "robin")
	for name, undo := range map[string]func(t *testing.T, p *place, roster, policy string){
		"kim left the roster": func(t *testing.T, _ *place, roster, _ string) {
			if err := os.WriteFile(roster, []byte(robin.name+",role:finance "+robin.public), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"notes decide less": func(t *testing.T, _ *place, _, policy string) { limitNotes(t, policy, "119.99") },
		"kim rejects it after all": func(_ *testing.T, p *place, _, _ string) {
			where := sandbox.Conversation("annual-day-3")
			c, _ := p.Intercom.Conversation(where)
			_, code, _ := strings.Cut(c.Parts[len(c.Parts)-1].Body, "approve ")
			p.Intercom.Write(where, intercomapi.Message{From: "admin:8002", Note: true, Body: "reject " + strings.TrimSuffix(code, "</p>") + " she has used it"})
		},
		"kim takes the note back": func(_ *testing.T, p *place, _, _ string) {
			where := sandbox.Conversation("annual-day-3")
			c, _ := p.Intercom.Conversation(where)
			p.Intercom.Redact(where, c.Parts[len(c.Parts)-1].ID)
		},
		"Intercom does not answer": func(t *testing.T, p *place, _, _ string) {
			p.Intercom.Desk.Clear()
			p.environ = append(slices.Clone(p.environ), "INTERCOM_API_BASE=http://127.0.0.1:1")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := noting(t, kim, robin, "120.00")
			tom := proposed(t, p, refundOf("annual-day-3", "ch_tom_1"))
			types(p, tom, "8002", "approve "+tom.NoteCode())
			lookAtNotes(t, p)
			honest := p.environ
			undo(t, p, setTo(p.environ, "SUPPORTMCP_APPROVERS"), setTo(p.environ, "SUPPORTMCP_POLICY"))
			if said := sweep(t, p.environ, time.Now); len(p.Stripe.RefundsOf("ch_tom_1")) != 0 {
				t.Errorf("refunded %v: %s", p.Stripe.RefundsOf("ch_tom_1"), said)
			}
			within(t, p, time.Now, func(h hands) {
				if e, err := h.ledger.Entry(t.Context(), tom.ID); err != nil || e.State != policies.Approved || e.Approver != "kim" {
					t.Errorf("it is %s by %q, %v", e.State, e.Approver, err)
				}
			})
			if p.environ = honest; name == "Intercom does not answer" {
				if said := sweep(t, p.environ, time.Now); len(p.Stripe.RefundsOf("ch_tom_1")) != 1 {
					t.Errorf("it is not carried out when Intercom answers again: %s", said)
				}
			}
		})
	}
}

func setTo(environ []string, name string) (value string) {
	for _, v := range environ {
		if after, ok := strings.CutPrefix(v, name+"="); ok {
			value = after
		}
	}
	return value
}

// A running server asks for the note, and a webhook makes it look for the answer at once.
func TestAServerCarriesOutWhatANoteApproves(t *testing.T) {
	t.Parallel()
	kim, robin := newApprover(t, "kim"), newApprover(t, "robin")
	p := noting(t, kim, robin, "120.00")
	tom := proposed(t, p, refundOf("annual-day-3", "ch_tom_1"))
	address := openHTTP(t, append(slices.Clone(p.environ), "INTERCOM_CLIENT_SECRET=s3cret"))
	p.Intercom.SetWebhook(intercomapi.Webhook{URL: strings.TrimSuffix(address, server.Endpoint) + server.IntercomHook, Secret: "s3cret", Live: true})
	eventually(t, patience, "the note that asks", func() bool { return strings.Contains(notesOn(p, tom), "approve "+tom.NoteCode()) })
	types(p, tom, "8002", "approve "+tom.NoteCode())
	eventually(t, patience, "the refund", func() bool { return len(p.Stripe.RefundsOf("ch_tom_1")) == 1 })
	if err := p.Intercom.Deliver(t.Context(), intercomapi.Delivery{}); err != nil {
		t.Errorf("the server did not take a webhook: %v", err)
	}
}

// The model can read the code, and can write it with each of its tools: none of that
// is a note that a person typed.
func TestAModelThatKnowsTheCodeCannotApprove(t *testing.T) {
	t.Parallel()
	kim, robin := newApprover(t, "kim"), newApprover(t, "robin")
	p := noting(t, kim, robin, "120.00")
	tom := proposed(t, p, refundOf("annual-day-3", "ch_tom_1"))
	sweep(t, p.environ, time.Now)
	code, where := "approve "+tom.NoteCode(), tom.Subject.Conversation
	within(t, p, time.Now, func(h hands) {
		for name, args := range map[string]map[string]any{
			"add_internal_note":      {"conversation_id": where, "body": code},
			"reply_to_conversation":  {"conversation_id": where, "body": code},
			"set_conversation_state": {"conversation_id": where, "state": "closed", "body": code},
			"assign_conversation":    {"conversation_id": where, "team": "Billing", "summary": code},
			"tag_conversation":       {"conversation_id": where, "add": []string{code}},
			"create_refund":          {"conversation_id": where, "charge_id": "ch_tom_1", "reason": "requested_by_customer", "note": code, "then_reply": code},
			"get_action":             {"action_id": tom.ID, "approve": tom.NoteCode()},
		} {
			i := slices.IndexFunc(h.tools, func(tool tools.Tool) bool { return tool.Name == name })
			raw, err := json.Marshal(args)
			if err != nil || i < 0 {
				t.Fatalf("%s: %v", name, err)
			}
			_, _, _ = h.tools[i].Call(t.Context(), "agent", raw) // some of it is refused
		}
	})
	for range 2 {
		lookAtNotes(t, p)
		sweep(t, p.environ, time.Now)
	}
	if said := notesOn(p, tom); strings.Count(said, code) < 2 || !strings.Contains(said, "made through the API") {
		t.Errorf("the model has written nothing that is looked at: %s", said)
	}
	if got := p.Stripe.RefundsOf("ch_tom_1"); len(got) != 0 {
		t.Errorf("refunded %v", got)
	}
	within(t, p, time.Now, func(h hands) {
		if e, err := h.ledger.Entry(t.Context(), tom.ID); err != nil || e.State != policies.Awaiting || e.Approver != "" {
			t.Errorf("it is %s by %q, %v", e.State, e.Approver, err)
		}
	})
}
