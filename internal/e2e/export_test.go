package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/schematest"
)

// exportEnv is Alembic's template for env.py, without models, with the settings of the environment. It fails if a
// migration leaves the session with other settings than it found.
const exportEnv = `import os
from alembic import context
from sqlalchemy import create_engine

url = os.environ["ALEMBIC_URL"]


def settings(connection):
    with connection.connection.cursor() as c:
        c.execute(
            "SELECT name, setting FROM pg_catalog.pg_settings"
            " UNION ALL SELECT 'role', current_setting('role') UNION ALL SELECT 'user', session_user"
        )
        found = dict(c.fetchall())
    connection.connection.commit()
    return found


if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
elif url.startswith("sqlite"):
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
else:
    own = bool(os.environ.get("OWN_TRANSACTION"))
    with create_engine(url, future=own).connect() as connection:
        with connection.connection.cursor() as c:
            c.execute("SET search_path = public, pg_catalog; SET timezone = 'Europe/Paris'; SET datestyle = 'SQL, DMY'; SET statement_timeout = '1h'")
        connection.connection.commit()
        before = settings(connection)
        context.configure(connection=connection, transaction_per_migration=own)
        with context.begin_transaction():
            context.run_migrations()
        after = settings(connection)
        changed = {k: (v, after.get(k)) for k, v in before.items() if after.get(k) != v}
        assert not changed, changed
`

// exportedTo returns Alembic on the migrations of a project, as export writes them.
func exportedTo(t *testing.T, project string) *alembic {
	t.Helper()
	a := newAlembic(t, "postgres://nowhere")
	versions := filepath.Join(a.dir, "scripts", "versions")
	if err := os.RemoveAll(versions); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.dir, "scripts", "env.py"), []byte(exportEnv), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := in(project, "", "export", "-alembic="+filepath.Join(a.dir, "scripts")).CombinedOutput(); err != nil {
		t.Fatalf("export: %v\n%s", err, out)
	}
	return a
}

// on returns a with another database.
func (a *alembic) on(db *pgtest.DB) *alembic {
	b := *a
	b.url = "postgresql+psycopg2" + strings.TrimPrefix(db.URL, "postgres")
	return &b
}

// offline runs the SQL that alembic prints.
func (a *alembic) offline(db *pgtest.DB, args ...string) {
	a.t.Helper()
	script := a.on(db).run(append(args, "--sql")...)
	cmd := exec.Command("psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", db.URL)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c client_min_messages=warning")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		a.t.Fatalf("psql: %v\n%s\nThe script:\n%s", err, out, script)
	}
}

