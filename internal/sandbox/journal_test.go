package sandbox_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
	"supportmcp/internal/sandbox/intercomapi"
	"supportmcp/internal/sandbox/stripeapi"
)

// opened is a sandbox that lives in a file, as one process after another has it.
type opened struct {
	*sandbox.Running
	t *testing.T
}

func open(t *testing.T, path string, at time.Time) opened {
	t.Helper()
	s, err := sandbox.Keep(control.NewClock(func() time.Time { return at }), path, "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return opened{r, t}
}

func (o opened) post(url, bearer, contentType, body string, header ...string) (status int, text string) {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (o opened) refund(charge, amount, key string) (status int, text string) {
	return o.post(o.StripeURL+"/v1/refunds", "sk_test_of_the_user", "application/x-www-form-urlencoded", "charge="+charge+"&amount="+amount, "Idempotency-Key", key)
}

// state is all that can be seen from Go of what was changed.
type state struct {
	Refunds       []stripeapi.Refund
	Conversations []intercomapi.ConversationState
}

func (o opened) state() state {
	s := state{Refunds: o.Stripe.Refunds()}
	for _, story := range sandbox.Stories() {
		c, _ := o.Intercom.Conversation(story.Conversation)
		s.Conversations = append(s.Conversations, c)
	}
	return s
}

func TestASandboxLivesOnInItsFile(t *testing.T) {
	path, start := filepath.Join(t.TempDir(), "sandbox.jsonl"), time.Date(2026, 11, 23, 9, 0, 0, 123, time.UTC)
	first := open(t, path, start)
	_, made := first.refund("ch_maria_2", "700", "key_1")
	if status, text := first.refund("ch_olaf_1", "100", "key_2"); status != http.StatusBadRequest {
		t.Fatalf("an uncaptured charge: %d %s", status, text)
	}
	say := `{"message_type":"close","type":"admin","admin_id":"8001","body":"<p>Done &amp; closed</p>"}`
	if status, text := first.post(first.IntercomURL+"/conversations/"+sandbox.Conversation("duplicate-charge")+"/parts", "any-token", "application/json", say); status != http.StatusOK {
		t.Fatalf("a reply: %d %s", status, text)
	}
	first.Clock.Advance(48 * time.Hour)
	want, now := first.state(), first.Clock.Now()
	first.Close()

	second := open(t, path, start)
	if diff := cmp.Diff(want, second.state(), cmp.AllowUnexported(stripeapi.Refund{})); diff != "" || !second.Clock.Now().Equal(now) {
		t.Errorf("it is %s, was %s, and differs:\n%s", second.Clock.Now(), now, diff)
	}
	if n := len(second.Stripe.Desk.Requests()); n != 0 {
		t.Errorf("%d requests are listed that nobody made", n)
	}
	second.Clock.Advance(time.Hour)
	if _, again := second.refund("ch_maria_1", "300", "key_3"); again == made {
		t.Error("a new refund is an old one")
	}
	third := open(t, path, start)
	if n := len(third.Stripe.RefundsOf("ch_maria_1")); n != 1 {
		t.Errorf("%d refunds of the second life are there in the third", n)
	}
}

func TestAKeyIsRepeatedAcrossLives(t *testing.T) {
	path, start := filepath.Join(t.TempDir(), "sandbox.jsonl"), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	first := open(t, path, start)
	_, made := first.refund("ch_maria_2", "700", "key_1")
	first.Close()
	second := open(t, path, start.Add(time.Hour))
	if _, again := second.refund("ch_maria_2", "700", "key_1"); again != made {
		t.Errorf("the key is answered with\n%s\nwant\n%s", again, made)
	}
	if n := len(second.Stripe.RefundsOf("ch_maria_2")); n != 1 {
		t.Errorf("%d refunds", n)
	}
}

// A process may die while it writes a line. It has not answered then.
func TestAJournalThatWasCutOffLosesOnlyItsLastWrite(t *testing.T) {
	path, start := filepath.Join(t.TempDir(), "sandbox.jsonl"), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	first := open(t, path, start)
	first.refund("ch_maria_2", "100", "key_1")
	first.refund("ch_maria_2", "200", "key_2")
	first.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(b)))
	for cut := 1; cut < len(lines[2]); cut += 37 {
		if err := os.WriteFile(path, b[:len(b)-cut], 0o600); err != nil {
			t.Fatal(err)
		}
		o := open(t, path, start)
		if n := len(o.Stripe.RefundsOf("ch_maria_2")); n != 1 {
			t.Errorf("%d bytes cut off: %d refunds", cut, n)
		}
		o.refund("ch_maria_2", "300", "key_3")
		o.Close()
		if n := len(open(t, path, start).Stripe.RefundsOf("ch_maria_2")); n != 2 {
			t.Errorf("%d bytes cut off, and written on: %d refunds", cut, n)
		}
	}
}

func TestAJournalThatDoesNotFitIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	for name, text := range map[string]string{
		"no start":       `{"vendor":"stripe"}` + "\n",
		"no journal":     "hello\n",
		"other outcomes": `{"start":"2026-11-23T09:00:00Z"}` + "\n" + `{"at":"2026-11-23T09:00:01Z","vendor":"stripe","method":"POST","url":"/v1/refunds","status":200}` + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := sandbox.Keep(control.NewClock(time.Now), path, ""); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestAJournalRemembersItsSeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clock := control.NewClock(func() time.Time { return at })
	for _, seed := range []sandbox.Seed{sandbox.Large, ""} {
		s, err := sandbox.Keep(clock, path, seed)
		if err != nil {
			t.Fatal(err)
		}
		_, customer := s.Stripe.Customer("cus_crowd009999")
		_, contact := s.Intercom.Contact("64f100000000000000004999")
		if _, story := s.Stripe.Charge("ch_maria_2"); !customer || !contact || !story {
			t.Errorf("opened with seed %q: customer %v, contact %v, story %v", seed, customer, contact, story)
		}
		s.Close()
	}
	other := filepath.Join(t.TempDir(), "sandbox.jsonl")
	open(t, other, at).Close()
	if _, err := sandbox.Keep(clock, other, sandbox.Large); err == nil {
		t.Error("a sandbox with nobody in it was taken for a large one")
	}
}

func TestAJournalHoldsNoCredential(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sandbox.jsonl")
	o := open(t, path, time.Now())
	o.refund("ch_maria_2", "100", "key_1")
	b, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(b), "sk_test") || !strings.Contains(string(b), "key_1") {
		t.Errorf("%v: %s", err, b)
	}
}
