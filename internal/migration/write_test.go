package migration_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

func draft(version, name string) migration.Draft {
	return migration.Draft{
		Name:   version + "_" + name + ".sql",
		SQL:    "CREATE TABLE " + name + " (x int);\n",
		Down:   "DROP TABLE " + name + ";\n",
		Effect: "+ table " + name + "\n",
	}
}

func TestWrite(t *testing.T) {
	root := filepath.Join(t.TempDir(), "deep", "migrations")
	for i, drafts := range [][]migration.Draft{
		{draft("20260101000000", "a")},
		{draft("20260102000000", "b"), draft("20260102000001", "c")},
	} {
		d := mustRead(t, os.DirFS(root))
		if err := d.Write(t.Context(), root, drafts); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	d := mustRead(t, os.DirFS(root))
	if err := d.Verify(); err != nil {
		t.Error(err)
	}
	got := readFiles(t, root)
	delete(got, "atlas.sum")
	delete(got, "down/atlas.sum")
	want := map[string]string{"down/": "", "effect/": ""}
	for v, name := range map[string]string{"20260101000000": "a", "20260102000000": "b", "20260102000001": "c"} {
		want[v+"_"+name+".sql"] = "CREATE TABLE " + name + " (x int);\n"
		want["down/"+v+"_"+name+".sql"] = "DROP TABLE " + name + ";\n"
		want["effect/"+v+"_"+name+".txt"] = "+ table " + name + "\n"
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWriteRefuses checks that a refused write changes nothing.
func TestWriteRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(t *testing.T, root string) // between reading and writing
		drafts []migration.Draft
		want   string
	}{
		{"nothing", nil, nil, ""},
		{"earlier version", nil, []migration.Draft{draft("20251231000000", "b")}, "writing migrations: the new versions aren't later than 20260101000000_a.sql"},
		{"same version", nil, []migration.Draft{draft("20260101000000", "b")},
			"20260101000000_b.sql: the version 20260101000000 is also that of 20260101000000_a.sql: give one of them a later version"},
		{"same name", nil, []migration.Draft{draft("20260101000000", "a")},
			"20260101000000_a.sql: the version 20260101000000 is also that of 20260101000000_a.sql: give one of them a later version"},
		{"second draft bad", nil, []migration.Draft{draft("20260102000000", "b"), {Name: "20260103000000_c.sql", SQL: "SELECT '"}},
			"20260103000000_c.sql:1:8: unterminated quoted string"},
		{"no migration", nil, []migration.Draft{{Name: "20260103000000_c.txt"}}, "writing migrations: 20260103000000_c.txt isn't a migration's name"},
		{"elsewhere", nil, []migration.Draft{{Name: "../20260103000000_c.sql"}}, "writing migrations: ../20260103000000_c.sql isn't a migration's name"},
		{"file added meanwhile", func(t *testing.T, root string) { writeFiles(t, root, map[string]string{"20260102000000_x.sql": ""}) },
			[]migration.Draft{draft("20260103000000", "b")}, migration.ErrChanged.Error()},
		{"file edited meanwhile", func(t *testing.T, root string) { writeFiles(t, root, map[string]string{"20260101000000_a.sql": ""}) },
			[]migration.Draft{draft("20260103000000", "b")}, migration.ErrChanged.Error()},
		{"sum edited meanwhile", func(t *testing.T, root string) { writeFiles(t, root, map[string]string{"atlas.sum": ""}) },
			[]migration.Draft{draft("20260103000000", "b")}, migration.ErrChanged.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			if err := mustRead(t, os.DirFS(root)).Write(t.Context(), root, []migration.Draft{draft("20260101000000", "a")}); err != nil {
				t.Fatal(err)
			}
			d := mustRead(t, os.DirFS(root))
			if test.before != nil {
				test.before(t, root)
			}
			before := readFiles(t, root)
			err := d.Write(t.Context(), root, test.drafts)
			if test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
			if diff := cmp.Diff(before, readFiles(t, root)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWriteDoesNotLaunder checks that checksums aren't recomputed over a file that was edited before.
func TestWriteDoesNotLaunder(t *testing.T) {
	root := t.TempDir()
	if err := mustRead(t, os.DirFS(root)).Write(t.Context(), root, []migration.Draft{draft("20260101000000", "a")}); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, root, map[string]string{"20260101000000_a.sql": "DROP TABLE users;\n"})
	err := mustRead(t, os.DirFS(root)).Write(t.Context(), root, []migration.Draft{draft("20260102000000", "b")})
	var sum *migration.SumError
	if !errors.As(err, &sum) || sum.Reason != migration.Edited {
		t.Error(err)
	}
}

func TestWriteAtOnce(t *testing.T) {
	root := t.TempDir()
	d := mustRead(t, os.DirFS(root))
	const writers = 8
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			errs[i] = d.Write(t.Context(), root, []migration.Draft{draft(fmt.Sprintf("2026010100000%d", i), "a")})
		})
	}
	wg.Wait()
	written := 0
	for _, err := range errs {
		switch {
		case err == nil:
			written++
		case !errors.Is(err, migration.ErrChanged):
			t.Error(err)
		}
	}
	if written != 1 {
		t.Errorf("%d of %d wrote", written, writers)
	}
	d = mustRead(t, os.DirFS(root))
	if len(d.Files()) != 1 || d.Verify() != nil {
		t.Errorf("%d files, %v", len(d.Files()), d.Verify())
	}
}

func TestWriteSweepsWhatWasLeft(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{".staged-123/0.new": "half a fi"})
	if err := mustRead(t, os.DirFS(root)).Write(t.Context(), root, []migration.Draft{draft("20260101000000", "a")}); err != nil {
		t.Fatal(err)
	}
	for name := range readFiles(t, root) {
		if strings.HasPrefix(name, ".") {
			t.Errorf("%s is left", name)
		}
	}
}

