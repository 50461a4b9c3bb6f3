package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/proof"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

var (
	demos = flag.Int("demos", 2, "demos that are killed and started again")
	demo1 = flag.Uint64("demo", 0, "the first of the demos")
)

// TestADemoKilledAtAnyMomentEndsAsIfItHadNotBeen kills the demo, with its vendors
// inside, again and again, or the server that it started, and starts it again on
// the same folder until it ends by itself.
func TestADemoKilledAtAnyMomentEndsAsIfItHadNotBeen(t *testing.T) {
	t.Parallel()
	undisturbed := newStage(t)
	began := time.Now()
	if out, err := undisturbed.play(t, 0); err != nil {
		t.Fatalf("undisturbed: %v\n%s", err, out)
	}
	long, want := time.Since(began), undisturbed.vendors(t)
	if len(want) < 10 {
		t.Fatalf("the demo left too little to compare: %q", want)
	}
	for n := range uint64(*demos) {
		t.Run(fmt.Sprint(*demo1+n), func(t *testing.T) {
			t.Parallel()
			s, rng := newStage(t), rand.New(rand.NewPCG(*demo1+n, 7))
			kills := 0
			for range 5 {
				s.dieAt = ""
				if rng.IntN(3) == 0 {
					s.dieAt = proof.Points()[rng.IntN(len(proof.Points()))]
				}
				if _, err := s.play(t, 1+time.Duration(rng.Int64N(int64(long)))); err != nil {
					kills++
				}
			}
			s.dieAt = ""
			if out, err := s.play(t, 0); err != nil {
				t.Errorf("the last run: %v\n%s", err, out)
			}
			if diff := cmp.Diff(want, s.vendors(t)); diff != "" {
				t.Errorf("after %d kills the vendors are not as they would be (-undisturbed +killed):\n%s", kills, diff)
			}
			if out, err := s.play(t, 0); err != nil {
				t.Errorf("once more: %v\n%s", err, out)
			}
			if diff := cmp.Diff(want, s.vendors(t)); diff != "" {
				t.Errorf("once more changed something:\n%s", diff)
			}
			t.Logf("%d runs of the demo were killed", kills)
		})
	}
}

// stage is the folder of a demo.
type stage struct {
	dir   string
	since time.Time
	dieAt string // where its server dies
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return &stage{dir: filepath.Join(t.TempDir(), "demo"), since: time.Now()}
}

// play runs the demo, and kills it after a while if that is not 0.
func (s *stage) play(t *testing.T, after time.Duration) (out string, err error) {
	t.Helper()
	path, err := exec.LookPath("supportmcp-mortal")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if after > 0 {
		var killed context.CancelFunc
		ctx, killed = context.WithTimeout(ctx, after)
		defer killed()
	}
	cmd := exec.CommandContext(ctx, path, "demo", "--dir", s.dir) // killed with SIGKILL
	cmd.Env = append(bare(), mortalSince+"="+strconv.FormatInt(s.since.UnixNano(), 10), mortalPoint+"="+s.dieAt)
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	cmd.WaitDelay = time.Second // its server may outlive it for a moment, and has its standard error
	err = cmd.Run()
	return b.String(), err
}

// vendors lists what the demo has left at the vendors, without what depends on
// when it happened: what is asked again after a denial has another id.
func (s *stage) vendors(t *testing.T) []string {
	t.Helper()
	box, err := sandbox.Keep(control.NewClock(hurried(s.since)), filepath.Join(s.dir, "sandbox.jsonl"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	ids := regexp.MustCompile(`act_[0-9a-f]+|test_bps_[0-9]+`)
	unused := regexp.MustCompile(`1[0-9]{2}\.?[0-9]{2} (EUR|eur)`) // of the annual plan, which is less from minute to minute
	var out []string
	for _, r := range box.Stripe.Refunds() {
		line := fmt.Sprintf("%s %d %s %s %s", r.Charge, r.Amount, r.Currency, r.Status, r.Metadata["conversation"])
		if r.Charge == "ch_anne_1" {
			line = unused.ReplaceAllString(line, "…")
		}
		out = append(out, line)
	}
	for _, id := range []string{"sub_anne", "sub_cleo"} {
		sub, _ := box.Stripe.Subscription(id)
		out = append(out, fmt.Sprintf("%s %s, %d discounts", id, sub.Status, len(sub.Discounts)))
	}
	for _, story := range sandbox.Stories() {
		c, _ := box.Intercom.Conversation(story.Conversation)
		out = append(out, fmt.Sprintf("%s %s %v", story.Name, c.State, c.Tags))
		for _, p := range c.Parts {
			text := ids.ReplaceAllString(p.Text, "…")
			if story.Name == "unused-time" {
				text = unused.ReplaceAllString(text, "…")
			}
			out = append(out, fmt.Sprintf("%s %s: %s", story.Name, p.Type, text))
		}
	}
	slices.Sort(out)
	return out
}
