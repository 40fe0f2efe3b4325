package alembic

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		want      Revision
	}{
		{"Alembic's template", "\"\"\"add a table\n\nRevision ID: a\n\"\"\"\nfrom alembic import op\n\nrevision = 'b'\ndown_revision = 'a'\n", Revision{ID: "b", Down: []string{"a"}, Doc: "add a table"}},
		{"its newer template", "from typing import Union\nrevision: str = \"b\"\ndown_revision: Union[str, Sequence[str], None] = 'a'\n", Revision{ID: "b", Down: []string{"a"}}},
		{"the first", "revision = 'a'\ndown_revision = None", Revision{ID: "a"}},
		{"the first, in parentheses", "revision = ('a')\ndown_revision = (None)", Revision{ID: "a"}},
		{"a merge", "revision = 'm'\ndown_revision = (\n    'a',  # one\n    \"b\",\n)\n", Revision{ID: "m", Down: []string{"a", "b"}}},
		{"a list", "revision = 'm'\ndown_revision = ['a', 'b']\n", Revision{ID: "m", Down: []string{"a", "b"}}},
		{"an empty tuple", "revision = 'm'\ndown_revision = ()\n", Revision{ID: "m"}},
		{"CR LF and a byte order mark", "\uFEFF'''one\r\ntwo'''\r\nrevision = 'a'\r\ndown_revision = \\\r\n  None\r\n", Revision{ID: "a", Doc: "one"}},
		{"literals side by side", "revision = 'a' \"b\" r'\\c' u'd' '\\x65\\u0066\\147\\\nh'\ndown_revision = None", Revision{ID: `ab\cdefgh`}},
		{"other statements", "import os; revision = 'a'; down_revision = None\nx = {\nrevision: 1}\nif x: revision = 'n'\nrevision.x = 'n'\nrevision == 'n'\n", Revision{ID: "a"}},
		{"inside of strings, comments and functions", "\"\"\"\nrevision = 'n'\n\"\"\"\n# revision = 'n'\nrevision = 'a'\ndown_revision = None\ndef f():\n    revision = 'n'\n\trevision = 'n'\n    x = '''\nrevision = \"n\"\n'''\nf('\\'', \"revision\")\n", Revision{ID: "a", Doc: "revision = 'n'"}},
		{"the last one counts", "revision = 'n'\nrevision = 'a'\ndown_revision = None\n", Revision{ID: "a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parse("", tt.src)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *r); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const unreadable = " isn't a string, a tuple of strings or None, so it can't be read without running Python: write it out"
	for _, tt := range []struct{ src, want string }{
		{"x = 1\n", "1: the file has no revision, so Alembic can't load it: move it out of the folder, or begin its name with __init__"},
		{"revision = 'a'\n", "1: the file has no down_revision: write None if it is the first revision"},
		{"revision = None\ndown_revision = None\n", "1: revision isn't a string that names a revision"},
		{"revision = ''\ndown_revision = None\n", "1: revision isn't a string that names a revision"},
		{"\n\nrevision = 'a' + x\n", "3: revision" + unreadable},
		{"revision = f'{x}'\n", "1: revision" + unreadable},
		{"revision = b'x'\n", "1: revision" + unreadable},
		{"revision = '\\N{BULLET}'\n", "1: revision" + unreadable},
		{"revision = down_revision = 'a'\n", "1: revision" + unreadable},
		{"revision = 'a'\ndown_revision = (\n'a', x)\n", "2: down_revision" + unreadable},
		{"revision = 'a'\ndown_revision = {'a'}\n", "2: down_revision" + unreadable},
		{"revision = 'a'\ndown_revision =\n", "2: down_revision" + unreadable},
		{"revision = 'a\n", "1: a string isn't closed"},
		{"x = '''\n\n'", "1: a string isn't closed"},
		{"x = '\\", "1: a string isn't closed"},
	} {
		if r, err := parse("", tt.src); err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, error %v, want %s", tt.src, r, err, tt.want)
		}
	}
}

// A literal means the text that it was made from.
func TestLiterals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.StringOf(rapid.SampledFrom([]rune("\"\"''\\\\\n\r\tnx0{}%:é\u2028"))).Draw(t, "text")
		for _, src := range []string{literal(want), quoted(want)} {
			list, err := statements("x = (" + src + ")\n")
			if err != nil {
				t.Fatalf("%s: %v", src, err)
			}
			if len(list) != 1 {
				t.Fatalf("%s: %d statements", src, len(list))
			}
			_, value := list[0].assigned()
			if got, ok := words(value); !ok || len(got) != 1 || got[0] != want {
				t.Fatalf("%s means %q, %t", src, got, ok)
			}
		}
	})
}

