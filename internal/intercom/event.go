package intercom

import (
	"context"
	"net/http"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Recorded is the receipt of an event.
type Recorded struct {
	Contact string    `json:"contact_id"`
	Event   string    `json:"event"`
	At      time.Time `json:"at"`
}

// RecordEvent tells Intercom of what happened to a contact. Intercom takes an event
// of one contact, name and second once, and answers before it has done so
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/data-events/createdataevent).
func (c *Client) RecordEvent(ctx context.Context, p *policies.Permit[policies.Event]) (Recorded, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Recorded{}, err
	}
	if err := c.checkEvent(a); err != nil {
		return Recorded{}, err
	}
	_, err = c.attempt(ctx, call{
		what: "record event of contact " + a.Asker.Contact, method: http.MethodPost, path: "/events",
		body: event{Name: a.Name, At: a.At.Unix(), Contact: a.Asker.Contact, Facts: a.Facts},
	})
	return recorded(a), err
}

// event is an event in Intercom's terms. Its facts are strings: the reference
// promises numbers, too, and its own schema refuses them.
type event struct {
	Name    string            `json:"event_name"`
	At      int64             `json:"created_at"`
	Contact string            `json:"id"`
	Facts   map[string]string `json:"metadata,omitempty"`
}

// mostFacts is how many keys Intercom keeps of an event's metadata.
const mostFacts = 10

func (c *Client) checkEvent(a policies.Event) error {
	if err := c.checkContactWriter(a.Asker.Contact); err != nil {
		return err
	}
	if a.Name == "" || a.At.Unix() <= 0 || len(a.Facts) > mostFacts {
		return &fault.Error{
			Code: fault.Internal, Took: fault.No, Message: "an event without a name or a time, or with too many facts, cannot be recorded", NextStep: askOperator,
		}
	}
	return nil
}

func recorded(a policies.Event) Recorded {
	return Recorded{Contact: a.Asker.Contact, Event: a.Name, At: a.At}
}

// FindEvent looks for the event among the newest of its contact. Intercom lists
// those of the last 90 days.
func (c *Client) FindEvent(ctx context.Context, a policies.Event, _ string) (Recorded, bool, error) {
	if err := c.checkEvent(a); err != nil {
		return Recorded{}, false, err
	}
	var w struct {
		Events []struct {
			Name text   `json:"event_name"`
			At   moment `json:"created_at"`
		} `json:"events"`
	}
	what := "list events of contact " + a.Asker.Contact
	if err := c.read(ctx, what, "/events?type=user&per_page=100&intercom_user_id="+a.Asker.Contact, &w); err != nil {
		return Recorded{}, false, err
	}
	for _, e := range w.Events {
		if string(e.Name) == a.Name && e.At.Unix() == a.At.Unix() {
			return recorded(a), true, nil
		}
	}
	return Recorded{}, false, nil
}
