package catalog

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

func TestParseLine(t *testing.T) {
	for _, tc := range []struct {
		text         string
		want         Line
		before, last string
	}{
		{"schema app", Line{Kind: "schema", Name: "app"}, "", "app"},
		{"column public.t.a: integer", Line{Kind: "column", Name: "public.t.a", Def: "integer"}, "public.t", "a"},
		{`column "a: b"."c.d"."e""f": text default ': '`, Line{Kind: "column", Name: `"a: b"."c.d"."e""f"`, Def: "text default ': '"}, `"a: b"."c.d"`, `"e""f"`},
		{`table "a\\b"."c\nd": ordinary`, Line{Kind: "table", Name: "\"a\\b\".\"c\nd\"", Def: "ordinary"}, `"a\b"`, "\"c\nd\""},
		{"domain constraint public.d.k: CHECK (a)", Line{Kind: "domain constraint", Name: "public.d.k", Def: "CHECK (a)"}, "public.d", "k"},
		{"comment on materialized view public.v: 'x'", Line{Comment: true, Kind: "materialized view", Name: "public.v", Def: "'x'"}, "public", "v"},
		{"comment on schema public: none", Line{Comment: true, Kind: "schema", Name: "public", Def: "none"}, "", "public"},
		{`function public.f("a: b", text): x`, Line{Kind: "function", Name: `public.f("a: b", text)`, Def: "x"}, "public", `f("a: b", text)`},
		{"publication table p public.t", Line{Kind: "publication table", Name: "p public.t"}, "p public", "t"},
		{`enum public.e: ('\q', '\x4', '\u12')`, Line{Kind: "enum", Name: "public.e", Def: `('\q', '\x4', '\u12')`}, "public", "e"},
	} {
		got, err := ParseLine(tc.text)
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%s: %s", tc.text, d)
		}
		if before, last := CutName(got.Name); before != tc.before || last != tc.last {
			t.Errorf("%s: %q and %q", tc.text, before, last)
		}
	}
	for _, bad := range []string{"", "column", "column ", "colum public.t.a: integer", "Column public.t.a: integer", "comment on public.t: 'x'"} {
		if got, err := ParseLine(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, got)
		}
	}
}

// If one kind is a prefix of another, the longer one matches.
func TestKindsAreApart(t *testing.T) {
	for _, kind := range kinds {
		for _, comment := range []bool{false, true} {
			want := Line{Comment: comment, Kind: kind, Name: "public.x", Def: "y"}
			if got, err := ParseLine(want.String()); err != nil || got != want {
				t.Errorf("%s is read as %+v, %v", want, got, err)
			}
		}
	}
}

func TestCutState(t *testing.T) {
	for _, tc := range []struct{ def, rest, state string }{
		{"", "", ""},
		{"[disabled]", "", "disabled"},
		{"integer[]", "integer[]", ""},
		{"integer[] [storage plain, statistics 5]", "integer[]", "storage plain, statistics 5"},
		{"text default ARRAY['a', 'b']", "text default ARRAY['a', 'b']", ""},
		{"CREATE INDEX i ON t USING btree (a) [INVALID, not ready]", "CREATE INDEX i ON t USING btree (a)", "INVALID, not ready"},
	} {
		if rest, state := (Line{Def: tc.def}).CutState(); rest != tc.rest || state != tc.state {
			t.Errorf("%q: %q and %q", tc.def, rest, state)
		}
	}
}

// The text is one line and can be parsed, whatever a name and a definition contain.
func TestLineRoundTrip(t *testing.T) {
	text := rapid.StringOf(rapid.SampledFrom([]rune("a.: \\nrtxu0f\n\r\t'[]\u0000\u202e\ufeff\ufffd😀")))
	rapid.Check(t, func(t *rapid.T) {
		want := Line{
			Comment: rapid.Bool().Draw(t, "comment"),
			Kind:    rapid.SampledFrom(kinds).Draw(t, "kind"),
			Name:    `"` + text.Draw(t, "name") + `"`,
			Def:     text.Draw(t, "def"),
		}
		if rapid.Bool().Draw(t, "broken") {
			want.Def += "\xff\xe2\x80"
		}
		s := want.String()
		got, err := ParseLine(s)
		if err != nil || got != want || got.String() != s || strings.ContainsAny(s, "\n\r\t") {
			t.Fatalf("%q is read as %+v, %v", s, got, err)
		}
	})
}

