package policies

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"
)

func resolvedSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// decoded is a file as an editor's validator sees it.
func decoded(t *testing.T, file string) (v any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(file), &v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSchemaTakesFilesThatTheReaderTakes(t *testing.T) {
	_, whole := wholePolicy(t)
	for name, file := range map[string]string{"default.yaml": string(Default()), "whole.yaml": whole, "the least": "version: 1"} {
		compiled(t, file)
		if err := resolvedSchema(t).Validate(decoded(t, file)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSchemaRefusesUnknownKeysAndWrongShapesAsTheReaderDoes(t *testing.T) {
	s := resolvedSchema(t)
	for _, file := range []string{
		"tag: {allow: [a]}", "version: 2", "version: {one: 1}", "version: 1\nrefnd: {}", "version: 1\napprovals:",
		"version: 1\napprovals: {expires: 0d}", "version: 1\napprovals: {expires: 1h30m}", "version: 1\napprovals: {expires: [24h]}",
		"version: 1\napprovals: {repeats: alow}", "version: 1\napprovals: {people: 11}", "version: 1\napprovals: {bands: {over: 1}}",
		"version: 1\napprovals: {bands: [{role: finance}]}",
		"version: 1\nreply: {}", "version: 1\nreply: {max_char: 5}", "version: 1\nreply: {max_chars: [5]}", "version: 1\nreply: {max_chars: 20001}",
		"version: 1\ntag: {allow: []}", "version: 1\ntag: {allow: vip}", "version: 1\ntag: {allow: ['']}", "version: 1\ntag: {allow: [' a']}", "version: 1\ntag: {allow: [7]}",
		"version: 1\nrefund: {window: 30d}", "version: 1\nrefund: {window: 30d, currencies: {eur: {auto: fifty, max: 1}}}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: -1, max: 1}}}", "version: 1\nrefund: {window: 30d, currencies: {eur: 5}}",
		"version: 1\nrefund: {window: 30d, currencies: {euro: {auto: 1, max: 1}}}", "version: 1\nrefund: {window: 30d, currencies: {}}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, risk: {highest: allow}}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, risk: {extreme: deny}}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, cite: policies.md}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, when: [{id: A b, then: deny, tag: [a]}]}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, when: [{id: a, then: allow, tag: [a]}]}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, when: [{id: a, then: deny, tags: [a]}]}",
		"version: 1\nrefund: {window: 30d, currencies: {eur: {auto: 1, max: 1}}, budgets: [{scope: everybody, window: 1h, count: 1}]}",
		"version: 1\nbudgets: [{scope: customer, window: 1h, count: 1}]", "version: 1\ndisclosure: {principals: {fin: all}}", "- version: 1",
	} {
		if _, err := Parse("policy.yaml", []byte(file)); err == nil {
			t.Errorf("the reader takes %s", file)
		}
		if err := s.Validate(decoded(t, file)); err == nil {
			t.Errorf("the schema takes %s", file)
		}
	}
}

func TestEveryKeyIsExplainedWithAnExampleThatIsRight(t *testing.T) {
	for _, k := range Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") || k.Kind == "" {
			t.Errorf("%s (%s) is not explained in a sentence: %q", k.Path, k.Kind, k.Doc)
		}
		if k.Inner() {
			continue
		}
		if k.Example == "" {
			t.Errorf("%s has no example", k.Path)
			continue
		}
		if err := validAt(t, k.Path, k.Example); err != nil {
			t.Errorf("the example of %s is wrong: %v", k.Path, err)
		}
	}
}

// validAt asks the schema of one key.
func validAt(t *testing.T, path, value string) error {
	t.Helper()
	s := decoded(t, string(Schema()))
	for part := range strings.SplitSeq(strings.ReplaceAll(path, "[]", ".[]"), ".") {
		at, _ := s.(map[string]any)
		switch part {
		case "[]":
			s = at["items"]
		case anyCurrency:
			s = at["patternProperties"].(map[string]any)["^[A-Za-z]{3}$"]
		case anyKey:
			s = at["additionalProperties"]
		default:
			s = at["properties"].(map[string]any)[part]
		}
	}
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var one jsonschema.Schema
	if err := json.Unmarshal(b, &one); err != nil {
		t.Fatal(err)
	}
	r, err := one.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Validate(decoded(t, value))
}

// A default is true when writing it changes nothing.
func TestADefaultIsWhatHoldsWithoutTheKey(t *testing.T) {
	_, whole := wholePolicy(t)
	for _, k := range Keys() {
		if k.Default == "" {
			continue
		}
		var with, without yaml.Node
		for _, n := range []*yaml.Node{&with, &without} {
			if err := yaml.Unmarshal([]byte(whole), n); err != nil {
				t.Fatal(err)
			}
		}
		edit(t, &without, k.Path, "")
		edit(t, &with, k.Path, k.Default)
		if ds := Compare(compiled(t, encoded(t, &without)), compiled(t, encoded(t, &with))); len(ds) > 0 {
			t.Errorf("%s: %s: %+v", k.Path, k.Default, ds)
		}
	}
}

// edit removes a key, or gives it a value; of lists, in the first item.
func edit(t *testing.T, n *yaml.Node, path, value string) {
	t.Helper()
	n = n.Content[0]
	parts := strings.Split(strings.ReplaceAll(path, "[]", ".[]"), ".")
	for i, part := range parts {
		if part == "[]" {
			n = n.Content[0]
			continue
		}
		at := slices.IndexFunc(n.Content, func(c *yaml.Node) bool { return c.Value == part })
		switch {
		case i < len(parts)-1:
			n = n.Content[at+1]
		case at >= 0:
			n.Content = slices.Delete(n.Content, at, at+2)
			fallthrough
		default:
			if value != "" {
				var v yaml.Node
				if err := yaml.Unmarshal([]byte(fmt.Sprintf("%s: %s", part, value)), &v); err != nil {
					t.Fatal(err)
				}
				n.Content = append(n.Content, v.Content[0].Content...)
			}
		}
	}
}

func encoded(t *testing.T, n *yaml.Node) string {
	t.Helper()
	b, err := yaml.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
