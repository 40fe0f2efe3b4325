package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// Pairs of scripts whose databases are the same.
var sames = []struct {
	name string
	a, b string
}{
	{"nothing", ``, `CREATE TABLE t (a int); DROP TABLE t`},
	{"column order", `CREATE TABLE t (a int, b text)`, `CREATE TABLE t (b text); ALTER TABLE t ADD a int`},
	{"dropped columns", `CREATE TABLE t (a int)`, `CREATE TABLE t (x int, a int); ALTER TABLE t DROP x`},
	{"object identifiers", `CREATE TABLE t (a int)`, `CREATE TABLE u (); DROP TABLE u; CREATE TABLE t (a int)`},
	{"order of creation", `CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a)`,
		`CREATE TABLE u (a int); CREATE TABLE t (a int); CREATE INDEX j ON t (a); CREATE INDEX i ON t (a)`},
	{"owner", `CREATE TABLE t (a int)`, `CREATE TABLE t (a int); ALTER TABLE t OWNER TO pg_monitor`},
	{"privileges", `CREATE TABLE t (a int)`, `CREATE TABLE t (a int); GRANT SELECT ON t TO public; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public`},
	{"now() and CURRENT_TIMESTAMP", `CREATE TABLE t (a timestamptz DEFAULT now(), CHECK (a < now()))`, `CREATE TABLE t (a timestamptz DEFAULT CURRENT_TIMESTAMP, CHECK (a < CURRENT_TIMESTAMP))`},
	{"AT TIME ZONE and timezone()", `CREATE TABLE t (a timestamp DEFAULT (now() AT TIME ZONE 'utc'))`, `CREATE TABLE t (a timestamp DEFAULT timezone('utc', CURRENT_TIMESTAMP))`},
	{"type aliases", `CREATE TABLE t (a int4, b varchar, c timestamptz, d decimal, e bool, f float)`,
		`CREATE TABLE t (a integer, b character varying, c timestamp with time zone, d numeric, e boolean, f double precision)`},
	{"casts", `CREATE TABLE t (a varchar(9) DEFAULT 'x' CHECK (a IN ('x', 'y')))`, `CREATE TABLE t (a varchar(9) DEFAULT 'x'::character varying CHECK (a::text = ANY (ARRAY['x'::varchar, 'y'::varchar]::text[])))`},
	{"folded names", `CREATE TABLE T (A int)`, `CREATE TABLE "t" ("a" int)`},
	{"search_path", `CREATE SCHEMA app; SET LOCAL search_path = app; CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (a m DEFAULT 'a'); CREATE VIEW v AS SELECT a FROM t`,
		`CREATE SCHEMA app; CREATE TYPE app.m AS ENUM ('a'); CREATE TABLE app.t (a app.m DEFAULT 'a'::app.m); CREATE VIEW app.v AS SELECT t.a FROM app.t`},
	{"names of NOT NULL constraints", `CREATE TABLE t (a int NOT NULL)`, `CREATE TABLE t (a int CONSTRAINT c NOT NULL)`},
	{"NOT NULL in two steps", `CREATE TABLE t (a int NOT NULL)`, `CREATE TABLE t (a int); ALTER TABLE t ALTER a SET NOT NULL`},
	{"a key by its index", `CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY)`, `CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX i ON t (a); ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY USING INDEX i`},
	{"serial", `CREATE TABLE t (a serial)`, `CREATE SEQUENCE t_a_seq AS int; CREATE TABLE t (a int NOT NULL DEFAULT nextval('t_a_seq')); ALTER SEQUENCE t_a_seq OWNED BY t.a`},
	{"an identity's sequence", `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)`, `CREATE TABLE u (a int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME other)); ALTER TABLE u RENAME TO t`},
	{"a sequence's value", `CREATE SEQUENCE s`, `CREATE SEQUENCE s; SELECT nextval('s'), nextval('s')`},
	{"rows and statistics", `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, `CREATE TABLE t (a int); CREATE INDEX i ON t (a); INSERT INTO t SELECT generate_series(1, 9); ANALYZE t`},
	{"a view's spelling", `CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t WHERE a > 1`, `CREATE TABLE t (a int); CREATE VIEW v (a) AS SELECT public.t.a FROM public.t WHERE (t.a > 1);`},
	{"a materialized view's rows", `CREATE MATERIALIZED VIEW v AS SELECT 1 AS a`, `CREATE MATERIALIZED VIEW v AS SELECT 1 AS a WITH NO DATA`},
	{"order of storage parameters", `CREATE TABLE t (a int) WITH (fillfactor = 50, autovacuum_enabled = off)`, `CREATE TABLE t (a int) WITH (autovacuum_enabled = off, fillfactor = 50)`},
	{"temporary objects", `CREATE TABLE t (a int)`, `CREATE TABLE t (a int); CREATE TEMP TABLE tmp (a int PRIMARY KEY, b serial); CREATE TEMP VIEW v AS SELECT a FROM tmp`},
	{"a partition attached", `CREATE TABLE p (a int NOT NULL CHECK (a > 0), b text) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT`,
		`CREATE TABLE p (a int NOT NULL CHECK (a > 0), b text) PARTITION BY LIST (a); CREATE TABLE t (b text, a int NOT NULL CONSTRAINT p_a_check CHECK (a > 0)); ALTER TABLE p ATTACH PARTITION t DEFAULT`},
	{"a partitioned table's index, part by part", `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT; CREATE INDEX i ON p (a)`,
		`CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT; CREATE INDEX i ON ONLY p (a); CREATE INDEX t_a_idx ON t (a); ALTER INDEX i ATTACH PARTITION t_a_idx`},
	{"triggers of partitions", triggerFunction + `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT; CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f()`,
		triggerFunction + `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f(); CREATE TABLE t PARTITION OF p DEFAULT`},
	{"the record", ``, `CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY); COMMENT ON TABLE alembic_version IS 'x';
		CREATE TABLE atlas_schema_revisions (version varchar PRIMARY KEY, n serial); CREATE INDEX i ON atlas_schema_revisions (n); COMMENT ON COLUMN atlas_schema_revisions.n IS 'x'`},
}

func TestSame(t *testing.T) {
	conn := superuser(t)
	after := func(sql string) catalog.Catalog {
		exec(t, conn, "BEGIN")
		defer exec(t, conn, "ROLLBACK")
		exec(t, conn, sql)
		return read(t, conn, catalog.Options{})
	}
	for _, tc := range sames {
		t.Run(tc.name, func(t *testing.T) {
			if d := cmp.Diff(after(tc.a).Lines(), after(tc.b).Lines()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	db := pgtest.New(t)
	got := read(t, db.Conn(), catalog.Options{})
	if !got.Equal(catalog.Catalog{}) {
		t.Errorf("an empty database has\n%s", got)
	}
	if d := catalog.Diff(got, catalog.Catalog{}); len(d) != 0 {
		t.Errorf("differences: %v", d)
	}
}

// everything creates objects of each kind that an owner can create, with names that need quotes.
const everything = `
CREATE SCHEMA "Sch.ema: x";
SET search_path = "Sch.ema: x", public;
CREATE TYPE mood AS ENUM ('sad', 'it''s', E'back\\slash', E'new\nline');
CREATE DOMAIN positive AS int DEFAULT 1 CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, "b: c" text COLLATE "C");
CREATE TYPE float_range AS RANGE (subtype = float8);
CREATE TABLE "Ta""ble
two" (
  id bigint GENERATED ALWAYS AS IDENTITY (START 10 CACHE 5) PRIMARY KEY,
  "select" text COLLATE "C" NOT NULL DEFAULT E'a\tb\\c' UNIQUE,
  a_name_of_exactly_63_bytes_which_is_the_longest_that_there_is_x mood[] DEFAULT '{sad}',
  created timestamptz DEFAULT CURRENT_TIMESTAMP, day date DEFAULT '2020-01-31', span interval DEFAULT '1 day 2 hours', ratio float8 DEFAULT 0.1, raw bytea DEFAULT '\x00ff',
  data jsonb, n positive, doubled int GENERATED ALWAYS AS (n * 2) STORED, p pair,
  kind varchar(20) DEFAULT 'a' CHECK (kind IN ('a', 'b', 'it''s, [x]')),
  CHECK (created > '2020-01-01 00:00+00' AND span < '1 year')
);
CREATE INDEX "in.dex" ON "Ta""ble
two" ((data ->> 'it''s'), "select" DESC) INCLUDE (n) WITH (fillfactor = 70) WHERE n > 3;
CREATE INDEX ON "Ta""ble
two" USING gin (data jsonb_path_ops);
COMMENT ON TABLE "Ta""ble
two" IS E'two\nlines';
COMMENT ON COLUMN "Ta""ble
two"."select" IS 'x';
CREATE TABLE child (id serial, parent bigint REFERENCES "Ta""ble
two" ON DELETE CASCADE DEFERRABLE, span int4range, EXCLUDE USING gist (span WITH &&));
CREATE TABLE parts (a int, b text, PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE TABLE parts_2 (b text, a int NOT NULL);
ALTER TABLE parts ATTACH PARTITION parts_2 FOR VALUES FROM (10) TO (MAXVALUE);
CREATE INDEX parts_b ON parts (b);
CREATE TABLE refers (a int REFERENCES parts);
CREATE TABLE heir (x int) INHERITS (child);
ALTER TABLE child ADD CONSTRAINT late CHECK (id > 0) NOT VALID;
CREATE VIEW seen AS SELECT id, "select" FROM "Ta""ble
two" t WHERE EXISTS (SELECT 1 FROM child WHERE child.parent = t.id);
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM child;
CREATE UNIQUE INDEX ON counted (n);
CREATE FUNCTION f("A b" int DEFAULT 3) RETURNS int LANGUAGE sql AS E'SELECT 1 -- \\n\n';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE PROCEDURE p(a int, b text) LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
CREATE TRIGGER touched BEFORE UPDATE ON child FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE no_delete AS ON DELETE TO child DO INSTEAD NOTHING;
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON child USING (id > (SELECT min(a) FROM parts));
CREATE STATISTICS stat ON a, b FROM parts;
CREATE SEQUENCE s INCREMENT 5;
CREATE COLLATION german (locale = 'C');
CREATE TEXT SEARCH CONFIGURATION english2 (COPY = pg_catalog.english);
CREATE OPERATOR ### (leftarg = int, rightarg = int, function = int4pl);
RESET search_path;
`

// A dump contains everything that a catalog lists.
func TestDumpRestore(t *testing.T) {
	a, b := pgtest.New(t), pgtest.New(t)
	a.Exec(everything)
	dump := filepath.Join(t.TempDir(), "dump.sql")
	cmd := osexec.Command(filepath.Join(os.Getenv("PGBINDIR"), "pg_dump"), "--schema-only", "--no-owner", "-f", dump, "-d", a.URL)
	switch out, err := cmd.CombinedOutput(); {
	case errors.Is(err, osexec.ErrNotFound), errors.Is(err, os.ErrNotExist), strings.Contains(string(out), "server version mismatch"):
		t.Skipf("no pg_dump for this server: %v %s", err, out)
	case err != nil:
		t.Fatalf("pg_dump: %v: %s", err, out)
	}
	b.File(dump)
	want, have := read(t, a.Conn(), catalog.Options{}), read(t, b.Conn(), catalog.Options{})
	if d := cmp.Diff(want.Lines(), have.Lines()); d != "" {
		t.Error(d)
	}
	applied(t, catalog.Catalog{}, catalog.Measure(catalog.Catalog{}, want), want)
}

// The result doesn't depend on the session's settings, and reading doesn't change them.
func TestSession(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec(everything)
	want := read(t, db.Conn(), catalog.Options{})

	conn := db.Conn()
	exec(t, conn, `
		SET search_path = "Sch.ema: x", public; SET DateStyle = 'German'; SET IntervalStyle = 'iso_8601'; SET TimeZone = 'Asia/Kolkata';
		SET extra_float_digits = -10; SET bytea_output = 'escape'; SET quote_all_identifiers = on; SET client_encoding = 'LATIN1';
		SET standard_conforming_strings = off; SET jit = on; SET default_transaction_read_only = on; SET default_transaction_isolation = 'serializable'`)
	settings := func() string {
		rows, _ := conn.Query(ctx, `SELECT name || '=' || setting FROM pg_settings WHERE context = 'user' ORDER BY 1`, pgx.QueryExecModeExec)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(all, "\n")
	}
	before := settings()
	check := func(when string) {
		t.Helper()
		if d := cmp.Diff(want.Lines(), read(t, conn, catalog.Options{}).Lines()); d != "" {
			t.Errorf("%s: %s", when, d)
		}
		if d := cmp.Diff(before, settings()); d != "" {
			t.Errorf("%s: settings: %s", when, d)
		}
	}
	check("outside of a transaction")
	if s := conn.PgConn().TxStatus(); s != 'I' {
		t.Errorf("transaction status %c", s)
	}

	exec(t, conn, "BEGIN READ WRITE; SAVEPOINT reading_the_catalog; CREATE TABLE mine ()")
	if c := read(t, conn, catalog.Options{}); !strings.Contains(c.String(), "table \"Sch.ema: x\".mine: ordinary\n") {
		t.Error("the transaction's own table is not read")
	}
	exec(t, conn, "ROLLBACK TO reading_the_catalog")
	before = settings()
	check("in a transaction")
	if s := conn.PgConn().TxStatus(); s != 'T' {
		t.Errorf("transaction status %c", s)
	}
	exec(t, conn, "COMMIT")

	var prepared int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_prepared_statements", pgx.QueryExecModeExec).Scan(&prepared); err != nil || prepared != 0 {
		t.Errorf("%d prepared statements, %v", prepared, err)
	}
}

// After an error, the caller's transaction is usable, and no other one is open.
func TestErrorInTransaction(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t")
	holder, conn := db.Conn(), db.Conn()
	exec(t, holder, "BEGIN; LOCK TABLE t")

	exec(t, conn, "SET statement_timeout = 300; BEGIN; CREATE TABLE mine ()")
	var pgErr *pgconn.PgError
	if _, err := catalog.Read(ctx, conn, catalog.Options{}); !errors.As(err, &pgErr) || pgErr.Code != "57014" {
		t.Errorf("reading a locked table's view: %v", err)
	}
	exec(t, holder, "COMMIT")
	if c := read(t, conn, catalog.Options{}); !strings.Contains(c.String(), "table public.mine: ordinary\n") {
		t.Errorf("read\n%s", c)
	}
	exec(t, conn, "COMMIT")

	exec(t, holder, "BEGIN; LOCK TABLE t")
	if _, err := catalog.Read(ctx, conn, catalog.Options{}); !errors.As(err, &pgErr) || pgErr.Code != "57014" {
		t.Errorf("reading a locked table's view: %v", err)
	}
	if s := conn.PgConn().TxStatus(); s != 'I' {
		t.Errorf("transaction status %c", s)
	}
	exec(t, holder, "COMMIT")
	read(t, conn, catalog.Options{})
}

// Objects with the names of system objects are not confused with them.
func TestHostile(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn()
	db.Exec("CREATE TABLE t (a int PRIMARY KEY)")
	exec(t, conn, `
		SET search_path = public, pg_catalog;
		CREATE FUNCTION public.quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT ''hacked''::text';
		CREATE FUNCTION public.left(name, int) RETURNS text LANGUAGE sql AS 'SELECT ''pg_''::text';
		CREATE FUNCTION public.wrong(name, text) RETURNS bool LANGUAGE sql AS 'SELECT false';
		CREATE OPERATOR public.<> (leftarg = name, rightarg = text, function = public.wrong);
		CREATE TABLE public.pg_class (oid oid);
		CREATE TEMP TABLE pg_class (oid oid); CREATE TEMP TABLE pg_namespace (oid oid); CREATE TEMP TABLE pg_attribute (attrelid oid)`)
	got := read(t, conn, catalog.Options{})
	for _, want := range []string{
		"column public.t.a: integer not null", "constraint public.t.t_pkey: PRIMARY KEY (a)", "table public.pg_class: ordinary", "column public.pg_class.oid: oid",
		"function public.quote_ident(name): CREATE OR REPLACE FUNCTION public.quote_ident(name)",
		"operator public.<>(name, text): function public.wrong(name,text)",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("lacks %s in\n%s", want, got)
		}
	}
	if strings.Contains(got.String(), "pg_temp") || strings.Contains(got.String(), "attrelid") {
		t.Errorf("lists temporary tables:\n%s", got)
	}
}

// It is not an error if another session drops an object during a read.
func TestConcurrentDrops(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	other, conn := db.Conn(), db.Conn()
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			sql := fmt.Sprintf("CREATE TABLE t%[1]d (a int PRIMARY KEY, b int DEFAULT 1 CHECK (b > 0)); CREATE VIEW v%[1]d AS SELECT a FROM t%[1]d;", i)
			_, err := other.PgConn().Exec(ctx, sql+fmt.Sprintf("COMMIT; DROP TABLE t%d CASCADE", i)).ReadAll()
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for range 30 {
		if _, err := catalog.Read(ctx, conn, catalog.Options{}); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Read waits for a lock until the context ends.
func TestLocked(t *testing.T) {
	db := pgtest.New(t)
	db.Exec("CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t")
	holder := db.Conn()
	exec(t, holder, "BEGIN; LOCK TABLE t")

	ctx, cancel := context.WithTimeout(context.Background(), 700*time.Millisecond)
	defer cancel()
	if _, err := catalog.Read(ctx, db.Conn(), catalog.Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("past the deadline: %v", err)
	}

	conn, got := db.Conn(), make(chan error, 1)
	go func() {
		_, err := catalog.Read(context.Background(), conn, catalog.Options{})
		got <- err
	}()
	select {
	case err := <-got:
		t.Errorf("does not wait: %v", err)
	case <-time.After(700 * time.Millisecond):
	}
	exec(t, holder, "COMMIT")
	if err := <-got; err != nil {
		t.Error(err)
	}
}
