package lint_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestReadSizes(t *testing.T) {
	db := pgtest.New(t)
	db.Exec(`CREATE SCHEMA "Odd One";
CREATE TABLE "Odd One"."A.b" AS SELECT i FROM generate_series(1, 10000) i;
CREATE TABLE empty (x int);
CREATE TABLE parts (x int) PARTITION BY RANGE (x);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (5000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (5000) TO (20000) PARTITION BY RANGE (x);
CREATE TABLE parts_2_1 PARTITION OF parts_2 FOR VALUES FROM (5000) TO (20000);
INSERT INTO parts SELECT i FROM generate_series(1, 10000) i;
CREATE TABLE mother (x int);
CREATE TABLE child () INHERITS (mother);
INSERT INTO child SELECT i FROM generate_series(1, 10000) i;
ANALYZE;
CREATE TABLE unknown WITH (autovacuum_enabled = false) AS SELECT i FROM generate_series(1, 10) i`)
	sizes, err := lint.ReadSizes(context.Background(), db.Conn())
	if err != nil {
		t.Fatal(err)
	}
	if s := sizes[`"Odd One"."A.b"`]; s.Rows != 10000 || s.Bytes < 300_000 || s.Bytes > 1_000_000 {
		t.Errorf("%+v", s)
	}
	if s := sizes["public.empty"]; s.Rows != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
	if s := sizes["public.unknown"]; s.Rows != -1 || s.Bytes != 8192 || s.String() != "8 kB" {
		t.Errorf("%+v", s)
	}
	if s, one := sizes["public.parts"], sizes["public.parts_1"]; s.Rows != 10000 || one.Rows != 4999 || s.Bytes != one.Bytes+sizes["public.parts_2"].Bytes {
		t.Errorf("%+v, of them %+v", s, one)
	}
	if s, child := sizes["public.mother"], sizes["public.child"]; s != child || child.Rows != 10000 {
		t.Errorf("%+v, %+v", s, child)
	}
	if len(sizes) != 9 {
		t.Errorf("%d tables: %+v", len(sizes), sizes)
	}
	back, err := lint.ParseSizes(sizes.Snapshot())
	if diff := cmp.Diff(sizes, back); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if !bytes.Equal(sizes.Snapshot(), back.Snapshot()) {
		t.Error("the snapshots differ")
	}
}

