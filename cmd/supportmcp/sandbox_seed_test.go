package main

import (
	"strings"
	"testing"
)

func TestASeedIsForASandboxAndOneThatThereIs(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{
		"serve --seed large":          "say --sandbox, too",
		"serve --sandbox --seed huge": `no seed "huge"`,
		"sandbox --seed huge":         `no seed "huge"`,
	} {
		if got := typeIn(t, bare(), strings.Fields(args)...); got.status == 0 || !strings.Contains(got.err, says) {
			t.Errorf("%s: %+v", args, got)
		}
	}
}
