package ledger

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"supportmcp/internal/fault"
)

// texts are what of an entry may tell of a person: what was asked for, what was
// found out about the asker, and every message. They are one row of the table
// personal, which Erase deletes.
type texts struct {
	there                                                 bool // the row exists
	input, facts, digest, decision, answer, failure, note string
}

const (
	textColumns = `entry_id, salt, input, facts, digest, decision, answer, failure, note`
	textValues  = `personal.entry_id IS NOT NULL, COALESCE(salt, ''), COALESCE(input, ''), COALESCE(facts, ''), COALESCE(digest, ''),
		COALESCE(decision, ''), COALESCE(answer, ''), COALESCE(failure, ''), COALESCE(note, '')`
)

// left is what stays of the texts of an entry in its own row, empty until they are
// erased: the decision as the log tells it, too, and the code of the failure.
type left struct {
	verdict, code string
	erasedAt      int64
}

const leftColumns = `verdict, code, erased_at`

func (l left) into(r *row) error {
	r.ErasedAt = fromMillis(l.erasedAt)
	if l.code != "" {
		r.Failure = &fault.Error{Code: fault.Code(l.code), Message: "its message was erased"}
	}
	if err := json.Unmarshal([]byte(l.verdict), &r.Decision); err != nil {
		return fmt.Errorf("read the verdict on %s: %w", r.ID, err)
	}
	return nil
}

// saltBytes make it hopeless to guess a text back from its hash without the salt.
const saltBytes = 16

// seal is the hash of one of the texts of an entry, "" for no text. Its key is
// the entry's salt, which goes with the texts: what is left then cannot be
// compared with a guess. Entries of releases that had no salt keep their hashes.
func (r *row) seal(name string, text []byte) string {
	if len(text) == 0 || r.salt == "" {
		return digest(text)
	}
	h := hmac.New(sha256.New, []byte(r.salt))
	h.Write([]byte(name + "\x00"))
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// sealed is seal for what had stood in events as it was before there were salts.
func (r *row) sealed(name, text string) string {
	if r.salt == "" {
		return text
	}
	return r.seal(name, []byte(text))
}

// texts gives the texts of an entry as they are stored.
func (r *row) texts() (texts, error) {
	decision, err := json.Marshal(r.Decision)
	if err != nil {
		return texts{}, fmt.Errorf("encode the decision on %s: %w", r.ID, err)
	}
	failure, err := encodeFailure(r.Failure)
	if err != nil {
		return texts{}, fmt.Errorf("encode the failure of %s: %w", r.ID, err)
	}
	k := texts{
		there: true, input: string(r.Input), facts: string(r.Facts), digest: r.Digest,
		decision: string(decision), failure: failure, note: r.Note,
	}
	if !r.Kind.MovesMoney() {
		k.answer = string(r.Receipt)
	}
	return k, nil
}

func (k texts) into(r *row) (err error) {
	if !k.there {
		return nil // Verify tells
	}
	r.Input, r.Facts, r.Digest, r.Note = raw(k.input), raw(k.facts), k.digest, k.note
	if k.answer != "" {
		r.Receipt = raw(k.answer)
	}
	if err := json.Unmarshal([]byte(k.decision), &r.Decision); err != nil {
		return fmt.Errorf("read the decision on %s: %w", r.ID, err)
	}
	if r.Failure, err = decodeFailure(k.failure); err != nil {
		return fmt.Errorf("read the failure of %s: %w", r.ID, err)
	}
	return nil
}

// keepTexts stores the texts of an entry where they differ from those stored. An
// entry whose texts were erased gets none again, whatever becomes of it: a vendor
// can turn out to have done what had failed.
func (t *tx) keepTexts(r *row) error {
	if !r.ErasedAt.IsZero() {
		return t.keepLeft(r)
	}
	k, err := r.texts()
	if err != nil || k == r.kept {
		return err
	}
	if err := t.execAll(r.keep(k)); err != nil {
		return fmt.Errorf("keep the texts of %s: %w", r.ID, err)
	}
	r.kept = k
	return nil
}

// keep stores texts of an entry.
func (r *row) keep(k texts) statement {
	return statement{
		`INSERT INTO personal (` + textColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (entry_id) DO UPDATE SET (input, facts, digest, decision, answer, failure, note) = ($3, $4, $5, $6, $7, $8, $9)`,
		[]any{r.ID, r.salt, k.input, k.facts, k.digest, k.decision, k.answer, k.failure, k.note},
	}
}

func encodeFailure(f *fault.Error) (string, error) {
	if f == nil {
		return "", nil
	}
	b, err := json.Marshal(f) // without Took and Cause: the state says what took effect
	return string(b), err
}

func decodeFailure(text string) (*fault.Error, error) {
	if text == "" {
		return nil, nil
	}
	f := new(fault.Error)
	return f, json.Unmarshal([]byte(text), f)
}
