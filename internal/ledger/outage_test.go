package ledger_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"supportmcp/internal/fault"
	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// What happens to the next COMMIT on a wire.
const (
	passes        = iota
	requestIsLost // the server never sees it
	answerIsLost  // the server carries it out
)

// wire is what a PostgreSQL server is reached through, until it is cut.
type wire struct {
	listener        net.Listener
	network, server string

	mu     sync.Mutex
	down   bool
	commit int
	open   map[net.Conn]bool
	busy   sync.WaitGroup
}

// newWire gives a wire to the server of a URL, and the URL to use instead.
func newWire(t *testing.T, to string) (*wire, string) {
	t.Helper()
	config, err := pgx.ParseConfig(to)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{open: map[net.Conn]bool{}}
	w.network, w.server = pgconn.NetworkAddress(config.Host, config.Port)
	if w.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	w.busy.Go(w.accept)
	t.Cleanup(func() {
		_ = w.listener.Close()
		w.cut()
		w.busy.Wait()
	})
	return w, changed(t, to, func(u *url.URL) {
		q := u.Query()
		q.Del("host")
		q.Del("port")
		u.Host, u.RawQuery = w.listener.Addr().String(), q.Encode()
	})
}

func (w *wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(w.network, w.server)
		if err != nil || !w.keep(client, server) {
			_ = client.Close()
			continue
		}
		w.busy.Go(func() { w.pass(client, server) })
		w.busy.Go(func() {
			defer w.drop(client, server)
			_, _ = io.Copy(client, server)
		})
	}
}

// keep notes both ends of a connection, unless the wire is cut.
func (w *wire) keep(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		if w.down {
			_ = c.Close()
			continue
		}
		w.open[c] = true
	}
	return !w.down
}

func (w *wire) drop(ends ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range ends {
		delete(w.open, c)
		_ = c.Close()
	}
}

// pass takes what the client says to the server.
func (w *wire) pass(client, server net.Conn) {
	defer w.drop(client, server)
	said := make([]byte, 64<<10)
	for {
		n, err := client.Read(said)
		if err != nil {
			return
		}
		fate := w.fateOf(said[:n])
		if fate == requestIsLost {
			return
		}
		if fate == answerIsLost {
			_ = client.Close()
		}
		if _, err := server.Write(said[:n]); err != nil {
			return
		}
	}
}

func (w *wire) fateOf(said []byte) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !bytes.Contains(said, []byte("commit\x00")) {
		return passes
	}
	fate := w.commit
	w.commit = passes
	return fate
}

// losing sets what happens to the next COMMIT.
func (w *wire) losing(commit int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.commit = commit
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for c := range w.open {
		_ = c.Close()
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = false
}

// explained wants an error that says what is wrong and what to do, and that had
// no effect, or may have had one.
func explained(t *testing.T, err error, message, next string, took fault.Took) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || !strings.Contains(f.Message, message) || !strings.Contains(f.NextStep, next) || f.Took != took {
		t.Errorf("got %+v, want %q, %q, took %d", err, message, next, took)
	}
}

func openTest(t *testing.T, url string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), url, ledger.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func sound(t *testing.T, l *ledger.Ledger) {
	t.Helper()
	report, err := l.Verify(t.Context())
	if err != nil || !report.Sound() {
		t.Errorf("verify: %v, %v", report.Problems, err)
	}
}

func done() policies.Settlement {
	return policies.Settlement{State: policies.Done, Receipt: []byte(`{}`)}
}

func TestALedgerGoesOnWhenItsPostgreSQLComesBack(t *testing.T) {
	t.Parallel()
	wire, address := newWire(t, postgres.Fresh(t))
	l := openTest(t, address)
	flying, _, err := l.Begin(t.Context(), benchDraft(1), allowed)
	if err != nil {
		t.Fatal(err)
	}
	wire.cut()
	for range 30 { // of all connections of the pool
		_, _, err := l.Begin(t.Context(), benchDraft(2), allowed)
		explained(t, err, "PostgreSQL", "check that it runs", fault.No)
	}
	_, err = l.Settle(t.Context(), flying.ID, done())
	explained(t, err, "PostgreSQL", "check that it runs", fault.No)
	_, err = l.Due(t.Context(), policies.DueLapsed, 10)
	explained(t, err, "PostgreSQL", "check that it runs", fault.No)
	_, err = ledger.Open(t.Context(), address, ledger.Options{Mode: "test"})
	explained(t, err, "cannot be reached", "check that it runs", fault.No)
	wire.mend()
	var busy sync.WaitGroup
	for i := range 16 { // so that there are many connections
		busy.Go(func() {
			if _, _, err := l.Begin(t.Context(), benchDraft(10+i), allowed); err != nil {
				t.Errorf("begin: %v", err)
			}
		})
	}
	busy.Wait()
	wire.cut()
	wire.mend() // as after a restart: all of them are broken, and nobody meets an error
	if e, err := l.Settle(t.Context(), flying.ID, done()); e.State != policies.Done || err != nil {
		t.Errorf("settled as %s: %v", e.State, err)
	}
	if _, replayed, err := l.Begin(t.Context(), benchDraft(2), allowed); replayed || err != nil {
		t.Errorf("begin: replayed %v, %v", replayed, err)
	}
	sound(t, l)
}

