package main

// protection is how far the guard holds against the agent that it serves. It
// depends on what else the agent can reach, which the transport decides.
type protection string

const (
	// advisory is what plain standard input and output give. The client starts the
	// server as its own user, so an agent with a shell shares the keys and the
	// ledger with it, and can go around it.
	advisory protection = "advisory"
	// full is what an agent gets whose only way to the vendors is the MCP endpoint.
	full protection = "full"
)

// overStdio is the protection of a server that its client has started.
const overStdio = advisory

// meaning tells an operator what the level holds.
func (p protection) meaning() string {
	if p == full {
		return "full: the agent reaches only the MCP endpoint, and neither the keys nor the ledger"
	}
	return "advisory over stdio: an agent that also has a shell shares the user, the keys and the database with the server; " +
		"for one that reaches only the MCP endpoint the guard holds in full"
}

// stronger tells an operator how to get more; "" when there is no more.
func (p protection) stronger() string {
	if p == full {
		return ""
	}
	return "if your agent has a shell, run the server as another operating-system user, whose keys and database it cannot read (SECURITY.md)"
}
