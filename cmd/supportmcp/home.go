package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"supportmcp/internal/sandbox"
	"supportmcp/internal/sandbox/control"
)

// home is the folder in which a sandbox lives beside its ledger. They have one
// life: what the one remembers, the other knows.
type home struct {
	dir     string
	kept    bool // the user's own folder, which stays
	sandbox *sandbox.Sandbox
}

// openHome takes the folder that the user names; without one it makes one that
// ends with this process, and a sandbox that keeps nothing. The seed is as it was typed.
func openHome(dir, seed string, w world) (home, error) {
	clock := control.NewClock(w.now)
	sown, err := sandbox.ParseSeed(seed)
	if err != nil {
		return home{}, err
	}
	if dir == "" {
		dir, err := os.MkdirTemp("", "supportmcp-")
		if err != nil {
			return home{}, fmt.Errorf("make a folder for the sandbox: %w", err)
		}
		return home{dir: dir, sandbox: sandbox.NewSeeded(clock, sown)}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return home{}, fmt.Errorf("make the sandbox's folder: %w", err)
	}
	h := home{dir: dir, kept: true}
	if exists(h.ledger()) && !exists(h.journal()) {
		return home{}, fmt.Errorf("%s has a ledger and no sandbox that belongs to it: name another folder", dir)
	}
	h.sandbox, err = sandbox.Keep(clock, h.journal(), sown)
	return h, err
}

func (h home) ledger() string      { return filepath.Join(h.dir, "ledger.db") }
func (h home) journal() string     { return filepath.Join(h.dir, "sandbox.jsonl") }
func (h home) databaseURL() string { return "sqlite:" + h.ledger() }

// leave removes a folder that nobody asked for.
func (h home) leave() error {
	h.sandbox.Close()
	if h.kept {
		return nil
	}
	return os.RemoveAll(h.dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
