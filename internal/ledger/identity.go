package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"supportmcp/internal/fault"
	"supportmcp/policies"
)

// identityOf is what makes two requests one and the same: kind, conversation and
// what was asked for. A desired state and a follow-up have none, so they are
// never taken for a repeat.
func identityOf(d policies.Draft) string {
	if d.Subject.Same == "" || d.Parent != "" {
		return ""
	}
	return hash(string(d.Kind), d.Subject.Conversation, d.Subject.Same)
}

// newID is the id of an entry, and with it the vendor's idempotency key. The same
// request for money has the same id wherever and however often it is made. An id
// made from the text of a message would tell the text to whoever guesses it.
func newID(d policies.Draft, ordinal int) string {
	if identityOf(d) == "" || !d.Kind.MovesMoney() {
		return "act_" + hex.EncodeToString(random(12))
	}
	return "act_" + hash(string(d.Kind), d.Subject.Conversation, d.Subject.Same, strconv.Itoa(ordinal))[:24]
}

// followID is the id of what parent queues. No kind begins with the byte 1, so it
// is never the id of a request.
func followID(parent string, index int) string {
	return "act_" + hash("\x01"+parent, strconv.Itoa(index))[:24]
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: https://pkg.go.dev/crypto/rand#Read
	return b
}

// place is where a draft stands among the entries of its identity.
type place struct {
	ordinal int
	answer  *row // the entry that answers the draft, if there is one
}

// place looks for the entry that answers a draft. Attempts that ended without
// effect do not answer; the next one takes the next ordinal.
func (t *tx) place(d policies.Draft) (place, error) {
	after, err := t.repeated(d)
	if err != nil {
		return place{}, err
	}
	identity := identityOf(d)
	if identity == "" {
		return place{}, nil
	}
	since := millis(t.now.Add(-d.Kind.ReplayFor()))
	for {
		next, answered, err := t.earlier(identity, after, since)
		if err != nil || !answered {
			return place{ordinal: next}, err
		}
		answer, err := t.answer(identity, after, since)
		if err != nil {
			return place{}, err
		}
		if answer != nil && !answer.overdue(t.now) {
			return place{answer: answer}, nil
		}
		if answer != nil {
			err = t.expire(answer)
		}
		if err != nil {
			return place{}, err
		}
	}
}

// answering selects what answers a request: the entries behind the ordinal $2 that
// are live, or were done later than $3.
func answering() string {
	return `ordinal > $2 AND (state IN (` + quoted(live()...) + `) OR state = 'done' AND updated_at > $3)`
}

// earlier looks at the entries of an identity in one statement, as most requests
// have no answer: the ordinal behind theirs, and whether one of them answers.
func (t *tx) earlier(identity string, after int, since int64) (next int, answered bool, err error) {
	err = t.sql.QueryRowContext(t.ctx, `SELECT COALESCE(MAX(ordinal) + 1, 0), COUNT(CASE WHEN `+answering()+` THEN 1 END) > 0
		FROM entry WHERE identity = $1 AND identity <> ''`, identity, after, since).Scan(&next, &answered)
	if err != nil {
		return 0, false, fmt.Errorf("look for earlier attempts: %w", err)
	}
	return next, answered, nil
}

// answer is the first entry of an identity that answers; nil when it just stopped to.
func (t *tx) answer(identity string, after int, since int64) (*row, error) {
	where := `WHERE identity = $1 AND identity <> '' AND ` + answering() + ` ORDER BY ordinal LIMIT 1`
	if err := t.lockEntries(where, identity, after, since); err != nil {
		return nil, err
	}
	found, err := several(t.ctx, t.sql, where, identity, after, since)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// repeated gives the ordinal of the entry that d repeats on purpose, and -1 when
// it repeats none. Whatever is wrong with the named entry, the answer is the
// same, so that foreign ids cannot be probed.
func (t *tx) repeated(d policies.Draft) (ordinal int, err error) {
	if d.RepeatOf == "" {
		return -1, nil
	}
	first, err := t.load(d.RepeatOf)
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return 0, err
	}
	if err != nil || first.State != policies.Done || first.Parent != "" || first.Kind != d.Kind ||
		first.Subject.Conversation != d.Subject.Conversation || first.Subject.Same != d.Subject.Same {
		return 0, fault.Invalidf("give the action_id of the done action that you mean to do again with equal arguments, or leave repeat_of out",
			"repeat_of must name a done action of the same tool, conversation and request")
	}
	return first.Ordinal, nil
}

func live() []policies.State {
	return []policies.State{policies.Awaiting, policies.Approved, policies.Executing, policies.InDoubt, policies.Review}
}
