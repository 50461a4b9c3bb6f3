package sandbox_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

func TestEveryStoryIsOnBothSides(t *testing.T) {
	clock := control.NewClock(func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) })
	r, err := sandbox.New(clock).Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	seen := map[string]bool{}
	for _, st := range sandbox.Stories() {
		if seen[st.Name] || st.Summary == "" || sandbox.Conversation(st.Name) != st.Conversation {
			t.Errorf("story %q is not told properly", st.Name)
		}
		seen[st.Name] = true
		var c struct{ State string }
		get(t, r.IntercomURL+"/conversations/"+st.Conversation, sandbox.IntercomToken, &c)
		if c.State != "open" {
			t.Errorf("%s: conversation is %q", st.Name, c.State)
		}
	}
	if len(seen) < 15 {
		t.Errorf("%d stories, want at least 15", len(seen))
	}
	var charges struct{ Data []struct{ ID string } }
	get(t, r.StripeURL+"/v1/charges?customer=cus_maria", sandbox.StripeKey, &charges)
	if len(charges.Data) != 2 || charges.Data[0].ID != "ch_maria_2" {
		t.Errorf("charges of the first story: %+v", charges.Data)
	}
}

func TestTheSameClockGivesTheSameSandbox(t *testing.T) {
	at := func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }
	a, b := sandbox.New(control.NewClock(at)), sandbox.New(control.NewClock(at))
	ca, _ := a.Stripe.Charge("ch_tom_1")
	cb, _ := b.Stripe.Charge("ch_tom_1")
	if ca.Created != cb.Created || ca.Created.IsZero() {
		t.Errorf("created %v and %v", ca.Created, cb.Created)
	}
}

func get(t *testing.T, url, token string, into any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, res.Status)
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}
