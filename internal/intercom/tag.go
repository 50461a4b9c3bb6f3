package intercom

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// Tag is a label of the workspace. Names are unique without regard to case.
type Tag struct{ ID, Name string }

// Tagged is the receipt of a change of tags.
type Tagged struct {
	Conversation string   `json:"conversation_id"`
	Added        []string `json:"added,omitempty"`   // by this call; what was so already is left out
	Removed      []string `json:"removed,omitempty"` // by this call
	Tags         []string `json:"tags"`              // all that the conversation has now
}

type wireTag struct {
	ID   ident `json:"id"`
	Name text  `json:"name"`
}

func (w wireTag) tag() Tag { return Tag{ID: string(w.ID), Name: string(w.Name)} }

// Tags lists all tags of the workspace
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tags/listtags).
func (c *Client) Tags(ctx context.Context) ([]Tag, error) {
	var w struct {
		Data []wireTag `json:"data"`
	}
	if err := c.read(ctx, "list Intercom tags", "/tags", &w); err != nil {
		return nil, err
	}
	tags := make([]Tag, len(w.Data))
	for i, t := range w.Data {
		tags[i] = t.tag()
	}
	return tags, nil
}

// Tag adds and removes the tags the permit holds. It looks first, writes only
// what is not so already, and makes a tag that the workspace does not know yet.
func (c *Client) Tag(ctx context.Context, p *policies.Permit[policies.Tag]) (Tagged, error) {
	a, _, err := p.Redeem()
	if err != nil {
		return Tagged{}, err
	}
	if err := c.checkTags(a); err != nil {
		return Tagged{}, err
	}
	now, err := c.Conversation(ctx, a.Asker.Conversation)
	if err != nil {
		return Tagged{}, err
	}
	done, err := c.retag(ctx, now.Tags, a.Add, a.Remove, taggable{
		put:  func(ctx context.Context, t Tag) error { return c.addTag(ctx, now.ID, t) },
		take: func(ctx context.Context, t Tag) error { return c.removeTag(ctx, now.ID, t) },
	})
	return Tagged{Conversation: now.ID, Added: done.added, Removed: done.removed, Tags: done.all}, err
}

// FindTags tells whether the conversation has all tags that were to be added and
// none that was to be removed.
func (c *Client) FindTags(ctx context.Context, a policies.Tag, _ string) (Tagged, bool, error) {
	now, err := c.Conversation(ctx, a.Asker.Conversation)
	if err != nil {
		return Tagged{}, false, err
	}
	has := names(now.Tags)
	return Tagged{Conversation: now.ID, Tags: has}, taggedSo(has, a.Add, a.Remove), nil
}

func (c *Client) checkTags(a policies.Tag) error {
	if err := c.checkWriter(a.Asker.Conversation); err != nil {
		return err
	}
	return checkTagNames(a.Add, a.Remove)
}

// tagNamed is the tag of that name, made when there is none
// (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/tags/createtag).
func (c *Client) tagNamed(ctx context.Context, known []Tag, name string) (Tag, error) {
	if i := slices.IndexFunc(known, func(t Tag) bool { return sameName(t.Name, name) }); i >= 0 {
		return known[i], nil
	}
	var made wireTag
	_, err := c.write(ctx, call{what: "create Intercom tag", method: http.MethodPost, path: "/tags", body: struct {
		Name string `json:"name"`
	}{name}}, &made)
	return made.tag(), err
}

func (c *Client) addTag(ctx context.Context, conversation string, t Tag) error {
	if err := checkTagID(t.ID); err != nil {
		return err
	}
	_, err := c.write(ctx, call{
		what: "tag conversation " + conversation, method: http.MethodPost, path: "/conversations/" + conversation + "/tags",
		body: tagRequest{ID: t.ID, AdminID: c.admin},
	}, new(wireTag))
	return err
}

type tagRequest struct {
	ID      string `json:"id,omitempty"`
	AdminID string `json:"admin_id"`
}

// removeTag names the admin in the body of a DELETE, which some proxies drop.
func (c *Client) removeTag(ctx context.Context, conversation string, t Tag) error {
	if err := checkTagID(t.ID); err != nil {
		return err
	}
	a, err := c.write(ctx, call{
		what: "untag conversation " + conversation, method: http.MethodDelete, path: "/conversations/" + conversation + "/tags/" + t.ID,
		body: tagRequest{AdminID: c.admin},
	}, new(wireTag))
	if f, ok := errors.AsType[*fault.Error](err); ok && (a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity) {
		f.Message += "; a proxy on the way may have dropped the body of the DELETE request"
	}
	return err
}

// half keeps an action of several steps, of which one was taken, from counting as one
// that had no effect. Doing it again is harmless, so it counts as unknown.
func half(err error, begun bool) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Took == fault.No && begun {
		half := *f
		half.Took, half.NextStep = fault.Unknown, inDoubt
		return &half
	}
	return err
}

func names(tags []Tag) []string {
	out := make([]string, len(tags))
	for i, t := range tags {
		out[i] = t.Name
	}
	return out
}

func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(n string) bool { return sameName(n, name) })
}

func sameName(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
