package knowledge

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// uri names a document; with a version, one state of it; with a slug, one section.
func uri(source, path, version, slug string) string {
	u := url.URL{Scheme: "kb", Host: source, Path: "/" + path, Fragment: slug}
	if version != "" {
		u.RawQuery = "version=" + url.QueryEscape(version)
	}
	return u.String()
}

// address is what a URI names.
type address struct{ source, path, version, slug string }

// document is the URI without version and section, as [uri] writes it.
func (a address) document() string { return uri(a.source, a.path, "", "") }

// parseURI reads a URI however it was escaped.
func parseURI(raw string) (address, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "kb" || u.User != nil || u.ForceQuery {
		return address{}, false
	}
	version, pinned := strings.CutPrefix(u.RawQuery, "version=")
	version, err = url.QueryUnescape(version)
	if err != nil || (u.RawQuery != "") != (pinned && version != "") {
		return address{}, false
	}
	path := norm.NFC.String(strings.TrimPrefix(u.Path, "/"))
	return address{u.Host, path, version, norm.NFC.String(u.Fragment)}, true
}

// CheckSource refuses what cannot be the name of a source, which is part of URIs.
func CheckSource(name string) error {
	letters := strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
	if !letters || name == "" || len(name) > 32 || name[0] < 'a' || name[0] > 'z' {
		return errors.New("a source is named with 1 to 32 of a-z, 0-9 and -, a letter first")
	}
	return nil
}

// maxPath is how long a path can be: a document's URI is part of many answers.
const maxPath = 400 // bytes

func checkPath(path string) error {
	if !fs.ValidPath(path) {
		return errors.New("the name is not UTF-8 or not a path inside the folder")
	}
	if len(path) > maxPath {
		return fmt.Errorf("the name has more than %d bytes", maxPath)
	}
	if strings.ContainsFunc(path, func(r rune) bool { return invisible(r) || breaksLine(r) }) {
		return errors.New("the name has control, bidirectional or invisible characters")
	}
	return nil
}