// difficult are migrations whose statements mean something to SQLAlchemy, psycopg2, psql or Python, or depend on their
// session or their transaction.
var difficult = map[string]string{
	"1_a.sql": `CREATE TABLE "T ""%s :x" (id int PRIMARY KEY, "a:b" text DEFAULT '%', "100%%" text CHECK ("100%%" <> '\'));
INSERT INTO "T ""%s :x" VALUES (1, ':x %s %(x)s %% \n \\ ''', e'\\%\'');
CREATE FUNCTION f(x int[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% of 100%% \:', x[1:1];
    RETURN format('%s %% :x \ """ ''''''', x);
END $$;
SELECT f(ARRAY[1]) AS ":x" WHERE 7 % 2 = 1;
CREATE VIEW v AS SELECT id::text AS "it's", e'a\tb' AS "\", 5 % 3 AS m FROM "T ""%s :x"
`,
	"2_none.sql": `-- atlas:txmode none
-- alembic:revision none.2

CREATE INDEX CONCURRENTLY "i %s" ON "T ""%s :x" (("a:b" || '%'));
-- repeatable it adds the same row
DO $$ BEGIN FOR i IN 2..4 LOOP INSERT INTO "T ""%s :x" (id) VALUES (i); COMMIT; END LOOP; END $$;
BEGIN;
LOCK TABLE "T ""%s :x";
INSERT INTO "T ""%s :x" (id) VALUES (5);
COMMIT;
`,
	"3_enum.sql":   "CREATE TYPE e AS ENUM ('a', 'b''%');\nCREATE TABLE u (e e DEFAULT 'a');\n",
	"4_add.sql":    "ALTER TYPE e ADD VALUE ':c';\n",
	"5_use.sql":    "INSERT INTO u VALUES (':c');\n",
	"6_path.sql":   "-- migrate:lock_timeout 7s\n\nCREATE SCHEMA \"%s\";\nSET search_path = \"%s\";\nSET TIME ZONE 'Asia/Tokyo';\nSET work_mem = '7MB';\nCREATE TABLE \"in it\" (at timestamptz DEFAULT '2026-01-02 03:04');\n",
	"7_here.sql":   "CREATE TABLE here (at timestamptz DEFAULT '2026-01-02 03:04', d date DEFAULT '02/01/2026', wait text DEFAULT current_setting('work_mem'));\nINSERT INTO here DEFAULT VALUES;\n",
	"8_temp.sql":   "CREATE TEMP TABLE here (x int);\nPREPARE p AS SELECT 1;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\nLISTEN l;\n",
	"9_crlf.sql":   "ALTER TABLE here\r\n    ADD COLUMN gone int,\r\n    DROP COLUMN d;\nPREPARE p AS SELECT 1;\nDECLARE c CURSOR WITH HOLD FOR SELECT 1;\nCOMMENT ON TABLE here IS '\r\n\"\"\"''''''\\';\n",
	"91_empty.sql": "-- Nothing.\n",
	"92_last.sql":  "-- alembic:revision last\n\nDROP TABLE \"%s\".\"in it\";\n",

	"down/1_a.sql":      "DROP VIEW v;\nDROP FUNCTION f(int[]);\nDROP TABLE \"T \"\"%s :x\";\n",
	"down/2_none.sql":   "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY \"i %s\";\nDELETE FROM \"T \"\"%s :x\" WHERE id > 1;\n",
	"down/3_enum.sql":   "DROP TABLE u;\nDROP TYPE e;\n",
	"down/4_add.sql":    "ALTER TYPE e RENAME TO old;\nCREATE TYPE e AS ENUM ('a', 'b''%');\nALTER TABLE u ALTER e DROP DEFAULT, ALTER e TYPE e USING e::text::e, ALTER e SET DEFAULT 'a';\nDROP TYPE old;\n",
	"down/5_use.sql":    "DELETE FROM u;\n",
	"down/6_path.sql":   "SET search_path = \"%s\";\nDROP TABLE IF EXISTS \"in it\";\nDROP SCHEMA \"%s\";\n",
	"down/7_here.sql":   "DROP TABLE here;\n",
	"down/8_temp.sql":   "",
	"down/9_crlf.sql":   "ALTER TABLE here DROP COLUMN gone, ADD COLUMN d date DEFAULT '02/01/2026';\nCOMMENT ON TABLE here IS NULL;\n",
	"down/91_empty.sql": "",
	"down/92_last.sql":  "-- alembic:down none \"its rows\" are gone, 100% of 'em\n\n",
}

