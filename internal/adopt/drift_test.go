package adopt_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/projecttest"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func dirOf(t testing.TB, fsys fs.FS) *migration.Dir {
	t.Helper()
	dir, err := migration.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// ibutsu returns the repository's own migrations.
func ibutsu(t testing.TB) *migration.Dir {
	t.Helper()
	return dirOf(t, os.DirFS("../../migrations"))
}

func testdata(name string) string {
	return filepath.Join("..", "schematest", "testdata", name)
}

func migratorOf(t testing.TB, url string, dir *migration.Dir) *migrator.Migrator {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return migrator.New(migrator.Config{ConnConfig: cfg, Dir: dir})
}

func apply(t testing.TB, db *pgtest.DB, dir *migration.Dir, to string) {
	t.Helper()
	if _, err := migratorOf(t, db.URL, dir).Apply(context.Background(), migrator.Options{To: to}); err != nil {
		t.Fatal(err)
	}
}

// drift counts as long as it takes, unless opts have a budget: a busy machine might exceed the default.
func drift(t testing.TB, url string, dir *migration.Dir, opts adopt.DriftOptions) *adopt.Drift {
	t.Helper()
	if opts.Budget == 0 {
		opts.Budget = -1
	}
	r, err := adopt.FindDrift(context.Background(), migratorOf(t, url, dir), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// texts returns the differences' texts, with a mark if they are harmless.
func texts(list []catalog.Difference) []string {
	var all []string
	for _, d := range list {
		text := d.Text
		if d.Harmless {
			text = "harmless: " + text
		}
		all = append(all, text)
	}
	return all
}

func expect(t testing.TB, got []catalog.Difference, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, texts(got)); d != "" {
		t.Errorf("differences (-want +got):\n%s", d)
	}
}

// restore restores a dump, which has no rows, and records an id as Alembic does.
func restore(t testing.TB, file, id string) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t)
	db.File(testdata(file))
	db.Exec(`CREATE TABLE IF NOT EXISTS public.alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))`)
	db.Exec(`INSERT INTO public.alembic_version VALUES ('` + id + `')`)
	return db
}

// Each revision, as Alembic leaves it, has no drift, and apply goes on from there.
func TestDriftOfCleanDatabases(t *testing.T) {
	dir := ibutsu(t)
	for id, file := range map[string]string{
		"cacecc4f1237": "schema_01_cacecc4f1237.sql", "fc3df1d9ee4e": "schema_02_fc3df1d9ee4e.sql", "53994db980f1": "schema_03_53994db980f1.sql",
		"8cf9148b9ad9": "schema_04_8cf9148b9ad9.sql", "e5736dbcc0b0": "schema_04_8cf9148b9ad9.sql", "d18de2b3253f": "schema_06_d18de2b3253f.sql",
		"efdaeff6dc95": "schema_07_efdaeff6dc95.sql", "c4d5e6f7a8b9": "schema_08_c4d5e6f7a8b9.sql",
	} {
		t.Run(id, func(t *testing.T) {
			db := restore(t, file, id)
			r := drift(t, db.URL, dir, adopt.DriftOptions{})
			expect(t, r.Differences)
			if r.Revision != id || r.From != adopt.FromMigrations || len(r.Notes)+len(r.Outside) != 0 {
				t.Errorf("%+v", r)
			}
			res, err := migratorOf(t, db.URL, dir).Apply(t.Context(), migrator.Options{})
			if err != nil || len(res.Drift) > 0 {
				t.Errorf("apply: %v, drift %v", err, res.Drift)
			}
		})
	}
}

