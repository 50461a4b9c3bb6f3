// Package knowledge owns the documents a support team wrote for its agents:
// reading them from a folder, cleaning them, naming them by URI, cutting them
// into sections and finding them again. A document is data to be quoted. This
// package never obeys one, never takes a limit from one and never changes one.
package knowledge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxFileSize = 1 << 20 // bytes
	maxSections = 1000    // of one document
	maxName     = 200     // characters of a title or heading; it is a name, not a text
)

// Document is one document, cleaned and cut into sections. It is immutable:
// whoever holds one leaves it, its sections included, as it is.
type Document struct {
	Source    string // where it came from: the name given to its folder
	Path      string // inside the source, with slashes, in Unicode form NFC
	URI       string // kb://source/path, percent-encoded
	Title     string // one line: from the front matter, the first # heading or the file name
	MIME      string // "text/markdown" or "text/plain"
	Body      string // Markdown without front matter, comments, scripts, styles and invisible characters
	Size      int64  // bytes of Body
	UpdatedAt time.Time
	Hash      string    // hex SHA-256 of the file as it was read
	Sections  []Section // in the order of their Start
}

// Section is the part of a body below one heading, the sections nested in it
// included. Text before the first heading is a section without slug and heading.
type Section struct {
	Slug    string // the part after # in its URI, unique in its document
	Heading string // with the headings above it, such as "Refunds > Duplicates"
	Start   int    // byte offset in Body: the heading's line, then its text
	End     int    // byte offset in Body, exclusive
}

// Refused is a file that looked like a document and was not taken. Path and
// Reason are safe to print: in a strange name the odd characters are escaped.
type Refused struct{ Source, Path, Reason string }

// parse makes a document of a file's content, or says why it cannot be one.
// Plain text is read as Markdown too: a line with # is a heading in it.
func parse(source, name string, content []byte, updated time.Time) (Document, error) {
	if !utf8.Valid(content) {
		return Document{}, errors.New("the text is not UTF-8")
	}
	meta, body, err := splitFrontMatter(clean(string(content)))
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
	sum := sha256.Sum256(content)
	return Document{
		Source: source, Path: name, URI: uri(source, name, ""),
		Title: cmp.Or(oneLine(meta.Title), outline.title, oneLine(stem(name))),
		MIME:  mimeType(name), Body: body, Size: int64(len(body)),
		UpdatedAt: updated, Hash: hex.EncodeToString(sum[:]), Sections: outline.sections,
	}, nil
}

func stem(name string) string { return strings.TrimSuffix(path.Base(name), path.Ext(name)) }

func isDocument(name string) bool { return mimeType(name) != "" }

// mimeType goes by the ending of a file's name; "" is no document.
func mimeType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return "text/markdown"
	case ".txt":
		return "text/plain"
	}
	return ""
}
