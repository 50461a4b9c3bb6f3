package contract

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/internal/stripe"
	"supportmcp/policies"
)

func intercomReads() []step {
	return []step{
		call("intercom.Me", func(ctx context.Context, r *run) (intercom.Me, error) { return r.intercom.Me(ctx) }),
		call("intercom.Check", func(ctx context.Context, r *run) (bool, error) { return true, r.intercom.Check(ctx) }),
		call("intercom.VerifiesIdentity", func(ctx context.Context, r *run) (bool, error) { return r.intercom.VerifiesIdentity(ctx) }),
		call("intercom.Admins", func(ctx context.Context, r *run) ([]intercom.Admin, error) { return r.intercom.Admins(ctx) }),
		call("intercom.Admin", func(ctx context.Context, r *run) (intercom.Admin, error) {
			return r.intercom.Admin(ctx, r.IntercomAdmin)
		}),
		call("intercom.Teams", func(ctx context.Context, r *run) ([]intercom.Team, error) { return r.intercom.Teams(ctx) }),
		call("intercom.Segments", func(ctx context.Context, r *run) ([]intercom.Segment, error) { return r.intercom.Segments(ctx) }),
		call("intercom.Macros", func(ctx context.Context, r *run) ([]intercom.Macro, error) { return r.intercom.Macros(ctx) }),
		call("intercom.Attributes", func(ctx context.Context, r *run) ([]intercom.Attribute, error) {
			return r.intercom.Attributes(ctx, intercom.OfContacts)
		}),
		call("intercom.Attributes", func(ctx context.Context, r *run) ([]intercom.Attribute, error) {
			return r.intercom.Attributes(ctx, intercom.OfCompanies)
		}),
		call("intercom.Tags", func(ctx context.Context, r *run) ([]intercom.Tag, error) { return r.intercom.Tags(ctx) }),
		call("intercom.Contact", func(ctx context.Context, r *run) (intercom.Contact, error) { return r.intercom.Contact(ctx, r.contact) }),
		call("intercom.Conversation", func(ctx context.Context, r *run) (intercom.Conversation, error) {
			return r.intercom.Conversation(ctx, r.conversation)
		}),
	}
}

func (r *run) newContact() policies.NewContact {
	return policies.NewContact{Role: "lead", Email: r.email(), Name: "Verify " + r.mark}
}

func createContact(ctx context.Context, r *run) (intercom.Created, error) {
	out, err := permitted(ctx, r, "contact", r.newContact(), r.intercom.CreateContact)
	if r.contact = out.Contact; out.Contact != "" && !out.Already {
		r.intercomMade("contact", out.Contact, "", request{method: http.MethodDelete, path: "/contacts/" + out.Contact})
	}
	return out, err
}

// message is a text for the conversation as it stands.
func (r *run) message(ctx context.Context, body string) (policies.Message, error) {
	now, err := r.intercom.Conversation(ctx, r.conversation)
	return policies.Message{Asker: r.asker(), Body: body, After: now.LastPart()}, err
}

func intercomMessages() []step {
	return []step{
		call("intercom.Reply", func(ctx context.Context, r *run) (intercom.Sent, error) { return reply(ctx, r, "One.", false) }),
		call("intercom.FindReply", func(ctx context.Context, r *run) (intercom.Sent, error) {
			return found(r.intercom.FindReply(ctx, policies.Reply{Message: policies.Message{Asker: r.asker(), Body: "One.", After: "1"}}, ""))
		}),
		call("intercom.AddNote", func(ctx context.Context, r *run) (intercom.Sent, error) {
			m, err := r.message(ctx, "Two.")
			if err != nil {
				return intercom.Sent{}, err
			}
			return permitted(ctx, r, "note", policies.Note{Message: m}, r.intercom.AddNote)
		}),
		call("intercom.FindNote", func(ctx context.Context, r *run) (intercom.Sent, error) {
			return found(r.intercom.FindNote(ctx, policies.Note{Message: policies.Message{Asker: r.asker(), Body: "Two.", After: "1"}}, ""))
		}),
		call("intercom.Reply", func(ctx context.Context, r *run) (intercom.Sent, error) { return reply(ctx, r, "Three.", true) }),
		state(policies.Open), findState(policies.Open),
		state(policies.Snoozed), findState(policies.Snoozed),
		state(policies.Closed), findState(policies.Closed),
	}
}