func TestRehash(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{
		"20260101000000_a.sql": "SELECT 1;\n", "20260102000000_b.sql": "SELECT 'unterminated\n", "notes.sql": "COMMIT;\n",
		"down/20260101000000_a.sql": "SELECT -1;\n",
		"effect/gone.txt":           "+ old\n", "effect/20260101000000_a.txt": "+ old\n", "effect/README": "kept",
		"atlas.sum":      "<<<<<<< HEAD\nh1:x\n=======\nh1:y\n>>>>>>> theirs\n",
		"down/atlas.sum": "",
	})
	if err := migration.Rehash(t.Context(), root, map[string]string{"20260101000000_a.sql": "+ new\n", "20260102000000_b.sql": ""}); err != nil {
		t.Fatal(err)
	}
	got := readFiles(t, root)
	for name, want := range map[string]string{
		"effect/20260101000000_a.txt": "+ new\n", "effect/20260102000000_b.txt": "", "effect/README": "kept", "20260102000000_b.sql": "SELECT 'unterminated\n",
	} {
		if text, ok := got[name]; !ok || text != want {
			t.Errorf("%s: %q", name, text)
		}
	}
	if _, ok := got["effect/gone.txt"]; ok {
		t.Error("the effect of a deleted file is left")
	}
	if n := strings.Count(got["atlas.sum"], "\n"); n != 4 {
		t.Errorf("atlas.sum:\n%s", got["atlas.sum"])
	}
	// The second time there is nothing to write.
	before, err := os.Stat(filepath.Join(root, "atlas.sum"))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(filepath.Join(root, "atlas.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if !before.ModTime().Equal(after.ModTime()) {
		t.Error("rewritten needlessly")
	}
	if err := migration.Rehash(t.Context(), root, map[string]string{"20260109000000_z.sql": ""}); err == nil {
		t.Error("an effect without a migration was written")
	}
}

func TestRehashOfNothing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "migrations")
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	if got := readFiles(t, root); len(got) != 0 {
		t.Error(got)
	}
}

// BenchmarkRead reads 1,000 migrations with down and effect files from disk.
func BenchmarkRead(b *testing.B) {
	root := b.TempDir()
	for _, dir := range []string{"down", "effect"} {
		if err := os.Mkdir(filepath.Join(root, dir), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 1000 {
		name := fmt.Sprintf("%014d_x", 20260101000000+i)
		up := fmt.Sprintf("-- alembic:revision r%d\n\n-- Adds a table.\nCREATE TABLE t%d (\n  id uuid NOT NULL PRIMARY KEY,\n  name varchar(100),\n  data jsonb DEFAULT '{}'\n);\nCREATE INDEX ix_t%d_name ON t%d (name);\nALTER TABLE t%d ADD CONSTRAINT c CHECK (name <> '');\n", i, i, i, i, i)
		for path, text := range map[string]string{name + ".sql": up, "down/" + name + ".sql": fmt.Sprintf("DROP TABLE t%d;\n", i), "effect/" + name + ".txt": "+ x\n"} {
			if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := migration.Rehash(b.Context(), root, nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d, err := migration.Read(os.DirFS(root))
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}
