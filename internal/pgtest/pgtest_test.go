package pgtest_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestNew(t *testing.T) {
	a, b := pgtest.New(t), pgtest.New(t)
	a.Exec("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
	b.Exec("CREATE TABLE t (n int)")

	file := filepath.Join(t.TempDir(), "f.sql")
	if err := os.WriteFile(file, []byte("INSERT INTO t VALUES (:n);\nSELECT 'rows:', count(*) FROM t;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := a.File(file, "-v", "n=5", "-At"); strings.TrimSpace(out) != "rows:|2" {
		t.Errorf("psql printed %q", out)
	}
	var n int
	if err := b.Conn().QueryRow(context.Background(), "SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Errorf("the other database has %d rows, %v", n, err)
	}
	var super bool
	if err := a.Conn().QueryRow(context.Background(), "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").Scan(&super); err != nil || super {
		t.Errorf("the owner has too many rights: %v, %v", super, err)
	}
}