func TestAPostgreSQLThatSaysNothingKeepsNobodyWaitingForEver(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = ledger.Open(ctx, "postgres://u@"+silent.Addr().String()+"/db", ledger.Options{Mode: "test"})
	explained(t, err, "cannot be reached", "check that it runs", fault.No)
}

func TestALostCommitIsNeitherForgottenNorDoneTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		commit   int
		recorded bool
	}{"the request is lost": {requestIsLost, false}, "the answer is lost": {answerIsLost, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wire, address := newWire(t, postgres.Fresh(t))
			l := openTest(t, address)
			wire.losing(c.commit)
			_, _, err := l.Begin(t.Context(), benchDraft(1), allowed)
			explained(t, err, "did not confirm", "ask again", fault.Unknown)
			e, replayed, err := l.Begin(t.Context(), benchDraft(1), allowed)
			if replayed != c.recorded || e.State != policies.Executing || err != nil {
				t.Fatalf("asked again it is %s, replayed %v: %v", e.State, replayed, err)
			}
			wire.losing(c.commit)
			_, err = l.Settle(t.Context(), e.ID, done())
			explained(t, err, "did not confirm", "ask again", fault.Unknown)
			if e, err := l.Settle(t.Context(), e.ID, done()); e.State != policies.Done || err != nil {
				t.Errorf("settled as %s: %v", e.State, err)
			}
			sound(t, l)
		})
	}
}

func TestAWrongPasswordIsRefusedAndNotTold(t *testing.T) {
	t.Parallel()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			c, err := server.Accept()
			if err != nil {
				return
			}
			refuse(c, &pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: `password authentication failed for user "u"`})
		}
	})
	defer busy.Wait()
	defer server.Close()
	_, err = ledger.Open(t.Context(), "postgres://u:hunter2@"+server.Addr().String()+"/db", ledger.Options{Mode: "test"})
	explained(t, err, "refuses the user or the password", "check the URL", fault.No)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v tells the password", err)
	}
}

// refuse answers a client's first words as a server does that does not let it in.
func refuse(c net.Conn, why *pgproto3.ErrorResponse) {
	defer c.Close()
	server := pgproto3.NewBackend(c, c)
	for {
		first, err := server.ReceiveStartupMessage()
		if err != nil {
			return
		}
		if _, ok := first.(*pgproto3.StartupMessage); ok {
			break
		}
		if _, err := c.Write([]byte("N")); err != nil { // no encryption here
			return
		}
	}
	server.Send(why)
	_ = server.Flush()
}

func TestAPostgreSQLThatCannotWriteRecordsNothingAndLosesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ code, message, next string }{
		"full disk": {"53100", "disk of the ledger's PostgreSQL is full", "free space"},
		"read-only": {"25006", "read-only", "the primary"},
		"no rights": {"42501", "lacks a right", "grant"},
		"stopping":  {"57P01", "restarting", "try again in a minute"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := postgres.Fresh(t)
			l := openTest(t, address)
			flying, _, err := l.Begin(t.Context(), benchDraft(1), allowed)
			if err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("pgx", address)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			run := func(statement string) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			// The last table that a transaction writes to, so that all others were written before.
			run(`CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '` + c.code + `'; END $$`)
			run(`CREATE TRIGGER breaks BEFORE INSERT ON event_node EXECUTE FUNCTION breaks()`)
			_, _, err = l.Begin(t.Context(), benchDraft(2), allowed)
			explained(t, err, c.message, c.next, fault.No)
			_, err = l.Settle(t.Context(), flying.ID, done())
			explained(t, err, c.message, c.next, fault.No)
			run(`DROP TRIGGER breaks ON event_node`)
			if e, err := l.Settle(t.Context(), flying.ID, done()); e.State != policies.Done || err != nil {
				t.Errorf("settled as %s: %v", e.State, err)
			}
			if _, replayed, err := l.Begin(t.Context(), benchDraft(2), allowed); replayed || err != nil {
				t.Errorf("begin: replayed %v, %v", replayed, err)
			}
			sound(t, l)
		})
	}
}
