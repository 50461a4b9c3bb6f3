package main

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/policies"
)

// update makes the test below write the documents instead of comparing them.
var update = flag.Bool("update", false, "write the documents that are made from the code")

// root is the folder of the whole project, as tests of this package see it.
const root = "../.."

func TestTheDocumentsAreAsTheCodeIs(t *testing.T) {
	if testing.Short() {
		t.Skip("make race need not compare what make test and make generated do")
	}
	described := describe(t)
	document(t, "docs/tools.md", toolsDocument(described))
	document(t, "docs/stripe.md", stripeDocument(t, described))
	document(t, "docs/config.md", between(t, "docs/config.md", "variables", variables(t)))
	document(t, "docs/policy.md", policyDocument())
	document(t, "docs/policy.schema.json", string(policies.Schema()))
	document(t, "README.md", between(t, "README.md", "tools", toolTable(described)))
}

func TestTheReadmeIsShort(t *testing.T) {
	t.Parallel()
	if n := strings.Count(readDocument(t, "README.md"), "\n"); n >= 150 {
		t.Errorf("the README has %d lines", n)
	}
}

// document holds a file to its text, or writes it.
func document(t *testing.T, name, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil { //nolint:gosec // a document is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(readDocument(t, name), text); diff != "" {
		t.Errorf("%s is stale; run go generate ./... (-is +should be):\n%s", name, diff)
	}
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil && !*update {
		t.Fatal(err)
	}
	return string(b)
}

// between puts text between a document's two marks and leaves the rest.
func between(t *testing.T, name, mark, text string) string {
	t.Helper()
	begin, end := "<!-- "+mark+": written by go generate -->\n", "<!-- end of "+mark+" -->\n"
	before, rest, ok := strings.Cut(readDocument(t, name), begin)
	_, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("%s has not the marks %q and %q", name, begin, end)
	}
	return before + begin + text + end + after
}

// variables is the table of the environment, from the fields of Config and their comments.
func variables(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString("| variable | default | |\n|---|---|---|\n")
	comments := fieldComments(t, "config.go", "Config")
	secrets := map[string]bool{} // that can be kept in files
	for f := range reflect.TypeFor[Config]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		secrets[name] = true
		if name == "" || secrets[strings.TrimSuffix(name, "_FILE")] && strings.HasSuffix(name, "_FILE") { // that is told once for all
			continue
		}
		otherwise := f.Tag.Get("otherwise")
		if preset := f.Tag.Get("envDefault"); preset != "" {
			otherwise = "`" + preset + "`"
		}
		if comments[f.Name] == "" || otherwise == "" {
			t.Errorf("Config.%s needs a comment, and the tag envDefault or otherwise", f.Name)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", name, otherwise, comments[f.Name])
	}
	return out.String()
}

// fieldComments are the comments above the fields of a struct, each in one line.
func fieldComments(t *testing.T, file, structure string) map[string]string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != structure {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					out[name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
				}
			}
		}
		return false
	})
	return out
}
