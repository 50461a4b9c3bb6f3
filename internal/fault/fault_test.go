package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"supportmcp/internal/fault"
)

func TestAnErrorThatDoesNotSayMayHaveTakenEffect(t *testing.T) {
	for _, c := range []struct {
		err  error
		took fault.Took
		code fault.Code
	}{
		{errors.New("connection reset"), fault.Unknown, fault.Internal},
		{fmt.Errorf("read charge: %w", &fault.Error{Code: fault.Upstream}), fault.Unknown, fault.Upstream},
		{fmt.Errorf("refund: %w", fault.Invalidf("", "no")), fault.No, fault.Invalid},
		{&fault.Error{Code: fault.RateLimited, Took: fault.NotYet}, fault.NotYet, fault.RateLimited},
		{nil, fault.Unknown, ""},
	} {
		if got := fault.TookOf(c.err); got != c.took {
			t.Errorf("TookOf(%v) = %v, want %v", c.err, got, c.took)
		}
		if got := fault.CodeOf(c.err); got != c.code {
			t.Errorf("CodeOf(%v) = %q, want %q", c.err, got, c.code)
		}
	}
}
