package pgsql_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/pgtest"
)

func TestIdent(t *testing.T) {
	for name, want := range map[string]string{
		"results": "results", "_a1": "_a1", "group": `"group"`, "json_table": `"json_table"`, "name": "name",
		"": `""`, "A": `"A"`, "1a": `"1a"`, "a$": `"a$"`, "é": `"é"`, `a"b`: `"a""b"`, "a b": `"a b"`,
	} {
		if got := pgsql.Ident(name); got != want {
			t.Errorf("Ident(%q) = %s, want %s", name, got, want)
		}
	}
	if got, want := pgsql.QualifiedIdent("My", "user"), `"My"."user"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := pgsql.QualifiedIdent("", "user"), `"user"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The server's own quoting of all its keywords, of names and of strings.
func TestQuoteServer(t *testing.T) {
	ctx := context.Background()
	conn := pgtest.New(t).Conn()
	odd := []string{
		"", " ", "a", "A", "aB", "_", "_1", "1", "a1", "a$b", "a-b", "a.b", `"`, `""a"`, "'", `\`, `a\'b''`, "ä", "日本", "a\nb", "\t",
		"select", "SELECT", "select ", "pg_catalog", "public", "K", "ſ", "\uFEFF", "it's", `C:\tmp`, "$$", "--", "/*", "\u0001",
	}
	rows, err := conn.Query(ctx, `SELECT w, quote_ident(w), quote_literal(w)
		FROM (SELECT word FROM pg_get_keywords() UNION ALL SELECT upper(word) FROM pg_get_keywords() UNION ALL SELECT unnest($1::text[])) AS x (w)`, odd)
	if err != nil {
		t.Fatal(err)
	}
	var got, want [][3]string
	var w, ident, literal string
	if _, err := pgx.ForEachRow(rows, []any{&w, &ident, &literal}, func() error {
		want = append(want, [3]string{w, ident, literal})
		got = append(got, [3]string{w, pgsql.Ident(w), pgsql.Literal(w)})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(want) < 800 {
		t.Fatalf("only %d words", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-server +ours):\n%s", diff)
	}
}

// The server reads a script as Split splits it. This also tests continued strings with comments between the parts,
// which go-pgquery can't parse, because its scanner returns comments.
func TestSplitServer(t *testing.T) {
	ctx := context.Background()
	conn := pgtest.New(t).Conn()
	run := func(sql string) (rows []string) {
		t.Helper()
		results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		if err != nil {
			t.Fatalf("%q: %v", sql, err)
		}
		for _, r := range results {
			for _, row := range r.Rows {
				for _, value := range row {
					rows = append(rows, string(value))
				}
			}
		}
		return rows
	}
	for _, src := range append(continued,
		"SELECT 1; -- ; SELECT 2",
		"SELECT 'a;''b;', $a$;$b$a$, E'it\\'s;';SELECT U&'\\0061;', B'1', 2=-1 /* ; /* ; */ ; */; SELECT \"a;\" FROM (SELECT 1 AS \"a;\") x",
	) {
		stmts, err := pgsql.Split(src)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range stmts {
			got = append(got, run(s.Text)...)
		}
		if diff := cmp.Diff(run(src), got); diff != "" {
			t.Errorf("%q (-whole +split):\n%s", src, diff)
		}
	}
}

func TestFit(t *testing.T) {
	long := strings.Repeat("n", 63)
	for _, tt := range []struct{ name, suffix, want string }{
		{"ix_results_tags", "_new", "ix_results_tags_new"},
		{long, "_new", long[:59] + "_new"},
		{strings.Repeat("n", 58) + "é", "_new", strings.Repeat("n", 58) + "_new"}, // no half characters
		{"", "_new", "_new"},
	} {
		if got := pgsql.Fit(tt.name, tt.suffix); got != tt.want || len(got) > 63 {
			t.Errorf("Fit(%q, %q) = %q, want %q", tt.name, tt.suffix, got, tt.want)
		}
	}
	taken := map[string]bool{long[:59] + "_new": true, long[:58] + "_new2": true}
	if got, want := pgsql.FreeName(long, "_new", func(name string) bool { return taken[name] }), long[:58]+"_new3"; got != want {
		t.Errorf("FreeName = %q, want %q", got, want)
	}
}

func TestLineComment(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "-- ",
		"a -- b":                          "-- a -- b",
		"a\nDROP TABLE t;":                "-- a DROP TABLE t;",
		"a\rDROP TABLE t;\r\n\\! rm -r /": "-- a DROP TABLE t; \\! rm -r /",
	} {
		got := pgsql.LineComment(text)
		if got != want || len(pgsql.Tokens(got)) > 0 {
			t.Errorf("LineComment(%q) = %q, want %q", text, got, want)
		}
	}
}
