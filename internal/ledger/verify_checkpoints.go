package ledger

import (
	"fmt"
	"slices"
	"strconv"

	"supportmcp/internal/ledger/checkpoint"
)

// readCheckpoints makes those due that fall into a stretch: the ledger's own, and
// those that were kept elsewhere, each of which must be in the ledger, too.
func (t *treeCheck) readCheckpoints(s *stretch) error {
	t.due = map[int64][]checkpoint.Checkpoint{}
	err := t.query(t.readCheckpoint, `SELECT size, note FROM checkpoint WHERE size > $1 AND size <= $2`, s.first, s.end)
	for len(t.kept) > 0 && t.kept[0].Size <= s.end {
		t.takeKept()
	}
	return err
}

// checkBeyond looks at what tells of more events than there are.
func (t *treeCheck) checkBeyond() error {
	t.due = map[int64][]checkpoint.Checkpoint{}
	err := t.query(t.readCheckpoint, `SELECT size, note FROM checkpoint WHERE NOT (size > 0 AND size <= $1)`, t.size)
	for len(t.kept) > 0 {
		t.takeKept()
	}
	for size := range t.due {
		t.add("the log has %d events, and a checkpoint tells of %d: its end was cut off", t.size, size)
	}
	return err
}

func (t *treeCheck) readCheckpoint(scan func(...any) error) error {
	var size, text string
	if err := scan(&size, &text); err != nil {
		return err
	}
	c, err := t.open(text)
	if err == nil && strconv.FormatInt(c.Size, 10) != size {
		err = fmt.Errorf("it tells of %d events", c.Size)
	}
	if err != nil {
		t.add("the checkpoint of %s events in the ledger is worthless: %v", size, err)
		return nil
	}
	t.expect(c)
	return nil
}

// open reads a note of the ledger.
func (v *verifier) open(text string) (checkpoint.Checkpoint, error) {
	if len(v.evidence.Signed.Keys()) == 0 {
		return checkpoint.Unverified(text)
	}
	return v.evidence.Signed.Open(text)
}

// takeKept takes up the next checkpoint that was kept elsewhere.
func (t *treeCheck) takeKept() {
	c := t.kept[0]
	t.kept = t.kept[1:]
	if slices.Contains(t.due[c.Size], c) {
		return
	}
	t.add("the checkpoint of %d events that was kept elsewhere is not in the ledger", c.Size)
	t.expect(c)
}

func (t *treeCheck) expect(c checkpoint.Checkpoint) {
	t.mu.Lock()
	t.report.Checkpoints++
	t.mu.Unlock()
	t.due[c.Size] = append(t.due[c.Size], c)
}

// compare compares the tree with the checkpoints of its size.
func (t *treeCheck) compare(size int64) {
	for _, c := range t.due[size] {
		if root, err := t.peaks.root(); err != nil || root != c.Root {
			t.add("the first %d events are not those for which a checkpoint was signed", size)
			return
		}
	}
}
