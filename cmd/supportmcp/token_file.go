package main

import (
	"log/slog"
	"os"
	"sync"
)

// tokenFile is the one token for all, from a file that may be replaced while the
// server runs. It is safe for concurrent use.
type tokenFile struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex
	token string
	as    stamp // of the file when it was last read
}

// renewed is the token as the file is, or as it was when it last worked; nil where
// the token comes from no file.
func (c Config) renewed(log *slog.Logger) func() string {
	if c.HTTPTokenFile == "" {
		return nil
	}
	f := &tokenFile{path: c.HTTPTokenFile, log: log, token: string(c.HTTPToken)}
	f.as, _ = stampOf(f.path)
	return f.current
}

func (f *tokenFile) current() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := stampOf(f.path)
	if err != nil || now == f.as { // in the moment of its replacement there is none
		return f.token
	}
	f.as = now // also of what does not work, so that it is told once
	var token secret
	c := Config{HTTPTokenFile: f.path, unread: map[string]error{httpToken: fromFile(httpToken, f.path, &token)}}
	c.HTTPToken = token
	if err := c.checkToken(); err != nil {
		f.log.Warn("the new token does not work, so the last good one stays", "err", err)
		return f.token
	}
	f.log.Info("a new token is wanted from callers")
	f.token = string(token)
	return f.token
}

// stampOf tells a file that was replaced from one that was read.
func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.ModTime(), info.Size()}, nil
}
