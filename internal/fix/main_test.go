package fix_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// tables has the tables of the runs, with names that need quoting and more rows than two batches.
const tables = `
CREATE SCHEMA "My App";
CREATE TABLE "My App"."order" ("Id" bigint PRIMARY KEY, "user" text NOT NULL);
INSERT INTO "My App"."order" SELECT g, 'u' || g FROM generate_series(1, 100) g;
CREATE TABLE "My App"."Test ""Runs""" (
  "group" text NOT NULL, "Id" integer NOT NULL, n integer DEFAULT 0 NOT NULL, "ünit" text, "order" bigint, batch_start integer,
  PRIMARY KEY ("group", "Id"));
INSERT INTO "My App"."Test ""Runs""" SELECT 'g' || g % 7, g, 0, 'x' || g, g % 100 + 1, g FROM generate_series(1, 12000) g;
CREATE INDEX "Ünit's" ON "My App"."Test ""Runs""" ("ünit");
CREATE TABLE "My App"."No Key" ("ünit" text, n integer DEFAULT 0 NOT NULL);
INSERT INTO "My App"."No Key" SELECT repeat('x', 100) || g, 0 FROM generate_series(1, 12000) g;
CREATE TABLE "My App"."Parts" ("Id" integer, "Day" date, n integer DEFAULT 0 NOT NULL, PRIMARY KEY ("Day", "Id")) PARTITION BY RANGE ("Day");
CREATE TABLE "My App"."Parts 2025" PARTITION OF "My App"."Parts" FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY RANGE ("Id");
CREATE TABLE "My App"."Parts 2025 low" PARTITION OF "My App"."Parts 2025" FOR VALUES FROM (0) TO (6000);
CREATE TABLE "My App"."Parts 2025 high" PARTITION OF "My App"."Parts 2025" FOR VALUES FROM (6000) TO (20000);
CREATE TABLE "My App"."Parts 2026" PARTITION OF "My App"."Parts" FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO "My App"."Parts" SELECT g, date '2025-07-01' + g % 365, 0 FROM generate_series(1, 12000) g;
`

// Names as SQL.
const (
	testRuns = `"My App"."Test ""Runs"""`
	orders   = `"My App"."order"`
	noKey    = `"My App"."No Key"`
	parts    = `"My App"."Parts"`
	unit     = `"ünit"`
)

var (
	keyed       = fix.Table{Name: testRuns, Keyed: true}
	keyless     = fix.Table{Name: noKey}
	partitioned = fix.Table{Name: parts, Keyed: true, Spread: true}
)

// fixture returns a new database with the tables.
func fixture(t *testing.T) *devdb.Database {
	t.Helper()
	db := pgtest.New(t)
	db.Exec(tables)
	return db.Database
}

// connect returns a connection as the owner.
func connect(t *testing.T, db *devdb.Database) *pgx.Conn {
	t.Helper()
	conn, err := db.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// connectAs returns a connection.
func connectAs(t *testing.T, cfg *pgx.ConnConfig) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
		t.Fatalf("%v\nin:\n%s", err, sql)
	}
}

func query[T any](t testing.TB, conn *pgx.Conn, sql string) (value T) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), sql).Scan(&value); err != nil {
		t.Fatalf("%v\nin:\n%s", err, sql)
	}
	return value
}

// batchSize is the number of rows in a batch.
const batchSize = 5000

// apply runs the files of a text, with the blank filled in, as apply does: each in a transaction, or statement by
// statement if it has the directive.
func apply(conn *pgx.Conn, text fix.Text, blank string) error {
	for _, file := range text.Files() {
		file = strings.ReplaceAll(file, fix.Blank, blank)
		stmts, err := pgsql.Split(file)
		if err != nil {
			return err
		}
		if strings.Contains(file, "-- atlas:txmode none\n\n") {
			for _, s := range stmts {
				if err := pgtest.Run(context.Background(), conn, s, batchSize); err != nil {
					return err
				}
			}
			continue
		}
		if _, err := conn.PgConn().Exec(context.Background(), "BEGIN;\n"+file+"\n;COMMIT").ReadAll(); err != nil {
			_, _ = conn.Exec(context.Background(), "ROLLBACK")
			return err
		}
	}
	return nil
}
