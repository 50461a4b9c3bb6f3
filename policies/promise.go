package policies

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Promise is what a document outside the policy says of one of its keys.
type Promise struct {
	Key   string // such as refund.window, or refund.window_days with a bare number
	Value string // as a policy file would write it
}

// Compare says how a policy file that kept the promise would differ from the one
// that there is; nothing is changed. Looser differences are what the document
// promises beyond what is enforced. A key that no policy has, or a value that it
// cannot have, is an error. name and text are those of a valid file.
func (pr Promise) Compare(name string, text []byte) ([]Difference, error) {
	pr, err := pr.inPolicyWords()
	if err != nil {
		return nil, err
	}
	is, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	promised, covered, err := pr.keptIn(text)
	if err != nil {
		return nil, err
	}
	as, err := Parse(name, promised)
	switch {
	case err == nil:
		return Compare(is, as), nil
	case !covered: // what the file says nothing about cannot be half said
		return []Difference{{Path: pr.Key, New: pr.Value, Looser: true}}, nil
	}
	return nil, plainProblem(err)
}

// inPolicyWords is the promise with a key that policies have: 30 of window_days is
// 30d of window.
func (pr Promise) inPolicyWords() (Promise, error) {
	if isKey(pr.Key) {
		return pr, nil
	}
	for suffix, unit := range map[string]string{"_days": "d", "_hours": "h"} {
		if key, ok := strings.CutSuffix(pr.Key, suffix); ok && isKey(key) {
			return Promise{key, pr.Value + unit}, nil
		}
	}
	var known []string
	for _, k := range Keys() {
		if !k.Inner() {
			known = append(known, k.Path)
		}
	}
	next := hint(pr.Key, known)
	if !strings.HasPrefix(next, "did you mean") {
		next = "docs/policy.md has them all"
	}
	return pr, fmt.Errorf("no policy has the key %s; %s", shorten(pr.Key), next)
}

// isKey reports whether a policy file can have a value at a path.
func isKey(path string) bool {
	return slices.ContainsFunc(Keys(), func(k Key) bool {
		return slices.EqualFunc(strings.Split(k.Path, "."), strings.Split(path, "."), func(known, is string) bool {
			return known == is || is != "" && (known == anyCurrency || known == anyKey)
		})
	})
}

// keptIn is the text of a policy file in which the promise holds. covered says that
// the file has the block that the key stands in.
func (pr Promise) keptIn(text []byte) (kept []byte, covered bool, err error) {
	var file yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&file); err != nil {
		return nil, false, fmt.Errorf("read the policy: %w", err)
	}
	at, covered := file.Content[0], true
	keys := strings.Split(pr.Key, ".")
	for _, key := range keys[:len(keys)-1] {
		next := valueOf(at, key)
		if next == nil {
			next, covered = &yaml.Node{Kind: yaml.MappingNode}, false
			at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, next)
		}
		at = next
	}
	last, value := keys[len(keys)-1], yaml.Node{Kind: yaml.ScalarNode, Value: pr.Value}
	if there := valueOf(at, last); there != nil {
		*there = value
	} else {
		at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: last}, &value)
	}
	kept, err = yaml.Marshal(&file)
	return kept, covered, err
}

// valueOf is the value of a key of a block; currencies are written in any case.
func valueOf(block *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(block.Content); i += 2 {
		if strings.EqualFold(block.Content[i].Value, key) {
			return block.Content[i+1]
		}
	}
	return nil
}

// plainProblem is what is wrong with a promise, without places in a file that
// nobody has.
func plainProblem(err error) error {
	wrong, ok := errors.AsType[*FileError](err)
	if !ok {
		return err
	}
	return errors.New(wrong.Problems[0].Message)
}

// Citation is a document that a policy names as the explanation of some of its rules.
type Citation struct {
	Key string // of the policy file, such as refund.cite or refund.when.abroad.cite
	URI string
}

// Citations are all documents that a policy names, in the order of their keys.
func (p *Policy) Citations() []Citation {
	var out []Citation
	add := func(key, uri string) {
		if c := (Citation{key, uri}); uri != "" && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	for _, k := range kinds() {
		s := p.section(k)
		if s == nil {
			continue
		}
		add(k.section()+".cite", s.Cite)
		for _, m := range s.When {
			add(k.section()+between+m.ID+".cite", m.Cite)
		}
	}
	slices.SortFunc(out, func(a, b Citation) int { return strings.Compare(a.Key, b.Key) })
	return out
}
