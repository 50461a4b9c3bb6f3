package approvers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"supportmcp/internal/fault"
)

// firstLine begins every statement and names its format. Another format gets
// another line, so that no signature can be read in two ways.
const firstLine = "supportmcp statement 1"

// longestStatement bounds what is read as a statement, in bytes.
const longestStatement = 8 << 10

// Statement is what a person signs. It holds ids and hashes, and no text of a
// customer, so that it may be kept when texts are erased.
type Statement struct {
	Purpose Purpose
	Subject string // the action's id, or what else it is about
	Verdict string // what it comes to: approved, rejected, done, failed; "" where the purpose says it
	Facts   string // hash of what was shown: the action's facts, a file's bytes
	Policy  string // revision of the policy that led to it
	Asked   string // the principal who asked for the action
	Place   Place
	Signer  string    // name in the roster
	Time    time.Time // when it was made, by the signer's clock
	Until   time.Time // after then it lets nothing happen; zero: for ever
}

type field struct{ name, value string }

// fields are the lines of a statement, in their order.
func (s Statement) fields() []field {
	return []field{
		{"purpose", string(s.Purpose)},
		{"subject", s.Subject},
		{"verdict", s.Verdict},
		{"facts", s.Facts},
		{"policy", s.Policy},
		{"asked-by", s.Asked},
		{"ledger", s.Place.Ledger},
		{"mode", s.Place.Mode},
		{"account", s.Place.Account},
		{"signer", s.Signer},
		{"time", moment(s.Time)},
		{"until", moment(s.Until)},
	}
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Text is the exact text that is signed: a line for each field that has a value,
// in one order. A value that could break out of its line is fault.Invalid.
func (s Statement) Text() (string, error) { return textOf(firstLine, s.fields()) }

// textOf writes a line for each field that has a value.
func textOf(first string, fields []field) (string, error) {
	var b strings.Builder
	b.WriteString(first + "\n")
	for _, f := range fields {
		if f.value == "" {
			continue
		}
		if !utf8.ValidString(f.value) || strings.ContainsFunc(f.value, unicode.IsControl) || strings.TrimSpace(f.value) != f.value {
			return "", fault.Invalidf("use one line of plain text", "%q cannot be the %s of a statement", f.value, f.name)
		}
		b.WriteString(f.name + ": " + f.value + "\n")
	}
	return b.String(), nil
}

// ParseStatement reads a statement. Only text that Text would write is one.
func ParseStatement(text string) (Statement, error) {
	values, err := valuesOf(firstLine, text)
	if err != nil {
		return Statement{}, err
	}
	s := statementOf(values)
	if again, err := s.Text(); err != nil || again != text {
		return Statement{}, unreadable(asWritten)
	}
	return s, nil
}

// valuesOf reads the lines of a text that begins with first.
func valuesOf(first, text string) (map[string]string, error) {
	lines, ok := strings.CutPrefix(text, first+"\n")
	if !ok || len(text) > longestStatement {
		return nil, unreadable("its first line is not " + first)
	}
	values := map[string]string{}
	for line := range strings.Lines(lines) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		values[name] = value
	}
	return values, nil
}

func statementOf(values map[string]string) Statement {
	s := Statement{
		Purpose: Purpose(values["purpose"]), Subject: values["subject"], Verdict: values["verdict"],
		Facts: values["facts"], Policy: values["policy"], Asked: values["asked-by"],
		Place:  Place{Ledger: values["ledger"], Mode: values["mode"], Account: values["account"]},
		Signer: values["signer"],
	}
	s.Time, _ = time.Parse(time.RFC3339Nano, values["time"]) // what is no time is not written back
	s.Until, _ = time.Parse(time.RFC3339Nano, values["until"])
	return s
}

// asWritten is what is wrong with a text that would be written in another way.
const asWritten = "a line is unknown, missing, out of order or not written as it should be"

func unreadable(why string) error {
	return refused("take the statement as supportmcp approvals statement prints it", "this is no statement: %s", why)
}

// Hash is how a statement names a file: the SHA-256 of its bytes.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
