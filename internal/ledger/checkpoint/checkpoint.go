// Package checkpoint owns what the ledger says about its event log to people who
// do not trust its database: signed checkpoints, which state how many events the
// log has and the root of the tree over them, and proofs that events are under
// such a checkpoint.
//
// Everything it reads must be, byte for byte, what it would have written itself.
// It never opens a database, a file or a connection, and never says anything
// about an event that the caller did not pass in.
package checkpoint

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// largest bounds the size of a log, far above what one can hold, so that no made-up
// number reaches the arithmetic of the tree.
const largest = 1 << 48

// Checkpoint states that a log had so many events and which. The zero value is
// that of an empty log, which is never signed.
type Checkpoint struct {
	Origin string    // the name of the key, which names the log
	Size   int64     // how many events
	Root   tlog.Hash // of the tree over them
	Note   string    // all of that as signed text
}

// Signature is the signature in the note, in base64.
func (c Checkpoint) Signature() string {
	_, signature, _ := strings.Cut(c.Note, signaturePrefix+c.Origin+" ")
	return strings.TrimSuffix(signature, "\n")
}

// signaturePrefix begins a signature line of a note.
const signaturePrefix = "— "

// text is what is signed: https://c2sp.org/tlog-checkpoint.
func (c Checkpoint) text() string {
	return c.Origin + "\n" + strconv.FormatInt(c.Size, 10) + "\n" + c.Root.String() + "\n"
}

// Unverified reads a note and believes it, whoever signed it.
func Unverified(text string) (Checkpoint, error) {
	_, err := note.Open([]byte(text), nil)
	unknown, ok := errors.AsType[*note.UnverifiedNoteError](err)
	if !ok || len(unknown.Note.UnverifiedSigs) != 1 {
		return Checkpoint{}, errMalformed
	}
	return read(text, unknown.Note.Text, unknown.Note.UnverifiedSigs[0])
}

var errMalformed = errors.New("this is no checkpoint, or not a whole one")

// read takes a note apart, and refuses every form but the one that Sign gives it:
// base64 could otherwise be written in several ways.
func read(whole, text string, by note.Signature) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return Checkpoint{}, errMalformed
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 1 || size > largest {
		return Checkpoint{}, errMalformed
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return Checkpoint{}, errMalformed
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: root, Note: whole}
	signature, err := base64.StdEncoding.DecodeString(by.Base64)
	if err != nil || len(signature) < 4 || binary.BigEndian.Uint32(signature) != by.Hash || by.Name != c.Origin {
		return Checkpoint{}, errMalformed
	}
	if whole != c.text()+"\n"+signaturePrefix+by.Name+" "+base64.StdEncoding.EncodeToString(signature)+"\n" {
		return Checkpoint{}, errMalformed
	}
	return c, nil
}

// Split finds the notes in a text that holds several, with or without empty lines
// between them, as a file does to which they were appended.
func Split(text string) ([]string, error) {
	var notes []string
	var begun strings.Builder
	for line := range strings.Lines(text) {
		if begun.Len() == 0 && strings.TrimSpace(line) == "" {
			continue
		}
		begun.WriteString(line)
		if strings.HasPrefix(line, signaturePrefix) && strings.HasSuffix(line, "\n") {
			notes = append(notes, begun.String())
			begun.Reset()
		}
	}
	if begun.Len() > 0 {
		return nil, fmt.Errorf("after %d checkpoints: %w", len(notes), errMalformed)
	}
	return notes, nil
}
