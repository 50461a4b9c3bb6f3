// Package resources owns what a client can read by address: the knowledge
// documents and the policy in force. Resources change nothing, and nothing in
// them sets a limit or gives an order.
package resources

import (
	"context"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/knowledge"
	"supportmcp/policies"
)

// Deps is what resources read from.
type Deps struct {
	Library *knowledge.Library
	Guard   *policies.Guard
	Policy  func() []byte // the text of the policy file in force
}

// Resource is one thing to read, or a family of them under a template.
type Resource struct {
	URI         string // with {variables} when Template
	Template    bool
	Name        string // unique; lists are ordered and continued by it
	Title       string
	Description string
	MIME        string
	Size        int64 // bytes; 0 when unknown
	UpdatedAt   time.Time
	Scopes      access.Scopes  // any of them lets a caller know of it, and read it
	Internal    bool           // for agents, and never to be shown to a customer
	Priority    float64        // from 0 to 1; 0 says nothing
	Meta        map[string]any // what else is known of it; may be nil
	Read        func(ctx context.Context, uri string) (Content, error)

	// Complete, of a template that can, gives the values of a variable that begin
	// with what was typed, in their order. known are the other variables so far.
	Complete func(variable, typed string, known map[string]string) []string
}

// Content is the text behind an address.
type Content struct {
	URI, MIME, Text string
	Meta            map[string]any // may be nil
}

// All is every resource. A kind of resource is a file and a line here.
func All(d Deps) []Resource {
	return append(Documents(d.Library), Policy(d))
}
