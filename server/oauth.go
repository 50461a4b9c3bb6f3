package server

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"supportmcp/internal/access"
)

// metadataPath is where the metadata of a resource are
// (https://www.rfc-editor.org/rfc/rfc9728#section-3).
const metadataPath = "/.well-known/oauth-protected-resource"

// OAuth is the provider whose access tokens are taken.
type OAuth struct {
	Authenticator
	// Resource is the address of this server's endpoint as clients know it, which
	// every token must be made for.
	Resource string
	// Issuer is the provider.
	Issuer string
}

// metadataURL is where clients find the metadata: before the path of the resource.
func (o *OAuth) metadataURL() string {
	u, err := url.Parse(o.Resource)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host + metadataPath + strings.TrimSuffix(u.Path, "/")
}

// metadata tell a client where it gets a token for this server.
type metadata struct {
	Resource string        `json:"resource"`
	Name     string        `json:"resource_name"`
	Servers  []string      `json:"authorization_servers"`
	Scopes   access.Scopes `json:"scopes_supported"`
	Methods  []string      `json:"bearer_methods_supported"`
}

// introduce answers who asks for the metadata; they are no secret.
func (o *OAuth) introduce(w http.ResponseWriter, r *http.Request) (answered bool) {
	if o == nil || r.Method != http.MethodGet || r.URL.Path != metadataPath && r.URL.Path != metadataPath+Endpoint {
		return false
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "max-age=3600")
	_ = json.NewEncoder(w).Encode(metadata{o.Resource, "supportmcp", []string{o.Issuer}, access.All(), []string{"header"}})
	return true
}
