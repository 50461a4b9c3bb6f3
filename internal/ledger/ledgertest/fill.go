package ledgertest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"supportmcp/internal/ledger"
	"supportmcp/policies"
)

// Fill puts so many settled refunds into the empty ledger at url, each with its
// two events, in a fraction of the time that recording them one by one takes. It
// records one and copies its rows with other ids, so the ledger is sound.
func Fill(t testing.TB, url string, refunds int) {
	t.Helper()
	f := &filler{t: t, db: behind(t, url), nodes: map[int64]tlog.Hash{}, prepared: map[string]*sql.Stmt{}}
	f.record(url)
	if strings.HasPrefix(url, "sqlite:") {
		f.db.SetMaxOpenConns(1)
		f.exec(`PRAGMA cache_size = -400000`) // ids are inserted in no order
	}
	for _, table := range []string{"entry", "personal", "hold", "event"} {
		f.read(table)
	}
	for _, table := range []string{"hold", "personal", "entry", "event", "event_node"} {
		f.exec(`DELETE FROM ` + table)
	}
	tx, err := f.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	f.tx = tx
	for first := 0; first < refunds; first += batch {
		f.copies(first, min(first+batch, refunds))
	}
	f.exec(`UPDATE event_head SET size = $1`, 2*refunds)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// behind is the database of a ledger.
func behind(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", path
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// batch is how many refunds are inserted with one statement a table: few, since
// SQLite looks for each value of a statement among all before it.
const batch = 10

// model is the refund that is copied: ids that no other text of a row holds.
const (
	modelCharge       = "ch_of_the_model"
	modelConversation = "conv_of_the_model"
	modelCustomer     = "cus_of_the_model"
)

type filler struct {
	t         testing.TB
	db        *sql.DB
	tx        *sql.Tx
	id        string // of the model
	same      string
	originals []original
	nodes     map[int64]tlog.Hash // of complete subtrees that are still needed
	prepared  map[string]*sql.Stmt
}

// original are the rows of one table that tell of the model.
type original struct {
	table   string
	columns []string
	rows    [][]any
}

func (f *filler) record(url string) {
	clock := NewClock()
	l, err := ledger.Open(context.Background(), url, ledger.Options{Now: clock.Now})
	if err != nil {
		f.t.Fatal(err)
	}
	defer l.Close()
	draft := refund(modelCharge, 100)
	draft.Subject.Conversation, draft.Subject.Customer = modelConversation, modelCustomer
	draft.Input, draft.Facts = []byte(`{}`), []byte(`{}`) // the log holds their digests
	draft.Digest = "of no charge"
	e, _, err := l.Begin(context.Background(), draft, says(policies.Allow))
	if err != nil {
		f.t.Fatal(err)
	}
	f.id, f.same = e.ID, draft.Subject.Same
	if _, err := l.Settle(context.Background(), e.ID, settlement(policies.Done)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *filler) read(table string) {
	rows, err := f.db.QueryContext(context.Background(), `SELECT * FROM `+table)
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	m := original{table: table}
	if m.columns, err = rows.Columns(); err != nil {
		f.t.Fatal(err)
	}
	for rows.Next() {
		row := make([]any, len(m.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			f.t.Fatal(err)
		}
		m.rows = append(m.rows, row)
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	f.originals = append(f.originals, m)
}

// copies inserts the copies with the numbers from first to before end.
func (f *filler) copies(first, end int) {
	for _, m := range f.originals {
		var rows [][]any
		for n := first; n < end; n++ {
			for i, row := range m.rows {
				row = f.renamed(row, n)
				if m.table == "event" {
					row = f.numbered(m.columns, row, int64(2*n+i))
				}
				rows = append(rows, row)
			}
		}
		f.insert(m.table, m.columns, rows)
	}
	var rows [][]any
	for index := tlog.StoredHashCount(int64(2 * first)); index < tlog.StoredHashCount(int64(2*end)); index++ {
		hash := f.nodes[index]
		rows = append(rows, []any{index, hash[:]})
	}
	f.insert("event_node", []string{"idx", "hash"}, rows)
	f.forget(int64(2 * end))
}

// renamed is a row of the model as that of the n-th copy.
func (f *filler) renamed(row []any, n int) []any {
	charge, conversation := charge(n), fmt.Sprintf("conv_%d", n/3)
	same := strings.Replace(f.same, modelCharge, charge, 1)
	other := strings.NewReplacer(
		f.id, "act_"+hashed("refund", conversation, same, "0")[:24],
		hashed("refund", modelConversation, f.same), hashed("refund", conversation, same),
		modelCharge, charge, modelConversation, conversation, modelCustomer, fmt.Sprintf("cus_%d", n/2))
	out := make([]any, len(row))
	for i, value := range row {
		out[i] = value
		if text, ok := value.(string); ok {
			out[i] = other.Replace(text)
		}
	}
	return out
}

// hashed is how the ledger makes ids of what was asked.
func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// numbered gives an event its place in the log and hangs it into the tree.
func (f *filler) numbered(columns []string, row []any, seq int64) []any {
	for i, column := range columns {
		switch column {
		case "seq":
			row[i] = seq
		case "body":
			text, _ := row[i].(string)
			_, rest, _ := strings.Cut(text, ",")
			body := fmt.Sprintf(`{"seq":%d,%s`, seq, rest)
			row[i] = body
			f.hang(seq, body)
		}
	}
	return row
}

func (f *filler) hang(seq int64, body string) {
	hashes, err := tlog.StoredHashes(seq, []byte(body), tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = f.nodes[index]
		}
		return out, nil
	}))
	if err != nil {
		f.t.Fatal(err)
	}
	for i, h := range hashes {
		f.nodes[tlog.StoredHashIndex(0, seq)+int64(i)] = h
	}
}

// forget keeps only the nodes that a tree of this size still needs to grow.
func (f *filler) forget(size int64) {
	still := map[int64]tlog.Hash{}
	for lo := int64(0); lo < size; {
		level := 0
		for lo+1<<(level+1) <= size {
			level++
		}
		index := tlog.StoredHashIndex(level, lo>>level)
		still[index] = f.nodes[index]
		lo += 1 << level
	}
	f.nodes = still
}

func (f *filler) insert(table string, columns []string, rows [][]any) {
	var values []any
	var places strings.Builder
	for i, row := range rows {
		if i > 0 {
			places.WriteByte(',')
		}
		for j, value := range row {
			values = append(values, value)
			fmt.Fprintf(&places, "%c$%d", "(,"[min(j, 1)], len(values))
		}
		places.WriteByte(')')
	}
	f.exec(`INSERT INTO `+table+` (`+strings.Join(columns, ", ")+`) VALUES `+places.String(), values...)
}

func (f *filler) exec(statement string, values ...any) {
	f.t.Helper()
	var err error
	switch {
	case f.tx == nil:
		_, err = f.db.ExecContext(context.Background(), statement, values...)
	case f.prepared[statement] == nil:
		f.prepared[statement], err = f.tx.PrepareContext(context.Background(), statement) //nolint:sqlclosecheck // its transaction closes it
		fallthrough
	default:
		if err == nil {
			_, err = f.prepared[statement].ExecContext(context.Background(), values...)
		}
	}
	if err != nil {
		f.t.Fatalf("fill: %v", err)
	}
}
