package lint_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// folder writes migrations to a new folder, with correct checksums.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "migrations")
	put(t, root, files)
	return root
}

// put writes files, deletes those whose text is "-", and recomputes the checksums.
func put(t testing.TB, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(root, name)
		if text == "-" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, root string) *migration.Dir {
	t.Helper()
	d, err := migration.Read(os.DirFS(root))
	if d == nil {
		t.Fatal(err)
	}
	return d
}

// start returns the tests' server, which caches no states.
func start(t testing.TB) func(context.Context, []string) (*devdb.Server, error) {
	return func(context.Context, []string) (*devdb.Server, error) { return pgtest.Server(t), nil }
}

// run lints the folder. cfg needs no Dir, Root or Start.
func run(t *testing.T, root string, cfg lint.Config) (*lint.Report, error) {
	t.Helper()
	if cfg.LookupEnv == nil {
		cfg.LookupEnv = func(string) (string, bool) { return "", false }
	}
	cfg.Dir, cfg.Root, cfg.Start = read(t, root), root, start(t)
	return lint.Run(context.Background(), cfg)
}

func mustRun(t *testing.T, root string, cfg lint.Config) *lint.Report {
	t.Helper()
	r, err := run(t, root, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// findings returns each finding on a line.
func findings(r *lint.Report) []string {
	var lines []string
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			code := ""
			if d.Code != "" {
				code = " " + d.Code
			}
			lines = append(lines, fmt.Sprintf("%s:%d:%d: %s %s%s: %s", f.Name, d.Line, d.Col, d.Severity, d.Name, code, d.Text))
		}
	}
	return lines
}

const (
	first  = "20260101000000_first.sql"
	second = "20260102000000_second.sql"
	third  = "20260103000000_third.sql"
)

const shop = `CREATE TABLE customers (id int PRIMARY KEY, name text, mail text, "Odd Column" int);
CREATE TABLE orders (
  id int PRIMARY KEY,
  customer_id int CONSTRAINT orders_customer REFERENCES customers (id),
  note text
);
CREATE INDEX ON customers (mail);
CREATE UNIQUE INDEX customers_name ON customers (name);
CREATE SCHEMA "Archive";
CREATE TABLE "Archive"."Old Orders" (id int PRIMARY KEY, x int);
CREATE TABLE events (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE VIEW names AS SELECT name FROM customers;
`

var update = flag.Bool("update", false, "write what is found to the golden files")

