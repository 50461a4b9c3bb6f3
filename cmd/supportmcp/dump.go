package main

import (
	"net/url"
	"slices"
	"strings"

	"supportmcp/internal/fault"
)

// otherTools refuses to back up PostgreSQL, and gives the command that does.
func otherTools(w world, file string) error {
	cfg, err := readConfig(w.environ)
	if err != nil {
		return err
	}
	if err := cfg.checkDatabase(); err != nil {
		return err
	}
	if u := string(cfg.Database); u == "" || strings.HasPrefix(u, "sqlite:") {
		return nil
	}
	return &fault.Error{
		Code: fault.Refused, Took: fault.No, Message: "a ledger in PostgreSQL is backed up with PostgreSQL's own tools",
		NextStep: "run (it asks for the password, or takes it from PGPASSWORD or ~/.pgpass): " + dump(string(cfg.Database), file),
	}
}

// dump is the command that backs up a ledger in PostgreSQL. The password and what
// only our driver understands are not part of it.
func dump(address, file string) string {
	command := "pg_dump --format=custom --file=" + quotedForShell(file)
	u, err := url.Parse(address)
	if err != nil {
		return command + " --dbname=ADDRESS"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	params := u.Query()
	if schema := params.Get("search_path"); schema != "" {
		command += " --schema=" + quotedForShell(schema)
	}
	for name := range params {
		if !slices.Contains(understood(), name) {
			params.Del(name)
		}
	}
	u.RawQuery = params.Encode()
	return command + " --dbname=" + quotedForShell(u.String())
}

// understood are parameters of an address that PostgreSQL's own programs know
// (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS)
// and that hold no secret.
func understood() []string {
	return []string{
		"host", "hostaddr", "port", "user", "dbname", "connect_timeout", "options", "application_name", "target_session_attrs",
		"sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding", "gssencmode", "krbsrvname", "passfile", "service",
	}
}

func quotedForShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
