package prompts

import (
	"slices"
	"testing"

	"supportmcp/tools"
)

// A step is left out where its tool is not listed, so one that names no tool at all
// would be left out for ever.
func TestEachStepNamesAToolThatThereIs(t *testing.T) {
	t.Parallel()
	var known []string
	for _, tool := range tools.All(tools.Deps{}) {
		known = append(known, tool.Name)
	}
	for _, r := range recipes() {
		for _, s := range r.steps {
			if s.tool != "" && !slices.Contains(known, s.tool) {
				t.Errorf("%s has a step for %s, which is no tool", r.name, s.tool)
			}
		}
	}
}
