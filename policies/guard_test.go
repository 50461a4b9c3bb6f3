package policies

import (
	"bytes"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/fault"
	"supportmcp/internal/money"
)

func TestAnAllowedActionIsPerformedUnderItsEntry(t *testing.T) {
	d := newDesk(t)
	o := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	want := &slip{money.Of(2000, "eur"), o.Action}
	if o.State != Done || !cmp.Equal(o.Receipt, want) || !slices.Equal(d.sent, []string{o.Action}) {
		t.Errorf("%+v, sent %v", o, d.sent)
	}
	if o.Decision.Effect != Allow || o.Decision.Headroom != money.Of(28000, "eur") || o.Decision.Revision != d.Policy().Revision {
		t.Errorf("decision %+v", o.Decision)
	}
}

func TestTheSameAskedAgainGivesTheFirstReceipt(t *testing.T) {
	d := newDesk(t)
	first := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	d.pass(365 * day)
	again := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	if !again.Replayed || again.Action != first.Action || !cmp.Equal(again.Receipt, first.Receipt) || len(d.sent) != 1 {
		t.Errorf("%+v, sent %v", again, d.sent)
	}
}

func TestTheRestAskedForTwiceIsOneRefund(t *testing.T) {
	d := newDesk(t)
	rest := refundOf(2000)
	rest.Rest = true
	first := enforce(t, d, d.ask(), d.refunding(rest))
	rest.Amount, rest.Charge.Remaining = money.Of(0, "eur"), money.Of(0, "eur")
	again := enforce(t, d, d.ask(), d.refunding(rest))
	if !again.Replayed || again.Action != first.Action || again.State != Done || len(d.sent) != 1 {
		t.Errorf("%+v, sent %v", again, d.sent)
	}
}

func TestADryRunRecordsAndSendsNothing(t *testing.T) {
	for minor, want := range map[int64]Effect{2000: Allow, 6000: NeedsApproval, 60000: Deny} {
		d := newDesk(t)
		o := enforce(t, d, d.ask(func(r *Request) { r.DryRun = true }), d.refunding(refundOf(minor)))
		if o.State != Previewed || o.Action != "" || o.Receipt != nil || o.Decision.Effect != want || o.Refused() != (want == Deny) {
			t.Errorf("%d: %+v", minor, o)
		}
		if len(d.ledger.all()) != 0 || len(d.sent) != 0 {
			t.Errorf("%d: recorded %d, sent %v", minor, len(d.ledger.all()), d.sent)
		}
	}
}

func TestADenialIsRecordedAndExplained(t *testing.T) {
	d := newDesk(t)
	o := enforce(t, d, d.ask(), d.refunding(refundOf(60000)))
	if o.State != Denied || o.Code != fault.Refused || !o.Refused() || len(d.sent) != 0 || d.state(t, o.Action) != Denied {
		t.Errorf("%+v, sent %v", o, d.sent)
	}
	if o.Message != "structure.remaining: only 400.00 EUR of 400.00 EUR are left on this charge" || o.NextStep == "" {
		t.Errorf("%q, %q", o.Message, o.NextStep)
	}
}

func TestWithoutAPolicyEverythingIsRefused(t *testing.T) {
	d := newDesk(t)
	d.Use(nil)
	for _, dry := range []bool{false, true} {
		_, err := Enforce(t.Context(), d.Guard, d.ask(func(r *Request) { r.DryRun = dry }), d.refunding(refundOf(1)))
		if fault.CodeOf(err) != fault.Refused || fault.TookOf(err) != fault.No || len(d.ledger.all()) != 0 || len(d.sent) != 0 {
			t.Errorf("dry run %v: %v, %d entries, sent %v", dry, err, len(d.ledger.all()), d.sent)
		}
	}
}

func TestALockedVendorIsNotWrittenTo(t *testing.T) {
	d := newDesk(t)
	d.Locked = map[Vendor]string{Stripe: "the key belongs to another account"}
	o := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	if o.State != Denied || o.Message != "writes.locked: the key belongs to another account" || len(d.sent) != 0 {
		t.Errorf("%+v, sent %v", o, d.sent)
	}
	if o := enforce(t, d, d.ask(), d.replying("Hello")); o.State != InDoubt || len(d.sent) != 1 {
		t.Errorf("the other vendor: %+v, sent %v", o, d.sent)
	}
}

