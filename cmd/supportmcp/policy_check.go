package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/knowledge"
	"supportmcp/policies"
)

func checkPolicyCommand(w world) *cobra.Command {
	var documents bool
	c := &cobra.Command{
		Use: "check FILE", Short: "Say everything that is wrong with a policy file",
		Long: "Say everything that is wrong with a policy file. With --knowledge, read the documents of SUPPORTMCP_KNOWLEDGE as\n" +
			"their sources have them now, and say where one promises other limits than the policy enforces, and which document\n" +
			"that the policy cites is not there. Then FILE may be left out, which is the policy of the environment. Documents\n" +
			"never change what is enforced. Exit status 0 only if nothing differs.",
		Args: func(cmd *cobra.Command, args []string) error {
			if documents && len(args) == 0 {
				return nil
			}
			return one(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			p, name, text, err := checkedPolicy(w, args)
			if err != nil {
				return err
			}
			if _, err = fmt.Fprintf(w.out, "%s is a valid policy, revision %s\n", oneLine(name), p.Revision); err != nil || !documents {
				return err
			}
			return checkDocuments(cmd.Context(), w, p, promised{name, text})
		},
	}
	c.Flags().BoolVar(&documents, "knowledge", false, "also compare the policy with the documents")
	return c
}

// checkedPolicy is the policy of the given file, or that of the environment.
func checkedPolicy(w world, args []string) (p *policies.Policy, name string, text []byte, err error) {
	path := ""
	if len(args) > 0 {
		path = args[0]
	} else {
		cfg, err := readConfig(w.environ)
		if err != nil {
			return nil, "", nil, err
		}
		path = cfg.Policy
	}
	if name, text, err = readPolicy(path); err != nil {
		return nil, "", nil, err
	}
	p, err = policies.Parse(name, text)
	return p, name, text, err
}

// checkDocuments compares a policy with the documents, as a person reads it.
func checkDocuments(ctx context.Context, w world, p *policies.Policy, by promised) error {
	sources, err := configuredSources(w)
	if err != nil {
		return err
	}
	docs, unread := sources.readAll(ctx, w)
	library := &knowledge.Library{Audience: sources.audience}
	if err := library.Replace(docs); err != nil {
		return err
	}
	wrong := by.compare(w, library.Documents()) + printLostCitations(ctx, w, library, p.Citations()) + len(unread)
	for _, err := range unread {
		fmt.Fprintln(w.err, oneLine(err.Error()))
	}
	if wrong > 0 {
		return errSilent
	}
	return nil
}

// readAll reads every document from its source, and says what could not be read:
// what it promises is not known.
func (f feeds) readAll(ctx context.Context, w world) (docs []knowledge.Document, unread []error) {
	seen := map[string]bool{}
	for _, from := range f.all {
		_, err := progress{from.Source, w}.Sync(ctx, knowledge.State{}, func(file knowledge.File) error {
			doc, err := from.read(file)
			if err == nil && seen[doc.URI] {
				err = errors.New("another document has this path")
			}
			if err != nil {
				refused := knowledge.Refuse(from.Name(), file.Path, err)
				unread = append(unread, fmt.Errorf("%s: refused %s: %s", from.Name(), refused.Path, refused.Reason))
				return nil
			}
			seen[doc.URI] = true
			docs = append(docs, doc)
			return nil
		})
		if err != nil {
			unread = append(unread, fmt.Errorf("%s fails: %w", from.Name(), err))
		}
	}
	return docs, unread
}

// read makes a document of a file as a server does.
func (f feed) read(file knowledge.File) (knowledge.Document, error) {
	if file.Lang == "" {
		file.Lang = f.defaults.Lang
	}
	if file.Audience == "" {
		file.Audience = f.defaults.Audience
	}
	return knowledge.Parse(f.Name(), file)
}

// printLostCitations tells of documents that the policy cites and nobody can read,
// and counts them.
func printLostCitations(ctx context.Context, w world, l *knowledge.Library, cited []policies.Citation) (lost int) {
	for _, c := range cited {
		if reason := lostCitation(ctx, l, c); reason != "" {
			lost++
			fmt.Fprintf(w.out, "\n%s\n  is cited by %s, and agents who follow it find nothing: %s\n", oneLine(c.URI), oneLine(c.Key), oneLine(reason))
		}
	}
	return lost
}

// lostCitation is why a citation leads nowhere; "" when it does lead somewhere. Of a
// citation of one version only the document is looked for: the ledger's database
// has the versions.
func lostCitation(ctx context.Context, l *knowledge.Library, c policies.Citation) string {
	document, _, _ := strings.Cut(c.URI, "#")
	document, _, pinned := strings.Cut(document, "?version=")
	if _, err := l.Find(ctx, document); err != nil {
		return "there is no such document"
	}
	_, err := l.Find(ctx, c.URI)
	if f, ok := errors.AsType[*fault.Error](err); ok && !pinned {
		return f.Message + "; " + f.NextStep
	}
	return ""
}
