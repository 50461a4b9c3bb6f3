package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/knowledge"
)

// sourcesIn writes a file of sources, with the files of secrets that it may name.
func sourcesIn(t *testing.T, text string) (Config, world) {
	t.Helper()
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{"client_email": "bot@acme.test", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"sources.yaml": text, "token": " CANARY\n", "key.json": string(account), "empty": " \n", "lines": "a\nb"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := Config{Knowledge: filepath.Join(dir, "sources.yaml"), IntercomToken: "token", IntercomBase: "https://api.intercom.io"}
	return c, world{now: time.Now}
}

// The file is the one of docs/knowledge.md.
func TestEverySourceOfTheManualIsUnderstood(t *testing.T) {
	t.Parallel()
	text := readDocument(t, "docs/knowledge.md")
	_, text, _ = strings.Cut(text, "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	c, w := sourcesIn(t, strings.NewReplacer("/run/secrets/github", "token", "/run/secrets/notion", "token", "/run/secrets/confluence", "token", "/run/secrets/google.json", "key.json").Replace(text))
	f, err := c.feeds(w)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.names(), " "); got != "handbook policies help notion wiki drive" {
		t.Errorf("the sources are %s", got)
	}
	for _, one := range f.all {
		if folder := one.Name() == "handbook"; (one.folder != nil) != folder || one.every <= 0 {
			t.Errorf("%s is followed as %+v", one.Name(), one)
		}
	}
	if d := f.defaults()["handbook"]; d.Lang != "de" || d.Audience != knowledge.ForAgents || f.all[0].every != 30*time.Second {
		t.Errorf("the handbook has %+v and is looked at every %v", d, f.all[0].every)
	}
}

func TestASlipInTheFileOfSourcesIsSaid(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sources: []":               "version is 0",
		"version: 1\nsource: []":    "field source not found",
		"version: 1\naudience: all": `audience is "all"`,
		"version: 1\nsources: [{name: a, folder: x}, {name: a, folder: y}]":                                "names the source a twice",
		"version: 1\nsources: [{name: a, folder: x, intercom: {}}]":                                        "it names 2 places",
		"version: 1\nsources: [{name: a, folder: x, audience: all}]":                                       `audience is "all"`,
		"version: 1\nsources: [{name: a, github: {repository: acme}}]":                                     "write owner/name",
		"version: 1\nsources: [{name: a, github: {repository: acme/help, token_file: none}}]":              "read the token",
		"version: 1\nsources: [{name: a, github: {repository: acme/help, token_file: empty}}]":             "holds no token",
		"version: 1\nsources: [{name: a, github: {repository: acme/help, token_file: lines}}]":             "or more than one",
		"version: 1\nsources: [{name: a, github: {repository: acme/help, token: CANARY}}]":                 "field token not found",
		"version: 1\nsources: [{name: a, notion: {token_file: token}}]":                                    "Notion needs",
		"version: 1\nsources: [{name: a, confluence: {site: 'http://x.example', user: u, spaces: [A]}}]":   "Confluence needs",
		"version: 1\nsources: [{name: a, google: {credentials_file: token, folders: [abcdefghijklmnop]}}]": "no JSON key",
	} {
		c, w := sourcesIn(t, text)
		_, err := c.feeds(w)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "SUPPORTMCP_KNOWLEDGE names a file") || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: the error is %v, want %q", text, err, want)
		}
	}
}
