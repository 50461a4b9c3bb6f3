package ledgertest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Where PostgreSQL is found: a server's URL, and whether tests fail without one.
const (
	postgresURL     = "SUPPORTMCP_TEST_POSTGRES"
	postgresRequire = "SUPPORTMCP_REQUIRE_POSTGRES"
)

// Postgres is a PostgreSQL server for tests: the one that SUPPORTMCP_TEST_POSTGRES
// names, or a private one that is started when first needed.
type Postgres struct {
	Durable bool // the private one survives a power cut, and takes the time for it

	once sync.Once
	url  string
	err  error
	stop func()

	launch func() (*exec.Cmd, error) // of a private server
	server *exec.Cmd
}

// Fresh is a new schema on the server. Without a server the test is skipped, or
// fails where SUPPORTMCP_REQUIRE_POSTGRES is set.
func (p *Postgres) Fresh(t testing.TB) string {
	t.Helper()
	p.once.Do(p.start)
	return p.schema(t)
}

// FreshPrivate is Fresh on a private server, which Restart may restart, whatever
// SUPPORTMCP_TEST_POSTGRES names.
func (p *Postgres) FreshPrivate(t testing.TB) string {
	t.Helper()
	p.once.Do(p.startOwn)
	return p.schema(t)
}

func (p *Postgres) schema(t testing.TB) string {
	t.Helper()
	switch {
	case p.err != nil && os.Getenv(postgresRequire) == "":
		t.Skipf("NOT TESTED ON POSTGRESQL: %v; set %s to the URL of a server", p.err, postgresURL)
	case p.err != nil:
		t.Fatalf("no PostgreSQL: %v", p.err)
	}
	schema := "ledgertest_" + strings.ToLower(rand.Text())
	p.exec(t, `CREATE SCHEMA `+schema)
	t.Cleanup(func() { p.exec(t, `DROP SCHEMA `+schema+` CASCADE`) })
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Server is the URL of the server itself, for other processes to make schemas on;
// "" when there is none.
func (p *Postgres) Server(t testing.TB) string {
	t.Helper()
	p.once.Do(p.start)
	if p.err != nil && os.Getenv(postgresRequire) != "" {
		t.Fatalf("no PostgreSQL: %v", p.err)
	}
	return p.url
}

// Stop ends the private server, if one was started.
func (p *Postgres) Stop() {
	if p.stop != nil {
		p.stop()
	}
}

// Restart ends a private server as a crash does: every connection breaks, nothing
// is finished, and the next start recovers from the log.
func (p *Postgres) Restart(t testing.TB) {
	t.Helper()
	if err := p.server.Process.Signal(syscall.SIGQUIT); err != nil { // an immediate shutdown
		t.Errorf("stop postgres: %v", err)
	}
	_ = p.server.Wait()
	var err error
	if p.server, err = p.launch(); err == nil {
		err = ready(p.url)
	}
	if err != nil {
		t.Errorf("start postgres again: %v", err)
	}
}

func (p *Postgres) exec(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", p.url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := context.WithoutCancel(t.Context()) // it also cleans up, when the test is over
	if _, err := db.ExecContext(ctx, statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}

func (p *Postgres) start() {
	if p.url = os.Getenv(postgresURL); p.url != "" {
		return
	}
	p.startOwn()
}

func (p *Postgres) startOwn() {
	bin, err := binaries()
	if err != nil {
		p.err = err
		return
	}
	p.err = p.startPrivate(bin)
}

// binaries finds the folder of initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		return filepath.Dir(path), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // where Debian puts it
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no initdb in the path or in /usr/lib/postgresql")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// startPrivate makes a cluster in a folder of its own and serves it on a Unix
// socket there.
func (p *Postgres) startPrivate(bin string) error {
	dir, err := os.MkdirTemp("", "pg") // short: the path of a socket has at most 107 bytes
	if err != nil {
		return err
	}
	p.stop = func() { _ = os.RemoveAll(dir) }
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(context.Background(), filepath.Join(bin, "initdb"), "-D", data, "-U", "ledgertest", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if err := unprivileged(initdb, dir); err != nil {
		return err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	p.launch = func() (*exec.Cmd, error) {
		server := exec.CommandContext(context.Background(), filepath.Join(bin, "postgres"), "-D", data, "-k", dir,
			"-c", "listen_addresses=", "-c", "fsync="+strconv.FormatBool(p.Durable), "-c", "max_connections=200", "-c", "log_min_messages=panic")
		if err := unprivileged(server, dir); err != nil {
			return nil, err
		}
		return server, server.Start()
	}
	if p.server, err = p.launch(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	p.stop = func() {
		_ = p.server.Process.Signal(os.Interrupt) // a fast shutdown
		_ = p.server.Wait()
		_ = os.RemoveAll(dir)
	}
	p.url = "postgres://ledgertest@/postgres?" + url.Values{"host": {dir}}.Encode()
	return ready(p.url)
}

// ready waits until the server answers.
func ready(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	every := time.NewTicker(20 * time.Millisecond)
	defer every.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w", err)
		}
	}
}
