package policies

import (
	"encoding/base32"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

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

// MayDecide reports whether a note of this admin decides on an entry: it did when
// the entry was recorded, and it does under this policy.
func (p *Policy) MayDecide(admin string, e Entry) bool {
	return e.Decision.ByNote && p.Approvals.Notes.suffices(e.Kind, e.Subject, e.Decision.Need) &&
		slices.Contains(p.Approvals.Notes.Admins, admin)
}

// codeBytes is how much of a digest a code is: too much to hit by chance, and
// little enough to type.
const codeBytes = 5

// NoteCode names an entry and the facts that a note about it is bound to. It is no
// secret: what makes a note count is who wrote it.
func (e Entry) NoteCode() string {
	sum, err := hex.DecodeString(digest("note", e.ID, string(e.Kind), e.Digest))
	if err != nil {
		return ""
	}
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:codeBytes]))
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
	m := regexp.MustCompile(`(?is)^\s*(approve|reject)\s+([a-z2-7]{8})(?:[\s:,.]+(.*?))?\s*$`).FindStringSubmatch(text)
	if m == nil {
		return NoteVerdict{}, false
	}
	v := NoteVerdict{Verdict: Rejected, Code: strings.ToLower(m[2]), Reason: m[3]}
	if strings.EqualFold(m[1], "approve") {
		v.Verdict = Approved
	}
	return v, v.Verdict == Rejected || v.Reason == ""
}
