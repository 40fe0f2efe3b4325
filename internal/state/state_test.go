package state

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ariga.io/atlas/sql/postgres"
	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/schemahcl"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func readDir(t testing.TB, files map[string]string) *migration.Dir {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text), Mode: fs.FileMode(0o644)}
	}
	d, err := migration.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func split(t *testing.T, sql string) []pgsql.Stmt {
	t.Helper()
	stmts, err := pgsql.Split(sql)
	if err != nil {
		t.Fatal(err)
	}
	return stmts
}

func TestReplayCreatesRoles(t *testing.T) {
	ctx := context.Background()
	srv := pgtest.Server(t)
	dir := readDir(t, map[string]string{
		"1_a.sql": "CREATE TABLE t (a int);\nGRANT SELECT ON t TO replay_reader, \"Replay Writer\";\nGRANT INSERT ON t TO \"Replay Writer\";\n",
		"2_b.sql": "CREATE POLICY p ON t TO replay_reader, replay_other USING (true);\n",
	})
	s, err := Replay(ctx, srv, dir, 1, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var n int
	if err := s.Conn().QueryRow(ctx, "SELECT count(*) FROM pg_roles WHERE rolname IN ('replay_reader', 'Replay Writer', 'replay_other') AND NOT rolcanlogin").Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != 3 {
		t.Errorf("%d of the three roles exist without login", n)
	}
	if !strings.Contains(s.Catalog.String(), "policy public.t.p") {
		t.Errorf("no policy in the catalog:\n%s", s.Catalog)
	}
}

func TestReplayResetsTheSession(t *testing.T) {
	dir := readDir(t, map[string]string{
		"1_dump.sql": "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a ();\n",
		"2_next.sql": "CREATE TABLE b ();\nSET search_path = pg_catalog;\n",
		"3_next.sql": "CREATE TABLE c ();\n",
	})
	s, err := Replay(context.Background(), pgtest.Server(t), dir, 2, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, want := range []string{"table public.a", "table public.b", "table public.c"} {
		if !strings.Contains(s.Catalog.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestReplayThrough(t *testing.T) {
	ctx := context.Background()
	srv := pgtest.Server(t)
	dir := readDir(t, map[string]string{
		"1_a.sql": "CREATE TABLE a ();\n",
		"2_b.sql": "CREATE TABLE b ();\n",
		"3_c.sql": "CREATE TABLE a ();\n",
	})
	var got []bool
	for through := -1; through < 2; through++ {
		s, err := Replay(ctx, srv, dir, through, catalog.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Contains(s.Catalog.String(), "table public.a"), strings.Contains(s.Catalog.String(), "table public.b"))
		s.Close()
	}
	if want := []bool{false, false, true, false, true, true}; !cmp.Equal(want, got) {
		t.Errorf("tables a and b after no file, one and two: %v", got)
	}
	_, err := Replay(ctx, srv, dir, 2, catalog.Options{})
	var stmt *runner.StmtError
	if !errors.As(err, &stmt) || stmt.File != "3_c.sql" || stmt.Pos.Line != 1 {
		t.Errorf("replaying the third file: %v", err)
	}
	if _, err := Replay(ctx, srv, dir, 3, catalog.Options{}); err == nil {
		t.Error("replaying more files than there are succeeded")
	}
}

const appHCL = `
schema "public" {
}
schema "App-Data" {
}
enum "Mood" {
  schema = schema.App-Data
  values = ["sad", "it's ok"]
}
table "Users" {
  schema = schema.App-Data
  column "Id" {
    type = bigint
    identity {
      generated = ALWAYS
    }
  }
  column "select" {
    type    = varchar(20)
    default = "it's"
  }
  column "mood" {
    type = enum.Mood
    null = true
  }
  column "at" {
    type    = timestamptz
    default = sql("now()")
  }
  primary_key {
    columns = [column.Id]
  }
  index "Users at" {
    on {
      column = column.at
      desc   = true
    }
  }
  check "Short" {
    expr = "length(\"select\") < 10"
  }
}
table "posts" {
  schema = schema.public
  column "user" {
    type = bigint
  }
  foreign_key "posts user" {
    columns     = [column.user]
    ref_columns = [table.Users.column.Id]
    on_delete   = CASCADE
  }
}
`

func TestDesired(t *testing.T) {
	ctx := context.Background()
	s, err := Desired(ctx, pgtest.Server(t), "schema.hcl", []byte(appHCL), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := s.Catalog.String()
	for _, want := range []string{
		`schema "App-Data"`, `enum "App-Data"."Mood"`, `table "App-Data"."Users"`, `column "App-Data"."Users"."select"`,
		`index "App-Data"."Users"."Users at"`, `constraint "App-Data"."Users"."Short"`, `constraint public.posts."posts user"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}

	hcl, err := Inspect(ctx, s.DB.ConnConfig(), catalog.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Desired(ctx, pgtest.Server(t), "inspected.hcl", hcl, catalog.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, hcl)
	}
	defer again.Close()
	if diff := cmp.Diff(got, again.Catalog.String()); diff != "" {
		t.Errorf("the inspected schema produces another one (-declared +inspected):\n%s\n%s", diff, hcl)
	}
}

func TestDesiredErrors(t *testing.T) {
	const head = "schema \"public\" {\n}\ntable \"results\" {\n  schema = schema.public\n  column \"id\" {\n    type = uuid\n  }\n"
	for _, tt := range []struct {
		name, src, want string
	}{
		{
			"gin on boolean",
			head + "  column \"flaky\" {\n    type = boolean\n  }\n  index \"ix_results_flaky\" {\n    columns = [column.flaky]\n    type    = GIN\n  }\n}\n",
			`schema.hcl:11:3: index ix_results_flaky of table results: data type boolean has no default operator class for access method "gin" (SQLSTATE 42704), You must specify an operator class for the index or define a default operator class for the data type; use an index type that supports the column's type (such as type = BTREE), specify an operator class (ops), or create extension btree_gin (for scalar types) in a migration first: run new, write its SQL, and then run plan`,
		},
		{
			"type that only PostgreSQL can refuse",
			head + "  column \"flaky\" {\n    type = sql(\"booleann\")\n  }\n}\n",
			`schema.hcl:8:3: column flaky of table results: type "booleann" does not exist (SQLSTATE 42704); correct the name, or create the type in a migration first: run new, write its SQL, and then run plan`,
		},
		{
			"check that makes no sense",
			head + "  check \"odd\" {\n    expr = \"no > 1\"\n  }\n}\n",
			`schema.hcl:8:3: check odd of table results: column "no" does not exist (SQLSTATE 42703); correct the schema file`,
		},
		{
			"default that does not fit",
			head + "  column \"n\" {\n    type    = int\n    default = sql(\"'x'\")\n  }\n}\n",
			`schema.hcl:8:3: column n of table results: invalid input syntax for type integer: "x" (SQLSTATE 22P02); correct the schema file`,
		},
		{
			"table twice",
			head + "}\ntable \"results\" {\n  schema = schema.public\n  column \"id\" {\n    type = uuid\n  }\n}\n",
			`schema.hcl:9:1: duplicate table "results": the first is on line 3`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Desired(context.Background(), pgtest.Server(t), "schema.hcl", []byte(tt.src), catalog.Options{})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var se *schemahcl.Error
			if !errors.As(err, &se) {
				t.Errorf("a %T, not a *schemahcl.Error", err)
			}
		})
	}
}

func TestDesiredOn(t *testing.T) {
	ctx := context.Background()
	srv := pgtest.Server(t)
	dir := readDir(t, map[string]string{
		"1_a.sql": `
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION code() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'x' $$;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE SCHEMA gone;
CREATE TABLE gone.t (a int);
CREATE SCHEMA stays;
CREATE VIEW stays.v AS SELECT 1 AS a;
CREATE TABLE old (a positive, b mood);
CREATE VIEW on_old AS SELECT a FROM old;
`,
	})
	base, err := Replay(ctx, srv, dir, 0, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	src := "schema \"public\" {\n}\ntable \"t\" {\n  schema = schema.public\n  column \"a\" {\n    type = sql(\"positive\")\n  }\n  column \"c\" {\n    type    = text\n    default = sql(\"code()\")\n  }\n}\n"
	if _, err := Desired(ctx, srv, "schema.hcl", []byte(src), catalog.Options{}); err == nil {
		t.Fatal("an empty database knew the domain")
	}
	s, err := DesiredOn(ctx, base, "schema.hcl", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	managed, _ := Split(s.Catalog)
	want := `column public.t.a: public.positive not null
column public.t.c: text not null default public.code()
schema stays
table public.t: ordinary
`
	if diff := cmp.Diff(want, managed.String()); diff != "" {
		t.Errorf("managed (-want +got):\n%s", diff)
	}
	checkOutside(t, s, "1 domain (public.positive)", "1 function (public.code())", "1 view (stays.v)")
}

// checkOutside compares what is unmanaged with want.
func checkOutside(t *testing.T, s *State, want ...string) {
	t.Helper()
	list, err := s.Outside(t.Context(), func(catalog.Line) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range list {
		if strings.HasSuffix(o.Kind, "privilege") || o.Kind == "grant" { // all of them
			for _, name := range o.Names {
				got = append(got, o.Kind+" "+name)
			}
			continue
		}
		got = append(got, o.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outside (-want +got):\n%s", diff)
	}
}

func TestOutsideString(t *testing.T) {
	for _, tt := range []struct {
		kind  string
		names []string
		want  string
	}{
		{"view", []string{"public.v"}, "1 view (public.v)"},
		{"view", []string{"public.v", `public."W x"`}, `2 views (public.v, public."W x")`},
		{"policy", []string{"a", "b", "c"}, "3 policies (a, b, c)"},
		{"policy", []string{"a", "b", "c", "d"}, "4 policies (a, b, c, ...)"},
		{"statistics", []string{"a", "b"}, "2 statistics (a, b)"},
		{"operator class", []string{"a", "b"}, "2 operator classes (a, b)"},
		{"INVALID index", []string{"a", "b"}, "2 INVALID indexes (a, b)"},
		{"table with row security", []string{"a", "b"}, "2 tables with row security (a, b)"},
	} {
		if got := (Outside{tt.kind, tt.names}).String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// Each kind is listed, with names that need quotes, and parts of objects aren't counted separately.
func TestOutside(t *testing.T) {
	for _, tt := range []struct {
		name, sql string
		want      []string
	}{
		{"publication", `CREATE TABLE "T: a" (id int); CREATE TABLE u (id int); CREATE PUBLICATION "My pub" FOR TABLE "T: a", u`,
			[]string{`1 publication ("My pub")`}},
		{"typed tables", `CREATE TYPE "Pair, of" AS (a int, b int); CREATE TABLE "select" OF "Pair, of" (PRIMARY KEY (a));
			CREATE TABLE parted OF "Pair, of" PARTITION BY RANGE (((a)::text || '), of '::text));
			COMMENT ON TABLE "select" IS 'x'; CREATE INDEX ON "select" (b);
			ALTER TABLE "select" ALTER b SET STORAGE PLAIN`,
			[]string{`1 composite (public."Pair, of")`, `2 typed tables (public."select", public.parted)`}},
		{"a key that looks like a partition", `CREATE TABLE p (a text) PARTITION BY LIST ((a || ', partition of x, of y'))`, nil},
		{"partitions and children", `CREATE SCHEMA "My App"; CREATE TABLE "My App".p (a int) PARTITION BY LIST (a); CREATE TABLE "My App"."P 1" PARTITION OF "My App".p DEFAULT;
			CREATE TABLE "Parent" (a int); CREATE TABLE "Child: x" () INHERITS ("Parent")`, []string{`1 child table (public."Child: x")`, `1 partition ("My App"."P 1")`}},
		{"INVALID indexes", `CREATE TABLE "P" (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF "P" DEFAULT; CREATE INDEX "i: x" ON ONLY "P" (a)`,
			[]string{`1 INVALID index (public."P"."i: x")`, "1 partition (public.p1)"}},
		{"replica identity", `CREATE TABLE "T" (id int PRIMARY KEY, a int NOT NULL); CREATE UNIQUE INDEX "I.1" ON "T" (a); ALTER TABLE "T" REPLICA IDENTITY USING INDEX "I.1"`,
			[]string{`1 table with a replica identity (public."T")`}},
		{"more than three", `CREATE VIEW "select" AS SELECT 1; CREATE VIEW a AS SELECT 1; CREATE VIEW "B" AS SELECT 1; CREATE VIEW c AS SELECT 1`,
			[]string{`4 views (public."B", public."select", public.a, ...)`}},
		{"grants", `CREATE SCHEMA "My App"; CREATE TABLE "My App"."select" (id int GENERATED ALWAYS AS IDENTITY, "a.b" int); CREATE VIEW v AS SELECT 1 AS a;
			CREATE SEQUENCE own; CREATE FUNCTION f(int, "My App"."select") RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE mood AS ENUM ('a');
			GRANT SELECT, INSERT ON "My App"."select" TO line_reader, "Line, writer" WITH GRANT OPTION;
			GRANT UPDATE ("a.b") ON "My App"."select" TO PUBLIC;
			GRANT SELECT ON v TO line_reader; GRANT USAGE ON SCHEMA "My App" TO line_reader; GRANT USAGE ON own TO line_reader;
			GRANT USAGE ON SEQUENCE "My App".select_id_seq TO line_reader; GRANT EXECUTE ON FUNCTION f TO line_reader; GRANT USAGE ON TYPE mood TO line_reader`,
			[]string{
				`1 function (public.f(integer, "My App"."select"))`,
				`grant EXECUTE on function public.f(integer, "My App"."select") to line_reader`,
				`grant INSERT WITH GRANT OPTION and SELECT WITH GRANT OPTION on table "My App"."select" to "Line, writer"`,
				`grant INSERT WITH GRANT OPTION and SELECT WITH GRANT OPTION on table "My App"."select" to line_reader`,
				`grant SELECT on view public.v to line_reader`,
				`grant UPDATE on column "My App"."select"."a.b" to PUBLIC`,
				`grant USAGE on schema "My App" to line_reader`,
				`grant USAGE on sequence "My App".select_id_seq to line_reader`,
				`grant USAGE on sequence public.own to line_reader`,
				`grant USAGE on type public.mood to line_reader`,
				"1 sequence (public.own)", "1 view (public.v)",
			}},
		{"revoked", `CREATE FUNCTION "F"() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION "F" FROM PUBLIC; REVOKE USAGE ON SCHEMA public FROM PUBLIC;
			CREATE TABLE t (a int); REVOKE TRUNCATE ON t FROM CURRENT_USER; CREATE TABLE u (a int); GRANT SELECT ON u TO PUBLIC; REVOKE SELECT ON u FROM PUBLIC`,
			[]string{
				`1 function (public."F"())`,
				`revoked privilege EXECUTE on function public."F"() from PUBLIC`,
				"revoked privilege TRUNCATE on table public.t from its owner",
				"revoked privilege USAGE on schema public from PUBLIC",
			}},
		{"default privileges", `ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO line_reader; CREATE SCHEMA "My App";
			ALTER DEFAULT PRIVILEGES IN SCHEMA "My App" GRANT USAGE ON SEQUENCES TO line_reader; ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`, []string{
			"default privilege SELECT on tables to line_reader",
			`default privilege USAGE on sequences in schema "My App" to line_reader`,
			"default privilege no EXECUTE on functions to PUBLIC",
		}},
		{"range", `CREATE TYPE "R 1" AS RANGE (subtype = int); GRANT USAGE ON TYPE "R 1" TO line_reader`, []string{
			`grant USAGE on type public."R 1" to line_reader`, `1 range (public."R 1")`,
		}},
		{"multirange", `CREATE TYPE "R 2" AS RANGE (subtype = int, multirange_type_name = "M 2"); GRANT USAGE ON TYPE "M 2" TO line_reader`, []string{
			`grant USAGE on type public."M 2" to line_reader`, `1 range (public."R 2")`,
		}},
		{"of the extension's and initdb's own", `CREATE EXTENSION citext; GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC`, []string{"1 extension (citext)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.name == "multirange" {
				pgtest.Versions(t, "14-") // the first with multiranges
				pgtest.Versions(t, "-17") // the last in which they have privileges
			}
			s, err := New(t.Context(), pgtest.Server(t), catalog.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			stmts, err := pgsql.Split(tt.sql)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Run(t.Context(), stmts, false, "test.sql"); err != nil {
				t.Fatal(err)
			}
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkOutside(t, s, tt.want...)
		})
	}
}

func TestInspectLeavesOut(t *testing.T) {
	pgtest.Versions(t, "13-") // an owner can create citext
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec(`
		CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
		CREATE SCHEMA journal; CREATE TABLE journal.atlas_schema_revisions (version varchar PRIMARY KEY);
		CREATE TABLE legacy (a int); CREATE TABLE kept (a int);
		CREATE VIEW "v
 1" AS SELECT 1 AS a;
		CREATE EXTENSION citext;
		CREATE TABLE member (a int); ALTER EXTENSION citext ADD TABLE member;
		CREATE TYPE member_enum AS ENUM ('a'); ALTER EXTENSION citext ADD TYPE member_enum;`)
	hcl, err := Inspect(ctx, db.ConnConfig(), catalog.Options{JournalSchema: "journal", Exclude: []string{"public.legacy", "journal"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `# Outside this file, because HCL cannot express it: 1 extension (citext)
# Outside this file, because HCL cannot express it: 1 view (public."v\n 1")

table "kept" {
  schema = schema.public
  column "a" {
    null = true
    type = integer
  }
}
schema "public" {
}
`
	if diff := cmp.Diff(want, string(hcl)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A role gets the whole schema, or an error that lists the tables that it may not see.
func TestInspectHidden(t *testing.T) {
	ctx := context.Background()
	db := pgtest.New(t)
	db.Exec(`
		CREATE TYPE mood AS ENUM ('a', 'b');
		CREATE TABLE a (id int GENERATED ALWAYS AS IDENTITY (START WITH 100) PRIMARY KEY, m mood DEFAULT 'a', g int GENERATED ALWAYS AS (1 + 1) STORED);
		CREATE TABLE b (id serial PRIMARY KEY, a int REFERENCES a CHECK (a > 0));
		CREATE INDEX ON b (a);
		CREATE TABLE parts (id int) PARTITION BY RANGE (id);
		CREATE TABLE part PARTITION OF parts FOR VALUES FROM (1) TO (2);
		CREATE SCHEMA own; CREATE TABLE own."C" (id int);
		CREATE TABLE t1 (); CREATE TABLE t2 (n int); CREATE TABLE t3 (n int); CREATE TABLE t4 (n int);
		CREATE TABLE legacy (n int);`)
	admin, err := pgtest.Server(t).Admin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	role := db.Name + "_stranger"
	if _, err := admin.Exec(ctx, "CREATE ROLE "+role+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	opts := catalog.Options{Exclude: []string{"public.legacy"}}
	cfg := db.ConnConfig()
	cfg.User = role
	for _, tt := range []struct{ grant, hidden string }{
		{"", `own."C", public.a, public.b, public.parts, public.t1 and 3 more`},
		{"GRANT SELECT ON a, parts, t1, t2, t3, t4 TO " + role, `own."C", public.b`},
		{"GRANT SELECT (id) ON b TO " + role, `own."C", public.b`},
		{"GRANT INSERT (a) ON b TO " + role, `own."C"`},
		{`GRANT SELECT ON own."C" TO ` + role, ""},
	} {
		db.Exec(tt.grant)
		got, err := Inspect(ctx, cfg, opts, nil)
		if tt.hidden != "" {
			want := "role " + role + " may not see all of " + tt.hidden + ": grant it SELECT on these tables, or inspect as their owner"
			if err == nil || err.Error() != want {
				t.Errorf("after %q: %v\n%s\nwant the error %s", tt.grant, err, got, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want, err := Inspect(ctx, db.ConnConfig(), opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("with all rights (-owner +role):\n%s", diff)
		}
	}
}

// A recorder records the queries that it runs.
type recorder struct {
	querier
	queries []string
}

func (r *recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.queries = append(r.queries, query)
	return r.querier.QueryContext(ctx, query, args...)
}

// Each replacement is still made in a query of Atlas.
func TestReplacements(t *testing.T) {
	s, err := New(t.Context(), pgtest.Server(t), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.db.run.Exec(t.Context(), "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); INSERT INTO t DEFAULT VALUES"); err != nil {
		t.Fatal(err)
	}
	r := &recorder{querier: querier{s.db.conn}}
	drv, err := postgres.Open(r)
	if err != nil {
		t.Fatal(err)
	}
	realm, err := drv.InspectRealm(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, replacement := range replacements {
		if !slices.ContainsFunc(r.queries, func(q string) bool { return strings.Contains(q, replacement.old) }) {
			t.Errorf("no query contains %q", replacement.old)
		}
	}
	last := int64(0)
	for _, a := range realm.Schemas[0].Tables[0].Columns[0].Attrs {
		if identity, ok := a.(*postgres.Identity); ok {
			last = identity.Sequence.Last
		}
	}
	if last != 1 {
		t.Errorf("the last number of the identity column is %d", last)
	}
}
