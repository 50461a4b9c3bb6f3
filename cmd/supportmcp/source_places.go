package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"supportmcp/internal/github"
	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/wiki"
)

// sourceEntry is one source: one of the places, and what counts for all of them.
type sourceEntry struct {
	Name     string             `yaml:"name"`
	Every    string             `yaml:"every"`
	Lang     string             `yaml:"lang"`
	Audience knowledge.Audience `yaml:"audience"`

	Folder     string           `yaml:"folder"`
	GitHub     *githubEntry     `yaml:"github"`
	Intercom   *intercomEntry   `yaml:"intercom"`
	Notion     *notionEntry     `yaml:"notion"`
	Confluence *confluenceEntry `yaml:"confluence"`
	Google     *googleEntry     `yaml:"google"`
}

type githubEntry struct {
	Repository string `yaml:"repository"`
	Ref        string `yaml:"ref"`
	Folder     string `yaml:"folder"`
	TokenFile  string `yaml:"token_file"`
	URL        string `yaml:"url"`
}

// intercomEntry is the workspace of INTERCOM_ACCESS_TOKEN.
type intercomEntry struct {
	Internal bool `yaml:"internal"` // with the internal articles
}

type notionEntry struct {
	TokenFile string   `yaml:"token_file"`
	Pages     []string `yaml:"pages"`
}

type confluenceEntry struct {
	Site      string   `yaml:"site"`
	User      string   `yaml:"user"`
	TokenFile string   `yaml:"token_file"`
	Spaces    []string `yaml:"spaces"`
}

type googleEntry struct {
	CredentialsFile string   `yaml:"credentials_file"`
	Folders         []string `yaml:"folders"`
}

// place makes the source that an entry names; it must name one. Paths are relative
// to dir.
func (c Config) place(e sourceEntry, dir string, w world) (feed, error) {
	makers := map[string]func() (feed, error){
		"folder":     func() (feed, error) { return folderAt(e.Name, beside(dir, e.Folder)) },
		"github":     func() (feed, error) { return e.GitHub.feed(e.Name, dir, w) },
		"intercom":   func() (feed, error) { return c.articles(e.Name, e.Intercom.Internal, w) },
		"notion":     func() (feed, error) { return e.Notion.feed(e.Name, dir, w) },
		"confluence": func() (feed, error) { return e.Confluence.feed(e.Name, dir) },
		"google":     func() (feed, error) { return e.Google.feed(e.Name, dir, w) },
	}
	there := e.places()
	if len(there) != 1 {
		return feed{}, fmt.Errorf("it names %d places; give it one: folder, github, intercom, notion, confluence or google", len(there))
	}
	return makers[there[0]]()
}

// places are those that an entry names.
func (e sourceEntry) places() (there []string) {
	for name, is := range map[string]bool{
		"folder": e.Folder != "", "github": e.GitHub != nil, "intercom": e.Intercom != nil,
		"notion": e.Notion != nil, "confluence": e.Confluence != nil, "google": e.Google != nil,
	} {
		if is {
			there = append(there, name)
		}
	}
	return there
}

func folderAt(name, dir string) (feed, error) {
	folder, err := knowledge.NewFolder(name, dir)
	return feed{Source: folder, folder: folder, every: everyFolder}, err
}

func (g *githubEntry) feed(name, dir string, w world) (feed, error) {
	token, err := secretIn(dir, g.TokenFile)
	if err != nil {
		return feed{}, err
	}
	s, err := github.New(github.Config{Name: name, Repository: g.Repository, Ref: g.Ref, Folder: g.Folder, Token: token, URL: g.URL, Now: w.now})
	return feed{Source: s, every: everyVendor}, err
}

// articles are the articles of the workspace that the server answers in.
func (c Config) articles(name string, internal bool, w world) (feed, error) {
	if err := c.checkIntercom(); err != nil {
		return feed{}, err
	}
	client, err := intercom.New(intercom.Config{Token: string(c.IntercomToken), BaseURL: c.IntercomBase, Now: w.now})
	if err != nil {
		return feed{}, err
	}
	s, err := client.Articles(name, internal)
	return feed{Source: s, every: everyVendor}, err
}

func (n *notionEntry) feed(name, dir string, w world) (feed, error) {
	token, err := secretIn(dir, n.TokenFile)
	if err != nil {
		return feed{}, err
	}
	s, err := wiki.NewNotion(wiki.NotionConfig{Name: name, Token: token, Pages: n.Pages, Now: w.now})
	return feed{Source: s, every: everyVendor}, err
}

func (c *confluenceEntry) feed(name, dir string) (feed, error) {
	token, err := secretIn(dir, c.TokenFile)
	if err != nil {
		return feed{}, err
	}
	s, err := wiki.NewConfluence(wiki.ConfluenceConfig{Name: name, Site: c.Site, User: c.User, Token: token, Spaces: c.Spaces})
	return feed{Source: s, every: everyVendor}, err
}

func (g *googleEntry) feed(name, dir string, w world) (feed, error) {
	key, err := os.ReadFile(beside(dir, g.CredentialsFile))
	if err != nil {
		return feed{}, fmt.Errorf("read the credentials: %w", err)
	}
	s, err := wiki.NewGoogle(wiki.GoogleConfig{Name: name, Credentials: key, Folders: g.Folders, Now: w.now})
	return feed{Source: s, every: everyVendor}, err
}

// secretIn reads a secret from the file that an entry names; "" when it names none.
func secretIn(dir, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(beside(dir, path)) //nolint:gosec // the operator names the file
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the token's file holds no token, or more than one")
	}
	return token, nil
}

// beside is a path relative to a folder.
func beside(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
