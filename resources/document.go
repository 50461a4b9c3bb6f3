package resources

import (
	"context"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/access"
	"supportmcp/internal/knowledge"
)

// Documents are the knowledge documents one by one, and a template that also
// reaches their sections and their earlier versions.
func Documents(l *knowledge.Library) []Resource {
	read := func(ctx context.Context, uri string) (Content, error) {
		x, err := l.Find(ctx, uri)
		if err != nil {
			return Content{}, err
		}
		return Content{URI: uri, MIME: x.Document.MIME, Text: x.Text, Meta: metaOf(x.Document)}, nil
	}
	scopes := access.Scopes{access.KnowledgeRead}
	docs := l.Documents()
	out := make([]Resource, 0, len(docs)+1)
	for _, doc := range docs {
		out = append(out, Resource{
			URI: doc.URI, Name: doc.URI, Title: doc.Title, MIME: doc.MIME, Size: doc.Size, UpdatedAt: doc.UpdatedAt,
			Scopes: scopes, Internal: doc.Audience != knowledge.ForCustomers, Priority: doc.Priority, Meta: metaOf(doc), Read: read,
		})
	}
	// One greedy template: separate ones for sections would match each other's addresses.
	return append(out, Resource{
		URI: "kb://{source}/{+path}", Template: true, Name: "knowledge document", Title: "Knowledge document", Scopes: scopes,
		Description: "A knowledge document by source and path; add ?version= for one that was cited, #section for one section.", MIME: "text/markdown", Read: read,
		Complete: func(variable, typed string, known map[string]string) []string {
			return complete(l.Documents(), variable, typed, known["source"])
		},
	})
}

// metaOf is what a client may want to know of a document beside its text.
func metaOf(doc knowledge.Document) map[string]any {
	meta := map[string]any{"version": doc.Version, "hash": doc.Hash, "audience": string(doc.Audience)}
	for key, value := range map[string]string{"language": doc.Lang, "owner": doc.Owner, "url": doc.URL} {
		if value != "" {
			meta[key] = value
		}
	}
	for key, day := range map[string]time.Time{"effective_from": doc.EffectiveFrom, "effective_to": doc.EffectiveTo} {
		if !day.IsZero() {
			meta[key] = day.Format(time.DateOnly)
		}
	}
	return meta
}

// complete suggests sources, or the paths inside a source once that is known. A
// path is given as people write it, and clients escape it for the address; one
// that would mean another address then is left out.
func complete(docs []knowledge.Document, variable, typed, source string) []string {
	values := []string{}
	for _, d := range docs {
		var value string
		switch {
		case variable == "source":
			value = d.Source
		case variable == "path" && (source == "" || source == d.Source) && !strings.ContainsAny(d.Path, "#?%"):
			value = d.Path
		default:
			continue
		}
		if strings.HasPrefix(value, typed) {
			values = append(values, value)
		}
	}
	slices.Sort(values)
	return slices.Compact(values)
}
