package knowledge

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// uri names a document, or one of its sections when slug is not empty.
func uri(source, path, slug string) string {
	u := url.URL{Scheme: "kb", Host: source, Path: "/" + path, Fragment: slug}
	return u.String()
}

// splitURI gives the document's URI as [uri] writes it, however raw was
// escaped, and the section's slug apart.
func splitURI(raw string) (document, slug string, ok bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "kb" || u.User != nil || u.RawQuery != "" || u.ForceQuery {
		return "", "", false
	}
	path := strings.TrimPrefix(u.Path, "/")
	return uri(u.Host, norm.NFC.String(path), ""), norm.NFC.String(u.Fragment), true
}

func checkSource(name string) error {
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
