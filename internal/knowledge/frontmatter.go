package knowledge

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// frontMatter is what a document may say about itself between two lines of
// "---" at its top. An unknown key refuses it, so that a slip shows when it is made.
type frontMatter struct {
	Title         string     `yaml:"title"`
	Owner         string     `yaml:"owner"`
	Lang          language   `yaml:"lang"`
	Audience      Audience   `yaml:"audience"`
	Tags          []string   `yaml:"tags"`
	Priority      float64    `yaml:"priority"`
	EffectiveFrom date       `yaml:"effective_from"`
	EffectiveTo   date       `yaml:"effective_to"`
	Policy        statements `yaml:"policy"`
}

// check looks at what YAML cannot.
func (m frontMatter) check() error {
	switch {
	case m.Audience != "" && m.Audience != ForAgents && m.Audience != ForCustomers:
		return fmt.Errorf("audience is %q; it can be agent or customer", oneLine(string(m.Audience)))
	case m.Priority < 0 || m.Priority > 1:
		return errors.New("priority is not between 0 and 1")
	case !m.EffectiveTo.IsZero() && m.EffectiveTo.Before(m.EffectiveFrom.Time):
		return errors.New("effective_to is before effective_from")
	}
	return nil
}

// language is a code such as de or de-AT, of which the first part counts.
type language string

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *language) UnmarshalYAML(value *yaml.Node) error {
	code, _, _ := strings.Cut(strings.ToLower(value.Value), "-")
	if len(code) != 2 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz") != "" {
		return fmt.Errorf("line %d: %q is not a language such as en or de", value.Line, oneLine(value.Value))
	}
	*l = language(code)
	return nil
}

// statements are values by dotted keys, such as refund.window_days.
type statements map[string]string

const maxStatements = 100

// UnmarshalYAML implements yaml.Unmarshaler.
func (s *statements) UnmarshalYAML(value *yaml.Node) error {
	*s = statements{}
	return s.take("", value)
}

func (s statements) take(at string, value *yaml.Node) error {
	switch value.Kind {
	case yaml.ScalarNode:
		if at == "" || len(s) == maxStatements {
			return fmt.Errorf("line %d: policy has up to %d keys with values", value.Line, maxStatements)
		}
		if _, twice := s[at]; twice {
			return fmt.Errorf("line %d: policy says %s twice", value.Line, at)
		}
		s[at] = oneLine(value.Value)
		return nil
	case yaml.MappingNode:
		for i := 0; i+1 < len(value.Content); i += 2 {
			key := strings.TrimPrefix(at+"."+oneLine(value.Content[i].Value), ".")
			if err := s.take(key, value.Content[i+1]); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("line %d: under policy stand keys with one value each", value.Line)
	}
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
	if err := meta.check(); err != nil {
		return frontMatter{}, fmt.Errorf("front matter: %w", err)
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
