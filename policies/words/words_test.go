package words

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// corpus reads the sentences of a file, one a line.
func corpus(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func problems(text string) []string {
	var out []string
	for _, p := range Read(text).Check(Rules{}, Own{}, Done{}) {
		if p.Found > 0 {
			out = append(out, p.Check)
		}
	}
	return out
}

func TestOrdinaryPoliteSentencesPassInSixLanguages(t *testing.T) {
	n := 0
	for _, language := range []string{"en", "de", "fr", "es", "it", "nl"} {
		for _, s := range corpus(t, "polite_"+language) {
			n++
			if found := problems(s); len(found) > 0 {
				t.Errorf("%q: %v", s, found)
			}
		}
	}
	if n < 200 {
		t.Errorf("%d sentences, want 200", n)
	}
}

func TestPromisesWithoutARefundDoNotPass(t *testing.T) {
	for _, language := range []string{"en", "de"} {
		all := corpus(t, "promises_"+language)
		for _, s := range all {
			if !Read(s).Claims() {
				t.Errorf("%q passes", s)
			}
		}
		if len(all) < 75 {
			t.Errorf("%s: %d sentences, want 75", language, len(all))
		}
	}
}

func TestAPronounStandsForTheRefundThatWasSpokenOf(t *testing.T) {
	for _, s := range []string{
		"You asked for a refund. It has been processed.", "About your refund: it was issued yesterday.", "I've asked Stripe to send the money back, and it's done.",
		"Sie haben um eine Erstattung gebeten. Sie wurde heute veranlasst.", "Zu Ihrer Erstattung: Sie ist bereits erfolgt.",
	} {
		if !Read(s).Claims() {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range []string{
		"You asked for a refund. It has been passed on to a colleague.", "A refund needs approval. It will be looked at tomorrow.",
		"Your refund request is here. It was forwarded to our finance team.", "Sie haben um eine Erstattung gebeten. Sie wird morgen geprüft.",
		"You asked about a refund. I looked at your plan, and it was cancelled on Monday.",
	} {
		if Read(s).Claims() {
			t.Errorf("%q is refused", s)
		}
	}
}

// What was written after the rules, and in another manner, tells more of texts to
// come than what they were made with.
func TestSentencesWrittenLaterAreReadAsWell(t *testing.T) {
	for _, s := range corpus(t, "later_promises") {
		if !Read(s).Claims() {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range corpus(t, "later_polite") {
		if found := problems(s); len(found) > 0 {
			t.Errorf("%q: %v", s, found)
		}
	}
}
