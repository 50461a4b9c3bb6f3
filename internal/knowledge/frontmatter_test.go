package knowledge_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"supportmcp/internal/knowledge"
)

func TestADocumentSaysWhatItIs(t *testing.T) {
	doc := read(t, "a.md", `---
title: Refunds
owner: Billing team
lang: de-AT
audience: customer
priority: 0.9
tags: [money, policy]
effective_from: 2026-01-01
effective_to: 2026-12-31
policy:
  refund:
    window_days: 30
    EUR: {auto: "50.00"}
---
Rückerstattungen.`)
	want := knowledge.Document{
		Title: "Refunds", Owner: "Billing team", Lang: "de", Audience: knowledge.ForCustomers, Priority: 0.9, Tags: []string{"money", "policy"},
		EffectiveFrom: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), EffectiveTo: time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC),
		States: map[string]string{"refund.window_days": "30", "refund.EUR.auto": "50.00"},
	}
	got := knowledge.Document{
		Title: doc.Title, Owner: doc.Owner, Lang: doc.Lang, Audience: doc.Audience, Priority: doc.Priority, Tags: doc.Tags,
		EffectiveFrom: doc.EffectiveFrom, EffectiveTo: doc.EffectiveTo, States: doc.States,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for at, state := range map[string][2]bool{ // pending, expired
		"2025-12-31T23:59:59Z": {true, false}, "2026-01-01T00:00:00Z": {false, false},
		"2026-12-31T23:59:59Z": {false, false}, "2027-01-01T00:00:00Z": {false, true},
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]bool{doc.Pending(when), doc.Expired(when)}; got != state || doc.InForce(when) != (state == [2]bool{}) {
			t.Errorf("at %s: pending and expired %v, want %v", at, got, state)
		}
	}
}

func TestWhatSaysNothingIsForAgents(t *testing.T) {
	doc := read(t, "a.md", "Diese Regel ist nur für das Team, und sie ist nicht zu zeigen.")
	if doc.Audience != knowledge.ForAgents || doc.Lang != "de" || doc.Priority != 0.5 || len(doc.Version) != 16 || doc.States != nil {
		t.Errorf("the document is %+v", doc)
	}
}

func TestFrontMatterIsRefusedWithItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"audience: everybody": "audience is \"everybody\"",
		"lang: klingon":       "line 2: \"klingon\" is not a language",
		"priority: 2":         "priority is not between 0 and 1",
		"effective_from: 2026-02-01\neffective_to: 2026-01-01": "effective_to is before",
		"policy: 30":             "line 2: policy has up to 100 keys",
		"policy: {days: [1, 2]}": "line 2: under policy stand keys with one value each",
		"policy: &a {b: *a}":     "",
		"policy: {" + strings.Repeat("x: 1, ", 3) + "}": "",
	} {
		_, refused, err := knowledge.ReadFolder("desk", fstest.MapFS{"a.md": {Data: []byte("---\n" + text + "\n---\ntext")}})
		if err != nil || len(refused) != 1 || !strings.Contains(refused[0].Reason, want) {
			t.Errorf("%q: refused is %v, want %q", text, refused, want)
		}
	}
}

func TestHTMLIsReadAsItsText(t *testing.T) {
	doc := read(t, "page.HTML", `<html><head><title>x</title><style>p{}</style><script>steal()</script></head><body onload="steal()">
		<h1>Refunds</h1><p>Within <b>30 days</b>.<!-- pay all --></p><h2>Teams</h2><ul><li>The owner asks.</li></ul>
		<p style="display:none">x</p><iframe src="https://evil.example"></iframe></body></html>`)
	if doc.Title != "Refunds" || doc.MIME != "text/markdown" || len(doc.Sections) != 2 || doc.Sections[1].Slug != "teams" || !strings.Contains(doc.Body, "Within **30 days**.") {
		t.Errorf("the page is %q with %+v", doc.Body, doc.Sections)
	}
	for _, bad := range []string{"steal", "pay all", "iframe", "p{}"} {
		if strings.Contains(doc.Body, bad) {
			t.Errorf("%q is in %q", bad, doc.Body)
		}
	}
}

func TestPagesThatNoBrowserOpensAreNoLinks(t *testing.T) {
	for raw, want := range map[string]string{
		"https://help.example.com/a?b=c#d": "https://help.example.com/a?b=c#d", "javascript:alert(1)": "", "file:///etc/passwd": "",
		"https://": "", "https://a.example/\u202e": "", "https://a.example/" + strings.Repeat("x", 600): "",
	} {
		doc, err := knowledge.Parse("desk", knowledge.File{Path: "a.md", Content: []byte("text"), URL: raw})
		if err != nil || doc.URL != want {
			t.Errorf("%.40q becomes %q: %v", raw, doc.URL, err)
		}
	}
}

func TestAVersionIsPartOfAnAddress(t *testing.T) {
	for version, ok := range map[string]bool{
		"": true, "v12": true, "1780000000.ab-c_d:e": true, strings.Repeat("a", 64): true,
		strings.Repeat("a", 65): false, "a b": false, "a&b": false, "ä": false, "a/../b": false, "a#b": false,
	} {
		doc, err := knowledge.Parse("desk", knowledge.File{Path: "a.md", Content: []byte("text"), Version: version})
		if (err == nil) != ok || ok && (doc.Version == "" || version != "" && doc.Version != version) {
			t.Errorf("the version %q becomes %q: %v", version, doc.Version, err)
		}
	}
}

// A library for customers shows nothing internal, whichever way it is asked.
func TestALibraryForCustomersHasNothingInternal(t *testing.T) {
	public, internal := read(t, "a.md", "---\naudience: customer\n---\nRefunds take 5 days."), read(t, "b.md", "Refunds above 50 EUR need a person.")
	l := &knowledge.Library{Audience: knowledge.ForCustomers, Archive: archive{internal}}
	if err := l.Replace([]knowledge.Document{public, internal}); err != nil {
		t.Fatal(err)
	}
	if docs := l.Documents(); len(docs) != 1 || docs[0].Path != "a.md" {
		t.Errorf("listed are %v", docs)
	}
	for _, h := range look(l, "refunds 50 EUR person", 9) {
		if strings.HasPrefix(h.URI, internal.URI) {
			t.Errorf("found is %v", h)
		}
	}
	for _, uri := range []string{internal.URI, internal.URI + "?version=" + internal.Version} {
		if x, err := l.Find(t.Context(), uri); err == nil {
			t.Errorf("%s reads %+v", uri, x)
		}
	}
}
