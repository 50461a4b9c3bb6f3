package access_test

import (
	"context"
	"slices"
	"testing"

	"supportmcp/internal/access"
	"supportmcp/policies"
)

func TestRolesHoldMoreAndMore(t *testing.T) {
	t.Parallel()
	var before access.Scopes
	for _, r := range access.Roles() {
		held := r.Scopes()
		for _, s := range before {
			if !held.Any(s) {
				t.Errorf("%s lacks %s", r, s)
			}
		}
		if len(held) <= len(before) || !slices.Equal(held, access.Known(names(held))) {
			t.Errorf("%s holds %s", r, held)
		}
		before = held
	}
	if !slices.Equal(before, access.All()) || access.Role("king").Scopes() != nil {
		t.Errorf("the last role holds %s", before)
	}
}

func names(s access.Scopes) (out []string) {
	for _, each := range s {
		out = append(out, string(each))
	}
	return out
}

func TestWhatIsNoScopeOpensNothing(t *testing.T) {
	t.Parallel()
	if got := access.Known([]string{"lookup", "admin", "lookup", "BILLING:READ", "billing:read"}); got.String() != "billing:read lookup" {
		t.Errorf("known are %q", got)
	}
	for text, ok := range map[string]bool{"lookup": true, " lookup,billing:read ": true, "": true, "lookup;billing:read": false, "*": false, "billing:*": false} {
		if _, err := access.ParseScopes(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
	if (access.Scopes{}).Open(nil) || access.Scopes(nil).Any() || !access.All().Open(nil) || access.Reading().Open(nil) {
		t.Error("what names no scope is open to those who hold some")
	}
}

func TestTheLessOfPolicyAndCallerIsShown(t *testing.T) {
	t.Parallel()
	none, masked, full := policies.NoPersonalData, policies.MaskedPersonalData, policies.FullPersonalData
	for _, c := range []struct{ caller, policy, want policies.PersonalData }{
		{full, masked, masked}, {masked, full, masked}, {none, full, none}, {full, none, none}, {full, full, full}, {"", full, ""},
	} {
		if got := (access.Caller{PersonalData: c.caller}).Shown(c.policy); got != c.want {
			t.Errorf("caller %q, policy %q: %q", c.caller, c.policy, got)
		}
	}
}

func TestARequestWithoutACallerMayDoNothing(t *testing.T) {
	t.Parallel()
	nobody := access.Of(context.Background()) //nolint:usetesting // nothing is in it
	if nobody.Principal != "" || nobody.Scopes.Any(access.All()...) || nobody.Scopes.Open(nil) {
		t.Errorf("nobody is %+v", nobody)
	}
	fin := access.Caller{Principal: "fin", Toolsets: []string{"ticket"}}
	if got := access.Of(access.With(t.Context(), fin)); got.Principal != "fin" || !got.In("ticket") || got.In("lookup") || !access.Everything("x").In("lookup") {
		t.Errorf("the caller is %+v", got)
	}
}
