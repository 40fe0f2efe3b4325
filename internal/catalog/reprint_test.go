package catalog_test

import (
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// What is created again from what PostgreSQL prints is the same, although PostgreSQL may print it differently.
func TestPrintedAgain(t *testing.T) {
	const tables = `CREATE TABLE t (id int PRIMARY KEY, s varchar(10), d date, n numeric(5,2)); CREATE TABLE u (id int PRIMARY KEY, t_id int, s text);
		CREATE TYPE "Mo od" AS ENUM ('x'); `
	queries := []string{
		"SELECT * FROM (SELECT 'x' UNION SELECT 'y') q", "WITH q AS (SELECT 'x' UNION SELECT 'y') SELECT * FROM q",
		"SELECT id FROM t WHERE s IN (SELECT 'x' UNION SELECT 'y')", "SELECT id FROM t WHERE EXISTS (SELECT 'x')",
		"SELECT (SELECT 'x'), ARRAY(SELECT 'y') AS b", "SELECT * FROM (SELECT 'x' AS c UNION SELECT 'y') q",
		"SELECT * FROM (SELECT id::text FROM t UNION SELECT 'k' UNION ALL SELECT 1::text) q", "SELECT * FROM (VALUES ('x')) q UNION SELECT 'y'",
		"WITH RECURSIVE q(q) AS (SELECT 'x' UNION ALL SELECT q || 'x' FROM q WHERE length(q) < 3) SELECT * FROM q",
		"SELECT id FROM t WHERE (id, s) IN (SELECT 1, 'x' UNION SELECT 2, 'y')", "SELECT * FROM (SELECT NULL::int UNION SELECT NULL) q",
		"SELECT id FROM t WHERE id IN (SELECT 1 UNION SELECT 2.5)", "SELECT id FROM t WHERE id IN (SELECT 1 UNION SELECT 2.5 FROM u WHERE s = 'x' ORDER BY 1)",
		"SELECT id FROM t WHERE d IN (SELECT '2020-01-01' UNION SELECT now())", "SELECT id FROM t WHERE n IN (SELECT '1' UNION SELECT 1::float8)",
		"SELECT id FROM t WHERE d IN (SELECT NULL UNION SELECT '2020-01-01'::timestamp(3))", `SELECT id FROM t WHERE EXISTS (SELECT NULL UNION SELECT 'x'::"Mo od")`,
		"SELECT id FROM t WHERE EXISTS (SELECT NULL UNION SELECT '{1}'::int[])", "SELECT id FROM t WHERE EXISTS (SELECT NULL UNION SELECT 'x'::varchar(3)) AND s IN ('a', 'b')",
		"SELECT id FROM t WHERE EXISTS (SELECT NULL, 'y' UNION SELECT 'x'::bit varying, 'y')", "SELECT id FROM t WHERE EXISTS (SELECT NULL UNION SELECT '1 day'::interval)",
		"SELECT id FROM t WHERE EXISTS (SELECT NULL UNION SELECT true) OR EXISTS (SELECT NULL UNION SELECT 'x'::char(3))",
	}
	different := 0
	for _, query := range queries {
		db := pgtest.New(t)
		db.Exec(tables + "CREATE VIEW v AS " + query + "; CREATE MATERIALIZED VIEW m AS " + query)
		before := read(t, db.Conn(), catalog.Options{})
		db.Exec(`DO $$ DECLARE v text := pg_get_viewdef('v'::regclass); m text := pg_get_viewdef('m'::regclass);
			BEGIN DROP VIEW v; DROP MATERIALIZED VIEW m; EXECUTE 'CREATE VIEW v AS ' || v; EXECUTE 'CREATE MATERIALIZED VIEW m AS ' || m; END $$`)
		again := read(t, db.Conn(), catalog.Options{})
		if d := catalog.Diff(before, again); !before.Equal(again) || len(d) > 0 {
			t.Errorf("%s: %v", query, d)
		}
		if before.String() != again.String() {
			different++
		}
	}
	if different < 10 {
		t.Errorf("only %d queries are printed differently", different)
	}
}

// Names that matter differ.
func TestPrintedDifferently(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn()
	of := func(query string) catalog.Catalog {
		exec(t, conn, "BEGIN; CREATE TABLE t (id int, s text); CREATE VIEW v AS "+query)
		defer exec(t, conn, "ROLLBACK")
		return read(t, conn, catalog.Options{})
	}
	for _, pair := range [][2]string{
		{"SELECT 'x'::text", "SELECT 'x'::text AS other"},
		{"SELECT 'x'::text", "SELECT 'x'"},
		{"SELECT 1 WHERE 'x' IN (SELECT 'x'::text AS text)", "SELECT 1 WHERE 'x' IN (SELECT 'y'::text AS text)"},
		{"SELECT q.text FROM (SELECT 'x'::text AS text, 'x'::text AS b) q", "SELECT q.b FROM (SELECT 'x'::text AS text, 'x'::text AS b) q"},
		{"SELECT * FROM (SELECT 1::bigint) q", "SELECT * FROM (SELECT 1::bigint AS text) q"},
	} {
		a, b := of(pair[0]), of(pair[1])
		if a.Equal(b) || len(catalog.Diff(a, b)) == 0 {
			t.Errorf("%s and %s count as the same", pair[0], pair[1])
		}
	}
}
