package main

import (
	"encoding/json"

	"supportmcp/policies"
)

// identity says how well it is known who asks, in words for whoever approves.
func identity(a policies.Asker) string {
	switch {
	case a.Conversation == "":
		return "none: asked for outside a conversation"
	case a.Identity == policies.Proven:
		return "proven: a signed-in user whom the Messenger has verified"
	case a.Identity == policies.Claimed:
		return "claimed: nothing shows that the contact wrote this"
	}
	return "none: the conversation has no contact"
}

// linkFacts prints what an approver must know before a contact gets a customer.
func linkFacts(e policies.Entry, line func(name, value string)) {
	var l policies.Link
	if err := json.Unmarshal(e.Facts, &l); err != nil {
		line("facts", "cannot be read: "+err.Error())
		return
	}
	line("contact", l.Asker.Contact)
	line("identity", identity(l.Asker))
	for _, t := range l.Asker.Ties {
		line("is now", t.Customer+" by "+t.Way)
	}
	switch {
	case l.Remove:
		line("would be", "without any confirmed link")
	case l.Problem != "":
		line("would be", "nobody, since "+l.Problem+"; approving this does nothing")
	default:
		line("would be", l.Customer+" by "+policies.ByLink)
	}
	line("found by", l.Email)
}
