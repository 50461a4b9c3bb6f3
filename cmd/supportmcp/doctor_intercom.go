package main

import (
	"context"
	"errors"
	"net/http"

	"supportmcp/internal/intercom"
)

// mustRead is one kind of thing that the app must be permitted to read.
type mustRead struct {
	things string
	only   string // tools that alone need it; "" when nothing goes without it
	read   func(context.Context) error
}

func neededReads(c *intercom.Client) []mustRead {
	return []mustRead{
		{"conversations", "", func(ctx context.Context) error {
			_, err := c.SearchConversations(ctx, intercom.ConversationQuery{State: "open"}, "", 1)
			return err
		}},
		{"contacts", "", func(ctx context.Context) error {
			_, err := c.SearchContacts(ctx, intercom.ContactQuery{Email: "nobody@example.com"}, "", 1)
			return err
		}},
		{"tags", "tag_conversation and tag_contact", func(ctx context.Context) error {
			_, err := c.Tags(ctx)
			return err
		}},
		{"teams", "assign_conversation", func(ctx context.Context) error {
			_, err := c.Teams(ctx)
			return err
		}},
	}
}

// readable tells which things the app may read. Whether it may write them shows
// at the first write: there is no asking without writing.
func (d *doctor) readable(ctx context.Context, c *intercom.Client) {
	for _, r := range neededReads(c) {
		topic := "intercom." + r.things
		err := r.read(ctx)
		status, _ := errors.AsType[intercom.Status](err)
		forbidden := status == http.StatusForbidden || status == http.StatusUnauthorized
		permit := "give the app in Intercom's Developer Hub the permission to read " + r.things
		switch {
		case err == nil:
			d.ok(topic, "%s can be read", r.things)
		case forbidden && r.only != "":
			d.add(warning, topic, "the app may not read "+r.things+", without which "+r.only+" cannot work", permit)
		case forbidden:
			d.fails(topic, err, permit)
		default:
			d.fails(topic, err, d.intercomMend(err))
		}
	}
}
