package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
	"supportmcp/policies"
)

// signing is a notary on a ledger of its own, which gets an event when asked to.
type signing struct {
	*notary
	t     *testing.T
	log   *bytes.Buffer
	begun int
}

func newSigning(t *testing.T, file, address string) *signing {
	t.Helper()
	l, err := ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "data", "ledger.db"), ledger.Options{Now: time.Now, Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	text, err := checkpoint.Generate(checkpoint.Verifier{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := checkpoint.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	return &signing{t: t, log: &log, notary: &notary{ledger: l, key: key, places: outlets(file, address, logger), log: logger}}
}

// event adds one to the log.
func (s *signing) event() {
	s.t.Helper()
	s.begun++
	draft := policies.Draft{Kind: policies.KindNote, Principal: "agent", Subject: policies.Subject{Conversation: "1", Same: strings.Repeat("x", s.begun)}}
	_, _, err := s.ledger.Begin(s.t.Context(), draft, func(policies.Snapshot) policies.Decision { return policies.Decision{Effect: policies.Deny} })
	if err != nil {
		s.t.Fatal(err)
	}
}

// kept are the checkpoints in a file, each of which must be whole.
func (s *signing) kept(file string) []checkpoint.Checkpoint {
	s.t.Helper()
	if _, err := os.Stat(file); err != nil {
		return nil
	}
	e, err := readEvidence([]string{file}, s.key.Verifier)
	if err != nil {
		s.t.Fatal(err)
	}
	return e.Kept
}

func TestCheckpointsAreSignedEachMinuteInWhichSomethingHappened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "kept")
		s := newSigning(t, file, "")
		s.event() // before the start, as when the server was killed
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.run(ctx) })
		sizes := func(want ...int64) {
			t.Helper()
			synctest.Wait()
			kept := s.kept(file)
			if len(kept) != len(want) || len(want) > 0 && kept[len(want)-1].Size != want[len(want)-1] {
				t.Fatalf("kept %d checkpoints, want those of %v events", len(kept), want)
			}
		}
		sizes(1)
		time.Sleep(3 * everyCheckpoint)
		sizes(1)
		s.event()
		s.event()
		sizes(1)
		time.Sleep(everyCheckpoint)
		sizes(1, 3)
		stop()
		running.Wait()
	})
}

func TestTheLogHoldsTheFactsOfACheckpoint(t *testing.T) {
	t.Parallel()
	s := newSigning(t, "", "")
	s.sign(t.Context())
	if s.log.Len() != 0 {
		t.Errorf("an empty ledger's log says %s", s.log)
	}
	s.event()
	s.sign(t.Context())
	s.sign(t.Context())
	var line struct {
		Msg, Origin, Root, Signature string
		Size                         int64
	}
	if err := json.Unmarshal(s.log.Bytes(), &line); err != nil {
		t.Fatalf("not one line: %v: %s", err, s.log)
	}
	note := line.Origin + "\n1\n" + line.Root + "\n\n— " + line.Origin + " " + line.Signature + "\n"
	if c, err := s.key.Open(note); err != nil || c.Size != line.Size {
		t.Errorf("put together again: %+v, %v", c, err)
	}
}

// receiver is an address that takes checkpoints as it is told to.
func receiver(t *testing.T, answer http.HandlerFunc) (address string, got *[]string) {
	t.Helper()
	got = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s %s: %v", r.Method, r.Header, err)
		}
		*got = append(*got, string(b))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hook?token=CANARY", got
}

func TestACheckpointThatWasNotDeliveredIsFollowedByTheNext(t *testing.T) {
	t.Parallel()
	status := http.StatusServiceUnavailable
	address, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	file := filepath.Join(t.TempDir(), "kept")
	s := newSigning(t, file, address)
	s.event()
	s.sign(t.Context())
	s.event()
	s.sign(t.Context())
	status = http.StatusNoContent
	s.sign(t.Context())
	s.sign(t.Context())
	if len(*got) != 3 || (*got)[0] == (*got)[1] || (*got)[1] != (*got)[2] {
		t.Errorf("posted %q", *got)
	}
	if c, err := s.key.Open((*got)[2]); err != nil || c.Size != 2 || len(s.kept(file)) != 2 {
		t.Errorf("the last posted is %+v, %d are in the file: %v", c, len(s.kept(file)), err)
	}
	if log := s.log.String(); strings.Count(log, "was not delivered") != 2 || !strings.Contains(log, "status 503") || strings.Contains(log, "CANARY") {
		t.Errorf("logged %s", log)
	}
}

func TestAnAddressThatDoesNotTakeACheckpointIsNotFollowedOrTold(t *testing.T) {
	t.Parallel()
	moved, _ := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	hangs, _ := receiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	for name, address := range map[string]string{
		"moved": moved, "gone": "http://127.0.0.1:1/CANARY", "no address": "http://CANARY\x00", "hangs": hangs,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if err := post(ctx, address, "text/plain", "note"); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

func TestAServerDoesNotStartOnALogThatWasChanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kill    bool // without a last checkpoint
		changes string
	}{
		"an event that no checkpoint covers": {true, "UPDATE event SET body = replace(body, 'done', 'gone') WHERE seq = 1"},
		"the end cut off":                    {false, "DELETE FROM event WHERE seq >= 1; DELETE FROM event_node WHERE idx >= 1; UPDATE event_head SET size = 1"},
		"a checkpoint":                       {false, "UPDATE checkpoint SET note = replace(note, 'supportmcp', 'otherdesk')"},
		"the tree":                           {false, "UPDATE event_node SET hash = zeroblob(32)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := settle(t, time.Now)
			a := hire(t, p.environ, "serve")
			a.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
			if c.kill {
				a.fire()
			} else {
				a.leave()
			}
			edit(t, p, c.changes)
			got := typeIn(t, p.environ, "serve")
			if got.status != 1 || got.out != "" || !strings.Contains(got.err, "cannot be trusted") && !strings.Contains(got.err, "changed outside supportmcp or is damaged") || !strings.Contains(got.err, "  next: ") {
				t.Errorf("status %d: %s", got.status, got.err)
			}
		})
	}
}

func TestAServerThatWasKilledSignsAtItsNextStart(t *testing.T) {
	t.Parallel()
	kept := filepath.Join(t.TempDir(), "kept")
	p := settle(t, time.Now, "SUPPORTMCP_CHECKPOINT_FILE="+kept)
	a := hire(t, p.environ, "serve")
	a.call("create_refund", refundOf("duplicate-charge", "ch_maria_2"))
	a.fire()
	if _, err := os.Stat(kept); err == nil {
		t.Error("a killed server has signed")
	}
	if got := typeIn(t, p.environ, "serve"); got.status != 0 {
		t.Fatal(got.err)
	}
	if got := typeIn(t, p.environ, "audit", "verify", "--checkpoint", kept); got.status != 0 || !strings.Contains(got.out, " and 1 checkpoint fit, ") {
		t.Errorf("status %d: %s%s", got.status, got.out, got.err)
	}
}
