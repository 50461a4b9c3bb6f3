// Package github owns the reading of documents from a GitHub repository. It is the
// only importer of go-github, reads one branch of one repository, and never writes.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v62/github"

	"supportmcp/internal/knowledge"
)

// Config names the repository.
type Config struct {
	Name       string // of the source
	Repository string // owner/name
	Ref        string // branch or tag; "" is the default branch
	Folder     string // only documents below it; "" is all
	Token      string // fine-grained, with contents:read on this repository; "" reads public ones
	URL        string // of GitHub Enterprise, such as https://github.example.com; "" is github.com
	Now        func() time.Time
}

// Source is the documents of one repository. An idle look costs one conditional
// request; a change costs three and one for every document that changed.
type Source struct {
	Config
	owner, repo string
	client      *github.Client
}

var _ knowledge.Source = (*Source)(nil)

// patience bounds one request.
const patience = 30 * time.Second

// New makes a source without asking GitHub.
func New(c Config) (*Source, error) {
	if err := knowledge.CheckSource(c.Name); err != nil {
		return nil, err
	}
	if !regexp.MustCompile(`^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$`).MatchString(c.Repository) {
		return nil, fmt.Errorf("the repository is %q; write owner/name", c.Repository)
	}
	s := &Source{Config: c}
	s.owner, s.repo, _ = strings.Cut(c.Repository, "/")
	s.Folder = strings.Trim(path.Clean("/"+c.Folder), "/")
	s.client = github.NewClient(&http.Client{Timeout: patience, CheckRedirect: sameHost})
	if c.Token != "" {
		s.client = s.client.WithAuthToken(c.Token)
	}
	if c.URL == "" {
		return s, nil
	}
	base, err := url.Parse(c.URL)
	if err != nil || base.Host == "" || base.User != nil {
		return nil, errors.New("the address of GitHub is not usable; write https://github.example.com")
	}
	if s.client, err = s.client.WithEnterpriseURLs(c.URL, c.URL); err != nil {
		return nil, fmt.Errorf("use the address of GitHub: %w", err)
	}
	return s, nil
}

// sameHost keeps the token on the host that it is for.
func sameHost(next *http.Request, before []*http.Request) error {
	if len(before) > 5 || next.URL.Host != before[0].URL.Host || next.URL.Scheme != before[0].URL.Scheme {
		return http.ErrUseLastResponse
	}
	return nil
}

// Name implements [knowledge.Source].
func (s *Source) Name() string { return s.Config.Name }

// Sync implements [knowledge.Source].
func (s *Source) Sync(ctx context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	held := s.commitOf(last.Cursor)
	commit, unchanged, err := s.head(ctx, held)
	if err != nil {
		return knowledge.State{}, s.explain("read the newest commit", err)
	}
	if unchanged || commit == held {
		return last, nil
	}
	info, _, err := s.client.Git.GetCommit(ctx, s.owner, s.repo, commit)
	if err != nil {
		return knowledge.State{}, s.explain("read commit "+commit, err)
	}
	blobs, err := s.tree(ctx, commit, "")
	if err != nil {
		return knowledge.State{}, s.explain("list the files of "+commit, err)
	}
	p := pull{Source: s, commit: commit, at: info.GetCommitter().GetDate().Time, last: last, put: put}
	p.now = knowledge.State{Cursor: s.cursor(commit), Marks: map[string]string{}}
	for _, b := range blobs {
		if err := p.take(ctx, b); err != nil {
			return knowledge.State{}, s.explain("read "+b.path, err)
		}
	}
	return p.now, nil
}

// cursor notes a commit with all that decides what is read of it.
func (s *Source) cursor(commit string) string {
	return strings.Join([]string{commit, s.URL, s.Repository, s.Ref, s.Folder}, " ")
}

// commitOf is the commit of a cursor, "" when it is of another configuration.
func (s *Source) commitOf(cursor string) string {
	commit, _, _ := strings.Cut(cursor, " ")
	if cursor != s.cursor(commit) {
		return ""
	}
	return commit
}

// head asks for the newest commit, on the condition that it is another one.
func (s *Source) head(ctx context.Context, held string) (commit string, unchanged bool, err error) {
	ref := s.Ref
	if ref == "" {
		ref = "HEAD"
	}
	commit, resp, err := s.client.Repositories.GetCommitSHA1(ctx, s.owner, s.repo, ref, held)
	if resp != nil && resp.StatusCode == http.StatusNotModified {
		return held, true, nil
	}
	if err == nil && !regexp.MustCompile(`^[0-9a-f]{40,64}$`).MatchString(commit) {
		return "", false, errors.New("the answer is no commit; check the address of GitHub")
	}
	return commit, false, err
}

// page is where people read a document.
func (s *Source) page(file string) string {
	web := url.URL{Scheme: "https", Host: "github.com"}
	if s.URL != "" {
		web = url.URL{Scheme: s.client.BaseURL.Scheme, Host: strings.TrimPrefix(s.client.BaseURL.Host, "api.")}
	}
	ref := s.Ref
	if ref == "" {
		ref = "HEAD"
	}
	web.Path = "/" + s.Repository + "/blob/" + ref + "/" + path.Join(s.Folder, file)
	return web.String()
}
