//go:build !unix

package ledgertest

import (
	"errors"
	"os/exec"
)

// unprivileged reports that no private PostgreSQL is started here.
func unprivileged(*exec.Cmd, string) error {
	return errors.New("a private server is only started on Unix")
}
