package pgsql_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// newer are the statements that the reference says don't work on the oldest supported version, in its order.
var newer = []struct {
	line, setUp, sql string
	since            int
	warns            bool // instead of failing
}{
	{line: "CREATE EXTENSION pgcrypto", sql: "CREATE EXTENSION pgcrypto", since: 13},
	{line: "gen_random_uuid()", sql: "SELECT gen_random_uuid()", since: 13},
	{line: "CREATE TRIGGER ... BEFORE INSERT ... FOR EACH ROW", setUp: partitionedTable + triggerFunction,
		sql: "CREATE TRIGGER b BEFORE INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()", since: 13},
	{line: "ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION", setUp: "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) STORED)",
		sql: "ALTER TABLE t ALTER COLUMN b DROP EXPRESSION", since: 13},
	{line: "REINDEX TABLE", setUp: partitionedTable, sql: "REINDEX TABLE p", since: 14, warns: true},
	{line: "CREATE OR REPLACE TRIGGER", setUp: partitionedTable + triggerFunction,
		sql: "CREATE OR REPLACE TRIGGER a AFTER INSERT ON p1 FOR EACH ROW EXECUTE FUNCTION f()", since: 14},
	{line: "ALTER TABLE ... DETACH PARTITION ... CONCURRENTLY", setUp: partitionedTable, sql: "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY", since: 14},
	{line: "CREATE FUNCTION ... BEGIN ATOMIC", sql: "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END", since: 14},
	{line: "CREATE STATISTICS", setUp: "CREATE TABLE t (a int)", sql: "CREATE STATISTICS s ON (a + 1) FROM t", since: 14},
}

const (
	partitionedTable = "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);"
	triggerFunction  = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
)

func TestNewerStatements(t *testing.T) {
	reference, err := os.ReadFile("../../docs/reference.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(reference), "## PostgreSQL "+strconv.Itoa(pgsql.OldestMajor)+"\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var lines []string
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| `") {
			lines = append(lines, line)
		}
	}
	if len(lines) != len(newer) {
		t.Errorf("the reference has %d lines, want %d", len(lines), len(newer))
	}
	major := pgtest.Server(t).VersionNum() / 10000
	for i, tt := range newer {
		t.Run(tt.line, func(t *testing.T) {
			if i >= len(lines) || !strings.HasPrefix(lines[i], "| `"+tt.line+"`") || !strings.Contains(lines[i], " | "+strconv.Itoa(tt.since)+" | ") {
				t.Errorf("line %d of the reference isn't about %s since %d", i+1, tt.line, tt.since)
			}
			db := pgtest.New(t)
			if tt.setUp != "" {
				db.Exec(tt.setUp)
			}
			cfg := db.ConnConfig()
			warned := false
			cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { warned = warned || n.Severity == "WARNING" }
			conn, err := pgx.ConnectConfig(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			_, err = conn.PgConn().Exec(t.Context(), tt.sql).ReadAll()
			if works := err == nil && !warned; works != (major >= tt.since) || (warned != tt.warns && major < tt.since) {
				t.Errorf("PostgreSQL %d: %v, warned: %t", major, err, warned)
			}
		})
	}
}
