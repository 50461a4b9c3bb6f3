package intercomapi

import "iter"

// messages are the source and all parts, oldest first.
func (c *conversation) messages() iter.Seq[part] {
	return func(yield func(part) bool) {
		if !yield(c.source) {
			return
		}
		for _, p := range c.parts {
			if !yield(p) {
				return
			}
		}
	}
}

func (c *conversation) first(match func(part) bool) part {
	for p := range c.messages() {
		if match(p) {
			return p
		}
	}
	return part{}
}

func (c *conversation) last(match func(part) bool) part {
	var found part
	for p := range c.messages() {
		if match(p) {
			found = p
		}
	}
	return found
}

func (c *conversation) count(match func(part) bool) int {
	n := 0
	for _, p := range c.parts {
		if match(p) {
			n++
		}
	}
	return n
}

func byContact(p part) bool { return p.author.kind == isContact }

func adminReplied(p part) bool {
	return p.author.kind == isAdmin && p.body != "" && (p.kind == partComment || p.kind == partClose)
}

func closed(p part) bool { return p.kind == partClose }

func reopened(p part) bool { return p.kind == partOpen || p.kind == partAssignAndReopen }

func assigned(p part) bool { return p.kind == partAssignment || p.kind == partAssignAndReopen }

func (c *conversation) firstContactReply() any {
	p := c.first(byContact)
	if p.id == "" {
		return nil
	}
	return object{"created_at": unix(p.at), "type": c.channel, "url": nil}
}

// statistics counts what happened. Times that Intercom takes from office hours
// or medians are left null.
func (c *conversation) statistics() object {
	closing := c.last(closed)
	return object{
		"type":                           "conversation_statistics",
		"time_to_assignment":             nil,
		"time_to_admin_reply":            c.secondsUntil(adminReplied),
		"time_to_first_close":            c.secondsUntil(closed),
		"time_to_last_close":             c.seconds(closing),
		"median_time_to_reply":           nil,
		"first_contact_reply_at":         unix(c.first(byContact).at),
		"first_assignment_at":            unix(c.first(assigned).at),
		"first_admin_reply_at":           unix(c.first(adminReplied).at),
		"first_close_at":                 unix(c.first(closed).at),
		"last_assignment_at":             unix(c.last(assigned).at),
		"last_assignment_admin_reply_at": nil,
		"last_contact_reply_at":          unix(c.last(byContact).at),
		"last_admin_reply_at":            unix(c.last(adminReplied).at),
		"last_close_at":                  unix(closing.at),
		"last_closed_by_id":              orNull(closing.author.id),
		"count_reopens":                  c.count(reopened),
		"count_assignments":              c.count(assigned),
		"count_conversation_parts":       len(c.parts),
	}
}

func (c *conversation) secondsUntil(match func(part) bool) any { return c.seconds(c.first(match)) }

// seconds is how long after the conversation began a part happened.
func (c *conversation) seconds(p part) any {
	if p.id == "" {
		return nil
	}
	return int64(p.at.Sub(c.created).Seconds())
}