// dirOf returns migrations with the ids, one after the other.
func dirOf(t *testing.T, ids ...string) *migration.Dir {
	t.Helper()
	root := t.TempDir()
	dir, err := migration.Read(fstest.MapFS{})
	if err != nil {
		t.Fatal(err)
	}
	var drafts []migration.Draft
	for i, id := range ids {
		drafts = append(drafts, migration.Draft{Name: string(rune('1'+i)) + "_" + id + "_x.sql", SQL: "-- alembic:revision " + id + "\n\nSELECT 1;\n", Down: "SELECT 2;\n"})
	}
	if err := dir.Write(context.Background(), root, drafts); err != nil {
		t.Fatal(err)
	}
	if dir, err = migration.Read(os.DirFS(root)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// revisionsOf returns a folder of revision files, given as "ID.py" or another name, and the text that down_revision is
// set to.
func revisionsOf(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for file, down := range files {
		text := "revision = '" + strings.TrimSuffix(file, ".py") + "'\ndown_revision = " + down + "\n"
		if !strings.HasSuffix(file, ".py") || strings.HasPrefix(file, "__init__") || file == "env.py" {
			text = down
		}
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestNew(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string // in the folder
		since string
		want  string // names of the new files, and down_revision of the first; or an error, with $DIR
	}{
		{"empty", nil, "", "a_a_x.py b_b_x.py c_c_x.py after nothing"},
		{"since", nil, "b", "c_c_x.py after b"},
		{"since the base", nil, "base", "a_a_x.py b_b_x.py c_c_x.py after nothing"},
		{"since the head", nil, "head", ""},
		{"since nothing", nil, "x", `there is no migration "x": did you mean a (1_a_x), b (2_b_x), c (3_c_x)?`},
		{"continues", map[string]string{"a.py": "None", "b.py": "'a'"}, "", "c_c_x.py after b"},
		{"all", map[string]string{"a.py": "None", "b.py": "'a'", "c.py": "'b'"}, "", ""},
		{"since what is there", map[string]string{"a.py": "None", "b.py": "'a'"}, "a", "c_c_x.py after b"},
		{"a gap", map[string]string{"a.py": "None"}, "b", "$DIR ends with a, and what comes after b would not continue it: omit -since"},
		{"older revisions there", map[string]string{"z.py": "None", "a.py": "'z'"}, "", "b_b_x.py c_c_x.py after a"},
		{"the older ones are gone", map[string]string{"b.py": "None"}, "", "c_c_x.py after b"},
		{"the older ones are elsewhere", map[string]string{"b.py": "'a'"}, "", "c_c_x.py after b"},
		{"two heads", map[string]string{"a.py": "None", "b.py": "'a'", "x.py": "'a'"}, "", "$DIR has 2 heads, b (b.py), x (x.py): make them one chain by their down_revision, or remove all but one"},
		{"another head", map[string]string{"a.py": "None", "x.py": "'a'", "y.py": "'x'"}, "", "$DIR ends with y (y.py), which isn't a migration here: after a it has x (x.py), y (y.py); write a migration for each here, with \"-- alembic:revision ID\", or remove the files there"},
		{"another project", map[string]string{"x.py": "None", "y.py": "'x'"}, "", "$DIR ends with y (y.py), and none of its revisions is a migration here: name another folder, or give the migrations these ids with \"-- alembic:revision ID\""},
		{"another order", map[string]string{"b.py": "None", "a.py": "'b'", "c.py": "'a'"}, "", "$DIR/c.py: the down_revision of c is a, but the migration before it is b"},
		{"a revision between", map[string]string{"a.py": "None", "x.py": "'a'", "b.py": "'x'"}, "", "$DIR/b.py: the down_revision of b is x, but the migration before it is a"},
		{"a merge", map[string]string{"a.py": "None", "x.py": "'a'", "y.py": "'a'", "b.py": "('x', 'y')"}, "", "$DIR/b.py: the down_revision of b is x, y, but the migration before it is a"},
		{"a circle", map[string]string{"a.py": "'b'", "b.py": "'a'"}, "", "$DIR/a.py: the revision a comes, by its down_revision, after itself"},
		{"versions", map[string]string{"env.py": "import os", "versions/README": "", "versions/__init__.py": ""}, "", "a_a_x.py b_b_x.py c_c_x.py after nothing"},
		{"no versions yet", map[string]string{"env.py": "import os"}, "", "a_a_x.py b_b_x.py c_c_x.py after nothing"},
		{"the folder above", map[string]string{"alembic.ini": ""}, "", "$DIR has an alembic.ini: name the folder that script_location in it names"},
		{"a name is taken", map[string]string{"a_a_x.py.": "", "c_c_x.py": "None"}, "", "$DIR ends with c_c_x (c_c_x.py), and none of its revisions is a migration here: name another folder, or give the migrations these ids with \"-- alembic:revision ID\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := context.Background()
			root := revisionsOf(t, tt.files)
			export := func() (*Export, error) {
				folder, err := Read(ctx, root)
				if err != nil {
					return nil, err
				}
				return New(Config{Dir: dirOf(t, "a", "b", "c"), Path: "migrations", Folder: folder, Since: tt.since})
			}
			e, err := export()
			got := ""
			switch {
			case err != nil:
				got = strings.ReplaceAll(err.Error(), root, "$DIR")
			case len(e.Files) > 0:
				for _, f := range e.Files {
					got += f.Name + " "
				}
				got += "after " + e.Files[0].Down
				if e.Files[0].Down == "" {
					got += "nothing"
				}
			}
			if got != tt.want {
				t.Fatalf("got  %s\nwant %s", got, tt.want)
			}
			if err != nil {
				return
			}
			if err := e.Write(ctx); err != nil {
				t.Fatal(err)
			}
			if tt.since == "" || tt.files != nil {
				if again, err := export(); err != nil || len(again.Files) > 0 {
					t.Errorf("a second export has %v, error %v", again, err)
				}
			}
			if len(e.Files) > 0 {
				if err := e.Write(ctx); err == nil || !strings.Contains(err.Error(), e.Files[0].Name+" exists: nothing is overwritten") {
					t.Errorf("writing twice: %v", err)
				}
			}
		})
	}
}

// Edited migrations aren't exported.
func TestNewVerifies(t *testing.T) {
	dir, err := migration.Read(fstest.MapFS{"1_a.sql": {Data: []byte("SELECT 1;\n")}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Dir: dir, Folder: &Folder{}}); err == nil || !strings.Contains(err.Error(), "atlas.sum") {
		t.Errorf("error %v", err)
	}
}

func TestCompare(t *testing.T) {
	folder, err := Read(context.Background(), revisionsOf(t, map[string]string{"a.py": "None", "z.py": "'a'", "y.py": "'z'", "b.py": "'a'"}))
	if err != nil {
		t.Fatal(err)
	}
	c := Compare(dirOf(t, "a", "b", "c"), folder)
	if got := list(c.Missing) + "; " + list(c.Heads) + "; " + c.Unknown[0].Revision; got != "z (z.py), y (y.py); b (b.py), y (y.py); c" || c.OK() {
		t.Error(got)
	}
}
