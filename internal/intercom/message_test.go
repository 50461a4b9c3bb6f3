package intercom_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"supportmcp/internal/fault"
	"supportmcp/internal/intercom"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/policies"
)

func TestReplyIsOneCommentByOurAdmin(t *testing.T) {
	d := newDesk(t)
	a := policies.Reply{Message: d.message(ticket, "Dear Ana,\n\nit is on\nits way.")}
	sent, err := perform(t, a, plainly(d.Client))
	if err != nil {
		t.Fatal(err)
	}
	parts := d.state(ticket).Parts
	if len(parts) != 1 {
		t.Fatalf("the conversation has the parts %+v", parts)
	}
	p := parts[0]
	if p.Type != "comment" || p.Author != "admin:"+mia || p.Text != a.Body {
		t.Errorf("Intercom has %+v", p)
	}
	want := intercom.Sent{Part: p.ID, Conversation: ticket, State: "open", SentAt: noon()}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Error(diff)
	}
}

func TestReplyThatClosesIsOneRequest(t *testing.T) {
	d := newDesk(t)
	a := policies.Reply{Message: d.message(ticket, "Done, goodbye."), Close: true}
	sent, err := perform(t, a, plainly(d.Client))
	if err != nil {
		t.Fatal(err)
	}
	s := d.state(ticket)
	if s.State != "closed" || len(s.Parts) != 1 || s.Parts[0].Type != "close" || s.Parts[0].Text != a.Body {
		t.Errorf("Intercom has %+v", s)
	}
	if sent.State != "closed" || sent.Part != s.Parts[0].ID {
		t.Errorf("receipt %+v", sent)
	}
	if diff := cmp.Diff([]string{"POST /conversations/ticket/parts"}, d.writes()); diff != "" {
		t.Error(diff)
	}
	if found, ok, err := d.FindReply(t.Context(), a, "act_1"); err != nil || !ok || found.Part != sent.Part {
		t.Errorf("found %+v, %v, %v", found, ok, err)
	}
}

func TestNoteStaysInternal(t *testing.T) {
	d := newDesk(t)
	text := "Refunded 12.50 EUR"
	note := policies.Note{Message: d.message(ticket, text)}
	sent, err := perform(t, note, d.AddNote)
	if err != nil {
		t.Fatal(err)
	}
	if p := d.state(ticket).Parts; len(p) != 1 || p[0].Type != "note" || p[0].ID != sent.Part {
		t.Errorf("Intercom has %+v", p)
	}
	if _, ok, err := d.FindNote(t.Context(), note, "act_1"); !ok || err != nil {
		t.Errorf("the note is not found: %v", err)
	}
	if _, ok, err := d.FindReply(t.Context(), policies.Reply{Message: note.Message}, "act_1"); ok || err != nil {
		t.Errorf("a note was taken for a reply: %v", err)
	}
}

func TestFindReplyTellsWhatBecameOfALostAnswer(t *testing.T) {
	for _, c := range []struct {
		kind  control.Kind
		found bool
	}{
		{control.ErrorAfter, true},
		{control.CutAfter, true},
		{control.ErrorBefore, false},
		{control.CutBefore, false},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			d := newDesk(t)
			a := policies.Reply{Message: d.message(ticket, "5 < 6 & \"so\" it is done")}
			d.inject(control.Fault{Method: "POST", Kind: c.kind, Status: 502})
			_, err := perform(t, a, plainly(d.Client))
			wantFault(t, err, fault.Upstream, fault.Unknown)
			sent, found, err := d.FindReply(t.Context(), a, "act_1")
			if err != nil || found != c.found {
				t.Fatalf("found %v, %v; want %v", found, err, c.found)
			}
			if parts := d.state(ticket).Parts; found && (len(parts) != 1 || parts[0].ID != sent.Part) {
				t.Errorf("receipt %+v, but Intercom has %+v", sent, parts)
			}
			if n := len(d.writes()); n != 1 {
				t.Errorf("it was sent %d times", n)
			}
		})
	}
}

