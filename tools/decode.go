package tools

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"supportmcp/internal/fault"
)

// maxText bounds a string argument whose schema does not, in characters.
const maxText = 20_000

// decode checks raw arguments against the schema and splits them into the
// tool's input, the control arguments and the input's exact stored form. Every
// problem is told at once, with the argument, what was got and what is allowed.
func decode[In any](tool string, s *jsonschema.Schema, raw json.RawMessage) (in In, c control, stored json.RawMessage, err error) {
	args, err := object(raw)
	if err != nil {
		return in, c, nil, fault.Invalidf("send one JSON object with the arguments of "+tool, "arguments: %v", err)
	}
	quoteIDs(s, args)
	unlink(s, args)
	if problems := check(s, args); len(problems) > 0 {
		return in, c, nil, fault.Invalidf("correct the arguments and call "+tool+" again", "%s", strings.Join(problems, "; "))
	}
	if err := take(args, "dry_run", &c.DryRun); err != nil {
		return in, c, nil, err
	}
	if err := take(args, "repeat_of", &c.RepeatOf); err != nil {
		return in, c, nil, err
	}
	if err := fillable(args["then_reply"]); err != nil {
		return in, c, nil, err
	}
	// Keys are sorted: the same arguments are the same bytes.
	if stored, err = json.Marshal(args); err != nil {
		return in, c, nil, fmt.Errorf("store arguments: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(stored))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return in, c, nil, fault.Invalidf("correct the arguments and call "+tool+" again", "arguments: %v", err)
	}
	return in, c, stored, nil
}

func take(args map[string]json.RawMessage, name string, into any) error {
	v, ok := args[name]
	if !ok {
		return nil
	}
	delete(args, name)
	if err := json.Unmarshal(v, into); err != nil {
		return fault.Invalidf("", "%s: %v", name, err)
	}
	return nil
}

// object reads one JSON object and refuses repeated names, of which Go would
// silently take the last.
func object(raw json.RawMessage) (map[string]json.RawMessage, error) {
	args := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(raw)) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		return args, nil
	}
	if !utf8.Valid(raw) {
		return nil, errors.New("not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("want a JSON object")
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errors.New("want a JSON object")
		}
		if _, twice := args[name]; twice {
			return nil, fmt.Errorf("%q is given twice", name)
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		args[name] = v
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("the JSON object does not end")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return args, nil
}

// quoteIDs takes ids of digits that were sent as numbers, as some models and
// command lines do: the digits are the same. Nothing else is ever converted.
func quoteIDs(s *jsonschema.Schema, args map[string]json.RawMessage) {
	for name, v := range args {
		if p := s.Properties[name]; p != nil && p.Pattern == digits && typeOf(v) == "integer" {
			args[name] = json.RawMessage(`"` + string(bytes.TrimSpace(v)) + `"`)
		}
	}
}

// check lists what is wrong with the arguments, in the order of the schema.
func check(s *jsonschema.Schema, args map[string]json.RawMessage) []string {
	var problems []string
	for name := range args {
		if s.Properties[name] == nil {
			problems = append(problems, fmt.Sprintf("unknown argument %q; known are %s", name, strings.Join(s.PropertyOrder, ", ")))
		}
	}
	slices.Sort(problems)
	for _, name := range s.PropertyOrder {
		v, given := args[name]
		switch {
		case given:
			if p := checkValue(s.Properties[name], v); p != "" {
				problems = append(problems, name+": "+p)
			}
		case slices.Contains(s.Required, name):
			problems = append(problems, "missing argument "+name+": "+s.Properties[name].Description)
		}
	}
	return problems
}

// checkValue says what is wrong with one value, or "".
func checkValue(s *jsonschema.Schema, v json.RawMessage) string {
	if got := typeOf(v); got != s.Type {
		return fmt.Sprintf("got %s %s, want %s", got, brief(v), strings.TrimSuffix(s.Type+": "+s.Description, ": "))
	}
	switch s.Type {
	case "string":
		return checkText(s, v)
	case "array":
		return checkItems(s, v)
	case "integer":
		return checkNumber(s, v)
	}
	return ""
}

func checkText(s *jsonschema.Schema, v json.RawMessage) string {
	var text string
	if err := json.Unmarshal(v, &text); err != nil {
		return err.Error()
	}
	if s.Enum != nil && !slices.Contains(s.Enum, any(text)) {
		return fmt.Sprintf("got %s, want one of %s", brief(v), list(s.Enum))
	}
	most := maxText
	if s.MaxLength != nil {
		most = *s.MaxLength
	}
	if n := utf8.RuneCountInString(text); n > most {
		return fmt.Sprintf("got %d characters, at most %d are allowed", n, most)
	}
	if i := strings.IndexFunc(text, forbidden); i >= 0 {
		r, _ := utf8.DecodeRuneInString(text[i:])
		return fmt.Sprintf("holds the control character %U", r)
	}
	if s.MinLength != nil && strings.IndexFunc(text, visible) < 0 {
		return "is empty"
	}
	if s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
		return fmt.Sprintf("got %s, want %s", brief(v), s.Description)
	}
	return ""
}

func forbidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' || r == utf8.RuneError
}

// visible leaves out what shows nothing by itself: white space, and characters
// that only format others.
func visible(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) }

func checkItems(s *jsonschema.Schema, v json.RawMessage) string {
	var items []json.RawMessage
	if err := json.Unmarshal(v, &items); err != nil {
		return err.Error()
	}
	if s.MaxItems != nil && len(items) > *s.MaxItems {
		return fmt.Sprintf("got %d values, at most %d are allowed", len(items), *s.MaxItems)
	}
	for i, item := range items {
		if p := checkValue(s.Items, item); p != "" {
			return fmt.Sprintf("[%d] %s", i, p)
		}
	}
	return ""
}

func checkNumber(s *jsonschema.Schema, v json.RawMessage) string {
	var n json.Number
	if err := json.Unmarshal(v, &n); err != nil {
		return err.Error()
	}
	f, err := n.Float64()
	if err != nil || s.Minimum != nil && f < *s.Minimum || s.Maximum != nil && f > *s.Maximum {
		return fmt.Sprintf("got %s, want %s", n, s.Description)
	}
	return ""
}

func typeOf(v json.RawMessage) string {
	switch v = bytes.TrimSpace(v); v[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	if bytes.ContainsAny(v, ".eE") {
		return "number"
	}
	return "integer"
}

// brief is a value as an error may repeat it.
func brief(v json.RawMessage) string {
	if r := []rune(string(v)); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return string(v)
}

func list(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprint(v)
	}
	return strings.Join(out, ", ")
}
