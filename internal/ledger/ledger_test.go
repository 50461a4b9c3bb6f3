package ledger_test

import (
	"path/filepath"
	"testing"

	"supportmcp/internal/ledger/ledgertest"
)

var postgres ledgertest.Postgres

func TestMain(m *testing.M) { ledgertest.Main(m, func() { postgres.Stop(); durable.Stop() }) }

func TestSQLite(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, freshFile)
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	ledgertest.Run(t, postgres.Fresh)
}

// freshFile is the URL of a file that does not exist, in a folder that does not either.
func freshFile(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "state", "ledger.db")
}
