package resources

import (
	"context"

	"supportmcp/internal/knowledge"
)

// Documents are the knowledge documents one by one, and a template that also
// reaches their sections.
func Documents(l *knowledge.Library) []Resource {
	read := func(_ context.Context, uri string) (Content, error) {
		text, err := l.Section(uri)
		if err != nil {
			return Content{}, err
		}
		doc, _ := l.Document(uri)
		return Content{URI: uri, MIME: doc.MIME, Text: text}, nil
	}
	docs := l.Documents()
	out := make([]Resource, 0, len(docs)+1)
	for _, doc := range docs {
		out = append(out, Resource{URI: doc.URI, Name: doc.URI, Title: doc.Title, MIME: doc.MIME, Size: doc.Size, UpdatedAt: doc.UpdatedAt, Read: read})
	}
	// One greedy template: separate ones for sections would match each other's addresses.
	return append(out, Resource{
		URI: "kb://{source}/{+path}", Template: true, Name: "knowledge document", Title: "Knowledge document",
		Description: "A knowledge document by source and path; add #section for one section.", MIME: "text/markdown", Read: read,
	})
}
