package policies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// longest is how many characters a key or value may have.
const longest = 100

// reader reads the value at a path.
type reader = func(path string, n *yaml.Node)

// field is one known key of a block: what it means, an example of its value, and
// how that is read.
type field struct {
	key, example, doc string
	otherwise         string // what holds without the key; "" where the absence has no value
	required          bool
	read              reader
}

func required(key, example, doc string, read reader) field {
	return field{key: key, example: example, doc: doc, required: true, read: read}
}

func optional(key, example, doc string, read reader) field {
	return field{key: key, example: example, doc: doc, read: read}
}

// or says what holds without the key, as a file would write it.
func (f field) or(value string) field {
	f.otherwise = value
	return f
}

// at tells of a problem with a value.
func (r *fileReader) at(n *yaml.Node, format string, args ...any) {
	r.tell(n.Line, n.Column, format, args...)
}

// block reads a block of known keys, in the order of fields whatever their order
// in the file.
func (r *fileReader) block(path string, n *yaml.Node, fields ...field) {
	if r.outline.block(path, fields) {
		return
	}
	values := map[string]*yaml.Node{}
	ok := r.pairs(path, n, func(key, value *yaml.Node) {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.key == key.Value }) {
			r.at(key, "unknown key %q in %s; %s", shorten(key.Value), title(path), hint(key.Value, keys(fields)))
		}
		values[key.Value] = value
	})
	if !ok {
		return
	}
	for _, f := range fields {
		if value, ok := values[f.key]; ok {
			f.read(join(path, f.key), value)
		} else if f.required {
			r.at(n, "%s needs the key %s", title(path), f.key)
		}
	}
}

// pairs goes through a block whose keys differ. ok is false when it is no block.
func (r *fileReader) pairs(path string, n *yaml.Node, each func(key, value *yaml.Node)) (ok bool) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		r.unlike(path, n, "a block of keys and values")
		return false
	}
	seen := map[string]bool{}
	for pair := range slices.Chunk(n.Content, 2) {
		switch key := pair[0]; {
		case key.Kind != yaml.ScalarNode:
			r.at(key, "a key in %s must be a word", title(path))
		case seen[key.Value]:
			r.at(key, "%s is written twice", join(path, shorten(key.Value)))
		default:
			seen[key.Value] = true
			each(key, pair[1])
		}
	}
	return true
}

// list goes through a list that is not empty.
func (r *fileReader) list(path string, n *yaml.Node, each reader) {
	if r.outline.list(path, each) {
		return
	}
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.unlike(path, n, "a list")
		return
	}
	for i, c := range n.Content {
		each(fmt.Sprintf("%s[%d]", path, i+1), c)
	}
}

// text is a single value exactly as it is written; whether it is quoted does not matter.
func (r *fileReader) text(path string, n *yaml.Node, want string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || utf8.RuneCountInString(n.Value) > longest {
		r.unlike(path, n, want)
		return "", false
	}
	return n.Value, true
}

// unlike tells that a value is not what is wanted. An alias was told already.
func (r *fileReader) unlike(path string, n *yaml.Node, want string) {
	if n.Kind != yaml.AliasNode {
		r.at(n, "%s: want %s, got %s", title(path), want, shape(n))
	}
}

func shape(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) > 0:
		return "a block of keys and values"
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0:
		return "a list"
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null":
		return strconv.Quote(shorten(n.Value))
	}
	return "nothing"
}

func keys(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.key
	}
	return out
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

func title(path string) string {
	if path == "" {
		return "the policy"
	}
	return path
}

// shorten keeps messages readable whatever the file holds.
func shorten(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
