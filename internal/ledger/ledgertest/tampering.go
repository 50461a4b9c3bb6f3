package ledgertest

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"supportmcp/internal/ledger"
	"supportmcp/internal/ledger/checkpoint"
	"supportmcp/policies"
)

// tamperings is how many changes are made behind the ledger's back; each must be found.
func tamperings() int {
	if testing.Short() {
		return 100
	}
	return 1000
}

// keys are the columns that name a row of each table.
func keys() map[string][]string {
	return map[string][]string{
		"entry": {"id"}, "personal": {"entry_id"}, "hold": {"entry_id", "scope"}, "approval": {"entry_id", "approver", "verdict"}, "act": {"id"},
		"event": {"seq"}, "event_node": {"idx"}, "event_head": {"one"}, "checkpoint": {"size"},
	}
}

// tampering makes random edits, deletions, reorderings and tail cuts, and wants
// Verify to find each with the checkpoints that were kept. SUPPORTMCP_TEST_SEED
// makes it do again what it did.
func tampering(t *testing.T, fresh Fresh) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("SUPPORTMCP_TEST_SEED"), 10, 64); err == nil {
		seed = s
	}
	d, by := soundDesk(t, fresh), signer(t)
	e := d.begin(refund("ch_6", 600), policies.NeedsApproval)
	kept := ledger.Evidence{Signed: by.Verifier, Kept: []checkpoint.Checkpoint{d.checkpoint(by)}}
	two := d.begin(refund("ch_7", 700), policies.NeedsApproval)
	must(t)(d.Decide(t.Context(), two.ID, signedBy("kim", policies.Approved), nobody))
	must(t)(d.Decide(t.Context(), two.ID, signedBy("robin", policies.Approved), anybody))
	must(t)(d.Reject(t.Context(), e.ID, "person", "no"))
	d.act("roster", 0)
	d.act("roster", 1)
	kept.Kept = append(kept.Kept, d.checkpoint(by))
	d.keep()
	if r, err := d.Verify(t.Context(), kept); err != nil || !r.Sound() {
		t.Fatalf("before: %+v, %v", r, err)
	}
	v := vandal{desk: d, rand: rand.New(rand.NewPCG(seed, 0))}
	for _, table := range slices.Sorted(maps.Keys(keys())) {
		v.tables = append(v.tables, slices.Repeat([]string{table}, len(v.rows(table)[0]))...)
	}
	for n := 0; n < tamperings(); {
		did := v.strike()
		if did == "" {
			continue
		}
		n++
		if r, err := d.Verify(t.Context(), kept); err != nil || r.Sound() {
			t.Errorf("SUPPORTMCP_TEST_SEED=%d: change %d is not found: %s: %v", seed, n, did, err)
		}
		d.restore()
	}
}

// vandal changes a ledger's database.
type vandal struct {
	*desk
	rand   *rand.Rand
	tables []string // each once for each of its columns
}

