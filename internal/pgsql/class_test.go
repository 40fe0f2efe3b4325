package pgsql_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// classed are statements with their expected class. TestClassServer also runs them on a server, unless unasked says why
// not.
var classed = []struct {
	src         string
	want        pgsql.Class
	unasked     string
	partitioned bool // an Either statement's object is partitioned
	since       int  // the first server that knows the statement
}{
	{src: "", want: pgsql.Transactional},
	{src: "SELECT 1", want: pgsql.Transactional},
	{src: `SELECT "vacuum" FROM (SELECT 1 AS vacuum) x`, want: pgsql.Transactional},
	{src: "CREATE TABLE concurrently_made (a int)", want: pgsql.Transactional},

	{src: "CREATE INDEX CONCURRENTLY i1 ON t (a)", want: pgsql.Standalone},
	{src: "create /* ; */ unique -- x\n index concurrently if not exists i2 on t (a)", want: pgsql.Standalone},
	{src: "CREATE INDEX CONCURRENTLY ON t (a)", want: pgsql.Standalone},
	{src: "CREATE UNIQUE INDEX i3 ON t (a)", want: pgsql.Transactional},
	{src: `CREATE INDEX "concurrently" ON t (a)`, want: pgsql.Transactional},
	{src: "DROP INDEX CONCURRENTLY dropme", want: pgsql.Standalone},
	{src: "DROP INDEX CONCURRENTLY IF EXISTS dropme", want: pgsql.Standalone},
	{src: "DROP INDEX IF EXISTS concurrentl", want: pgsql.Transactional},

	{src: "REINDEX TABLE CONCURRENTLY t", want: pgsql.Standalone},
	{src: "REINDEX INDEX CONCURRENTLY t_pkey", want: pgsql.Standalone},
	{src: "REINDEX (VERBOSE) TABLE CONCURRENTLY t", want: pgsql.Standalone},
	{src: "REINDEX (CONCURRENTLY) TABLE t", want: pgsql.Standalone},
	{src: "REINDEX (VERBOSE off, CONCURRENTLY true) INDEX t_pkey", want: pgsql.Standalone},
	{src: "REINDEX (CONCURRENTLY 'ON') TABLE t", want: pgsql.Standalone},
	{src: "REINDEX (CONCURRENTLY 1) TABLE t", want: pgsql.Standalone},
	{src: "REINDEX (CONCURRENTLY off) TABLE t", want: pgsql.Either},
	{src: "REINDEX (CONCURRENTLY 'False', VERBOSE) TABLE t", want: pgsql.Either},
	{src: "REINDEX (CONCURRENTLY 0) TABLE t", want: pgsql.Either},
	{src: "REINDEX TABLE t", want: pgsql.Either},
	{src: "REINDEX TABLE parted", want: pgsql.Either, partitioned: true},
	{src: "reindex (verbose) index Parted_A", want: pgsql.Either, partitioned: true},
	{src: "REINDEX SCHEMA public", want: pgsql.Standalone},
	{src: "REINDEX (VERBOSE off) DATABASE nowhere", want: pgsql.Standalone},
	{src: "REINDEX SYSTEM nowhere", want: pgsql.Standalone},
	{src: "REINDEX DATABASE CONCURRENTLY nowhere", want: pgsql.Standalone},

	{src: "VACUUM t", want: pgsql.Standalone},
	{src: "VACUUM (ANALYZE) t", want: pgsql.Standalone},
	{src: "VACUUM ANALYZE t", want: pgsql.Standalone},
	{src: "ANALYZE t", want: pgsql.Transactional},
	{src: "ANALYZE", want: pgsql.Transactional},
	{src: "CLUSTER", want: pgsql.Standalone},
	{src: "CLUSTER VERBOSE", want: pgsql.Standalone},
	{src: "CLUSTER (VERBOSE)", want: pgsql.Standalone, unasked: "PostgreSQL 13 has no such list, 15 no empty one"},
	{src: "CLUSTER (VERBOSE off) t USING t_pkey", want: pgsql.Either},
	{src: "CLUSTER VERBOSE t USING t_pkey", want: pgsql.Either},
	{src: "CLUSTER t_pkey ON t", want: pgsql.Either},

	{src: "CLUSTER parted USING parted_a", want: pgsql.Either, partitioned: true, since: 150000},

	{src: "LOCK t", want: pgsql.Enclosed},
	{src: "lock TABLE ONLY t IN ACCESS SHARE MODE NOWAIT", want: pgsql.Enclosed},
	{src: "DECLARE c CURSOR FOR SELECT 1", want: pgsql.Enclosed},
	{src: `DECLARE "cursor" BINARY INSENSITIVE NO SCROLL CURSOR WITHOUT HOLD FOR SELECT 1`, want: pgsql.Enclosed},
	{src: "DECLARE held NO SCROLL CURSOR WITH HOLD FOR SELECT 1", want: pgsql.Transactional},
	{src: "SET LOCAL search_path = public", want: pgsql.Transactional},

	{src: "CREATE DATABASE pgsql_class", want: pgsql.Standalone},
	{src: "DROP DATABASE IF EXISTS pgsql_class", want: pgsql.Standalone},
	{src: "ALTER DATABASE nowhere SET TABLESPACE pg_default", want: pgsql.Standalone},
	{src: "ALTER DATABASE nowhere SET work_mem = '4MB'", want: pgsql.Transactional},
	{src: "ALTER DATABASE nowhere RENAME TO nothing", want: pgsql.Transactional},
	{src: `ALTER DATABASE "set" CONNECTION LIMIT 3`, want: pgsql.Transactional},
	{src: "CREATE TABLESPACE nowhere LOCATION '/nowhere'", want: pgsql.Standalone},
	{src: "DROP TABLESPACE IF EXISTS nowhere", want: pgsql.Standalone},
	{src: "ALTER TABLESPACE nowhere RENAME TO nothing", want: pgsql.Transactional},
	{src: "ALTER TABLE t SET TABLESPACE pg_default", want: pgsql.Transactional},
	{src: "ALTER SYSTEM SET work_mem = '4MB'", want: pgsql.Standalone},
	{src: "ALTER SYSTEM RESET ALL", want: pgsql.Standalone},
	{src: "DISCARD ALL", want: pgsql.Standalone},
	{src: "DISCARD PLANS", want: pgsql.Transactional},
	{src: "COMMIT PREPARED 'nothing'", want: pgsql.Standalone},
	{src: "ROLLBACK PREPARED 'nothing'", want: pgsql.Standalone},

	{src: "ALTER TABLE parted DETACH PARTITION part1 CONCURRENTLY", want: pgsql.Standalone},
	{src: `ALTER TABLE IF EXISTS ONLY public . "parted" DETACH PARTITION "public".part2 concurrently`, want: pgsql.Standalone},
	{src: "ALTER TABLE IF EXISTS ONLY (parted) DETACH PARTITION part3 CONCURRENTLY", want: pgsql.Standalone},
	{src: "ALTER TABLE parted DETACH PARTITION part4", want: pgsql.Transactional},
	{src: "ALTER TABLE parted DETACH PARTITION part5 FINALIZE", want: pgsql.Transactional},
	{src: "ALTER TABLE if DETACH PARTITION if1 CONCURRENTLY", want: pgsql.Standalone},
	{src: "ALTER TYPE mood ADD VALUE 'new'", want: pgsql.Transactional},
	{src: "REFRESH MATERIALIZED VIEW CONCURRENTLY mv", want: pgsql.Transactional},

	{src: "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p", want: pgsql.Standalone},
	{src: "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p, q WITH (enabled = false)", want: pgsql.Standalone},
	{src: "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot)", want: pgsql.Standalone},
	{src: "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (copy_data, create_slot = OFF, enabled=no_such_word)", want: pgsql.Transactional},
	{src: "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false)", want: pgsql.Transactional},
	{src: `CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH ("create_slot" = '0')`, want: pgsql.Transactional},
	{src: "DROP SUBSCRIPTION sub", want: pgsql.Standalone},
	{src: "ALTER SUBSCRIPTION sub REFRESH PUBLICATION", want: pgsql.Standalone, unasked: "needs a publisher"},
	{src: "ALTER SUBSCRIPTION sub SET PUBLICATION p", want: pgsql.Standalone, unasked: "needs a publisher"},
	{src: "ALTER SUBSCRIPTION sub ADD PUBLICATION p WITH (copy_data)", want: pgsql.Standalone, unasked: "needs a publisher"},
	{src: "ALTER SUBSCRIPTION sub DROP PUBLICATION p WITH (refresh = true)", want: pgsql.Standalone, unasked: "needs a publisher"},
	{src: "ALTER SUBSCRIPTION sub SET PUBLICATION p, q WITH (refresh = false)", want: pgsql.Transactional},
	{src: "ALTER SUBSCRIPTION sub SET (failover = true)", want: pgsql.Standalone, unasked: "PostgreSQL 17's"},
	{src: "ALTER SUBSCRIPTION sub SET (two_phase = false)", want: pgsql.Standalone, unasked: "PostgreSQL 18's"},
	{src: "ALTER SUBSCRIPTION sub SET (synchronous_commit = off)", want: pgsql.Transactional},
	{src: "ALTER SUBSCRIPTION sub DISABLE", want: pgsql.Transactional},

	{src: "DO $$ BEGIN COMMIT; END $$", want: pgsql.MayCommit},
	{src: "call p()", want: pgsql.MayCommit},

	{src: "BEGIN", want: pgsql.TransactionControl},
	{src: "start transaction read only", want: pgsql.TransactionControl},
	{src: "COMMIT AND CHAIN", want: pgsql.TransactionControl},
	{src: "END", want: pgsql.TransactionControl},
	{src: "ROLLBACK TO a", want: pgsql.TransactionControl},
	{src: "ABORT", want: pgsql.TransactionControl},
	{src: "SAVEPOINT a", want: pgsql.TransactionControl},
	{src: "RELEASE a", want: pgsql.TransactionControl},
	{src: "PREPARE TRANSACTION 'a'", want: pgsql.TransactionControl},
	{src: "PREPARE transaction AS SELECT 1", want: pgsql.Transactional},
}

