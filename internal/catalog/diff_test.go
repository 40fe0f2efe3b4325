package catalog_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// of returns a catalog of these lines.
func of(t *testing.T, lines ...string) catalog.Catalog {
	t.Helper()
	e, err := catalog.ParseEffect("+ " + strings.Join(lines, "\n+ "))
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Catalog{}.Apply(e)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDiff(t *testing.T) {
	want := of(t,
		"column public.results.env: text",
		"column public.results.flaky: boolean not null",
		"column public.results.size: integer [statistics 100, inherited]",
		"column public.results.tags: text[]",
		"constraint public.results.results_run_fkey: FOREIGN KEY (run) REFERENCES public.runs(id)",
		"constraint public.results.a: CHECK ((n > 0))",
		"index public.results.ix_env: CREATE INDEX ix_env ON public.results USING btree (env)",
		"index public.results.ix_tags: CREATE INDEX ix_tags ON public.results USING gin (tags)",
		"table public.results: ordinary",
		"column public.gone.a: integer",
		"comment on column public.gone.a: 'x'",
		"comment on table public.results: 'x'",
		"table public.gone: ordinary",
		`enum public."m.ood": ('a', 'b')`,
	)
	have := of(t,
		"column public.results.flaky: boolean",
		"column public.results.size: integer [inherited]",
		"column public.results.tags: text[]",
		"column public.results.old: text",
		"constraint public.results.fk_run: FOREIGN KEY (run) REFERENCES public.runs(id)",
		"constraint public.results.a: CHECK ((n > 1))",
		"index public.results.env_ix: CREATE INDEX env_ix ON public.results USING btree (env)",
		"index public.results.ix_tags: CREATE INDEX ix_tags ON public.results USING gin (tags) [INVALID]",
		"table public.results: ordinary",
		"schema app",
	)
	got := catalog.Diff(want, have)
	if d := cmp.Diff([]catalog.Difference{
		{Object: "app", Kind: "schema", Text: "schema app is extra"},
		{Object: `public."m.ood"`, Kind: "enum", Want: "('a', 'b')", Text: `enum public."m.ood" is missing (('a', 'b'))`},
		{Table: "public.gone", Object: "public.gone", Kind: "table", Want: "ordinary", Text: "table public.gone is missing"},
		{Table: "public.results", Object: "env", Kind: "column", Want: "text", Text: "column public.results.env is missing (text)"},
		{Table: "public.results", Object: "flaky", Kind: "column", Want: "boolean not null", Have: "boolean", Text: "public.results.flaky is nullable; expected NOT NULL"},
		{Table: "public.results", Object: "old", Kind: "column", Have: "text", Text: "column public.results.old is extra (text)"},
		{Table: "public.results", Object: "size", Kind: "column", Want: "integer [statistics 100, inherited]", Have: "integer [inherited]", Text: "public.results.size has inherited; expected statistics 100, inherited", Harmless: true},
		{Table: "public.results", Object: "a", Kind: "constraint", Want: "CHECK ((n > 0))", Have: "CHECK ((n > 1))", Text: "constraint public.results.a is CHECK ((n > 1)); expected CHECK ((n > 0))"},
		{Table: "public.results", Object: "results_run_fkey", Kind: "constraint", Want: "FOREIGN KEY (run) REFERENCES public.runs(id)", Have: "FOREIGN KEY (run) REFERENCES public.runs(id)", Text: "constraint public.results.results_run_fkey is named fk_run", Harmless: true, Named: "fk_run"},
		{Table: "public.results", Object: "ix_env", Kind: "index", Want: "CREATE INDEX ix_env ON public.results USING btree (env)", Have: "CREATE INDEX env_ix ON public.results USING btree (env)", Text: "index public.results.ix_env is named env_ix", Harmless: true, Named: "env_ix"},
		{Table: "public.results", Object: "ix_tags", Kind: "index", Want: "CREATE INDEX ix_tags ON public.results USING gin (tags)", Have: "CREATE INDEX ix_tags ON public.results USING gin (tags) [INVALID]", Text: "index public.results.ix_tags is INVALID", Invalid: true},
		{Table: "public.results", Object: "public.results", Kind: "comment on table", Want: "'x'", Text: "comment on table public.results is missing ('x')", Harmless: true},
	}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := catalog.Diff(want, want); len(d) != 0 {
		t.Errorf("a catalog differs from itself: %v", d)
	}
}

func TestEffectString(t *testing.T) {
	const head = "# What this migration changes in PostgreSQL's catalog, measured by running it.\n# Written by plan and rehash, not by hand.\n"
	before := of(t, "table public.b: ordinary", "column public.b.a: integer")
	after := of(t, "table public.b: ordinary", "column public.b.a: bigint", "table public.a: ordinary", "column public.a.x: text", "index public.a.i: CREATE INDEX i ON public.a USING btree (x)", "enum public.e: ()")
	want := head + `+ enum public.e: ()
+ table public.a: ordinary
+ column public.a.x: text
+ index public.a.i: CREATE INDEX i ON public.a USING btree (x)
- column public.b.a: integer
+ column public.b.a: bigint
`
	if d := cmp.Diff(want, catalog.Measure(before, after).String()); d != "" {
		t.Error(d)
	}
	nothing := catalog.Measure(before, before)
	if d := cmp.Diff(head+"# It changes no schema.\n", nothing.String()); d != "" {
		t.Error(d)
	}
	if e, err := catalog.ParseEffect(nothing.String()); err != nil || len(e.Add)+len(e.Remove) != 0 {
		t.Errorf("%v, %v", e, err)
	}
}

func TestParseEffectErrors(t *testing.T) {
	for text, want := range map[string]string{
		"# x\n* table public.a: ordinary":                    `line 2: "* table public.a: ordinary" doesn't begin with "+ ", "- " or "~ "`,
		"<<<<<<< HEAD\n+ table public.a: ordinary":           `line 1: "<<<<<<< HEAD" doesn't begin with "+ ", "- " or "~ "`,
		"+table public.a: ordinary":                          `line 1: "+table public.a: ordinary" doesn't begin with "+ ", "- " or "~ "`,
		"+ tabel public.a: ordinary":                         `line 1: "tabel public.a: ordinary" doesn't begin with a kind of object`,
		"+ schema a\n\n- schema a":                           `line 3: duplicate line "schema a"`,
		"- schema a\n+ schema b\n- schema a":                 `line 3: duplicate line "schema a"`,
		"+ table public.a: ordinary\n+ table ":               `line 2: "table " has no name`,
		"+ table public.a: ordinary\n =======\n+ schema x\n": `line 2: " =======" doesn't begin with "+ ", "- " or "~ "`,
	} {
		if _, err := catalog.ParseEffect(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestApplyErrors(t *testing.T) {
	c := of(t, "column public.t.a: integer")
	for _, tc := range []struct{ effect, want string }{
		{"- column public.t.b: integer", `cannot remove "column public.t.b: integer": it doesn't exist before the migration`},
		{"- column public.t.a: text", `cannot remove "column public.t.a: text": before the migration it is "column public.t.a: integer"`},
		{"+ column public.t.a: integer", `cannot add "column public.t.a: integer": before the migration there is "column public.t.a: integer"`},
		{"+ column public.t.a: text", `cannot add "column public.t.a: text": before the migration there is "column public.t.a: integer"`},
	} {
		e, err := catalog.ParseEffect(tc.effect)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Apply(e); err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", tc.effect, err, tc.want)
		} else if len(got.Lines()) != 0 {
			t.Errorf("%s: returns a catalog and an error", tc.effect)
		}
	}
	if d := cmp.Diff([]string{"column public.t.a: integer"}, c.Lines()); d != "" {
		t.Errorf("the catalog changed: %s", d)
	}
}

func TestAt(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	fsys := fstest.MapFS{
		"20260101000000_a.sql":        file("SELECT 1;\n"),
		"20260102000000_b.sql":        file("SELECT 1;\n"),
		"20260103000000_c.sql":        file("SELECT 1;\n"),
		"20260104000000_d.sql":        file("SELECT 1;\n"),
		"effect/20260101000000_a.txt": file("# x\n+ table public.a: ordinary\n"),
		"effect/20260102000000_b.txt": file("- table public.a: ordinary\n+ table public.b: ordinary\n"),
		"effect/20260103000000_c.txt": file("- table public.a: ordinary\n"),
	}
	dir, err := migration.Read(fsys)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{nil, {"table public.a: ordinary"}, {"table public.b: ordinary"}} {
		got, err := catalog.At(dir, i-1)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got.Lines()); d != "" {
			t.Errorf("at %d: %s", i-1, d)
		}
	}
	const folds = `the effect of 20260103000000_c.sql: cannot remove "table public.a: ordinary": it doesn't exist before the migration: run rehash to measure it again`
	for i := 2; i <= 3; i++ {
		if _, err := catalog.At(dir, i); err == nil || err.Error() != folds {
			t.Errorf("at %d: %v, want %s", i, err, folds)
		}
	}
	delete(fsys, "effect/20260103000000_c.txt")
	if dir, err = migration.Read(fsys); err != nil {
		t.Fatal(err)
	}
	const missing = "20260103000000_c.sql has no effect file: run rehash to measure it"
	if _, err := catalog.At(dir, 2); err == nil || err.Error() != missing {
		t.Errorf("%v, want %s", err, missing)
	}
}

func TestExclude(t *testing.T) {
	conn := superuser(t)
	exec(t, conn, `
		CREATE SCHEMA app;
		CREATE TABLE app.foo (id serial PRIMARY KEY, a int, b int CHECK (b > 0)); CREATE INDEX ia ON app.foo (a); CREATE INDEX ib ON app.foo (b);
		COMMENT ON COLUMN app.foo.a IS 'x';
		CREATE TABLE public.foo (id int PRIMARY KEY); CREATE TABLE tmp_1 (a int); CREATE TABLE "a.b" (a int REFERENCES foo);
		CREATE VIEW foo_v AS SELECT 1 AS x; CREATE MATERIALIZED VIEW foo_m AS SELECT 1 AS x;
		CREATE FUNCTION foo_f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE foo_e AS ENUM ();
		CREATE FUNCTION app.foo_f() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	all := read(t, conn, catalog.Options{})
	for _, tc := range []struct {
		patterns string // separated by spaces
		without  []string
	}{
		{"public.tmp_*", []string{"column public.tmp_1.a", "table public.tmp_1"}},
		{`public."a.b"`, []string{`column public."a.b".a`, `constraint public."a.b"."a.b_a_fkey"`, `table public."a.b"`}},
		{"public.foo", []string{"column public.foo.id", "constraint public.foo.foo_pkey", "table public.foo"}},
		{"foo", []string{"column public.foo.id", "constraint public.foo.foo_pkey", "table public.foo"}},
		{"*.foo[type=view] *.foo*[type=view|function]", []string{"function app.foo_f()", "function public.foo_f()", "view public.foo_v"}},
		{"public.foo_*[type=enum] public.foo_*[type=materialized]", []string{"enum public.foo_e", "materialized view public.foo_m"}},
		{"app", []string{"column app.foo.a", "column app.foo.b", "column app.foo.id", "comment on column app.foo.a", "constraint app.foo.foo_b_check", "constraint app.foo.foo_pkey", "function app.foo_f()", "index app.foo.ia", "index app.foo.ib", "schema app", "sequence app.foo_id_seq", "table app.foo"}},
		{"app.*[type=table]", []string{"column app.foo.a", "column app.foo.b", "column app.foo.id", "comment on column app.foo.a", "constraint app.foo.foo_b_check", "constraint app.foo.foo_pkey", "index app.foo.ia", "index app.foo.ib", "sequence app.foo_id_seq", "table app.foo"}},
		{"app.foo.a", []string{"column app.foo.a", "comment on column app.foo.a", "index app.foo.ia"}},
		{"app.foo.*[type=index]", []string{"constraint app.foo.foo_pkey", "index app.foo.ia", "index app.foo.ib"}},
		{"*.*.*[type=check|fk]", []string{"constraint app.foo.foo_b_check", `constraint public."a.b"."a.b_a_fkey"`}},
		{"other.* nothing app.foo.nothing", nil},
	} {
		got := read(t, conn, catalog.Options{Exclude: strings.Fields(tc.patterns)})
		effect := catalog.Measure(all, got)
		if len(effect.Add) != 0 {
			t.Errorf("%s adds %v", tc.patterns, effect.Add)
		}
		var without []string
		for _, s := range effect.Remove {
			without = append(without, strings.SplitN(s, ": ", 2)[0])
		}
		if d := cmp.Diff(tc.without, without); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.patterns, d)
		}
	}
	for pattern, want := range map[string]string{
		"a.b.c.d":     `reading the catalog: exclude pattern "a.b.c.d": has more than three parts (schema.table.column); quote a name that contains a dot: public."a.b"`,
		"public.[":    `reading the catalog: exclude pattern "public.[": "[": syntax error in pattern`,
		"a\nb":        `reading the catalog: exclude pattern "a\nb": must be one line`,
		`public."a"b`: "",
	} {
		_, err := catalog.Read(context.Background(), conn, catalog.Options{Exclude: []string{pattern}})
		if err == nil || want != "" && err.Error() != want {
			t.Errorf("%q: %v, want %s", pattern, err, want)
		}
	}
}

// Indexes whose build didn't complete, and what REINDEX leaves.
func TestDiffInvalid(t *testing.T) {
	const (
		table = "table public.t: ordinary"
		ix    = "index public.t.ix: CREATE INDEX ix ON public.t USING btree (a)"
		odd   = `index public."T".". ""I""": CREATE UNIQUE INDEX ". ""I""" ON public."T" USING btree (a)`
	)
	long := strings.Repeat("l", 63)
	for _, tt := range []struct {
		name, want, have  string
		invalid, leftover bool
		text, qualified   string
	}{
		{"its build", ix, ix + " [INVALID]", true, false, "index public.t.ix is INVALID", "public.ix"},
		{"its build, early", ix, ix + " [INVALID, not ready]", true, false, "index public.t.ix is INVALID", "public.ix"},
		{"with another trait", ix + " [clustered]", ix + " [INVALID, clustered]", true, false, "index public.t.ix is INVALID", "public.ix"},
		{"without that trait", ix + " [clustered]", ix + " [INVALID]", false, false, "index public.t.ix is CREATE INDEX ix ON public.t USING btree (a) [INVALID]; expected CREATE INDEX ix ON public.t USING btree (a) [clustered]", "public.ix"},
		{"its drop", ix, ix + " [INVALID, not ready, being dropped]", false, false, "index public.t.ix is CREATE INDEX ix ON public.t USING btree (a) [INVALID, not ready, being dropped]; expected CREATE INDEX ix ON public.t USING btree (a)", "public.ix"},
		{"another definition", ix, "index public.t.ix: CREATE INDEX ix ON public.t USING btree (b) [INVALID]", false, false, "index public.t.ix is CREATE INDEX ix ON public.t USING btree (b) [INVALID]; expected CREATE INDEX ix ON public.t USING btree (a)", "public.ix"},
		{"an extra one", table, table + "\n" + ix + " [INVALID]", true, false, "index public.t.ix is extra (CREATE INDEX ix ON public.t USING btree (a) [INVALID])", "public.ix"},
		{"a valid extra one", table, table + "\n" + ix, false, false, "index public.t.ix is extra (CREATE INDEX ix ON public.t USING btree (a))", "public.ix"},
		{"a new half", ix, ix + "\nindex public.t.ix_ccnew: CREATE INDEX ix_ccnew ON public.t USING btree (a) [INVALID, not ready]", true, true, "index public.t.ix_ccnew is extra (CREATE INDEX ix_ccnew ON public.t USING btree (a) [INVALID, not ready])", "public.ix_ccnew"},
		{"an old half", ix, ix + "\nindex public.t.ix_ccold12: CREATE INDEX ix_ccold12 ON public.t USING btree (a) [INVALID]", true, true, "index public.t.ix_ccold12 is extra (CREATE INDEX ix_ccold12 ON public.t USING btree (a) [INVALID])", "public.ix_ccold12"},
		{"a valid half", ix, ix + "\nindex public.t.ix_ccnew: CREATE INDEX ix_ccnew ON public.t USING btree (a)", false, false, "index public.t.ix_ccnew is extra (CREATE INDEX ix_ccnew ON public.t USING btree (a))", "public.ix_ccnew"},
		{"a half of another", ix, ix + "\nindex public.t.ix_ccnew: CREATE INDEX ix_ccnew ON public.t USING btree (b) [INVALID]", true, false, "index public.t.ix_ccnew is extra (CREATE INDEX ix_ccnew ON public.t USING btree (b) [INVALID])", "public.ix_ccnew"},
		{"an odd half", odd, odd + "\n" + `index public."T".". ""I""_ccnew": CREATE UNIQUE INDEX ". ""I""_ccnew" ON public."T" USING btree (a) [INVALID]`, true, true, `index public."T".". ""I""_ccnew" is extra (CREATE UNIQUE INDEX ". ""I""_ccnew" ON public."T" USING btree (a) [INVALID])`, `public.". ""I""_ccnew"`},
		{"a long half", "index public.t." + long + ": CREATE INDEX " + long + " ON public.t USING btree (a)", "index public.t." + long + ": CREATE INDEX " + long + " ON public.t USING btree (a)\nindex public.t." + long[:57] + "_ccnew: CREATE INDEX " + long[:57] + "_ccnew ON public.t USING btree (a) [INVALID]", true, true, "index public.t." + long[:57] + "_ccnew is extra (CREATE INDEX " + long[:57] + "_ccnew ON public.t USING btree (a) [INVALID])", "public." + long[:57] + "_ccnew"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := catalog.Diff(of(t, strings.Split(tt.want, "\n")...), of(t, strings.Split(tt.have, "\n")...))
			if len(got) != 1 {
				t.Fatalf("%d differences: %v", len(got), got)
			}
			if d := got[0]; d.Invalid != tt.invalid || d.Leftover != tt.leftover || d.Text != tt.text || d.Qualified() != tt.qualified || !d.IsIndex(tt.qualified) || d.IsIndex("public.t") {
				t.Errorf("%+v, %s", d, d.Qualified())
			}
		})
	}
}

func TestEffectAdds(t *testing.T) {
	e, err := catalog.ParseEffect("+ index public.t.ix: CREATE INDEX ix ON public.t USING btree (a)\n+ column public.t.a: integer")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bool{
		"index public.t.ix: CREATE INDEX ix ON public.t USING btree (a)":                      true,
		"index public.t.ix: CREATE INDEX ix ON public.t USING btree (a) [INVALID, not ready]": true,
		"index public.t.ix: CREATE INDEX ix ON public.t USING btree (a) [INVALID, clustered]": false,
		"index public.t.ix: CREATE UNIQUE INDEX ix ON public.t USING btree (a)":               false,
		"index public.u.ix: CREATE INDEX ix ON public.t USING btree (a)":                      false,
		"index app.t.ix: CREATE INDEX ix ON public.t USING btree (a)":                         false,
		"column public.t.a: integer": true,
		"column public.t.a: bigint":  false,
	} {
		if got := e.Adds(catalog.Diff(catalog.Catalog{}, of(t, line))[0]); got != want {
			t.Errorf("%s: %v", line, got)
		}
	}
}

func TestAll(t *testing.T) {
	dir, err := migration.Read(fstest.MapFS{
		"1_a.sql": {Data: []byte("SELECT 1;")}, "effect/1_a.txt": {Data: []byte("+ table public.t: ordinary\n")},
		"2_b.sql": {Data: []byte("SELECT 1;")}, "effect/2_b.txt": {Data: []byte("+ table public.u: ordinary\n- table public.t: ordinary\n")},
		"3_c.sql": {Data: []byte("SELECT 1;")},
		"4_d.sql": {Data: []byte("SELECT 1;")}, "effect/4_d.txt": {Data: []byte("+ table public.v: ordinary\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	last := -2
	for i, c := range catalog.All(dir) {
		last = i
		if at, err := catalog.At(dir, i); err != nil || !at.Equal(c) {
			t.Errorf("%d: %v, but At gives %v, %v", i, c, at, err)
		}
	}
	if last != 1 {
		t.Errorf("the last is %d, want the one before the missing effect", last)
	}
}
