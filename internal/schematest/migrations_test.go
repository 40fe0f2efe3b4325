package schematest_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
	"github.com/ibutsu/ibutsu-schema/internal/schematest"
)

// head returns the tables after the last revision, as read from a database that Alembic created.
func head(t *testing.T) map[string]schematest.Table {
	t.Helper()
	src, err := os.ReadFile("testdata/catalog_head.json")
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]schematest.Table{}
	if err := json.Unmarshal(src, &tables); err != nil {
		t.Fatal(err)
	}
	return withoutRecord(tables)
}

// withoutRecord removes alembic_version, which the dumps have and the migrations don't create.
func withoutRecord(tables map[string]schematest.Table) map[string]schematest.Table {
	delete(tables, "alembic_version")
	return tables
}

// The ported revisions began as Alembic's, so their ids, order and times can no longer change. Later migrations follow
// them.
func TestRevisionsKeepTheirIDs(t *testing.T) {
	files := migrations(t)
	if len(files) < len(revisions) {
		t.Fatalf("%d migrations, want at least %d", len(files), len(revisions))
	}
	for i, r := range revisions {
		if got := path.Base(files[i]); got != r.file {
			t.Errorf("migration %d is %s, want %s", i, got, r.file)
		}
		if first, _, _ := strings.Cut(read(t, files[i]), "\n"); first != "-- alembic:revision "+r.alembic {
			t.Errorf("%s begins with %q", r.file, first)
		}
	}
}

func TestEachRevisionGivesTheSchemaThatAlembicGave(t *testing.T) {
	db := pgtest.New(t)
	conn := db.Conn()

	type state struct {
		tables map[string]schematest.Table
		dump   string
	}
	see := func(db *pgtest.DB) state {
		return state{withoutRecord(schematest.Describe(t, db.Conn())), schematest.Dump(t, db.URL)}
	}
	compare := func(what string, want, got state) {
		t.Helper()
		if diff := cmp.Diff(want.tables, got.tables); diff != "" {
			t.Errorf("%s: tables differ (-want +got):\n%s", what, diff)
		}
		if diff := cmp.Diff(want.dump, got.dump); diff != "" {
			t.Errorf("%s: dumps differ (-want +got):\n%s", what, diff)
		}
	}

	states := []state{see(db)}
	for i, r := range revisions {
		run(t, conn, up(i))
		states = append(states, see(at(t, i)))
		compare("after "+r.file, states[i+1], see(db))
	}
	if diff := cmp.Diff(head(t), states[len(revisions)].tables); diff != "" {
		t.Errorf("head differs from catalog_head.json (-want +got):\n%s", diff)
	}
	for i, r := range slices.Backward(revisions) {
		run(t, conn, down(i))
		compare("after the down file of "+r.file, states[i], see(db))
	}
}

func TestRevisionsRunOnWhatProductionHas(t *testing.T) {
	for _, tt := range []struct {
		name, before string
		from, to     int
	}{
		{"no meta table", `DROP TABLE public.meta`, initial, last},
		{"indexes added by hand", `
			CREATE INDEX ix_results_tags ON public.results USING gin ((data -> 'tags'));
			CREATE INDEX ix_runs_jjn_jbn ON public.runs (((data -> 'jenkins') ->> 'job_name'), ((data -> 'jenkins') ->> 'build_number'))`,
			initial, last},
		{"key of another name", `ALTER TABLE public.import_files RENAME CONSTRAINT import_files_import_id_fkey TO "fk Import"`, importCreated, last},
		{"key twice", `ALTER TABLE public.import_files ADD CONSTRAINT again FOREIGN KEY (import_id) REFERENCES public.imports (id) ON DELETE SET NULL`, importCreated, last},
		{"no key", `ALTER TABLE public.import_files DROP CONSTRAINT import_files_import_id_fkey`, importCreated, last},
		{"all indexes of the last two built by hand", `
			CREATE INDEX ix_results_run_id_project_id ON public.results (run_id, project_id);
			CREATE INDEX ix_results_run_id_test_id ON public.results (run_id, test_id);
			CREATE INDEX ix_artifacts_result_id_filename ON public.artifacts (result_id, filename);
			CREATE INDEX ix_artifacts_run_id_filename ON public.artifacts (run_id, filename)`, passPercent, last},
		{"the last revision cut off after its first index", `CREATE INDEX ix_artifacts_result_id_filename ON public.artifacts (result_id, filename)`, runProjectIndex, last},
	} {
		t.Run(tt.name, func(t *testing.T) {
			db := at(t, tt.from)
			db.Exec(tt.before)
			conn := db.Conn()
			for i := tt.from + 1; i <= tt.to; i++ {
				run(t, conn, up(i))
			}
			got := withoutRecord(schematest.Describe(t, conn))
			if diff := cmp.Diff(head(t), got); diff != "" {
				t.Errorf("head differs (-want +got):\n%s", diff)
			}
		})
	}
}