func TestClass(t *testing.T) {
	for _, tt := range classed {
		if got := (pgsql.Stmt{Text: tt.src}).Class(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.src, got, tt.want)
		}
	}
}

func TestConcurrently(t *testing.T) {
	check := func(src string, want bool) {
		t.Helper()
		if got := (pgsql.Stmt{Text: src}).Concurrently(); got != want {
			t.Errorf("%s: %v, want %v", src, got, want)
		}
	}
	for _, tt := range classed {
		check(tt.src, tt.want == pgsql.Standalone && strings.Contains(strings.ToLower(tt.src), "concurrently"))
	}
	for src, want := range map[string]bool{
		"REINDEX SCHEMA CONCURRENTLY public":                  true,
		"REINDEX (CONCURRENTLY) SCHEMA public":                true,
		"REINDEX (CONCURRENTLY off) SCHEMA public":            false,
		"REINDEX (CONCURRENTLY false) DATABASE":               false,
		`REINDEX SCHEMA "concurrently"`:                       false,
		`VACUUM FULL "concurrently"`:                          false,
		`DROP DATABASE "concurrently"`:                        false,
		"ALTER SYSTEM SET application_name = CONCURRENTLY":    false,
		`ALTER TABLE a DETACH PARTITION b /* CONCURRENTLY */`: false,
	} {
		check(src, want)
	}
}

