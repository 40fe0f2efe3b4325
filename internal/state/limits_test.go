package state

import (
	"errors"
	"testing"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// What migrations take on a dev server is bounded, and a statement's error says by what.
func TestLimits(t *testing.T) {
	const dollar = "$$"
	for _, tt := range []struct {
		name, sql, want string
		limits          devdb.Limits
	}{
		{"statement", "SELECT 1; SELECT pg_sleep(1e9)", "test.sql:1:11: the statement ran for more than 500ms; if the migration needs more, set replay_statement_timeout in atlas.hcl", devdb.Limits{Statement: 500 * time.Millisecond}},
		{"one that forbids it", "SET statement_timeout = 0; SELECT pg_sleep(1e9)", "test.sql:1:28: the statement ran for more than 500ms; if the migration needs more, set replay_statement_timeout in atlas.hcl", devdb.Limits{Statement: 500 * time.Millisecond}},
		{"one that catches it", "DO " + dollar + " BEGIN LOOP BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END " + dollar, "test.sql:1:1: the statement ran for more than 500ms; if the migration needs more, set replay_statement_timeout in atlas.hcl", devdb.Limits{Statement: 500 * time.Millisecond}},
		{"commit", "CREATE TABLE t (a int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS " + dollar + "BEGIN PERFORM pg_sleep(1e9); RETURN NULL; END" + dollar +
			"; CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)", "test.sql:1:232: committing: the statement ran for more than 500ms; if the migration needs more, set replay_statement_timeout in atlas.hcl", devdb.Limits{Statement: 500 * time.Millisecond}},
		{"total", "SELECT pg_sleep(0.3); SELECT pg_sleep(0.3); SELECT pg_sleep(0.3)", "test.sql:1:23: the statements ran for more than 500ms in total; if the migration needs more, set replay_timeout in atlas.hcl", devdb.Limits{Total: 500 * time.Millisecond}},
		{"disk", "CREATE TABLE t AS SELECT g, repeat('x', 400) FROM generate_series(1, 1000000) g; SELECT pg_sleep(1e9)", "", devdb.Limits{Disk: 100 << 20}},
		{"temporary files", "SELECT count(*) FROM (SELECT g, repeat('x', 300) FROM generate_series(1, 1000000) g ORDER BY 2, 1) s", "", devdb.Limits{Disk: 100 << 20}},
		{"no limit", "SELECT count(*) FROM (SELECT g, repeat('x', 300) FROM generate_series(1, 100000) g ORDER BY 2, 1) s", "", devdb.Limits{Disk: -1}},
		{"row", "SELECT repeat('x', 100000000)", "test.sql:1:1: the connection was closed, as it is for a row or a message of more than 64 MiB; return or report less", devdb.Limits{}},
		{"notice", "DO " + dollar + "BEGIN RAISE NOTICE '%', repeat('x', 100000000); END" + dollar, "test.sql:1:1: the connection was closed, as it is for a row or a message of more than 64 MiB; return or report less", devdb.Limits{}},
		{"error", "DO " + dollar + "BEGIN RAISE '%', repeat('x', 100000000); END" + dollar, "test.sql:1:1: the connection was closed, as it is for a row or a message of more than 64 MiB; return or report less", devdb.Limits{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := New(t.Context(), pgtest.Start(t, devdb.Config{Limits: tt.limits}), catalog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			stmts, err := pgsql.Split(tt.sql)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			if tt.limits.Disk < 0 {
				if err := s.Run(t.Context(), stmts, false, "test.sql"); err != nil {
					t.Error(err)
				}
				return
			}
			err = s.Run(t.Context(), stmts, false, "test.sql")
			t.Logf("%s: %v", time.Since(start), err)
			var failed *runner.StmtError
			var limit *devdb.LimitError
			if !errors.As(err, &failed) || !errors.As(err, &limit) {
				t.Fatalf("error %v", err)
			}
			// The size of temporary files is bounded by the server, and by the size of all files.
			if tt.limits.Disk > 0 && limit.Setting != devdb.DiskLimit || tt.limits.Disk == 0 && err.Error() != tt.want {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
}
