package lint_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestBatches compares the effect of a statement with that of its fix in batches.
func TestBatches(t *testing.T) {
	const plain = `CREATE TABLE "Test Runs" (id integer PRIMARY KEY, "group" text, n integer DEFAULT 0 NOT NULL, batch_start integer);`
	const rows = `INSERT INTO "Test Runs" SELECT g, 'g' || g % 7, g FROM generate_series(1, 12000) g;`
	for _, tt := range []struct {
		name, before, rows, sql string
	}{
		{"plain", plain, rows, `UPDATE "Test Runs" SET n = 1`},
		{"lower case keywords and a comment", plain, rows, "update \"Test Runs\" -- all\nset n = 1, -- one\n \"group\" = 'x' -- x\n"},
		{"with schema and alias", plain, rows, `UPDATE public."Test Runs" AS "R r" SET "group" = "R r".id::text`},
		{"alias without AS", plain, rows, `UPDATE "Test Runs" r SET n = r.id`},
		{"alias that is a keyword", plain, rows, `UPDATE "Test Runs" batch SET batch_start = batch.id`},
		{"only", plain, rows, `UPDATE ONLY ("Test Runs") SET n = 1`},
		{"only, of a table that others inherit from", "CREATE TABLE t (a integer PRIMARY KEY, n integer); CREATE TABLE c () INHERITS (t);", "INSERT INTO t SELECT g FROM generate_series(1, 12000) g; INSERT INTO c SELECT g FROM generate_series(1, 9) g;", "UPDATE ONLY t SET n = 1"},
		{"star", plain, rows, `UPDATE "Test Runs" * SET n = 1`},
		{"reads what it writes", plain, rows, `UPDATE "Test Runs" SET n = n + 1`},
		{"calls a function", plain, rows, `UPDATE "Test Runs" SET "group" = md5("group")`},
		{"default", plain, rows, `UPDATE "Test Runs" SET n = DEFAULT`},
		{"row", plain, rows, `UPDATE "Test Runs" SET ("group", n) = ROW ('a', 3)`},
		{"row that reads what it writes", plain, rows, `UPDATE "Test Runs" SET ("group", n) = (n::text, 3)`},
		{"distinct from", plain, rows, `UPDATE "Test Runs" SET "group" = (id IS DISTINCT FROM 3)::text`},
		{"distinct from without parentheses", plain + `ALTER TABLE "Test Runs" ADD b boolean;`, rows, `UPDATE "Test Runs" SET b = id IS DISTINCT FROM 3`},
		{"a condition that is always true", plain, rows, "UPDATE \"Test Runs\" SET n = 1 WHERE id = 4 OR true -- x\n"},
		{"from", plain + "CREATE TABLE names (id integer PRIMARY KEY, name text);", rows + "INSERT INTO names VALUES (1, 'one');",
			`UPDATE "Test Runs" SET "group" = name FROM names WHERE true`},
		{"returning", plain, rows, `UPDATE "Test Runs" SET n = 2 WHERE true RETURNING id, n`},
		{"a string with dollars", plain, rows, `UPDATE "Test Runs" SET "group" = '$$', n = 1`},
		{"composite key", `CREATE TABLE t (a text COLLATE "C", "B" integer, n integer, PRIMARY KEY (a, "B"));`, "INSERT INTO t SELECT 'a' || g % 9, g FROM generate_series(1, 12000) g;", "UPDATE t SET n = 4"},
		{"unique constraint without a primary key", "CREATE TABLE t (a integer NOT NULL UNIQUE, b integer UNIQUE, n integer);", "INSERT INTO t SELECT g, g FROM generate_series(1, 12000) g;", "UPDATE t SET n = 4"},
		{"unique constraint as the primary key is changed", "CREATE TABLE t (a integer NOT NULL UNIQUE, b integer PRIMARY KEY, n integer);", "INSERT INTO t SELECT g, g FROM generate_series(1, 12000) g;", "UPDATE t SET b = b + 20000"},
		{"other schema", `CREATE SCHEMA "My"; CREATE TABLE "My"."order" ("select" integer PRIMARY KEY, n integer);`, `INSERT INTO "My"."order" SELECT g FROM generate_series(1, 12000) g;`, `UPDATE "My"."order" SET n = "select"`},
		{"column called as its table", "CREATE TABLE env (id integer PRIMARY KEY, env text);", "INSERT INTO env SELECT g, g FROM generate_series(1, 12000) g;", "UPDATE env SET env = env.id::text"},
		{"partitioned", "CREATE TABLE t (a integer, b integer, n integer, PRIMARY KEY (a, b)) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2, 3);",
			"INSERT INTO t SELECT g % 3 + 1, g FROM generate_series(1, 12000) g;", "UPDATE t SET n = b"},
		{"delete", plain, rows, `DELETE FROM "Test Runs"`},
		{"delete with alias and using", plain + "CREATE TABLE names (id integer PRIMARY KEY, name text);", rows + "INSERT INTO names SELECT g, 'n' || g FROM generate_series(1, 3) g;",
			`DELETE FROM "Test Runs" AS d USING names RETURNING d.id`},
		{"delete without a key", "CREATE TABLE t (a integer, b text);", "INSERT INTO t SELECT g, repeat('x', 200) FROM generate_series(1, 12000) g;", "DELETE FROM t"},
		{"delete what refers to itself with CASCADE", "CREATE TABLE t (a integer PRIMARY KEY, b integer REFERENCES t ON DELETE CASCADE); CREATE INDEX ON t (b);", "INSERT INTO t SELECT g, 12001 - g FROM generate_series(1, 12000) g;", "DELETE FROM t"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := batchFinding(t, tt.before, tt.sql)
			sql := d.Fix.String()
			if d.Fix.ID() != "in-batches" {
				t.Fatalf("not in batches:\n%s", sql)
			}
			once, batches := pgtest.New(t), pgtest.New(t)
			once.Exec(tt.before + tt.rows)
			once.Exec(tt.sql)
			batches.Exec(tt.before + tt.rows)
			stmts, err := pgsql.Split(sql)
			if err != nil {
				t.Fatal(err)
			}
			if err := pgtest.Run(t.Context(), batches.Conn(), stmts[0], 5000); err != nil {
				t.Fatal(err)
			}
			left, right := contents(t, once.Conn()), contents(t, batches.Conn())
			if left != right {
				t.Errorf("the rows differ from those of the statement:\n%s", sql)
			}
			tryFix(t, tt.before, "", d, lint.Policy{})
		})
	}
}

