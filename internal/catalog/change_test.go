package catalog_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// superuser returns a superuser's connection to a new database, because only superusers can create some objects.
func superuser(t testing.TB) *pgx.Conn {
	t.Helper()
	ctx := context.Background()
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	cfg := admin.Config().Copy()
	cfg.Database = pgtest.New(t).Name
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(ctx) })
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatalf("%v\nin: %s", err, sql)
	}
}

func read(t testing.TB, conn *pgx.Conn, opts catalog.Options) catalog.Catalog {
	t.Helper()
	c, err := catalog.Read(context.Background(), conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type change struct {
	name          string
	since         int // PostgreSQL's major version
	before, after string
	want          string
}

// eachChange runs a test of each kind of change in a transaction of its own, as a superuser.
func eachChange(t *testing.T, test func(t *testing.T, conn *pgx.Conn, tc change)) {
	conn := superuser(t)
	version := pgtest.Server(t).VersionNum() / 10000
	if version >= 13 { // older servers take it only when they start
		exec(t, conn, "SET allow_system_table_mods = on")
	}
	for _, tc := range changes {
		t.Run(tc.name, func(t *testing.T) {
			if version < tc.since {
				t.Skipf("needs PostgreSQL %d", tc.since)
			}
			exec(t, conn, "BEGIN")
			defer exec(t, conn, "ROLLBACK")
			test(t, conn, tc)
		})
	}
}

// changes are kinds of changes that a catalog must show: after runs after before and changes something. want, if not
// empty, is a line that the change adds.
var changes = []change{
	// Schemas and extensions.
	{name: "schema created", after: `CREATE SCHEMA app`, want: `schema app`},
	{name: "schema renamed", before: `CREATE SCHEMA app`, after: `ALTER SCHEMA app RENAME TO "App 2"`, want: `schema "App 2"`},
	{name: "schema public dropped", after: `DROP SCHEMA public`, want: `schema public: missing`},
	{name: "schema public commented", after: `COMMENT ON SCHEMA public IS 'ours'`, want: `comment on schema public: 'ours'`},
	{name: "schema public's comment dropped", after: `COMMENT ON SCHEMA public IS NULL`, want: `comment on schema public: none`},
	{name: "extension dropped", since: 13, after: `DROP EXTENSION plpgsql`, want: `extension plpgsql: missing`},
	{name: "dependency on an extension", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `ALTER FUNCTION f() DEPENDS ON EXTENSION plpgsql`, want: `dependency function public.f() on extension plpgsql`},

	// Tables.
	{name: "table created", after: `CREATE TABLE t ()`, want: `table public.t: ordinary`},
	{name: "table renamed", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t RENAME TO u`, want: `column public.u.a: integer`},
	{name: "table moved", before: `CREATE SCHEMA app; CREATE TABLE t (a int)`, after: `ALTER TABLE t SET SCHEMA app`, want: `table app.t: ordinary`},
	{name: "table unlogged", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t SET UNLOGGED`, want: `table public.t: ordinary [unlogged]`},
	{name: "table storage parameter", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t SET (fillfactor = 70, autovacuum_enabled = off)`, want: `table public.t: ordinary [with (autovacuum_enabled=off, fillfactor=70)]`},
	{name: "toast storage parameter", before: `CREATE TABLE t (a text)`, after: `ALTER TABLE t SET (toast.autovacuum_enabled = off)`, want: `table public.t: ordinary [toast with (autovacuum_enabled=off)]`},
	{name: "row security enabled", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ENABLE ROW LEVEL SECURITY`, want: `table public.t: ordinary [row security]`},
	{name: "row security forced", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t FORCE ROW LEVEL SECURITY`, want: `table public.t: ordinary [row security forced]`},
	{name: "replica identity full", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t REPLICA IDENTITY FULL`, want: `table public.t: ordinary [replica identity full]`},
	{name: "replica identity index", before: `CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX i ON t (a)`, after: `ALTER TABLE t REPLICA IDENTITY USING INDEX i`, want: `index public.t.i: CREATE UNIQUE INDEX i ON public.t USING btree (a) [replica identity]`},
	{name: "inheritance", before: `CREATE TABLE p (a int); CREATE TABLE t (a int)`, after: `ALTER TABLE t INHERIT p`, want: `table public.t: ordinary, inherits (public.p)`},
	{name: "inherited column made local", before: `CREATE TABLE p (a int); CREATE TABLE t () INHERITS (p)`, after: `ALTER TABLE t NO INHERIT p`, want: `column public.t.a: integer`},
	{name: "typed table", before: `CREATE TYPE c AS (a int); CREATE TABLE t (a int)`, after: `ALTER TABLE t OF c`, want: `table public.t: ordinary, of public.c`},
	{name: "partition key", before: `CREATE TABLE t (a int) PARTITION BY RANGE (a)`, after: `DROP TABLE t; CREATE TABLE t (a int) PARTITION BY LIST (a)`, want: `table public.t: partitioned by LIST (a)`},
	{name: "partition created", before: `CREATE TABLE p (a int) PARTITION BY RANGE (a)`, after: `CREATE TABLE t PARTITION OF p FOR VALUES FROM (1) TO (9)`, want: `table public.t: ordinary, partition of public.p FOR VALUES FROM (1) TO (9)`},
	{name: "partition attached", before: `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t (a int)`, after: `ALTER TABLE p ATTACH PARTITION t DEFAULT`, want: `table public.t: ordinary, partition of public.p DEFAULT`},
	{name: "partition detached", before: `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT`, after: `ALTER TABLE p DETACH PARTITION t`, want: `table public.t: ordinary`},
	{name: "partition bounds", before: `CREATE TABLE p (a int) PARTITION BY HASH (a); CREATE TABLE t PARTITION OF p FOR VALUES WITH (MODULUS 2, REMAINDER 0)`, after: `ALTER TABLE p DETACH PARTITION t; ALTER TABLE p ATTACH PARTITION t FOR VALUES WITH (MODULUS 2, REMAINDER 1)`},
	{name: "access method", before: `CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler`, after: `CREATE TABLE t () USING heap2`, want: `table public.t: ordinary [using heap2]`},

	// Columns.
	{name: "column added", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD b numeric(10,2)[]`, want: `column public.t.b: numeric(10,2)[]`},
	{name: "column dropped", before: `CREATE TABLE t (a int, b int)`, after: `ALTER TABLE t DROP b`},
	{name: "column renamed", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t RENAME a TO "A.b: c"`, want: `column public.t."A.b: c": integer`},
	{name: "column type", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ALTER a TYPE bigint`, want: `column public.t.a: bigint`},
	{name: "column length", before: `CREATE TABLE t (a varchar(10))`, after: `ALTER TABLE t ALTER a TYPE varchar(20)`, want: `column public.t.a: character varying(20)`},
	{name: "column collation", before: `CREATE TABLE t (a text)`, after: `ALTER TABLE t ALTER a TYPE text COLLATE "C"`, want: `column public.t.a: text collate "C"`},
	{name: "column not null", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ALTER a SET NOT NULL`, want: `column public.t.a: integer not null`},
	{name: "column nullable", before: `CREATE TABLE t (a int NOT NULL)`, after: `ALTER TABLE t ALTER a DROP NOT NULL`, want: `column public.t.a: integer`},
	{name: "column not null not valid", since: 18, before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD NOT NULL a NOT VALID`, want: `column public.t.a: integer not null not valid`},
	{name: "column not null validated", since: 18, before: `CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID`, after: `ALTER TABLE t VALIDATE CONSTRAINT n`, want: `column public.t.a: integer not null`},
	{name: "column not null no inherit", since: 18, before: `CREATE TABLE t (a int NOT NULL)`, after: `DROP TABLE t; CREATE TABLE t (a int NOT NULL NO INHERIT)`, want: `column public.t.a: integer not null no inherit`},
	{name: "column default", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ALTER a SET DEFAULT 1 + 1`, want: `column public.t.a: integer default (1 + 1)`},
	{name: "column default dropped", before: `CREATE TABLE t (a int DEFAULT 1)`, after: `ALTER TABLE t ALTER a DROP DEFAULT`, want: `column public.t.a: integer`},
	{name: "generated column", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 2) STORED`, want: `column public.t.b: integer generated always as ((a * 2)) stored`},
	{name: "virtual column", since: 18, before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 2)`, want: `column public.t.b: integer generated always as ((a * 2)) virtual`},
	{name: "generated expression", before: `CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED)`, after: `ALTER TABLE t DROP b; ALTER TABLE t ADD b int GENERATED ALWAYS AS (a * 3) STORED`},
	{name: "generated expression dropped", since: 13, before: `CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED)`, after: `ALTER TABLE t ALTER b DROP EXPRESSION`, want: `column public.t.b: integer`},
	{name: "identity added", before: `CREATE TABLE t (a int NOT NULL)`, after: `ALTER TABLE t ALTER a ADD GENERATED BY DEFAULT AS IDENTITY`, want: `column public.t.a: integer not null generated by default as identity`},
	{name: "identity dropped", before: `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)`, after: `ALTER TABLE t ALTER a DROP IDENTITY`, want: `column public.t.a: integer not null`},
	{name: "identity always", before: `CREATE TABLE t (a int GENERATED BY DEFAULT AS IDENTITY)`, after: `ALTER TABLE t ALTER a SET GENERATED ALWAYS`, want: `column public.t.a: integer not null generated always as identity`},
	{name: "identity cache", before: `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)`, after: `ALTER TABLE t ALTER a SET CACHE 10`, want: `column public.t.a: integer not null generated always as identity (cache 10)`},
	{name: "identity maximum", before: `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)`, after: `ALTER TABLE t ALTER a SET MAXVALUE 10 SET CYCLE`, want: `column public.t.a: integer not null generated always as identity (maxvalue 10 cycle)`},
	{name: "identity start and increment", before: `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)`, after: `ALTER TABLE t ALTER a SET START 5 SET INCREMENT BY 2`, want: `column public.t.a: integer not null generated always as identity (increment 2 start 5)`},
	{name: "column storage", before: `CREATE TABLE t (a text)`, after: `ALTER TABLE t ALTER a SET STORAGE EXTERNAL`, want: `column public.t.a: text [storage external]`},
	{name: "column compression", since: 14, before: `CREATE TABLE t (a text)`, after: `ALTER TABLE t ALTER a SET COMPRESSION pglz`, want: `column public.t.a: text [compression pglz]`},
	{name: "column statistics target", before: `CREATE TABLE t (a text)`, after: `ALTER TABLE t ALTER a SET STATISTICS 500`, want: `column public.t.a: text [statistics 500]`},
	{name: "column options", before: `CREATE TABLE t (a text)`, after: `ALTER TABLE t ALTER a SET (n_distinct = 5)`, want: `column public.t.a: text [with (n_distinct=5)]`},

	// Constraints.
	{name: "primary key added", before: `CREATE TABLE t (a int NOT NULL)`, after: `ALTER TABLE t ADD PRIMARY KEY (a)`, want: `constraint public.t.t_pkey: PRIMARY KEY (a)`},
	{name: "primary key renamed", before: `CREATE TABLE t (a int PRIMARY KEY)`, after: `ALTER TABLE t RENAME CONSTRAINT t_pkey TO k`, want: `constraint public.t.k: PRIMARY KEY (a)`},
	{name: "key columns reordered", before: `CREATE TABLE t (a int, b int, CONSTRAINT k UNIQUE (a, b))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (b, a)`, want: `constraint public.t.k: UNIQUE (b, a)`},
	{name: "key included columns", before: `CREATE TABLE t (a int, b int, CONSTRAINT k UNIQUE (a))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a) INCLUDE (b)`, want: `constraint public.t.k: UNIQUE (a) INCLUDE (b)`},
	{name: "key deferrable", before: `CREATE TABLE t (a int, CONSTRAINT k UNIQUE (a))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a) DEFERRABLE INITIALLY DEFERRED`, want: `constraint public.t.k: UNIQUE (a) DEFERRABLE INITIALLY DEFERRED`},
	{name: "key nulls not distinct", since: 15, before: `CREATE TABLE t (a int, CONSTRAINT k UNIQUE (a))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a)`, want: `constraint public.t.k: UNIQUE NULLS NOT DISTINCT (a)`},
	{name: "key's index options", before: `CREATE TABLE t (a int, CONSTRAINT k UNIQUE (a))`, after: `ALTER INDEX k SET (fillfactor = 50)`, want: `constraint public.t.k: UNIQUE (a) [with (fillfactor=50)]`},
	{name: "key instead of unique index", before: `CREATE TABLE t (a int); CREATE UNIQUE INDEX k ON t (a)`, after: `ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX k`, want: `constraint public.t.k: UNIQUE (a)`},
	{name: "key clustered", before: `CREATE TABLE t (a int, CONSTRAINT k UNIQUE (a))`, after: `ALTER TABLE t CLUSTER ON k`, want: `constraint public.t.k: UNIQUE (a) [clustered]`},
	{name: "temporal key", since: 18, before: `CREATE TABLE t (r int4range, d daterange)`, after: `ALTER TABLE t ADD CONSTRAINT k UNIQUE (r, d WITHOUT OVERLAPS)`, want: `constraint public.t.k: UNIQUE (r, d WITHOUT OVERLAPS)`},
	{name: "check added", before: `CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)`, want: `constraint public.t.k: CHECK ((a > 0))`},
	{name: "check not valid", before: `CREATE TABLE t (a int, CONSTRAINT k CHECK (a > 0))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k CHECK (a > 0) NOT VALID`, want: `constraint public.t.k: CHECK ((a > 0)) NOT VALID`},
	{name: "check validated", before: `CREATE TABLE t (a int); ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID`, after: `ALTER TABLE t VALIDATE CONSTRAINT k`, want: `constraint public.t.k: CHECK ((a > 0))`},
	{name: "check no inherit", before: `CREATE TABLE t (a int, CONSTRAINT k CHECK (a > 0))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k CHECK (a > 0) NO INHERIT`, want: `constraint public.t.k: CHECK ((a > 0)) NO INHERIT`},
	{name: "check not enforced", since: 18, before: `CREATE TABLE t (a int, CONSTRAINT k CHECK (a > 0))`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k CHECK (a > 0) NOT ENFORCED`, want: `constraint public.t.k: CHECK ((a > 0)) NOT ENFORCED`},
	{name: "foreign key added", before: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a)`},
	{name: "foreign key actions", before: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int CONSTRAINT k REFERENCES p)`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p ON DELETE CASCADE ON UPDATE SET NULL`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a) ON UPDATE SET NULL ON DELETE CASCADE`},
	{name: "foreign key match full", before: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int CONSTRAINT k REFERENCES p)`, after: `ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p MATCH FULL`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a) MATCH FULL`},
	{name: "foreign key deferrable", before: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int CONSTRAINT k REFERENCES p)`, after: `ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a) DEFERRABLE`},
	{name: "foreign key not valid", before: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p NOT VALID`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a) NOT VALID`},
	{name: "foreign key's triggers disabled", before: `CREATE TABLE p (a int PRIMARY KEY); CREATE TABLE t (a int CONSTRAINT k REFERENCES p)`, after: `ALTER TABLE t DISABLE TRIGGER ALL`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a) [triggers not enabled]`},
	{name: "foreign key to a partitioned table", before: `CREATE TABLE p (a int PRIMARY KEY) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p DEFAULT; CREATE TABLE t (a int)`, after: `ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p`, want: `constraint public.t.k: FOREIGN KEY (a) REFERENCES public.p(a)`},
	{name: "exclusion constraint", before: `CREATE TABLE t (r int4range)`, after: `ALTER TABLE t ADD CONSTRAINT k EXCLUDE USING gist (r WITH &&) WHERE (NOT isempty(r))`, want: `constraint public.t.k: EXCLUDE USING gist (r WITH &&) WHERE ((NOT isempty(r)))`},

	// Indexes.
	{name: "index created", before: `CREATE TABLE t (a int)`, after: `CREATE INDEX i ON t (a)`, want: `index public.t.i: CREATE INDEX i ON public.t USING btree (a)`},
	{name: "index renamed", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `ALTER INDEX i RENAME TO "I"`, want: `index public.t."I": CREATE INDEX "I" ON public.t USING btree (a)`},
	{name: "index unique", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE UNIQUE INDEX i ON t (a)`},
	{name: "index method", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE INDEX i ON t USING hash (a)`},
	{name: "index order", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE INDEX i ON t (a DESC NULLS LAST)`},
	{name: "index collation", before: `CREATE TABLE t (a text); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE INDEX i ON t (a COLLATE "C")`},
	{name: "index operator class", before: `CREATE TABLE t (a text); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE INDEX i ON t (a text_pattern_ops)`},
	{name: "index operator class options", since: 13, before: `CREATE TABLE t (a tsvector); CREATE INDEX i ON t USING gist (a)`, after: `DROP INDEX i; CREATE INDEX i ON t USING gist (a tsvector_ops (siglen = 100))`},
	{name: "index predicate", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE INDEX i ON t (a) WHERE a > 0`},
	{name: "index expression", before: `CREATE TABLE t (a jsonb); CREATE INDEX i ON t ((a ->> 'x'))`, after: `DROP INDEX i; CREATE INDEX i ON t ((a ->> 'y'))`},
	{name: "index included columns", before: `CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE INDEX i ON t (a) INCLUDE (b)`},
	{name: "index nulls not distinct", since: 15, before: `CREATE TABLE t (a int); CREATE UNIQUE INDEX i ON t (a)`, after: `DROP INDEX i; CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT`},
	{name: "index fillfactor", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `ALTER INDEX i SET (fillfactor = 50)`},
	{name: "index fastupdate", before: `CREATE TABLE t (a jsonb); CREATE INDEX i ON t USING gin (a)`, after: `ALTER INDEX i SET (fastupdate = off)`},
	{name: "index clustered", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `ALTER TABLE t CLUSTER ON i`, want: `index public.t.i: CREATE INDEX i ON public.t USING btree (a) [clustered]`},
	{name: "index statistics target", before: `CREATE TABLE t (a int); CREATE INDEX i ON t ((a + 1))`, after: `ALTER INDEX i ALTER 1 SET STATISTICS 7`, want: `index public.t.i: CREATE INDEX i ON public.t USING btree (((a + 1))) [statistics 1=7]`},
	{name: "index on a partitioned table alone", before: `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT`, after: `CREATE INDEX i ON ONLY p (a)`, want: `index public.p.i: CREATE INDEX i ON ONLY public.p USING btree (a) [INVALID]`},
	{name: "index attached", before: `CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE t PARTITION OF p DEFAULT; CREATE INDEX i ON ONLY p (a); CREATE INDEX j ON t (a)`, after: `ALTER INDEX i ATTACH PARTITION j`, want: `index public.t.j: CREATE INDEX j ON public.t USING btree (a) [partition of public.i]`},
	{name: "index invalid", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass`, want: `index public.t.i: CREATE INDEX i ON public.t USING btree (a) [INVALID]`},

	// Views, rules, triggers, policies.
	{name: "view created", before: `CREATE TABLE t (a int)`, after: `CREATE VIEW v AS SELECT a FROM t WHERE a > 0`, want: `view public.v: SELECT a FROM public.t WHERE (a > 0)`},
	{name: "view query", before: `CREATE VIEW v AS SELECT 1 AS a`, after: `CREATE OR REPLACE VIEW v AS SELECT 2 AS a`, want: `view public.v: SELECT 2 AS a`},
	{name: "view options", before: `CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t`, after: `ALTER VIEW v SET (security_barrier)`, want: `view public.v: SELECT a FROM public.t [with (security_barrier=true)]`},
	{name: "view check option", before: `CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t`, after: `CREATE OR REPLACE VIEW v AS SELECT a FROM t WITH LOCAL CHECK OPTION`, want: `view public.v: SELECT a FROM public.t [with (check_option=local)]`},
	{name: "view column default", before: `CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t`, after: `ALTER VIEW v ALTER a SET DEFAULT 3`, want: `column public.v.a: integer default 3`},
	{name: "view column renamed", since: 13, before: `CREATE VIEW v AS SELECT 1 AS a`, after: `ALTER VIEW v RENAME a TO b`},
	{name: "materialized view", after: `CREATE MATERIALIZED VIEW v AS SELECT 1 AS a`, want: `materialized view public.v: SELECT 1 AS a`},
	{name: "materialized view's index", before: `CREATE MATERIALIZED VIEW v AS SELECT 1 AS a`, after: `CREATE UNIQUE INDEX i ON v (a)`, want: `index public.v.i: CREATE UNIQUE INDEX i ON public.v USING btree (a)`},
	{name: "materialized view's storage parameter", before: `CREATE MATERIALIZED VIEW v AS SELECT 1 AS a`, after: `ALTER MATERIALIZED VIEW v SET (fillfactor = 50)`},
	{name: "rule", before: `CREATE TABLE t (a int)`, after: `CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING`, want: `rule public.t.r: CREATE RULE r AS ON DELETE TO public.t DO INSTEAD NOTHING`},
	{name: "rule disabled", before: `CREATE TABLE t (a int); CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING`, after: `ALTER TABLE t DISABLE RULE r`},
	{name: "trigger", before: triggerFunction + `CREATE TABLE t (a int)`, after: `CREATE TRIGGER g BEFORE UPDATE OF a ON t FOR EACH ROW WHEN (old.a > 0) EXECUTE FUNCTION f()`, want: `trigger public.t.g: CREATE TRIGGER g BEFORE UPDATE OF a ON public.t FOR EACH ROW WHEN ((old.a > 0)) EXECUTE FUNCTION public.f()`},
	{name: "trigger disabled", before: triggerFunction + `CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()`, after: `ALTER TABLE t DISABLE TRIGGER g`},
	{name: "trigger always", before: triggerFunction + `CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()`, after: `ALTER TABLE t ENABLE ALWAYS TRIGGER g`},
	{name: "constraint trigger", before: triggerFunction + `CREATE TABLE t (a int)`, after: `CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f()`},
	{name: "event trigger", before: eventFunction, after: `CREATE EVENT TRIGGER e ON ddl_command_start WHEN tag IN ('DROP TABLE') EXECUTE FUNCTION ef()`, want: `event trigger e: on ddl_command_start when tag in ('DROP TABLE') execute function public.ef()`},
	{name: "event trigger disabled", before: eventFunction + `CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION ef()`, after: `ALTER EVENT TRIGGER e DISABLE`},
	{name: "aliases of a view", before: `CREATE TABLE t (a int, b int); CREATE VIEW v AS SELECT x FROM t AS s(x)`, after: `ALTER TABLE t ADD COLUMN n int`},
	{name: "parent without columns", before: `CREATE TABLE p (); CREATE TABLE c (a int)`, after: `CREATE TABLE d (x int); ALTER TABLE c INHERIT p`, want: `table public.c: ordinary, inherits (public.p)`},
	{name: "policy", before: `CREATE TABLE t (a int)`, after: `CREATE POLICY p ON t FOR SELECT USING (a > 0)`, want: `policy public.t.p: permissive for select to public using ((a > 0))`},
	{name: "policy's role", before: `CREATE TABLE t (a int); CREATE POLICY p ON t`, after: `ALTER POLICY p ON t TO pg_monitor`},
	{name: "policy's role renamed", before: `CREATE ROLE read_by; CREATE TABLE t (a int); CREATE POLICY p ON t TO read_by`, after: `ALTER ROLE read_by RENAME TO read_by_all`, want: `policy public.t.p: permissive for all to read_by_all`},
	{name: "policy's check", before: `CREATE TABLE t (a int); CREATE POLICY p ON t WITH CHECK (a > 0)`, after: `ALTER POLICY p ON t WITH CHECK (a > 1)`},
	{name: "policy restrictive", before: `CREATE TABLE t (a int); CREATE POLICY p ON t`, after: `DROP POLICY p ON t; CREATE POLICY p ON t AS RESTRICTIVE`},

	// Functions.
	{name: "function", after: `CREATE FUNCTION f(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1'`},
	{name: "function body", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT  1'`},
	{name: "function body of SQL", since: 14, before: `CREATE FUNCTION f() RETURNS int RETURN 1`, after: `CREATE OR REPLACE FUNCTION f() RETURNS int RETURN 2`},
	{name: "function argument name", before: `CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `DROP FUNCTION f; CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1'`},
	{name: "function volatility", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `ALTER FUNCTION f IMMUTABLE`},
	{name: "function security", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `ALTER FUNCTION f SECURITY DEFINER`},
	{name: "function setting", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `ALTER FUNCTION f SET work_mem = '1MB'`},
	{name: "function cost", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `ALTER FUNCTION f COST 7`},
	{name: "function parallel", before: `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `ALTER FUNCTION f PARALLEL SAFE`},
	{name: "procedure", after: `CREATE PROCEDURE p(a int, b text) LANGUAGE sql AS 'SELECT 1'`, want: `procedure public.p(integer, text): CREATE OR REPLACE PROCEDURE public.p(a integer, b text)\n LANGUAGE sql\nAS $procedure$SELECT 1$procedure$\n`},
	{name: "aggregate", after: `CREATE AGGREGATE s(int) (sfunc = int4pl, stype = int, initcond = '0')`, want: `aggregate public.s(integer): (integer), returns integer, sfunc int4pl(integer,integer), stype integer, finalfunc_modify read_only, initcond '0', mfinalfunc_modify read_only`},
	{name: "aggregate's initial value", before: `CREATE AGGREGATE s(int) (sfunc = int4pl, stype = int, initcond = '0')`, after: `CREATE OR REPLACE AGGREGATE s(int) (sfunc = int4pl, stype = int, initcond = '1')`},

	// Types.
	{name: "enum", after: `CREATE TYPE e AS ENUM ('b', 'a', 'it''s')`, want: `enum public.e: ('b', 'a', 'it''s')`},
	{name: "enum value added", before: `CREATE TYPE e AS ENUM ('b', 'a')`, after: `ALTER TYPE e ADD VALUE 'c' BEFORE 'a'`, want: `enum public.e: ('b', 'c', 'a')`},
	{name: "enum value renamed", before: `CREATE TYPE e AS ENUM ('b', 'a')`, after: `ALTER TYPE e RENAME VALUE 'a' TO 'A'`, want: `enum public.e: ('b', 'A')`},
	{name: "enum value removed", before: `CREATE TYPE e AS ENUM ('b', 'a')`, after: `DROP TYPE e; CREATE TYPE e AS ENUM ('b')`, want: `enum public.e: ('b')`},
	{name: "enum values reordered", before: `CREATE TYPE e AS ENUM ('b', 'a')`, after: `DROP TYPE e; CREATE TYPE e AS ENUM ('a', 'b')`, want: `enum public.e: ('a', 'b')`},
	{name: "domain", after: `CREATE DOMAIN d AS text COLLATE "C" NOT NULL DEFAULT 'x'`, want: `domain public.d: text collate "C" not null default 'x'::text`},
	{name: "domain default", before: `CREATE DOMAIN d AS int DEFAULT 1`, after: `ALTER DOMAIN d SET DEFAULT 2`, want: `domain public.d: integer default 2`},
	{name: "domain constraint", before: `CREATE DOMAIN d AS int`, after: `ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID`, want: `domain constraint public.d.k: CHECK ((VALUE > 0)) NOT VALID`},
	{name: "composite", after: `CREATE TYPE c AS (a int, "B" text COLLATE "C")`, want: `composite public.c: (a integer, "B" text collate "C")`},
	{name: "composite attribute added", before: `CREATE TYPE c AS (a int)`, after: `ALTER TYPE c ADD ATTRIBUTE b int`, want: `composite public.c: (a integer, b integer)`},
	{name: "range", after: `CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = float8mi)`, want: `range public.r: subtype double precision, subtype_opclass pg_catalog.float8_ops, subtype_diff float8mi(double precision,double precision)`},
	{name: "multirange name", since: 14, before: `CREATE TYPE r AS RANGE (subtype = float8)`, after: `DROP TYPE r; CREATE TYPE r AS RANGE (subtype = float8, multirange_type_name = m)`},
	{name: "shell type", after: `CREATE TYPE s`, want: `type public.s: shell`},
	{name: "base type", before: `CREATE TYPE s; CREATE FUNCTION s_in(cstring) RETURNS s LANGUAGE internal STRICT IMMUTABLE AS 'int4in'; CREATE FUNCTION s_out(s) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'int4out'`, after: `CREATE TYPE s (input = s_in, output = s_out, like = int)`},
	{name: "collation", after: `CREATE COLLATION c (locale = 'C')`, want: `collation public.c: provider libc, lc_collate 'C', lc_ctype 'C'`},

	// Sequences and statistics.
	{name: "sequence", after: `CREATE SEQUENCE s`, want: `sequence public.s: bigint`},
	{name: "sequence type", before: `CREATE SEQUENCE s`, after: `ALTER SEQUENCE s AS int`, want: `sequence public.s: integer`},
	{name: "sequence increment", before: `CREATE SEQUENCE s`, after: `ALTER SEQUENCE s INCREMENT -1 MINVALUE -5 MAXVALUE 100 START 7 CACHE 3 CYCLE`, want: `sequence public.s: bigint increment -1 minvalue -5 maxvalue 100 start 7 cache 3 cycle`},
	{name: "sequence owned", before: `CREATE SEQUENCE s; CREATE TABLE t (a int)`, after: `ALTER SEQUENCE s OWNED BY t.a`, want: `sequence public.s: bigint owned by public.t.a`},
	{name: "statistics", before: `CREATE TABLE t (a int, b int)`, after: `CREATE STATISTICS x (ndistinct) ON a, b FROM t`, want: `statistics public.x: CREATE STATISTICS public.x (ndistinct) ON a, b FROM public.t`},
	{name: "statistics target", since: 13, before: `CREATE TABLE t (a int, b int); CREATE STATISTICS x ON a, b FROM t`, after: `ALTER STATISTICS x SET STATISTICS 5`},

	// Operators and similar objects.
	{name: "operator", after: `CREATE OPERATOR ### (leftarg = int, rightarg = int, function = int4pl, commutator = ###)`, want: `operator public.###(integer, integer): function int4pl(integer,integer), commutator public.###(integer,integer)`},
	{name: "operator class", after: `CREATE OPERATOR CLASS oc FOR TYPE int USING hash AS OPERATOR 1 =, FUNCTION 1 hashint4(int)`},
	{name: "operator family", before: `CREATE OPERATOR FAMILY fam USING btree`, after: `ALTER OPERATOR FAMILY fam USING btree ADD OPERATOR 1 < (int, int)`},
	{name: "cast", before: `CREATE TYPE c AS (a int); CREATE FUNCTION f(c) RETURNS int LANGUAGE sql AS 'SELECT $1.a'`, after: `CREATE CAST (c AS int) WITH FUNCTION f(c) AS ASSIGNMENT`, want: `cast (public.c as integer): with function public.f(public.c) as assignment`},
	{name: "conversion", after: `CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8`},
	{name: "text search configuration", after: `CREATE TEXT SEARCH CONFIGURATION c (PARSER = "default")`},
	{name: "text search mapping", before: `CREATE TEXT SEARCH CONFIGURATION c (COPY = pg_catalog.english)`, after: `ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH simple`},
	{name: "text search dictionary", after: `CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, STOPWORDS = english)`},
	{name: "text search parser", after: `CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)`},
	{name: "text search template", after: `CREATE TEXT SEARCH TEMPLATE p (LEXIZE = dsimple_lexize)`},
	{name: "language", after: `CREATE LANGUAGE l HANDLER plpgsql_call_handler`},
	{name: "transform", before: `CREATE FUNCTION f(internal) RETURNS internal LANGUAGE internal STRICT IMMUTABLE AS 'prsd_headline'`, after: `CREATE TRANSFORM FOR int LANGUAGE plpgsql (FROM SQL WITH FUNCTION f(internal))`},
	{name: "access method created", after: `CREATE ACCESS METHOD m TYPE INDEX HANDLER bthandler`, want: `access method m: index handler bthandler`},
	{name: "foreign data wrapper", after: `CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'true')`, want: `foreign data wrapper w: options (debug 'true')`},
	{name: "server", before: `CREATE FOREIGN DATA WRAPPER w`, after: `CREATE SERVER s VERSION '2' FOREIGN DATA WRAPPER w OPTIONS (host 'h', password 'hunter2')`, want: `server s: version '2', foreign data wrapper w, options (host 'h', password ***)`},
	{name: "user mapping", before: `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w`, after: `CREATE USER MAPPING FOR public SERVER s`, want: `user mapping for public server s`},
	{name: "foreign table", before: `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w`, after: `CREATE FOREIGN TABLE t (a int OPTIONS (o 'x')) SERVER s OPTIONS (p 'y')`, want: `foreign table public.t: server s options (p 'y')`},
	{name: "foreign column option", before: `CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE t (a int) SERVER s`, after: `ALTER FOREIGN TABLE t ALTER a OPTIONS (o 'x')`, want: `column public.t.a: integer options (o 'x')`},
	{name: "publication", after: `CREATE PUBLICATION p FOR ALL TABLES`},
	{name: "publication's operations", before: `CREATE PUBLICATION p`, after: `ALTER PUBLICATION p SET (publish = 'insert')`},
	{name: "publication's table", before: `CREATE TABLE t (a int); CREATE PUBLICATION p`, after: `ALTER PUBLICATION p ADD TABLE t`, want: `publication table p public.t`},
	{name: "publication's filter", since: 15, before: `CREATE TABLE t (a int, b int); CREATE PUBLICATION p FOR TABLE t`, after: `ALTER PUBLICATION p SET TABLE t (a) WHERE (a > 0)`, want: `publication table p public.t: (a) where (a > 0)`},
	{name: "publication's schema", since: 15, before: `CREATE PUBLICATION p`, after: `ALTER PUBLICATION p ADD TABLES IN SCHEMA public`, want: `publication schema p public`},
	{name: "subscription", since: 14, after: `CREATE SUBSCRIPTION s CONNECTION 'dbname=x password=hunter2' PUBLICATION p WITH (connect = false, slot_name = NONE)`},

	// Comments.
	{name: "comment on a table", before: `CREATE TABLE t (a int)`, after: `COMMENT ON TABLE t IS E'it''s\nfine \\'`, want: `comment on table public.t: 'it''s\nfine \\'`},
	{name: "comment on a column", before: `CREATE TABLE t (a int)`, after: `COMMENT ON COLUMN t.a IS 'x'`, want: `comment on column public.t.a: 'x'`},
	{name: "comment on a view's column", before: `CREATE VIEW v AS SELECT 1 AS a`, after: `COMMENT ON COLUMN v.a IS 'x'`, want: `comment on column public.v.a: 'x'`},
	{name: "comment on a constraint", before: `CREATE TABLE t (a int CONSTRAINT k CHECK (a > 0))`, after: `COMMENT ON CONSTRAINT k ON t IS 'x'`, want: `comment on constraint public.t.k: 'x'`},
	{name: "comment on an index", before: `CREATE TABLE t (a int); CREATE INDEX i ON t (a)`, after: `COMMENT ON INDEX i IS 'x'`, want: `comment on index public.t.i: 'x'`},
	{name: "comment on a key's index", before: `CREATE TABLE t (a int CONSTRAINT k PRIMARY KEY)`, after: `COMMENT ON INDEX k IS 'x'`, want: `comment on index public.t.k: 'x'`},
	{name: "comment on a function", before: `CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'`, after: `COMMENT ON FUNCTION f IS 'x'`, want: `comment on function public.f(integer): 'x'`},
	{name: "comment on a type", before: `CREATE TYPE c AS (a int)`, after: `COMMENT ON TYPE c IS 'x'`, want: `comment on composite public.c: 'x'`},
	{name: "comment on an attribute", before: `CREATE TYPE c AS (a int)`, after: `COMMENT ON COLUMN c.a IS 'x'`, want: `comment on attribute public.c.a: 'x'`},
	{name: "comment on a domain constraint", before: `CREATE DOMAIN d int CONSTRAINT k CHECK (VALUE > 0)`, after: `COMMENT ON CONSTRAINT k ON DOMAIN d IS 'x'`, want: `comment on domain constraint public.d.k: 'x'`},
	{name: "comment on an identity's sequence", before: `CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY)`, after: `COMMENT ON SEQUENCE t_a_seq IS 'x'`, want: `comment on sequence public.t_a_seq: 'x'`},
	{name: "comment on a trigger", before: triggerFunction + `CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()`, after: `COMMENT ON TRIGGER g ON t IS 'x'`, want: `comment on trigger public.t.g: 'x'`},
	{name: "comment on an extension", after: `COMMENT ON EXTENSION plpgsql IS 'x'`, want: `comment on extension plpgsql: 'x'`},
	{name: "comment changed", before: `CREATE TABLE t (a int); COMMENT ON TABLE t IS 'x'`, after: `COMMENT ON TABLE t IS 'y'`},
}

const (
	triggerFunction = `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'; `
	eventFunction   = `CREATE FUNCTION ef() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; `
)

// Every change is detected, its effect turns one catalog into the other, and the reverse effect undoes that. The
// effect's text can be parsed.
func TestChanges(t *testing.T) {
	eachChange(t, func(t *testing.T, conn *pgx.Conn, tc change) {
		exec(t, conn, tc.before)
		before := read(t, conn, catalog.Options{})
		exec(t, conn, tc.after)
		after := read(t, conn, catalog.Options{})

		effect := catalog.Measure(before, after)
		if before.Equal(after) || len(effect.Add)+len(effect.Remove) == 0 {
			t.Fatalf("the change does not show in\n%s", after)
		}
		if tc.want != "" && !slices.Contains(effect.Add, tc.want) {
			t.Errorf("the effect lacks\n%s\nit is\n%s", tc.want, effect)
		}
		diff := catalog.Diff(after, before)
		if len(diff) == 0 {
			t.Error("there are no differences")
		}
		for _, d := range diff {
			if d.Text == "" || d.Kind == "" || d.Object == "" || strings.Contains(d.Text, "\n") {
				t.Errorf("difference %+v", d)
			}
		}
		applied(t, before, effect, after)
		applied(t, after, catalog.Measure(after, before), before)
	})
	if n := len(changes); n < 66 {
		t.Errorf("only %d kinds of change", n)
	}
}

// applied checks that e turns one catalog into the other and that its text parses to e.
func applied(t *testing.T, from catalog.Catalog, e catalog.Effect, to catalog.Catalog) {
	t.Helper()
	got, err := from.Apply(e)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(to.Lines(), got.Lines()); d != "" {
		t.Errorf("applied effect (-want +got):\n%s", d)
	}
	parsed, err := catalog.ParseEffect(e.String())
	if err != nil {
		t.Fatalf("%v\nin:\n%s", err, e)
	}
	if d := cmp.Diff(e, parsed); d != "" {
		t.Errorf("effect's text (-want +got):\n%s", d)
	}
}
