package fix_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

// TestPages updates 150,000 rows, each once, whatever dead rows the batches leave, so that the table at most doubles.
func TestPages(t *testing.T) {
	const rows = 150000
	db := pgtest.New(t)
	conn := db.Conn()
	exec(t, conn, fmt.Sprintf(`CREATE TABLE results (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, data text, n integer DEFAULT 0 NOT NULL);
INSERT INTO results (data) SELECT repeat('x', 90) FROM generate_series(1, %d)`, rows))
	before := pages(t, db)
	b := fix.Batch{Table: fix.Table{Name: "results", Keyed: true}, Statement: "UPDATE results SET n = n + 1"}
	if err := apply(conn, b.File(), ""); err != nil {
		t.Fatal(err)
	}
	if after := pages(t, db); after > 2*before+before/20 {
		t.Errorf("%d pages became %d", before, after)
	}
	if got := query[int64](t, conn, "SELECT count(*) FROM results WHERE n = 1"); got != rows {
		t.Errorf("%d rows were written once", got)
	}
	if got := query[int64](t, conn, "SELECT count(DISTINCT xmin::text) FROM results"); got != rows/batchSize {
		t.Errorf("%d transactions", got)
	}
}

// TestKeys follows keys of many types and names.
func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before string
		column string // the definitions of the key's columns
		key    []string
		value  string // their values in row g
	}{
		{"uuid", "", "k uuid", []string{"k"}, "md5(g::text)::uuid"},
		{"text", "", "k text", []string{"k"}, "'k' || g"},
		{"text of another collation", "", `k text COLLATE "C"`, []string{"k"}, "'k' || g"},
		{"character", "", "k char(9)", []string{"k"}, "'k' || g"},
		{"numeric", "", "k numeric(9,2)", []string{"k"}, "g / 3.0"},
		{"timestamptz", "", "k timestamptz", []string{"k"}, "now() + g * interval '1 min'"},
		{"bytea", "", "k bytea", []string{"k"}, "decode(md5(g::text), 'hex')"},
		{"inet", "", "k inet", []string{"k"}, "'10.0.0.0'::inet + g"},
		{"jsonb", "", "k jsonb", []string{"k"}, "to_jsonb(g)"},
		{"domain that is not null", "CREATE DOMAIN num AS integer NOT NULL CHECK (VALUE > 0);", "k num", []string{"k"}, "g"},
		{"domain over text", `CREATE DOMAIN word AS text COLLATE "C";`, "k word", []string{"k"}, "'k' || g"},
		{"enum and integer", "CREATE TYPE mood AS ENUM ('ok', 'sad');", "m mood, k integer", []string{"m", "k"}, "CASE WHEN g % 3 = 0 THEN 'sad'::mood ELSE 'ok' END, g"},
		{"boolean, date and integer", "", "b boolean, d date, k integer", []string{"b", "d", "k"}, "g % 2 = 0, date '2026-01-01' + g % 40, g"},
		{"names of the queries", "", `"batch row" integer, "batch key 1" integer`, []string{`"batch row"`, `"batch key 1"`}, "g % 9, g"},
		{"keywords", "", `"select" integer, "Über ""all""" text`, []string{`"select"`, `"Über ""all"""`}, "g % 9, 'ü' || g"},
		{"names with dollars", "", `"$$" integer, "$block$" integer`, []string{`"$$"`, `"$block$"`}, "g % 9, g"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			db.Exec(fmt.Sprintf("%s CREATE TABLE t (%s, n integer DEFAULT 0 NOT NULL, PRIMARY KEY (%s)); INSERT INTO t SELECT %s, 0 FROM generate_series(1, 12000) g",
				tt.before, tt.column, strings.Join(tt.key, ", "), tt.value))
			conn := db.Conn()
			b := fix.Batch{Table: fix.Table{Name: "t", Keyed: true}, Statement: "UPDATE t SET n = n + 1"}
			if err := apply(conn, b.File(), ""); err != nil {
				t.Fatalf("%v\nin:\n%s", err, b.File())
			}
			if !query[bool](t, conn, "SELECT count(*) = 12000 AND bool_and(n = 1) AND count(DISTINCT xmin::text) = 3 FROM t") {
				t.Errorf("not every row once in three transactions:\n%s", b.File())
			}
		})
	}
}

// TestPossible tests which statements can run in batches.
func TestPossible(t *testing.T) {
	withKey, bare, spread := fix.Table{Name: "t", Keyed: true}, fix.Table{Name: "t"}, fix.Table{Name: "t", Spread: true}
	for _, tt := range []struct {
		batch fix.Batch
		want  bool
	}{
		{fix.Batch{Table: withKey, Statement: "UPDATE t SET n = n + 1"}, true},
		{fix.Batch{Table: bare, Statement: "UPDATE t SET n = n + 1"}, false},
		{fix.Batch{Table: bare, Statement: "DELETE FROM t"}, true},
		{fix.Batch{Table: spread, Statement: "DELETE FROM t"}, false},
		{fix.Column{Table: bare, Name: "n"}.Fill("DEFAULT"), true},
		{fix.Column{Table: bare, Name: "n"}.Fill("m"), false},
		{fix.FillEach([]fix.Column{{Table: withKey, Name: "n"}, {Table: withKey, Name: "m"}}, []string{"1", "2"}), true},
		{fix.Batch{Table: withKey, Alias: `"R r"`, Statement: `UPDATE t "R r" SET n = 1`}, true},
		{fix.Batch{Table: withKey, Statement: "UPDATE t SET n = 1", Where: "a OR b"}, false},
		{fix.Batch{Table: withKey, Statement: "UPDATE t SET n = (SELECT max(n) FROM t)"}, false},
		{fix.Batch{Table: fix.Table{Name: "\"a\nb\"", Keyed: true}, Statement: "DELETE FROM \"a\nb\""}, false},
	} {
		if got := tt.batch.Possible(); got != tt.want {
			t.Errorf("%s: %v", tt.batch.File(), got)
		}
	}
}
