package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
)

// readEvidence reads checkpoints that were kept in files.
func readEvidence(files []string, signed checkpoint.Verifier) (ledger.Evidence, error) {
	e := ledger.Evidence{Signed: signed}
	for _, file := range files {
		b, err := os.ReadFile(file) //nolint:gosec // the auditor names the file
		if err != nil {
			return e, fmt.Errorf("read checkpoints: %w", err)
		}
		notes, err := checkpoint.Split(string(b))
		if err == nil && len(notes) == 0 {
			err = fmt.Errorf("it is empty")
		}
		if err != nil {
			return e, fault.Invalidf("give a file as SUPPORTMCP_CHECKPOINT_FILE names it, or one checkpoint as it was sent", "%s does not hold checkpoints: %v", file, err)
		}
		for i, note := range notes {
			c, err := signed.Open(note)
			if err != nil {
				return e, fault.Invalidf("give the public key that signed it with --key", "checkpoint %d in %s: %v", i+1, file, err)
			}
			e.Kept = append(e.Kept, c)
		}
	}
	return e, nil
}

// moment reads a time, or a day, which begins at midnight UTC. Empty is none.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.Invalidf("write a day as 2026-01-31, or a time as 2026-01-31T09:30:00Z", "--%s %s is no time", flag, text)
}

// printProof tells what a proof proves.
func printProof(w world, under checkpoint.Checkpoint, said []checkpoint.Statement) error {
	fmt.Fprintf(w.out, "%s\n\nProved: recorded in the log of %s, which had %s when this was signed.\n\n",
		oneLine(said[0].Action), oneLine(under.Origin), counted(under.Size, "event"))
	for _, s := range said {
		from := s.From
		if from == "" {
			from = "begun"
		}
		line := fmt.Sprintf("  event %d  %s  %s: %s -> %s, asked by %s", s.Seq, s.At.UTC().Format(time.RFC3339), s.Kind, from, s.To, s.Principal)
		if s.Approver != "" {
			line += ", decided by " + s.Approver
		}
		fmt.Fprintln(w.out, oneLine(strings.TrimRight(line, " ")))
	}
	_, err := fmt.Fprintf(w.out, "\nNot proved: that nothing happened to it after event %d.\n", said[len(said)-1].Seq)
	return err
}
