package ledger

import "strings"

// The points that a writing transaction passes, in this order. Behind the name of
// what it does they make the names that Options.At is told, such as
// "begin.written" or "settle.committed".
const (
	Opened    = "opened"    // nothing is done yet
	Written   = "written"   // an entry is inserted or changed
	Counted   = "counted"   // what it takes from the budgets is, too
	Told      = "told"      // the events are appended; nothing is committed
	Committed = "committed" // all of it is kept, and the caller does not know yet
)

// reach tells the point to whoever asked for it. It may not return.
func (t *tx) reach(point string) {
	if t.ledger.at == nil {
		return
	}
	verb, _, _ := strings.Cut(t.doing, " ")
	t.ledger.at(verb + "." + point)
}
