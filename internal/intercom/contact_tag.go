package intercom

import (
	"context"
	"net/http"

	"supportmcp/policies"
)

// TaggedContact is the receipt of a change of a contact's tags.
type TaggedContact struct {
	Contact string   `json:"contact_id"`        // that the tags are on now, if it was merged
	Added   []string `json:"added,omitempty"`   // by this call; what was so already is left out
	Removed []string `json:"removed,omitempty"` // by this call
	Tags    []string `json:"tags"`              // all that the contact has now
}

// TagContact adds and removes the tags the permit holds. It looks first, writes only
// what is not so already, and makes a tag that the workspace does not know yet.
func (c *Client) TagContact(ctx context.Context, p *policies.Permit[policies.TagContact]) (TaggedContact, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return TaggedContact{}, err
	}
	if err := c.checkContactTags(a); err != nil {
		return TaggedContact{}, err
	}
	id, has, err := c.contactTags(ctx, a.Contact)
	if err != nil {
		return TaggedContact{}, err
	}
	done, err := c.retag(ctx, has, a.Add, a.Remove, taggable{
		put:  func(ctx context.Context, t Tag) error { return c.putContactTag(ctx, id, t) },
		take: func(ctx context.Context, t Tag) error { return c.takeContactTag(ctx, id, t) },
	})
	return TaggedContact{Contact: id, Added: done.added, Removed: done.removed, Tags: done.all}, err
}

// FindContactTags tells whether the contact has all tags that were to be added and
// none that was to be removed.
func (c *Client) FindContactTags(ctx context.Context, a policies.TagContact, _ string) (TaggedContact, bool, error) {
	id, tags, err := c.contactTags(ctx, a.Contact)
	if err != nil {
		return TaggedContact{}, false, err
	}
	has := names(tags)
	return TaggedContact{Contact: id, Tags: has}, taggedSo(has, a.Add, a.Remove), nil
}

func (c *Client) checkContactTags(a policies.TagContact) error {
	if err := c.checkContactWriter(a.Contact); err != nil {
		return err
	}
	return checkTagNames(a.Add, a.Remove)
}

// checkContactWriter refuses a write where no admin is configured, as for
// conversations, although Intercom would not ask for one.
func (c *Client) checkContactWriter(contact string) error {
	if err := c.checkWriter("1"); err != nil {
		return err
	}
	return checkContact(contact)
}

// contactTags reads all tags of a contact. Those that a contact itself shows are
// cut off after ten
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/contacts/listtagsforacontact).
func (c *Client) contactTags(ctx context.Context, contact string) (id string, tags []Tag, err error) {
	now, err := c.Contact(ctx, contact)
	if err != nil {
		return "", nil, err
	}
	var w struct {
		Data []wireTag `json:"data"`
	}
	if err := c.read(ctx, "read tags of contact "+now.ID, "/contacts/"+now.ID+"/tags", &w); err != nil {
		return "", nil, err
	}
	for _, t := range w.Data {
		tags = append(tags, t.tag())
	}
	return now.ID, tags, nil
}

func (c *Client) putContactTag(ctx context.Context, contact string, t Tag) error {
	if err := checkTagID(t.ID); err != nil {
		return err
	}
	_, err := c.write(ctx, call{
		what: "tag contact " + contact, method: http.MethodPost, path: "/contacts/" + contact + "/tags",
		body: struct {
			ID string `json:"id"`
		}{t.ID},
	}, new(wireTag))
	return err
}

func (c *Client) takeContactTag(ctx context.Context, contact string, t Tag) error {
	if err := checkTagID(t.ID); err != nil {
		return err
	}
	_, err := c.write(ctx, call{what: "untag contact " + contact, method: http.MethodDelete, path: "/contacts/" + contact + "/tags/" + t.ID}, new(wireTag))
	return err
}
