package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"supportmcp/policies"
)

// entriesAtATime is how many entries are read at a time, with all that belongs to them.
const entriesAtATime = 500

// entryCursor hands out entries to those who check them side by side.
type entryCursor struct {
	mu    sync.Mutex
	next  span // of what is left; its end is not known yet
	ended bool
}

// span is a range of ids: behind the one and up to the other, without a bound
// where there is none. So no id is left out, however odd it is.
type span struct{ behind, upTo *string }

// where selects the rows whose column lies in the span.
func (s span) where(column string) (string, []any) {
	var args arguments
	condition := ` WHERE 1 = 1`
	if s.behind != nil {
		condition += ` AND ` + column + ` > ` + args.add(*s.behind)
	}
	if s.upTo != nil {
		condition += ` AND ` + column + ` <= ` + args.add(*s.upTo)
	}
	return condition, args
}

// share is a piece of the ledger: the entries within a span of ids with all the
// rows that name an id within it.
type share struct {
	span
	entries   map[string]*row
	events    map[string][]told
	holds     map[string]held
	approvals map[string][]policies.Approval
	acts      map[string]Act
}

// told is what an event says, as far as it concerns the events beside it.
type told struct {
	body   string
	erased bool           // it erases the texts of its entry, and leaves all else
	Seq    int64          `json:"seq"`
	At     time.Time      `json:"at"`
	Action string         `json:"action"`
	From   policies.State `json:"from"`
	To     policies.State `json:"to"`
}

// tell reads the beginning of an event, which has all of that. What looks like the
// name of a field is none within a string, where its quotes would be escaped.
func tell(body string) (told, error) {
	e := told{body: body, erased: strings.Contains(body, `,"erased":{`)}
	beginning, _, found := strings.Cut(body, `,"principal":`)
	if found {
		beginning += `}`
	}
	return e, json.Unmarshal([]byte(beginning), &e)
}

// checkEntries follows every entry from state to state, and compares it with its
// last event and with what it takes from the budgets.
func (v *verifier) checkEntries(ctx context.Context, q queryer, from *entryCursor) error {
	for {
		s, err := v.readEntries(ctx, q, from)
		if err != nil || s == nil {
			return err
		}
		for _, read := range []func(context.Context, queryer, *share) error{v.readEvents, v.readHolds, v.readApprovals, v.readActs} {
			if err := read(ctx, q, s); err != nil {
				return err
			}
		}
		if err := v.checkShare(s); err != nil {
			return err
		}
	}
}

// readEntries begins the next share; there is none when nothing is left.
func (v *verifier) readEntries(ctx context.Context, q queryer, from *entryCursor) (*share, error) {
	from.mu.Lock()
	defer from.mu.Unlock()
	if from.ended {
		return nil, nil
	}
	s := &share{
		span: from.next, entries: map[string]*row{}, events: map[string][]told{},
		holds: map[string]held{}, approvals: map[string][]policies.Approval{}, acts: map[string]Act{},
	}
	var last string
	n := 0
	where, args := from.next.where(`id`)
	err := eachRow(ctx, q, func(scan func(...any) error) error {
		r := v.readEntry(scan)
		s.entries[r.ID], last = r, r.ID
		n++
		return nil
	}, selectEntry+where+` ORDER BY id LIMIT `+strconv.Itoa(entriesAtATime), args...)
	if from.ended = n < entriesAtATime; !from.ended {
		s.upTo, from.next.behind = &last, &last
	}
	return s, err
}

// readEntry reads an entry; of one that cannot be read the id is all there is.
func (v *verifier) readEntry(scan func(...any) error) *row {
	r, err := scanRow(scan)
	if err == nil {
		return r
	}
	columns := make([]any, entryColumns)
	for i := range columns {
		columns[i] = new(any)
	}
	r = &row{}
	columns[0] = &r.ID
	_ = scan(columns...)
	v.add("%s cannot be read: %v", r.ID, err)
	return r
}

// readable reports whether a row could be read, and tells when it could not.
func (v *verifier) readable(table string, err error) bool {
	if err != nil {
		v.add("a row of the table %s cannot be read: %v", table, err)
	}
	return err == nil
}

func (v *verifier) readEvents(ctx context.Context, q queryer, s *share) error {
	where, args := s.where(`entry_id`)
	return eachRow(ctx, q, func(scan func(...any) error) error {
		var seq int64
		var action, body string
		if !v.readable("event", scan(&seq, &action, &body)) {
			return nil
		}
		e, err := tell(body)
		if err != nil {
			v.add("event %d (%s) cannot be read", seq, action)
			return nil
		}
		if e.Seq != seq || e.Action != action {
			v.add("event %d (%s) says that it is event %d of %s", seq, action, e.Seq, e.Action)
		}
		s.events[action] = append(s.events[action], e)
		return nil
	}, `SELECT seq, entry_id, body FROM event`+where+` ORDER BY entry_id, seq`, args...)
}

func (v *verifier) checkShare(s *share) error {
	for id, events := range s.events {
		v.follow(id, events)
		if _, isAct := s.acts[id]; s.entries[id] == nil && !isAct {
			v.add("event %d tells of %s, which is not in the ledger", events[len(events)-1].Seq, id)
		}
	}
	for id, r := range s.entries {
		v.checkIdentity(r)
		v.checkHolds(r, s.holds[id])
		delete(s.holds, id)
		if err := v.checkEntry(r, s.events[id]); err != nil {
			return err
		}
	}
	for id := range s.holds {
		v.add("%s counts in budgets and is not in the ledger", id)
	}
	v.checkApprovals(s)
	v.count(s)
	return v.checkActs(s)
}

// count notes what of a share the report and the last check are about.
func (v *verifier) count(s *share) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.report.Entries += len(s.entries)
	for id, events := range s.events {
		if s.entries[id] != nil && slices.ContainsFunc(events, told.erases) {
			v.report.Erased++
		}
		for _, e := range events {
			v.newest.told = v.newest.told || millis(e.At) == v.newest.at
			if e.Seq >= v.last.Seq {
				v.last = e
			}
		}
	}
}

// follow wants every event to begin in the state in which the one before it ended.
func (v *verifier) follow(action string, events []told) {
	var before policies.State
	for _, e := range events {
		if before != e.From {
			v.add("event %d finds %s in state %q, where the event before it left %q", e.Seq, action, e.From, before)
		}
		before = e.To
	}
}

// checkIdentity recomputes what the ledger finds equal requests by: whoever
// could change it unseen could have an action done twice.
func (v *verifier) checkIdentity(r *row) {
	want := r.ID
	if r.identity != "" && r.Kind.MovesMoney() { // other ids tell nothing
		want = newID(r.Draft, r.Ordinal)
	}
	if r.identity != identityOf(r.Draft) || r.ID != want {
		v.add("%s is not the id, or not the identity, of what was asked", r.ID)
	}
}
