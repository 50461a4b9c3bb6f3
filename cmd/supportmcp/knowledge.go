package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"supportmcp/internal/fault"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/knowledge/shelf"
	"supportmcp/internal/ledger"
)

func knowledgeCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use: "knowledge", Short: "Look after the documents that agents search", Args: cobra.NoArgs, RunE: help,
		Long: "The documents of SUPPORTMCP_KNOWLEDGE are kept in the ledger's database. A running server takes in changes by\n" +
			"itself; these commands show what it has, and work beside it.",
	}
	c.AddCommand(knowledgeSyncCommand(w), knowledgeStatusCommand(w), knowledgeSearchCommand(w), knowledgeGapsCommand(w))
	return c
}

// configuredSources are those of the environment, which must name one.
func configuredSources(w world) (feeds, error) {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return feeds{}, err
	}
	sources, err := cfg.feeds(w)
	if err == nil && len(sources.all) == 0 {
		err = fault.Invalidf("set it to name=folder, or to a file of sources", "SUPPORTMCP_KNOWLEDGE names no source")
	}
	return sources, err
}

// withShelf opens the documents of the environment for one command.
func withShelf(ctx context.Context, w world, work func(context.Context, *shelf.Shelf, feeds) error) error {
	sources, err := configuredSources(w)
	if err != nil {
		return err
	}
	return withLedger(ctx, w, func(ctx context.Context, l *ledger.Ledger) error {
		return work(ctx, shelf.New(l, w.now, sources.defaults()), sources)
	})
}

func knowledgeSyncCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "sync [SOURCE]…", Short: "Take in what has changed, of all sources or those named",
		Long: "Take in what has changed. A source that fails keeps its last good documents, and the command ends with status 1.",
		RunE: func(cmd *cobra.Command, names []string) error {
			return withShelf(cmd.Context(), w, func(ctx context.Context, s *shelf.Shelf, sources feeds) error {
				chosen, err := sources.named(names)
				if err != nil {
					return err
				}
				failed := false
				for _, f := range chosen {
					failed = syncOne(ctx, w, s, f) != nil || failed
				}
				if failed {
					return errSilent
				}
				return nil
			})
		},
	}
}

// named are the sources of these names, or all without names.
func (f feeds) named(names []string) ([]feed, error) {
	if len(names) == 0 {
		return f.all, nil
	}
	var chosen []feed
	for _, name := range names {
		i := slices.IndexFunc(f.all, func(one feed) bool { return one.Name() == name })
		if i < 0 {
			return nil, fault.Invalidf("use one of: "+strings.Join(f.names(), ", "), "there is no source %q", name)
		}
		chosen = append(chosen, f.all[i])
	}
	return chosen, nil
}

func (f feeds) names() []string {
	var names []string
	for _, one := range f.all {
		names = append(names, one.Name())
	}
	return names
}

// syncOne takes one source in and tells how far it is while it lasts.
func syncOne(ctx context.Context, w world, s *shelf.Shelf, f feed) error {
	report, err := s.Sync(ctx, progress{f.Source, w})
	if err == nil {
		fmt.Fprintf(w.out, "%s: %d new or changed, %d gone, %d refused\n", f.Name(), report.Taken, report.Gone, len(report.Refused))
	} else {
		fmt.Fprintf(w.err, "%s fails: %s\n", f.Name(), oneLine(err.Error()))
	}
	for _, r := range report.Refused {
		fmt.Fprintf(w.err, "%s: refused %s: %s\n", f.Name(), r.Path, r.Reason)
	}
	return err
}

// progress is a source that tells how many documents it has handed out.
type progress struct {
	knowledge.Source
	w world
}

// toldEvery is after how many documents progress is told.
const toldEvery = 100

// Sync implements knowledge.Source.
func (p progress) Sync(ctx context.Context, last knowledge.State, put func(knowledge.File) error) (knowledge.State, error) {
	n := 0
	return p.Source.Sync(ctx, last, func(f knowledge.File) error {
		if n++; n%toldEvery == 0 {
			fmt.Fprintf(p.w.err, "%s: %d documents so far\n", p.Name(), n)
		}
		return put(f)
	})
}

func knowledgeStatusCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show every source: documents, age, what fails and what is refused", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withShelf(cmd.Context(), w, func(ctx context.Context, s *shelf.Shelf, _ feeds) error {
				all, err := s.Status(ctx)
				if err != nil {
					return err
				}
				return printStatus(w, all)
			})
		},
	}
}

func printStatus(w world, all []shelf.Status) error {
	tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "SOURCE\tDOCUMENTS\tAS OF\tSTATE")
	for _, st := range all {
		fmt.Fprintf(tw, "%s\t%d\t%s\t%s\n", st.Source, st.Documents, age(st.SyncedAt, w.now()), oneLine(stateOf(st)))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	for _, st := range all {
		for _, r := range st.Refused {
			fmt.Fprintf(w.out, "refused %s/%s: %s\n", r.Source, oneLine(r.Path), oneLine(r.Reason))
		}
	}
	return nil
}

func stateOf(st shelf.Status) string {
	switch {
	case st.Failure != "":
		return "failing: " + st.Failure
	case st.TriedAt.IsZero():
		return "not read yet"
	case st.SyncedAt.IsZero():
		return "being read"
	}
	return "ok"
}

func age(at, now time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return now.Sub(at).Round(time.Second).String() + " ago"
}

func knowledgeSearchCommand(w world) *cobra.Command {
	var lang, source, asOf string
	c := &cobra.Command{
		Use: "search WORDS…", Short: "Search as an agent does", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, words []string) error {
			q := knowledge.Query{Texts: []string{strings.Join(words, " ")}, Lang: lang, Source: source, Now: w.now(), K: 10}
			if asOf != "" {
				at, err := date(asOf)
				if err != nil {
					return err
				}
				q.AsOf = at
			}
			return withShelf(cmd.Context(), w, func(ctx context.Context, s *shelf.Shelf, sources feeds) error {
				found, err := searchShelf(ctx, s, sources.audience, q)
				if err != nil {
					return err
				}
				return printFound(w, found)
			})
		},
	}
	c.Flags().StringVar(&lang, "lang", "", "only documents in this language, such as de")
	c.Flags().StringVar(&source, "source", "", "only this source")
	c.Flags().StringVar(&asOf, "as-of", "", "only what was in force on this day, such as 2026-01-31")
	return c
}

func searchShelf(ctx context.Context, s *shelf.Shelf, audience knowledge.Audience, q knowledge.Query) (knowledge.Found, error) {
	docs, unread, err := s.Load(ctx, nil)
	if err = errors.Join(append(unread, err)...); err != nil {
		return knowledge.Found{}, err
	}
	library := &knowledge.Library{Audience: audience}
	if err := library.Replace(docs); err != nil {
		return knowledge.Found{}, err
	}
	return library.Search(q), nil
}

func printFound(w world, found knowledge.Found) error {
	if !found.Covered {
		fmt.Fprintln(w.out, "No document answers this; an agent is told so. The nearest are:")
	}
	for _, h := range found.Hits {
		stale := ""
		if h.Stale {
			stale = ", no longer in force"
		}
		fmt.Fprintf(w.out, "%5.2f  %s\n       %s (%s%s)\n       %s\n", h.Score, oneLine(h.At), oneLine(h.Title), h.Audience, stale, oneLine(h.Snippet))
	}
	return nil
}

func knowledgeGapsCommand(w world) *cobra.Command {
	return &cobra.Command{
		Use: "gaps", Short: "List what was asked for and is nowhere written, most frequent first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd.Context(), w, func(ctx context.Context, l *ledger.Ledger) error {
				gaps, err := shelf.New(l, w.now, nil).Gaps(ctx)
				if err != nil {
					return err
				}
				if len(gaps) == 0 {
					_, err := fmt.Fprintln(w.out, "Nothing that was asked for is missing.")
					return err
				}
				tw := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
				fmt.Fprintln(tw, "ASKED\tLAST\tQUESTION")
				for _, g := range gaps {
					fmt.Fprintf(tw, "%d\t%s\t%s\n", g.Asked, g.LastAt.Format(time.DateOnly), oneLine(g.Query))
				}
				return tw.Flush()
			})
		},
	}
}
