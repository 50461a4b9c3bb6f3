package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"supportmcp/internal/github"
	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
)

// feed is a source of documents and how it is followed.
type feed struct {
	knowledge.Source
	folder   *knowledge.Folder // nil when the source is elsewhere
	every    time.Duration     // how often it is looked at
	defaults shelf.Defaults
}

// feeds are all sources, and for whom documents are served.
type feeds struct {
	all      []feed
	audience knowledge.Audience // "" is agents, who see everything
}

// defaults are the sources by name, as a shelf wants them.
func (f feeds) defaults() map[string]shelf.Defaults {
	out := map[string]shelf.Defaults{}
	for _, one := range f.all {
		out[one.Name()] = one.defaults
	}
	return out
}

// How often sources are looked at unless their file says otherwise. A folder that
// can be watched is looked at sooner, when it changes.
const (
	everyFolder = time.Minute
	everyVendor = 5 * time.Minute
	leastEvery  = 10 * time.Second
)

const knowledgeSources = "SUPPORTMCP_KNOWLEDGE"

// feeds reads the sources "name=folder,name=folder", or those that a YAML file names.
func (c Config) feeds(w world) (feeds, error) {
	path := strings.TrimSpace(c.Knowledge)
	if ending := strings.ToLower(filepath.Ext(path)); (ending == ".yaml" || ending == ".yml") && !strings.Contains(path, "=") {
		f, err := c.feedsOf(path, w)
		if err != nil {
			return feeds{}, problem(knowledgeSources, "names a file that does not work: "+err.Error())
		}
		return f, nil
	}
	var f feeds
	for _, source := range listed(c.Knowledge) {
		one, err := folderFeed(source)
		if err != nil {
			return feeds{}, err
		}
		f.all = append(f.all, one)
	}
	if err := f.check(); err != nil {
		return feeds{}, problem(knowledgeSources, err.Error())
	}
	return f, nil
}

// folderFeed reads "name=folder". A folder that is not there is a slip; one that a
// file names may be there later.
func folderFeed(source string) (feed, error) {
	name, dir, ok := strings.Cut(source, "=")
	if !ok {
		return feed{}, problem(knowledgeSources, "must be name=folder, several separated by commas, or a file that ends in .yaml")
	}
	folder, err := knowledge.NewFolder(name, dir)
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(dir); err == nil {
			err = root.Close()
		}
	}
	if err != nil {
		return feed{}, problem(knowledgeSources, "has a source that cannot be read: "+err.Error())
	}
	return feed{Source: folder, folder: folder, every: everyFolder}, nil
}

func (f feeds) check() error {
	seen := map[string]bool{}
	for _, one := range f.all {
		if seen[one.Name()] {
			return fmt.Errorf("names the source %s twice: give each a name of its own", one.Name())
		}
		seen[one.Name()] = true
	}
	return nil
}

// sourcesFile is the file of sources.
type sourcesFile struct {
	Version  int                `yaml:"version"`
	Audience knowledge.Audience `yaml:"audience"`
	Sources  []sourceEntry      `yaml:"sources"`
}

// sourceEntry is one source: one of the places, and what counts for all of them.
type sourceEntry struct {
	Name     string             `yaml:"name"`
	Every    string             `yaml:"every"`
	Lang     string             `yaml:"lang"`
	Audience knowledge.Audience `yaml:"audience"`

	Folder   string         `yaml:"folder"`
	GitHub   *githubEntry   `yaml:"github"`
	Intercom *intercomEntry `yaml:"intercom"`
}

// intercomEntry is the workspace of INTERCOM_ACCESS_TOKEN.
type intercomEntry struct {
	Internal bool `yaml:"internal"` // with the internal articles
}

type githubEntry struct {
	Repository string `yaml:"repository"`
	Ref        string `yaml:"ref"`
	Folder     string `yaml:"folder"`
	TokenFile  string `yaml:"token_file"`
	URL        string `yaml:"url"`
}

func (c Config) feedsOf(path string, w world) (feeds, error) {
	b, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return feeds{}, err
	}
	var file sourcesFile
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil {
		return feeds{}, errors.New(strings.ReplaceAll(err.Error(), "main.source", "a source"))
	}
	if file.Version != 1 {
		return feeds{}, fmt.Errorf("version is %d; this release knows 1", file.Version)
	}
	f := feeds{audience: file.Audience}
	var wrong []error
	for i, entry := range file.Sources {
		one, err := c.feedOf(entry, filepath.Dir(path), w)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("source %d (%s): %w", i+1, oneLine(entry.Name), err))
			continue
		}
		f.all = append(f.all, one)
	}
	return f, errors.Join(append(wrong, checkAudience(file.Audience), f.check())...)
}

func checkAudience(a knowledge.Audience) error {
	if a != "" && a != knowledge.ForAgents && a != knowledge.ForCustomers {
		return fmt.Errorf("audience is %q; it can be agent or customer", a)
	}
	return nil
}

// feedOf makes one source. Paths are relative to the file that names it.
func (c Config) feedOf(e sourceEntry, dir string, w world) (feed, error) {
	if err := errors.Join(knowledge.CheckSource(e.Name), checkAudience(e.Audience)); err != nil {
		return feed{}, err
	}
	one, err := c.place(e, dir, w)
	if err != nil {
		return feed{}, err
	}
	one.defaults = shelf.Defaults{Lang: e.Lang, Audience: e.Audience}
	if e.Every != "" {
		if one.every, err = time.ParseDuration(e.Every); err != nil || one.every < leastEvery {
			return feed{}, fmt.Errorf("every is %q; write a time such as 5m, at least %v", e.Every, leastEvery)
		}
	}
	return one, nil
}

// place makes the source that an entry names; it must name one.
func (c Config) place(e sourceEntry, dir string, w world) (feed, error) {
	var made []feed
	var wrong []error
	add := func(there bool, make func() (feed, error)) {
		if !there {
			return
		}
		f, err := make()
		made, wrong = append(made, f), append(wrong, err)
	}
	add(e.Folder != "", func() (feed, error) {
		folder, err := knowledge.NewFolder(e.Name, beside(dir, e.Folder))
		return feed{Source: folder, folder: folder, every: everyFolder}, err
	})
	add(e.GitHub != nil, func() (feed, error) { return e.GitHub.feed(e.Name, dir, w) })
	add(e.Intercom != nil, func() (feed, error) { return c.articles(e.Name, e.Intercom.Internal, w) })
	if len(made) != 1 {
		return feed{}, fmt.Errorf("it names %d places; give it one: folder, github or intercom", len(made))
	}
	return made[0], errors.Join(wrong...)
}

func (g *githubEntry) feed(name, dir string, w world) (feed, error) {
	token, err := tokenIn(dir, g.TokenFile)
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

// tokenIn reads a secret from the file that an entry names; "" when it names none.
func tokenIn(dir, path string) (string, error) {
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
