package pgsql_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// texts returns the texts of Split's statements, or its error as the only element.
func texts(src string) []string {
	stmts, err := pgsql.Split(src)
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	var out []string
	for _, s := range stmts {
		out = append(out, s.Text)
	}
	return out
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		name, src string
		want      []string
	}{
		{"nothing", "", nil},
		{"empty statements", " ; -- a;b\n;/* ; */;\t", nil},
		{"without a last semicolon", "SELECT 1; SELECT 2 -- end", []string{"SELECT 1", "SELECT 2"}},
		{"comments inside stay", "SELECT /* a;b */ 1 -- c;d\n + 2 /* e */;", []string{"SELECT /* a;b */ 1 -- c;d\n + 2"}},

		{"a last line that is a comment", "SELECT 1;\n-- was: x; DROP TABLE users;", []string{"SELECT 1"}},
		{"line comments end at a carriage return", "-- a; b\rSELECT 1; -- c; d\r\nSELECT 2", []string{"SELECT 1", "SELECT 2"}},
		{"nested comments", "/* a /* b; */ DROP TABLE t; */ SELECT 1;", []string{"SELECT 1"}},
		{"comment that only looks closed", "/*/ a; */ SELECT 1; /***/ SELECT 2; /* x **/ SELECT 3", []string{"SELECT 1", "SELECT 2", "SELECT 3"}},
		{"comments end operators", "SELECT 1 +/* ; */ 2 *-- ;\n 3; SELECT 4", []string{"SELECT 1 +/* ; */ 2 *-- ;\n 3", "SELECT 4"}},

		{"quotes", "SELECT 'a;''b;'; SELECT 'c\\'; SELECT ';'", []string{"SELECT 'a;''b;'", "SELECT 'c\\'", "SELECT ';'"}},
		{"escape strings", `SELECT E'it\'s;', e'\\'; SELECT E'a'';'`, []string{`SELECT E'it\'s;', e'\\'`, `SELECT E'a'';'`}},
		{"e at the end of a name", `SELECT note'\'; SELECT 1`, []string{`SELECT note'\'`, "SELECT 1"}},
		{"continued strings", "SELECT 'a' -- ;\n ';b'; SELECT E'\\''\n'\\';'; SELECT 'a' ';'", []string{"SELECT 'a' -- ;\n ';b'", "SELECT E'\\''\n'\\';'", "SELECT 'a' ';'"}},
		{"a continued string does not forget what it is", "SELECT E'a'\n'\\';'; SELECT 'a'\n'\\'; SELECT 2", []string{"SELECT E'a'\n'\\';'", "SELECT 'a'\n'\\'", "SELECT 2"}},
		{"a block comment does not continue a string", "SELECT E'a' /*\n*/ '\\'; SELECT 1", []string{"SELECT E'a' /*\n*/ '\\'", "SELECT 1"}},
		{"unicode, bit, hex and national strings", `SELECT U&'\', u&'a'';', B'1;0', x';', N'\'; SELECT 1`, []string{`SELECT U&'\', u&'a'';', B'1;0', x';', N'\'`, "SELECT 1"}},
		{"quoted names", `SELECT "a;""b;", U&"\;", u&"a"";"; SELECT "'"`, []string{`SELECT "a;""b;", U&"\;", u&"a"";"`, `SELECT "'"`}},

		{"dollar quotes", "SELECT $$a;$b$;$$; SELECT $b$;$$;$B$;$b$; SELECT $é_1$;$é_1$", []string{"SELECT $$a;$b$;$$", "SELECT $b$;$$;$B$;$b$", "SELECT $é_1$;$é_1$"}},
		{"dollar quotes that overlap", "SELECT $a$;$b$a$; SELECT $$$;$$; SELECT 1", []string{"SELECT $a$;$b$a$", "SELECT $$$;$$", "SELECT 1"}},
		{"dollars in names", "SELECT a$b$c; SELECT a$$; SELECT 1", []string{"SELECT a$b$c", "SELECT a$$", "SELECT 1"}},
		{"dollars after numbers and parameters", "SELECT 1$$;$$; SELECT $1; SELECT $1$a$;$a$; SELECT $1a; $ a;", []string{"SELECT 1$$;$$", "SELECT $1", "SELECT $1$a$;$a$", "SELECT $1a", "$ a"}},
		{"numbers before quotes", `SELECT 0x'\', 1e'\';', 1.e5, 1..2, 1_000, 0x_F; SELECT 2`, []string{`SELECT 0x'\', 1e'\';', 1.e5, 1..2, 1_000, 0x_F`, "SELECT 2"}},

		{"rules", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2);); SELECT 3", []string{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT (2);)", "SELECT 3"}},
		{"a closing parenthesis too many", "SELECT 1); SELECT (2)", []string{"SELECT 1)", "SELECT (2)"}},
		{"no psql commands", "\\d t; SELECT :x; SELECT ':'", []string{"\\d t", "SELECT :x", "SELECT ':'"}},
		{"characters beyond ASCII are letters", "SELECT é$é$; SELECT a\u00a0b", []string{"SELECT é$é$", "SELECT a\u00a0b"}},
		{"byte order mark", "\uFEFF-- x\n\uFEFFSELECT 1; SELECT 2", []string{"\uFEFFSELECT 1", "SELECT 2"}},
		{"all kinds of space", "SELECT\f1\v;\r\nSELECT 2\r;", []string{"SELECT\f1", "SELECT 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, texts(tt.src)); diff != "" {
				t.Errorf("Split(%q) (-want +got):\n%s", tt.src, diff)
			}
		})
	}
}

