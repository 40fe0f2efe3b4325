package lint_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// own returns the project's own migrations with more of them.
func own(t testing.TB, further map[string]string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	for _, pattern := range []string{"migrations/*.sql", "migrations/down/*.sql"} {
		names, err := fs.Glob(ibutsuschema.Files, pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no %s: %v", pattern, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(ibutsuschema.Files, name)
			if err != nil {
				t.Fatal(err)
			}
			files[name[len("migrations/"):]] = string(text)
		}
	}
	maps.Copy(files, further)
	return files
}

// TestProject drops a column of a schema of realistic size.
func TestProject(t *testing.T) {
	const name = "20991231235959_drop_source.sql"
	root := folder(t, own(t, map[string]string{
		name:           "-- Nothing reads it anymore.\n\nALTER TABLE \"results\"\n  DROP COLUMN \"source\";\n",
		"down/" + name: "-- alembic:down none the data is gone\n",
	}))
	want := []string{
		name + ":3:1: error drop-column DS103: dropping column results.source deletes its data and breaks everything that still uses it",
		name + ":3:1: error drop-column-drops-index IB102: dropping column results.source also drops index ix_results_source, under an ACCESS EXCLUSIVE lock on the table",
	}
	if diff := cmp.Diff(want, findings(mustRun(t, root, lint.Config{Latest: 1}))); diff != "" {
		t.Error(diff)
	}
}

// TestProjectHistory lints each of the project's migrations as if it were new.
func TestProjectHistory(t *testing.T) {
	const (
		indexes = "20251210203528_remove_unused_meta_table_and_add_production_indexes.sql"
		notNull = "20251212114435_enforce_import_created_not_null_and_add_cleanup.sql"
		cascade = "20251212114853_add_cascade_delete_to_import_files.sql"
	)
	want := map[string]int{
		indexes + " drop-table meta":                          1,
		indexes + " create-index-blocking results":            10,
		indexes + " create-index-blocking runs":               5,
		notNull + " set-not-null-scan imports":                1, // an UPDATE before it fills the NULLs
		cascade + " add-fk-validating import_files":           1,
		cascade + " constraint-may-fail-on-data import_files": 1,
		cascade + " drop-fk-locks-parent imports":             1,
	}
	files := own(t, nil)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(files)), func(name string) bool { return strings.Contains(name, "/") })
	got := make(map[string]int)
	for i, name := range names {
		some := make(map[string]string)
		for _, n := range names[:i+1] {
			some[n] = files[n]
			if down, ok := files["down/"+n]; ok {
				some["down/"+n] = down
			}
		}
		for _, f := range mustRun(t, folder(t, some), lint.Config{Latest: 1}).Files {
			for _, d := range f.Diagnostics {
				got[name+" "+d.Name+" "+d.Table]++
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkProject lints one new migration after the project's own, without starting the server.
func BenchmarkProject(b *testing.B) {
	root := b.TempDir()
	files := own(b, map[string]string{"20991231235959_x.sql": "ALTER TABLE results ADD COLUMN flaky boolean;\nCREATE INDEX ON results (flaky);\n"})
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	dir, err := migration.Read(os.DirFS(root))
	if err != nil {
		b.Fatal(err)
	}
	cfg := lint.Config{Start: start(b), Dir: dir, Latest: 1}
	for b.Loop() {
		if _, err := lint.Run(context.Background(), cfg); err != nil {
			b.Fatal(err)
		}
	}
}