// batchFinding returns the finding about a statement that changes all rows.
func batchFinding(t *testing.T, before, sql string) lint.Diagnostic {
	t.Helper()
	for _, f := range mustRun(t, folder(t, map[string]string{first: before, second: sql + ";\n"}), lint.Config{Latest: 1}).Files {
		for _, d := range f.Diagnostics {
			if d.Name == "update-without-where" || d.Name == "delete-without-where" {
				return d
			}
		}
	}
	t.Fatal("nothing was found")
	return lint.Diagnostic{}
}

// contents returns a checksum of the rows of each table.
func contents(t *testing.T, conn *pgx.Conn) (sums string) {
	t.Helper()
	rows, err := conn.Query(context.Background(), "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.oid >= 16384 ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var sum string
		if err := conn.QueryRow(context.Background(), fmt.Sprintf("SELECT count(*) || ' ' || coalesce(md5(string_agg(x::text, ',' ORDER BY x::text)), '') FROM %s x", table)).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		sums += table + " " + sum + "\n"
	}
	return sums
}

// TestNoBatches tests the reasons why a statement can't run in batches.
func TestNoBatches(t *testing.T) {
	const keyed = "CREATE TABLE t (id integer PRIMARY KEY, parent integer, n integer);"
	for _, tt := range []struct{ name, before, sql, why string }{
		{"no key", "CREATE TABLE t (id integer UNIQUE, n integer NOT NULL);", "UPDATE t SET n = 1", "the table has no primary key, and no unique constraint on NOT NULL columns, for batches to follow; add one first"},
		{"delete from a partitioned table without a key", "CREATE TABLE t (id integer) PARTITION BY LIST (id);", "DELETE FROM t", "the table has no primary key"},
		{"the key is changed", keyed, "UPDATE t SET id = id + 1", "it changes the key that batches would follow"},
		{"reads its table in FROM", keyed, "UPDATE t SET n = p.n FROM t p WHERE true", "the statement names t twice"},
		{"reads its table in a subquery", keyed, "UPDATE t SET n = (SELECT max(x.n) FROM public.t x)", "the statement names t twice"},
		{"reads its table in USING", keyed, "DELETE FROM t USING other, t p", "the statement names t twice"},
		{"refers to itself", keyed + "ALTER TABLE t ADD CONSTRAINT up FOREIGN KEY (parent) REFERENCES t;", "DELETE FROM t", "rows reference others in the same table (foreign key up)"},
		{"deferrable unique constraint", keyed + "ALTER TABLE t ADD CONSTRAINT once UNIQUE (n) DEFERRABLE;", "UPDATE t SET n = n + 1", "unique constraint once is checked after the last row"},
		{"inherited", keyed + "CREATE TABLE c () INHERITS (t);", "UPDATE t SET n = 1", "other tables inherit from it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := batchFinding(t, "CREATE TABLE other (id integer PRIMARY KEY);"+tt.before, tt.sql)
			if want := "it can't be done in batches: " + tt.why; d.Fix.ID() != "" || !strings.HasPrefix(d.Fix.String(), want) {
				t.Errorf("got %s\nwant %s...", d.Fix, want)
			}
		})
	}
	for _, sql := range []string{"WITH x AS (UPDATE t SET n = 1 RETURNING *) SELECT FROM x", "DO $$BEGIN DELETE FROM t; END$$"} {
		if d := batchFinding(t, keyed, sql); d.Fix.ID() != "" || !strings.HasPrefix(d.Fix.String(), "change the rows in a separate statement") {
			t.Errorf("%s: %s", sql, d.Fix)
		}
	}
}
