package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger/checkpoint"
)

// Checkpoint signs the log as it stands and keeps the checkpoint. Before it does,
// it looks at everything behind the last one as CheckTail does, so that nothing
// is signed that was changed in between. Without new events it gives the last
// checkpoint again, and for an empty log the zero one.
//
// It is worth something only where it is kept: outside this database.
func (l *Ledger) Checkpoint(ctx context.Context, by checkpoint.Signer) (checkpoint.Checkpoint, error) {
	t, err := l.readTail(ctx, by.Verifier)
	if err != nil || t.size == t.last.Size {
		return t.last, err
	}
	c, err := by.Sign(t.size, t.root)
	if err != nil {
		return checkpoint.Checkpoint{}, l.explain("sign a checkpoint", err)
	}
	// Two processes may sign the same log; with one key they sign the same bytes.
	return c, l.transact(ctx, "keep a checkpoint", func(t *tx) error {
		return t.exec(`INSERT INTO checkpoint (size, note) VALUES ($1, $2) ON CONFLICT DO NOTHING`, c.Size, c.Note)
	})
}

// CheckTail looks quickly whether the log can be trusted to go on from: the last
// checkpoint was signed by a key that is known, the tree still has the events that
// it was signed for, and every event behind it is what was recorded. A log of
// which that is not true is a *fault.Error. What lies before the last checkpoint
// is left to Verify.
func (l *Ledger) CheckTail(ctx context.Context, known checkpoint.Verifier) error {
	_, err := l.readTail(ctx, known)
	return err
}

// tail is what a quick look at the log gives.
type tail struct {
	last checkpoint.Checkpoint // zero when there is none
	size int64
	root tlog.Hash
}

func (l *Ledger) readTail(ctx context.Context, known checkpoint.Verifier) (tail, error) {
	view, err := l.view(ctx)
	if err != nil {
		return tail{}, l.explain("check the end of the log", err)
	}
	defer func() { _ = view.Rollback() }()
	t, err := checkTail(ctx, view, known)
	if err != nil {
		return tail{}, l.explain("check the end of the log", err)
	}
	return t, nil
}

func checkTail(ctx context.Context, q queryer, known checkpoint.Verifier) (t tail, err error) {
	if t.size, err = logSize(ctx, q); err != nil {
		return t, err
	}
	if t.last, err = lastCheckpoint(ctx, q, known); err != nil {
		return t, err
	}
	if t.size < t.last.Size {
		return t, tampered("the log has %d events, and its last checkpoint tells of %d", t.size, t.last.Size)
	}
	p, err := signedPeaks(ctx, q, t.last)
	if err != nil {
		return t, err
	}
	if err := stretches(ctx, q, t.last.Size, t.size, func(s *stretch) error { return p.follow(s) }); err != nil {
		return t, err
	}
	if err := nothingBeyond(ctx, q, t.size); err != nil {
		return t, err
	}
	t.root, err = p.root()
	return t, err
}

// logSize is how many events there are.
func logSize(ctx context.Context, q queryer) (int64, error) {
	size, err := headSize(ctx, q)
	if err == nil && size < 0 {
		err = tampered("nothing says how many events there should be")
	}
	return size, err
}

// lastCheckpoint reads the newest checkpoint of the ledger; the zero one when there is none.
func lastCheckpoint(ctx context.Context, q queryer, known checkpoint.Verifier) (checkpoint.Checkpoint, error) {
	var size int64
	var text string
	err := q.QueryRowContext(ctx, `SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1`).Scan(&size, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return checkpoint.Checkpoint{}, nil
	}
	if err != nil {
		return checkpoint.Checkpoint{}, fmt.Errorf("read the last checkpoint: %w", err)
	}
	c, err := known.Open(text)
	if err != nil {
		return c, foreign(err)
	}
	if c.Size != size {
		return c, tampered("the last checkpoint tells of %d events and is kept as that of %d", c.Size, size)
	}
	return c, nil
}

// signedPeaks reads the part of the tree that a checkpoint was signed for. Its
// peaks under the signed root are as good as all the nodes below them: the events
// behind it are hashed into nothing else.
func signedPeaks(ctx context.Context, q queryer, c checkpoint.Checkpoint) (peaks, error) {
	p, err := readPeaks(c.Size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return readNodes(ctx, q, indexes)
	}))
	if err != nil || c.Size == 0 {
		return p, err
	}
	if root, err := p.root(); err != nil || root != c.Root {
		return p, errors.Join(err, tampered("the first %d events are not those for which the last checkpoint was signed", c.Size))
	}
	return p, nil
}

// follow hangs a stretch behind the tree, and wants every event and node to be
// what was recorded.
func (p *peaks) follow(s *stretch) error {
	if int64(len(s.events)) != s.end-s.first {
		return tampered("between event %d and event %d some are missing", s.first, s.end-1)
	}
	for i, e := range s.events {
		at := tlog.StoredHashIndex(0, e.seq)
		for level, want := range p.grow(s.first+int64(i), tlog.RecordHash([]byte(e.body))) {
			if s.node(at+int64(level)) != want {
				return tampered("event %d (%s) is not what was recorded", e.seq, e.action)
			}
		}
	}
	return nil
}

func nothingBeyond(ctx context.Context, q queryer, size int64) error {
	var more int64
	if err := q.QueryRowContext(ctx, `SELECT COUNT(*) FROM event WHERE seq >= $1`, size).Scan(&more); err != nil {
		return fmt.Errorf("look behind the last event: %w", err)
	}
	if more > 0 {
		return tampered("the log should have %d events and has more", size)
	}
	return nil
}

func tampered(format string, args ...any) *fault.Error {
	return refused("stop every server of this ledger, keep the database as it is, and run supportmcp audit verify; then restore a backup",
		"the record of decisions was changed outside supportmcp or is damaged: %s", fmt.Sprintf(format, args...))
}

// foreign is about a checkpoint that the known keys did not sign.
func foreign(err error) *fault.Error {
	return refused("set SUPPORTMCP_AUDIT_KEY_FILE to the key that all servers of this ledger share, or put the earlier public key below the new one in its file",
		"the ledger's last checkpoint cannot be trusted: %v", err)
}
