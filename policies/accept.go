package policies

import (
	"slices"
	"strings"
)

// Loosened are the differences through which a policy allows more than the one
// before, in words.
func Loosened(old, now *Policy) []string {
	var out []string
	for _, d := range Compare(old, now) {
		if d.Looser {
			out = append(out, d.String())
		}
	}
	return out
}

// String is the difference in one line.
func (d Difference) String() string {
	switch {
	case d.Old == "":
		return d.Path + ": " + d.New + " is new"
	case d.New == "":
		return d.Path + ": " + d.Old + " is gone"
	}
	return d.Path + ": " + d.Old + " became " + d.New
}

// Record is one policy in the history of a ledger.
type Record struct {
	Text   string
	Signed bool // an approver has put it in force, as far as that can be told
}

// Standing is where a policy file stands with the history of a ledger.
type Standing struct {
	InForce *Policy // nil only when the file is the first
	Text    string  // of InForce
	File    *Policy
	Looser  []string // what the file allows beyond InForce; it takes an approver
	New     bool     // the file is not yet in the history, and may be put in force as it is
}

// Stand compares a policy file with the policies that were in force. What is in
// the history without right, a policy that loosens the one before it and that no
// approver has signed, is passed over.
func Stand(name string, file *Policy, history []Record) Standing {
	s := Standing{File: file}
	for _, r := range history {
		p, err := Parse(name, []byte(r.Text))
		if err != nil {
			continue // of a later format, or damaged: it can be no ground for anything
		}
		if s.InForce == nil || r.Signed || len(Loosened(s.InForce, p)) == 0 {
			s.InForce, s.Text = p, r.Text
		}
	}
	switch {
	case s.InForce == nil:
		s.New = true
	case s.InForce.Revision != file.Revision:
		s.Looser = Loosened(s.InForce, file)
		s.New = len(s.Looser) == 0
	}
	return s
}

// Summary tells the operator why a file is not in force.
func (s Standing) Summary() string {
	return strings.Join(slices.Compact(slices.Clone(s.Looser)), "; ")
}
