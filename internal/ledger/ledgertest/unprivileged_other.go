//go:build !unix

package ledgertest

import (
	"errors"
	"os/exec"
)

func giveAway(string) error { return nil }

func dropRoot() error { return nil }

// unprivileged reports that no private PostgreSQL is started here.
func unprivileged(*exec.Cmd, string) error {
	return errors.New("a private server is only started on Unix")
}
