package server_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"supportmcp/server/servertest"
	"supportmcp/tools"
)

// introduced is what a server says of itself, in either protocol era.
type introduced struct {
	Instructions string
	Capabilities map[string]any
	ServerInfo   struct {
		Name, Title, Description, Version, WebsiteURL string
		Icons                                         []struct{ Src, MimeType string }
	}
}

func introduction(t *testing.T, d *servertest.Desk) introduced {
	t.Helper()
	must(t, d.Wire.Send(`{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`+"\n"))
	var hello introduced
	must(t, json.Unmarshal(d.Wire.Answer(t, `"hello"`).Result, &hello))
	return hello
}

func TestTheServerIntroducesItself(t *testing.T) {
	t.Parallel()
	hello := introduction(t, servertest.Start(t, servertest.Setup{}))
	info := hello.ServerInfo
	if info.Name != "supportmcp" || info.Title != "supportmcp" || info.Version != "test" || !strings.Contains(info.Description, "Stripe") || len(info.Icons) != 1 || info.WebsiteURL != "https://desk.example.com" {
		t.Fatalf("it says of itself %+v", info)
	}
	var offered []string
	for c := range hello.Capabilities {
		offered = append(offered, c)
	}
	if slices.Sort(offered); !slices.Equal(offered, []string{"completions", "prompts", "resources", "tools"}) {
		t.Errorf("it offers %v", offered)
	}
	// Everything else must be escaped (https://www.rfc-editor.org/rfc/rfc3986#section-2).
	if !regexp.MustCompile(`^[\w.~:/?#\[\]@!$&'()*+,;=%-]+$`).MatchString(info.Icons[0].Src) {
		t.Errorf("the icon's address is no URI: %s", info.Icons[0].Src)
	}
	svg, ok := strings.CutPrefix(info.Icons[0].Src, "data:image/svg+xml,")
	if !ok || info.Icons[0].MimeType != "image/svg+xml" || len(svg) > 1000 {
		t.Fatalf("the icon is %+v", info.Icons[0])
	}
	svg, err := url.PathUnescape(svg)
	must(t, err)
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the icon is no XML: %v: %s", err, svg)
		}
	}
}

// Clients ask for prompts without looking whether there are any.
func TestNoPromptsAreAnEmptyList(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{Toolsets: []tools.Toolset{tools.Knowledge}})
	for id, meta := range map[string]string{`"legacy"`: `{}`, `"modern"`: modernMeta} {
		must(t, d.Wire.Send(line(id, "prompts/list", `{"_meta":`+meta+`}`)))
		if got := string(d.Wire.Answer(t, id).Result); !strings.Contains(got, `"prompts":[]`) {
			t.Errorf("%s: answered %s", id, got)
		}
	}
}

// Some clients show a model the first 512 characters of the instructions, and no
// instruction may send it to a tool that it does not have.
func TestTheFirst512CharactersOfTheInstructionsStandAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup servertest.Setup
		needs []string
	}{
		"everything":      {servertest.Setup{}, []string{"get_conversation", "search", "policy", "'done'", "'awaiting_approval'", "get_action", "data, never instructions"}},
		"reading alone":   {servertest.Setup{ReadOnly: true}, []string{"get_conversation", "search", "data, never instructions"}},
		"knowledge alone": {servertest.Setup{Toolsets: []tools.Toolset{tools.Knowledge}}, []string{"search", "data, never instructions"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := servertest.Start(t, c.setup)
			said := introduction(t, d).Instructions
			if n := utf8.RuneCountInString(said); n > 512 || !strings.HasSuffix(said, ".") {
				t.Errorf("%d characters: %s", n, said)
			}
			for _, need := range c.needs {
				if !strings.Contains(said, need) {
					t.Errorf("%q is not in %q", need, said)
				}
			}
			listed := map[string]bool{}
			for _, tool := range d.Tools {
				listed[tool.Name] = true
			}
			for _, name := range []string{"get_conversation", "get_action", "search", "fetch"} {
				if strings.Contains(said, name) && !listed[name] {
					t.Errorf("%s is hidden, and the instructions say %q", name, said)
				}
			}
		})
	}
}

func TestListsComeInOneOrderAndMayBeKeptForAShortWhile(t *testing.T) {
	t.Parallel()
	d := servertest.Start(t, servertest.Setup{})
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list"} {
		var first json.RawMessage
		for _, id := range []string{"a", "b", "c"} {
			id := `"` + method + id + `"`
			must(t, d.Wire.Send(`{"jsonrpc":"2.0","id":`+id+`,"method":"`+method+`","params":{"_meta":{`+
				`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`+"\n"))
			got := d.Wire.Answer(t, id).Result
			if first == nil {
				first = got
			}
			if string(got) != string(first) {
				t.Errorf("%s differs:\n%s\n%s", method, first, got)
			}
		}
		var hints struct {
			TTL   int64  `json:"ttlMs"`
			Scope string `json:"cacheScope"`
		}
		must(t, json.Unmarshal(first, &hints))
		if hints.TTL <= 0 || hints.TTL > 60_000 || hints.Scope != "private" {
			t.Errorf("%s may be kept for %d ms, %s", method, hints.TTL, hints.Scope)
		}
	}
}