// TestStatements compares the findings about statements with testdata/statements.txt.
func TestStatements(t *testing.T) {
	const golden = "testdata/statements.txt"
	var all strings.Builder
	for _, test := range []struct{ name, sql string }{
		{"nothing", ""},
		{"comments", "-- DROP TABLE orders;\n/* DROP TABLE customers; */\n"},
		{"safe", "ALTER TABLE orders ADD COLUMN flaky boolean;\nCREATE INDEX ON orders (flaky);\nCREATE TABLE t (x int NOT NULL);\nINSERT INTO t VALUES (1);\n"},
		{"drop column", "-- title\n\nSELECT 1;\n  ALTER TABLE orders DROP COLUMN note;\n"},
		{"drop columns", `ALTER TABLE public.customers DROP COLUMN mail, DROP "Odd Column";`},
		{"drop foreign key column", "ALTER TABLE orders DROP COLUMN customer_id;"},
		{"drop and add", "ALTER TABLE orders DROP COLUMN note, ADD COLUMN note text;"},
		{"drop table", "SELECT ';'; DROP TABLE orders;"},
		{"drop table elsewhere", `DROP TABLE "Archive"."Old Orders";`},
		{"drop table in a block", "DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'orders'; END $$;"},
		{"drop and create again in a block", "DO $$ BEGIN DROP TABLE orders; CREATE TABLE orders (id int PRIMARY KEY); END $$;"},
		{"drop and create again", "DROP TABLE orders;\nCREATE TABLE orders (id int PRIMARY KEY);"},
		{"drop partition", "DROP TABLE events_2025;"},
		{"drop if it is there", "DROP TABLE IF EXISTS nothing;\nALTER TABLE IF EXISTS nothing DROP COLUMN x;\n"},
		{"drop what was created", "CREATE TABLE t (x int, y int);\nALTER TABLE t DROP COLUMN y;\nDROP TABLE t;\n"},
		{"drop schema", `DROP SCHEMA "Archive" CASCADE;`},
		{"drop foreign key", "ALTER TABLE orders DROP CONSTRAINT orders_customer;"},
		{"not null without default", "ALTER TABLE orders ADD COLUMN x int NOT NULL;"},
		{"not null with default", "ALTER TABLE orders ADD COLUMN x int NOT NULL DEFAULT 0;"},
		{"set not null", "ALTER TABLE orders ALTER note SET NOT NULL;"},
		{"unique index", "CREATE UNIQUE INDEX i ON customers (mail, lower(name));"},
		{"unique constraint", `ALTER TABLE customers ADD CONSTRAINT u UNIQUE ("Odd Column");`},
		{"rename column", "ALTER TABLE customers RENAME mail TO email;"},
		{"rename column with a unique index", "ALTER TABLE customers RENAME COLUMN name TO \"Full Name\";"},
		{"rename table", "ALTER TABLE orders RENAME TO purchases;"},
		{"move table", `ALTER TABLE orders SET SCHEMA "Archive";`},
		{"rename schema", `ALTER SCHEMA "Archive" RENAME TO archive;`},
		{"attach partition", "CREATE TABLE e (id int, at date);\nALTER TABLE events ATTACH PARTITION e FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"},
		{"detach partition", "ALTER TABLE events DETACH PARTITION events_2025;"},
		{"comment that Atlas takes for a statement", "SELECT 1;\n-- was: x; DROP TABLE orders;"},
		{"failure", "SELECT 1;\nALTER TABLE orders ADD COLUMN x json;\nCREATE INDEX ON orders USING gin (x);"},
		{"failure after a finding", "ALTER TABLE orders DROP COLUMN note;\nSELECT nothing;"},
		{"failure at commit", "ALTER TABLE orders ADD CONSTRAINT d FOREIGN KEY (id) REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED;\nINSERT INTO orders VALUES (7);"},
		{"without a transaction", "-- atlas:txmode none\n\nCREATE INDEX CONCURRENTLY i ON orders (note);\nALTER TABLE orders DROP COLUMN note;\n"},
		{"roles that the server lacks", "GRANT SELECT ON orders TO \"Lint Reader\";\nALTER TABLE orders DROP COLUMN note;\nGRANT SELECT ON orders TO lint_other;\n"},
		{"roles without a transaction", "-- atlas:txmode none\n\nALTER TABLE orders DROP COLUMN note;\nGRANT SELECT ON orders TO lint_third;\nDROP TABLE orders;\n"},
		{"type that is missing", "ALTER TABLE orders ADD COLUMN x nosuchtype;"},
		{"no superuser", "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/f';"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := folder(t, map[string]string{first: shop, second: test.sql})
			r := mustRun(t, root, lint.Config{Latest: 1})
			fmt.Fprintf(&all, "%s\n", test.name)
			for _, f := range findings(r) {
				fmt.Fprintf(&all, "\t%s\n", strings.TrimPrefix(f, second+":"))
			}
			for _, f := range r.Files {
				for _, d := range f.Diagnostics {
					if d.Pos < 0 || d.Pos > len(f.Text) {
						t.Errorf("position %d of %d", d.Pos, len(f.Text))
					}
				}
			}
		})
	}
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(all.String(), "\n")); diff != "" {
		t.Error(diff)
	}
}