// Whether our apply runs the migrations, or Alembic as revision files, online or offline, in a transaction each or all
// in one, the database is the same. So it is after the down files.
func TestAlembicRunsExportedMigrations(t *testing.T) {
	files := map[string]string{}
	for name, text := range difficult {
		dir, base := filepath.Split(name)
		version, desc, _ := strings.Cut(base, "_")
		files[dir+(version + "0")[:2]+"_"+desc] = text
	}
	dir := projectOf(t, files)
	a := exportedTo(t, dir)
	apply := func(db *pgtest.DB, args ...string) string {
		out, err := in(dir, db.URL, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("mage %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	const before = "91" // the irreversible migration comes after it
	ours := pgtest.New(t)
	apply(ours, "apply", "-to="+before)
	type state struct {
		Contents, Dump string
		Tables         map[string]schematest.Table
	}
	read := func(t *testing.T, db *pgtest.DB) state {
		t.Helper()
		text, err := contents(db)
		if err != nil {
			t.Fatal(err)
		}
		// The journal says who ran a migration, and when.
		kept := journalRows.ReplaceAllString(string(text), "")
		return state{kept, schematest.Dump(t, db.URL), schematest.Describe(t, connect(t, db.URL))}
	}
	want := read(t, ours)
	apply(ours, "down", "-to=base", "-yes")
	base := read(t, ours)
	apply(ours, "apply")
	head := read(t, ours)

	for name, run := range map[string]struct {
		env     string
		offline bool
	}{
		"online":          {env: "PGOPTIONS=-c lock_timeout=2s"},
		"own transaction": {env: "OWN_TRANSACTION=1"},
		"offline":         {offline: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := base
			base.Tables = maps.Clone(base.Tables)
			db := pgtest.New(t)
			a := a.on(db)
			a.t = t
			a.env = []string{run.env}
			migrate := func(offline, online string, args ...string) {
				t.Helper()
				if run.offline {
					a.offline(db, append(args, offline)...)
				} else {
					a.run(append(args, online)...)
				}
			}
			same := func(where string, want state) {
				t.Helper()
				if diff := cmp.Diff(want, read(t, db)); diff != "" {
					t.Errorf("at %s (-ours +Alembic's):\n%s", where, diff)
				}
			}
			settled := func(revision, line string) {
				t.Helper()
				if out := stable(apply(db, "apply", "-to="+revision)); strings.Count(out, line) != 1 || strings.Count(out, "\n") != 2 || !strings.Contains(out, "\nNothing to apply: ") {
					t.Errorf("apply prints:\n%s", out)
				}
			}
			migrate(before, before, "upgrade")
			settled(before, `alembic_version says "91" and the schema is exactly that revision's: the journal is filled in, 10 rows`)
			same(before, want)
			migrate(before+":base", "base", "downgrade")
			if run.offline { // where Alembic drops its table with the first revision
				base.Contents = ""
				delete(base.Tables, "alembic_version")
			}
			same("base", base)
			migrate("head", "head", "upgrade")
			settled("last", `alembic_version says "last", and the journal says that 91 (empty) was applied last; the schema is exactly that of 92 (last, last), so another tool has upgraded the database: the journal is changed to match`)
			same("head", head)
			if out := apply(db, "status"); !strings.Contains(out, "92") {
				t.Errorf("status prints:\n%s", out)
			}
			a.t = t
			if got := a.run("current"); got != "last (head)" {
				t.Errorf("alembic current prints %q", got)
			}
			cmd := a.command("downgrade", "-1")
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), `NotImplementedError: "its rows" are gone, 100% of 'em`) {
				t.Errorf("alembic downgrade: %v\n%s", err, out)
			}
		})
	}

	t.Run("sqlite", func(t *testing.T) {
		a := *a
		a.t, a.url = t, "sqlite:///"+filepath.Join(t.TempDir(), "db")
		a.run("upgrade", "head")
		if got := a.run("current"); got != "last (head)" {
			t.Errorf("alembic current prints %q", got)
		}
		a.run("downgrade", "base")
		if script := a.run("upgrade", "head", "--sql"); strings.Contains(script, "here") {
			t.Errorf("alembic upgrade --sql prints:\n%s", script)
		}
	})
	t.Run("words", func(t *testing.T) {
		a := a.on(ours)
		if black, err := exec.LookPath("black"); err == nil {
			if out, err := exec.Command(black, "--check", "--diff", filepath.Join(a.dir, "scripts", "versions")).CombinedOutput(); err != nil {
				t.Errorf("black: %v\n%s", err, out)
			}
		}
		if got := a.run("heads"); got != "last (head)" {
			t.Errorf("alembic heads prints %q", got)
		}
		if got := a.run("history", "-r", "90:"); got != "91 -> last (head), last\n90 -> 91, empty\n80 -> 90, crlf" {
			t.Errorf("alembic history prints %q", got)
		}
	})
}

// journalRows matches the journal in what contents returns.
var journalRows = regexp.MustCompile(`(?m)^atlas_schema_revisions:\n(\(.*\n|\n)*`)
