package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

func open(t *testing.T, db *pgtest.DB) *runner.Session {
	t.Helper()
	s, err := runner.Open(context.Background(), db.Conn(), runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func split(t *testing.T, sql string) []pgsql.Stmt {
	t.Helper()
	stmts, err := pgsql.Split(sql)
	if err != nil {
		t.Fatal(err)
	}
	return stmts
}

// runScript runs a script as a replay does.
func runScript(ctx context.Context, s *runner.Session, stmts []pgsql.Stmt, txNone bool) error {
	for _, u := range runner.Cut(stmts, txNone) {
		if err := s.Run(ctx, u, runner.Hooks{}); err != nil {
			var failed *runner.StmtError
			if errors.As(err, &failed) {
				failed.File = "x.sql"
			}
			return err
		}
	}
	return nil
}

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		name, sql string
		txNone    bool
		wantErr   string
		wantRows  int // in t, -1 if there is no such table
	}{
		{name: "empty", sql: "-- nothing\n", wantRows: -1},
		{name: "transaction", sql: "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n", wantRows: 1},
		{
			name:     "failing in the middle leaves nothing",
			sql:      "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nINSERT INTO t\n  SELECT édition;\nINSERT INTO t VALUES (2);\n",
			wantErr:  `x.sql:4:10: column "édition" does not exist (SQLSTATE 42703); the file must run on the schema that the files before it produce, without any data`,
			wantRows: -1,
		},
		{
			name:     "failing without a transaction leaves what was done",
			sql:      "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1/0);\nINSERT INTO t VALUES (2);\n",
			txNone:   true,
			wantErr:  `x.sql:3:1: division by zero (SQLSTATE 22012); the file must run on the schema that the files before it produce, without any data`,
			wantRows: 1,
		},
		{
			name:     "failing in a block leaves what was done before it",
			sql:      "CREATE TABLE t (a int);\nBEGIN;\nINSERT INTO t VALUES (1);\nCOMMIT;\nBEGIN;\nINSERT INTO t VALUES (2);\nINSERT INTO t VALUES (1/0);\nCOMMIT;\n",
			txNone:   true,
			wantErr:  `x.sql:7:1: division by zero (SQLSTATE 22012); the file must run on the schema that the files before it produce, without any data`,
			wantRows: 1,
		},
		{
			name:     "commit in a block",
			sql:      "CREATE TABLE t (a int);\nBEGIN;\nINSERT INTO t VALUES (1);\nDO 'BEGIN COMMIT; END';\nCOMMIT;\n",
			txNone:   true,
			wantErr:  `x.sql:4:1: invalid transaction termination (SQLSTATE 2D000); the file must run on the schema that the files before it produce, without any data`,
			wantRows: 0,
		},
		{
			name:     "concurrently in a transaction",
			sql:      "CREATE TABLE t (a int);\n\nCREATE INDEX CONCURRENTLY i ON t (a);\n",
			wantErr:  `x.sql:3:1: CREATE INDEX CONCURRENTLY cannot run inside a transaction block (SQLSTATE 25001); PostgreSQL runs this statement only outside a transaction: put it in a file of its own that starts with "-- atlas:txmode none" and a blank line`,
			wantRows: -1,
		},
		{
			name:     "deferred constraint",
			sql:      "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO t VALUES (1, 2)",
			wantErr:  `x.sql:2:1: insert or update on table "t" violates foreign key constraint "t_b_fkey" (SQLSTATE 23503), Key (b)=(2) is not present in table "t"; the file must run on the schema that the files before it produce, without any data`,
			wantRows: -1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := context.Background()
			s := open(t, pgtest.New(t))
			err := runScript(ctx, s, split(t, tt.sql), tt.txNone)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.wantErr, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			rows := -1
			if err := s.Conn.QueryRow(ctx, "SELECT count(*) FROM t").Scan(&rows); err != nil && tt.wantRows >= 0 {
				t.Error(err)
			}
			if rows != tt.wantRows {
				t.Errorf("t has %d rows, want %d", rows, tt.wantRows)
			}
			if tx := s.Conn.PgConn().TxStatus(); tx != 'I' {
				t.Errorf("transaction status %c after the file", tx)
			}
		})
	}
}

// PostgreSQL's errors quote the statement, and what it holds, in part.
func TestStmtErrorMasksPasswords(t *testing.T) {
	const canary = "s3cr3tCanary"
	s := open(t, pgtest.New(t))
	for _, sql := range []string{
		`ALTER ROLE no_such_role PASSWORD 's3cr3tCanary'`,
		`ALTER ROLE no_such_role PASSWORD = 's3cr3tCanary'`,
		`ALTER ROLE no_such_role PASSWORD 'a' 's3cr3tCanary'`,
		`ALTER ROLE no_such_role PASSWORD s3cr3tCanary`,
		`ALTER ROLE no_such_role PASSWORD "s3cr3tCanary"`,
		`ALTER ROLE no_such_role PASSWORD 'a' || 's3cr3tCanary'`,
		`ALTER USER MAPPING FOR CURRENT_USER SERVER no_such_server OPTIONS (password 's3cr3tCanary')`,
		`ALTER USER MAPPING FOR CURRENT_USER SERVER no_such_server OPTIONS (password = 's3cr3tCanary')`,
		`CREATE SUBSCRIPTION s CONNECTION 'host=h password=my s3cr3tCanary' PUBLICATION p`,
		`ALTER SUBSCRIPTION no_such_subscription CONNECTION 'host=h password=s3cr3tCanary'`,
		`SELECT no_such_function('host=h password=s3cr3tCanary')`,
		`DO $$BEGIN EXECUTE 'ALTER ROLE no_such_role PASSWORD = ''s3cr3tCanary'''; END$$`,
		`DO $$BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %s', 'no_such_role', 's3cr3tCanary'); END$$`,
		`DO $$BEGIN RAISE 'cannot %', $a$ALTER ROLE no_such_role PASSWORD 's3cr3tCanary'$a$ USING DETAIL = 'password=s3cr3tCanary', HINT = 'postgres://u:s3cr3tCanary@h'; END$$`,
	} {
		err := runScript(context.Background(), s, split(t, sql), false)
		if !errors.As(err, new(*runner.StmtError)) {
			t.Errorf("%s: %v", sql, err)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the password is shown: %v", sql, err)
		}
	}
}
