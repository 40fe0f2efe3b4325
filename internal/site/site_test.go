package site_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/site"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A step is a migration and its effect.
type step struct{ sql, effect string }

var steps = []step{
	{"CREATE TABLE people ();", `
+ table public.people: partitioned by RANGE (born)
+ table public.people_1: ordinary, partition of public.people FOR VALUES FROM (1) TO (9)
+ column public.people.born: integer not null
+ column public.people.id: uuid not null default gen_random_uuid()
+ column public.people.team: uuid
+ column public.people_1.born: integer not null
+ constraint public.people.people_pkey: PRIMARY KEY (id, born)
+ table public.teams: ordinary
+ column public.teams.id: uuid not null
+ column public.teams.name: character varying(20) collate "C"
+ constraint public.teams.teams_pkey: PRIMARY KEY (id)
+ constraint public.teams.name_short: CHECK ((length((name)::text) < 9))
+ comment on table public.teams: 'who plays | @together'
+ comment on column public.teams.name: '<b>short</b>'
+ enum public.color: ('red', 'blue')
`},
	{"ALTER TABLE people RENAME TO users; ALTER TABLE users RENAME COLUMN team TO team_id;", `
~ table public.people -> users: partitioned by RANGE (born)
~ column public.people.born -> public.users.born: integer not null
~ column public.people.id -> public.users.id: uuid not null default gen_random_uuid()
~ column public.people.team -> public.users.team_id: uuid
- table public.people_1: ordinary, partition of public.people FOR VALUES FROM (1) TO (9)
+ table public.people_1: ordinary, partition of public.users FOR VALUES FROM (1) TO (9)
~ constraint public.people.people_pkey -> public.users.people_pkey: PRIMARY KEY (id, born)
`},
	{"CREATE INDEX", `
+ constraint public.users.users_team_id_fkey: FOREIGN KEY (team_id) REFERENCES public.teams(id) ON DELETE CASCADE
+ index public.users.ix_users_team_id: CREATE INDEX ix_users_team_id ON public.users USING btree (team_id, born DESC)
+ index public.users.ix_bad: CREATE INDEX ix_bad ON public.users USING btree (team_id) [INVALID, not ready]
+ index public.teams.ix_name: CREATE UNIQUE INDEX ix_name ON public.teams USING btree (lower((name)::text)) INCLUDE (id) WHERE (name IS NOT NULL)
- column public.teams.name: character varying(20) collate "C"
+ column public.teams.name: character varying(20) collate "C" not null
+ trigger public.teams.log: CREATE TRIGGER log BEFORE INSERT ON public.teams FOR EACH ROW EXECUTE FUNCTION public.log()
+ view public.v: SELECT 1 AS a
`},
}

