package batch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	pg_query "github.com/pganalyze/pg_query_go/v6"
	pgquery "github.com/wasilibs/go-pgquery"

	"github.com/ibutsu/ibutsu-schema/internal/batch"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func parse(t *testing.T, src string) pgsql.Stmt {
	t.Helper()
	stmts, err := pgsql.Split(src)
	if err != nil || len(stmts) != 1 {
		t.Fatalf("%d statements, %v", len(stmts), err)
	}
	return stmts[0]
}

// TestOf checks what the text alone decides. In cases without an error, range is the statement with a range.
func TestOf(t *testing.T) {
	const d = "-- migrate:batch t\n"
	for _, test := range []struct{ src, err, sql string }{
		{"UPDATE t SET a = 1", "", ""},
		{d + "UPDATE t SET a = 1 WHERE /* batch */ true", "", "UPDATE leaf AS t SET a = 1 WHERE (RANGE)"},
		{d + "UPDATE ONLY t AS x SET a = 1 WHERE b BETWEEN 1 AND 2 AND /*batch x*/ TRUE AND NOT c RETURNING *", "", "UPDATE ONLY leaf AS x SET a = 1 WHERE b BETWEEN 1 AND 2 AND (RANGE) AND NOT c RETURNING *"},
		{"-- migrate:batch s.t\nDELETE FROM s.t USING u WHERE u.id = t.id AND /* batch */ true", "", "DELETE FROM leaf AS t USING u WHERE u.id = t.id AND (RANGE)"},
		{d + "UPDATE t SET a = CASE WHEN b OR c THEN 1 END WHERE CASE WHEN b OR c AND a > 1 THEN true END AND /* batch */ true", "", "UPDATE leaf AS t SET a = CASE WHEN b OR c THEN 1 END WHERE CASE WHEN b OR c AND a > 1 THEN true END AND (RANGE)"},
		{d + `DELETE FROM t AS "X ""y""" WHERE /* batch "X ""y""" */ true`, "", `DELETE FROM leaf AS "X ""y""" WHERE (RANGE)`},
		{d + "DELETE FROM t R WHERE /* batch r */ true", "", "DELETE FROM leaf R WHERE (RANGE)"},
		{d + "INSERT INTO u SELECT * FROM a JOIN t x ON a.id = x.id LEFT JOIN c ON true WHERE (c.a OR x.b) AND /* batch x */ true ON CONFLICT (a) DO UPDATE SET b = 1 WHERE u.a OR u.b", "", "INSERT INTO u SELECT * FROM a JOIN leaf x ON a.id = x.id LEFT JOIN c ON true WHERE (c.a OR x.b) AND (RANGE) ON CONFLICT (a) DO UPDATE SET b = 1 WHERE u.a OR u.b"},
		{d + "WITH x AS (SELECT 1), m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u SELECT * FROM m", "", "WITH x AS (SELECT 1), m AS (DELETE FROM leaf AS t WHERE (RANGE) RETURNING *) INSERT INTO u SELECT * FROM m"},
		{d + `UPDATE t SET a = (SELECT max(b) FROM u GROUP BY c LIMIT 1) WHERE /* batch */ true`, "", "UPDATE leaf AS t SET a = (SELECT max(b) FROM u GROUP BY c LIMIT 1) WHERE (RANGE)"},
		{"-- migrate:batch \"T \"\"x\"\"\" by \"K\", size size 10 pause 5ms until none\nDELETE FROM \"T \"\"x\"\"\" WHERE /* batch */ true", "", `DELETE FROM leaf AS "T ""x""" WHERE (RANGE)`},

		{"UPDATE t SET a = 1 WHERE /* batch */ true", "1:26: /* batch */ marks the range of a batch, but the statement has no directive", ""},
		{d + "UPDATE t SET a = 1", `2:1: the statement doesn't say where the range of a batch belongs: add "AND /* batch */ true"`, ""},
		{d + "UPDATE t SET a = 1 WHERE /* batch */ b", "2:26: write true after /* batch */", ""},
		{d + "UPDATE t SET a = 1 WHERE /* batch */ true AND /* batch */ true", "2:47: the statement has two marks", ""},
		{d + "UPDATE t SET a = 1 WHERE b OR /* batch */ true", "2:28: with OR, rows outside a batch's range would be changed", ""},
		{d + "UPDATE t SET a = 1 WHERE (b AND /* batch */ true)", "2:45: the mark must be a term of its own", ""},
		{d + "UPDATE t SET a = 1 WHERE b AND NOT /* batch */ true", "the mark must be a term of its own", ""},
		{d + "UPDATE t SET a = 1 WHERE b AND /* batch */ true = c", "the mark must be a term of its own", ""},
		{d + "UPDATE t SET a = 1 WHERE c BETWEEN false AND /* batch */ true", "the mark must be a term of its own", ""},
		{d + "UPDATE t SET a = /* batch */ true", "the mark must be in the WHERE", ""},
		{d + "UPDATE t SET a = 1 WHERE EXISTS (SELECT FROM u WHERE /* batch */ true)", "the mark must be a term of its own", ""},
		{d + "UPDATE t SET a = 1 WHERE true RETURNING /* batch */ true", "the mark must be in the WHERE", ""},
		{d + "UPDATE t x SET a = 1 WHERE /* batch */ true", `2:28: the mark must name the alias of t if it has one: write "/* batch x */ true"`, ""},
		{d + "UPDATE t SET a = 1 WHERE /* batch t */ true", `write "/* batch */ true"`, ""},
		{d + "UPDATE s.t SET a = 1 WHERE /* batch */ true", "2:8: the directive names table t, but the statement has another one here", ""},
		{d + "UPDATE t SET a = 1 FROM t u WHERE /* batch */ true", "2:25: the statement names t twice", ""},
		{d + "DELETE FROM t WHERE id IN (SELECT p FROM u, t) AND /* batch */ true", "the statement names t twice", ""},
		{d + "INSERT INTO t SELECT * FROM t WHERE /* batch */ true", "the statement names t twice", ""},
		{d + "INSERT INTO u SELECT * FROM a LEFT JOIN t ON true WHERE /* batch */ true", "2:41: t may be on the nullable side of an outer join", ""},
		{d + "INSERT INTO u SELECT * FROM a FULL OUTER JOIN t ON true WHERE /* batch */ true", "nullable side", ""},
		{d + "INSERT INTO u SELECT * FROM t RIGHT JOIN a ON true WHERE /* batch */ true", "nullable side", ""},
		{d + "INSERT INTO u SELECT a.* FROM a LEFT JOIN b JOIN t ON true ON true WHERE /* batch */ true", "nullable side", ""},
		{d + "INSERT INTO u SELECT a.* FROM a, b NATURAL LEFT JOIN t WHERE /* batch */ true", "nullable side", ""},
		{d + "INSERT INTO u SELECT t.* FROM a LEFT JOIN b ON true, t WHERE /* batch */ true", "", "INSERT INTO u SELECT t.* FROM a LEFT JOIN b ON true, leaf AS t WHERE (RANGE)"},
		{"-- migrate:batch \"t\"\nINSERT INTO u SELECT 1 FROM \"a\" LEFT JOIN (\"b\" JOIN \"t\" ON true) ON true WHERE /* batch */ true", "t must be in the FROM of the SELECT, outside of parentheses", ""},
		{"-- migrate:batch s.t\nINSERT INTO u SELECT 1 FROM s.a LEFT JOIN (b JOIN s.t ON true) ON true WHERE /* batch */ true", "s.t must be in the FROM of the SELECT, outside of parentheses", ""},
		{d + "INSERT INTO u SELECT * FROM t x (n, id) WHERE /* batch x */ true", "2:33: the alias of t renames its columns", ""},
		{d + "INSERT INTO u VALUES (1) UNION ALL SELECT a FROM t WHERE /* batch */ true", "UNION: batches", ""},
		{d + "INSERT INTO u (SELECT 1) EXCEPT SELECT a FROM t WHERE /* batch */ true", "EXCEPT: batches", ""},
		{d + "UPDATE t SET a = 1 FROM u JOIN v ON u.id = v.id, t t2 WHERE /* batch */ true", "the statement names t twice", ""},
		{d + "WITH y AS (UPDATE c SET n = n + 1) UPDATE t SET a = 1 WHERE /* batch */ true", "2:12: each batch would run this UPDATE of the WITH again", ""},
		{d + "WITH y AS (WITH z AS (SELECT 1) INSERT INTO c SELECT 1), m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u SELECT * FROM m", "each batch would run this INSERT of the WITH again", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u VALUES (1)", "m must be in the FROM", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u SELECT 1 FROM v", "m must be in the FROM", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u SELECT v.* FROM v LEFT JOIN m ON true", "m may be on the nullable side", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u SELECT a FROM m WHERE a = (SELECT max(a) FROM m)", "the statement names m twice", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *), n AS (SELECT count(*) FROM m) INSERT INTO u SELECT * FROM n", "m must be in the FROM", ""},
		{d + "WITH t AS (SELECT * FROM u) INSERT INTO v SELECT * FROM t WHERE /* batch */ true", "2:6: the WITH has a query named t, too", ""},
		{d + "INSERT INTO v WITH t (id) AS NOT MATERIALIZED (SELECT * FROM u) SELECT * FROM t WHERE /* batch */ true", "the WITH has a query named t, too", ""},
		{d + "INSERT INTO u SELECT a FROM t WHERE /* batch */ true GROUP BY a", "2:54: GROUP: batches would each have their own", ""},
		{d + "INSERT INTO u SELECT DISTINCT a FROM t WHERE /* batch */ true", "DISTINCT: rows of different batches", ""},
		{d + "INSERT INTO u SELECT rank() OVER (ORDER BY a) FROM t WHERE /* batch */ true", "a window function sees only the rows of a batch", ""},
		{d + "INSERT INTO u SELECT a FROM t WHERE /* batch */ true UNION SELECT 1", "UNION: batches", ""},
		{d + "INSERT INTO u SELECT a FROM t WHERE /* batch */ true ORDER BY a", "ORDER: batches", ""},
		{d + "INSERT INTO u SELECT a FROM t WHERE /* batch */ true LIMIT 3", "LIMIT: batches", ""},
		{d + "INSERT INTO u SELECT a FROM v WHERE /* batch */ true", "2:29: t must be in the FROM of the SELECT", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) SELECT * FROM m", "after WITH, only an INSERT ... SELECT", ""},
		{d + "WITH m AS (DELETE FROM t WHERE /* batch */ true RETURNING *) INSERT INTO u SELECT a FROM m GROUP BY a", "GROUP: batches", ""},
		{d + "WITH m AS (SELECT * FROM t WHERE /* batch */ true) INSERT INTO u SELECT * FROM m", "batches are possible of an UPDATE, a DELETE and an INSERT", ""},
		{d + "MERGE INTO t USING u ON /* batch */ true WHEN MATCHED THEN DELETE", "batches are possible of an UPDATE", ""},
		{d + "SELECT * FROM t WHERE /* batch */ true", "batches are possible of an UPDATE", ""},
		{d + d + "UPDATE t SET a = 1 WHERE /* batch */ true", "2:1: duplicate directive", ""},
		{"-- migrate:batch\nUPDATE t SET a = 1 WHERE /* batch */ true", "1:1: migrate:batch: it names no table; write", ""},
		{"-- migrate:batch t by\nUPDATE t SET a = 1 WHERE /* batch */ true", "a column must follow by", ""},
		{"-- migrate:batch t by a, a\nUPDATE t SET a = 1 WHERE /* batch */ true", "column a is twice", ""},
		{"-- migrate:batch t size 0\nUPDATE t SET a = 1 WHERE /* batch */ true", `size "0": a number of rows`, ""},
		{"-- migrate:batch t size 1 size 2\nUPDATE t SET a = 1 WHERE /* batch */ true", "size is there twice", ""},
		{"-- migrate:batch t pause 5\nUPDATE t SET a = 1 WHERE /* batch */ true", `pause "5": a duration`, ""},
		{"-- migrate:batch t until all\nUPDATE t SET a = 1 WHERE /* batch */ true", `only "until none" is known`, ""},
		{"-- migrate:batch t until none\nUPDATE t SET a = 1 WHERE /* batch */ true", `"until none" needs a statement that changes nothing when it has changed all`, ""},
		{"-- migrate:batch t until none\nINSERT INTO u SELECT * FROM t WHERE /* batch */ true", `"until none" needs`, ""},
		{"-- migrate:batch t until none\nINSERT INTO u SELECT * FROM t WHERE /* batch */ true ON CONFLICT DO NOTHING", "", "INSERT INTO u SELECT * FROM leaf AS t WHERE (RANGE) ON CONFLICT DO NOTHING"},
		{"-- migrate:batch t slowly\nUPDATE t SET a = 1 WHERE /* batch */ true", `unknown option "slowly"`, ""},
	} {
		b, err := batch.Of(parse(t, test.src))
		got := ""
		var wrong *batch.Error
		if errors.As(err, &wrong) {
			got = fmt.Sprintf("%d:%d: ", wrong.Pos.Line, wrong.Pos.Col) + wrong.Msg
		}
		switch {
		case test.err == "" && err != nil, test.err != "" && !strings.Contains(got, test.err):
			t.Errorf("%s\ngot  %v\nwant %s", test.src, got, test.err)
		case err != nil:
		case b == nil && test.sql != "":
			t.Errorf("%s: no batch", test.src)
		case b != nil:
			sql := b.SQL("RANGE", "leaf")
			if sql != test.sql {
				t.Errorf("%s\ngot  %s\nwant %s", test.src, sql, test.sql)
			}
			if _, err := pgquery.Parse(sql); err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
	}
}

// TestConjunct checks by PostgreSQL's parser where a mark is a term of the WHERE: of all places where a
// boolean may be in conditions, those that Of takes are those where the parser finds a conjunct.
func TestConjunct(t *testing.T) {
	const hole = "/* batch */ true"
	conditions := []string{
		"%", "a AND %", "% AND a", "a AND % AND b", "a OR %", "% OR a", "a AND % OR b", "(a OR b) AND %", "(a AND %) OR b", "(%)", "NOT %", "NOT a AND %",
		"a = %", "% = a", "a AND % = b", "a AND % IS TRUE", "a IS NOT NULL AND %", "c BETWEEN 1 AND 2 AND %", "a BETWEEN % AND b", "a BETWEEN b AND %", "c NOT BETWEEN SYMMETRIC 1 AND 2 AND %",
		"CASE WHEN a THEN % END", "EXISTS (SELECT a AS end) OR b AND %", "EXISTS (SELECT a AS case) AND %", "CASE WHEN (CASE WHEN a THEN b END) OR a THEN b END AND %", "CASE WHEN a THEN b END AND %", "CASE WHEN a AND % THEN b END", "CASE a WHEN % THEN b ELSE a END AND b", "a AND CASE WHEN a OR b THEN c BETWEEN 1 AND 2 END AND %",
		"coalesce(a, %)", "coalesce(a, b) AND %", "EXISTS (SELECT 1 WHERE %)", "a AND EXISTS (SELECT 1 WHERE a OR b) AND %", "c IN (1, 2) AND %", "a IN (b, %)", "ARRAY[a, %] IS NULL", "(ARRAY[a])[1] AND %",
		"a IS DISTINCT FROM %", "a IS DISTINCT FROM b AND %", "c > 1 AND % AND c BETWEEN 1 AND 2", "c BETWEEN (CASE WHEN a AND b THEN 1 END) AND 2 AND %", "a AND %::bool", "a AND (%)", "row(a, %) IS NULL", "% AND a OR b AND a",
	}
	for _, c := range conditions {
		sql := "UPDATE t SET n = 1 WHERE " + strings.ReplaceAll(c, "%", hole)
		_, err := batch.Of(parse(t, "-- migrate:batch t\n"+sql))
		want := isConjunct(t, "UPDATE t SET n = 1 WHERE "+strings.ReplaceAll(c, "%", "sentinel"))
		// A mark in parentheses of its own would do no harm, but is refused.
		if got := err == nil; got != want && !(want && strings.Contains(c, "(%)")) {
			t.Errorf("%s: taken: %v, a conjunct: %v (%v)", c, got, want, err)
		}
	}
}

// isConjunct reports whether the column "sentinel" is a term of the WHERE of an UPDATE.
func isConjunct(t *testing.T, sql string) bool {
	t.Helper()
	tree, err := pgquery.Parse(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	where := tree.Stmts[0].Stmt.GetUpdateStmt().WhereClause
	terms := []*pg_query.Node{where}
	if and := where.GetBoolExpr(); and != nil && and.Boolop == pg_query.BoolExprType_AND_EXPR {
		terms = and.Args
	}
	for _, term := range terms {
		if c := term.GetColumnRef(); c != nil && len(c.Fields) == 1 && c.Fields[0].GetString_().GetSval() == "sentinel" {
			return true
		}
	}
	return false
}

// TestResolve checks what the catalog decides.
func TestResolve(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(`CREATE TABLE keyed (id int PRIMARY KEY, other int NOT NULL, at date, n int, f text); CREATE INDEX ON keyed (at, n); CREATE INDEX ON keyed (f text_pattern_ops); CREATE INDEX ON keyed (n) WHERE n > 1;
CREATE TABLE bare (id int, n int); CREATE TABLE uniq (id int UNIQUE, other int NOT NULL UNIQUE, n int); CREATE TABLE sunique (id int NOT NULL, n int, UNIQUE (id) DEFERRABLE);
CREATE VIEW v AS SELECT * FROM keyed; CREATE TABLE ruled (id int PRIMARY KEY, n int); CREATE RULE r AS ON DELETE TO ruled DO INSTEAD NOTHING;
CREATE TABLE secret (id int PRIMARY KEY, n int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
CREATE TABLE parent (id int PRIMARY KEY, n int); CREATE TABLE child () INHERITS (parent);
CREATE TABLE part (id int PRIMARY KEY, n int) PARTITION BY RANGE (id); CREATE TABLE part_1 PARTITION OF part DEFAULT; CREATE TABLE part_bare (id int, n int) PARTITION BY RANGE (id);
CREATE DOMAIN real_d AS real; CREATE TABLE inexact (id real_d PRIMARY KEY, n int); CREATE TABLE generated (id int NOT NULL GENERATED ALWAYS AS (n * 2) STORED PRIMARY KEY, n int);
CREATE SCHEMA s; CREATE AGGREGATE s.total(int) (sfunc = int4pl, stype = int)`)
	conn := db.Conn()
	if _, err := conn.Exec(t.Context(), "CREATE TEMP TABLE fleeting (id int PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ table, rest, statement, err string }{
		{"keyed", "", "UPDATE keyed SET n = 1 WHERE /* batch */ true", ""},
		{"public.keyed", "", "UPDATE public.keyed SET n = 1 WHERE /* batch */ true", ""},
		{"keyed", "by at", "UPDATE keyed SET n = 1 WHERE /* batch */ true", ""},
		{"keyed", "by at, n", "DELETE FROM keyed WHERE /* batch */ true", ""},
		{"keyed", "by at, n", "UPDATE keyed SET n = 1 WHERE /* batch */ true", "the statement sets column n, which is part of the key"},
		{"keyed", "", "UPDATE keyed SET (n, id) = (1, 2) WHERE /* batch */ true", "the statement sets column id, which is part of the key"},
		{"keyed", "by missing", "DELETE FROM keyed WHERE /* batch */ true", "table keyed has no column missing"},
		{"keyed", "by other", "DELETE FROM keyed WHERE /* batch */ true", "no index of keyed begins with the key (other)"},
		{"keyed", "by f", "DELETE FROM keyed WHERE /* batch */ true", "no index of keyed begins with the key (f)"},
		{"keyed", "by n", "DELETE FROM keyed WHERE /* batch */ true", "no index of keyed begins with the key (n)"},
		{"uniq", "", "UPDATE uniq SET id = 1 WHERE /* batch */ true", ""},
		{"uniq", "", "UPDATE uniq SET other = 1 WHERE /* batch */ true", "the statement sets column other"},
		{"bare", "", "DELETE FROM bare WHERE n > 1 AND /* batch */ true", ""},
		{"bare", "", "UPDATE bare SET n = 0 WHERE n IS NULL AND /* batch */ true", ""},
		{"bare", "", "UPDATE bare SET n = id WHERE n IS DISTINCT FROM id AND /* batch */ true", ""},
		{"bare", "", "UPDATE bare SET n = id, id = id + 1 WHERE n IS DISTINCT FROM id AND /* batch */ true", "the statement might change a row again"},
		{"bare", "", "UPDATE bare SET n = n + 1 WHERE n IS DISTINCT FROM n + 1 AND /* batch */ true", "the statement might change a row again"},
		{"bare", "", "UPDATE bare SET n = k.n FROM keyed k WHERE bare.n IS DISTINCT FROM k.n AND /* batch */ true", "the statement might change a row again"},
		{"bare", "", "UPDATE bare R SET n = DEFAULT WHERE r.n IS NULL AND /* batch R */ true", ""},
		{"bare", "", "UPDATE bare SET n = NULL WHERE n IS NULL AND /* batch */ true", "the statement might change a row again"},
		{"bare", "", "UPDATE bare SET n = id WHERE n IS NULL AND /* batch */ true", "the statement might change a row again"},
		{"bare", "", "UPDATE bare SET n = n + 1 WHERE /* batch */ true", "has no primary key, and no unique index on NOT NULL columns"},
		{"bare", "", "INSERT INTO keyed (id) SELECT id FROM bare WHERE /* batch */ true", "rows could be inserted twice: add one, or name an indexed column"},
		{"sunique", "", "UPDATE sunique SET n = n + 1 WHERE /* batch */ true", "has no primary key"},
		{"part_bare", "", "DELETE FROM part_bare WHERE /* batch */ true", "change the rows of each partition"},
		{"inexact", "", "UPDATE inexact SET n = n + 1 WHERE /* batch */ true", "column id of the key has the type real_d, whose text depends on settings"},
		{"inexact", "", "DELETE FROM inexact WHERE /* batch */ true", ""},
		{"generated", "", "DELETE FROM generated WHERE /* batch */ true", ""},
		{"generated", "", "UPDATE generated SET n = n + 1 WHERE /* batch */ true", "column id of the key is generated"},
		{"fleeting", "", "DELETE FROM fleeting WHERE /* batch */ true", "fleeting is a temporary table"},
		{"missing", "", "DELETE FROM missing WHERE /* batch */ true", "table missing doesn't exist"},
		{"v", "", "DELETE FROM v WHERE /* batch */ true", "v is not a table"},
		{"ruled", "", "DELETE FROM ruled WHERE /* batch */ true", "table ruled has rules"},
		{"secret", "", "DELETE FROM secret WHERE /* batch */ true", ""},
		{"parent", "", "DELETE FROM parent WHERE /* batch */ true", "other tables inherit from parent"},
		{"parent", "", "DELETE FROM ONLY parent WHERE /* batch */ true", ""},
		{"part", "", "DELETE FROM part WHERE /* batch */ true", ""},
		{"part", "", "DELETE FROM ONLY part WHERE /* batch */ true", "ONLY part has no rows"},
		{"keyed", "", "INSERT INTO bare SELECT coalesce(sum(id), 0) FROM keyed WHERE /* batch */ true", "sum is an aggregate"},
		{"keyed", "", "INSERT INTO bare SELECT s.total(id) FROM keyed WHERE /* batch */ true", "total is an aggregate"},
		{"keyed", "", "INSERT INTO bare SELECT (SELECT sum(keyed.id)) FROM keyed WHERE /* batch */ true", "sum is an aggregate"},
		{"keyed", "", "INSERT INTO bare SELECT JSON_ARRAYAGG(f)::text::int FROM keyed WHERE /* batch */ true", "json_arrayagg is an aggregate"},
		{"keyed", "", "INSERT INTO bare SELECT abs((SELECT sum(id) FROM bare)) FROM keyed WHERE /* batch */ true", ""},
	} {
		b, err := batch.Of(parse(t, "-- migrate:batch "+test.table+" "+test.rest+"\n"+test.statement))
		if err != nil {
			t.Errorf("%s: %v", test.statement, err)
			continue
		}
		_, err = b.Resolve(t.Context(), conn)
		var refused *batch.RefusedError
		switch {
		case test.err == "" && err != nil:
			t.Errorf("%s: %v", test.statement, err)
		case test.err != "" && (!errors.As(err, &refused) || !strings.Contains(refused.Why, test.err)):
			t.Errorf("%s: got %v, want %s", test.statement, err, test.err)
		}
	}
	db.Exec("ALTER TABLE secret FORCE ROW LEVEL SECURITY") // which the owner otherwise bypasses
	b, err := batch.Of(parse(t, "-- migrate:batch secret\nDELETE FROM secret WHERE /* batch */ true"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Resolve(t.Context(), conn); err == nil || !strings.Contains(err.Error(), "row security hides rows of table secret") {
		t.Errorf("with row security: %v", err)
	}
}

// TestPartitions walks a partitioned table while its partitions change. Each row is changed once, in its own columns.
func TestPartitions(t *testing.T) {
	const create = `CREATE TABLE p (id int, n int, at int) PARTITION BY LIST (at); CREATE INDEX ON p (id);
CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2); INSERT INTO p SELECT g, 0, g % 2 + 1 FROM generate_series(1, 20) g;`
	for _, test := range []struct{ name, create, statement, between, want, err string }{
		{"key of the partitions", "", "UPDATE p SET n = n + 1, at = 3 - at WHERE /* batch */ true", "", "20 rows, n 1 to 1", ""},
		{"other order of columns", "CREATE TABLE p_0 (n int, at int, id int); INSERT INTO p_0 VALUES (0, 3, 99); ALTER TABLE p ATTACH PARTITION p_0 FOR VALUES IN (3)",
			"WITH m AS (DELETE FROM p WHERE at = 3 AND /* batch */ true RETURNING *) INSERT INTO copy SELECT * FROM m", "", "20 rows, n 0 to 0, copied (99,0,3)", ""},
		{"dropped", "", "UPDATE p SET n = n + 1 WHERE /* batch */ true", "DROP TABLE p_1", "10 rows, n 1 to 1", ""},
		{"detached", "", "UPDATE p SET n = n + 1 WHERE /* batch */ true", "ALTER TABLE p DETACH PARTITION p_1", "10 rows, n 1 to 1", ""},
		{"new trigger", "", "UPDATE p SET n = n + 1 WHERE /* batch */ true", "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER t AFTER UPDATE ON p EXECUTE FUNCTION f()", "", "walked p in another way"},
	} {
		db := pgtest.New(t)
		db.Exec(create + "CREATE TABLE copy (id int, n int, at int);" + test.create)
		conn := db.Conn()
		b, err := batch.Of(parse(t, "-- migrate:batch p by id\n"+test.statement))
		if err != nil {
			t.Fatal(err)
		}
		note := batch.Note{}
		for i := 0; ; i++ {
			if i == 1 {
				db.Exec(test.between)
			}
			var step batch.Step
			var w *batch.Walk
			if w, err = b.Resolve(t.Context(), conn); err != nil {
				break
			}
			if step, err = w.Next(t.Context(), conn, note, 4); err != nil || step.SQL == "" {
				break
			}
			tag, err := conn.Exec(t.Context(), step.SQL)
			if err != nil {
				t.Fatalf("%s: %s: %v", test.name, step.SQL, err)
			}
			note = step.Ran(tag.RowsAffected())
		}
		if test.err != "" || err != nil {
			if err == nil || test.err == "" || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: got error %v, want %q", test.name, err, test.err)
			}
			continue
		}
		var got string
		if err := conn.QueryRow(t.Context(), "SELECT format('%s rows, n %s to %s', count(*), min(n), max(n)) || coalesce((SELECT ', copied ' || string_agg(copy::text, '') FROM copy), '') FROM p").Scan(&got); err != nil || got != test.want {
			t.Errorf("%s: %s, %v, want %s", test.name, got, err, test.want)
		}
	}
}

// TestExact checks Exact against what Resolve says of each built-in type that can be a key.
func TestExact(t *testing.T) {
	conn := pgtest.New(t).Conn()
	rows, err := conn.Query(t.Context(), `SELECT format_type(t.oid, NULL) FROM pg_type t
 WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm') AND t.typrelid = 0
   AND (t.typcategory = 'A' AND t.typelem IN ('int4'::regtype, 'text'::regtype) OR t.typcategory <> 'A' AND (t.typtype <> 'b'
     OR EXISTS (SELECT FROM pg_opclass WHERE opcdefault AND opcintype = t.oid AND opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree'))
     OR t.typcategory = 'N' AND t.typname LIKE 'reg%')) ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	types, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if len(types) < 30 {
		t.Errorf("only %d types", len(types))
	}
	b, err := batch.Of(parse(t, "-- migrate:batch k\nUPDATE k SET n = n + 1 WHERE /* batch */ true"))
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range types {
		if _, err := conn.Exec(t.Context(), "CREATE TABLE k (id "+typ+" PRIMARY KEY, n int)"); err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		_, err := b.Resolve(t.Context(), conn)
		if exact := err == nil; exact != batch.Exact(typ) {
			t.Errorf("Exact(%s) is %v, and Resolve says %v", typ, batch.Exact(typ), err)
		}
		if _, err := conn.Exec(t.Context(), "DROP TABLE k"); err != nil {
			t.Fatal(err)
		}
	}
	t.Attr("key-types", fmt.Sprint(len(types)))
}

// TestNotValidKey walks along a key that is NOT NULL and NOT VALID, so that rows may still have NULLs.
func TestNotValidKey(t *testing.T) {
	pgtest.Versions(t, "18-")
	db := pgtest.New(t)
	db.Exec("CREATE TABLE t (id int UNIQUE, n int); INSERT INTO t SELECT nullif(i, 7) FROM generate_series(1, 10) i; ALTER TABLE t ADD NOT NULL id NOT VALID")
	stmts, err := pgsql.Split("-- migrate:batch t by id\nDELETE FROM t WHERE /* batch */ true;\n")
	if err != nil {
		t.Fatal(err)
	}
	conn := db.Conn()
	if err := pgtest.Run(t.Context(), conn, stmts[0], 3); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&left); err != nil || left > 0 {
		t.Errorf("%d rows are left: %v", left, err)
	}
}
