package policies

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// defaultFile is the policy a new installation starts with. The compiler fills
// it in, so it is a variable; nothing changes it.
//
//go:embed default.yaml
var defaultFile string

// Default is the policy file that a new installation starts with.
func Default() []byte { return []byte(defaultFile) }

// Parse compiles a policy file; name is what messages call it. A file with any
// problem gives no policy at all, and a *FileError that tells every problem that
// can be told: first whether it is readable YAML, then what it says. What a file
// leaves out is denied.
func Parse(name string, b []byte) (*Policy, error) {
	r := &fileReader{name: name}
	var p *Policy
	if root := r.document(b); root != nil {
		p = r.policy(root)
	}
	if len(r.problems) > 0 {
		return nil, &FileError{r.inOrder()}
	}
	p.Revision = revision(b)
	return p, nil
}

// revision names a policy by its bytes: a changed comment is a new revision, too.
func revision(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// FileError is everything that is wrong with a policy file, in the order of the
// file; it is written for the person who edits it.
type FileError struct{ Problems []Problem }

// Error has one problem per line.
func (e *FileError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Problem is one thing that is wrong with a policy file. Line and Column count
// from 1, and columns count characters.
type Problem struct {
	Name         string
	Line, Column int
	Message      string
}

// String is the problem as compilers write them, so that editors can jump to it.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.Name, p.Line, p.Column, p.Message)
}

// fileReader collects what is wrong with a file while it is read.
type fileReader struct {
	name     string
	problems []Problem
	outline  *outline // collects the keys instead of reading; nil reads
}

func (r *fileReader) tell(line, column int, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.name, line, column, fmt.Sprintf(format, args...)})
}

func (r *fileReader) inOrder() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.problems
}
