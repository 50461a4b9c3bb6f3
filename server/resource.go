package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpserver "github.com/mark3labs/mcp-go/server"

	"supportmcp/internal/access"
	"supportmcp/resources"
)

// Publish puts other resources in the place of those that are listed, and tells
// clients whose transport can carry it, once, unless the list is as it was. Templates
// stay as they were. It must not run twice at once.
func (s *Server) Publish(all []resources.Resource) {
	s.opens(all)
	changed, gone := s.difference(all)
	switch {
	case len(changed) > 0:
		s.unlisted.change(changed, gone)
		s.mcp.AddResources(changed...)
	case len(gone) > 0:
		s.mcp.DeleteResources(append(gone, s.unlisted.clear()...)...)
	}
}

// difference is what clients have not been told of a list, and notes that they are.
func (s *Server) difference(all []resources.Resource) (changed []mcpserver.ServerResource, gone []string) {
	before := s.listed
	s.listed = map[string]string{}
	for _, r := range all {
		if r.Template {
			continue
		}
		res := describe(r)
		s.listed[r.URI] = told(res)
		if before[r.URI] != s.listed[r.URI] {
			changed = append(changed, mcpserver.ServerResource{Resource: res, Handler: s.read(r)})
		}
		delete(before, r.URI)
	}
	return changed, slices.Collect(maps.Keys(before))
}

// told is an entry of the list as a client sees it.
func told(res mcp.Resource) string {
	b, err := json.Marshal(res)
	if err != nil {
		return res.URI // cannot be; it is then taken for unchanged
	}
	return string(b)
}

func (s *Server) addTemplate(r resources.Resource) {
	t := mcp.NewResourceTemplate(r.URI, r.Name, mcp.WithTemplateDescription(r.Description), mcp.WithTemplateMIMEType(r.MIME))
	t.Title = r.Title
	s.mcp.AddResourceTemplate(t, mcpserver.ResourceTemplateHandlerFunc(s.read(r)))
}

func describe(r resources.Resource) mcp.Resource {
	res := mcp.Resource{URI: r.URI, Name: r.Name, Title: r.Title, Description: r.Description, MIMEType: r.MIME}
	if r.Size > 0 {
		res.Size = &r.Size
	}
	if r.Meta != nil {
		res.Meta = mcp.NewMetaFromMap(r.Meta)
	}
	res.Annotations = annotations(r)
	return res
}

// annotations say whom a resource is for: what is internal is for the model alone.
func annotations(r resources.Resource) *mcp.Annotations {
	if r.Priority == 0 && r.UpdatedAt.IsZero() {
		return nil
	}
	a := &mcp.Annotations{Audience: []mcp.Role{mcp.RoleAssistant}}
	if !r.Internal {
		a.Audience = append(a.Audience, mcp.RoleUser)
	}
	if r.Priority > 0 {
		a.Priority = &r.Priority
	}
	if !r.UpdatedAt.IsZero() {
		a.LastModified = r.UpdatedAt.UTC().Format(time.RFC3339)
	}
	return a
}

func (s *Server) read(r resources.Resource) mcpserver.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) (contents []mcp.ResourceContents, err error) {
		defer func() {
			if p := recover(); p != nil {
				err = s.unreadable(r.URI, fmt.Errorf("panic: %v", p))
			}
		}()
		if !access.Of(ctx).Scopes.Open(r.Scopes) {
			return nil, s.unreadable(r.URI, lacks(append(r.Scopes, access.All()...)[:1]))
		}
		c, err := r.Read(ctx, req.Params.URI)
		if err != nil {
			return nil, s.unreadable(r.URI, err)
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: c.URI, MIMEType: c.MIME, Text: c.Text, Meta: c.Meta}}, nil
	}
}

// unreadable is a resource error as a client may see it.
func (s *Server) unreadable(uri string, err error) error {
	text, err := json.Marshal(s.told(uri, err))
	if err != nil {
		return errors.New("the resource cannot be read")
	}
	return errors.New(string(text))
}
