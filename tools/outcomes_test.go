package tools_test

import (
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/policies"
	"supportmcp/server/servertest"
)

// usedKey is the one answer that is no fault of the vendor's: see useKey.
const usedKey = "`400` for a used key"

// faultOf is the fault that makes a vendor answer as docs/ledger.md calls it.
func faultOf(t *testing.T, answer string) (control.Fault, bool) {
	t.Helper()
	for name, f := range map[string]control.Fault{
		"`200`": {}, usedKey: {},
		"`429`":                 {Kind: control.RateLimit},
		"time-out":              {Kind: control.Slow, Delay: control.Duration(10 * time.Second)},
		"cut with nothing done": {Kind: control.CutBefore, Times: -1}, // net/http repeats a keyed request on each kept connection
		"cut after the effect":  {Kind: control.CutAfter, Times: -1},
		"half an answer":        {Kind: control.Half},
	} {
		if name == answer {
			return f, f.Kind != ""
		}
	}
	found := regexp.MustCompile("^`([45][0-9]{2})`( with nothing done| after the effect)?$").FindStringSubmatch(answer)
	if found == nil {
		t.Fatalf("docs/ledger.md names an answer that no vendor gives: %q", answer)
	}
	f := control.Fault{Kind: control.ErrorBefore}
	if found[2] == " after the effect" {
		f.Kind = control.ErrorAfter
	}
	var err error
	f.Status, err = strconv.Atoi(found[1])
	must(t, err)
	return f, true
}

// row is one line of a table of answers.
type row struct{ answer, state, then, ends string }

// table reads the rows below a heading of docs/ledger.md, one for each answer.
func table(t *testing.T, heading string) (rows []row) {
	t.Helper()
	b, err := os.ReadFile("../docs/ledger.md")
	must(t, err)
	_, below, ok := strings.Cut(string(b), "### "+heading+"\n")
	if !ok {
		t.Fatalf("docs/ledger.md has no table %q", heading)
	}
	below, _, _ = strings.Cut(below, "\n#")
	for line := range strings.Lines(below) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "answer" {
			continue
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " ")
		}
		for answer := range strings.SplitSeq(cells[0], ", ") {
			rows = append(rows, row{answer, strings.Trim(cells[2], "`"), cells[3], strings.Trim(cells[4], "`")})
		}
	}
	return rows
}

// write is one kind of write, and how it is seen at its vendor.
type write struct {
	tool       string
	args       args
	send, look string // paths of the requests
	vendor     func(*servertest.Desk) *control.Desk
}

func atStripe(d *servertest.Desk) *control.Desk   { return &d.Stripe.Desk }
func atIntercom(d *servertest.Desk) *control.Desk { return &d.Intercom.Desk }

func TestTheTablesOfAnswersAreWhatHappens(t *testing.T) {
	t.Parallel()
	maria := sandbox.Conversation("duplicate-charge")
	for heading, writes := range map[string][]write{
		"A refund at Stripe": {
			{"create_refund", args{"conversation_id": maria, "charge_id": "ch_maria_2", "reason": "duplicate"}, "/v1/refunds", "/v1/refunds", atStripe},
		},
		"A message in Intercom": {
			{"reply_to_conversation", args{"conversation_id": maria, "body": "Hello"}, "/conversations/*/reply", "/conversations/*", atIntercom},
			{"add_internal_note", args{"conversation_id": maria, "body": "Hello"}, "/conversations/*/reply", "/conversations/*", atIntercom},
		},
		"A state or tags in Intercom": {
			{"set_conversation_state", args{"conversation_id": maria, "state": "closed"}, "/conversations/*/parts", "/conversations/*", atIntercom},
			{"tag_conversation", args{"conversation_id": maria, "add": []string{"billing"}}, "/conversations/*/tags", "/conversations/*", atIntercom},
		},
	} {
		rows := table(t, heading)
		complete(t, heading, rows)
		for _, w := range writes {
			for _, want := range rows {
				t.Run(w.tool+"/"+strings.ReplaceAll(want.answer, "`", ""), func(t *testing.T) {
					t.Parallel()
					if got := w.happens(t, want.answer); got != want {
						t.Errorf("docs/ledger.md says %+v, and it is %+v", want, got)
					}
				})
			}
		}
	}
}

// complete wants every table to say what each class of answers means.
func complete(t *testing.T, heading string, rows []row) {
	t.Helper()
	for _, answer := range []string{
		"`200`", "`400`", "`401`", "`403`", "`404`", "`409`", "`429`", "`500` with nothing done", "`500` after the effect",
		"time-out", "cut with nothing done", "cut after the effect", "half an answer",
	} {
		if n := len(slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.answer != answer })); n != 1 {
			t.Errorf("the table %q tells %d times what %s means", heading, n, answer)
		}
	}
}

