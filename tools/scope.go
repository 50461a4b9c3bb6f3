package tools

import (
	"encoding/json"

	"supportmcp/internal/access"
	"supportmcp/policies"
)

// Missing are the scopes that a caller would need besides those held to call the
// tool with these arguments; none when it may be called.
func (t Tool) Missing(held access.Scopes, args json.RawMessage) (missing access.Scopes) {
	if !held.Open(t.Scopes) {
		missing = append(missing, append(t.Scopes, access.All()...)[0])
	}
	for _, s := range scopesOf(args) {
		if !held.Any(s) {
			missing = append(missing, s)
		}
	}
	return missing
}

// scopesOf are those that arguments need whatever the tool: they let it do what is
// another tool's.
func scopesOf(args json.RawMessage) (needed access.Scopes) {
	var given map[string]json.RawMessage
	if json.Unmarshal(args, &given) != nil {
		return nil // the tool says what is wrong
	}
	if _, replies := given["then_reply"]; replies {
		needed = append(needed, access.ConversationsWrite)
	}
	var how string
	if _ = json.Unmarshal(given["how"], &how); how == string(policies.NowWithRefund) {
		needed = append(needed, access.BillingRefund)
	}
	return needed
}

// shows reports whether somebody with these scopes may be told of an action of a kind.
func shows(held access.Scopes, k policies.Kind) bool {
	switch k {
	case policies.KindRefund, policies.KindCredit, policies.KindDiscount, policies.KindCancel, policies.KindKeep, policies.KindRetry:
		return held.Any(access.BillingRead, access.BillingRefund, access.BillingManage)
	case policies.KindReply, policies.KindNote, policies.KindState, policies.KindAssign, policies.KindTag, policies.KindLink, policies.KindEvent:
		return held.Any(access.ConversationsRead, access.ConversationsWrite)
	case policies.KindContact, policies.KindNewContact, policies.KindTagContact:
		return held.Any(access.ContactsWrite)
	case policies.KindSegment, policies.KindRevert, policies.KindBillingSync:
		return held.Any(access.SegmentsWrite)
	case policies.KindLookup:
		return held.Any(access.Lookup)
	case policies.KindBreaker:
	}
	return held.Open(nil)
}
