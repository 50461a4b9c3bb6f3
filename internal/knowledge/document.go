// Package knowledge owns the documents a support team wrote for its agents: the
// sources they come from, cleaning them, naming them by URI, cutting them into
// sections and finding them again. A document is data to be quoted. This package
// never obeys one, never takes a limit from one and never changes one; package
// shelf keeps them in the database.
package knowledge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxSize is how many bytes a document may have.
	MaxSize       = 1 << 20
	maxSections   = 1000 // of one document
	usualPriority = 0.5
	maxName       = 200 // characters of a title or heading; it is a name, not a text
)

// Audience is for whom a document was written.
type Audience string

// The audiences. What does not say is for agents only.
const (
	ForAgents    Audience = "agent"    // internal: never to be shown or linked to a customer
	ForCustomers Audience = "customer" // published: a customer may read it, too
)

// File is one document as a source hands it out. What its front matter says counts
// more than what the source says.
type File struct {
	Path      string    // inside the source, with slashes
	Content   []byte    // Markdown, plain text or HTML, by the ending of Path
	Mark      string    // changes when the document does; a source is told those it gave
	Version   string    // what the source calls this state; "" takes the hash of the content
	URL       string    // the page where people read it; "" without one
	UpdatedAt time.Time // zero when the source does not tell

	Title, Lang string
	Audience    Audience

	Refused string // why the source could not hand it out; then Content is empty
}

// Document is one state of one document, cleaned and cut into sections. It is
// immutable: whoever holds one leaves it, its sections included, as it is.
type Document struct {
	Source    string   // where it came from: the name of the source
	Path      string   // inside the source, with slashes, in Unicode form NFC
	URI       string   // kb://source/path, percent-encoded
	Version   string   // names this state for ever: a commit, a page version or a hash
	URL       string   // the page where people read it; "" without one
	Title     string   // one line: from the front matter, the first # heading or the file name
	Lang      string   // such as "en"; "" when it cannot be told
	Audience  Audience // what does not say is for agents
	Owner     string   // who answers for it; may be ""
	Tags      []string
	Priority  float64 // from above 0 to 1; what does not say has 0.5
	MIME      string  // "text/markdown" or "text/plain"
	Body      string  // Markdown without front matter, comments, scripts, styles and invisible characters
	Size      int64   // bytes of Body
	UpdatedAt time.Time
	Hash      string // hex SHA-256 of the content as it was read

	// The first and the last day on which it holds, in UTC; zero is open.
	EffectiveFrom, EffectiveTo time.Time

	// States are the limits that it promises, such as "refund.window_days": "30",
	// to be compared with the policy. They never set one.
	States map[string]string

	Sections []Section // in the order of their Start
}

// Pending reports that the document does not hold yet.
func (d Document) Pending(now time.Time) bool { return now.Before(d.EffectiveFrom) }

// Expired reports that the document holds no longer.
func (d Document) Expired(now time.Time) bool {
	return !d.EffectiveTo.IsZero() && !now.Before(d.EffectiveTo.AddDate(0, 0, 1))
}

// InForce reports that the document holds at a time.
func (d Document) InForce(at time.Time) bool { return !d.Pending(at) && !d.Expired(at) }

// Section is the part of a body below one heading, the sections nested in it
// included. Text before the first heading is a section without slug and heading.
type Section struct {
	Slug    string // the part after # in its URI, unique in its document
	Heading string // with the headings above it, such as "Refunds > Duplicates"
	Start   int    // byte offset in Body: the heading's line, then its text
	End     int    // byte offset in Body, exclusive
}

// Parse makes a document of what a source handed out, or says why it cannot be
// one. Plain text is read as Markdown too: a line with # is a heading in it.
func Parse(source string, f File) (Document, error) {
	name := norm.NFC.String(f.Path)
	if err := f.check(); err != nil {
		return Document{}, err
	}
	text, err := markdown(name, f.Content)
	if err != nil {
		return Document{}, err
	}
	meta, body, err := splitFrontMatter(clean(text))
	if err != nil {
		return Document{}, err
	}
	body, err = dropHidden(body)
	if err != nil {
		return Document{}, err
	}
	body = strings.Trim(body, "\n")
	if strings.TrimSpace(body) == "" {
		return Document{}, errors.New("there is no text in it")
	}
	outline, err := outlineOf(body)
	if err != nil {
		return Document{}, err
	}
	sum := sha256.Sum256(f.Content)
	hash := hex.EncodeToString(sum[:])
	return Document{
		Source: source, Path: name, URI: uri(source, name, "", ""), Version: cmp.Or(f.Version, hash[:hashVersion]), URL: link(f.URL),
		Title: cmp.Or(oneLine(meta.Title), oneLine(f.Title), outline.title, oneLine(stem(name))),
		Lang:  cmp.Or(string(meta.Lang), f.Lang, languageOf(body)), Audience: cmp.Or(meta.Audience, f.Audience, ForAgents),
		Owner: oneLine(meta.Owner), Tags: meta.Tags, Priority: cmp.Or(meta.Priority, usualPriority), States: meta.Policy,
		EffectiveFrom: meta.EffectiveFrom.Time, EffectiveTo: meta.EffectiveTo.Time,
		MIME: mimeType(name), Body: body, Size: int64(len(body)),
		UpdatedAt: f.UpdatedAt.UTC(), Hash: hash, Sections: outline.sections,
	}, nil
}

// hashVersion is how much of its hash names a version where the source has no name
// for it: 64 bits, which nobody meets twice by chance.
const hashVersion = 16

// check looks at all but the text.
func (f File) check() error {
	switch {
	case f.Refused != "":
		return errors.New(f.Refused)
	case len(f.Content) > MaxSize:
		return fmt.Errorf("it is larger than %d bytes", MaxSize)
	case mimeType(f.Path) == "":
		return errors.New("its name does not end in .md, .markdown, .txt, .html or .htm")
	case !utf8.Valid(f.Content):
		return errors.New("the text is not UTF-8")
	case len(f.Version) > maxVersion || strings.ContainsFunc(f.Version, oddInVersion):
		return errors.New("its version is not up to 64 of A-Z, a-z, 0-9, dot, dash, colon and underscore")
	}
	return checkPath(f.Path)
}

const maxVersion = 64 // bytes

func oddInVersion(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && !strings.ContainsRune(".:_-", r)
}

// link is an address that a browser opens, or "".
func link(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxLink || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsFunc(raw, invisible) {
		return ""
	}
	return u.String()
}

const maxLink = 500 // bytes

func stem(name string) string { return strings.TrimSuffix(path.Base(name), path.Ext(name)) }

// IsDocument reports whether a file can be a document, by the ending of its name.
func IsDocument(name string) bool { return mimeType(name) != "" }

// mimeType goes by the ending of a file's name; "" is no document. HTML becomes
// Markdown.
func mimeType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown", ".html", ".htm":
		return "text/markdown"
	case ".txt":
		return "text/plain"
	}
	return ""
}
