// Package access owns how far a caller reaches: scopes, toolsets and how much of
// people an answer shows. It never finds out who calls, and judges no action: that
// is the policy's.
package access

import (
	"context"
	"slices"

	"supportmcp/policies"
)

// Caller is somebody whose token was found good. The zero value may do nothing.
type Caller struct {
	Principal policies.Principal
	Scopes    Scopes
	// Toolsets are the names of those whose tools are seen; nil is every one that is
	// published. They only narrow what scopes open.
	Toolsets []string
	// PersonalData is the most that answers show of people; a policy can show less.
	PersonalData policies.PersonalData
	// CanGrow says that the caller's client can get it more scopes, and wants to hear
	// which. Clients of others take such an answer for the end.
	CanGrow bool
}

// Everything is a caller who is bounded by nothing but the policy.
func Everything(p policies.Principal) Caller {
	return Caller{Principal: p, Scopes: All(), PersonalData: policies.FullPersonalData}
}

// In reports whether tools of a toolset are seen.
func (c Caller) In(toolset string) bool {
	return c.Toolsets == nil || slices.Contains(c.Toolsets, toolset)
}

// Shown is how much of people is shown where a policy shows level: the less of both.
func (c Caller) Shown(level policies.PersonalData) policies.PersonalData {
	if rank(c.PersonalData) < rank(level) {
		return c.PersonalData
	}
	return level
}

// rank orders levels; what is none of them shows least.
func rank(level policies.PersonalData) int {
	return slices.Index([]policies.PersonalData{policies.NoPersonalData, policies.MaskedPersonalData, policies.FullPersonalData}, level)
}

type key struct{}

// With gives a request its caller.
func With(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// Of is the caller of a request. Work that nobody asked for just now, such as the
// worker's, has the zero one.
func Of(ctx context.Context) Caller {
	c, _ := ctx.Value(key{}).(Caller)
	return c
}
