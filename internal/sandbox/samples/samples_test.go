package samples_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/knowledge"
	"supportmcp/internal/sandbox/samples"
)

func northwind(t *testing.T) *knowledge.Library {
	t.Helper()
	docs, refused, err := knowledge.ReadFolder("northwind", samples.Knowledge())
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	l, err := knowledge.New(docs)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEverySampleIsADocumentWithATitle(t *testing.T) {
	got := map[string]string{}
	for _, d := range northwind(t).Documents() {
		got[d.Path] = d.Title
	}
	want := map[string]string{
		"refund-policy.md":   "Refund policy",
		"cancellations.md":   "Cancelling a subscription",
		"failed-payments.md": "Failed payments",
		"tone-of-voice.md":   "Tone of voice",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSamplesAnswerWhatTheDemoAsks(t *testing.T) {
	l := northwind(t)
	for query, want := range map[string]string{
		"customer was charged twice, duplicate charge": "refund-policy.md#charged-twice",
		"refund 30 days": "refund-policy.md#change-of-mind",
		"how much may an agent refund without approval":  "refund-policy.md#who-decides",
		"how many refunds in 90 days":                    "refund-policy.md#how-often",
		"disputed charge chargeback":                     "refund-policy.md#disputes",
		"can I promise a refund":                         "refund-policy.md#what-to-say",
		"cancel at the end of the period":                "cancellations.md#at-the-end-of-the-period",
		"what happens to notes after cancelling":         "cancellations.md#what-happens-to-the-notes",
		"card was declined":                              "failed-payments.md#why-a-payment-fails",
		"customer sends a card number":                   "failed-payments.md#card-numbers",
		"how should a reply to an angry customer sound?": "tone-of-voice.md#when-somebody-is-angry",
	} {
		found := l.Search(knowledge.Query{Texts: []string{query}, K: 3})
		if !found.Covered || !strings.HasSuffix(found.Hits[0].At, "/"+want) {
			t.Errorf("Search(%q) = %+v, want %s first", query, found, want)
		}
	}
}
