package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAReplacedTokenIsWantedAndABrokenOneIsNot(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	one, two := strings.Repeat("1", 40), strings.Repeat("2", 45)
	write(one + "\n")
	c, err := readConfig([]string{"SUPPORTMCP_HTTP_TOKEN_FILE=" + path})
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	now := c.renewed(slog.New(slog.NewTextHandler(&told, nil)))
	for i, step := range []struct{ file, want string }{{one, one}, {two, two}, {"short", two}, {"", two}, {one, one}} {
		if i > 0 {
			write(step.file)
		}
		for range 2 {
			if got := now(); got != step.want {
				t.Errorf("step %d: %q is wanted", i, got)
			}
		}
	}
	if n := strings.Count(told.String(), "level=WARN"); n != 2 || strings.Contains(told.String(), "111") {
		t.Errorf("the log says\n%s", told.String())
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := now(); got != one {
		t.Errorf("without its file %q is wanted", got)
	}
	if (Config{HTTPToken: secret(one)}).renewed(slog.New(slog.DiscardHandler)) != nil {
		t.Error("a token of the environment is renewed")
	}
}