// strike makes one change and tells which; "" when nothing was changed.
func (v *vandal) strike() string {
	table := v.tables[v.rand.IntN(len(v.tables))]
	rows := v.rows(table)
	switch v.rand.IntN(5) {
	case 0:
		return v.try(`DELETE FROM ` + table + v.where(table, pick(v.rand, rows)))
	case 1:
		return v.swap(table, pick(v.rand, rows), pick(v.rand, rows))
	case 2:
		return v.cut()
	}
	row := pick(v.rand, rows)
	column := pick(v.rand, slices.Sorted(maps.Keys(row)))
	return v.set(table, row, column, v.other(row[column], pick(v.rand, rows)[column]))
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// cut removes the newest events, at times with all that tells of them.
func (v *vandal) cut() string {
	from := v.rand.IntN(len(v.rows("event")))
	did := []string{v.try(fmt.Sprintf(`DELETE FROM event WHERE seq >= %d`, from))}
	for _, also := range []string{
		fmt.Sprintf(`UPDATE event_head SET size = %d`, from),
		fmt.Sprintf(`DELETE FROM event_node WHERE idx >= %d`, 2*from),
		fmt.Sprintf(`DELETE FROM checkpoint WHERE size > %d`, from),
	} {
		if v.rand.IntN(2) == 0 {
			did = append(did, v.try(also))
		}
	}
	return strings.Join(did, "; ")
}

// swap exchanges what two rows hold in one column.
func (v *vandal) swap(table string, one, two map[string]any) string {
	column := pick(v.rand, slices.Sorted(maps.Keys(one)))
	if fmt.Sprint(one[column]) == fmt.Sprint(two[column]) {
		return ""
	}
	if !slices.Contains(keys()[table], column) {
		first := v.set(table, one, column, two[column])
		if first == "" {
			return ""
		}
		return first + "; " + v.set(table, two, column, one[column])
	}
	if number, is := one[column].(int64); is {
		return v.try(fmt.Sprintf(`UPDATE %[1]s SET %[2]s = -1 WHERE %[2]s = %[3]d`, table, column, number),
			fmt.Sprintf(`UPDATE %[1]s SET %[2]s = %[3]d WHERE %[2]s = %[4]d`, table, column, number, two[column]),
			fmt.Sprintf(`UPDATE %[1]s SET %[2]s = %[3]d WHERE %[2]s = -1`, table, column, two[column]))
	}
	return ""
}

// set gives a column of a row another value; "" when the database refuses it.
func (v *vandal) set(table string, row map[string]any, column string, value any) string {
	if fmt.Sprint(value) == fmt.Sprint(row[column]) {
		return ""
	}
	statement := `UPDATE ` + table + ` SET ` + column + ` = $1` + v.where(table, row)
	done, err := v.db.ExecContext(context.Background(), statement, value)
	if err != nil {
		return ""
	}
	if n, err := done.RowsAffected(); err != nil || n != 1 {
		v.t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
	return fmt.Sprintf("%s, $1 = %q, was %q", statement, value, row[column])
}

// other is another value: of another row, or near the one that is there.
func (v *vandal) other(value, elsewhere any) any {
	if v.rand.IntN(3) == 0 {
		return elsewhere
	}
	switch value := value.(type) {
	case int64:
		return value + pick(v.rand, []int64{-1, 1, 1000, -value})
	case string:
		return v.otherText(value)
	case []byte:
		value = slices.Clone(value)
		if len(value) > 0 {
			value[v.rand.IntN(len(value))] ^= 1 << v.rand.IntN(8)
		}
		return value
	}
	return []byte{1}
}

func (v *vandal) otherText(text string) string {
	if text == "" {
		return "x"
	}
	at := v.rand.IntN(len(text))
	switch v.rand.IntN(4) {
	case 0:
		return text + " "
	case 1:
		return text[:at]
	case 2:
		return text[:at] + text[at+1:]
	}
	return text[:at] + string(rune('a'+v.rand.IntN(26))) + text[at+1:]
}

// try makes changes together; "" when they change nothing or the database refuses them.
func (v *vandal) try(statements ...string) string {
	tx, err := v.db.BeginTx(context.Background(), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range statements {
		done, err := tx.ExecContext(context.Background(), s)
		if err != nil {
			return ""
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return ""
		}
	}
	if err := tx.Commit(); err != nil {
		return ""
	}
	return strings.Join(statements, "; ")
}

func (v *vandal) where(table string, row map[string]any) string {
	var conditions []string
	for _, column := range keys()[table] {
		value := fmt.Sprint(row[column])
		if _, isText := row[column].(string); isText {
			value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		conditions = append(conditions, column+` = `+value)
	}
	return ` WHERE ` + strings.Join(conditions, ` AND `)
}

// rows reads a table, in the order of its keys.
func (v *vandal) rows(table string) []map[string]any {
	v.t.Helper()
	rows, err := v.db.QueryContext(context.Background(), `SELECT * FROM `+table+` ORDER BY `+strings.Join(keys()[table], `, `))
	if err != nil {
		v.t.Fatal(err)
	}
	defer rows.Close()
	return scanAll(v.t, rows)
}

func scanAll(t *testing.T, rows *sql.Rows) (out []map[string]any) {
	t.Helper()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values, into, row := make([]any, len(columns)), make([]any, len(columns)), map[string]any{}
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for i, column := range columns {
			row[column] = values[i]
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