func reply(ctx context.Context, r *run, body string, closing bool) (intercom.Sent, error) {
	m, err := r.message(ctx, body)
	if err != nil {
		return intercom.Sent{}, err
	}
	return permitted(ctx, r, "reply", policies.Reply{Message: m, Close: closing}, func(ctx context.Context, p *policies.Permit[policies.Reply]) (intercom.Sent, error) {
		return r.intercom.Reply(ctx, p, nil)
	})
}

func (r *run) inState(s policies.ConversationState) policies.SetState {
	a := policies.SetState{Asker: r.asker(), State: s}
	if s == policies.Snoozed {
		a.Until = r.asked.Add(24 * time.Hour)
	}
	return a
}

func state(s policies.ConversationState) step {
	return call("intercom.SetState", func(ctx context.Context, r *run) (intercom.Changed, error) {
		return permitted(ctx, r, "state", r.inState(s), r.intercom.SetState)
	})
}

func findState(s policies.ConversationState) step {
	return call("intercom.FindState", func(ctx context.Context, r *run) (intercom.Changed, error) {
		return found(r.intercom.FindState(ctx, r.inState(s), ""))
	})
}

func intercomChanges() []step {
	update := func(r *run) policies.Contact {
		return policies.Contact{Asker: r.asker(), ID: r.contact, Set: map[string]string{attribute: r.mark}, Make: map[string]string{attribute: "string"}}
	}
	happened := func(r *run) policies.Event {
		return policies.Event{Asker: r.asker(), Name: "supportmcp-verify", At: r.asked, Facts: map[string]string{"mark": r.mark}}
	}
	steps := slices.Concat(tagging(), assigning())
	return append(steps,
		call("intercom.UpdateContact", func(ctx context.Context, r *run) (intercom.Kept, error) {
			out, err := permitted(ctx, r, "update", update(r), r.intercom.UpdateContact)
			for _, name := range out.Made {
				r.intercomMade("attribute of contacts", name, "Intercom deletes none; the next run uses it again")
			}
			return out, err
		}),
		call("intercom.FindUpdate", func(ctx context.Context, r *run) (intercom.Kept, error) {
			return found(r.intercom.FindUpdate(ctx, update(r), ""))
		}),
		call("intercom.ContactAttribute", func(ctx context.Context, r *run) (intercom.DataType, error) {
			return r.intercom.ContactAttribute(ctx, attribute)
		}),
		call("intercom.RecordEvent", func(ctx context.Context, r *run) (intercom.Recorded, error) {
			return permitted(ctx, r, "event", happened(r), r.intercom.RecordEvent)
		}),
		setup("wait for search", func(ctx context.Context, r *run) error { return r.Index(ctx) }),
		call("intercom.FindEvent", func(ctx context.Context, r *run) (intercom.Recorded, error) {
			return found(r.intercom.FindEvent(ctx, happened(r), ""))
		}))
}

