package pgsql_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	pganalyze "github.com/pganalyze/pg_query_go/v6"
	pg_query "github.com/wasilibs/go-pgquery"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

const bom = "\uFEFF"

// tester is a *testing.T or *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

type bounds struct{ Start, End int }

// parserBounds returns the statements' bounds by PostgreSQL's own parser, trimmed of white space and comments by its
// own scanner. ok is false if it refuses the text.
func parserBounds(t tester, src string) (found []bounds, ok bool) {
	t.Helper()
	tree, err := pg_query.Parse(src)
	if err != nil {
		return nil, false
	}
	scan, err := pg_query.Scan(src)
	if err != nil {
		t.Fatalf("the parser takes what the scanner refuses: %v", err)
	}
	tokens := scan.Tokens
	for _, raw := range tree.Stmts {
		from, to := int(raw.StmtLocation), int(raw.StmtLocation+raw.StmtLen)
		if raw.StmtLen == 0 {
			to = len(src)
		}
		b := bounds{Start: -1}
		for ; len(tokens) > 0 && int(tokens[0].Start) < to; tokens = tokens[1:] {
			switch tok := tokens[0]; {
			case int(tok.Start) < from, tok.Token == pganalyze.Token_SQL_COMMENT, tok.Token == pganalyze.Token_C_COMMENT:
			default:
				if b.Start < 0 {
					b.Start = int(tok.Start)
				}
				b.End = int(tok.End)
			}
		}
		found = append(found, b)
	}
	return found, true
}

// checkSplit compares Split with PostgreSQL's parser, and checks its invariants. It reports whether the parser took the
// text.
func checkSplit(t tester, src string) bool {
	t.Helper()
	stmts, err := pgsql.Split(src)
	last := 0
	var got []bounds
	for _, s := range stmts {
		if s.Pos.Offset < last || s.End <= s.Pos.Offset || src[s.Pos.Offset:s.End] != s.Text {
			t.Fatalf("statement %q at %d to %d after %d of %q", s.Text, s.Pos.Offset, s.End, last, src)
		}
		if want := lineAndColumn(src, s.Pos.Offset); s.Pos != want {
			t.Fatalf("statement %q of %q at %v, want %v", s.Text, src, s.Pos, want)
		}
		// Alone it is the same one statement; only a byte order mark is a letter or nothing by its place.
		if alone, err := pgsql.Split(s.Text); !strings.HasPrefix(s.Text, bom) && (err != nil || len(alone) != 1 || alone[0].Text != s.Text) {
			t.Fatalf("statement %q of %q is not one by itself: %v, %v", s.Text, src, alone, err)
		}
		s.Class()
		s.Index()
		got = append(got, bounds{s.Pos.Offset, s.End})
		last = s.End
	}
	body, skipped := src, 0
	if strings.HasPrefix(src, bom) {
		body, skipped = src[len(bom):], len(bom)
	}
	if strings.Contains(src, "\x00") || !utf8.ValidString(src) {
		if err == nil {
			t.Fatalf("Split(%q) takes what no server gets to read", src)
		}
		return false // the parser would stop at a NUL, and the server never sees what is not UTF-8
	}
	want, ok := parserBounds(t, body)
	if !ok {
		return false
	}
	if err != nil {
		t.Fatalf("Split(%q): %v, but PostgreSQL takes it", src, err)
	}
	for i := range want {
		want[i].Start += skipped
		want[i].End += skipped
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("bounds in %q (-PostgreSQL +Split):\n%s", src, diff)
	}
	return true
}

// lineAndColumn is a simple reference implementation.
func lineAndColumn(src string, offset int) pgsql.Pos {
	p := pgsql.Pos{Offset: offset, Line: 1, Col: 1}
	for i, r := range src[:offset] {
		switch {
		case r == '\n':
			p.Line, p.Col = p.Line+1, 1
		case i > 0 || r != '\uFEFF':
			p.Col++
		}
	}
	return p
}

func FuzzSplit(f *testing.F) {
	for _, src := range accepted {
		f.Add(src)
	}
	for _, src := range refused {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > 1<<14 {
			t.Skip("the parser's memory is not what is tested")
		}
		checkSplit(t, src)
	})
}

// PostgreSQL must accept or refuse the seeds as intended.
func TestSeeds(t *testing.T) {
	for _, src := range accepted {
		if !checkSplit(t, src) {
			t.Errorf("PostgreSQL refuses %q", src)
		}
	}
	for _, src := range refused {
		if checkSplit(t, src) {
			t.Errorf("PostgreSQL takes %q", src)
		}
	}
}

// Every SQL file of this repository is split as by PostgreSQL's parser.
func TestSplitRepository(t *testing.T) {
	n := 0
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".sql" {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if checkSplit(t, string(src)) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files", n)
}
