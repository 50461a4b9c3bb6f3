package knowledge_test

import (
	"testing"

	"supportmcp/internal/knowledge"
)

func TestTheSectionThatStatesAPromiseIsNamed(t *testing.T) {
	t.Parallel()
	const text = "# Refunds\n\nWe are fair.\n\n## Window\n\nWithin 30 days.\n\n### Yearly plans\n\nWithin 14d.\n\n## Amounts\n\nUp to 500 EUR at once, at most 7 times.\n\n## Again\n\nThe 7 is 7.5.\n"
	doc, err := knowledge.Parse("desk", knowledge.File{Path: "a.md", Content: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"30": "kb://desk/a.md#window", "30d": "kb://desk/a.md#window", "14": "kb://desk/a.md#yearly-plans", "500.00": "kb://desk/a.md#amounts",
		"fair": "kb://desk/a.md#refunds", "7.5": "kb://desk/a.md#again", "7": "kb://desk/a.md", "60": "kb://desk/a.md", "": "kb://desk/a.md",
	} {
		if got := doc.Stating(value); got != want {
			t.Errorf("%q is stated in %s, want %s", value, got, want)
		}
	}
}
