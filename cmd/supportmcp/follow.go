package main

import (
	"context"
	"strings"
	"time"

	"supportmcp/internal/knowledge"
)

// everyDocuments is how often the folders of documents are looked at. Clients may
// keep what they have read for longer.
const everyDocuments = 10 * time.Second

// follow serves the documents as their files are until ctx is done. While a
// source cannot be read, the last good documents stay.
func (s *service) follow(ctx context.Context) {
	tick := time.NewTicker(everyDocuments)
	defer tick.Stop()
	last := stamps(s.sources)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := stamps(s.sources); now != last {
			last = now
			s.reread()
		}
	}
}

func (s *service) reread() {
	docs, err := readKnowledge(s.sources, s.log)
	if err == nil {
		err = s.library.Replace(docs)
	}
	if err != nil {
		s.log.Warn("the documents stay as they were", "err", err)
		return
	}
	s.server.Publish(s.resources())
	s.log.Info("the documents have changed", "documents", len(docs))
}

// stamps changes when a file of a source does, or when a source comes or goes.
func stamps(sources string) string {
	var all []string
	for _, source := range listed(sources) {
		_, dir, _ := strings.Cut(source, "=")
		stamp, err := knowledge.Stamp(dir)
		if err != nil {
			stamp = "unreadable"
		}
		all = append(all, stamp)
	}
	return strings.Join(all, " ")
}