func TestFindReplyTakesNothingElseForOurs(t *testing.T) {
	d := newDesk(t)
	d.AddConversation(intercomapi.Conversation{ID: "5", Contacts: []string{ana}, Messages: []intercomapi.Message{
		{From: "contact:" + ana, Body: "Hello"},
		{From: "admin:" + mia, Body: "Same words"}, // before
		{From: "contact:" + ana, Body: "and now?"}, // the last part when it was decided
		{From: "contact:" + ana, Body: "Same words"},
		{From: "admin:" + noSeat, Body: "Same words"},
		{From: "admin:" + mia, Body: "Same words", Note: true},
		{From: "admin:" + mia, Body: "Same words, more"},
	}})
	parts := d.state("5").Parts
	a := policies.Reply{Message: policies.Message{Asker: asker("5"), Body: "Same words", After: parts[1].ID}}
	if sent, found, err := d.FindReply(t.Context(), a, "act_1"); found || err != nil {
		t.Errorf("found %+v, %v", sent, err)
	}
	a.After = parts[0].ID
	a.Body = "Same words,\nmore"
	if sent, found, err := d.FindReply(t.Context(), a, "act_1"); !found || err != nil || sent.Part != parts[5].ID {
		t.Errorf("found %+v, %v, %v; want %s", sent, found, err, parts[5].ID)
	}
}

func TestFindReplyWhenThePlaceIsNoLongerListed(t *testing.T) {
	d := newDesk(t)
	messages := []intercomapi.Message{{From: "contact:" + ana, Body: "start"}, {From: "contact:" + ana, Body: "here"}}
	for range 510 {
		messages = append(messages, intercomapi.Message{From: "contact:" + ana, Body: "more"})
	}
	messages = append(messages, intercomapi.Message{From: "admin:" + mia, Body: "answer"})
	d.AddConversation(intercomapi.Conversation{ID: "5", Contacts: []string{ana}, Messages: messages})
	all := d.state("5").Parts
	a := policies.Reply{Message: policies.Message{Asker: asker("5"), Body: "answer", After: all[0].ID}}
	if sent, found, err := d.FindReply(t.Context(), a, "act_1"); !found || err != nil || sent.Part != all[len(all)-1].ID {
		t.Errorf("found %+v, %v, %v", sent, found, err)
	}
	a.After = "99999999999999999999"
	if _, found, err := d.FindReply(t.Context(), a, "act_1"); found || err != nil {
		t.Errorf("a part before the place was taken for ours: %v", err)
	}
}

func TestAnyTextIsSentAsTextAndFoundAgain(t *testing.T) {
	d := newDesk(t)
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		n++
		id := strconv.Itoa(n)
		d.AddConversation(intercomapi.Conversation{ID: id, Contacts: []string{ana}, Messages: []intercomapi.Message{{From: "contact:" + ana, Body: "?"}}})
		body := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>/&;"' abp!\-\n]{1,40}`)).
			Filter(func(s string) bool { return intercom.ToHTML(s) != "" }).Draw(r, "body")
		a := policies.Note{Message: d.message(id, body)} // the guard refuses markup in replies
		sent, err := perform(t, a, d.AddNote)
		if err != nil {
			r.Fatal(err)
		}
		found, ok, err := d.FindNote(t.Context(), a, "act_1")
		if err != nil || !ok || found.Part != sent.Part {
			r.Fatalf("%q: sent %+v, found %+v, %v, %v", body, sent, found, ok, err)
		}
		if stored := last(d.state(id).Parts).Body; strings.Contains(strings.NewReplacer("<p>", "", "</p>", "", "<br>", "", "\n", "").Replace(stored), "<") {
			r.Fatalf("%q became markup: %q", body, stored)
		}
	})
}

func last[T any](s []T) T { return s[len(s)-1] }

// Of a note nothing is left once what nobody sees is taken out; the guard refuses
// such replies, and lets colleagues write what they like.
func TestANoteOfNothingIsRefusedBeforeAnyRequest(t *testing.T) {
	d := newDesk(t)
	n := policies.Note{Message: policies.Message{Asker: policies.Asker{Conversation: "1"}, Body: " \n\u200b\u202e", After: "1"}}
	d.Desk.Forget()
	_, err := perform(t, n, d.AddNote)
	wantFault(t, err, fault.Invalid, fault.No)
	if n := d.Desk.Requests(); len(n) != 0 {
		t.Errorf("%d requests were sent", len(n))
	}
}

func TestMessageIsRefusedBeforeAnyRequest(t *testing.T) {
	d := newDesk(t)
	good := d.message(ticket, "Hello")
	with := func(change func(*policies.Message)) policies.Note {
		m := good
		change(&m)
		return policies.Note{Message: m}
	}
	for name, c := range map[string]struct {
		a    policies.Note
		code fault.Code
	}{
		"last":         {with(func(m *policies.Message) { m.Asker.Conversation = "last" }), fault.Invalid},
		"path":         {with(func(m *policies.Message) { m.Asker.Conversation = "1/../2" }), fault.Invalid},
		"no id":        {with(func(m *policies.Message) { m.Asker.Conversation = "" }), fault.Invalid},
		"no place":     {with(func(m *policies.Message) { m.After = "" }), fault.Internal},
		"place unlike": {with(func(m *policies.Message) { m.After = "last" }), fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			d.Desk.Forget()
			_, err := perform(t, c.a, d.AddNote)
			wantFault(t, err, c.code, fault.No)
			if _, found, err := d.FindNote(t.Context(), c.a, "act_1"); found || err == nil {
				t.Errorf("found %v, %v", found, err)
			}
			if n := d.Desk.Requests(); len(n) != 0 {
				t.Errorf("asked Intercom: %+v", n)
			}
		})
	}
}

