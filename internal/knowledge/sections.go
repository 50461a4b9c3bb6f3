package knowledge

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
)

// outline is the order of headings in one body while it is read line by line.
type outline struct {
	title    string // the first heading of level 1, "" without one
	sections []Section
	open     []openSection // the headings the current line is below, outermost first
	slugs    map[string]int
}

type openSection struct {
	index int // in outline.sections
	level int
	name  string
}

// outlineOf cuts body at its headings, those of the form "## Heading" outside fenced code.
func outlineOf(body string) (outline, error) {
	o := outline{slugs: map[string]int{}}
	var code fence
	at := 0
	for line := range strings.Lines(body) {
		if !code.covers(line) {
			if level, name := heading(line); level > 0 {
				o.begin(level, name, at)
			}
		}
		if len(o.sections) > maxSections {
			return outline{}, fmt.Errorf("it has more than %d headings", maxSections)
		}
		at += len(line)
	}
	o.close(1, at)
	o.addPreamble(body)
	return o, nil
}

// begin opens a section at a heading and closes those it is not inside of.
func (o *outline) begin(level int, name string, at int) {
	o.close(level, at)
	if level == 1 {
		o.title = cmp.Or(o.title, name)
	}
	o.open = append(o.open, openSection{index: len(o.sections), level: level, name: name})
	names := make([]string, len(o.open))
	for i, s := range o.open {
		names[i] = s.name
	}
	o.sections = append(o.sections, Section{
		Slug: o.uniqueSlug(name), Heading: strings.Join(names, " > "), Start: at, End: at,
	})
}

// close ends the open sections of this level and deeper.
func (o *outline) close(level, at int) {
	for n := len(o.open); n > 0 && o.open[n-1].level >= level; n = len(o.open) {
		o.sections[o.open[n-1].index].End = at
		o.open = o.open[:n-1]
	}
}

func (o *outline) addPreamble(body string) {
	end := len(body)
	if len(o.sections) > 0 {
		end = o.sections[0].Start
	}
	if strings.TrimSpace(body[:end]) != "" {
		o.sections = append([]Section{{End: end}}, o.sections...)
	}
}

// heading gives the level and plain name of a line such as "## Duplicates ##";
// level 0 is no heading. See https://spec.commonmark.org/0.31.2/#atx-headings.
func heading(line string) (level int, name string) {
	text := strings.TrimLeft(line, " ")
	marks := len(text) - len(strings.TrimLeft(text, "#"))
	if len(line)-len(text) > 3 || marks == 0 || marks > 6 {
		return 0, ""
	}
	text = text[marks:]
	if text != "" && !strings.ContainsRune(" \t\n", rune(text[0])) {
		return 0, ""
	}
	text = strings.TrimRight(text, " \t\n")
	if bare := strings.TrimRight(text, "#"); bare != strings.TrimRight(bare, " \t") {
		text = bare
	}
	return marks, oneLine(plain(text))
}

// plain drops the marks of emphasis and code, and leaves of a link its text.
func plain(markdown string) string {
	var out strings.Builder
	for {
		before, after, link := strings.Cut(markdown, "](")
		end := strings.IndexByte(after, ')')
		start := strings.LastIndexByte(before, '[')
		if !link || end < 0 || start < 0 {
			break
		}
		out.WriteString(before[:start] + before[start+1:])
		markdown = after[end+1:]
	}
	out.WriteString(markdown)
	return strings.NewReplacer("*", "", "`", "", `\`, "").Replace(out.String())
}

// uniqueSlug makes a heading's anchor as GitHub does, and "section" where
// GitHub has none. See "Section links" in
// https://docs.github.com/en/get-started/writing-on-github/getting-started-with-writing-and-formatting-on-github/basic-writing-and-formatting-syntax
func (o *outline) uniqueSlug(name string) string {
	base := cmp.Or(strings.Map(slugRune, name), "section")
	slug := base
	for {
		if _, taken := o.slugs[slug]; !taken {
			break
		}
		o.slugs[base]++
		slug = fmt.Sprintf("%s-%d", base, o.slugs[base])
	}
	o.slugs[slug] = 0
	return slug
}

func slugRune(r rune) rune {
	switch {
	case r == ' ':
		return '-'
	case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r):
		return unicode.ToLower(r)
	}
	return -1
}