func TestARepetitionOnPurposeNeedsAPerson(t *testing.T) {
	d := newDesk(t)
	first := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	o := enforce(t, d, d.ask(func(r *Request) { r.RepeatOf = first.Action }), d.refunding(refundOf(2000)))
	if o.State != Awaiting || o.Action == first.Action || o.Refused() || !o.Expires.Equal(noon().Add(day)) || len(d.sent) != 1 {
		t.Errorf("%+v, sent %v", o, d.sent)
	}
	if got := o.Decision.Against(); len(got) != 2 || got[0].Rule != "repeat" || got[1].Rule != "refund.equal" {
		t.Errorf("against: %+v", got)
	}
}

// repeating parses the test's policy with another answer to repetitions.
func repeating(t *testing.T, answer string) *Policy {
	t.Helper()
	b, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse("policy.yaml", bytes.Replace(b, []byte("expires: 24h"), []byte("repeats: "+answer), 1))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThePolicySaysWhoMayRepeatOnPurpose(t *testing.T) {
	for answer, c := range map[string]struct {
		state State
		sent  int
	}{"needs_approval": {Awaiting, 1}, "deny": {Denied, 1}, "allow": {Done, 2}} {
		d := newDesk(t)
		d.Use(repeating(t, answer))
		first := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
		again := d.ask(func(r *Request) { r.RepeatOf = first.Action })
		o := enforce(t, d, again, d.refunding(refundOf(2000)))
		if o.State != c.state || o.Action == first.Action || len(d.sent) != c.sent || o.Decision.Findings[0].Rule != "repeat" {
			t.Errorf("%s: %+v, sent %v", answer, o, d.sent)
		}
		if answer == "deny" && (o.NextStep == "" || o.Code != fault.Refused) {
			t.Errorf("denied without a next step: %+v", o)
		}
	}
}

// Nobody is asked about a repeat then, and everything else holds as before.
func TestAnAllowedRepetitionStillCountsAndIsStillLimited(t *testing.T) {
	d := newDesk(t)
	d.Use(repeating(t, "allow"))
	last := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	repeat := func() Outcome[slip] {
		return enforce(t, d, d.ask(func(r *Request) { r.RepeatOf = last.Action }), d.refunding(refundOf(2000)))
	}
	second := repeat()
	if second.Decision.Headroom != money.Of(26000, "eur") {
		t.Errorf("the repeat leaves %s", second.Decision.Headroom)
	}
	last = second
	if third := repeat(); third.State != Denied || !strings.HasPrefix(third.Message, "budget.conversation") {
		t.Errorf("the budget of two is answered %+v", third)
	}
	// An equal part of the charge that is no repeat is one wish told twice, perhaps.
	elsewhere := refundOf(2000)
	elsewhere.Asker.Conversation = "2"
	if o := enforce(t, d, d.ask(), d.refunding(elsewhere)); o.State != Awaiting || o.Decision.Against()[0].Rule != "refund.equal" {
		t.Errorf("an equal part in another conversation is answered %+v", o)
	}
}

func TestARepetitionCannotLoosenADenial(t *testing.T) {
	d := newDesk(t)
	first := enforce(t, d, d.ask(), d.refunding(refundOf(60000)))
	o := enforce(t, d, d.ask(func(r *Request) { r.RepeatOf = first.Action }), d.refunding(refundOf(60000)))
	if o.State != Denied {
		t.Errorf("%+v", o)
	}
}

func TestAForeignChargeAndAMissingOneAreTheSameAnswer(t *testing.T) {
	foreign := refundOf(2000)
	foreign.Asker.Ties = []Tie{{Customer: "cus_9"}}
	foreign.Asker.Conversation = "9"
	for name, change := range map[string]func(*desk, *Request){
		"plain":                   func(*desk, *Request) {},
		"dry run":                 func(_ *desk, r *Request) { r.DryRun = true },
		"repeat_of of nothing":    func(_ *desk, r *Request) { r.RepeatOf = "act_999" },
		"repeat_of of its own":    func(_ *desk, r *Request) { r.RepeatOf = "act_001" },
		"target busy":             func(d *desk, _ *Request) { d.ledger.become(d.ledger.entries["act_001"], Executing) },
		"target busy and dry run": func(d *desk, r *Request) { d.ledger.become(d.ledger.entries["act_001"], Executing); r.DryRun = true },
		"vendor locked":           func(d *desk, _ *Request) { d.Locked = map[Vendor]string{Stripe: "locked"} },
		"no section":              func(d *desk, _ *Request) { d.Use(&Policy{}) },
	} {
		d := newDesk(t)
		enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
		r := d.ask()
		change(d, &r)
		missing := d.refunding(foreign)
		missing.Propose = func(context.Context) (Refund, error) { return Refund{}, UnknownCharge() }
		_, wantErr := Enforce(t.Context(), d.Guard, r, missing)
		o, gotErr := Enforce(t.Context(), d.Guard, r, d.refunding(foreign))
		if diff := cmp.Diff(wantErr, gotErr); diff != "" || !cmp.Equal(o, Outcome[slip]{}) {
			t.Errorf("%s: %+v\n%s", name, o, diff)
		}
		if len(d.sent) != 1 {
			t.Errorf("%s: sent %v", name, d.sent)
		}
	}
}

func TestNothingIsRecordedWhenTheFactsCannotBeRead(t *testing.T) {
	d := newDesk(t)
	op := d.refunding(refundOf(2000))
	broken := errors.New("stripe is unreachable")
	op.Propose = func(context.Context) (Refund, error) { return Refund{}, broken }
	if _, err := Enforce(t.Context(), d.Guard, d.ask(), op); !errors.Is(err, broken) || len(d.ledger.all()) != 0 || len(d.sent) != 0 {
		t.Errorf("%v, %d entries, sent %v", err, len(d.ledger.all()), d.sent)
	}
}

func TestAPanicRevokesThePermitAndLeavesTheEntryExecuting(t *testing.T) {
	d := newDesk(t)
	op := d.refunding(refundOf(2000))
	var kept *Permit[Refund]
	op.Perform = func(_ context.Context, p *Permit[Refund]) (slip, error) {
		kept = p
		panic("a bug in the adapter")
	}
	func() {
		defer func() {
			if got := recover(); got != "a bug in the adapter" {
				t.Errorf("recovered %v", got)
			}
		}()
		_, _ = Enforce(t.Context(), d.Guard, d.ask(), op)
	}()
	if _, _, err := kept.Redeem(); err == nil {
		t.Error("the permit outlived the panic")
	}
	if all := d.ledger.all(); len(all) != 1 || all[0].State != Executing {
		t.Errorf("entries: %+v", all)
	}
}

func TestTheCallersDisconnectDoesNotStopAnAttempt(t *testing.T) {
	d := newDesk(t)
	op := d.refunding(refundOf(2000))
	works := op.Perform
	ctx, cancel := context.WithCancel(t.Context())
	op.Perform = func(attempt context.Context, p *Permit[Refund]) (slip, error) {
		cancel()
		if err := attempt.Err(); err != nil {
			t.Errorf("the attempt ended with its caller: %v", err)
		}
		if _, ok := attempt.Deadline(); !ok {
			t.Error("the attempt has no end of its own")
		}
		return works(attempt, p)
	}
	o, err := Enforce(ctx, d.Guard, d.ask(), op)
	if err != nil || o.State != Done || d.state(t, o.Action) != Done {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestWhatAnAttemptAmountsTo(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want State
		code fault.Code
	}{
		"it worked":                     {nil, Done, ""},
		"the vendor said no":            {&fault.Error{Code: fault.Refused, Message: "no", Took: fault.No}, Failed, fault.Refused},
		"a wrapped no":                  {errors.Join(&fault.Error{Code: fault.Upstream, Message: "no", Took: fault.No}), Failed, fault.Upstream},
		"it timed out":                  {&fault.Error{Code: fault.Upstream, Message: "timed out"}, InDoubt, fault.Upstream},
		"nobody knows":                  {errors.New("connection reset, key sk_live_canary"), InDoubt, fault.Internal},
		"the vendor asks to slow down":  {&fault.Error{Code: fault.RateLimited, Message: "slow", Took: fault.NotYet}, Executing, ""},
		"the deadline of the attempt":   {context.DeadlineExceeded, InDoubt, fault.Internal},
		"an error that claims too much": {&fault.Error{Code: fault.Internal, Message: "?", Took: fault.Took(9)}, InDoubt, fault.Internal},
	} {
		d := newDesk(t)
		o := enforce(t, d, d.ask(), d.failing(refundOf(2000), c.err))
		if o.State != c.want || d.state(t, o.Action) != c.want || o.Code != c.code || strings.Contains(o.Message, "canary") || o.State != Done && o.NextStep == "" {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestOnlyAFailureGivesTheBudgetBack(t *testing.T) {
	for took, want := range map[fault.Took]money.Money{
		fault.No:      money.Of(28000, "eur"),
		fault.NotYet:  money.Of(26000, "eur"),
		fault.Unknown: money.Of(26000, "eur"),
	} {
		d := newDesk(t)
		enforce(t, d, d.ask(), d.failing(refundOf(2000), &fault.Error{Code: fault.Upstream, Took: took}))
		other := refundOf(2000)
		other.Charge.ID = "ch_2"
		o := enforce(t, d, d.ask(func(r *Request) { r.DryRun = true }), d.refunding(other))
		if o.Decision.Headroom != want {
			t.Errorf("took %d: headroom %s, want %s", took, o.Decision.Headroom, want)
		}
	}
}

func TestWhatCannotBeSettledStaysExecuting(t *testing.T) {
	d := newDesk(t)
	d.ledger.deny = errors.New("disk full")
	o := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	if o.State != Executing || o.Receipt != nil || o.Refused() || o.NextStep == "" || d.state(t, o.Action) != Executing {
		t.Errorf("%+v", o)
	}
	d.ledger.deny = nil
	again := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	if !again.Replayed || again.State != Executing || len(d.sent) != 1 {
		t.Errorf("asked again: %+v, sent %v", again, d.sent)
	}
}

func TestFollowUpsAreQueuedWithTheReceipt(t *testing.T) {
	d := newDesk(t)
	op := d.refunding(refundOf(2000))
	op.Follow = func(_ Entry, _ Refund, r slip) []Followup {
		return []Followup{{KindNote, map[string]string{"text": r.Refunded.String()}}}
	}
	o := enforce(t, d, d.ask(), op)
	all := d.ledger.all()
	if len(all) != 2 || all[1].State != Approved || all[1].Parent != o.Action || all[1].Kind != KindNote ||
		all[1].Principal != "agent" || string(all[1].Input) != `{"text":"20.00 EUR"}` {
		t.Errorf("%+v", all)
	}
}

func notTaken() error {
	return &fault.Error{Code: fault.RateLimited, Message: "too many requests", Took: fault.NotYet}
}

func TestADryRunOfWhatIsDoneSaysSo(t *testing.T) {
	d := newDesk(t)
	done := enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	nothingLeft := refundOf(2000)
	nothingLeft.Charge.Remaining.Minor = 0
	dry := func(r *Request) { r.DryRun = true }
	if o := enforce(t, d, d.ask(dry), d.refunding(nothingLeft)); !o.Replayed || o.Action != done.Action || o.Refused() || len(d.ledger.all()) != 1 {
		t.Errorf("%+v", o)
	}
	wrong := func(r *Request) { r.DryRun, r.RepeatOf = true, "act_nonsense" }
	if _, err := Enforce(t.Context(), d.Guard, d.ask(wrong), d.refunding(refundOf(2000))); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a wrong repeat_of: %v", err)
	}
}

func TestWithoutAPolicyNoFactIsRead(t *testing.T) {
	d := newDesk(t)
	d.Use(nil)
	op := d.refunding(refundOf(1))
	op.Propose = func(context.Context) (Refund, error) { return Refund{}, UnknownCharge() }
	if _, err := Enforce(t.Context(), d.Guard, d.ask(), op); fault.CodeOf(err) != fault.Refused {
		t.Errorf("a missing charge answers %v, which a foreign one does not", err)
	}
}

func TestAReceiptIsNotToldToWhomTheChargeNoLongerBelongs(t *testing.T) {
	d := newDesk(t)
	enforce(t, d, d.ask(), d.refunding(refundOf(2000)))
	untied := refundOf(2000)
	untied.Asker.Ties = nil
	if o, err := Enforce(t.Context(), d.Guard, d.ask(), d.refunding(untied)); fault.CodeOf(err) != fault.NotFound || o.Receipt != nil {
		t.Errorf("%+v, %v", o, err)
	}
}

// What is refused for now is not lost: it can be asked for again, unless it is
// money, which the worker sends again by itself.
func TestAMessageThatWasNotTakenIsSaidToBeNotSent(t *testing.T) {
	d := newDesk(t)
	op := d.replying("Hello")
	op.Perform = func(_ context.Context, p *Permit[Reply]) (slip, error) {
		_, _, err := p.Redeem()
		return slip{}, errors.Join(err, &fault.Error{Code: fault.RateLimited, Message: "too many requests", Took: fault.NotYet})
	}
	if o := enforce(t, d, d.ask(), op); o.State != Failed || o.Code != fault.RateLimited {
		t.Errorf("%+v", o)
	}
}

func TestAConversationCannotBuryPeopleInApprovals(t *testing.T) {
	d := newDesk(t)
	for minor := int64(6000); minor < 6000+mostWaiting; minor++ {
		if o := enforce(t, d, d.ask(), d.refunding(refundOf(minor))); o.State != Awaiting {
			t.Fatalf("%+v", o)
		}
	}
	o := enforce(t, d, d.ask(), d.refunding(refundOf(7000)))
	if o.State != Denied || o.Decision.Against()[0].Rule != "approvals.waiting" {
		t.Errorf("%+v", o)
	}
	if o := enforce(t, d, d.ask(), d.refunding(refundOf(2000))); o.State != Done {
		t.Errorf("what needs nobody waits for nobody: %+v", o)
	}
}
