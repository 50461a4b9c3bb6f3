package github

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"supportmcp/internal/knowledge"
)

// blob is a file of a commit.
type blob struct {
	path string // below the folder of the source
	sha  string
	size int
	link bool
}

const linkMode = "120000"

// deepest bounds the folders of a repository that is listed folder by folder.
const deepest = 40

// tree lists the documents below a folder of a commit. GitHub cuts a listing of
// very many files off and says so; then it is read folder by folder.
func (s *Source) tree(ctx context.Context, sha, at string) ([]blob, error) {
	whole, _, err := s.client.Git.GetTree(ctx, s.owner, s.repo, sha, true)
	if err != nil {
		return nil, err
	}
	if !whole.GetTruncated() {
		return s.documents(whole.Entries, at), nil
	}
	one, _, err := s.client.Git.GetTree(ctx, s.owner, s.repo, sha, false)
	if err != nil {
		return nil, err
	}
	if one.GetTruncated() || strings.Count(at, "/") > deepest {
		return nil, fmt.Errorf("the folder %q has more files than GitHub lists", at)
	}
	all := s.documents(one.Entries, at)
	for _, e := range one.Entries {
		below := path.Join(at, e.GetPath())
		if e.GetType() != "tree" || !s.leadsTo(below) {
			continue
		}
		more, err := s.tree(ctx, e.GetSHA(), below)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// leadsTo reports a folder that can hold documents of this source.
func (s *Source) leadsTo(folder string) bool {
	return s.Folder == "" || strings.HasPrefix(folder+"/", s.Folder+"/") || strings.HasPrefix(s.Folder+"/", folder+"/")
}

func (s *Source) documents(entries []*github.TreeEntry, at string) []blob {
	var all []blob
	for _, e := range entries {
		name, inside := s.inside(path.Join(at, e.GetPath()))
		if e.GetType() != "blob" || !inside || !knowledge.IsDocument(name) {
			continue
		}
		all = append(all, blob{name, e.GetSHA(), e.GetSize(), e.GetMode() == linkMode})
	}
	return all
}

// inside is a path below the source's folder. Hidden files are passed over.
func (s *Source) inside(file string) (name string, ok bool) {
	name = file
	if s.Folder != "" {
		if name, ok = strings.CutPrefix(file, s.Folder+"/"); !ok {
			return "", false
		}
	}
	return name, !strings.HasPrefix(name, ".") && !strings.Contains(name, "/.")
}

// pull is one sync.
type pull struct {
	*Source
	commit    string
	at        time.Time
	last, now knowledge.State
	put       func(knowledge.File) error
}

func (p *pull) take(ctx context.Context, b blob) error {
	p.now.Marks[b.path] = b.sha
	if p.last.Marks[b.path] == b.sha {
		return nil
	}
	f := knowledge.File{Path: b.path, Mark: b.sha, Version: p.commit, URL: p.page(b.path), UpdatedAt: p.at}
	switch {
	case b.link:
		f.Refused = "links are not followed"
	case b.size > knowledge.MaxSize:
		f.Refused = fmt.Sprintf("it is larger than %d bytes", knowledge.MaxSize)
	default:
		var err error
		if f.Content, _, err = p.client.Git.GetBlobRaw(ctx, p.owner, p.repo, b.sha); err != nil {
			return err
		}
	}
	return p.put(f)
}
