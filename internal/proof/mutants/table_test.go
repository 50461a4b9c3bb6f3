package mutants

// mutant is a planted fault.
type mutant struct {
	name  string
	edits []edit
	pkg   string   // whose tests must find it
	run   string   // which of them, as for go test -run
	args  []string // more arguments
}

// edit replaces a text that stands in a file exactly once.
type edit struct{ file, before, after string }

const (
	begin   = "internal/ledger/begin.go"
	settle  = "internal/ledger/settle.go"
	perform = "policies/perform.go"
)

// simulated is found by the simulation, in few seeds.
func simulated(name string, edits ...edit) mutant {
	return mutant{name: name, edits: edits, pkg: "./internal/proof", run: "^TestWhateverDiesTheBooksAgree$", args: []string{"-seeds=60", "-parallel=4"}}
}

// conforming is found by the ledger's conformance suite.
func conforming(name, run string, edits ...edit) mutant {
	return mutant{name: name, edits: edits, pkg: "./internal/ledger", run: run}
}

func mutants() []mutant {
	return []mutant{
		{
			name: "a fresh key for each attempt", pkg: "./internal/stripe", run: "^TestARefundSendsExactlyWhatThePermitHolds$",
			edits: []edit{{"internal/stripe/refund.go", `p.SetIdempotencyKey(key)`, `p.SetIdempotencyKey(key + "-" + c.now().Format("150405.000"))`}},
		},
		simulated("a time-out releases what is held",
			edit{perform, `return Settlement{State: InDoubt, Failure: f}`, `return Settlement{State: Failed, Failure: f}`}),
		simulated("outcome and budget in two commits",
			edit{settle, "\tif err := t.release(r); err != nil {\n\t\treturn err\n\t}\n", ""},
			edit{settle, "\treturn e, err\n}\n\nfunc checkSettlement(", `	if err != nil {
		return e, err
	}
	err = l.transact(ctx, "settle "+id, func(t *tx) error {
		r, err := t.loadNow(id)
		if err != nil {
			return err
		}
		return t.release(r)
	})
	return e, err
}

func checkSettlement(`}),
		simulated("one more than the count allows",
			edit{"policies/budget.go", "if b.Count > 0 && u.Count >= b.Count {\n\t\tf.Limit", "if b.Count > 0 && u.Count > b.Count {\n\t\tf.Limit"}),
		{
			name: "one minor unit more than the sum allows", pkg: "./policies", run: ".",
			edits: []edit{{"policies/budget.go", "if add(u.Sum, cost.Minor) > limit {", "if add(u.Sum, cost.Minor) > limit+1 {"}},
		},
		conforming("locks in any order", "^TestPostgreSQL$/^deadlocks$",
			edit{begin, "VALUES ` + rows + ` ON CONFLICT", "SELECT * FROM (VALUES ` + rows + `) AS wanted (scope) ORDER BY random() ON CONFLICT"}),
		conforming("a settlement whatever the state", "^TestSQLite$/^transitions$",
			edit{settle, "slices.Contains(settleFrom(s.State), r.State)", "(len(s.State) > 0 || slices.Contains(settleFrom(s.State), r.State))"}),
		simulated("a transition without its event",
			edit{"internal/ledger/entry.go", "\tif err := t.record(from, r); err != nil {\n", "\tif r.State == policies.Done {\n\t\treturn nil\n\t}\n\tif err := t.record(from, r); err != nil {\n"}),
		conforming("a lease that nobody respects", "^TestSQLite$/^leases$",
			edit{settle, " && !r.leaseUntil.After(now)", ""}),
		conforming("sums read before the locks", "^TestPostgreSQL$/^budgets_in_parallel$",
			edit{begin, "\tdecision, err := t.decide(d.Reads, judge)\n\tif err != nil {\n\t\treturn nil, false, err\n\t}\n\tr = &row", "\tr = &row"},
			edit{begin, "\tif err := t.lockScopes(d); err != nil {\n\t\treturn nil, false, err\n\t}\n\tif err := t.readClock(); err != nil {\n\t\treturn nil, false, err\n\t}\n\tat, err :=", `	if err := t.readClock(); err != nil {
		return nil, false, err
	}
	decision, err := t.decide(d.Reads, judge)
	if err != nil {
		return nil, false, err
	}
	if err := t.lockScopes(d); err != nil {
		return nil, false, err
	}
	at, err :=`}),
		conforming("repeats looked for outside the transaction", "/^equal_requests_in_parallel$",
			edit{"internal/ledger/transact.go", "\tevents []event       // to be appended last\n", "\tevents []event       // to be appended last\n\tearly  place\n"},
			edit{begin, "\trehearsed := false\n", `	var early place
	if err := l.transact(ctx, "look", func(t *tx) (err error) {
		if err = t.readClock(); err == nil {
			early, err = t.place(d)
		}
		return err
	}); err != nil {
		return policies.Entry{}, false, err
	}
	rehearsed := false
`},
			edit{begin, "\t\tr, again, err := t.begin(d, judge)", "\t\tt.early = early\n\t\tr, again, err := t.begin(d, judge)"},
			edit{begin, "\tat, err := t.place(d)\n", "\tat, err := t.early, error(nil)\n"}),
		{
			name: "amounts rounded down", pkg: "./internal/money", run: ".",
			edits: []edit{{
				"internal/money/money.go",
				`return Money{}, fmt.Errorf("%s has %d decimals, got %d", strings.ToUpper(string(c)), e, len(frac))`, `frac = frac[:e]`,
			}},
		},
		conforming("sums of all currencies together", "^TestSQLite$/^usage$",
			edit{"internal/ledger/usage.go", "THEN minor ELSE 0 END", "THEN minor ELSE minor END"}),
		conforming("what is in doubt ages out of its window", "^TestSQLite$/^windows$",
			edit{"internal/ledger/hold.go", "at := int64(open)", "at := millis(r.UpdatedAt)"}),
		simulated("an allowed action that takes nothing from the budgets",
			edit{begin, "return r, false, t.reserve(r)", "return r, false, nil"}),
		{
			name: "a lost message sent again", pkg: "./policies", run: ".",
			edits: []edit{{"policies/action.go", "\tcase KindReply, KindNote, KindNewContact:\n\t}\n\treturn 0\n}\n\n// lost", "\tcase KindReply, KindNote, KindNewContact:\n\t\treturn time.Hour\n\t}\n\treturn 0\n}\n\n// lost"}},
		},
		{
			name: "a note that came through the API taken for a person's", pkg: "./tools", run: "^TestANoteThatDoesNotCount",
			edits: []edit{{"tools/note_reader.go", "case part.App != \"\":", "case part.App == \"?\":"}},
		},
		{
			name: "a note of anybody taken for a decision", pkg: "./tools", run: "^TestANoteThatDoesNotCount",
			edits: []edit{{"tools/note_reader.go", "!p.MayDecide(part.Author.ID, e)", "!e.Decision.ByNote"}},
		},
		{
			name: "a verdict told with what follows the action", pkg: "./tools", run: "^TestAStaleActionWithWhatFollows",
			edits: []edit{{"internal/ledger/event.go", "if t.events[i].Action == r.ID {", "if t.events[i].Action != \"\" {"}},
		},
		simulated("what another worker has resumed performed once more",
			edit{"policies/resume.go", "if ours && e.State == Executing {", "if (ours || e.ID != \"\") && e.State == Executing {"}),
		{
			name: "a refund that is not found taken for one that was not made", pkg: "./policies", run: ".",
			edits: []edit{{"policies/action.go", "\treturn Review\n}", "\treturn Failed\n}"}},
		},
		{
			name: "a claim taken for a proof", pkg: "./policies", run: "^TestJudging$",
			edits: []edit{{"policies/identity.go", "if is == Proven {", "if is == Proven || is == Claimed {"}},
		},
		{
			name: "an e-mail taken for a verified message", pkg: "./tools", run: "^TestOnlyAProvenAskerIsRefundedAlone$",
			edits: []edit{{"tools/ticket.go", `c.Channel == "conversation" && `, ""}},
		},
		{
			name: "a link that holds before anybody has confirmed it", pkg: "./internal/ledger", run: "^TestSQLite$/^links$",
			edits: []edit{{"internal/ledger/list.go", " AND entry.state = 'done' ORDER BY hold.at", " ORDER BY hold.at"}},
		},
		linking("an address that is read back", "^TestEveryPlaceholderReachesTheCustomerAndNoAgent$",
			edit{"internal/intercom/conversation.go", "return read.masked(), err", "return read, err"}),
		linking("a page of somebody else's", "^TestAPageThatCannotBeSentIsRefusedBeforeAnythingIs$",
			edit{"tools/links.go", "t.Asker.Owns(customer)", `customer != ""`}),
		linking("a portal that opens for whoever asks", "^TestOnlyAProvenAskerGetsASession$",
			edit{"policies/page.go", "a.Identity != Proven || ", ""}),
		linking("a filled reply that is never found again", "^TestAFaultNeverSendsAFilledReplyTwice$",
			edit{"internal/intercom/text.go", "squeeze(policies.Unaddressed(text))", "squeeze(text)"}),
		attacked("what a person let go on performed unasked",
			edit{"policies/approvers.go", `e.Approver == "" || e.Digest != d.Digest {`, `e.Approver != "" || e.Digest != d.Digest {`}),
		attacked("what may have been lost sent again unjudged",
			edit{"policies/approvers.go", "if g.Approvers == nil {\n\t\treturn a, nil", "if g.Approvers != nil {\n\t\treturn a, nil"}),
		attacked("an approval of another action",
			edit{"internal/approvers/panel.go", "\tcase s != want:\n", "\tcase s.Purpose != want.Purpose:\n"}),
		{
			name: "an approval that has expired", pkg: "./internal/approvers", run: ".",
			edits: []edit{{"internal/approvers/panel.go", "if s.Purpose != Settle && !now.Before(s.Until) {", "if s.Purpose == Settle && !now.Before(s.Until) {"}},
		},
		attacked("a roster that the database alone names",
			edit{"cmd/supportmcp/roster.go", "both := accepted.Within(here)", "both := accepted.Within(*accepted)"},
			edit{"cmd/supportmcp/roster.go", "_, here, err := readRoster(a.file)", "_, _, err = readRoster(a.file)"}),
		{
			name: "a note believed for any amount", pkg: "./cmd/supportmcp", run: "^TestWithoutAPersonNoNoteLetsMoneyGo$",
			edits: []edit{{"internal/approvers/note.go", "\tcase !need.Note:", "\tcase need.Note && need.Count() > 1:"}},
		},
		{
			name: "a note believed as the ledger tells of it", pkg: "./internal/approvers", run: "^TestANoteCountsOnlyAsItIsReadAgain$",
			edits: []edit{{"internal/approvers/note.go", "\tif kept != now {", "\tif kept.Admin != now.Admin {"}},
		},
		{
			name: "a token that was revoked or has expired", pkg: "./internal/tokens", run: "^TestATokenOpens",
			edits: []edit{{"internal/tokens/authenticate.go", " || !t.Good(s.now())", ""}},
		},
		{
			name: "a token of a provider for somebody else", pkg: "./internal/oauth", run: "^TestWhatIsNoGood",
			edits: []edit{{"internal/oauth/oauth.go", "ClientID: p.config.Resource,", "SkipClientIDCheck: true,"}},
		},
		{
			name: "a provider asked for every made-up key", pkg: "./internal/oauth", run: "^TestForgedTokens",
			edits: []edit{{"internal/oauth/keys.go", "since < between", "since < 0"}},
		},
		{
			name: "a reply sent with a scope for refunds", pkg: "./server", run: "^TestArgumentsNeed",
			edits: []edit{{"tools/scope.go", "if _, replies := given[\"then_reply\"]; replies {", "if _, replies := given[\"then_reply\"]; replies && needed != nil {"}},
		},
		{
			name: "a principal's own budget left out of the judgement", pkg: "./policies", run: "^TestAPrincipalsOwnBudget",
			edits: []edit{{"policies/allowance.go", "r.own = own\n", "_ = own\n"}},
		},
	}
}

// linking is found by what an agent, or the customer, gets to see of links.
func linking(name, run string, edits ...edit) mutant {
	return mutant{name: name, edits: edits, pkg: "./tools", run: run}
}

// attacked is found by what somebody does who can write to the database.
func attacked(name string, edits ...edit) mutant {
	return mutant{name: name, edits: edits, pkg: "./cmd/supportmcp", run: "^TestWithoutAnApproversKeyNothingThatWaitsIsCarriedOut$"}
}
