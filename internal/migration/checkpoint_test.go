package migration_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

const mark = "-- atlas:checkpoint\n\n"

func TestCheckpoint(t *testing.T) {
	d := mustRead(t, mapDir(
		"20260101000000_a.sql", "-- alembic:revision aaaa\n\nCREATE TABLE a ();\n",
		"20260102000000_b.sql", "CREATE TABLE b ();\n",
		"20260103000000_all.sql", mark+"CREATE TABLE a ();\nCREATE TABLE b ();\n",
		"effect/20260103000000_all.txt", "+ table a\n",
		"20260104000000_c.sql", "CREATE TABLE c ();\n",
		"20260105000000_again.sql", mark+"CREATE TABLE a ();\nCREATE TABLE b ();\nCREATE TABLE c ();\n",
	))
	var files, checkpoints []string
	for _, f := range d.Files() {
		files = append(files, f.Version[:8]+" "+f.Revision)
	}
	for _, c := range d.Checkpoints() {
		checkpoints = append(checkpoints, c.Version[:8]+" "+c.Revision+" through "+d.Files()[c.Through].Version[:8])
	}
	if diff := cmp.Diff([]string{"20260101 aaaa", "20260102 20260102000000", "20260104 20260104000000"}, files); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"20260103 20260102000000 through 20260102", "20260105 20260104000000 through 20260104"}, checkpoints); diff != "" {
		t.Error(diff)
	}
	for through, want := range map[int]string{-1: "", 0: "", 1: "20260103000000", 2: "20260105000000"} {
		got := ""
		if c := d.StartFor(through); c != nil {
			got = c.Version
		}
		if got != want {
			t.Errorf("file %d: starts from %q, want %q", through, got, want)
		}
	}
	for word, want := range map[string]int{"20260103000000": 1, "20260105000000_again.sql": 2, "head": 2} {
		if got, err := d.Resolve(word); got != want || err != nil {
			t.Errorf("%s is %d, %v; want %d", word, got, err, want)
		}
	}
	if v := migration.NextVersion(d, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 0); v != "20260105000001" {
		t.Errorf("the next version is %s, not after the checkpoint", v)
	}

	// Atlas's library starts from the same checkpoint, and runs the same files after it.
	local := localDir(t, d)
	atlas, err := migrate.FilesFromLastCheckpoint(local)
	if err != nil {
		t.Fatal(err)
	}
	if len(atlas) != 1 || atlas[0].Version() != "20260105000000" {
		t.Errorf("Atlas starts from %v", atlas)
	}
	all, err := local.Files()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(migrate.SkipCheckpointFiles(all)); len(all) != 5 || n != 3 {
		t.Errorf("of %d files for Atlas's library, %d are migrations", len(all), n)
	}
}

// localDir writes a directory's files and opens them with Atlas.
func localDir(t *testing.T, d *migration.Dir) *migrate.LocalDir {
	t.Helper()
	local, err := migrate.NewLocalDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	files := slices.Clone(d.Files())
	for _, c := range d.Checkpoints() {
		files = append(files, c.File)
	}
	for _, f := range files {
		if err := local.WriteFile(f.Name, []byte(f.SQL)); err != nil {
			t.Fatal(err)
		}
	}
	return local
}

