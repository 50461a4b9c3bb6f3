package knowledge

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// frontMatter is what a document may say about itself between two lines of
// "---" at its top. Only the title is used; the other keys are checked, so that
// a slip shows when it is made.
type frontMatter struct {
	Title         string   `yaml:"title"`
	Owner         string   `yaml:"owner"`
	Lang          string   `yaml:"lang"`
	Audience      string   `yaml:"audience"`
	Tags          []string `yaml:"tags"`
	EffectiveFrom date     `yaml:"effective_from"`
	EffectiveTo   date     `yaml:"effective_to"`
}

// date is a day such as 2026-01-31.
type date struct{ time.Time }

func (d *date) UnmarshalYAML(value *yaml.Node) error {
	day, err := time.Parse(time.DateOnly, value.Value)
	if err != nil {
		return fmt.Errorf("line %d: %q is not a date such as 2026-01-31", value.Line, value.Value)
	}
	d.Time = day
	return nil
}

// splitFrontMatter parts text into its front matter, which may be missing, and the rest.
func splitFrontMatter(text string) (frontMatter, string, error) {
	end := 0
	for line := range strings.Lines(text) {
		mark := strings.TrimRight(line, " \t\n") == "---"
		switch {
		case end == 0 && !mark:
			return frontMatter{}, text, nil
		case end > 0 && mark:
			// The opening line stays in: YAML takes it for the start of a
			// document, and counts lines as the file does.
			meta, err := decodeFrontMatter(text[:end])
			return meta, text[end+len(line):], err
		}
		end += len(line)
	}
	if end == 0 {
		return frontMatter{}, text, nil
	}
	return frontMatter{}, "", errors.New(`front matter: line 1: "---" has no second "---" below it`)
}

func decodeFrontMatter(text string) (frontMatter, error) {
	var meta frontMatter
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&meta); err != nil {
		return frontMatter{}, fmt.Errorf("front matter: %s", yamlReason(err))
	}
	return meta, nil
}

// yamlReason words a YAML error for the writer of a document, who knows keys
// and lines but no Go types. Where the syntax is broken the parser's line may be
// off by one.
func yamlReason(err error) string {
	wrong, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return strings.Replace(err.Error(), "yaml: line", "near line", 1)
	}
	return strings.NewReplacer(
		" not found in type knowledge.frontMatter", " is unknown",
		"knowledge.frontMatter", "keys and values",
	).Replace(strings.Join(wrong.Errors, "; "))
}