// An existing index is kept: rebuilding it takes long, and queries need it.
func TestIndexesThatAreThereAreKept(t *testing.T) {
	db := at(t, compositeIndexes)
	conn := db.Conn()
	const files = `
		SELECT string_agg(relname || ' ' || relfilenode, ', ' ORDER BY relname) FROM pg_class WHERE relname IN
			('ix_results_run_id_project_id', 'ix_results_run_id_test_id', 'ix_artifacts_result_id_filename', 'ix_artifacts_run_id_filename')`
	before := one[string](t, conn, files)
	run(t, conn, up(runProjectIndex))
	run(t, conn, up(compositeIndexes))
	if after := one[string](t, conn, files); after != before {
		t.Errorf("before %s, after %s", before, after)
	}
}

// A runner that takes an INVALID index for the real one must not record the file.
func TestIndexesThatAreInvalidStopARunnerThatKeepsThem(t *testing.T) {
	for _, tt := range []struct {
		revision              int
		index, table, columns string
	}{
		{runProjectIndex, "ix_results_run_id_project_id", "results", "run_id, project_id"},
		{compositeIndexes, "ix_artifacts_result_id_filename", "artifacts", "result_id, filename"},
		{compositeIndexes, "ix_artifacts_run_id_filename", "artifacts", "run_id, filename"},
		{compositeIndexes, "ix_results_run_id_test_id", "results", "run_id, test_id"},
	} {
		t.Run(tt.index, func(t *testing.T) {
			db := at(t, compositeIndexes)
			conn := db.Conn()
			db.Exec("DROP INDEX public." + tt.index)
			db.CutOff("public."+tt.table, "CREATE INDEX CONCURRENTLY "+tt.index+" ON public."+tt.table+" ("+tt.columns+")")
			err := try(t, conn, up(tt.revision))
			var pgErr *pgconn.PgError
			if !errors.As(err, &pgErr) || pgErr.Code != "55000" || !strings.Contains(pgErr.Message, "public."+tt.index) {
				t.Fatalf("error %v", err)
			}
			// As the hint says.
			db.Exec(`REINDEX INDEX CONCURRENTLY public.` + tt.index)
			run(t, conn, up(tt.revision))
			if diff := cmp.Diff(head(t), withoutRecord(schematest.Describe(t, conn))); diff != "" {
				t.Errorf("head differs (-want +got):\n%s", diff)
			}
		})
	}
}

// The migration leaves other keys of import_files alone.
func TestCascadeLeavesOtherKeysAlone(t *testing.T) {
	db := at(t, importCreated)
	db.Exec(`
		ALTER TABLE public.import_files ADD run_id uuid CONSTRAINT to_runs REFERENCES public.runs (id), ADD other uuid CONSTRAINT other_import REFERENCES public.imports (id);
		CREATE TABLE public.elsewhere (import_id uuid CONSTRAINT import_files_import_id_fkey REFERENCES public.imports (id))`)
	conn := db.Conn()
	run(t, conn, up(importCascade))
	var got []string
	for name, table := range schematest.Describe(t, conn) {
		for _, c := range table.Constraints {
			if c.Type == "f" && (name == "import_files" || name == "elsewhere") {
				got = append(got, name+" "+c.Name+" "+c.Def)
			}
		}
	}
	slices.Sort(got)
	want := []string{
		"elsewhere import_files_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id)",
		"import_files import_files_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE",
		"import_files other_import FOREIGN KEY (other) REFERENCES imports(id)",
		"import_files to_runs FOREIGN KEY (run_id) REFERENCES runs(id)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("foreign keys (-want +got):\n%s", diff)
	}
}

// Both tables can be read while rows are checked against the new key.
func TestCascadeChecksRowsWithConcurrentReaders(t *testing.T) {
	ctx := context.Background()
	conn := at(t, importCreated).Conn()
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if err := exec(ctx, conn, split(t, up(importCascade))[0].Text); err != nil {
		t.Fatal(err)
	}
	const locks = `
		SELECT string_agg(DISTINCT relation::regclass || ' ' || mode, ', ' ORDER BY relation::regclass || ' ' || mode)
		FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('import_files'::regclass, 'imports'::regclass)
			AND mode IN ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`
	if got, want := one[string](t, conn, locks), "import_files ShareRowExclusiveLock, imports ShareRowExclusiveLock"; got != want {
		t.Errorf("locks: %s; want %s", got, want)
	}
}

// The stock Atlas CLI must be able to run these files too, whatever its scanner does to others.
func TestAtlasSplitsTheFilesAlike(t *testing.T) {
	scanners := map[string]func(string) ([]*migrate.Stmt, error){
		"migrate.Stmts":             migrate.Stmts,
		"postgres.Driver.ScanStmts": new(postgres.Driver).ScanStmts,
		"migrate.LocalFile": func(src string) ([]*migrate.Stmt, error) {
			return migrate.NewLocalFile("1_x.sql", []byte(src)).StmtDecls()
		},
	}
	for i := range revisions {
		for _, file := range []string{up(i), down(i)} {
			var want []string
			for _, s := range split(t, file) {
				want = append(want, s.Text)
			}
			for name, scan := range scanners {
				stmts, err := scan(read(t, file))
				if err != nil {
					t.Errorf("%s: %s: %v", file, name, err)
					continue
				}
				var got []string
				for _, s := range stmts {
					got = append(got, strings.TrimSuffix(s.Text, ";"))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", file, name, diff)
				}
			}
		}
	}
}
