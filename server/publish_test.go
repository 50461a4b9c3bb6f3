package server

import (
	"testing"

	"supportmcp/resources"
)

// However many documents have changed, they are one change of the list, and none
// when the list is as it was.
func TestOnlyWhatHasChangedIsPublished(t *testing.T) {
	t.Parallel()
	s := &Server{}
	list := func(versions ...string) (all []resources.Resource) {
		for i, v := range versions {
			uri := string(rune('a' + i))
			all = append(all, resources.Resource{URI: uri, Name: uri, Meta: map[string]any{"version": v}})
		}
		return append(all, resources.Resource{URI: "kb://{source}/{+path}", Template: true})
	}
	for n, c := range []struct {
		versions      []string
		changed, gone int
	}{
		{[]string{"1", "1", "1"}, 3, 0}, {[]string{"1", "1", "1"}, 0, 0}, {[]string{"1", "2", "2"}, 2, 0}, {[]string{"1"}, 0, 2}, {[]string{"2", "1"}, 2, 0}, {nil, 0, 2}, {nil, 0, 0},
	} {
		if changed, gone := s.difference(list(c.versions...)); len(changed) != c.changed || len(gone) != c.gone {
			t.Errorf("%d: %d are published and %d are gone, want %d and %d", n, len(changed), len(gone), c.changed, c.gone)
		}
	}
}
