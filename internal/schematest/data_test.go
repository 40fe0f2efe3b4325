package schematest_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

const (
	perfscale  = "c6fd19a7-858a-4226-8c27-d8fa7ddf6d0c"
	insightsQE = "3915c900-85fc-1222-833c-10d51af56f2e"
)

// keep copies tables to the schema "before", to compare them with after a revision.
func keep(db *pgtest.DB, tables ...string) {
	var sql strings.Builder
	sql.WriteString("CREATE SCHEMA before;\n")
	for _, table := range tables {
		sql.WriteString("CREATE TABLE before." + table + " AS TABLE public." + table + ";\n")
	}
	db.Exec(sql.String())
}

// rows returns the rows of a query as JSON.
func rows(t testing.TB, db *pgtest.DB, query string) []string {
	t.Helper()
	var list []string
	conn := db.Conn()
	r, err := conn.Query(context.Background(), "SELECT to_jsonb(q)::text FROM ("+query+") q")
	if err != nil {
		t.Fatal(err)
	}
	for r.Next() {
		var s string
		if err := r.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := r.Err(); err != nil {
		t.Fatalf("%v\nin: %s", err, query)
	}
	return list
}

func TestImportsWithoutATimeBecomeNew(t *testing.T) {
	db := at(t, addIndexes)
	db.Exec(`INSERT INTO public.imports (id, filename, created) VALUES
		('00000000-0000-0000-0000-000000000001', 'old', '2020-02-02'),
		('00000000-0000-0000-0000-000000000002', 'none', NULL)`)
	conn := db.Conn()
	run(t, conn, up(importCreated))
	db.Exec(`INSERT INTO public.imports (id, filename) VALUES ('00000000-0000-0000-0000-000000000003', 'later')`)

	const query = `SELECT filename, created = '2020-02-02' AS kept, created BETWEEN now() - interval '5 minutes' AND now() AS new
		FROM public.imports ORDER BY filename`
	want := []string{
		`{"new": true, "kept": false, "filename": "later"}`,
		`{"new": true, "kept": false, "filename": "none"}`,
		`{"new": false, "kept": true, "filename": "old"}`,
	}
	if diff := cmp.Diff(want, rows(t, db, query)); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
	run(t, conn, down(importCreated))
	if diff := cmp.Diff(want, rows(t, db, query)); diff != "" {
		t.Errorf("imports after the down file (-want +got):\n%s", diff)
	}
}

func TestMergeProjects(t *testing.T) {
	const projects = `
		INSERT INTO public.projects (id, name) VALUES
			('` + perfscale + `', 'hcc-perfscale-cpt'), ('` + insightsQE + `', 'insights-qe'), ('00000000-0000-0000-0000-00000000000a', 'other');`
	const content = `
		INSERT INTO public.users (id, email, is_superadmin, is_active) SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'u' || n, false, true FROM generate_series(1, 3) n;
		INSERT INTO public.users_projects (project_id, user_id) VALUES
			('` + perfscale + `', '00000000-0000-0000-0000-000000000001'), ('` + perfscale + `', '00000000-0000-0000-0000-000000000002'),
			('` + insightsQE + `', '00000000-0000-0000-0000-000000000002'), ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000003');
		INSERT INTO public.runs (id, project_id, data, start_time, created) VALUES
			('00000000-0000-0000-0000-000000000011', '` + perfscale + `', '{"project": "hcc-perfscale-cpt", "tags": ["a"]}', now(), now()),
			('00000000-0000-0000-0000-000000000012', '` + perfscale + `', NULL, now(), now()),
			('00000000-0000-0000-0000-000000000013', '` + perfscale + `', 'null', now(), now()),
			('00000000-0000-0000-0000-000000000014', '00000000-0000-0000-0000-00000000000a', '{"project": "hcc-perfscale-cpt"}', now(), now()),
			('00000000-0000-0000-0000-000000000015', NULL, NULL, now(), now());
		INSERT INTO public.results (id, project_id, data, start_time) SELECT id, project_id, data, now() FROM public.runs;
		INSERT INTO public.dashboards (id, project_id, title) VALUES ('00000000-0000-0000-0000-000000000021', '` + perfscale + `', 'd');
		INSERT INTO public.widget_configs (id, project_id, dashboard_id, params) VALUES
			('00000000-0000-0000-0000-000000000031', '` + perfscale + `', '00000000-0000-0000-0000-000000000021', '{"project": "` + perfscale + `"}');
		UPDATE public.projects SET default_dashboard_id = '00000000-0000-0000-0000-000000000021' WHERE id = '` + perfscale + `';`

	everything := func(db *pgtest.DB) []string {
		t.Helper()
		var list []string
		for _, query := range []string{
			`SELECT id, name, default_dashboard_id FROM public.projects ORDER BY id`,
			`SELECT right(id::text, 2) AS run, left(project_id::text, 8) AS project, data FROM public.runs ORDER BY id`,
			`SELECT right(id::text, 2) AS result, left(project_id::text, 8) AS project, data FROM public.results ORDER BY id`,
			`SELECT left(project_id::text, 8) AS project, title FROM public.dashboards`,
			`SELECT left(project_id::text, 8) AS project, params FROM public.widget_configs`,
			`SELECT left(project_id::text, 8) AS project, right(user_id::text, 1) AS "user" FROM public.users_projects ORDER BY 1, 2`,
		} {
			list = append(list, rows(t, db, query)...)
		}
		return list
	}

	t.Run("both there", func(t *testing.T) {
		db := at(t, importCascade)
		db.Exec(projects + content)
		conn := db.Conn()
		run(t, conn, up(mergeProjects))
		want := []string{
			`{"id": "00000000-0000-0000-0000-00000000000a", "name": "other", "default_dashboard_id": null}`,
			`{"id": "` + insightsQE + `", "name": "insights-qe", "default_dashboard_id": null}`,
			`{"id": "` + perfscale + `", "name": "hcc-perfscale-cpt", "default_dashboard_id": "00000000-0000-0000-0000-000000000021"}`,
			`{"run": "11", "data": {"tags": ["a"], "project": "insights-qe"}, "project": "3915c900"}`,
			`{"run": "12", "data": {"project": "insights-qe"}, "project": "3915c900"}`,
			`{"run": "13", "data": {"project": "insights-qe"}, "project": "3915c900"}`,
			`{"run": "14", "data": {"project": "hcc-perfscale-cpt"}, "project": "00000000"}`,
			`{"run": "15", "data": null, "project": null}`,
			`{"data": {"tags": ["a"], "project": "insights-qe"}, "result": "11", "project": "3915c900"}`,
			`{"data": {"project": "insights-qe"}, "result": "12", "project": "3915c900"}`,
			`{"data": {"project": "insights-qe"}, "result": "13", "project": "3915c900"}`,
			`{"data": {"project": "hcc-perfscale-cpt"}, "result": "14", "project": "00000000"}`,
			`{"data": null, "result": "15", "project": null}`,
			`{"title": "d", "project": "3915c900"}`,
			`{"params": {"project": "` + perfscale + `"}, "project": "3915c900"}`,
			`{"user": "3", "project": "00000000"}`,
			`{"user": "1", "project": "3915c900"}`,
			`{"user": "2", "project": "3915c900"}`,
			`{"user": "1", "project": "c6fd19a7"}`,
			`{"user": "2", "project": "c6fd19a7"}`,
		}
		if diff := cmp.Diff(want, everything(db)); diff != "" {
			t.Errorf("after the merge (-want +got):\n%s", diff)
		}
		for _, again := range []string{up(mergeProjects), down(mergeProjects)} {
			run(t, conn, again)
			if diff := cmp.Diff(want, everything(db)); diff != "" {
				t.Errorf("after %s (-want +got):\n%s", again, diff)
			}
		}
	})
	t.Run("no perfscale", func(t *testing.T) {
		db := at(t, importCascade)
		db.Exec(`INSERT INTO public.projects (id, name) VALUES ('00000000-0000-0000-0000-00000000000a', 'hcc-perfscale-cpt')`)
		before := everything(db)
		run(t, db.Conn(), up(mergeProjects))
		if diff := cmp.Diff(before, everything(db)); diff != "" {
			t.Errorf("something changed (-before +after):\n%s", diff)
		}
	})
	t.Run("no insights-qe", func(t *testing.T) {
		db := at(t, importCascade)
		db.Exec(projects + content + `DELETE FROM public.users_projects WHERE project_id = '` + insightsQE + `'; DELETE FROM public.projects WHERE id = '` + insightsQE + `'`)
		before := everything(db)
		err := try(t, db.Conn(), up(mergeProjects))
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || !strings.Contains(pgErr.Message, "is to be merged into "+insightsQE+", which does not exist") {
			t.Errorf("error %v", err)
		}
		if diff := cmp.Diff(before, everything(db)); diff != "" {
			t.Errorf("something changed (-before +after):\n%s", diff)
		}
	})
}

// Generated data like Ibutsu's, from the second revision on.
func TestGeneratedData(t *testing.T) {
	n := "50000" // results, of 10,000 runs: two batches
	if testing.Short() {
		n = "2000"
	}
	db := at(t, addIndexes)
	db.File("testdata/gen_data.sql", "-v", "n="+n, "-v", "per_run=5", "-v", "old_summaries=1", "-v", "perfscale=1")
	tables := []string{
		"artifacts", "dashboards", "groups", "import_files", "imports", "projects", "results", "runs",
		"tokens", "users", "users_projects", "widget_configs",
	}
	keep(db, tables...)
	db.Exec(`CREATE INDEX ON before.results (run_id); ANALYZE`)
	conn := db.Conn()
	if n := one[int](t, conn, `SELECT count(*) FROM before.runs WHERE NOT summary ? 'pass_percent'`); n == 0 {
		t.Fatal("the generated runs need no pass_percent")
	}
	for i := importCreated; i <= last; i++ {
		run(t, conn, up(i))
	}

	// What each row should be now, computed independently of the revisions.
	moved := `CASE WHEN b.project_id = '` + perfscale + `' THEN '{"project_id": "` + insightsQE + `"}' ELSE '{}' END::jsonb`
	renamed := `CASE WHEN b.project_id = '` + perfscale + `' THEN jsonb_build_object('data', jsonb_set(coalesce(b.data, '{}'), '{project}', '"insights-qe"')) ELSE '{}' END`
	expected := map[string]string{
		"dashboards":     moved,
		"widget_configs": moved,
		"results":        moved + ` || ` + renamed,
		"runs": moved + ` || ` + renamed + ` || jsonb_build_object('summary', b.summary || (
			SELECT jsonb_build_object('pass_percent', count(*) FILTER (WHERE result = 'passed') * 100 / count(*)) FROM before.results r WHERE r.run_id = b.id))`,
	}
	for _, table := range tables {
		change := expected[table]
		if change == "" {
			change = `'{}'::jsonb`
		}
		key := "id"
		if table == "users_projects" {
			key = "user_id, project_id"
		}
		type counts struct{ Before, Wrong, Missing, Added int }
		var got counts
		doc := one[[]byte](t, conn, `
			SELECT to_jsonb(c) FROM (
				SELECT count(b) AS "Before",
					count(*) FILTER (WHERE to_jsonb(b) || `+change+` <> to_jsonb(a)) AS "Wrong",
					count(*) FILTER (WHERE a IS NULL) AS "Missing",
					count(*) FILTER (WHERE b IS NULL) AS "Added"
				FROM before.`+table+` b FULL JOIN public.`+table+` a USING (`+key+`)) c`)
		if err := json.Unmarshal(doc, &got); err != nil {
			t.Fatal(err)
		}
		want := counts{Before: one[int](t, conn, `SELECT count(*) FROM before.`+table)}
		if table == "users_projects" {
			want.Added = one[int](t, conn, `
				SELECT count(*) FROM before.users_projects p WHERE project_id = '`+perfscale+`' AND NOT EXISTS (
					SELECT FROM before.users_projects q WHERE q.user_id = p.user_id AND q.project_id = '`+insightsQE+`')`)
			if want.Added == 0 {
				t.Error("the generated data has no user to add")
			}
		}
		if want.Before == 0 {
			t.Errorf("the generated data has no %s", table)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
	for _, table := range []string{"runs", "results", "dashboards", "widget_configs"} {
		if n := one[int](t, conn, `SELECT count(*) FROM public.`+table+` WHERE project_id = '`+perfscale+`'`); n != 0 {
			t.Errorf("%d %s remain", n, table)
		}
		if n := one[int](t, conn, `SELECT count(*) FROM before.`+table+` WHERE project_id = '`+perfscale+`'`); n == 0 {
			t.Errorf("the generated data has no %s to move", table)
		}
	}
}
