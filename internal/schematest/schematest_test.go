package schematest_test

import (
	"context"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// revisions are Ibutsu's revisions in order, each with the dump of the schema after it. The fifth doesn't change the
// schema.
var revisions = []struct{ file, alembic, dump string }{
	{"20251210172554_initial_baseline_schema.sql", "cacecc4f1237", "schema_01_cacecc4f1237.sql"},
	{"20251210203528_remove_unused_meta_table_and_add_production_indexes.sql", "fc3df1d9ee4e", "schema_02_fc3df1d9ee4e.sql"},
	{"20251212114435_enforce_import_created_not_null_and_add_cleanup.sql", "53994db980f1", "schema_03_53994db980f1.sql"},
	{"20251212114853_add_cascade_delete_to_import_files.sql", "8cf9148b9ad9", "schema_04_8cf9148b9ad9.sql"},
	{"20260410120000_merge_perfscale_project_into_insights_qe.sql", "e5736dbcc0b0", "schema_04_8cf9148b9ad9.sql"},
	{"20260518193000_backfill_pass_percent_in_run_summary.sql", "d18de2b3253f", "schema_06_d18de2b3253f.sql"},
	{"20260824115000_add_results_run_project_index.sql", "efdaeff6dc95", "schema_07_efdaeff6dc95.sql"},
	{"20260827000000_add_composite_indexes_artifacts_idempotency.sql", "c4d5e6f7a8b9", "schema_08_c4d5e6f7a8b9.sql"},
}

const (
	initial = iota
	addIndexes
	importCreated
	importCascade
	mergeProjects
	passPercent
	runProjectIndex
	compositeIndexes

	last = compositeIndexes
)

func up(revision int) string   { return "migrations/" + revisions[revision].file }
func down(revision int) string { return "migrations/down/" + revisions[revision].file }

// migrations returns the paths of all migrations, in order.
func migrations(t testing.TB) []string {
	t.Helper()
	files, err := fs.Glob(ibutsuschema.Files, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t testing.TB, path string) string {
	t.Helper()
	src, err := fs.ReadFile(ibutsuschema.Files, path)
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func split(t testing.TB, path string) []pgsql.Stmt {
	t.Helper()
	stmts, err := pgsql.Split(read(t, path))
	if err != nil {
		t.Fatalf("%s:%v", path, err)
	}
	return stmts
}

var txNone = regexp.MustCompile(`(?m)\A(--.*\n)*-- atlas:txmode none\n(--.*\n)*\n`)

// try runs a file as any tool does: in one transaction, or statement by statement if its header asks for that.
func try(t testing.TB, conn *pgx.Conn, path string) error {
	t.Helper()
	ctx := context.Background()
	stmts := split(t, path)
	if txNone.MatchString(read(t, path)) {
		for _, s := range stmts {
			if err := exec(ctx, conn, s.Text); err != nil {
				return err
			}
		}
		return nil
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	for _, s := range stmts {
		if err := exec(ctx, conn, s.Text); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

func exec(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

func run(t testing.TB, conn *pgx.Conn, path string) {
	t.Helper()
	if err := try(t, conn, path); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// at returns a database with the schema after a revision, restored from its dump.
func at(t testing.TB, revision int) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t)
	db.File("testdata/" + revisions[revision].dump)
	return db
}

// one returns the single value of a query.
func one[T any](t testing.TB, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%v\nin: %s", err, strings.TrimSpace(sql))
	}
	return v
}
