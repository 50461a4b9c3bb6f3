package intercomapi

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Intercom signs with it
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Webhook is an address that is told of what happens, as an app sets it up in
// Intercom's developer hub; the API has nothing for it.
type Webhook struct {
	URL    string   `json:"url"`
	Secret string   `json:"secret"` // the app's client secret, which signs
	Topics []string `json:"topics"` // none is every topic
	Live   bool     `json:"live"`   // told at once, and not when Deliver is called
}

// Delivery says how Deliver sends. The zero value sends each notification once, in order.
type Delivery struct {
	Twice     bool `json:"twice"`     // each is sent two times, as Intercom may
	Backwards bool `json:"backwards"` // the newest goes first
}

// notification is one thing that the webhook is to be told.
type notification struct {
	id, topic string
	at        time.Time
	item      object
	first     time.Time // when it was sent first
	attempts  int
}

// mostAttempts is how often a notification is sent until it is given up.
const mostAttempts = 3

// hooks is the webhook, and what it has not taken yet.
type hooks struct {
	to      Webhook
	pending []notification
	made    int64
}

// SetWebhook tells an address from now on, beginning with a ping, which the next
// delivery sends.
func (s *Server) SetWebhook(w Webhook) {
	s.seed(func() {
		s.hooks.to, s.hooks.pending = w, nil
		s.hooks.add("ping", s.clock.Now(), object{"type": "ping", "message": "something something interzen"})
	})
}

func (h *hooks) add(topic string, at time.Time, item object) {
	wanted := topic == "ping" || len(h.to.Topics) == 0 || slices.Contains(h.to.Topics, topic)
	if h.to.URL == "" || !wanted {
		return
	}
	h.made++
	h.pending = append(h.pending, notification{id: fmt.Sprintf("notif_%016x", h.made), topic: topic, at: at, item: item})
}

// notify queues what a new part of a conversation means to the webhook. Its item is the
// conversation with that part alone, as plain text
// (https://developers.intercom.com/docs/references/webhooks/webhook-models).
func (s *Server) notify(c *conversation, p part) {
	topic := topicOf(p)
	if topic == "" || s.hooks.to.URL == "" {
		return
	}
	item := s.conversationView(c, asText)
	item["conversation_parts"] = object{
		"type": "conversation_part.list", "conversation_parts": []object{s.partView(p, asText)}, "total_count": 1,
	}
	s.hooks.add(topic, p.at, item)
	if s.hooks.to.Live {
		go func() { _ = s.Deliver(context.Background(), Delivery{}) }() // what fails is sent again with the next one
	}
}

func topicOf(p part) string {
	if p.author.kind == isContact {
		return "conversation.user.replied"
	}
	return map[string]string{
		partComment: "conversation.admin.replied", partNote: "conversation.admin.noted", partClose: "conversation.admin.closed",
		partOpen: "conversation.admin.opened", partSnoozed: "conversation.admin.snoozed", partUnsnoozed: "conversation.admin.unsnoozed",
		partAssignment: "conversation.admin.assigned", partAssignAndReopen: "conversation.admin.assigned",
	}[p.kind]
}

// Deliver sends what has happened since, signed as Intercom signs
// (https://developers.intercom.com/docs/webhooks/setting-up-webhooks). What is not
// answered with 2xx is an error, and is sent again by the next deliveries, a few times.
func (s *Server) Deliver(ctx context.Context, how Delivery) error {
	to, batch := s.undelivered(how)
	var failed error
	for _, n := range batch {
		err := n.send(ctx, to, s.Settings.AppID)
		failed = errors.Join(failed, err)
		s.delivered(n.id, err == nil)
	}
	return failed
}

func (s *Server) undelivered(how Delivery) (Webhook, []notification) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []notification
	for i := range s.hooks.pending {
		n := &s.hooks.pending[i]
		n.attempts++
		if n.first.IsZero() {
			n.first = s.clock.Now()
		}
		if out = append(out, *n); how.Twice {
			out = append(out, *n)
		}
	}
	if how.Backwards {
		slices.Reverse(out)
	}
	return s.hooks.to, out
}

func (s *Server) delivered(id string, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks.pending = slices.DeleteFunc(s.hooks.pending, func(n notification) bool {
		return n.id == id && (taken || n.attempts >= mostAttempts)
	})
}

func (n notification) send(ctx context.Context, to Webhook, app string) error {
	body, err := json.Marshal(object{
		"type": "notification_event", "app_id": app, "id": n.id, "topic": n.topic, "created_at": n.at.Unix(),
		"first_sent_at": n.first.Unix(), "delivery_attempts": n.attempts, "delivery_status": "pending", "delivered_at": 0,
		"self": nil, "links": object{}, "data": object{"type": "notification_event_data", "item": n.item},
	})
	if err != nil {
		return fmt.Errorf("encode a notification: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("deliver a notification: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Hub-Signature", signature(to.Secret, body))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("deliver a notification: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("deliver a notification: %s answered %s", to.URL, res.Status)
	}
	return nil
}

func signature(secret string, body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write(body)
	return "sha1=" + hex.EncodeToString(mac.Sum(nil))
}
