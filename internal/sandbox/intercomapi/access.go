package intercomapi

import (
	"net/http"
	"slices"
	"strings"
)

const versionHeader = "Intercom-Version"

// authorize accepts every token that is not empty and does not start with
// "bad", as a Bearer token or as either half of Basic credentials.
func authorize(r *http.Request) error {
	if user, password, ok := r.BasicAuth(); ok && (good(user) || user == "" && good(password)) {
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") && good(strings.TrimSpace(token)) {
		return nil
	}
	return unauthorized()
}

func good(token string) bool { return token != "" && !strings.HasPrefix(token, "bad") }

// version is the API version a request is answered in. All versions are
// answered as 2.16, except that 2.17 compares dates in another way.
func (s *Server) version(r *http.Request) (string, error) {
	v := r.Header.Get(versionHeader)
	switch {
	case v == "":
		return s.Settings.DefaultVersion, nil
	case slices.Contains(versions(), v):
		return v, nil
	}
	return "", unknownVersion()
}

// exactVersion is the first version that compares times by the second.
const exactVersion = "2.17"

func (s *Server) exact(r *http.Request) bool {
	v, err := s.version(r)
	return err == nil && v == exactVersion
}

func versions() []string {
	return []string{
		"1.0", "1.1", "1.2", "1.3", "1.4",
		"2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8",
		"2.9", "2.10", "2.11", "2.12", "2.13", "2.14", "2.15", "2.16", exactVersion,
		"Preview", "Unstable",
	}
}