// TestFields compares all fields of a finding.
func TestFields(t *testing.T) {
	sql := "SELECT 'ä'; ALTER TABLE \"Archive\".\"Old Orders\" DROP COLUMN x;\n"
	root := folder(t, map[string]string{first: shop, second: sql})
	got := mustRun(t, root, lint.Config{Latest: 1})
	got.Files[0].Statements, got.Path = nil, nil // TestLocks and TestReportKeeps check them
	want := &lint.Report{
		Base: "the latest file", Total: 2, Changed: 1,
		Files: []lint.FileReport{{
			Name: second, Text: sql, Changed: true, Error: "destructive changes detected",
			Diagnostics: []lint.Diagnostic{{
				Pos: 13, Line: 1, Col: 13, Title: "destructive changes detected", Code: "DS103", Name: "drop-column", Analyzer: "destructive",
				Text:  `dropping column "Archive"."Old Orders".x deletes its data and breaks everything that still uses it`,
				Table: `"Archive"."Old Orders"`, Column: "x", Severity: lint.Error,
				Lock: "AccessExclusiveLock",
				Fix:  fix.Words("stop writing and reading the column in one release, then drop it in a later one"),
			}},
		}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(fix.Text{})); diff != "" {
		t.Error(diff)
	}
	if !got.Failed() || got.Count(lint.Error) != 1 || got.Count(lint.Warning) != 0 {
		t.Error("the report passes")
	}
}

// TestFiles lints several files that depend on each other.
func TestFiles(t *testing.T) {
	root := folder(t, map[string]string{
		first:  shop,
		second: "CREATE TABLE t (x int);\nALTER TABLE orders DROP COLUMN note;\n",
		third:  "ALTER TABLE orders ADD COLUMN note text;\nDROP TABLE t;\n",
	})
	want := []string{
		second + ":2:1: error drop-column DS103: dropping column orders.note deletes its data and breaks everything that still uses it",
	}
	if diff := cmp.Diff(want, findings(mustRun(t, root, lint.Config{Latest: 2}))); diff != "" {
		t.Error(diff)
	}
	// With all files, or more than there are, nothing existed before.
	for _, n := range []int{3, 100} {
		r := mustRun(t, root, lint.Config{Latest: n})
		if diff := cmp.Diff([]string(nil), findings(r)); diff != "" || r.Changed != 3 || r.Total != 3 || len(r.Files) != 3 {
			t.Errorf("%d: %+v %s", n, r, diff)
		}
	}
}

// TestSessionOfAFile empties the search path, as the scripts of pg_dump do, and sets a role.
func TestSessionOfAFile(t *testing.T) {
	for _, header := range []string{"", "-- atlas:txmode none\n\n"} {
		root := folder(t, map[string]string{
			first: "CREATE TYPE color AS ENUM ('red');\nCREATE TABLE a (c color DEFAULT 'red', n int);\n",
			second: header + "SELECT pg_catalog.set_config('search_path', '', false);\nALTER TABLE public.a DROP COLUMN n;\n" +
				"-- repeatable it changes nothing\nDO $$ BEGIN IF current_setting('search_path') <> '' THEN RAISE 'search path %', current_setting('search_path'); END IF; END $$;\n",
			third: "ALTER TABLE a DROP COLUMN c;\n",
		})
		lines := strings.Count(header, "\n")
		want := []string{
			fmt.Sprintf("%s:%d:1: error drop-column DS103: dropping column a.n deletes its data and breaks everything that still uses it", second, 2+lines),
			third + ":1:1: error drop-column DS103: dropping column a.c deletes its data and breaks everything that still uses it",
		}
		if diff := cmp.Diff(want, findings(mustRun(t, root, lint.Config{Latest: 2}))); diff != "" {
			t.Error(diff)
		}
	}
}

// TestBrokenBase has a merged file that can't be run, so the changed one can't be linted.
func TestBrokenBase(t *testing.T) {
	r := mustRun(t, folder(t, map[string]string{first: "SELECT nothing;", second: "DROP TABLE orders;"}), lint.Config{Latest: 1})
	want := []string{first + `:1:8: error migration-fails IB607: column "nothing" does not exist (SQLSTATE 42703); the file must run on the schema that the files before it produce, without any data`}
	if diff := cmp.Diff(want, findings(r)); diff != "" {
		t.Error(diff)
	}
}