// In each case the whole source is one statement, followed by SELECT 2.
func TestSplitRoutines(t *testing.T) {
	for _, src := range []string{
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
		"create or replace function f() returns int begin atomic select case when true then 1 else 2 end; end",
		"CREATE PROCEDURE p() BEGIN ATOMIC END",
		"CREATE PROCEDURE p() BEGIN /* x */ ATOMIC; ; END",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC RETURN 1; END",
		"CREATE FUNCTION f() RETURNS int RETURN CASE WHEN true THEN 1 END",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 AS end; SELECT 2 AS begin, 3 begin; SELECT begin atomic; END",
		"CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE FUNCTION s.begin(begin atomic, case_ int) RETURNS begin LANGUAGE sql AS $$BEGIN ATOMIC$$",
		"CREATE FUNCTION f() RETURNS begin BEGIN ATOMIC SELECT 1; END",
		`CREATE FUNCTION "begin atomic"() RETURNS int LANGUAGE sql AS 'x'`,
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT 2; END",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); END",
		"CREATE TABLE f (begin int, atomic int)",
		"SELECT begin atomic FROM create_function",
		"BEGIN",
		"COMMENT ON FUNCTION begin() IS 'x'",
	} {
		t.Run(src, func(t *testing.T) {
			if diff := cmp.Diff([]string{src, "SELECT 2"}, texts(src+" ; SELECT 2")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSplitPositions(t *testing.T) {
	src := "\uFEFF-- head\r\n\nSELECT 'é\n' ; /* a */ /* b */ SELECT 2 -- two\n; -- mine\n\tSELECT 3\n-- rest"
	want := []pgsql.Stmt{
		{Text: "SELECT 'é\n'", Pos: pgsql.Pos{13, 3, 1}, End: 25, Comments: []pgsql.Comment{{"-- head", pgsql.Pos{3, 1, 1}}}},
		{Text: "SELECT 2", Pos: pgsql.Pos{44, 4, 21}, End: 52, Comments: []pgsql.Comment{{"/* a */", pgsql.Pos{28, 4, 5}}, {"/* b */", pgsql.Pos{36, 4, 13}}}},
		{Text: "SELECT 3", Pos: pgsql.Pos{71, 6, 2}, End: 79, Comments: []pgsql.Comment{{"-- two", pgsql.Pos{53, 4, 30}}, {"-- mine", pgsql.Pos{62, 5, 3}}}},
	}
	got, err := pgsql.Split(src)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSplitErrors(t *testing.T) {
	for src, want := range map[string]string{
		"SELECT 1;\n SELECT 'a":     "2:9: unterminated quoted string",
		"SELECT 'a'\n'b":            "1:8: unterminated quoted string",
		`SELECT E'\'`:               "1:8: unterminated quoted string",
		`SELECT E'\`:                "1:8: unterminated quoted string",
		"SELECT b'1":                "1:8: unterminated bit string literal",
		"SELECT x'1":                "1:8: unterminated hexadecimal string literal",
		"SELECT é, $a$ $b$ $A$":     "1:11: unterminated dollar-quoted string",
		`SELECT "a""`:               "1:8: unterminated quoted identifier",
		`SELECT U&"`:                "1:8: unterminated quoted identifier",
		"SELECT 1; /* a /* b */":    "1:11: unterminated /* comment",
		"SELECT 1 /*/":              "1:10: unterminated /* comment",
		"SELECT (1, (2); SELECT 3;": "1:8: unclosed parenthesis",
		"CREATE FUNCTION f() BEGIN ATOMIC SELECT 1; -- END": "1:21: BEGIN ATOMIC without END",
		"SELECT 1;\n\x00":               "2:1: NUL character: save the file as text in UTF-8",
		"SELECT '\xff'":                 "1:9: invalid UTF-8: byte 0xff: save the file in UTF-8",
		"\uFEFFa \xc3(; \x00":           "1:3: invalid UTF-8: byte 0xc3: save the file in UTF-8",
		"SELECT '\uFFFD', \xed\xa0\x80": "1:13: invalid UTF-8: byte 0xed: save the file in UTF-8",
	} {
		t.Run(src, func(t *testing.T) {
			stmts, err := pgsql.Split(src)
			var syntax *pgsql.SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("got %d statements, error %v, want %s", len(stmts), err, want)
			}
			if got := err.Error(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if syntax.Pos.Offset >= len(src) {
				t.Errorf("offset %d in a text of %d bytes", syntax.Pos.Offset, len(src))
			}
		})
	}
}

// Five megabytes of texts that might make a scanner backtrack. A scanner that isn't linear takes an hour.
func TestSplitIsLinear(t *testing.T) {
	const size = 5 << 20
	for name, part := range map[string]string{
		"comment starts": "/*", "comment ends": "/**/", "slashes": "/", "stars": "*", "tags": "$a$",
		"half tags": "$a-", "dollars": "$", "quotes": "'", "escapes": `E'\`, "double quotes": `"`, "names": "a",
		"plus": "+", "equals and plus": "=+", "minus and space": "- ", "numbers": "1e", "parentheses": "(",
		"continuations": "'a'\n", "almost continuations": "'a' ", "semicolons": ";", "statements": "a;",
		"commented statements": "/**/a;", "bodies": "CREATE FUNCTION BEGIN ATOMIC ", "line comments": "--\n",
		"one line of statements": "é ;", "unicode names": `U&"`,
	} {
		t.Run(name, func(t *testing.T) {
			src := strings.Repeat(part, size/len(part))
			start := time.Now()
			_, _ = pgsql.Split(src)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%v for 5 MB", took)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	type token struct {
		Kind pgsql.Kind
		Text string
	}
	for _, tt := range []struct {
		src  string
		want []token
	}{
		{"", nil},
		{"\uFEFFa /* b */ \"C\" -- d", []token{{pgsql.Word, "a"}, {pgsql.QuotedIdent, `"C"`}}},
		{"f(1.5e-3, 0xF_F,.5)", []token{{pgsql.Word, "f"}, {pgsql.Op, "("}, {pgsql.Number, "1.5e-3"}, {pgsql.Op, ","}, {pgsql.Number, "0xF_F"}, {pgsql.Op, ","}, {pgsql.Number, ".5"}, {pgsql.Op, ")"}}},
		{"1..2 1.5.6 1e x", []token{{pgsql.Number, "1"}, {pgsql.Op, ".."}, {pgsql.Number, "2"}, {pgsql.Number, "1.5"}, {pgsql.Number, ".6"}, {pgsql.Number, "1"}, {pgsql.Word, "e"}, {pgsql.Word, "x"}}},
		{"a::b:=c=>d", []token{{pgsql.Word, "a"}, {pgsql.Op, "::"}, {pgsql.Word, "b"}, {pgsql.Op, ":="}, {pgsql.Word, "c"}, {pgsql.Op, "=>"}, {pgsql.Word, "d"}}},
		{"a=-1", []token{{pgsql.Word, "a"}, {pgsql.Op, "="}, {pgsql.Op, "-"}, {pgsql.Number, "1"}}},
		{"a?-b", []token{{pgsql.Word, "a"}, {pgsql.Op, "?-"}, {pgsql.Word, "b"}}},
		{"=+-+ @-+", []token{{pgsql.Op, "="}, {pgsql.Op, "+"}, {pgsql.Op, "-"}, {pgsql.Op, "+"}, {pgsql.Op, "@-+"}}},
		{"<+/* */-", []token{{pgsql.Op, "<"}, {pgsql.Op, "+"}, {pgsql.Op, "-"}}},
		{"#-=+", []token{{pgsql.Op, "#-=+"}}},
		{"$1 $$a$$ 'b'\n'c' N'd'", []token{{pgsql.Param, "$1"}, {pgsql.String, "$$a$$"}, {pgsql.String, "'b'\n'c'"}, {pgsql.String, "N'd'"}}},
		{"B'0''1'", []token{{pgsql.String, "B'0'"}, {pgsql.String, "'1'"}}},
		{"a 'open", []token{{pgsql.Word, "a"}, {pgsql.String, "'open"}}},
	} {
		t.Run(tt.src, func(t *testing.T) {
			var got []token
			for _, tok := range pgsql.Tokens(tt.src) {
				got = append(got, token{tok.Kind, tok.Text})
				if end := tok.Pos.Offset + len(tok.Text); tt.src[tok.Pos.Offset:end] != tok.Text {
					t.Errorf("%q is not at offset %d", tok.Text, tok.Pos.Offset)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	src := strings.Repeat("-- Results by their run\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ix_results_run_id ON results (run_id, (data ->> 'x'));\n"+
		"UPDATE runs SET summary = jsonb_set(summary, '{a}', 'null') WHERE id = $1 /* all */;\n"+
		"DO $do$ BEGIN RAISE NOTICE 'it''s'; END $do$;\n", 4096)
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := pgsql.Split(src); err != nil {
			b.Fatal(err)
		}
	}
}