func TestDriftOfADriftedHead(t *testing.T) {
	db := restore(t, "example_drifted_head.sql", "c4d5e6f7a8b9")
	db.Exec(`INSERT INTO runs (id) VALUES ('00000000-0000-0000-0000-000000000001'); INSERT INTO users (id, email) VALUES ('00000000-0000-0000-0000-000000000001', 'a')`)
	r := drift(t, db.URL, ibutsu(t), adopt.DriftOptions{Budget: -1})
	inOrder := func(d catalog.Difference) bool { return d.Kind != "column order" }
	for i, d := range slices.DeleteFunc(slices.Clone(r.Differences), inOrder) {
		if want := []string{"public.import_files", "public.results", "public.runs", "public.widget_configs"}[i]; d.Table != want || !d.Harmless {
			t.Errorf("%s, want the order of %s", d.Text, want)
		}
	}
	expect(t, slices.DeleteFunc(r.Differences, func(d catalog.Difference) bool { return !inOrder(d) }),
		"artifacts.upload_date is nullable; the migrations say NOT NULL; 0 of 0 rows are NULL",
		"index artifacts.ix_artifacts_result_id_filename is missing (CREATE INDEX ix_artifacts_result_id_filename ON public.artifacts USING btree (result_id, filename))",
		"index artifacts.ix_artifacts_run_id_filename is missing (CREATE INDEX ix_artifacts_run_id_filename ON public.artifacts USING btree (run_id, filename))",
		"harmless: constraint dashboards.fk_dashboards_project_id is named dashboards_project_id_fkey",
		"harmless: constraint projects.fk_project_default_dashboard is named projects_default_dashboard_id_fkey",
		"results.start_time is nullable; the migrations say NOT NULL; 0 of 0 rows are NULL",
		"index results.ix_results_run_id_project_id is missing (CREATE INDEX ix_results_run_id_project_id ON public.results USING btree (run_id, project_id))",
		"index results.ix_results_run_id_test_id is missing (CREATE INDEX ix_results_run_id_test_id ON public.results USING btree (run_id, test_id))",
		"runs.created is nullable; the migrations say NOT NULL; 1 of 1 rows is NULL",
		"runs.start_time is nullable; the migrations say NOT NULL; 1 of 1 rows is NULL",
		"users.is_active is nullable; the migrations say NOT NULL; 1 of 1 rows is NULL",
		"users.is_superadmin is nullable; the migrations say NOT NULL; 1 of 1 rows is NULL")
	if r.Revision != "c4d5e6f7a8b9" {
		t.Errorf("revision %s", r.Revision)
	}
}

