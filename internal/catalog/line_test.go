package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseLine(t *testing.T) {
	for _, tc := range []struct {
		line  string
		want  line
		parts []string
	}{
		{"schema app", line{"schema", "app", ""}, []string{"app"}},
		{"column public.t.a: integer", line{"column", "public.t.a", "integer"}, []string{"public", "t", "a"}},
		{`column "a: b"."c.d"."e""f": text default ': '`, line{"column", `"a: b"."c.d"."e""f"`, "text default ': '"}, []string{`"a: b"`, `"c.d"`, `"e""f"`}},
		{"domain constraint public.d.k: CHECK (a)", line{"domain constraint", "public.d.k", "CHECK (a)"}, []string{"public", "d", "k"}},
		{"comment on materialized view public.v: 'x'", line{"comment on materialized view", "public.v", "'x'"}, []string{"public", "v"}},
		{`function public.f("a: b", text): x`, line{"function", `public.f("a: b", text)`, "x"}, []string{"public", `f("a: b", text)`}},
		{"publication table p public.t", line{"publication table", "p public.t", ""}, []string{"p public", "t"}},
	} {
		got, err := parseLine(tc.line)
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(tc.want, got, cmp.AllowUnexported(line{})); d != "" {
			t.Errorf("%s: %s", tc.line, d)
		}
		if d := cmp.Diff(tc.parts, parts(got.name)); d != "" {
			t.Errorf("%s: %s", tc.line, d)
		}
	}
	for _, bad := range []string{"", "column", "column ", "colum public.t.a: integer", "Column public.t.a: integer", "comment on public.t: 'x'"} {
		if got, err := parseLine(bad); err == nil {
			t.Errorf("%q is read as %+v", bad, got)
		}
	}
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

// What is no different spelling must stay different.
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
			l := line{
				rapid.SampledFrom([]string{"table", "column", "index", "enum", "comment on table"}).Draw(t, "kind"),
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
