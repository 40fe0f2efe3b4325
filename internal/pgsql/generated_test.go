package pgsql_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Statements by their tokens, with placeholders S for a string, I for a name and O for an operator.
var templates = []string{
	"SELECT S , S",
	"SELECT I . I FROM I",
	"SELECT 1 O 2 , I O S",
	"INSERT INTO I ( I ) VALUES ( S )",
	"COMMENT ON TABLE I IS S",
	"DO S",
	"CREATE RULE I AS ON INSERT TO I DO ALSO ( SELECT S ; SELECT I ; )",
	"CREATE FUNCTION begin ( ) RETURNS I AS S",
	"create function I ( ) returns int begin atomic select case when true then S end ; ; select I as end ; end",
	"CREATE OR REPLACE PROCEDURE I . I ( I int ) BEGIN ATOMIC INSERT INTO I VALUES ( 1 ) ; SELECT begin atomic ; END",
	"CREATE FUNCTION I ( ) RETURNS int BEGIN ATOMIC CREATE PROCEDURE I ( ) BEGIN ATOMIC SELECT I ; END ; SELECT S ; END",
}

var parts = map[string][]string{
	"S": {"''", "'a;'", "'it''s;'", `'\'`, `E'\';'`, `e'\\'`, "$$;'$$", "$a$;$$;$b$;$a$", "$é1$ $é$ $é1$", `U&'\0061;'`, "'--'", "'/*'", "'a' \n';b'", "E'a'\r\n'\\';'"},
	"I": {"a", "A1$", "a$b$c", "é", "e", "b", "x", "n", "u", "begin", "atomic", "create_", `"a;b"`, `"a""'"`, `U&"a;"`, `"/*"`, `"--"`, `"$$"`},
	"O": {"+", "-", "*", "/", "<->", "@-", "?-", "=", "<=", "!=", "||", "~", "%"},
}

var gaps = []string{" ", "\n", "\t\r\n", "\f", "/* ; ' $$ */", "--;'\n", "-- /*\r", "/*/ /**/ ; */", " /***/ ", "/*\"*/--\"\n"}

// A script of statements is split into them, and PostgreSQL's parser agrees.
func TestSplitGenerated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := func() string { return rapid.SampledFrom(gaps).Draw(t, "gap") }
		var src strings.Builder
		var want []string
		for _, template := range rapid.SliceOfN(rapid.SampledFrom(templates), 1, 4).Draw(t, "statements") {
			var stmt strings.Builder
			for i, part := range strings.Fields(template) {
				if i > 0 {
					if strings.HasSuffix(stmt.String(), "-") {
						stmt.WriteByte(' ') // or a comment would begin with the operator
					}
					stmt.WriteString(gap())
				}
				if choices, ok := parts[part]; ok {
					part = rapid.SampledFrom(choices).Draw(t, part)
				}
				stmt.WriteString(part)
			}
			want = append(want, stmt.String())
			src.WriteString(gap() + stmt.String() + gap() + ";")
		}
		whole := src.String()
		if rapid.Bool().Draw(t, "no last semicolon") {
			whole = strings.TrimSuffix(whole, ";")
		}
		stmts, err := pgsql.Split(whole)
		if err != nil {
			t.Fatalf("Split(%q): %v", whole, err)
		}
		var got []string
		for _, s := range stmts {
			got = append(got, s.Text)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", whole, diff)
		}
		if !checkSplit(t, whole) {
			t.Fatalf("PostgreSQL refuses %q", whole)
		}
	})
}