func TestDriftWithModels(t *testing.T) {
	dir, db := ibutsu(t), pgtest.New(t)
	apply(t, db, dir, "")
	text, err := os.ReadFile(testdata("models.sql"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := adopt.FromSQL(context.Background(), pgtest.Server(t), "models.sql", string(text), catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := drift(t, db.URL, dir, adopt.DriftOptions{Other: other})
	var got []string
	for _, d := range r.Differences {
		got = append(got, d.Kind+" "+strings.TrimPrefix(d.Table, "public.")+"."+strings.TrimPrefix(d.Object, "public."))
		if d.Kind == "index" && !strings.Contains(d.Text, " is extra (CREATE INDEX ") {
			t.Errorf("%s", d.Text)
		}
		if harmless := d.Kind == "constraint" || d.Kind == "column order"; d.Harmless != harmless {
			t.Errorf("harmless %v: %s", d.Harmless, d.Text)
		}
	}
	if d := cmp.Diff([]string{
		"index artifacts.ix_artifacts_result_id_filename", "index artifacts.ix_artifacts_run_id_filename",
		"constraint dashboards.dashboards_project_id_fkey",
		"column order import_files.import_files",
		"column imports.created",
		"index results.ix_results_assignee", "index results.ix_results_classification", "index results.ix_results_component_env_project",
		"index results.ix_results_component_start_time_result_project_id", "index results.ix_results_exception_name",
		"index results.ix_results_jenkins_build_number", "index results.ix_results_jenkins_job_name", "index results.ix_results_requirements",
		"index results.ix_results_result_satver_project_id_run_id_snapver", "index results.ix_results_run_id_project_id",
		"index results.ix_results_run_id_test_id", "index results.ix_results_tags",
		"column order results.results",
		"index runs.ix_runs_jenkins_build_number", "index runs.ix_runs_jenkins_job_name", "index runs.ix_runs_jjn_jbn",
		"index runs.ix_runs_pass_percent", "index runs.ix_runs_summary", "index runs.ix_runs_tags",
		"column order runs.runs",
		"column order widget_configs.widget_configs",
	}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// small is a project with odd names, a check, a partitioned table and a sequence of each kind.
func small(t testing.TB) (*migration.Dir, *pgtest.DB) {
	t.Helper()
	const sql = `CREATE SCHEMA "My app";
CREATE TABLE "My app"."Odd; table" (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "a ""b""" text NOT NULL, c int NOT NULL CONSTRAINT ck CHECK (c > 0));
CREATE TABLE t (id serial PRIMARY KEY, d int GENERATED BY DEFAULT AS IDENTITY (INCREMENT -1), cyc int GENERATED BY DEFAULT AS IDENTITY (CYCLE));
CREATE TABLE p (id int, at date NOT NULL) PARTITION BY RANGE (at);
`
	db := pgtest.New(t)
	conn := db.Conn()
	before, err := catalog.Read(t.Context(), conn, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(sql)
	after, err := catalog.Read(t.Context(), conn, catalog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := projecttest.New(t)
	p.Write(map[string]string{"20240101000000_a.sql": sql, "effect/20240101000000_a.txt": catalog.Measure(before, after).String()})
	dir := dirOf(t, os.DirFS(p.Root))
	db = pgtest.New(t)
	apply(t, db, dir, "")
	return dir, db
}

const odd = `"My app"."Odd; table"`

func TestDriftCounts(t *testing.T) {
	dir, db := small(t)
	expect(t, drift(t, db.URL, dir, adopt.DriftOptions{}).Differences)
	db.Exec(`ALTER TABLE "My app"."Odd; table" ALTER "a ""b""" DROP NOT NULL, ALTER c DROP NOT NULL, DROP CONSTRAINT ck;
		INSERT INTO "My app"."Odd; table" ("a ""b""", c) SELECT CASE WHEN g % 4 = 0 THEN 'x' END, CASE WHEN g > 10 THEN g - 20 END FROM generate_series(1, 2000) g;
		ALTER TABLE p ALTER at DROP NOT NULL`)
	exact := []string{
		odd + `."a ""b""" is nullable; the migrations say NOT NULL; 1,500 of 2,000 rows are NULL`,
		odd + `.c is nullable; the migrations say NOT NULL; 10 of 2,000 rows are NULL`,
		"constraint " + odd + `.ck is missing (CHECK ((c > 0))); 10 of 2,000 rows violate it`,
		"p.at is nullable; the migrations say NOT NULL; 0 of 0 rows are NULL",
	}
	expect(t, drift(t, db.URL, dir, adopt.DriftOptions{Budget: -1}).Differences, exact...)

	// Without time, the planner's statistics.
	none := "; rows weren't counted, and the table was never analyzed (-count counts them)"
	expect(t, drift(t, db.URL, dir, adopt.DriftOptions{Budget: time.Nanosecond}).Differences,
		odd+`."a ""b""" is nullable; the migrations say NOT NULL`+none,
		odd+`.c is nullable; the migrations say NOT NULL`+none,
		"constraint "+odd+`.ck is missing (CHECK ((c > 0)))`+none,
		"p.at is nullable; the migrations say NOT NULL"+none)
	db.Exec(`ANALYZE`)
	expect(t, drift(t, db.URL, dir, adopt.DriftOptions{Budget: time.Nanosecond}).Differences,
		odd+`."a ""b""" is nullable; the migrations say NOT NULL; about 75 % of the rows are NULL, analyzed just now (-count counts)`,
		odd+`.c is nullable; the migrations say NOT NULL; about 0.5 % of the rows are NULL, analyzed just now (-count counts)`,
		"constraint "+odd+`.ck is missing (CHECK ((c > 0)))`+none,
		"p.at is nullable; the migrations say NOT NULL"+none)

	// Another session has locked the table: the rest is counted.
	tx, err := db.Conn().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK "+odd); err != nil {
		t.Fatal(err)
	}
	r := drift(t, db.URL, dir, adopt.DriftOptions{Budget: adopt.DefaultBudget})
	if got := r.Differences[0].Text; !strings.HasSuffix(got, "about 75 % of the rows are NULL, analyzed just now (-count counts)") {
		t.Error(got)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	// A check that can't be evaluated, and a check that isn't valid.
	db.Exec(`ALTER TABLE "My app"."Odd; table" ADD CONSTRAINT ck CHECK (c > 0) NOT VALID`)
	if got := drift(t, db.URL, dir, adopt.DriftOptions{Budget: -1}).Differences[2].Text; got != "constraint "+odd+".ck is NOT VALID, so older rows may violate it; the migrations say validated; 10 of 2,000 rows violate it" {
		t.Error(got)
	}
	db.Exec(`ALTER TABLE "My app"."Odd; table" DROP COLUMN c`)
	if got := drift(t, db.URL, dir, adopt.DriftOptions{Budget: -1}).Differences[2].Text; got != "constraint "+odd+`.ck is missing (CHECK ((c > 0))); rows aren't counted: column "c" does not exist` {
		t.Error(got)
	}
}

// A role without rights on tables: what it can't count is said.
func TestDriftWithoutRights(t *testing.T) {
	dir, db := small(t)
	db.Exec(`ALTER TABLE "My app"."Odd; table" ALTER c DROP NOT NULL; INSERT INTO t (id) VALUES (7)`)
	u := db.Login("x", "NOINHERIT")
	cfg, err := pgx.ParseConfig(u)
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(`GRANT SELECT ON alembic_version, atlas_schema_revisions TO ` + cfg.User)
	r := drift(t, u, dir, adopt.DriftOptions{})
	expect(t, r.Differences, odd+`.c is nullable; the migrations say NOT NULL; rows aren't counted, because role `+cfg.User+` may not read them`)
	if d := cmp.Diff([]string{"role " + cfg.User + ` may not read 3 sequences ("My app"."Odd; table_id_seq", public.t_d_seq, public.t_id_seq), so they weren't compared with their columns`}, r.Notes); d != "" {
		t.Error(d)
	}
}

func TestDriftOfSequences(t *testing.T) {
	dir, db := small(t)
	db.Exec(`INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES`)
	expect(t, drift(t, db.URL, dir, adopt.DriftOptions{}).Differences)
	db.Exec(`INSERT INTO t (id, d, cyc) VALUES (1234, -77, 99); INSERT INTO "My app"."Odd; table" (id, "a ""b""", c) VALUES (1, '', 1)`)
	want := []string{
		`sequence "My app"."Odd; table_id_seq" is at 1, but "My app"."Odd; table".id has 1: it will return values that the column already has`,
		"sequence t_d_seq is at -2, but t.d has -77: it will return values that the column already has",
		"sequence t_id_seq is at 2, but t.id has 1,234: it will return values that the column already has",
	}
	r := drift(t, db.URL, dir, adopt.DriftOptions{})
	expect(t, r.Differences, want...)
	if r.Harmful() != 3 || r.Differences[1].Want != "at most -77" || r.Differences[1].Have != "-2" || r.Differences[2].Table != "public.t" {
		t.Errorf("%+v", r.Differences)
	}
	db.Exec(`SELECT setval('t_id_seq', 1234); SELECT setval('t_d_seq', -78, false); SELECT setval('"My app"."Odd; table_id_seq"', 1)`)
	expect(t, drift(t, db.URL, dir, adopt.DriftOptions{}).Differences)
	r = drift(t, db.URL, dir, adopt.DriftOptions{Budget: time.Nanosecond})
	if d := cmp.Diff([]string{`there was no time to compare 3 sequences ("My app"."Odd; table_id_seq", public.t_d_seq, public.t_id_seq) with their columns (-count does)`}, r.Notes); d != "" {
		t.Error(d)
	}
}

// What the application creates while it runs isn't another schema.
func TestDriftOfPartitionsAndExtensions(t *testing.T) {
	dir, db := small(t)
	var extension []string
	if pgtest.Server(t).VersionNum() >= 130000 { // older ones trust none
		db.Exec("CREATE EXTENSION pgcrypto")
		extension = []string{"harmless: extension pgcrypto is extra (schema public)"}
	}
	db.Exec(`CREATE TABLE p_1 PARTITION OF p DEFAULT; GRANT SELECT ON p TO PUBLIC; CREATE VIEW v AS SELECT 1 AS a`)
	r := drift(t, db.URL, dir, adopt.DriftOptions{Ignore: []string{"view v*", "nothing"}})
	expect(t, r.Differences, append(extension, "harmless: table p_1 is extra (ordinary, partition of public.p DEFAULT)")...)
	if d := cmp.Diff([]string{"view v is extra (SELECT 1 AS a)"}, texts(r.Ignored)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"nothing"}, r.Unused); d != "" {
		t.Error(d)
	}
	var outside []string
	for _, o := range r.Outside {
		outside = append(outside, o.String())
	}
	if !slices.Contains(outside, "1 grant (SELECT on table public.p to PUBLIC)") || !slices.Contains(outside, "1 view (public.v)") {
		t.Errorf("%q", outside)
	}
}

// The recorded version isn't known, half applied, or later than the directory.
func TestDriftByRecord(t *testing.T) {
	dir, db := small(t)
	db.Exec(`UPDATE atlas_schema_revisions SET applied = 1, partial_hashes = '["h1:x"]'; UPDATE alembic_version SET version_num = '20240101000001'`)
	_, err := adopt.FindDrift(t.Context(), migratorOf(t, db.URL, dir), dir, adopt.DriftOptions{})
	var problem *revision.Problem
	if !errors.As(err, &problem) || problem.Kind != revision.Unknown {
		t.Errorf("%v", err)
	}
	other, err := adopt.FromDatabase(t.Context(), migratorOf(t, db.URL, dir))
	if err != nil {
		t.Fatal(err)
	}
	if r := drift(t, db.URL, dir, adopt.DriftOptions{Other: other}); len(r.Differences) != 0 || r.From != "the other database" || r.Version != "" {
		t.Errorf("%+v", r)
	}
	db.Exec(`DELETE FROM alembic_version; UPDATE atlas_schema_revisions SET applied = total, version = '20250101000000', hash = ''`)
	db.Exec(`INSERT INTO alembic_version VALUES ('20250101000000')`)
	if _, err = adopt.FindDrift(t.Context(), migratorOf(t, db.URL, dir), dir, adopt.DriftOptions{}); !errors.As(err, &problem) {
		t.Errorf("%v", err) // another project's
	}
	dir, db = small(t)
	db.Exec(`INSERT INTO atlas_schema_revisions SELECT '20250101000000', description, type, 1, 1, executed_at, 0, '', '', '', NULL, '' FROM atlas_schema_revisions; UPDATE alembic_version SET version_num = '20250101000000'`)
	r := drift(t, db.URL, dir, adopt.DriftOptions{})
	if len(r.Differences) != 0 || r.Version != "20240101000000" || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "later migrations than this directory, up to 20250101000000") {
		t.Errorf("%+v", r)
	}
}

func TestWithoutRows(t *testing.T) {
	for _, tt := range []struct{ text, want, err string }{
		{"SELECT 1;\nCOPY public.\"a b\" (x) FROM stdin;\n1;$$'\n\\.\nSELECT 2;", "SELECT 1;\n\n\n\nSELECT 2;", ""},
		{"COPY a FROM stdin;\r\n1\r\n\\.\r\nSELECT 2;", "\n\n\nSELECT 2;", ""},
		{"COPY a FROM stdin;\n1\n", "", "f.sql ends in the rows of a COPY: it is incomplete"},
		{"SELECT 1;\n\\c x\n", "", `f.sql:2: \c is a command of psql, not SQL: write the file with pg_dump --schema-only, without --create`},
		{"\\restrict x\nSELECT 1;\n\\unrestrict x\n", "\\restrict x\nSELECT 1;\n\\unrestrict x\n", ""},
	} {
		got, err := adopt.WithoutRows("f.sql", tt.text)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q: %q, %v", tt.text, got, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for f, want := range map[float64]string{0: "0 %", 0.00001: "less than 0.01 %", 0.0002: "0.02 %", 0.005: "0.5 %", 0.12: "12 %", 1: "100 %"} {
		if got := adopt.Percent(f); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
	for d, want := range map[time.Duration]string{time.Second: "just now", time.Minute: "1 minute ago", 5 * time.Hour: "5 hours ago", 80 * time.Hour: "3 days ago"} {
		if got := adopt.Ago(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}

// Rows that row security hides aren't counted as if they didn't exist.
func TestDriftWithRowSecurity(t *testing.T) {
	dir, db := small(t)
	u := db.Login("x", "NOINHERIT")
	cfg, err := pgx.ParseConfig(u)
	if err != nil {
		t.Fatal(err)
	}
	db.Exec(`ALTER TABLE p ALTER at DROP NOT NULL, ENABLE ROW LEVEL SECURITY; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ` + cfg.User)
	got := texts(drift(t, u, dir, adopt.DriftOptions{}).Differences)
	const want = `p.at is nullable; the migrations say NOT NULL; rows aren't counted: query would be affected by row-level security policy for table "p"`
	if !slices.Contains(got, want) {
		t.Errorf("%q, want %s", got, want)
	}
}
