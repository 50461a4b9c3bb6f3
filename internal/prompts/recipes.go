package prompts

// recipes are all prompts: each is a function below and a name here.
func recipes() []recipe {
	return []recipe{resolveBillingTicket(), failedPayment(), cancellation(), workTheQueue(), explainDecision()}
}

func resolveBillingTicket() recipe {
	return recipe{
		name: "resolve_billing_ticket", title: "Resolve a billing ticket",
		description: "Read one conversation with its billing, apply the company's rules, and answer the customer.",
		arguments:   []string{conversation, language}, needs: "get_conversation",
		steps: []step{
			{"get_conversation", "Read the conversation and its billing with get_conversation. Say in one sentence what the customer wants, and what the billing shows."},
			{"search", "Look the rule up with search, in the language of the documents and in the customer's. When coverage is none, there is no rule: tell a person rather than invent one."},
			{"fetch", "Read the section with fetch before relying on it, and keep its citation."},
			{"create_refund", "When money goes back, try create_refund with dry_run first, then do it. A refusal names the rule and what is still allowed; awaiting_approval means that a person decides."},
			{"reply_to_conversation", "Answer with reply_to_conversation: what was done, how much, and when it arrives. Promise nothing that is not done. Quote no document that is internal."},
			{"add_internal_note", "Leave the reason and the citation in a note with add_internal_note."},
			{"tag_conversation", "Set the tags that the team uses with tag_conversation."},
		},
		topics: []string{"refund policy", "Erstattung Rückerstattung", "charged twice"},
	}
}

func failedPayment() recipe {
	return recipe{
		name: "failed_payment", title: "Help with a failed payment",
		description: "Find out why a payment failed and tell the customer what to do.",
		arguments:   []string{conversation, language}, needs: "get_conversation",
		steps: []step{
			{"get_conversation", "Read the conversation and its billing with get_conversation: which payment failed, when, with which code, and whether a later one succeeded."},
			{"get_billing_overview", "When more payments are needed, read them with get_billing_overview."},
			{"search", "Look up with search what the company says about that reason and about retries."},
			{"reply_to_conversation", "Answer with reply_to_conversation: the reason as far as the bank tells it, what the customer can do now, and when the next attempt is. Write {card_update} where the link for a new card belongs, or {invoice:in_…} with the id of their open invoice where they pay it: it is filled in when it is sent. Never ask for card numbers, and write no link to a payment page yourself."},
			{"set_conversation_state", "Snooze the conversation until the next attempt with set_conversation_state."},
			{"retry_invoice", "When the customer writes that they fixed the card and an invoice is open, try it again with retry_invoice."},
		},
		topics: []string{"failed payment card declined", "fehlgeschlagene Zahlung Karte abgelehnt", "payment retries"},
	}
}

func cancellation() recipe {
	return recipe{
		name: "cancellation_with_retention", title: "Handle a cancellation, and offer what the company offers",
		description: "Understand why a customer leaves, make the offer that the documents allow, and accept the answer.",
		arguments:   []string{conversation, language}, needs: "get_conversation",
		steps: []step{
			{"get_conversation", "Read the conversation and its billing with get_conversation: what is being cancelled, since when it is paid, and the reason that the customer gives."},
			{"search", "Look up with search which offers there are before a cancellation, and for whom."},
			{"fetch", "Read the conditions with fetch; an offer that no document allows is not made."},
			{"apply_discount", "Make at most one offer. When the customer takes it, use apply_discount with dry_run first."},
			{"cancel_subscription", "When the customer still wants to leave, use cancel_subscription; do not ask twice."},
			{"reply_to_conversation", "Answer with reply_to_conversation: until when access lasts, and that nothing is charged afterwards, if that is so. When money went back, {receipt:ch_…} with the id of the charge becomes the link to its receipt."},
		},
		topics: []string{"cancel subscription pause offer", "Kündigung Abo Pause", "discount retention"},
	}
}

func workTheQueue() recipe {
	return recipe{
		name: "work_the_queue", title: "Work the queue, one conversation at a time",
		description: "Take open conversations one by one, resolve what the policy allows, and hand over the rest.",
		arguments:   []string{queue}, needs: "get_conversation",
		steps: []step{
			{"search_conversations", "Where no conversations are named above, find the open ones with search_conversations, and begin with those that changed longest ago."},
			{"get_conversation", "Take the next conversation and read it with get_conversation. Skip it when a teammate has answered since the customer's last message."},
			{"search", "Look the rule up with search. Without a rule, or when the customer is angry, threatens, or asks for a person, do not decide."},
			{"create_refund", "Do what the policy allows, each write once. When an answer is lost, ask again with the same arguments."},
			{"reply_to_conversation", "Answer with reply_to_conversation, and close the conversation only when nothing is open."},
			{"add_internal_note", "Hand over what is left with add_internal_note: what was found, what is missing, and which decision is needed."},
			{"", "Go on with the next one. Stop after ten, or after three refusals or errors in a row, and report: done, waiting for a person, handed over."},
		},
		topics: []string{"escalation hand over", "tone of replies"},
	}
}

func explainDecision() recipe {
	return recipe{
		name: "explain_refund_decision", title: "Explain a decision about a refund",
		description: "Say why a refund was allowed, denied or left to a person, by which rule, and what would be allowed.",
		arguments:   []string{action}, needs: "get_action",
		steps: []step{
			{"get_action", "Read the action with get_action: its state, its findings, and its receipt."},
			{"", "Read the resource policy://current for the rule behind each finding that did not allow."},
			{"search", "Look up with search what customers are told about it, and say where that differs from the policy; the policy counts."},
			{"", "Explain in three sentences without jargon: what was asked, which rule decided with limit and actual value, and what is still possible. Do nothing else."},
		},
		topics: []string{"refund policy"},
	}
}