// In a transaction block, a server refuses exactly the Standalone statements, and the Either statements whose object is
// partitioned. Outside of one, it refuses exactly the Enclosed statements.
func TestClassServer(t *testing.T) {
	ctx := context.Background()
	srv := pgtest.Server(t)
	if srv.VersionNum() < 140000 {
		t.Skip("some statements are PostgreSQL 14's")
	}
	db := pgtest.New(t)
	config := db.ConnConfig()
	admin, err := srv.Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	// A superuser, so that no statement is refused because of a missing privilege.
	config.User, config.Password = admin.Config().User, admin.Config().Password
	conn, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	exec := func(sql string) error {
		_, err := conn.Exec(ctx, sql).ReadAll()
		return err
	}
	must := func(sql string) {
		t.Helper()
		if err := exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	must(`CREATE TABLE t (a int PRIMARY KEY); CREATE INDEX dropme ON t (a);
		CREATE TYPE mood AS ENUM ('old');
		CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a; CREATE UNIQUE INDEX ON mv (a);
		CREATE TABLE parted (a int) PARTITION BY LIST (a);
		CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1); CREATE TABLE part2 PARTITION OF parted FOR VALUES IN (2);
		CREATE TABLE part3 PARTITION OF parted FOR VALUES IN (3); CREATE TABLE part4 PARTITION OF parted FOR VALUES IN (4);
		CREATE TABLE part5 PARTITION OF parted FOR VALUES IN (5);
		CREATE INDEX parted_a ON parted (a);
		CREATE TABLE "if" (a int) PARTITION BY LIST (a); CREATE TABLE if1 PARTITION OF "if" FOR VALUES IN (1);
		CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$;
		SET client_min_messages = error;
		CREATE SUBSCRIPTION sub CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = 'none_such')`)
	defer func() {
		must("ALTER SUBSCRIPTION sub SET (slot_name = NONE); DROP SUBSCRIPTION sub")
	}()
	refused := func(err error, code string) bool {
		var pgErr *pgconn.PgError
		return errors.As(err, &pgErr) && pgErr.Code == code
	}
	const inTransaction, noTransaction = "25001", "25P01"
	for _, tt := range classed {
		if tt.want == pgsql.TransactionControl || tt.unasked != "" || srv.VersionNum() < tt.since || strings.HasPrefix(tt.src, "DROP DATABASE") {
			continue
		}
		must("BEGIN")
		inside := exec(tt.src)
		must("ROLLBACK")
		if got := refused(inside, inTransaction); got != (tt.want == pgsql.Standalone || tt.partitioned) || refused(inside, noTransaction) {
			t.Errorf("in a transaction block, %s: %v", tt.src, inside)
		}
		if tt.want == pgsql.Transactional || tt.want == pgsql.MayCommit || strings.HasPrefix(tt.src, "CREATE SUBSCRIPTION") || strings.HasPrefix(tt.src, "ALTER SYSTEM") {
			continue
		}
		outside := exec(tt.src)
		if got := refused(outside, noTransaction); got != (tt.want == pgsql.Enclosed) || refused(outside, inTransaction) {
			t.Errorf("outside a transaction block, %s: %v", tt.src, outside)
		}
	}
	must("DROP DATABASE IF EXISTS pgsql_class")
}

func TestIndex(t *testing.T) {
	long := strings.Repeat("é", 40)
	for src, want := range map[string]*pgsql.Index{
		"CREATE INDEX i ON t (a)": {Create: true, Name: "i", Table: "t"},
		"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS Ix_A ON ONLY S.T USING gin (a)": {
			Create: true, Unique: true, Concurrently: true, IfNotExists: true, Name: "ix_a", Schema: "s", TableSchema: "s", Table: "t"},
		`create index concurrently "Ix ""A""" on "My Schema"."T" (a)`: {
			Create: true, Concurrently: true, Name: `Ix "A"`, Schema: "My Schema", TableSchema: "My Schema", Table: "T"},
		"CREATE INDEX CONCURRENTLY ON t (a)":                                      {Create: true, Concurrently: true, Table: "t"},
		"CREATE INDEX ON ONLY (db.s.t) (a)":                                       {Create: true, Schema: "s", TableSchema: "s", Table: "t"},
		"CREATE INDEX if ON t * (a)":                                              {Create: true, Name: "if", Table: "t"},
		`CREATE INDEX "ÄÖ" ON ÄÖ (a)`:                                             {Create: true, Name: "ÄÖ", Table: "ÄÖ"},
		`CREATE INDEX U&"d\0061\+01F600\\" ON U&"a!D83D!DE00!!\" UESCAPE '!' (a)`: {Create: true, Name: "da😀\\", Table: `a😀!\`},
		"CREATE INDEX /* i */ i1 -- ON t\n ON t(a)":                               {Create: true, Name: "i1", Table: "t"},
		`CREATE INDEX "` + long + `" ON ` + long + `(a)`:                          {Create: true, Name: long[:62], Table: long[:62]},
		"DROP INDEX i": {Drop: true, Name: "i"},
		`DROP INDEX CONCURRENTLY IF EXISTS "S".I CASCADE`: {Drop: true, Concurrently: true, IfExists: true, Schema: "S", Name: "i"},
		"DROP INDEX if":                               {Drop: true, Name: "if"},
		"DROP INDEX IF EXISTS if RESTRICT":            {Drop: true, IfExists: true, Name: "if"},
		"DROP INDEX a, b":                             nil,
		"DROP INDEX":                                  nil,
		"DROP TABLE i":                                nil,
		"CREATE INDEX i":                              nil,
		"CREATE TABLE index (a int)":                  nil,
		"REINDEX INDEX CONCURRENTLY i":                nil,
		"COMMENT ON INDEX i IS 'CREATE INDEX i ON t'": nil,
		"": nil,
	} {
		got, ok := pgsql.Stmt{Text: src}.Index()
		if want == nil {
			want = &pgsql.Index{}
		}
		if after := src[got.After:]; got.Create && !strings.HasPrefix(after, "(") && !strings.HasPrefix(after, "USING") {
			t.Errorf("%s: after the table's name comes %q", src, after)
		}
		got.After = 0
		if diff := cmp.Diff(*want, got); diff != "" || ok != (got != pgsql.Index{}) {
			t.Errorf("%s: ok %v (-want +got):\n%s", src, ok, diff)
		}
	}
}

func TestSetsRole(t *testing.T) {
	for src, want := range map[string]string{
		"SET ROLE boss":                            "boss",
		`set local role "The Boss"`:                "The Boss",
		"SET SESSION ROLE 'it''s me'":              "it's me",
		"SET role = Boss":                          "boss",
		"SET role TO none_such":                    "none_such",
		"SET LOCAL SESSION AUTHORIZATION boss":     "boss",
		"SET SESSION SESSION AUTHORIZATION 'boss'": "boss",
		"SET SESSION AUTHORIZATION DEFAULT":        "",
		"SET ROLE NONE":                            "",
		"RESET ROLE":                               "",
		"RESET SESSION AUTHORIZATION":              "",
	} {
		if role, ok := (pgsql.Stmt{Text: src}).SetsRole(); role != want || !ok {
			t.Errorf("%s: %q, %t", src, role, ok)
		}
	}
	for _, src := range []string{"", "SET search_path TO role", "SET LOCAL work_mem = 1", "RESET ALL", "CREATE ROLE boss", "SELECT role"} {
		if role, ok := (pgsql.Stmt{Text: src}).SetsRole(); ok {
			t.Errorf("%s: %q", src, role)
		}
	}
}
