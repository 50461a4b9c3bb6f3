package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"supportmcp/policies"
)

// policyDocument is docs/policy.md: every key of a policy file. What many sections
// have is explained once.
func policyDocument() string {
	var out strings.Builder
	out.WriteString("# The policy file\n\n" +
		"Written by `go generate ./...` from the code that reads the file. Whatever a file does not list is\n" +
		"denied. [policies/](policies/README.md) has whole files with comments, and shows how to test, explain\n" +
		"and compare them. `supportmcp policy check FILE` says everything that is wrong with one.\n\n" +
		"An editor with a YAML language server checks the file while you type. Write the schema beside it with\n" +
		"`supportmcp policy schema > policy.schema.json`, and begin the file with\n\n" +
		"```yaml\n# yaml-language-server: $schema=policy.schema.json\n```\n\n" +
		"Amounts are written as people write them, in the currency that they stand under (`50.00` under `eur`,\n" +
		"`7500` under `jpy`); they are gross. Time spans are `90s`, `15m`, `24h` or `30d`. Names that YAML would\n" +
		"read otherwise, such as `\"NO\"` or `\"007\"`, need quotes. A block is written over several lines or in\n" +
		"braces, a list over several lines or in brackets. An asterisk marks a key that its block must have.\n")
	for _, part := range parts() {
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n| key | value | without it | | example |\n|---|---|---|---|---|\n", part.title, part.about)
		for _, row := range part.rows {
			out.WriteString(row)
		}
	}
	return out.String()
}

type part struct {
	title, about string
	rows         []string
}

// parts are the chapters: a block each, and what several sections have in common.
func parts() []part {
	out := []part{{title: "The file", about: "The keys at the left margin."}}
	when := part{title: "when", about: "A rule of a section's `when` restricts further what it matches: all of its conditions must hold, and of each list one value. What is not known of an action matches."}
	budget := part{title: "budgets", about: "Budgets of a section count its own actions, those at the left margin count several sections together (`of`)."}
	all := policies.Keys()
	for _, k := range all {
		top, below, nested := strings.Cut(k.Path, ".")
		_, condition, isWhen := strings.Cut(k.Path, "when[].")
		_, limit, isBudget := strings.Cut(k.Path, "budgets[].")
		switch {
		case k.Inner():
		case isWhen:
			when.add(k, condition, all)
		case isBudget:
			budget.add(k, limit, all)
		case !nested:
			out[0].add(k, top, all)
			if k.Kind == "block" || top == "ties" {
				out = append(out, part{title: top, about: k.Doc})
			}
		default:
			out[len(out)-1].add(k, below, all)
		}
	}
	return append(out, when, budget)
}

// add adds a key, unless another section has brought it.
func (p *part) add(k policies.Key, name string, all []policies.Key) {
	mark, otherwise, example := "", "", ""
	if k.Required {
		mark = " *"
	}
	if k.Default != "" {
		otherwise = "`" + k.Default + "`"
	}
	if k.Example != "" {
		example = "`" + k.Example + "`"
	}
	row := fmt.Sprintf("| `%s`%s | %s | %s | %s | %s |\n", strings.ReplaceAll(name, "CURRENCY", "eur"), mark, valueOf(k, all), otherwise, k.Doc, example)
	if !slices.Contains(p.rows, row) {
		p.rows = append(p.rows, row)
	}
}

// valueOf says what a key's value is, with what is in it.
func valueOf(k policies.Key, all []policies.Key) string {
	inner := func(suffix string) string {
		for _, o := range all {
			if o.Path == k.Path+suffix {
				return valueOf(o, all)
			}
		}
		return ""
	}
	switch k.Kind {
	case "word":
		return "`" + strings.Join(k.Words, "`, `") + "`"
	case "number":
		return fmt.Sprintf("1 to %d", k.Most)
	case "list":
		return "list: " + inner("[]")
	case "block":
		if by := inner(".CURRENCY"); by != "" {
			return "by currency: " + by
		}
		if by := inner(".KEY"); by != "" {
			return "by name: " + by
		}
	}
	return k.Kind
}

func TestEveryKeyOfThePolicyIsInItsDocument(t *testing.T) {
	t.Parallel()
	text := policyDocument()
	for _, k := range policies.Keys() {
		name := k.Path[strings.LastIndexAny(k.Path, ".]")+1:]
		if !k.Inner() && !strings.Contains(text, k.Doc) || !k.Inner() && !strings.Contains(text, name+"`") {
			t.Errorf("%s is missing", k.Path)
		}
	}
}
