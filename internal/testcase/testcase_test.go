package testcase

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const archive = "About the case.\n-- b.sql --\nb\n-- want/old --\nold\n-- a.sql --\r\na\r\n-- empty --\n"

func write(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestUpdate(t *testing.T) {
	dir := write(t, "one.txtar", archive)
	cases, err := Read(dir, "b.sql", "empty")
	if err != nil {
		t.Fatal(err)
	}
	c := cases[0]
	if c.Name != "one" || len(cases) != 1 {
		t.Errorf("read %d cases, the first %s", len(cases), c.Name)
	}
	want := map[string]string{"b.sql": "b\n", "want/old": "old\n", "a.sql": "a\r\n", "empty": ""}
	if diff := cmp.Diff(want, c.Files); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	now := map[string]string{"z/y": "-- a comment\n", "new": ""}
	if err := c.Update("want/", now); err != nil {
		t.Fatal(err)
	}
	if err := c.Update("b.txt", map[string]string{"": ""}); err != nil {
		t.Fatal(err)
	}
	again, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Case{c, again[0]} {
		if diff := cmp.Diff(now, c.Under("want/")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if c.Files["b.sql"] != "b\n" || c.Files["a.sql"] != "a\r\n" || len(c.Files) != 6 {
			t.Errorf("the files are %q", c.Files)
		}
	}
	const text = "About the case.\n-- b.sql --\nb\n-- want/new --\n-- want/z/y --\n-- a comment\n-- a.sql --\na\r\n-- empty --\n-- b.txt --\n"
	got, err := os.ReadFile(filepath.Join(dir, "one.txtar"))
	if err != nil || string(got) != text {
		t.Errorf("the archive is\n%s%v", got, err)
	}
	for name, text := range map[string]string{
		"no newline": "a", "marker": "a\n-- b --\n", "marker with CR": "-- b --\r\n", "no name ": "\n", "two\nlines": "\n",
	} {
		if err := c.Update("want/", map[string]string{name: text}); err == nil {
			t.Errorf("Update accepts %q: %q", name, text)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "one.txtar")); err != nil || string(got) != text {
		t.Errorf("after errors, the archive is\n%s%v", got, err)
	}
}

func TestReadFails(t *testing.T) {
	for _, c := range []struct{ dir, want string }{
		{t.TempDir(), "contains no cases"},
		{filepath.Join(t.TempDir(), "none"), "no such file"},
		{write(t, "one.txtar", archive+"-- b.sql --\n"), "one.txtar: two files b.sql"},
		{write(t, "one.txtar", "-- a.sql --\n"), "one.txtar has no file b.sql"},
		{write(t, "one.sql", ""), "one.sql is not a txtar archive"},
	} {
		if _, err := Read(c.dir, "b.sql"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}
