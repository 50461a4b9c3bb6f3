package intercom

import (
	"context"
	"slices"
	"strings"

	"supportmcp/internal/fault"
)

// taggable is a conversation or a contact: how a tag is put on it and taken off.
type taggable struct {
	put, take func(context.Context, Tag) error
}

// retagged is what a change of tags has come to, complete or not.
type retagged struct{ added, removed, all []string }

// retag adds and removes tags of what has some. It writes only what is not so
// already, and makes a tag that the workspace does not know yet.
func (c *Client) retag(ctx context.Context, has []Tag, add, remove []string, on taggable) (done retagged, err error) {
	done.all = names(has)
	if err = c.putTags(ctx, &done, add, on); err == nil {
		err = takeTags(ctx, &done, has, remove, on)
	}
	return done, half(err, len(done.added)+len(done.removed) > 0)
}

func (c *Client) putTags(ctx context.Context, done *retagged, wanted []string, on taggable) error {
	var known []Tag
	for _, name := range wanted {
		if contains(done.all, name) {
			continue
		}
		if known == nil {
			var err error
			if known, err = c.Tags(ctx); err != nil {
				return err
			}
		}
		t, err := c.tagNamed(ctx, known, name)
		if err != nil {
			return err
		}
		if err := on.put(ctx, t); err != nil {
			return err
		}
		done.added, done.all = append(done.added, t.Name), append(done.all, t.Name)
	}
	return nil
}

func takeTags(ctx context.Context, done *retagged, has []Tag, unwanted []string, on taggable) error {
	for _, t := range has {
		if !contains(unwanted, t.Name) {
			continue
		}
		if err := on.take(ctx, t); err != nil {
			return err
		}
		done.removed = append(done.removed, t.Name)
		done.all = slices.DeleteFunc(done.all, func(name string) bool { return sameName(name, t.Name) })
	}
	return nil
}

// taggedSo reports whether all tags that were to be added are there, and none that
// was to be removed.
func taggedSo(has, add, remove []string) bool {
	missing := func(name string) bool { return !contains(has, name) }
	present := func(name string) bool { return contains(has, name) }
	return !slices.ContainsFunc(add, missing) && !slices.ContainsFunc(remove, present)
}

func checkTagNames(add, remove []string) error {
	for _, name := range slices.Concat(add, remove) {
		if strings.TrimSpace(name) == "" || clean(name) != name {
			return fault.Invalidf("name the tags as Intercom shows them", "a tag's name is empty or holds invisible characters")
		}
		if contains(add, name) && contains(remove, name) {
			return fault.Invalidf("name each tag once", "a tag is both to be added and to be removed")
		}
	}
	return nil
}
