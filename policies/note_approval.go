package policies

import (
	"encoding/base32"
	"encoding/hex"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"supportmcp/internal/money"
)

// NoteRules say whose internal note counts as an approval, and up to which amount.
// A note proves less than a signature: Intercom says who wrote it, and nobody else.
type NoteRules struct {
	Admins []string                 // ids in Intercom
	UpTo   map[money.Currency]int64 // minor units; a currency that is not listed needs a signature
}

// suffices reports whether a note may decide on an action: one on money in a
// conversation, within the amount, that needs one person of no particular role.
func (r *NoteRules) suffices(k Kind, s Subject, n Need) bool {
	if r == nil || !k.MovesMoney() || s.Conversation == "" || n.Role != "" || n.People > 1 {
		return false
	}
	most, listed := r.UpTo[s.Cost.Currency]
	return listed && s.Cost.Minor <= most
}

// notes compares whose notes decide, and on how much.
func (c *comparison) notes(path string, before, after NoteRules) {
	c.leaf(join(path, "admins"), reflect.ValueOf(before.Admins), reflect.ValueOf(after.Admins))
	c.upTo(join(path, "up_to"), before.UpTo, after.UpTo)
}

// MayDecide reports whether a note of this admin decides on an entry: it did when
// the entry was recorded, and it does under this policy.
func (p *Policy) MayDecide(admin string, e Entry) bool {
	return e.Decision.ByNote && p.Approvals.Notes.suffices(e.Kind, e.Subject, e.Decision.Need) &&
		slices.Contains(p.Approvals.Notes.Admins, admin)
}

// codeBytes is how much of a digest a code is. Whoever can write to the ledger could
// try out ids and salts until an action has the code of a note that was written for
// another one; there are too many of them.
const codeBytes = 10

// NoteCode names an entry, who asked for it and the facts that a note about it is
// bound to. It is no secret: what makes a note count is who wrote it.
func (e Entry) NoteCode() string {
	sum, err := hex.DecodeString(digest("note", e.ID, string(e.Kind), string(e.Principal), e.Bound))
	if err != nil {
		return ""
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:codeBytes]))
}

// NoteDecision is an internal note that decides, as Intercom tells of it.
type NoteDecision struct {
	Conversation, Part string    // where it stands
	Admin              string    // who typed it
	At                 time.Time // when
	Says               NoteVerdict
}

// NoteVerdict is what an internal note decides.
type NoteVerdict struct {
	Verdict State // Approved or Rejected
	Code    string
	Reason  string // of a rejection
}

// ParseNote reads a note as a verdict. An approval is "approve CODE" and nothing
// else, so that neither a question nor a quotation is one. A rejection may have its
// reason behind it.
func ParseNote(text string) (NoteVerdict, bool) {
	m := regexp.MustCompile(`(?is)^\s*(approve|reject)\s+([a-z2-7]{16})(?:[\s:,.]+(.*?))?\s*$`).FindStringSubmatch(text)
	if m == nil {
		return NoteVerdict{}, false
	}
	v := NoteVerdict{Verdict: Rejected, Code: strings.ToLower(m[2]), Reason: m[3]}
	if strings.EqualFold(m[1], "approve") {
		v.Verdict = Approved
	}
	return v, v.Verdict == Rejected || v.Reason == ""
}
