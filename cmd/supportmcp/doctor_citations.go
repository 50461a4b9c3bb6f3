package main

import (
	"context"
	"net/url"
	"slices"

	"supportmcp/internal/knowledge"
)

// perusal is what a look at the sources has read.
type perusal struct {
	docs     []knowledge.Document // of the sources in whole
	whole    []string             // sources that were read to their end
	all      []string             // every source
	audience knowledge.Audience
}

// citations says which documents the policy cites in vain. A document in a source
// that was not read to its end may be there.
func (d *doctor) citations(ctx context.Context, got perusal) {
	const topic = "policy.cite"
	p, err := parsePolicy(d.cfg.Policy)
	if err != nil {
		return // told elsewhere
	}
	library := &knowledge.Library{Audience: got.audience}
	if err := library.Replace(got.docs); err != nil {
		d.add(warning, topic, err.Error(), "give every document a path of its own")
		return
	}
	lost, elsewhere, cited := 0, 0, p.Citations()
	for _, c := range cited {
		source := ""
		if u, err := url.Parse(c.URI); err == nil {
			source = u.Host
		}
		if slices.Contains(got.all, source) && !slices.Contains(got.whole, source) {
			elsewhere++
			continue
		}
		if reason := lostCitation(ctx, library, c); reason != "" {
			lost++
			d.add(warning, topic, c.Key+" cites "+c.URI+", which agents cannot read: "+reason, "correct the policy or the document")
		}
	}
	switch {
	case elsewhere > 0:
		d.ok(topic, "not all cited documents were looked for, since they are elsewhere; supportmcp policy check --knowledge looks for all")
	case lost == 0 && len(cited) > 0:
		d.ok(topic, "every document that the policy cites is there")
	}
}
