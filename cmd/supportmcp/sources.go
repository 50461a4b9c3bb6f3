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
		return feed{}, problem(knowledgeSources, "has a source that cannot be read: "+err.Error()+": give a folder that is there and that this user may read")
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

// feedOf makes one source. Paths are relative to dir.
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