func TestSnapshot(t *testing.T) {
	sizes := lint.Sizes{"public.b": {Bytes: 1, Rows: -1}, `"A".a`: {Bytes: 8192, Rows: 3}}
	const want = "{\"tables\": [\n  {\"name\":\"\\\"A\\\".a\",\"bytes\":8192,\"rows\":3},\n  {\"name\":\"public.b\",\"bytes\":1}\n]}\n"
	if got := string(sizes.Snapshot()); got != want {
		t.Error(got)
	}
	for text, want := range map[string]string{
		"":                            "not a snapshot of sizes: EOF",
		"{}":                          "not a snapshot of sizes: it has no tables",
		`{"tables": []} {}`:           "not a snapshot of sizes: it has more than one value",
		`{"tables": [], "x": 1}`:      `not a snapshot of sizes: json: unknown field "x"`,
		`{"tables": [{"bytes": 1}]}`:  "a table has no name",
		`{"tables": [{"name": "a"}]}`: "table a has no size, or a negative one",
		`{"tables": [{"name": "a", "bytes": -1}]}`:                           "table a has no size, or a negative one",
		`{"tables": [{"name": "a", "bytes": 1}, {"name": "a", "bytes": 2}]}`: "table a is listed twice",
	} {
		if _, err := lint.ParseSizes([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
	if sizes, err := lint.ParseSizes((lint.Sizes{}).Snapshot()); len(sizes) != 0 || err != nil {
		t.Error(sizes, err)
	}
}

// TestSmall has tables of known sizes. Blocking a small one is a warning.
func TestSmall(t *testing.T) {
	const before = `CREATE TABLE small (id bigint PRIMARY KEY, a int, b text);
CREATE TABLE big (id bigint PRIMARY KEY, a int, b text, small_id bigint);
CREATE TABLE unknown (id bigint PRIMARY KEY, a int);
CREATE SCHEMA "Odd.s";
CREATE TABLE "Odd.s"."T" (id bigint PRIMARY KEY, a int);
CREATE TABLE parts (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE part (id int, at date NOT NULL, CONSTRAINT bounds CHECK (at >= '2026-01-01' AND at < '2027-01-01'));
CREATE TABLE lone (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE leaves (id int, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE leaves_1 PARTITION OF leaves FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE leaves_2 PARTITION OF leaves FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE below (id bigint, a int);
CREATE VIEW view AS SELECT * FROM below;
CREATE TABLE fires (id bigint);
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO small SELECT id FROM big; RETURN NEW; END $$;
CREATE TRIGGER fires BEFORE INSERT ON fires FOR EACH STATEMENT EXECUTE FUNCTION fire();
CREATE FUNCTION heavy() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE FUNCTION "Heavy f"(int) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint';
`
	const mega = 1 << 20
	sizes := lint.Sizes{
		"public.small": {Bytes: mega, Rows: 10}, "public.big": {Bytes: 100 * mega, Rows: 1000000}, `"Odd.s"."T"`: {Bytes: 0, Rows: -1},
		"public.parts": {Bytes: 200 * mega, Rows: 5}, "public.parts_1": {Bytes: mega, Rows: 5}, "public.part": {Bytes: 300 * mega, Rows: 1}, "public.lone": {Bytes: 0, Rows: 0},
		"public.leaves": {Bytes: mega, Rows: 5}, "public.leaves_1": {Bytes: mega, Rows: 5}, "public.leaves_2": {Bytes: 0, Rows: 0}, "public.fires": {Bytes: 0, Rows: 0}, "public.below": {Bytes: 0, Rows: 0},
	}
	const because = "; it is only a warning because small is smaller than lint.small (10 MB)"
	for _, test := range []struct{ name, sql, want string }{
		{"small", "CREATE INDEX i ON small (a);", "warning create-index-blocking small"},
		{"big", "CREATE INDEX i ON big (a);", "error create-index-blocking big"},
		{"unknown", "CREATE INDEX i ON unknown (a);", "error create-index-blocking unknown"},
		{"odd name", `CREATE INDEX i ON "Odd.s"."T" (a);`, `warning create-index-blocking "Odd.s"."T"`},
		{"a small one's key to a big one", "ALTER TABLE small ADD FOREIGN KEY (id) REFERENCES big;", "warning add-fk-validating small; warning constraint-may-fail-on-data small"},
		{"a big one's key to a small one", "ALTER TABLE big ADD FOREIGN KEY (small_id) REFERENCES small;", "error add-fk-validating big; warning constraint-may-fail-on-data big"},
		{"not blocking", "DROP TABLE small;\nTRUNCATE unknown;", "error drop-table small; error truncate-table unknown"},
		{"breaking", "ALTER TABLE small DROP COLUMN a;", "error drop-column small"},
		{"a small one is blocked while a big one is read", "CREATE INDEX i ON small (a);\nCREATE INDEX j ON big (a);", "error create-index-blocking small; error create-index-blocking big"},
		{"a small one is blocked after a big one was read", "CREATE INDEX j ON big (a);\nCREATE INDEX i ON small (a);", "error create-index-blocking big; warning create-index-blocking small"},
		{"big one read in a block", "DO $$ BEGIN CREATE INDEX i ON small (a); PERFORM count(*) FROM big; END $$;", "error create-index-blocking small"},
		{"without a transaction", "-- atlas:txmode none\n\nCREATE INDEX i ON small (a);\nCREATE INDEX j ON big (a);", "warning create-index-blocking small; error create-index-blocking big"},
		{"a large partition", "CREATE INDEX i ON parts (id);", "error create-index-on-partitioned parts"},
		{"a small partition", "CREATE INDEX i ON parts_1 (id);", "warning create-index-blocking parts_1"},
		{"names exchanged", "ALTER TABLE small RENAME TO x;\nALTER TABLE big RENAME TO small;\nCREATE INDEX i ON small (a);",
			"error replaced-object small; error rename-table big; error create-index-blocking small; error work-while-access-exclusive x"},
		{"a large partition attached", "ALTER TABLE lone ATTACH PARTITION part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\nCREATE INDEX i ON lone (id);", "error create-index-on-partitioned lone; error work-while-access-exclusive part"},
		{"filled by the change", "INSERT INTO small SELECT id FROM big;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled by a WITH clause", "WITH x AS (INSERT INTO small SELECT id FROM big RETURNING id) SELECT * FROM x;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled by a block", "DO $$ BEGIN INSERT INTO small SELECT id FROM big; END $$;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled through a view", "INSERT INTO view SELECT id FROM big;\nCREATE INDEX i ON below (a);", "error create-index-blocking below"},
		{"filled by a prepared statement", "PREPARE p AS INSERT INTO small SELECT id FROM big;\nEXECUTE p;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled by a trigger", "INSERT INTO fires VALUES (1);\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled by a block that computes", "DO $$ BEGIN EXECUTE 'INSERT INTO sm' || 'all SELECT id FROM big'; END $$;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled by a branch that computes", "DO $$ BEGIN IF EXISTS (SELECT FROM fires) THEN EXECUTE 'INSERT INTO sm' || 'all SELECT id FROM big'; END IF; END $$;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"filled by a branch, through a view", "DO $$ BEGIN IF EXISTS (SELECT FROM fires) THEN INSERT INTO view SELECT id FROM big; END IF; END $$;\nCREATE INDEX i ON below (a);", "error create-index-blocking below"},
		{"filled by a branch's trigger", "DO $$ BEGIN IF EXISTS (SELECT FROM fires) THEN INSERT INTO fires VALUES (1); END IF; END $$;\nCREATE INDEX i ON small (a);", "error create-index-blocking small"},
		{"another one filled by a branch", "DO $$ BEGIN IF EXISTS (SELECT FROM small) THEN INSERT INTO leaves_1 SELECT 1, now(); END IF; END $$;\nCREATE INDEX i ON small (a);", "warning create-index-blocking small"},
		{"its partitioned table filled", "INSERT INTO leaves SELECT id, now() FROM big;\nCREATE INDEX i ON leaves_1 (id);", "error create-index-blocking leaves_1"},
		{"its partition filled", "INSERT INTO leaves_1 SELECT id, '2025-02-02' FROM big;\nCREATE INDEX i ON leaves (id);", "error create-index-on-partitioned leaves"},
		{"rows moved to it", "UPDATE leaves SET at = '2026-02-02' WHERE id = 1;\nCREATE INDEX i ON leaves_2 (id);", "error create-index-blocking leaves_2"},
		{"another partition filled", "INSERT INTO leaves_1 SELECT id, '2025-02-02' FROM big;\nCREATE INDEX i ON leaves_2 (id);", "warning create-index-blocking leaves_2"},
		{"altered before", "ALTER TABLE small ADD c int;\nCREATE INDEX i ON small (a);", "warning create-index-blocking small; warning work-while-access-exclusive small"},
		{"rewritten before", "-- atlas:txmode none\n\nALTER TABLE small ALTER b TYPE bytea USING convert_to(repeat(b, 1000000), 'UTF8');\nCREATE INDEX i ON small (a);", "warning type-change-rewrite small; error lossy-type-change small; error cast-may-fail small; error create-index-blocking small"},
		{"sleep", "CREATE INDEX i ON small (a);\nSELECT pg_sleep(0);", "error create-index-blocking small"},
		{"sleep before", "SELECT pg_sleep(0);\nCREATE INDEX i ON small (a);", "warning create-index-blocking small"},
		{"sleep in another transaction", "-- atlas:txmode none\n\nCREATE INDEX i ON small (a);\nSELECT pg_sleep(0);", "warning create-index-blocking small"},
		{"sleep in a branch", "DO $$ BEGIN IF EXISTS (SELECT FROM fires) THEN CREATE INDEX i ON small (a); EXECUTE 'SELECT pg_sleep(1)'; END IF; END $$;", "error create-index-blocking small"},
		{"a function", "CREATE INDEX i ON small (a);\nSELECT public . HEAVY ();", "error create-index-blocking small"},
		{"a prepared function", "PREPARE p AS SELECT heavy();\nCREATE INDEX i ON small (a);\nEXECUTE p;", "error create-index-blocking small"},
		{"PostgreSQL's own function", "CREATE INDEX i ON small (a);\nSELECT now(), count(*) FROM small;", "warning create-index-blocking small"},
		{"a function that is created", "CREATE INDEX i ON small (a);\nCREATE OR REPLACE FUNCTION heavy() RETURNS bigint LANGUAGE sql AS 'SELECT 2::bigint';", "warning create-index-blocking small"},
		{"an index of a function", `CREATE INDEX i ON small ("Heavy f"(a));`, "error create-index-blocking small"},
		{"many rows", "CREATE INDEX i ON small (a);\nINSERT INTO leaves_1 SELECT i, '2025-02-02' FROM generate_series(1, 2) i;", "error create-index-blocking small"},
		{"locked, then sleep", "LOCK TABLE small;\nSELECT pg_sleep(0);", "error explicit-lock-table small"},
		{"locked, then a count", "LOCK TABLE small;\nSELECT count(*) FROM small;", "warning explicit-lock-table small; warning work-while-access-exclusive small"},
		{"a default by a function", "ALTER TABLE small ADD n bigint DEFAULT heavy();", "error add-column-volatile-default small"},
		{"a default by PostgreSQL's own function", "ALTER TABLE small ADD n timestamptz DEFAULT clock_timestamp();", "warning add-column-volatile-default small"},
		{"a big one read in a branch", "CREATE INDEX i ON small (a);\nDO $$ BEGIN IF EXISTS (SELECT FROM fires) THEN PERFORM count(*) FROM big; END IF; END $$;", "error create-index-blocking small"},
		{"a small one read in a branch", "CREATE INDEX i ON small (a);\nDO $$ BEGIN IF EXISTS (SELECT FROM fires) THEN PERFORM count(*) FROM leaves; END IF; END $$;", "warning create-index-blocking small"},
		{"small one changed while a small one is locked", "ALTER TABLE small ADD c int;\nUPDATE small SET a = 1 WHERE b = 'x';", "warning work-while-access-exclusive small"},
		{"small one changed while a big one is locked", "ALTER TABLE big ADD c int;\nUPDATE small SET a = 1 WHERE b = 'x';", "warning work-while-access-exclusive big"},
		{"big one changed while a small one is locked", "ALTER TABLE small ADD c int;\nUPDATE big SET a = 1 WHERE b = 'x';", "error work-while-access-exclusive small"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			root := folder(t, map[string]string{first: before, second: test.sql})
			r := mustRun(t, root, lint.Config{Latest: 1, Sizes: sizes, Policy: lint.Policy{Small: 10 * mega}})
			var got []string
			for _, f := range r.Files {
				for _, d := range f.Diagnostics {
					got = append(got, fmt.Sprintf("%s %s %s", d.Severity, d.Name, d.Table))
					if said := strings.Contains(d.Text, "only a warning because"); said != (d.Severity == lint.Warning && d.Name != "constraint-may-fail-on-data") {
						t.Error(d.Text)
					}
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "; ")); diff != "" {
				t.Error(diff)
			}
			if test.name == "small" {
				if d := r.Files[0].Diagnostics[0]; !strings.HasSuffix(d.Text, because) || *d.Size != sizes["public.small"] {
					t.Error(d.Text, d.Size)
				}
				if e := r.Files[0].Statements[0].Effects[0]; *e.Size != sizes["public.small"] {
					t.Error(e)
				}
			}
			for _, f := range mustRun(t, root, lint.Config{Latest: 1, Sizes: sizes}).Files {
				for _, d := range f.Diagnostics {
					if strings.Contains(d.Text, "only a warning") {
						t.Error("without the setting:", d.Text)
					}
				}
			}
		})
	}
}

// TestMostRows has a database with statistics, and a snapshot of its sizes.
func TestMostRows(t *testing.T) {
	const tables = `CREATE TABLE big (id bigint PRIMARY KEY, a int, b text, c text NOT NULL);
CREATE TABLE few (id bigint PRIMARY KEY, a int);
CREATE SCHEMA "Odd";
CREATE TABLE "Odd"."Big" ("Id" bigint, "A b" int);
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE more (id bigint, s state, ok bool, n int, m int);
CREATE TABLE parts (id int NOT NULL, x int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100000);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (100000) TO (1000000);
CREATE FUNCTION yes() RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM nextval('called'); RETURN true; END $$;
CREATE FUNCTION evil(big) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT yes()';
CREATE FUNCTION equal(bigint, bigint) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT yes()';
CREATE OPERATOR === (FUNCTION = equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR < (FUNCTION = equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE FUNCTION "Odd".lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT yes()::text';
CREATE DOMAIN checked AS int CHECK (VALUE > 0 AND yes());
CREATE SEQUENCE called;
`
	db := pgtest.New(t)
	db.Exec(tables + `INSERT INTO big SELECT i, CASE WHEN i % 10 = 0 THEN 1 END, CASE WHEN i % 10 = 0 THEN 'x' ELSE 'y' END, 'z' FROM generate_series(1, 120000) i;
INSERT INTO few SELECT i, i FROM generate_series(1, 10) i;
INSERT INTO "Odd"."Big" SELECT i, 1 FROM generate_series(1, 120000) i;
INSERT INTO more SELECT i, CASE WHEN i % 10 = 0 THEN 'new' ELSE 'old' END::state, i % 10 > 0, i, 1 FROM generate_series(1, 120000) i;
INSERT INTO parts SELECT i, i % 10 FROM generate_series(1, 120000) i;
ALTER TABLE more ALTER m SET STATISTICS 0;
ANALYZE big, few, "Odd"."Big", more, parts`)
	sizes, err := lint.ReadSizes(t.Context(), db.Conn())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, sql, live, snapshot string }{ // "-" for no run with the snapshot
		{"most have the value", "UPDATE big SET c = 'q' WHERE b = 'y';", "error big", ""},
		{"few have the value", "UPDATE big SET c = 'q' WHERE b = 'x';", "", ""},
		{"most are NULL", "UPDATE big SET a = 0 WHERE a IS NULL;", "error big", "warning big"},
		{"few aren't NULL", "DELETE FROM big WHERE a IS NOT NULL;", "", "warning big"},
		{"most are another", "DELETE FROM big WHERE b <> 'x';", "error big", "warning big"},
		{"few are another", "DELETE FROM big WHERE b <> 'y';", "", "warning big"},
		{"an alias", "UPDATE big AS g SET c = 'q' WHERE g.id > 5 AND g.b = 'y';", "error big", ""},
		{"a range", "DELETE FROM big WHERE id BETWEEN 1 AND 1000;", "", ""},
		{"a large range", "DELETE FROM big WHERE id > 1000;", "error big", ""},
		{"one row", "DELETE FROM big WHERE id = 7;", "", ""},
		{"in a transaction with DDL", "ALTER TABLE big ADD d int;\nUPDATE big SET d = 1 WHERE b = 'y';", "error big", ""},
		{"with a new column", "ALTER TABLE big ADD d int;\nUPDATE big SET d = 1 WHERE d IS DISTINCT FROM 1 AND b <> 'x';", "warning big", "warning big"},
		{"after a rename", "ALTER TABLE big RENAME TO huge;\nUPDATE huge SET c = 'q' WHERE huge.b = 'y';", "error huge", ""},
		{"odd names", `UPDATE "Odd"."Big" SET "Id" = 1 WHERE "A b" = 1;`, `error "Odd"."Big"`, ""},
		{"in a WITH clause", "WITH x AS (DELETE FROM big WHERE b <> 'x' RETURNING 1) SELECT count(*) FROM x;", "warning big", "warning big"},
		{"in a block", "DO $$ BEGIN DELETE FROM big WHERE b <> 'x'; END $$;", "warning big", "warning big"},
		{"by another table", "UPDATE big SET c = 'q' FROM few WHERE few.id = big.id;", "", ""},
		{"a function", "DELETE FROM big WHERE yes() AND id > 0;", "", ""},
		{"a function by attribute notation", "DELETE FROM big WHERE (NULL::big).evil AND b <> 'x';", "", "-"},
		{"a function of the row", "DELETE FROM big WHERE big.evil AND b <> 'x';", "", "-"},
		{"an operator", "DELETE FROM big WHERE 1::bigint === 2 OR b <> 'x';", "warning big", "-"},
		{"an operator named with its schema", "DELETE FROM big WHERE id OPERATOR(public.<) 2 OR b <> 'x';", "warning big", "-"},
		{"an operator like PostgreSQL's", "DELETE FROM big WHERE id < 2;", "", "-"},
		{"a function like PostgreSQL's", `DELETE FROM big WHERE b <> "Odd".lower('x');`, "warning big", "-"},
		{"a cast", "DELETE FROM big WHERE a <> '1'::checked;", "warning big", "-"},
		{"a typed constant", "DELETE FROM big WHERE a <> checked '1';", "warning big", "-"},
		{"a table as a list", "DELETE FROM big WHERE id NOT IN (TABLE few);", "warning big", "-"},
		{"text that ends a constant elsewhere", `DELETE FROM big WHERE b <> 'x\' AND c <> ' OR yes() --';`, "error big", "-"},
		{"an expression", "DELETE FROM big WHERE id + 0 > 0;", "", "-"},
		{"a call with a default", "UPDATE big SET a = 0 WHERE coalesce(a, 0) = 0;", "", "-"},
		{"parentheses and NOT", "DELETE FROM big WHERE NOT (a = 1 OR (b LIKE 'x%' AND NOT id < 0)) OR a IS NULL;", "error big", "-"},
		{"a list", "DELETE FROM big WHERE b NOT IN ('x', 'z');", "error big", "-"},
		{"a list of few", "DELETE FROM big WHERE id IN (1, -2, +3) OR id NOT BETWEEN -5 AND 200000;", "", "-"},
		{"a pattern", "DELETE FROM big WHERE b LIKE 'y%';", "error big", "-"},
		{"an enum", "DELETE FROM more WHERE s = 'old';", "error more", "-"},
		{"a boolean", "DELETE FROM more WHERE ok = TRUE;", "error more", "-"},
		{"a column without statistics", "DELETE FROM more WHERE m <> 7;", "warning more", "-"},
		{"partitions", "DELETE FROM parts WHERE x > 1;", "error parts", "-"},
		{"a partition is written before", "UPDATE parts_2 SET x = 1 WHERE id = 100000;\nDELETE FROM parts WHERE x <> 11;", "warning parts", "-"},
		{"a partition is detached before", "ALTER TABLE parts DETACH PARTITION parts_1;\nDELETE FROM parts WHERE x <> 11;", "warning parts", "-"},
		{"columns exchanged", "ALTER TABLE more RENAME n TO o;\nALTER TABLE more RENAME id TO n;\nDELETE FROM more WHERE n <> 1;", "warning more", "-"},
		{"a column replaced", "ALTER TABLE big DROP COLUMN a;\nALTER TABLE big ADD a int DEFAULT 5;\nDELETE FROM big WHERE a IS NOT NULL;", "warning big", "-"},
		{"a column of another type", "ALTER TABLE big ALTER a TYPE bigint;\nDELETE FROM big WHERE a IS NOT NULL;", "warning big", "-"},
		{"rows changed before", "UPDATE big SET a = 1 WHERE id < 10;\nDELETE FROM big WHERE a IS NOT NULL;", "warning big", "-"},
		{"rows changed before in a block", "DO $$ BEGIN UPDATE big SET a = 1 WHERE id < 10; END $$;\nDELETE FROM big WHERE a IS NOT NULL;", "warning big", "-"},
		{"rows changed before in a branch", "DO $$ BEGIN IF EXISTS (SELECT FROM few) THEN UPDATE big SET a = 1 WHERE id < 10; END IF; END $$;\nDELETE FROM big WHERE a IS NOT NULL;", "warning big", "-"},
		{"rows changed before without a transaction", "-- atlas:txmode none\n\nUPDATE big SET a = 1 WHERE id < 10;\nDELETE FROM big WHERE a IS NOT NULL;", "warning big", "-"},
		{"a subquery", "DELETE FROM big WHERE id NOT IN (SELECT id FROM few);", "", ""},
		{"a small table", "DELETE FROM few WHERE a IS NOT NULL;", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := folder(t, map[string]string{first: tables, second: test.sql})
			for name, cfg := range map[string]lint.Config{test.live: {Estimate: lint.Estimator(db.Conn())}, test.snapshot + " by form": {}} {
				if name == "- by form" {
					continue
				}
				cfg.Latest, cfg.Sizes = 1, sizes
				var got []string
				for _, f := range mustRun(t, root, cfg).Files {
					for _, d := range f.Diagnostics {
						if d.Name == "most-rows-changed" {
							got = append(got, fmt.Sprintf("%s %s", d.Severity, d.Table))
							if said := strings.Contains(d.Text, "; the database couldn't estimate how many"); said != (d.Severity == lint.Warning && cfg.Estimate != nil) {
								t.Error(d.Text)
							}
							if estimated := strings.Contains(d.Text, "by the database's statistics"); estimated != (d.Severity == lint.Error) || !strings.Contains(d.Text, "120,000 rows") {
								t.Error(d.Text)
							}
						}
					}
				}
				if want := strings.TrimSuffix(name, " by form"); strings.Join(got, "; ") != want {
					t.Errorf("%q, not %q: %v", got, want, cfg.Estimate != nil)
				}
			}
		})
	}
	var called bool
	if err := db.Conn().QueryRow(t.Context(), "SELECT is_called FROM called").Scan(&called); err != nil || called {
		t.Error("lint called a function of the database", err)
	}

	// Row security could hide rows from the planner, and the role may not read the column.
	url := db.Login("pw", "NOINHERIT")
	reader, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close(context.Background()) }()
	root := folder(t, map[string]string{first: tables, second: "DELETE FROM big WHERE a IS NULL;"})
	role := pgsql.Ident(reader.Config().User)
	check := func(what string, want lint.Severity) {
		t.Helper()
		r := mustRun(t, root, lint.Config{Latest: 1, Sizes: sizes, Estimate: lint.Estimator(reader)})
		if len(r.Files) != 1 || r.Files[0].Diagnostics[0].Severity != want {
			t.Error(what, findings(r))
		}
	}
	check("without rights", lint.Warning)
	db.Exec("GRANT SELECT ON big TO " + role)
	check("with rights", lint.Error)
	db.Exec("ALTER TABLE big ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON big USING (id < 5)")
	check("with row security", lint.Warning)
	_ = reader.Close(t.Context())
	if _, err := run(t, root, lint.Config{Latest: 1, Sizes: sizes, Estimate: lint.Estimator(reader)}); err == nil || !strings.HasPrefix(err.Error(), "estimating how many rows of table public.big match: ") {
		t.Error("without a connection:", err)
	}
}