// dir returns the migrations of steps.
func dir(t testing.TB, steps ...step) *migration.Dir {
	t.Helper()
	files := fstest.MapFS{}
	for i, s := range steps {
		name := fmt.Sprintf("2026010%d000000_step", i+1)
		files[name+".sql"] = &fstest.MapFile{Data: []byte(s.sql + "\n")}
		files["effect/"+name+".txt"] = &fstest.MapFile{Data: []byte(strings.TrimPrefix(s.effect, "\n"))}
	}
	d, err := migration.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func config(d *migration.Dir) site.Config {
	return site.Config{Dir: d, Out: "docs/schema", Migrations: "db/migrations", SchemaFile: "schema.hcl"}
}

func write(t testing.TB, root string, cfg site.Config) *site.Result {
	t.Helper()
	r, err := site.Write(t.Context(), root, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// stale returns what check says.
func stale(t testing.TB, root string, cfg site.Config) string {
	t.Helper()
	project, err := tree.Open(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	defer project.Close()
	pages, err := site.Stale(project, cfg)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range pages {
		lines = append(lines, p.File+" "+p.Why)
	}
	return strings.Join(lines, "\n")
}

func readFile(t testing.TB, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPages(t *testing.T) {
	root := t.TempDir()
	cfg := config(dir(t, steps...))
	if got := stale(t, root, cfg); got != "" {
		t.Errorf("without pages: %s", got)
	}
	r := write(t, root, cfg)
	if d := cmp.Diff([]string{"docs/schema/README.md", "docs/schema/schema.svg", "docs/schema/teams.md", "docs/schema/users.md"}, r.Written); d != "" {
		t.Error(d)
	}
	for _, name := range []string{"README.md", "teams.md", "users.md"} {
		want := filepath.Join("testdata", name)
		got := readFile(t, root, "docs", "schema", name)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if d := cmp.Diff(readFile(t, want), got); d != "" {
			t.Errorf("%s (-want +got; UPDATE=1 writes it):\n%s", name, d)
		}
	}
	if got := stale(t, root, cfg); got != "" {
		t.Errorf("right after: %s", got)
	}
	if r := write(t, root, cfg); len(r.Written)+len(r.Removed) > 0 {
		t.Errorf("again: %+v", r)
	}
}

// This repository's own pages are up to date.
func TestOwnPages(t *testing.T) {
	d, err := migration.Read(os.DirFS("../../migrations"))
	if err != nil {
		t.Fatal(err)
	}
	if got := stale(t, "../..", site.Config{Dir: d, Out: site.DefaultDir, Migrations: "migrations", SchemaFile: "schema.hcl"}); got != "" {
		t.Errorf("%s: run docs", got)
	}
}

// Each table of a large schema has a drawing of its own, and not of a small one.
func TestDrawings(t *testing.T) {
	tables := func(n int) site.Config {
		var lines []string
		for i := range n {
			lines = append(lines, fmt.Sprintf("+ table public.t%02d: ordinary\n+ column public.t%02[1]d.id: integer\n+ constraint public.t%02[1]d.k: FOREIGN KEY (id) REFERENCES public.t00(id)\n", i, i))
		}
		return config(dir(t, step{"SELECT 1;", strings.Join(lines, "")}))
	}
	root := t.TempDir()
	r := write(t, root, tables(31))
	if len(r.Written) != 2*31+2 {
		t.Errorf("%d files: %q", len(r.Written), r.Written)
	}
	page := readFile(t, root, "docs", "schema", "t00.md")
	if !strings.Contains(page, "(t00.svg)") || !strings.Contains(page, "16 more tables refer to it.") {
		t.Error(page)
	}
	texts := readFile(t, root, "docs", "schema", "schema.svg")
	if strings.Contains(texts, ">integer") || !strings.Contains(texts, ">t30<") || !strings.Contains(texts, "t30 (id) refers to t00") {
		t.Errorf("the overview has columns, or not all tables:\n%s", texts)
	}
	if r = write(t, root, tables(30)); len(r.Removed) != 31+1 {
		t.Errorf("removed %q", r.Removed)
	}
	if texts = readFile(t, root, "docs", "schema", "schema.svg"); !strings.Contains(texts, ">integer") {
		t.Error("the overview has no columns")
	}
}

// A table that takes another one's name brings its own history.
func TestReusedName(t *testing.T) {
	root := t.TempDir()
	write(t, root, config(dir(t,
		step{"CREATE TABLE a (); CREATE TABLE b ();", "+ table public.a: ordinary\n"},
		step{"CREATE TABLE b ();", "+ table public.b: ordinary\n"},
		step{"DROP TABLE a; ALTER TABLE b RENAME TO a;", "- table public.b: ordinary\n"},
	)))
	page := readFile(t, root, "docs", "schema", "a.md")
	if _, history, _ := strings.Cut(page, "## Migrations"); strings.Contains(history, "20260101000000_step") || !strings.Contains(history, "20260102000000_step") {
		t.Error(page)
	}
}

// Pages of tables that are gone are removed, and other files are left alone.
func TestWriteAgain(t *testing.T) {
	root := t.TempDir()
	write(t, root, config(dir(t, steps[0])))
	own := filepath.Join(root, "docs", "schema", "notes.md")
	if err := os.WriteFile(own, []byte("# Ours\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg := config(dir(t, steps...))
	want := `docs/schema/README.md it doesn't show what the migrations produce: run docs
docs/schema/schema.svg it doesn't show what the migrations produce: run docs
docs/schema/teams.md it doesn't show what the migrations produce: run docs
docs/schema/users.md it is missing: run docs
docs/schema/people.md it is about a table that is gone: run docs`
	if got := stale(t, root, cfg); got != want {
		t.Error(got)
	}
	r := write(t, root, cfg)
	if !slices.Equal(r.Removed, []string{"docs/schema/people.md"}) || len(r.Written) != 4 {
		t.Errorf("%+v", r)
	}
	if got := readFile(t, own); got != "# Ours\n" {
		t.Errorf("the file is now %q", got)
	}
	// The layout of a drawing may differ, but not its texts.
	drawing := filepath.Join(root, "docs", "schema", "schema.svg")
	text := readFile(t, drawing)
	for _, c := range []struct{ old, new, want string }{
		{` x="8"`, ` x="9"`, ""},
		{">teams<", ">other<", "docs/schema/schema.svg it doesn't show what the migrations produce: run docs"},
		{"\n", "\r\n", ""},
	} {
		if !strings.Contains(text, c.old) {
			t.Fatalf("no %s in %s", c.old, text)
		}
		if err := os.WriteFile(drawing, []byte(strings.ReplaceAll(text, c.old, c.new)), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := stale(t, root, cfg); got != c.want {
			t.Errorf("with %q instead of %q: %s", c.new, c.old, got)
		}
	}
	if err := os.Remove(drawing); err != nil {
		t.Fatal(err)
	}
	if got := stale(t, root, cfg); got != "docs/schema/schema.svg it is missing: run docs" {
		t.Error(got)
	}
	if err := os.WriteFile(drawing, []byte("<svg/>"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := stale(t, root, cfg); got != "docs/schema/schema.svg it isn't a file that docs has written: move it, and run docs" {
		t.Error(got)
	}
}

// Nothing is written over a file of somebody else's, or outside of the project.
func TestWriteRefuses(t *testing.T) {
	root := t.TempDir()
	cfg := config(dir(t, steps...))
	if err := os.MkdirAll(filepath.Join(root, "docs", "schema"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "schema", "users.md"), []byte("# Ours\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(root, "away")); err != nil {
		t.Fatal(err)
	}
	for out, want := range map[string]string{
		"docs/schema":          "docs/schema/users.md isn't a file that docs has written: move it, or name another folder",
		"../x":                 "inside the project",
		"/tmp":                 "inside the project",
		".":                    "inside the project",
		"db/migrations/effect": "migrations folder",
		"away":                 "symbolic link",
		"away/deeper":          "symbolic link",
		"docs/schema/users.md": "a file, not a folder",
	} {
		cfg.Out = out
		if _, err := site.Write(t.Context(), root, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("-out=%s: %v", out, err)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "docs", "schema"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// Where docs has written nothing, check says nothing.
func TestStaleWithoutPages(t *testing.T) {
	cfg := config(dir(t, steps...))
	for name, make := range map[string]func(path string) error{
		"file": func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"link": func(path string) error { return os.Symlink(".", path) },
		"others": func(path string) error {
			return os.CopyFS(path, fstest.MapFS{"a.md": &fstest.MapFile{Data: []byte("# A\n")}})
		},
	} {
		root := t.TempDir()
		if err := os.Mkdir(filepath.Join(root, "docs"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := make(filepath.Join(root, "docs", "schema")); err != nil {
			t.Fatal(err)
		}
		if got := stale(t, root, cfg); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Any names give different files on every file system, and tables with as many cells in each row, without other markup.
func TestNames(t *testing.T) {
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM))
	name := rapid.OneOf(
		rapid.SampledFrom([]string{"Users", "users", "USERS", "readme", "README", "schema", "con", "aux", "com1", "a.b", "a/b", `a\b`, "..", "a|b", "`", "``", "<b>", "a\nb", "@me", "[x](y)", "*x*", "é", "É", "order", " "}),
		rapid.StringN(1, 15, 60),
	)
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfNDistinct(name, 2, 6, rapid.ID[string]).Draw(rt, "names")
		comment := name.Draw(rt, "comment")
		var lines []string
		tables := 0
		for i, n := range names {
			n = strings.ReplaceAll(n, "\x00", "")
			table := "public." + pgsql.Ident(n)
			if i%2 == 1 {
				table = pgsql.Ident(names[i-1]) + "." + pgsql.Ident(n)
			}
			if strings.HasSuffix(table, `""`) {
				continue
			}
			tables++
			for _, l := range []catalog.Line{
				{Kind: "table", Name: table, Def: "ordinary"},
				{Kind: "column", Name: table + "." + pgsql.Ident(n), Def: "integer default " + pgsql.Literal(comment)},
				{Kind: "table", Name: table, Comment: true, Def: pgsql.Literal(comment)},
				{Kind: "constraint", Name: table + ".k", Def: "FOREIGN KEY (" + pgsql.Ident(n) + ") REFERENCES " + table + "(" + pgsql.Ident(n) + ")"},
			} {
				lines = append(lines, "+ "+l.String())
			}
		}
		slices.Sort(lines)
		root, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(root)
		cfg := config(dir(t, step{"SELECT 1;", strings.Join(slices.Compact(lines), "\n")}))
		r := write(t, root, cfg)
		files := map[string]bool{}
		for _, at := range r.Written {
			if base := strings.ToLower(path.Base(at)); files[base] || strings.ContainsAny(base, `<>:"/\|?*`+"`") {
				rt.Fatalf("%s isn't a name of its own in %q", at, r.Written)
			} else {
				files[base] = true
			}
			if path.Ext(at) == ".md" {
				checkMarkdown(rt, markdown, readFile(t, root, at))
			}
		}
		if len(r.Written) != tables+2 {
			rt.Fatalf("%d tables, files %q", tables, r.Written)
		}
	})
}

// checkMarkdown finds markup that the pages don't have.
func checkMarkdown(rt *rapid.T, md goldmark.Markdown, src string) {
	columns := 0
	_ = ast.Walk(md.Parser().Parse(text.NewReader([]byte(src))), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *east.TableHeader:
			columns = n.ChildCount()
		case *east.TableRow:
			if n.ChildCount() != columns {
				rt.Fatalf("a row with %d cells instead of %d in\n%s", n.ChildCount(), columns, src)
			}
		case *ast.RawHTML, *ast.AutoLink, *ast.Emphasis, *east.Strikethrough:
			rt.Fatalf("%s in\n%s", n.Kind(), src)
		case *ast.Link:
			if to := string(n.Destination); strings.ContainsAny(to, ":@ ") || !strings.HasSuffix(to, ".md") && !strings.HasSuffix(to, ".sql") {
				rt.Fatalf("a link to %q in\n%s", to, src)
			}
		case *ast.Heading:
			if n.Level > 2 {
				rt.Fatalf("a heading of level %d in\n%s", n.Level, src)
			}
		}
		return ast.WalkContinue, nil
	})
}
