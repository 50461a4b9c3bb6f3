package intercomapi_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"supportmcp/internal/sandbox/intercomapi"
)

// told is what a webhook was sent, and how it answers.
type told struct {
	url    string
	topics []string
	ids    []string
	bodies []string
	status int
}

const hookSecret = "client-secret"

// hook is an address that a desk tells.
func (d desk) hook(topics ...string) *told {
	d.t.Helper()
	h := &told{status: http.StatusOK}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha1.New, []byte(hookSecret))
		mac.Write(body)
		if r.Header.Get("X-Hub-Signature") != "sha1="+hex.EncodeToString(mac.Sum(nil)) {
			d.t.Errorf("the signature is %q", r.Header.Get("X-Hub-Signature"))
		}
		var n struct{ Type, ID, Topic string }
		if err := json.Unmarshal(body, &n); err != nil || n.Type != "notification_event" {
			d.t.Errorf("told %s: %v", body, err)
		}
		h.topics, h.ids, h.bodies = append(h.topics, n.Topic), append(h.ids, n.ID), append(h.bodies, string(body))
		w.WriteHeader(h.status)
	}))
	d.t.Cleanup(web.Close)
	h.url = web.URL
	d.SetWebhook(intercomapi.Webhook{URL: web.URL, Secret: hookSecret, Topics: topics})
	return h
}

func (d desk) deliver(how intercomapi.Delivery, wantFailed bool) {
	d.t.Helper()
	if err := d.Deliver(d.t.Context(), how); (err != nil) != wantFailed {
		d.t.Errorf("delivered with %v", err)
	}
}

func TestAWebhookIsToldOfEachTopicOnceAndSigned(t *testing.T) {
	d := newDesk(t)
	h := d.hook()
	d.deliver(intercomapi.Delivery{}, false)
	d.Write(ticket, intercomapi.Message{From: "contact:" + ana, Body: "Anybody <there>?"})
	d.Write(ticket, intercomapi.Message{From: "admin:" + mia, Body: "approve it", Note: true})
	d.Write(ticket, intercomapi.Message{From: "admin:" + mia, Body: "Hello"})
	d.deliver(intercomapi.Delivery{}, false)
	d.deliver(intercomapi.Delivery{}, false) // there is no more
	want := []string{"ping", "conversation.user.replied", "conversation.admin.noted", "conversation.admin.replied"}
	if !slices.Equal(h.topics, want) {
		t.Errorf("told of %v, want %v", h.topics, want)
	}
	var noted struct {
		AppID    string `json:"app_id"`
		Attempts int    `json:"delivery_attempts"`
		Data     struct {
			Item struct {
				ID    string
				Parts struct {
					Parts []struct{ Body string } `json:"conversation_parts"`
				} `json:"conversation_parts"`
			}
		}
	}
	if err := json.Unmarshal([]byte(h.bodies[2]), &noted); err != nil {
		t.Fatal(err)
	}
	if p := noted.Data.Item.Parts.Parts; noted.AppID != "sandbox1" || noted.Attempts != 1 || noted.Data.Item.ID != ticket || len(p) != 1 || p[0].Body != "approve it" {
		t.Errorf("told %s", h.bodies[2])
	}
}

func TestAWebhookIsToldTwiceOrBackwardsWhenAsked(t *testing.T) {
	d := newDesk(t)
	h := d.hook("conversation.admin.noted")
	d.Write(ticket, intercomapi.Message{From: "admin:" + mia, Body: "one", Note: true})
	d.Write(ticket, intercomapi.Message{From: "admin:" + mia, Body: "no note"})
	d.deliver(intercomapi.Delivery{Twice: true, Backwards: true}, false)
	if want := []string{"conversation.admin.noted", "conversation.admin.noted", "ping", "ping"}; !slices.Equal(h.topics, want) || h.ids[0] != h.ids[1] {
		t.Errorf("told %v, %v", h.topics, h.ids)
	}
}

func TestWhatAWebhookDoesNotTakeIsSentAgainAFewTimes(t *testing.T) {
	d := newDesk(t)
	h := d.hook()
	h.status = http.StatusInternalServerError
	for _, failed := range []bool{true, true, true, false} {
		d.deliver(intercomapi.Delivery{}, failed)
	}
	if len(h.ids) != 3 || h.ids[0] != h.ids[2] || !strings.Contains(h.bodies[2], `"delivery_attempts":3`) {
		t.Errorf("told %d times: %v", len(h.ids), h.bodies)
	}
}

func TestAPersonTypesANoteThroughTheControl(t *testing.T) {
	d := newDesk(t)
	for body, status := range map[string]int{
		`{"conversation":"` + ticket + `","admin":"` + mia + `","note":"approve abc"}`: http.StatusNoContent,
		`{"conversation":"1","admin":"` + mia + `","note":"x"}`:                        http.StatusBadGateway,
		`{"conversation":"` + ticket + `","admin":"1","note":"x"}`:                     http.StatusBadGateway,
		`{"nonsense":1}`: http.StatusBadRequest,
	} {
		res, err := http.Post(d.url+"/_sandbox/write", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", body, res.StatusCode, status)
		}
	}
	c, _ := d.Conversation(ticket)
	if last := c.Parts[len(c.Parts)-1]; last.Type != "note" || last.Author != "admin:"+mia {
		t.Errorf("the last part is %+v", last)
	}
}
