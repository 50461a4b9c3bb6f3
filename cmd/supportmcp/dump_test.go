package main

import (
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/ledgertest"
	"supportmcp/policies"
)

func TestThePrintedCommandBacksUpPostgreSQL(t *testing.T) {
	t.Parallel()
	var server ledgertest.Postgres
	t.Cleanup(server.Stop)
	address := server.Fresh(t)
	l, err := ledger.Open(t.Context(), address, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	deny := func(policies.Snapshot) policies.Decision { return policies.Decision{} }
	if _, _, err := l.Begin(t.Context(), policies.Draft{Kind: policies.KindTag}, deny); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	environ := append(bare(), "SUPPORTMCP_DATABASE_URL="+address)
	before := typeIn(t, environ, "audit", "verify")

	file := filepath.Join(t.TempDir(), "it's a copy")
	got := typeIn(t, environ, "ledger", "backup", file)
	command := regexp.MustCompile(`pg_dump .*`).FindString(got.err)
	if got.status != 1 || command == "" {
		t.Fatalf("told %+v", got)
	}
	shell(t, command)

	other := elsewhere(t, address)
	shell(t, "pg_restore --no-owner --dbname="+quotedForShell(libpq(t, other))+" "+quotedForShell(file))
	restored := typeIn(t, append(bare(), "SUPPORTMCP_DATABASE_URL="+other), "audit", "verify")
	if restored != before || before.status != 0 {
		t.Errorf("backed up %+v, and restored %+v", before, restored)
	}
}

// shell runs a command that a person was told to run, where PostgreSQL's programs are found.
func shell(t *testing.T, command string) {
	t.Helper()
	path := os.Getenv("PATH")
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin"); len(found) > 0 { // where Debian puts them
		path += ":" + found[len(found)-1]
	}
	c := exec.CommandContext(t.Context(), "sh", "-c", command)
	c.Env = []string{"PATH=" + path, "HOME=" + nowhere}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command, err, out)
	}
}

// elsewhere makes an empty database on the same server and gives its address.
func elsewhere(t *testing.T, address string) string {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	name := "restored_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(t.Context(), `CREATE DATABASE `+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := db.Exec(`DROP DATABASE ` + name)
		if err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
		_ = db.Close()
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// libpq is an address without what PostgreSQL's own programs do not understand.
func libpq(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Del("search_path")
	u.RawQuery = q.Encode()
	return u.String()
}

func TestTheBackupCommandTellsNoPassword(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://h/d":                          "pg_dump --format=custom --file='f' --dbname='postgres://h/d'",
		"postgres://u:CANARY@h:5432/d":            "pg_dump --format=custom --file='f' --dbname='postgres://u@h:5432/d'",
		"postgres://u@h/d?password=CANARY":        "pg_dump --format=custom --file='f' --dbname='postgres://u@h/d'",
		"postgres://u@h/d?sslpassword=CANARY":     "pg_dump --format=custom --file='f' --dbname='postgres://u@h/d'",
		"postgres://u:CANARY@h/d?sslmode=require": "pg_dump --format=custom --file='f' --dbname='postgres://u@h/d?sslmode=require'",
		"postgres://u@h/d?search_path=a'%20b":     `pg_dump --format=custom --file='f' --schema='a'\'' b' --dbname='postgres://u@h/d'`,
		"postgres://u:CANARY%zz@h/d":              "pg_dump --format=custom --file='f' --dbname=ADDRESS",
		"postgresql:///d?host=/run/pg&user=u":     "pg_dump --format=custom --file='f' --dbname='postgresql:///d?host=%2Frun%2Fpg&user=u'",
	} {
		if got := dump(address, "f"); got != want || strings.Contains(got, canary) {
			t.Errorf("%s: got %s", address, got)
		}
	}
}
