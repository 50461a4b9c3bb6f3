package main

import (
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The unit for systemd and the property list for launchd start the same service.
func TestTheUnitsOfADeployedServiceWouldStart(t *testing.T) {
	t.Parallel()
	unit := map[string]string{}
	for line := range strings.Lines(readDocument(t, "docs/deploy/supportmcp.service")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			unit[key] = value
		}
	}
	environment := map[string]string{}
	for line := range strings.Lines(readDocument(t, "docs/deploy/environment")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(key, "#") {
			environment[key] = value
		}
	}
	for name := range environment {
		if !knownVariables()[name] {
			t.Errorf("%s is no variable of the configuration", name)
		}
	}
	list := properties(t, readDocument(t, "docs/deploy/com.supportmcp.plist"))
	if diff := cmp.Diff(environment, list.texts); diff != "" {
		t.Errorf("the two configurations differ:\n%s", diff)
	}
	if got := strings.Join(list.arguments, " "); got != unit["ExecStart"] {
		t.Errorf("launchd starts %q and systemd %q", got, unit["ExecStart"])
	}
	serve := serveCommand(world{})
	if list.arguments[1] != serve.Name() {
		t.Errorf("%v does not serve", list.arguments)
	}
	if err := serve.ParseFlags(list.arguments[2:]); err != nil {
		t.Error(err)
	}
	steps := readDocument(t, "docs/deploy/README.md")
	for _, name := range []string{unit["User"], "_supportmcp"} {
		if !regexp.MustCompile(`(useradd|sysadminctl) .*\b` + name + `\b`).MatchString(steps) {
			t.Errorf("no step makes the user %s", name)
		}
	}
	for _, path := range environment {
		if strings.HasPrefix(path, "/etc/") && !strings.Contains(steps, path) {
			t.Errorf("no step makes %s", path)
		}
	}
}

// propertyList is what the test looks at in a property list.
type propertyList struct {
	arguments []string
	texts     map[string]string // the variables of the environment
}

func properties(t *testing.T, text string) propertyList {
	t.Helper()
	list := propertyList{texts: map[string]string{}}
	d, key, within := xml.NewDecoder(strings.NewReader(text)), "", ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			maps.DeleteFunc(list.texts, func(name, _ string) bool { return strings.ToUpper(name) != name })
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		begin, ok := token.(xml.StartElement)
		if !ok || begin.Name.Local != "key" && begin.Name.Local != "string" {
			continue
		}
		var value string
		if err := d.DecodeElement(&value, &begin); err != nil {
			t.Fatal(err)
		}
		switch {
		case begin.Name.Local == "key":
			if key = value; strings.ToUpper(key) != key {
				within = key
			}
		case within == "ProgramArguments":
			list.arguments = append(list.arguments, value)
		default:
			list.texts[key] = value
		}
	}
}