// happens lets the vendor answer a call so, and follows it to its end.
func (w write) happens(t *testing.T, answer string) row {
	t.Helper()
	d := servertest.Start(t, servertest.Setup{Policy: policy, Timeout: 700 * time.Millisecond, Wait: time.Millisecond})
	vendor := w.vendor(d)
	if answer == usedKey {
		w.useKey(t, d)
	}
	if f, faulty := faultOf(t, answer); faulty {
		f.Method, f.Path = http.MethodPost, w.send
		must(t, vendor.Inject(f))
	}
	a := d.Call(w.tool, w.args)
	vendor.Clear()
	vendor.Forget()
	got := row{answer: answer, state: string(a.State), then: "nothing", ends: string(a.State)}
	for range 120 { // more than a day
		if slices.Contains([]string{"done", "failed", "review"}, got.ends) {
			break
		}
		_ = d.Sweep() // what cannot be told yet is swept again
		d.Clock.Advance(16 * time.Minute)
		got.ends = string(d.Call("get_action", args{"action_id": a.Action}).State)
	}
	looks, sends := w.seen(t, vendor)
	switch {
	case looks > 0 && sends > 0:
		got.then = "looks and sends again"
	case looks > 0:
		got.then = "looks"
	case sends > 0:
		got.then = "sends again"
	}
	return got
}

// seen counts the requests of the server's own accord. All that are sent again
// must be the same.
func (w write) seen(t *testing.T, vendor *control.Desk) (looks, sends int) {
	t.Helper()
	var first control.Request
	for _, r := range vendor.Requests() {
		looked, err := path.Match(w.look, r.Path)
		must(t, err)
		sent, err := path.Match(w.send, r.Path)
		must(t, err)
		switch {
		case r.Method == http.MethodGet && looked:
			looks++
		case r.Method == http.MethodPost && sent:
			if sends++; sends == 1 {
				first = r
			}
			if r.IdempotencyKey != first.IdempotencyKey || r.Body != first.Body {
				t.Errorf("sent %+v, and before %+v", r, first)
			}
		}
	}
	return looks, sends
}

// useKey makes Stripe know the key of the coming action from another request.
func (w write) useKey(t *testing.T, d *servertest.Desk) {
	t.Helper()
	elsewhere := servertest.Start(t, servertest.Setup{Policy: policy}).Call(w.tool, w.args)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.StripeURL+w.send, strings.NewReader("charge=ch_tom_1&amount=1"))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+sandbox.StripeKey)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Idempotency-Key", elsewhere.Action)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, res.Body.Close())
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the key is used up with %s", res.Status)
	}
}

// What is sent again after any answer is what was sent at first, byte for byte.
func TestTheSameKeySendsTheSameBytes(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: policy, Wait: time.Millisecond})
	must(t, d.Stripe.Desk.Inject(control.Fault{Method: http.MethodPost, Path: "/v1/refunds", Kind: control.ErrorBefore, Times: 3}))
	a := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"})
	d.Settle()
	sent := slices.DeleteFunc(d.Stripe.Desk.Requests(), func(r control.Request) bool { return r.Method != http.MethodPost })
	if len(sent) != 4 {
		t.Fatalf("sent %d times", len(sent))
	}
	for _, r := range sent {
		if r.IdempotencyKey != a.Action || r.Body != sent[0].Body || !strings.Contains(r.Body, "metadata[ledger]="+d.Ledger.ID()) {
			t.Errorf("sent %+v, and at first %+v", r, sent[0])
		}
	}
}

func TestTheTableOfStatesHasThemAllAndWhetherTheyCount(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../docs/ledger.md")
	must(t, err)
	for _, s := range []policies.State{
		policies.Denied, policies.Awaiting, policies.Approved, policies.Executing, policies.Done, policies.Failed,
		policies.InDoubt, policies.Review, policies.Rejected, policies.Expired, policies.Stale,
	} {
		line := regexp.MustCompile("(?m)^\\| `" + string(s) + "` \\|.*\\| ([^|]+) \\|$").FindStringSubmatch(string(b))
		if line == nil {
			t.Errorf("docs/ledger.md does not tell of %s", s)
		} else if counts := line[1] != "no"; counts != s.Counts() || (line[1] == "always") != s.InFlight() {
			t.Errorf("docs/ledger.md says of %s that it counts: %s", s, line[1])
		}
	}
}

// However long Stripe cannot be asked, an action in doubt is looked for, more and
// more rarely, and ends well when Stripe is back.
func TestALongOutageIsWaitedFor(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Policy: policy, Wait: time.Millisecond})
	must(t, d.Stripe.Desk.Inject(control.Fault{Method: http.MethodPost, Path: "/v1/refunds", Kind: control.ErrorAfter}))
	a := d.Call("create_refund", args{"conversation_id": sandbox.Conversation("duplicate-charge"), "charge_id": "ch_maria_2", "reason": "duplicate"})
	must(t, d.Stripe.Desk.Inject(control.Fault{Method: http.MethodGet, Path: "/v1/refunds", Kind: control.ErrorBefore, Status: http.StatusForbidden, Times: -1}))
	d.Stripe.Desk.Forget()
	const hours = 6
	for range hours * 60 * 4 { // rounds of the worker
		_ = d.Sweep()
		d.Clock.Advance(15 * time.Second)
	}
	if n := len(d.Stripe.Desk.Requests()); n < hours*3 || n > hours*4+20 {
		t.Errorf("%d requests in %d hours", n, hours)
	}
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.InDoubt {
		t.Errorf("in the outage it is %s", got.Text)
	}
	d.Stripe.Desk.Clear()
	for range 2 * 60 { // twice the longest pause
		d.Clock.Advance(15 * time.Second)
		_ = d.Sweep()
	}
	if got := d.Call("get_action", args{"action_id": a.Action}); got.State != policies.Done || len(d.Stripe.RefundsOf("ch_maria_2")) != 1 {
		t.Errorf("after it, it is %s", got.Text)
	}
}
