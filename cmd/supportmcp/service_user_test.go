package main

import (
	"net"
	"testing"
)

func TestOnlyAUserThatNobodyLogsInAsIsOneForServices(t *testing.T) {
	t.Parallel()
	const users = "root:x:0:0:root:/root:/usr/sbin/nologin\nsam:x:1000:1000:Sam:/home/sam:/bin/bash\n" +
		"supportmcp:x:998:998::/var/lib/supportmcp:/usr/sbin/nologin\nbackup:x:34:34::/:/bin/false\n" +
		"empty:x:997:997::/:\ntwo:x:996:996::/:/usr/sbin/nologin\ntwin:x:996:996::/:/bin/sh\nbroken:996\n"
	for id, want := range map[int]bool{998: true, 34: true, 0: false, 1000: false, 997: false, 996: false, 5000: false, -1: false} {
		if got := nobodyLogsIn(users, id); got != want {
			t.Errorf("user %d: %v, want %v", id, got, want)
		}
	}
}

func TestTheGuardIsEnforcedWhereAgentsAreKeptApart(t *testing.T) {
	t.Parallel()
	here, elsewhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}, &net.TCPAddr{IP: net.IPv4zero, Port: 8080}
	for _, c := range []struct {
		at           net.Addr
		token, apart bool
		want         string
	}{
		{here, true, true, "enforced"},
		{here, true, false, "advisory"},
		{here, false, true, "advisory"},
		{here, false, false, "advisory"},
		{elsewhere, true, false, "full"},
		{elsewhere, true, true, "full"},
	} {
		if got := overHTTP(c.at, c.token, c.apart); got.level != c.want || (got.stronger == "") != (c.want != "advisory") {
			t.Errorf("at %s with token %v and apart %v: %q, %q", c.at, c.token, c.apart, got.level, got.stronger)
		}
	}
}
