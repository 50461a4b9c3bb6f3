package intercom

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Kept is the receipt of attributes that were set.
type Kept struct {
	Contact string   `json:"contact_id"`        // that has them now, if it was merged
	Changed []string `json:"changed,omitempty"` // by this call; what was so already is left out
	Made    []string `json:"made,omitempty"`    // attributes that the workspace did not have
	Already bool     `json:"already,omitempty"` // all was so before; nothing was sent
}

// Created is the receipt of a new contact.
type Created struct {
	Contact string `json:"contact_id"`
	Role    string `json:"role"`
	Already bool   `json:"already,omitempty"` // it was there before; nothing was made
}

// UpdateContact sets the attributes the permit holds. It looks first, and writes
// only what differs. An attribute that the workspace lacks is made once, where the
// action says with which type
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/updatecontact).
func (c *Client) UpdateContact(ctx context.Context, p *policies.Permit[policies.Contact]) (Kept, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Kept{}, err
	}
	if err := c.checkContactWriter(a.ID); err != nil {
		return Kept{}, err
	}
	id, has, err := c.contactValues(ctx, a.ID)
	if err != nil {
		return Kept{}, err
	}
	done, set := Kept{Contact: id}, map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(a.Set)) {
		t, made, err := c.ensureAttribute(ctx, name, DataType(a.Make[name]))
		if made {
			done.Made = append(done.Made, name)
		}
		if err != nil {
			return done, half(err, len(done.Made) > 0)
		}
		v, err := t.Value(a.Set[name])
		if err != nil {
			return done, half(err, len(done.Made) > 0)
		}
		if !sameValue(has[name], v) {
			set[name], done.Changed = v, append(done.Changed, name)
		}
	}
	if done.Already = len(set) == 0; done.Already {
		return done, nil
	}
	_, err = c.write(ctx, call{
		what: "update contact " + id, method: http.MethodPut, path: "/contacts/" + id,
		body: struct {
			Attributes map[string]any `json:"custom_attributes"`
		}{set},
	}, new(wireContact))
	return done, half(err, len(done.Made) > 0)
}

// FindUpdate tells whether the contact has the values that were to be set.
func (c *Client) FindUpdate(ctx context.Context, a policies.Contact, _ string) (Kept, bool, error) {
	id, has, err := c.contactValues(ctx, a.ID)
	if err != nil {
		return Kept{}, false, err
	}
	done := Kept{Contact: id}
	for _, name := range slices.Sorted(maps.Keys(a.Set)) {
		t, err := c.ContactAttribute(ctx, name)
		if err != nil || t == "" {
			return done, false, err
		}
		if v, err := t.Value(a.Set[name]); err != nil || !sameValue(has[name], v) {
			return done, false, nil //nolint:nilerr // a value that does not fit was not set
		}
		done.Changed = append(done.Changed, name)
	}
	return done, true, nil
}

func (c *Client) contactValues(ctx context.Context, id string) (now string, values map[string]any, err error) {
	var w struct {
		ID     ident          `json:"id"`
		Values map[string]any `json:"custom_attributes"`
	}
	err = c.readContact(ctx, id, &w)
	return string(w.ID), w.Values, err
}

// sameValue compares a value that Intercom tells with one that is to be set, both
// as text: numbers come back as floats.
func sameValue(has, wanted any) bool { return valueText(has) == valueText(wanted) }

func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// CreateContact makes the contact the permit holds, unless there is one with its
// address: a user, or one with the wanted role. Search lags, so Intercom may know
// of one that was not found; it then refuses, and that one is the receipt
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/createcontact).
func (c *Client) CreateContact(ctx context.Context, p *policies.Permit[policies.NewContact]) (Created, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Created{}, err
	}
	if err := c.checkWriter("1"); err != nil {
		return Created{}, err
	}
	found, ok, err := c.FindContact(ctx, a, "")
	if err != nil || ok {
		found.Already = ok
		return found, err
	}
	var w wireContact
	answered, err := c.write(ctx, call{
		what: "create contact", method: http.MethodPost, path: "/contacts",
		body: struct {
			Role  string `json:"role"`
			Email string `json:"email"`
			Name  string `json:"name,omitempty"`
		}{a.Role, a.Email, a.Name},
	}, &w)
	if answered.status == http.StatusConflict {
		return c.existing(ctx, answered, err)
	}
	return Created{Contact: string(w.ID), Role: string(w.Role)}, err
}

// FindContact looks for the contact by its address. Of a new one, search may not
// know for minutes.
func (c *Client) FindContact(ctx context.Context, a policies.NewContact, _ string) (Created, bool, error) {
	page, err := c.SearchContacts(ctx, ContactQuery{Email: a.Email}, "", 50)
	if err != nil {
		return Created{}, false, err
	}
	for _, one := range page.Items {
		if strings.EqualFold(one.Email, a.Email) && (one.Role == a.Role || one.Role == "user") {
			return Created{Contact: one.ID, Role: one.Role}, true, nil
		}
	}
	return Created{}, false, nil
}

// existing is the contact that stands in the way of a new one. Intercom names it in
// the message of its refusal only.
func (c *Client) existing(ctx context.Context, refused answer, err error) (Created, error) {
	var w struct {
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if json.Unmarshal(refused.body, &w) != nil || len(w.Errors) == 0 {
		return Created{}, err
	}
	message := w.Errors[0].Message
	m := regexp.MustCompile(`\bid=([0-9a-f]{24})\b`).FindStringSubmatch(message)
	if m == nil {
		return Created{}, err
	}
	if strings.Contains(strings.ToLower(message), "archived") {
		return Created{}, &fault.Error{
			Code: fault.Refused, Took: fault.No, Cause: err,
			Message:  "an archived contact (" + m[1] + ") has this address",
			NextStep: "a person can bring it back in Intercom; no second one is made",
		}
	}
	one, readErr := c.Contact(ctx, m[1])
	if readErr != nil {
		return Created{}, err
	}
	return Created{Contact: one.ID, Role: one.Role, Already: true}, nil
}
