package intercom_test

import (
	"slices"
	"testing"
	"time"

	"supportmcp/internal/intercom"
	"supportmcp/internal/knowledge"
	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

// The sandbox's help centre is read like any: what is published for customers, in each
// of its languages, and the internal articles for agents.
func TestTheSandboxsArticlesAreASource(t *testing.T) {
	t.Parallel()
	box := sandbox.New(control.NewClock(noon))
	running, err := box.Listen(t.Context(), "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.Close)
	c, err := intercom.New(intercom.Config{Token: sandbox.IntercomToken, BaseURL: running.IntercomURL, Now: box.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	source, err := c.Articles("help", true)
	if err != nil {
		t.Fatal(err)
	}
	read := func(last knowledge.State) (paths []string, now knowledge.State) {
		now, err := source.Sync(t.Context(), last, func(f knowledge.File) error {
			paths = append(paths, f.Path+" "+string(f.Audience))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(paths)
		return paths, now
	}
	first, state := read(knowledge.State{})
	want := []string{"articles/5001.de.html customer", "articles/5001.en.html customer", "articles/5002.en.html customer", "internal/5901.html agent"}
	if !slices.Equal(first, want) {
		t.Errorf("read %v, want %v", first, want)
	}
	box.Clock.Advance(time.Minute)
	box.Intercom.EditArticle("5002", "Change your card", "<p>Open Billing.</p>")
	if again, _ := read(state); !slices.Equal(again, []string{"articles/5002.en.html customer"}) {
		t.Errorf("after a change it read %v", again)
	}
}
