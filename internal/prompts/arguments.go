package prompts

import (
	"context"
	"slices"
	"strings"

	"supportmcp/policies"
)

// The arguments there are.
const (
	conversation = "conversation_id"
	queue        = "conversations"
	action       = "action_id"
	language     = "language"
)

// mostSuggested bounds the suggestions of one argument.
const mostSuggested = 100

func (d Deps) argument(name string) Argument {
	conversations := d.suggest(func(e policies.Entry) string { return e.Subject.Conversation })
	switch name {
	case conversation:
		return Argument{name, "the Intercom conversation; the one under discussion when left out", conversations}
	case queue:
		return Argument{name, "ids of open conversations, separated by spaces; those that the user names when left out", lastOf(conversations)}
	case action:
		return Argument{name, "the action to explain; the newest one under discussion when left out", d.suggest(func(e policies.Entry) string { return e.ID })}
	}
	return Argument{name, "the language to answer in; the customer's when left out", func(_ context.Context, typed string) []string {
		return beginning([]string{"English", "French", "German", "Spanish"}, typed)
	}}
}

// suggest gives what the newest actions have of this kind, the newest first.
func (d Deps) suggest(of func(policies.Entry) string) func(context.Context, string) []string {
	return func(ctx context.Context, typed string) []string {
		if d.Recent == nil {
			return nil
		}
		entries, err := d.Recent(ctx)
		if err != nil {
			return nil // a suggestion is a help and no more
		}
		var values []string
		for _, e := range entries {
			if v := of(e); v != "" && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		return beginning(values, typed)
	}
}

// lastOf completes the last of several values between spaces; what is there already
// is not suggested again.
func lastOf(one func(context.Context, string) []string) func(context.Context, string) []string {
	return func(ctx context.Context, typed string) []string {
		at := strings.LastIndexByte(typed, ' ') + 1
		var out []string
		for _, v := range one(ctx, typed[at:]) {
			if !slices.Contains(strings.Fields(typed[:at]), v) {
				out = append(out, typed[:at]+v)
			}
		}
		return out
	}
}

func beginning(values []string, typed string) []string {
	var out []string
	for _, v := range values {
		if strings.HasPrefix(strings.ToLower(v), strings.ToLower(typed)) && len(out) < mostSuggested {
			out = append(out, v)
		}
	}
	return out
}
