package policies

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/money"
)

// Bounds of single values.
const (
	maxCount   = 1_000_000
	maxChars   = 20_000
	maxMessage = 300
)

func (r *fileReader) span(into *time.Duration) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.value(path, kindSpan) {
			return
		}
		text, ok := r.text(path, n, "a time span such as 30d, 24h or 15m")
		if !ok {
			return
		}
		d, err := ParseSpan(text)
		if err != nil {
			r.at(n, "%s: %v", path, err)
		}
		*into = d
	}
}

// effect reads one of the given effects.
func (r *fileReader) effect(into *Effect, known ...Effect) reader {
	names := make([]string, len(known))
	for i, e := range known {
		names[i] = e.String()
	}
	return r.word(names, func(text string) { _ = into.UnmarshalText([]byte(text)) })
}

// word reads one of the words that are known.
func (r *fileReader) word(known []string, set func(string)) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.value(path, kindWord, known...) {
			return
		}
		text, ok := r.text(path, n, "one of "+strings.Join(known, ", "))
		switch {
		case !ok:
		case !slices.Contains(known, text):
			r.at(n, "%s: unknown word %q; %s", path, shorten(text), hint(text, known))
		default:
			set(text)
		}
	}
}

// amount is read from the text of the value: as a number it would already be rounded.
func (r *fileReader) amount(path string, n *yaml.Node, c money.Currency) (m money.Money, ok bool) {
	if r.outline.value(path, kindAmount) {
		return m, false
	}
	text, ok := r.text(path, n, "an amount such as "+money.Of(100*c.Step(), c).String())
	if !ok {
		return m, false
	}
	m, err := money.ParseIn(text, c)
	if err != nil {
		r.at(n, "%s: %q is no amount: %v", path, text, err)
	}
	return m, err == nil
}

// positive is an amount above zero: a limit of nothing is better left out.
func (r *fileReader) positive(path string, n *yaml.Node, c money.Currency) (money.Money, bool) {
	m, ok := r.amount(path, n, c)
	if ok && m.Minor == 0 {
		r.at(n, "%s must be more than zero; a currency that is not listed is denied", path)
	}
	return m, ok && m.Minor > 0
}

func (r *fileReader) number(into *int64, most int64) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.number(path, most) {
			return
		}
		want := fmt.Sprintf("a whole number from 1 to %d", most)
		text, ok := r.text(path, n, want)
		if !ok {
			return
		}
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil || i < 1 || i > most || strconv.FormatInt(i, 10) != text {
			r.unlike(path, n, want)
			return
		}
		*into = i
	}
}

// sentence is text for people.
func (r *fileReader) sentence(into *string) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.value(path, kindText) {
			return
		}
		if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || strings.TrimSpace(n.Value) == "" || len(n.Value) > maxMessage {
			r.unlike(path, n, fmt.Sprintf("a sentence of at most %d characters", maxMessage))
			return
		}
		*into = n.Value
	}
}

// name is a word of other systems: a tag, a plan, a country.
func (r *fileReader) named(what string, into *string) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.value(path, kindName) {
			return
		}
		text, ok := r.text(path, n, fmt.Sprintf("the name of a %s, at most %d characters", what, longest))
		switch {
		case !ok:
		case n.ShortTag() != "!!str":
			// YAML reads 007 as 7, 1.0 as 1 and NO as false: only quotes make plain what is meant.
			r.at(n, "%s: write %q in quotes, so that it is read as a name", path, text)
		case text == "" || strings.TrimSpace(text) != text:
			r.at(n, "%s: the name %q is empty, or starts or ends with a space", path, text)
		default:
			*into = text
		}
	}
}

// names are names that differ, whatever their case.
func (r *fileReader) names(what string, into *[]string) reader {
	return func(path string, n *yaml.Node) {
		r.list(path, n, func(path string, n *yaml.Node) {
			var name string
			r.named(what, &name)(path, n)
			if slices.ContainsFunc(*into, func(a string) bool { return strings.EqualFold(a, name) }) {
				r.at(n, "%s: the %s %q is listed twice; upper and lower case are the same %s", path, what, name, what)
				return
			}
			if name != "" {
				*into = append(*into, name)
			}
		})
	}
}

// words are values of a block by one of the known keys.
func (r *fileReader) words(what string, known []string, value func(key string) reader) reader {
	return func(path string, n *yaml.Node) {
		if r.outline.words(path, what, known, value) {
			return
		}
		r.pairs(path, n, func(key, n *yaml.Node) {
			if !slices.Contains(known, key.Value) {
				r.at(key, "%s: unknown %s %q; %s", path, what, shorten(key.Value), hint(key.Value, known))
				return
			}
			value(key.Value)(join(path, key.Value), n)
		})
	}
}
