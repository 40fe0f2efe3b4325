package pgtest_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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

func TestLogin(t *testing.T) {
	db := pgtest.New(t)
	const password = "p@ss/w:r d'%"
	right := db.Login(password, "")
	conn, err := pgx.Connect(context.Background(), right)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(context.Background(), "CREATE TABLE t (n int)"); err != nil {
		t.Error(err)
	}

	u, err := url.Parse(right)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "wrong")
	_, err = pgx.Connect(context.Background(), u.String())
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != "28P01" {
		t.Errorf("with a wrong password: %v", err)
	}
}
