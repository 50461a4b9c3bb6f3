package knowledge_test

import (
	"strings"
	"testing"

	"supportmcp/internal/knowledge"
)

// A page made to break its reader is read or refused, and ends either way.
func TestHostileHTMLEnds(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"deep":             strings.Repeat("<div>", knowledge.MaxSize/5),
		"deep lists":       strings.Repeat("<ul><li>", knowledge.MaxSize/8),
		"deep emphasis":    strings.Repeat("<b><i>", knowledge.MaxSize/6) + "x",
		"deep quotes":      strings.Repeat("<blockquote>", knowledge.MaxSize/12) + "x",
		"wide":             strings.Repeat("<p>a</p>", knowledge.MaxSize/8),
		"tables":           strings.Repeat("<table><tr><td>", knowledge.MaxSize/15) + "x",
		"attributes":       "<p " + strings.Repeat("a=b ", knowledge.MaxSize/5) + ">x</p>",
		"open angle marks": strings.Repeat("<", knowledge.MaxSize),
		"entities":         strings.Repeat("&lt;!--", knowledge.MaxSize/8),
		"misnested":        strings.Repeat("<a><table></a>", knowledge.MaxSize/15),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := knowledge.Parse("desk", knowledge.File{Path: "a.html", Content: []byte(text)})
			if err == nil && doc.Body == "" {
				t.Error("it is taken without a text")
			}
		})
	}
}
