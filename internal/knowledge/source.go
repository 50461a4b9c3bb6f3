package knowledge

import (
	"context"
	"time"
)

// Source is a place that documents come from.
type Source interface {
	// Name is the first part of the documents' URIs.
	Name() string

	// Sync looks at the source and hands every document that is new or has another
	// mark to put, which keeps it. It gives the state that the source is in now:
	// what is not in it any more is gone. On an error what was put stays, and
	// nothing else changes. One Sync runs at a time.
	Sync(ctx context.Context, last State, put func(File) error) (State, error)
}

// State is how a source was when it was looked at last. The zero value is a source
// that never was.
type State struct {
	Cursor string            // the source's own note of where to go on
	Marks  map[string]string // of every document there is, by path; "" was refused and is wanted again
}

// Later is an error after which a source should be left alone for a while, as when
// a vendor's limit is used up.
type Later struct {
	In  time.Duration
	Err error
}

func (l *Later) Error() string { return l.Err.Error() }

// Unwrap gives the cause.
func (l *Later) Unwrap() error { return l.Err }
