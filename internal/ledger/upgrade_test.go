package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

func TestALedgerOfTheFirstReleaseIsTakenOver(t *testing.T) {
	t.Parallel()
	file := func(t testing.TB) string {
		path := filepath.Join(t.TempDir(), "state", "ledger.db")
		if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		return "sqlite:" + path
	}
	for engine, fresh := range map[goose.Dialect]func(testing.TB) string{goose.DialectSQLite3: file, goose.DialectPostgres: postgres.Fresh} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := fresh(t)
			firstRelease(t, engine, url)
			takenOver(t, url)
		})
	}
}

// takenOver wants everything of before to be there and proved, and its texts to
// go where they may. The log of before has hashes without salts, which stay.
func takenOver(t *testing.T, url string) {
	t.Helper()
	now := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	l, err := ledger.Open(t.Context(), url, ledger.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	verified(t, l, 0)
	refund := entry(t, l, "act_6e98cd2f8ebcd996e45d1336")
	if refund.State != policies.Done || string(refund.Receipt) != `{"id":"re_1"}` || refund.Note != "CANARY-refund" ||
		string(refund.Input) != `{"reason":"CANARY-refund"}` || refund.Decision.Findings[0].Message != "CANARY-refund" {
		t.Errorf("the refund became %+v", refund)
	}
	if reply := entry(t, l, "act_a075045d867c328019cf5de0"); string(reply.Receipt) != `{"part_id":"CANARY-part"}` {
		t.Errorf("the reply became %+v", reply)
	}
	if _, err := l.Settle(t.Context(), "act_c2a92e2a3c97703bf894bab4", policies.Settlement{State: policies.Done, Receipt: []byte(`{"id":"re_4"}`)}); err != nil {
		t.Errorf("settle what was under way: %v", err)
	}
	if _, err := l.Due(t.Context(), policies.DueApproved, 1); err != nil { // the note expires
		t.Error(err)
	}
	verified(t, l, 0)
	got, err := l.Erase(t.Context(), ledger.Data{Customer: "cus_1"}, "officer", false)
	if err != nil || got.Erased != 6 || len(got.Kept) != 0 {
		t.Errorf("erased %+v: %v", got, err)
	}
	verified(t, l, 6)
	if refund = entry(t, l, refund.ID); string(refund.Receipt) != `{"id":"re_1"}` || refund.Decision.Findings[0].Message != "" || refund.Note != "" {
		t.Errorf("left of the refund %+v", refund)
	}
	if failed := entry(t, l, "act_b24f880c928d7729a9bc84a2"); failed.Failure == nil || failed.Failure.Code != "upstream" || strings.Contains(failed.Failure.Message, "CANARY") {
		t.Errorf("left of the failure %+v", failed.Failure)
	}
}

func verified(t *testing.T, l *ledger.Ledger, erased int) {
	t.Helper()
	r, err := l.Verify(t.Context())
	if err != nil || !r.Sound() || r.Entries != 6 || r.Erased != erased {
		t.Fatalf("verified %+v: %v", r, err)
	}
}

func entry(t *testing.T, l *ledger.Ledger, id string) policies.Entry {
	t.Helper()
	e, err := l.Entry(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// firstRelease makes a ledger as the first release left it.
func firstRelease(t *testing.T, engine goose.Dialect, url string) {
	t.Helper()
	driver, source := "pgx", url
	if path, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := goose.NewProvider(engine, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "first_release.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(string(text), ";\n") {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := grow(t.Context(), db); err != nil {
		t.Fatal(err)
	}
}

// grow computes the tree over the events.
func grow(ctx context.Context, db *sql.DB) error {
	var bodies []string
	rows, err := db.QueryContext(ctx, `SELECT body FROM event ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return err
		}
		bodies = append(bodies, body)
	}
	var nodes []tlog.Hash
	for seq, body := range bodies {
		more, err := tlog.StoredHashes(int64(seq), []byte(body), tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(indexes))
			for i, index := range indexes {
				out[i] = nodes[index]
			}
			return out, nil
		}))
		if err != nil {
			return err
		}
		nodes = append(nodes, more...)
	}
	for i, n := range nodes {
		if _, err := db.ExecContext(ctx, `INSERT INTO event_node (idx, hash) VALUES ($1, $2)`, i, n[:]); err != nil {
			return err
		}
	}
	_, err = db.ExecContext(ctx, `UPDATE event_head SET size = $1`, len(bodies))
	return errors.Join(err, rows.Err())
}
