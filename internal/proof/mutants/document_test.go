package mutants

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestThePageAboutReliabilityCountsThePlantedFaults(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("| planted faults | %d, ", len(mutants())); !strings.Contains(string(b), want) {
		t.Errorf("docs/reliability.md does not hold %q", want)
	}
}
