package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"supportmcp/internal/knowledge"
	"supportmcp/policies"
)

// promised is the policy file that documents' promises are compared with.
type promised struct {
	name string
	text []byte
}

// compare tells where documents that are in force promise what the policy does not
// enforce, and counts the promises that differ.
func (p promised) compare(w world, docs []knowledge.Document) (differ int) {
	all, stating := 0, 0
	for _, doc := range docs {
		if !doc.InForce(w.now()) || len(doc.States) == 0 {
			continue
		}
		stating++
		for _, key := range slices.Sorted(maps.Keys(doc.States)) {
			all++
			if said := p.differs(policies.Promise{Key: key, Value: doc.States[key]}); said != "" {
				differ++
				fmt.Fprintf(w.out, "\n%s\n  %s, %s\n  %s\n", oneLine(doc.Stating(doc.States[key])), oneLine(doc.Title), readBy(doc), oneLine(said))
			}
		}
	}
	fmt.Fprintln(w.out, "\n"+inAll(all, differ, stating))
	return differ
}

func inAll(all, differ, documents int) string {
	switch {
	case all == 0:
		return "No document in force promises a limit: the key policy in its front matter would."
	case differ == 0:
		return fmt.Sprintf("What the policy enforces is as promised: %s in %s.", counted(all, "limit"), counted(documents, "document"))
	}
	return fmt.Sprintf("Of %s promised by %s in force, %d differ from what the policy enforces.",
		counted(all, "limit"), counted(documents, "document"), differ)
}

// readBy says who takes the promise at its word.
func readBy(doc knowledge.Document) string {
	if doc.Audience == knowledge.ForCustomers {
		return "published for customers"
	}
	return "read by agents only"
}

// differs says in which way a promise is not what the policy enforces; "" when it is.
func (p promised) differs(of policies.Promise) string {
	found, err := of.Compare(p.name, p.text)
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %s cannot be compared: %v", of.Key, of.Value, err)
	case len(found) == 0:
		return ""
	}
	var enforced []string
	looser, stricter := false, false
	for _, d := range found {
		enforced = append(enforced, d.Old)
		looser, stricter = looser || d.Looser, stricter || d.Stricter
	}
	is := strings.Join(enforced, ", ")
	switch {
	case looser:
		return fmt.Sprintf("%s: promised is %s, enforced is %s. The document is looser: who relies on it is refused.", of.Key, of.Value, cmp.Or(is, "nothing of it"))
	case stricter:
		return fmt.Sprintf("%s: promised is %s, enforced is %s. The policy is looser: agents may do more than is written.", of.Key, of.Value, cmp.Or(is, "no such limit"))
	}
	return fmt.Sprintf("%s: the document says %s, the policy %s.", of.Key, of.Value, cmp.Or(is, "nothing"))
}
