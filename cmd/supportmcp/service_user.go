package main

import (
	"os"
	"os/user"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// runsApart reports whether this process runs as a user that exists for services
// alone, so that no person's programs, and no agent, run as it. In doubt it does not.
func runsApart() bool {
	if runtime.GOOS == "darwin" { // whose directory of users is not in the file
		me, err := user.Current()
		return err == nil && strings.HasPrefix(me.Username, "_")
	}
	users, err := os.ReadFile("/etc/passwd")
	return err == nil && nobodyLogsIn(string(users), os.Getuid())
}

// nobodyLogsIn reports whether every account with a user id has a shell that ends
// at once (https://man7.org/linux/man-pages/man8/nologin.8.html). An id without an
// account may be one that the file does not know.
func nobodyLogsIn(users string, id int) bool {
	found := false
	for line := range strings.Lines(users) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 7 || fields[2] != strconv.Itoa(id) {
			continue
		}
		if shell := path.Base(fields[6]); shell != "nologin" && shell != "false" {
			return false
		}
		found = true
	}
	return found && id != 0
}
