package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/policies"
)

// Exported is one event as an auditor gets it.
type Exported struct {
	Seq  int64     `json:"seq"`
	Leaf tlog.Hash `json:"leaf"`  // what hangs in the tree
	Body string    `json:"event"` // the exact bytes of which Leaf is the hash
}

// Selection says which events are exported. What is empty selects all.
type Selection struct {
	Since, Until time.Time // from the one on, and before the other
	Action       string
	Kinds        []policies.Kind
	States       []policies.State // that an event leads to
	Principal    policies.Principal
	Conversation string
	Customer     string
	Charge       string
}

// Export passes on the selected events in the order of the log, all of one state
// of the ledger, in bounded memory. It ends with an error at an event that is not
// what was recorded.
func (l *Ledger) Export(ctx context.Context, which Selection, each func(Exported) error) error {
	view, err := l.view(ctx)
	if err != nil {
		return l.explain("export", err)
	}
	defer func() { _ = view.Rollback() }()
	size, err := logSize(ctx, view)
	if err != nil {
		return l.explain("export", err)
	}
	var stopped error // by the caller
	err = stretches(ctx, view, 0, size, func(s *stretch) error {
		found, err := s.export(which)
		for _, e := range found {
			if stopped = each(e); stopped != nil {
				return stopped
			}
		}
		return err
	})
	if stopped != nil {
		return stopped
	}
	return l.explain("export", err)
}

// export gives the selected events of a stretch, up to one that is not what was recorded.
func (s *stretch) export(which Selection) (found []Exported, err error) {
	for _, e := range s.events {
		leaf := tlog.RecordHash([]byte(e.body))
		if s.node(tlog.StoredHashIndex(0, e.seq)) != leaf {
			return found, tampered("event %d (%s) is not what was recorded", e.seq, e.action)
		}
		var said event
		if err := json.Unmarshal([]byte(e.body), &said); err != nil {
			return found, fmt.Errorf("read event %d: %w", e.seq, err)
		}
		if which.selects(said) {
			found = append(found, Exported{Seq: e.seq, Leaf: leaf, Body: e.body})
		}
	}
	if int64(len(s.events)) != s.end-s.first {
		err = tampered("between event %d and event %d some are missing", s.first, s.end-1)
	}
	return found, err
}

func (w Selection) selects(e event) bool {
	return (w.Since.IsZero() || !e.At.Before(w.Since)) && (w.Until.IsZero() || e.At.Before(w.Until)) &&
		(len(w.Kinds) == 0 || slices.Contains(w.Kinds, e.Kind)) && (len(w.States) == 0 || slices.Contains(w.States, e.To)) &&
		either(w.Action, e.Action) && either(w.Principal, e.Principal) &&
		either(w.Conversation, e.Subject.Conversation) && either(w.Customer, e.Subject.Customer) && either(w.Charge, e.Subject.Charge)
}

// either reports whether a value is the wanted one, or none is wanted.
func either[T ~string](want, have T) bool { return want == "" || want == have }
