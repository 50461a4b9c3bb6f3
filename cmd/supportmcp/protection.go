package main

import (
	"log/slog"
	"net"
)

// protection is how far the guard holds against the agents that a server serves.
// It depends on what else they can reach, which the transport decides.
type protection struct {
	level    string // advisory, enforced or full
	meaning  string
	stronger string // how to get more; "" when there is no more
}

// String is the level.
func (p protection) String() string { return p.level }

// LogValue is the level, in every form of the log.
func (p protection) LogValue() slog.Value { return slog.StringValue(p.level) }

// keepApart is how an agent with a shell is kept from keys and ledger.
const keepApart = "if your agent has a shell, run the server as another operating-system user with a token, and connect with supportmcp connect (docs/deploy)"

// overStdio is the protection of a server that its client has started, as its own
// user: an agent with a shell shares the keys and the ledger with it.
func overStdio() protection {
	return protection{
		"advisory", "advisory over stdio: an agent that also has a shell shares the user, the keys and the database with the server; " +
			"for one that reaches only the MCP endpoint the guard holds in full",
		keepApart,
	}
}

// overHTTP is the protection of a server at an address. Who calls from this machine
// may be the server's own user, unless that is a user for services alone; and only
// a token keeps out those who were given none.
func overHTTP(addr net.Addr, token, apart bool) protection {
	switch tcp, ok := addr.(*net.TCPAddr); {
	case !ok || !tcp.IP.IsLoopback():
		return protection{"full", "full: agents on other machines reach only the MCP endpoint, and neither the keys nor the ledger", ""}
	case token && apart:
		return protection{
			"enforced", "enforced: the server runs as a user that nobody logs in as, and agents on this machine hold no more than a token; " +
				"they reach the keys and the ledger only if they can become that user or root", "",
		}
	}
	return protection{
		"advisory", "advisory over HTTP on this machine: an agent here that also has a shell as the server's user shares the keys and the database with it; " +
			"for one that is another user, or reaches only the MCP endpoint, the guard holds in full",
		keepApart,
	}
}
