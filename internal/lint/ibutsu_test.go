package lint_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// project returns the project's own migrations with further ones.
func project(t testing.TB, further map[string]string) map[string]string {
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

// TestProject drops a column of a schema of real size.
func TestProject(t *testing.T) {
	const name = "20991231235959_drop_source.sql"
	root := folder(t, project(t, map[string]string{
		name: "-- Nobody reads it any more.\n\nALTER TABLE \"results\"\n  DROP COLUMN \"source\";\n",
	}))
	want := []string{name + ":3:1: error drop-column DS103: dropping column results.source deletes its data, and breaks all that still uses it"}
	if diff := cmp.Diff(want, findings(mustRun(t, root, lint.Config{Latest: 1}))); diff != "" {
		t.Error(diff)
	}
}

// TestProjectAsItStands lints all migrations at once.
func TestProjectAsItStands(t *testing.T) {
	r := mustRun(t, folder(t, project(t, nil)), lint.Config{Latest: 100})
	type finding struct{ File, Name, Table, Column string }
	var got []finding
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			got = append(got, finding{f.Name, d.Name, d.Table, d.Column})
		}
	}
	want := []finding{
		{"20251210203528_remove_unused_meta_table_and_add_production_indexes.sql", "drop-table", "meta", ""},
		{"20251212114435_enforce_import_created_not_null_and_add_cleanup.sql", "set-not-null-data", "imports", "created"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// BenchmarkProject lints one new migration on top of the project's own, without the server's start.
func BenchmarkProject(b *testing.B) {
	root := b.TempDir()
	files := project(b, map[string]string{"20991231235959_x.sql": "ALTER TABLE results ADD COLUMN flaky boolean;\nCREATE INDEX ON results (flaky);\n"})
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
