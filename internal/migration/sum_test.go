package migration_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// hashed returns a folder of three migrations with correct checksums.
func hashed(t *testing.T) fstest.MapFS {
	t.Helper()
	root := t.TempDir()
	writeFiles(t, root, map[string]string{
		"1_a.sql": "SELECT 1;\n", "2_b.sql": "SELECT 2;\n", "3_c.sql": "SELECT 3;\n", "down/1_a.sql": "SELECT -1;\n", "down/2_b.sql": "SELECT -2;\n",
	})
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	m := fstest.MapFS{}
	for name, text := range readFiles(t, root) {
		if !strings.HasSuffix(name, "/") {
			m[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return m
}

func TestVerify(t *testing.T) {
	set := func(name, text string) func(fstest.MapFS) {
		return func(m fstest.MapFS) { m[name] = &fstest.MapFile{Data: []byte(text)} }
	}
	remove := func(names ...string) func(fstest.MapFS) {
		return func(m fstest.MapFS) {
			for _, name := range names {
				delete(m, name)
			}
		}
	}
	edit := func(name string, f func(string) string) func(fstest.MapFS) {
		return func(m fstest.MapFS) { m[name] = &fstest.MapFile{Data: []byte(f(string(m[name].Data)))} }
	}
	swapLines := func(text string) string {
		l := strings.Split(text, "\n")
		l[1], l[2] = l[2], l[1]
		return strings.Join(l, "\n")
	}
	for _, test := range []struct {
		name   string
		change func(fstest.MapFS)
		reason migration.Reason
		line   int
		file   string
		want   string
	}{
		{"untouched", func(fstest.MapFS) {}, 0, 0, "", ""},
		{"CR LF in the sum", edit("atlas.sum", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }), 0, 0, "", ""},
		{"other files", set("README", "x"), 0, 0, "", ""},
		{"edited", set("2_b.sql", "SELECT 22;\n"), migration.Edited, 3, "2_b.sql",
			"atlas.sum doesn't match: 2_b.sql was edited. Restore it, or run `rehash` if no database has run it yet"},
		{"white space at the end", set("3_c.sql", "SELECT 3;\n\n"), migration.Edited, 4, "3_c.sql",
			"atlas.sum doesn't match: 3_c.sql was edited. Restore it, or run `rehash` if no database has run it yet"},
		{"added at the end", set("4_d.sql", ""), migration.Added, 5, "4_d.sql", "atlas.sum doesn't match: 4_d.sql was added. Run `rehash` if it belongs there"},
		{"removed", remove("2_b.sql", "down/2_b.sql"), migration.Removed, 3, "2_b.sql",
			"atlas.sum doesn't match: 2_b.sql was removed. Restore it, or run `rehash` if no database has run it yet"},
		{"removed at the end", remove("3_c.sql"), migration.Removed, 4, "3_c.sql",
			"atlas.sum doesn't match: 3_c.sql was removed. Restore it, or run `rehash` if no database has run it yet"},
		{"renamed", func(m fstest.MapFS) { m["3_d.sql"] = m["3_c.sql"]; delete(m, "3_c.sql") }, migration.Removed, 4, "3_c.sql",
			"atlas.sum doesn't match: 3_c.sql was removed, and 3_d.sql (added) too. Restore it, or run `rehash` if no database has run it yet"},
		{"edited and added", func(m fstest.MapFS) { set("1_a.sql", "")(m); set("4_d.sql", "")(m) }, migration.Edited, 2, "1_a.sql",
			"atlas.sum doesn't match: 1_a.sql was edited, and 4_d.sql (added) too. Restore it, or run `rehash` if no database has run it yet"},
		{"missing", remove("atlas.sum"), migration.Missing, 0, "", "atlas.sum is missing: run `rehash` to write it"},
		{"down missing", remove("down/atlas.sum"), migration.Missing, 0, "", "down/atlas.sum is missing: run `rehash` to write it"},
		{"down edited", set("down/1_a.sql", "SELECT 0;"), migration.Edited, 2, "down/1_a.sql",
			"down/atlas.sum doesn't match: down/1_a.sql was edited. Restore it, or run `rehash` if no database has run it yet"},
		{"down removed", remove("down/1_a.sql"), migration.Removed, 2, "down/1_a.sql",
			"down/atlas.sum doesn't match: down/1_a.sql was removed. Restore it, or run `rehash` if no database has run it yet"},
		{"all down files removed", remove("down/1_a.sql", "down/2_b.sql"), migration.Removed, 2, "down/1_a.sql",
			"down/atlas.sum doesn't match: down/1_a.sql was removed, and down/2_b.sql (removed) too. Restore it, or run `rehash` if no database has run it yet"},
		{"empty", set("atlas.sum", ""), migration.Malformed, 1, "", "atlas.sum:1: this isn't an Atlas sum file, or its lines don't belong together: run `rehash` to rewrite it"},
		{"first line edited", edit("atlas.sum", func(s string) string { return "h1:A" + s[4:] }), migration.Malformed, 1, "",
			"atlas.sum:1: this isn't an Atlas sum file, or its lines don't belong together: run `rehash` to rewrite it"},
		{"other text", edit("atlas.sum", func(s string) string { return s + "what?\n" }), migration.Malformed, 5, "",
			"atlas.sum:5: this isn't an Atlas sum file, or its lines don't belong together: run `rehash` to rewrite it"},
		{"lines swapped", edit("atlas.sum", swapLines), migration.Malformed, 1, "",
			"atlas.sum:1: this isn't an Atlas sum file, or its lines don't belong together: run `rehash` to rewrite it"},
		{"conflict", edit("atlas.sum", func(s string) string { return "<<<<<<< HEAD\n" + s + "=======\n" + s + ">>>>>>> theirs\n" }), migration.Conflict, 1, "",
			"atlas.sum:1: git's conflict markers: run `rehash` to rewrite it, or `rebase` if this branch's migrations must follow the other's"},
		{"conflict within", edit("down/atlas.sum", func(s string) string { return s + "<<<<<<< HEAD\n=======\n>>>>>>> theirs\n" }), migration.Conflict, 4, "",
			"down/atlas.sum:4: git's conflict markers: run `rehash` to rewrite it, or `rebase` if this branch's migrations must follow the other's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := hashed(t)
			test.change(m)
			d, err := migration.Read(m)
			if err != nil {
				t.Fatal(err)
			}
			err = d.Verify()
			if test.reason == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var sum *migration.SumError
			if !errors.As(err, &sum) {
				t.Fatalf("%v isn't a SumError", err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if sum.Reason != test.reason || sum.Line != test.line || sum.File != test.file {
				t.Errorf("reason %v, line %d, file %q", sum.Reason, sum.Line, sum.File)
			}
		})
	}
}

func TestVerifyFindsAFileAddedBetween(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{"20260101000000_a.sql": "", "20260103000000_c.sql": ""})
	if err := migration.Rehash(t.Context(), root, nil); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, root, map[string]string{"20260102000000_b.sql": ""})
	err := mustRead(t, os.DirFS(root)).Verify()
	want := "atlas.sum doesn't match: 20260102000000_b.sql was added. Run `rehash` if it belongs there"
	if err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}