func tagging() []step {
	tag := func(add, remove []string) func(context.Context, *run) (intercom.Tagged, error) {
		return func(ctx context.Context, r *run) (intercom.Tagged, error) {
			out, err := permitted(ctx, r, "tag", policies.Tag{Asker: r.asker(), Add: r.named(add), Remove: r.named(remove)}, r.intercom.Tag)
			r.noteTag(ctx)
			return out, err
		}
	}
	contact := func(r *run) policies.TagContact {
		return policies.TagContact{Contact: r.contact, Add: []string{r.tagName()}}
	}
	one := []string{"tag"}
	return []step{
		call("intercom.Tag", tag(one, nil)),
		call("intercom.FindTags", func(ctx context.Context, r *run) (intercom.Tagged, error) {
			return found(r.intercom.FindTags(ctx, policies.Tag{Asker: r.asker(), Add: []string{r.tagName()}}, ""))
		}),
		call("intercom.Tag", tag(nil, one)),
		call("intercom.TagContact", func(ctx context.Context, r *run) (intercom.TaggedContact, error) {
			return permitted(ctx, r, "tag_contact", contact(r), r.intercom.TagContact)
		}),
		call("intercom.FindContactTags", func(ctx context.Context, r *run) (intercom.TaggedContact, error) {
			return found(r.intercom.FindContactTags(ctx, contact(r), ""))
		}),
		call("intercom.TagContact", func(ctx context.Context, r *run) (intercom.TaggedContact, error) {
			return permitted(ctx, r, "untag_contact", policies.TagContact{Contact: r.contact, Remove: []string{r.tagName()}}, r.intercom.TagContact)
		}),
	}
}

// named is the run's tag once for each that is wanted.
func (r *run) named(tags []string) (names []string) {
	for range tags {
		names = append(names, r.tagName())
	}
	return names
}

// noteTag sees to it that the tag, which the adapter made, is taken away at the end.
func (r *run) noteTag(ctx context.Context) {
	if r.tag != "" {
		return
	}
	all, _ := r.intercom.Tags(ctx) // without an answer the tag's name is all that can be told
	for _, t := range all {
		if strings.EqualFold(t.Name, r.tagName()) {
			r.tag = t.ID
			r.intercomMade("tag", t.ID, "", request{method: http.MethodDelete, path: "/tags/" + t.ID})
		}
	}
}

func assigning() []step {
	to := func(r *run) policies.Assign {
		return policies.Assign{Asker: r.asker(), Admin: r.IntercomAdmin, Name: "the answering teammate"}
	}
	return []step{
		call("intercom.Assign", func(ctx context.Context, r *run) (intercom.Assigned, error) {
			return permitted(ctx, r, "assign", to(r), r.intercom.Assign)
		}),
		call("intercom.FindAssigned", func(ctx context.Context, r *run) (intercom.Assigned, error) {
			return found(r.intercom.FindAssigned(ctx, to(r), ""))
		}),
		call("intercom.Assign", func(ctx context.Context, r *run) (intercom.Assigned, error) {
			return permitted(ctx, r, "unassign", policies.Assign{Asker: r.asker(), Anyone: true}, r.intercom.Assign)
		}),
	}
}

func searches() []step {
	return []step{
		call("stripe.CustomersByEmail", func(ctx context.Context, r *run) ([]stripe.Customer, error) {
			return r.stripe.CustomersByEmail(ctx, r.email())
		}),
		call("stripe.CustomersByName", func(ctx context.Context, r *run) ([]stripe.Customer, error) {
			all, _, err := r.stripe.CustomersByName(ctx, "Verify "+r.mark, 5)
			return all, err
		}),
		call("stripe.CustomersByMetadata", func(ctx context.Context, r *run) ([]stripe.Customer, error) {
			return r.stripe.CustomersByMetadata(ctx, "verify", r.mark)
		}),
		call("intercom.FindContact", func(ctx context.Context, r *run) (intercom.Created, error) {
			return found(r.intercom.FindContact(ctx, r.newContact(), ""))
		}),
		call("intercom.SearchContacts", func(ctx context.Context, r *run) (intercom.Page[intercom.Contact], error) {
			return r.intercom.SearchContacts(ctx, intercom.ContactQuery{Email: r.email()}, "", 5)
		}),
		call("intercom.SearchContactsByAny", func(ctx context.Context, r *run) (intercom.Page[intercom.Contact], error) {
			return r.intercom.SearchContactsByAny(ctx, []intercom.ContactQuery{{Email: r.email()}}, "", 5)
		}),
		call("intercom.SearchConversations", func(ctx context.Context, r *run) (intercom.Page[intercom.Conversation], error) {
			return r.intercom.SearchConversations(ctx, intercom.ConversationQuery{Contact: r.contact}, "", 5)
		}),
	}
}