func TestCheckpointErrors(t *testing.T) {
	const a, b = "20260101000000_a.sql", "20260102000000_b.sql"
	for _, test := range []struct {
		name  string
		files []string
		want  string
	}{
		{"first", []string{a, mark},
			"20260101000000_a.sql:1: a checkpoint replaces the migrations before it, and there are none: remove the directive atlas:checkpoint"},
		{"no transaction", []string{a, "", b, "-- atlas:txmode none\n" + mark},
			"20260102000000_b.sql:2: a checkpoint runs in one transaction: remove \"atlas:txmode none\""},
		{"revision", []string{a, "", b, "-- atlas:checkpoint v1\n-- alembic:revision bbbb\n\n"},
			"20260102000000_b.sql:1: a checkpoint has the revision id of the last migration before it: remove \"alembic:revision\""},
		{"down", []string{a, "", "down/" + a, mark},
			"down/20260101000000_a.sql:1: atlas:checkpoint belongs in the migration itself, not in its down file"},
		{"version", []string{a, "", b, mark, "20260103000000_c.sql", "-- alembic:revision 20260102000000\n\n"},
			"20260103000000_c.sql: the revision id 20260102000000 is the version of the checkpoint 20260102000000_b.sql"},
		{"conflict in an effect", []string{a, "", "effect/20260101000000_a.txt", "# x\n<<<<<<< HEAD\n+ table a\n=======\n+ table b\n>>>>>>> main\n"},
			"effect/20260101000000_a.txt:2: git's conflict markers: delete the file and run `rehash`, which measures it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := migration.Read(mapDir(test.files...))
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestRename(t *testing.T) {
	const base, own = "20260102000000_base.sql", "20260101000000_own.sql"
	root := t.TempDir()
	write := func(name, text string) { writeFiles(t, root, map[string]string{name: text}) }
	write(base, "CREATE TABLE base ();\n")
	write("down/"+base, "DROP TABLE base;\n")
	write("effect/20260102000000_base.txt", "+ base\n")
	write(own, "CREATE TABLE own ();\n")
	write("down/"+own, "DROP TABLE own;\n")
	write("effect/20260101000000_own.txt", "+ own\n")
	write("done/"+own, "SELECT true;\n")
	write("atlas.sum", "<<<<<<< HEAD\nh1:a\n=======\nh1:b\n>>>>>>> main\n")
	write("down/atlas.sum", "h1:stale\n")
	before := readFiles(t, root)

	moves := map[string]string{own: "20260103000000_own.sql"}
	r, err := migration.Rename(os.DirFS(root), moves)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Dir.Verify(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, readFiles(t, root)); diff != "" {
		t.Error("written before Write: " + diff)
	}
	if err := r.Write(t.Context(), root, map[string]string{"20260103000000_own.sql": "+ own now\n"}); err != nil {
		t.Fatal(err)
	}
	if err := mustRead(t, os.DirFS(root)).Verify(); err != nil {
		t.Error(err)
	}
	after := readFiles(t, root)
	for _, name := range []string{"atlas.sum", "down/atlas.sum"} {
		delete(after, name)
	}
	want := map[string]string{
		base: "CREATE TABLE base ();\n", "down/": "", "down/" + base: "DROP TABLE base;\n",
		"effect/": "", "effect/20260102000000_base.txt": "+ base\n",
		"20260103000000_own.sql": "CREATE TABLE own ();\n", "down/20260103000000_own.sql": "DROP TABLE own;\n",
		"effect/20260103000000_own.txt": "+ own now\n", "done/": "", "done/20260103000000_own.sql": "SELECT true;\n",
	}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Error(diff)
	}

	// A file that was written meanwhile isn't overwritten.
	if r, err = migration.Rename(os.DirFS(root), map[string]string{base: "20260104000000_base.sql"}); err != nil {
		t.Fatal(err)
	}
	write("20260105000000_other.sql", "SELECT 1;\n")
	before = readFiles(t, root)
	if err := r.Write(t.Context(), root, nil); !errors.Is(err, migration.ErrChanged) {
		t.Errorf("error %v, want ErrChanged", err)
	}
	if diff := cmp.Diff(before, readFiles(t, root)); diff != "" {
		t.Error(diff)
	}
}

// Two branches may have chosen the same second as version.
func TestRenameOneVersion(t *testing.T) {
	fsys := mapDir("20260101000000_a.sql", "", "20260101000000_b.sql", "")
	if _, err := migration.Read(fsys); err == nil {
		t.Fatal("two files with the same version were read")
	}
	r, err := migration.Rename(fsys, map[string]string{"20260101000000_a.sql": "20260101000001_a.sql"})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Dir.Files()[1].Name; got != "20260101000001_a.sql" {
		t.Errorf("last is %s", got)
	}
	if _, err := migration.Rename(fsys, nil); err == nil || !strings.Contains(err.Error(), "the version 20260101000000 is also that of") {
		t.Errorf("error %v", err)
	}
}