// Lines of real catalogs are the same after parsing and formatting.
func TestLinesOfCatalogs(t *testing.T) {
	n := 0
	check := func(file, text string) {
		n++
		l, err := ParseLine(text)
		if err != nil || l.String() != text {
			t.Errorf("%s: %q is read as %+v, %v, and written %q", file, text, l, err, l.String())
		}
	}
	golden, err := os.ReadFile("testdata/catalog.txt")
	if err != nil {
		t.Fatal(err)
	}
	for text := range strings.Lines(string(golden)) {
		check("catalog.txt", strings.TrimSuffix(text, "\n"))
	}
	// Effect files, those in archives of test cases too, and the catalogs of other tests.
	err = filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && d.Name() == ".git" {
				return fs.SkipDir
			}
			return err
		}
		effect := strings.Contains(filepath.ToSlash(name), "/effect/")
		if !effect && filepath.Ext(name) != ".txtar" {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if effect {
			e, err := ParseEffect(string(data))
			if err != nil {
				return nil // a test's, that is broken on purpose
			}
			for _, text := range append(e.Add, e.Remove...) {
				check(name, text)
			}
			return nil
		}
		for _, f := range txtar.Parse(data).Files {
			if !strings.Contains(f.Name, "effect/") {
				continue
			}
			e, err := ParseEffect(string(f.Data))
			if err != nil {
				continue
			}
			for _, text := range append(e.Add, e.Remove...) {
				check(name, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 1000 {
		t.Errorf("only %d lines were found", n)
	}
	t.Logf("%d lines", n)
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"plain: 'x' ä 😀":  "plain: 'x' ä 😀",
		"a\nb\r\tc\\n":    `a\nb\r\tc\\n`,
		"\x00\x1b\x7f":    `\u0000\u001b\u007f`,
		"a\u202eb\u2028c": `a\u202eb\u2028c`,
		"\xff\ufffd":      `\xff\ufffd`,
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestEscapeInjective(t *testing.T) {
	text := rapid.StringOf(rapid.SampledFrom([]rune("a\\nx0u\n\r\t\u202e\ufffd")))
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		if (a == b) != (Escape(a) == Escape(b)) {
			t.Errorf("Escape(%q) = %q, Escape(%q) = %q", a, Escape(a), b, Escape(b))
		}
		if strings.ContainsAny(Escape(a), "\n\r\t") {
			t.Errorf("Escape(%q) = %q", a, Escape(a))
		}
	})
}

// Definitions with different meanings stay different.
func TestNormalize(t *testing.T) {
	for _, tc := range []struct {
		kind  string
		major int
		def   string
		want  string
	}{
		{"column", 15, "timestamp with time zone default CURRENT_TIMESTAMP", "timestamp with time zone default now()"},
		{"column", 15, "timestamp(3) with time zone default CURRENT_TIMESTAMP(3)", "timestamp(3) with time zone default CURRENT_TIMESTAMP(3)"},
		{"column", 15, "text default 'CURRENT_TIMESTAMP  x'::text", "text default 'CURRENT_TIMESTAMP  x'::text"},
		{"column", 15, `timestamp default "CURRENT_TIMESTAMP"()`, `timestamp default "CURRENT_TIMESTAMP"()`},
		{"column", 15, "timestamp default ((a + b) AT TIME ZONE 'utc'::text)", "timestamp default timezone('utc'::text, (a + b))"},
		{"column", 15, "x default TRIM(LEADING 'x'::text FROM a)", "x default ltrim(a, 'x'::text)"},
		{"column", 15, "x default SUBSTRING(a SIMILAR b ESCAPE c)", "x default SUBSTRING(a SIMILAR b ESCAPE c)"},
		{"column", 13, "x default date_part('year'::text, (a + b))", "x default EXTRACT(year FROM (a + b))"},
		{"column", 13, "x default public.date_part('year'::text, a)", "x default public.date_part('year'::text, a)"},
		{"column", 14, "x default date_part('year'::text, a)", "x default date_part('year'::text, a)"},
		{"constraint", 15, "CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))", "CHECK (((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text])))"},
		{"constraint", 15, "CHECK ((a = ANY (ARRAY['x'::text, 'y'::text])))", "CHECK ((a = ANY (ARRAY['x'::text, 'y'::text])))"},
		{"constraint", 15, "CHECK ((a = (ARRAY[ARRAY[1], ARRAY[2]])::bigint[]))", "CHECK ((a = (ARRAY[ARRAY[1], ARRAY[2]])::bigint[]))"},
		{"constraint", 15, "CHECK ((a = (ARRAY[1] || ARRAY[2])::bigint[]))", "CHECK ((a = (ARRAY[1] || ARRAY[2])::bigint[]))"},
		{"view", 15, " SELECT t.a,\n    t.b AS \"x  y\"\n   FROM public.t\n  WHERE (t.a > 0);", `SELECT a, b AS "x  y" FROM public.t WHERE (a > 0)`},
		{"view", 15, " SELECT t.a FROM (t JOIN u ON ((t.a = u.a)));", "SELECT t.a FROM (t JOIN u ON ((t.a = u.a)))"},
		{"view", 15, " SELECT t.a FROM t, u;", "SELECT t.a FROM t, u"},
		{"view", 15, " SELECT t.a FROM t UNION SELECT u.a FROM u;", "SELECT t.a FROM t UNION SELECT u.a FROM u"},
		{"view", 15, " SELECT public.f(public.a) AS f, 'x'::public.e AS e, public.*::public.public AS r FROM public.public;", "SELECT public.f(a) AS f, 'x'::public.e AS e, public.*::public.public AS r FROM public.public"},
		{"view", 15, " SELECT t.a, ( SELECT u.a FROM u WHERE (u.a = t.a)) AS b FROM t;", "SELECT a, ( SELECT u.a FROM u WHERE (u.a = t.a)) AS b FROM t"},
		{"view", 15, ` SELECT "T".a FROM "S"."T" "T";`, `SELECT a FROM "S"."T" "T"`},
		{"procedure", 14, "CREATE OR REPLACE PROCEDURE p(IN a integer, OUT \"IN\" text)\n x IN  y", "CREATE OR REPLACE PROCEDURE p(a integer, OUT \"IN\" text)\n x IN  y"},
		{"function", 15, "CREATE FUNCTION f()\n AS 'CURRENT_TIMESTAMP'", "CREATE FUNCTION f()\n AS 'CURRENT_TIMESTAMP'"},
	} {
		if got := normalize(tc.major, tc.kind, tc.def); got != tc.want {
			t.Errorf("%s %s\n got %s\nwant %s", tc.kind, tc.def, got, tc.want)
		}
		if got := normalize(tc.major, tc.kind, tc.want); got != tc.want {
			t.Errorf("%s %s\nis not settled, but becomes %s", tc.kind, tc.want, got)
		}
	}
}

func TestApplyMeasured(t *testing.T) {
	lines := rapid.Custom(func(t *rapid.T) Catalog {
		c := folding{}
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			l := Line{
				rapid.Bool().Draw(t, "comment"),
				rapid.SampledFrom([]string{"table", "column", "index", "enum"}).Draw(t, "kind"),
				rapid.SampledFrom([]string{"public.a", `public."b: c"`, `x."d.e".f`, "x.\"g\nh\".i"}).Draw(t, "name"),
				rapid.SampledFrom([]string{"", "x", "': ", "a\\b\nc", "x ", " # + -"}).Draw(t, "def"),
			}
			s := l.String()
			c[mustParse(s).key()] = s
		}
		return c.catalog()
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := lines.Draw(t, "a"), lines.Draw(t, "b")
		e := Measure(a, b)
		got, err := a.Apply(e)
		if err != nil || !got.Equal(b) {
			t.Fatalf("applied: %q, %v, want %q", got.Lines(), err, b.Lines())
		}
		parsed, err := ParseEffect(e.String())
		if d := cmp.Diff(e, parsed); d != "" || err != nil {
			t.Fatalf("%v, %s", err, d)
		}
		if (len(Diff(a, b)) == 0) != a.Equal(b) {
			t.Fatalf("differences %v", Diff(a, b))
		}
	})
}
