package ledger

import (
	"testing"

	"supportmcp/internal/fault"
)

func TestTablesOfAnotherReleaseAreTold(t *testing.T) {
	if is, err := older(0); !is || err != nil {
		t.Errorf("tables of no release yet: older %v, %v", is, err)
	}
	if _, err := older(1 << 40); fault.CodeOf(err) != fault.Refused {
		t.Errorf("tables of a later release: %v", err)
	}
}
