package importer

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/capture"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestNeeded runs queries, each line one, and shows what a migration needs of them.
func TestNeeded(t *testing.T) {
	for name, test := range map[string]struct{ queries, want string }{
		"reads of the catalog": {"SELECT 1 FROM pg_class t, information_schema.tables\nSHOW lock_timeout\nEXPLAIN SELECT 1\nVALUES (1)\n(SELECT 1)", ""},
		"reads of tables": {"SELECT t.i FROM a AS t, v WHERE t.i IN (SELECT i FROM ONLY public.b)\nWITH x AS (SELECT 1) SELECT FROM x JOIN \"C c\" ON true\n" +
			"TABLE a\nCOPY a TO STDOUT\nEXPLAIN ANALYZE SELECT FROM a", "reads a v b C c\n"},
		"a name that isn't a table's": {"SELECT 1 AS a, relname AS b FROM pg_class\nSELECT extract(year FROM now()) AS a", ""},
		"what a read may change": {"SELECT setval('s', 7)\nSELECT now(), lower('x'), random()\nSELECT * INTO d FROM a\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'\n" +
			"SELECT f()\nDROP FUNCTION f()\nWITH x AS (DELETE FROM a) SELECT 1\nSELECT act()\nSELECT calm()",
			"0 SELECT setval('s', 7)\n0 SELECT * INTO d FROM a\n0 CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'\n0 SELECT f()\n0 DROP FUNCTION f()\n" +
				"0 WITH x AS (DELETE FROM a) SELECT 1\n0 SELECT act()\ntxmode none\n"},
		"rows that are given back": {"BEGIN\nINSERT INTO a VALUES (1) RETURNING i\nCOMMIT", "1 INSERT INTO a VALUES (1) RETURNING i\nreads a\n"},
		"some rows":                {"BEGIN\nUPDATE a SET i = 1 WHERE i IN (SELECT i FROM a LIMIT 5)\nCOMMIT", "1 UPDATE a SET i = 1 WHERE i IN (SELECT i FROM a LIMIT 5)\npart\n"},
		"the driver's":             {"SET client_encoding = 'UTF8'\nSET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED\nBEGIN\nSET TRANSACTION READ WRITE\nSET LOCAL lock_timeout = '1s'\nSET NAMES 'UTF8'\nCOMMIT", "1 SET LOCAL lock_timeout = '1s'\n"},
		"settings, then a transaction": {"SET search_path = public\nSELECT set_config('lock_timeout', '1s', false)\nBEGIN\nDELETE FROM a\nDELETE FROM b\nCOMMIT\nRESET ALL",
			"0 SET search_path = public\n0 SELECT set_config('lock_timeout', '1s', false)\n1 DELETE FROM a\n1 DELETE FROM b\n0 RESET ALL\n"},
		"only settings":             {"SET search_path = public", ""},
		"the record":                {"BEGIN\nINSERT INTO alembic_version (version_num) VALUES ('a') RETURNING version_num\nUPDATE public.alembic_version SET version_num='b' WHERE version_num = 'a'\nDELETE FROM alembic_version\nCOMMIT", "wrote a b\n"},
		"a lock without its others": {"BEGIN\nLOCK TABLE a\nDELETE FROM a\nDELETE FROM b\nCOMMIT\nVACUUM a", "1 DELETE FROM a\n1 DELETE FROM b\n0 VACUUM a\ntxmode none\napart 1-2\nlocks\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			db.Exec(`CREATE TABLE a (i int); CREATE TABLE b (i int); CREATE TABLE "C c" (); CREATE VIEW v AS SELECT; CREATE SEQUENCE s;
				CREATE TABLE alembic_version (version_num text);
				CREATE FUNCTION act() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION calm() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'`)
			cfg, err := pgx.ParseConfig(db.URL)
			if err != nil {
				t.Fatal(err)
			}
			p, err := capture.Listen(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			ctx := context.Background()
			conn, err := pgx.Connect(ctx, p.URL().String())
			if err != nil {
				t.Fatal(err)
			}
			for _, q := range strings.Split(test.queries, "\n") {
				if _, err := conn.PgConn().Exec(ctx, q).ReadAll(); err != nil {
					t.Fatalf("%s: %v", q, err)
				}
			}
			conn.Close(ctx)
			r, err := needed(ctx, db.Conn(), p.Take(ctx), nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, showRecorded(r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func showRecorded(r *recorded) string {
	var b strings.Builder
	number := map[int]int{0: 0}
	for _, s := range r.stmts {
		if _, ok := number[s.tx]; !ok {
			number[s.tx] = len(number)
		}
		fmt.Fprintf(&b, "%d %s\n", number[s.tx], s.sql)
	}
	show := func(label string, list []string) {
		if len(list) > 0 {
			fmt.Fprintf(&b, "%s %s\n", label, strings.Join(list, " "))
		}
	}
	show("reads", r.reads)
	show("wrote", r.wrote)
	if r.part {
		b.WriteString("part\n")
	}
	if r.txNone() {
		b.WriteString("txmode none\n")
	}
	show("apart", r.apart())
	if r.locks {
		b.WriteString("locks\n")
	}
	return b.String()
}

func TestTidy(t *testing.T) {
	const sql = "\n\tCREATE TABLE t (\n\t\ti int, \n  \n\ts text DEFAULT 'a \n\tb' -- c \t\n)\t;\n"
	const want = "CREATE TABLE t (\n        i int,\n    s text DEFAULT 'a \n\tb' -- c \t\n)"
	if diff := cmp.Diff(want, tidy(sql)); diff != "" {
		t.Error(diff)
	}
}
