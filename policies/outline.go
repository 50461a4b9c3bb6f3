package policies

import "strings"

// valueKind is what a value of a policy file is.
type valueKind string

// The kinds of values.
const (
	kindBlock  valueKind = "block"
	kindList   valueKind = "list"
	kindSpan   valueKind = "time span"
	kindAmount valueKind = "amount"
	kindNumber valueKind = "number"
	kindWord   valueKind = "word"
	kindName   valueKind = "name"
	kindText   valueKind = "text"
	kindID     valueKind = "id"
	kindCited  valueKind = "document"
)

// Key is one key that a policy file may have, as the reader knows it.
type Key struct {
	Path     string // such as refund.currencies.CURRENCY.auto or refund.when[].plan
	Kind     string // block, list, time span, amount, number, word, name, id, document, text
	Words    []string
	Most     int64  // of a number; the least is 1
	Default  string // what holds without the key; "" where its absence has no value
	Example  string
	Doc      string
	Required bool // within its block
}

// Keys are all keys of a policy file, in the order in which they are explained.
// They come from the reader itself, so that no description can differ from it.
func Keys() []Key {
	r := &fileReader{outline: &outline{}}
	r.policy(nil)
	return r.outline.keys
}

// outline collects the keys that a reader would read. A nil outline collects
// nothing: the reader reads.
type outline struct{ keys []Key }

// block reports whether keys are collected, and then collects those of a block.
func (o *outline) block(path string, fields []field) bool {
	if o == nil {
		return false
	}
	o.value(path, kindBlock)
	for _, f := range fields {
		o.keys = append(o.keys, Key{Path: join(path, f.key), Example: f.example, Doc: f.doc, Default: f.otherwise, Required: f.required})
		f.read(join(path, f.key), nil)
	}
	return true
}

func (o *outline) list(path string, each reader) bool {
	if o == nil {
		return false
	}
	o.value(path, kindList)
	each(path+"[]", nil)
	return true
}

// currencies collects what a block by currency holds.
func (o *outline) currencies(path string, each func(path string)) bool {
	if o == nil {
		return false
	}
	o.value(path, kindBlock)
	each(join(path, anyCurrency))
	return true
}

// anyCurrency stands in paths for a currency's code, and anyKey for a key that
// other systems define.
const (
	anyCurrency = "CURRENCY"
	anyKey      = "KEY"
)

func (o *outline) words(path, what string, known []string, value func(string) reader) bool {
	if o == nil {
		return false
	}
	o.value(path, kindBlock)
	for _, k := range known {
		o.keys = append(o.keys, Key{Path: join(path, k), Doc: "For the " + what + " " + k + ".", Example: Deny.String()})
		value(k)(join(path, k), nil)
	}
	return true
}

// value says of what kind the value at a path is. Items of lists and values by
// currency have no key of their own that was collected before.
func (o *outline) value(path string, kind valueKind, words ...string) bool {
	if o == nil {
		return false
	}
	if path == "" {
		return true
	}
	last := len(o.keys) - 1
	for last >= 0 && o.keys[last].Path != path {
		last--
	}
	if last < 0 {
		o.keys = append(o.keys, Key{Path: path, Doc: innerDoc(path)})
		last = len(o.keys) - 1
	}
	o.keys[last].Kind, o.keys[last].Words = string(kind), words
	return true
}

// number says how large a number may be.
func (o *outline) number(path string, most int64) bool {
	if !o.value(path, kindNumber) {
		return false
	}
	for i := range o.keys {
		if o.keys[i].Path == path {
			o.keys[i].Most = most
		}
	}
	return true
}

// innerDoc explains what stands for an item or a value.
func innerDoc(path string) string {
	switch {
	case strings.HasSuffix(path, "."+anyCurrency):
		return "For one currency, by its code such as eur."
	case strings.HasSuffix(path, "."+anyKey):
		return "For one name."
	}
	return "One of them."
}

// Inner reports whether a key stands for an item or a value rather than for a word
// that somebody writes.
func (k Key) Inner() bool {
	return strings.HasSuffix(k.Path, "[]") || strings.HasSuffix(k.Path, "."+anyCurrency) || strings.HasSuffix(k.Path, "."+anyKey)
}
