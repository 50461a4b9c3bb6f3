package policies

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"supportmcp/policies/words"
)

// Bounds far above any policy that a person could still oversee.
const (
	maxFile  = 256 << 10 // bytes
	maxDepth = 8         // blocks within blocks; the format needs 5
)

// document reads a file as the one plain YAML document it must be: no aliases
// that repeat what was written elsewhere, no tags that change what a value
// means, nothing that a reader cannot see. It is nil when there is none to read.
func (r *fileReader) document(b []byte) *yaml.Node {
	if len(b) > maxFile {
		r.tell(1, 1, "the file is larger than %d KiB", maxFile>>10)
		return nil
	}
	if r.characters(b); len(r.problems) > 0 {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	first, err := decodeNext(decoder)
	if err != nil {
		r.syntax(err)
		return nil
	}
	if first == nil || first.Content[0].ShortTag() == "!!null" {
		r.tell(1, 1, `the file is empty, so it denies everything: write at least "version: 1"`)
		return nil
	}
	second, err := decodeNext(decoder)
	if err != nil {
		r.syntax(err)
	}
	if second != nil {
		r.tell(second.Line, second.Column, "a second document starts here: a policy is one document")
	}
	r.plain(first.Content[0], 1)
	return first.Content[0]
}

// characters tells of what an editor does not show as it is, once per line: with
// it, a reviewer and this program could read two different policies.
func (r *fileReader) characters(b []byte) {
	for i, line := range strings.Split(string(b), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if !utf8.ValidString(line) {
			r.tell(i+1, 1, "this line is not UTF-8 text: save the file as UTF-8")
			continue
		}
		if indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]; strings.Contains(indent, "\t") {
			r.tell(i+1, 1, "this line is indented with a tab: use spaces")
			continue
		}
		if at := strings.IndexFunc(line, func(c rune) bool { return c != '\t' && words.Unseen(c) }); at >= 0 {
			hidden, _ := utf8.DecodeRuneInString(line[at:])
			r.tell(i+1, utf8.RuneCountInString(line[:at])+1, "the invisible character %U stands here: remove it", hidden)
		}
	}
}

// decodeNext reads the next document; nil is the end of the file.
func decodeNext(d *yaml.Decoder) (n *yaml.Node, err error) {
	// The decoder has panics of its own for states it thinks impossible; a broken
	// file must not stop a server that has a good policy.
	defer func() {
		if p := recover(); p != nil {
			n, err = nil, fmt.Errorf("%v", p)
		}
	}()
	n = new(yaml.Node)
	switch err = d.Decode(n); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return n, nil
}

// syntax tells of what the decoder could not read, with the line that it names.
func (r *fileReader) syntax(err error) {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, reason, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				text, line = reason, n
			}
		}
	}
	r.tell(line, 1, "this is not YAML (%s): check indentation, colons, quotes and brackets here and in the next line", text)
}

// plain refuses what makes YAML mean more than it shows.
func (r *fileReader) plain(n *yaml.Node, depth int) {
	switch {
	case depth > maxDepth:
		r.tell(n.Line, n.Column, "blocks are nested more than %d deep", maxDepth)
		return
	case n.Kind == yaml.AliasNode:
		r.tell(n.Line, n.Column, "*%s repeats what is written elsewhere: write it out here", shorten(n.Value))
	case n.Anchor != "":
		r.tell(n.Line, n.Column, "the anchor &%s has no use in a policy: remove it", shorten(n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		r.tell(n.Line, n.Column, "the tag %s has no use in a policy: remove it", shorten(n.Tag))
	}
	for _, c := range n.Content {
		r.plain(c, depth+1)
	}
}