func TestWriteNamesAnUnknownConversationNotFound(t *testing.T) {
	d := newDesk(t)
	_, err := perform(t, policies.Note{Message: policies.Message{Asker: asker("999"), Body: "x", After: "1"}}, d.AddNote)
	wantFault(t, err, fault.NotFound, fault.No)
}

func TestAcceptedMessageThatCannotBeRecognisedIsStillSent(t *testing.T) {
	c := odd(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":"1","state":"open","updated_at":1795435200,"conversation_parts":{"conversation_parts":[
			{"id":"7","part_type":"comment","author":{"type":"admin","id":"991"},"body":"<p>rewritten by a rule</p>"}]}}`))
	})
	a := policies.Reply{Message: policies.Message{Asker: asker("1"), Body: "x", After: "6"}}
	sent, err := perform(t, a, plainly(c))
	want := intercom.Sent{Part: "7", Conversation: "1", State: "open", SentAt: noon()}
	if diff := cmp.Diff(want, sent); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestReplyIsFoundUnderAnyTypeTheCustomerSees(t *testing.T) {
	for partType, found := range map[string]bool{
		"comment": true, "open": true, "close": true, "assignment": true, "assign_and_reopen": true,
		"note": false, "note_and_reopen": false,
	} {
		c := odd(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"id":"1","source":{"id":"6"},"conversation_parts":{"conversation_parts":[
				{"id":"2","part_type":"` + partType + `","author":{"type":"admin","id":991},"body":"<p>x</p>"}]}}`))
		})
		m := policies.Message{Asker: asker("1"), Body: "x", After: "6"}
		_, reply, err := c.FindReply(t.Context(), policies.Reply{Message: m}, "")
		if reply != found || err != nil {
			t.Errorf("%s as a reply: %v, %v", partType, reply, err)
		}
		_, note, err := c.FindNote(t.Context(), policies.Note{Message: m}, "")
		if note == found || err != nil {
			t.Errorf("%s as a note: %v, %v", partType, note, err)
		}
	}
}

func TestLookThatFailsIsNotTakenForNotFound(t *testing.T) {
	d := newDesk(t)
	m := d.message(ticket, "x")
	d.inject(control.Fault{Method: "GET", Kind: control.ErrorBefore, Times: -1})
	_, reply, err1 := d.FindReply(t.Context(), policies.Reply{Message: m}, "")
	_, note, err2 := d.FindNote(t.Context(), policies.Note{Message: m}, "")
	_, state, err3 := d.FindState(t.Context(), policies.SetState{Asker: asker(ticket), State: policies.Open}, "")
	_, tags, err4 := d.FindTags(t.Context(), policies.Tag{Asker: asker(ticket)}, "")
	for _, err := range []error{err1, err2, err3, err4} {
		wantFault(t, err, fault.Upstream, fault.No)
	}
	if reply || note || state || tags {
		t.Error("something was found without looking")
	}
}

// A bot's answer to an e-mail is kept and not sent, and one in the Messenger is seen.
func TestAnAnswerThatIsNotMailedSaysSo(t *testing.T) {
	const bot = "993"
	for _, c := range []struct {
		conversation, admin string
		note, notMailed     bool
	}{
		{mail, bot, false, true},
		{mail, mia, false, false},
		{mail, bot, true, false},
		{ticket, bot, false, false},
	} {
		d := newDesk(t)
		d.AddAdmin(intercomapi.Admin{ID: bot, Name: "Operator", Bot: true, HasInboxSeat: true})
		client := d.client(intercom.Config{AdminID: c.admin})
		m := d.message(c.conversation, "Hello")
		send, find := plainly(client), client.FindReply
		var sent, found intercom.Sent
		var err error
		if c.note {
			sent, err = perform(t, policies.Note{Message: m}, client.AddNote)
		} else if sent, err = perform(t, policies.Reply{Message: m}, send); err == nil {
			if found, _, err = find(t.Context(), policies.Reply{Message: m}, ""); found != sent {
				t.Errorf("found %+v, sent %+v", found, sent)
			}
		}
		if err != nil || sent.NotMailed != c.notMailed || sent.Part == "" {
			t.Errorf("%+v: %+v, %v", c, sent, err)
		}
	}
}
