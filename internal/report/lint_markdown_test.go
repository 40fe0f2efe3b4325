package report

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	gmtext "github.com/yuin/goldmark/text"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Whatever the names are, every statement has a row, with a cell for each column, in which the name is as it was.
func TestLockTableCells(t *testing.T) {
	const columns = 7
	parts := []string{"a", "Ä", " ", "|", "||", `\`, `\\`, "`", "``", "\n", "\r\n", "\t", "</details>", "<!--", "@team", "#1", "*", "_", "$", "&amp;", "[x](y)", "---", "~", "\u202e"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		name := b.String()
		text := string(lockTable(lint.FileReport{Statements: []lint.Statement{
			{Line: 1, Text: "UPDATE " + pgsql.Ident(name), Effects: []lint.TableEffect{{Table: name, Lock: "RowExclusiveLock"}, {Table: "b"}}},
			{Line: 2, Text: name}, {Line: 3, Text: name, Refused: true}, {Line: 4, Text: "INSERT", WithNext: true}, {Line: 5, Text: name},
		}}))
		lines := strings.Split(strings.TrimSpace(text), "\n")
		for _, l := range lines {
			// For GitHub's parser a pipe after a backslash separates nothing.
			if bars := strings.Count(strings.ReplaceAll(l, `\|`, ""), "|"); bars != columns+1 {
				t.Fatalf("%q: %d cells in %q", name, bars-1, l)
			}
		}
		if len(lines) != 2+2+1+1+1 {
			t.Fatalf("%q: %d lines: %s", name, len(lines), text)
		}
		source := []byte(text)
		doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(gmtext.NewReader(source))
		table, ok := doc.FirstChild().(*extast.Table)
		if !ok || table.NextSibling() != nil {
			t.Fatalf("%q: not one table: %s", name, text)
		}
		row := table.FirstChild().NextSibling()
		got := strings.ReplaceAll(plainText(row.FirstChild().NextSibling().NextSibling(), source), "\u200b", "")
		if want := string(line(oneLine(name))); strings.TrimSpace(got) != want {
			t.Fatalf("%q is shown as %q, want %q: %s", name, got, want, text)
		}
	}
}

// A statement that touches no table still runs under the locks of its transaction.
func TestLockTableHeld(t *testing.T) {
	locked := []lint.TableEffect{{Table: "a", Lock: "ShareLock"}, {Table: "b", Lock: "AccessExclusiveLock"}, {Table: "c", Lock: "RowExclusiveLock"}}
	text := string(lockTable(lint.FileReport{Statements: []lint.Statement{
		{Tx: 1, Line: 1, Text: "LOCK", Effects: locked}, {Tx: 1, Line: 2, Text: "SELECT 1"}, {Tx: 2, Line: 3, Text: "SELECT 2"},
		{Tx: 3, Line: 4, Text: "UPDATE", Effects: locked[2:]}, {Tx: 3, Line: 5, Text: "SELECT 3"},
		{Tx: 4, Line: 6, Text: "LOCK", Effects: locked[:1]}, {Tx: 4, Line: 7, Text: "DO", Effects: locked[2:], Note: "takes more on |", Depends: true},
		{Tx: 4, Line: 8, Text: "COMMIT", Note: "ends it"},
	}}))
	for _, want := range []string{
		"| 2 | `SELECT 1` | `b` |  | ACCESS EXCLUSIVE | reads and writes |  |\n",
		"| 3 | `SELECT 2` |  |  |  | nothing |  |\n",
		"| 5 | `SELECT 3` |  |  |  | nothing |  |\n",
		"| 7 | `DO` | `c` | ROW EXCLUSIVE |  | neither reads nor writes | changes rows |\n| 7 | `DO` |  |  |  | unknown | takes more on \\| |\n",
		"| 8 | `COMMIT` |  |  |  | nothing | ends it |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// plainText returns the text of a node.
func plainText(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				text := n.Segment.Value(source)
				if _, code := n.Parent().(*ast.CodeSpan); !code {
					text = unescapeMarkdown(text)
				}
				b.Write(text)
			}
		case *ast.String:
			if entering {
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

var escapedMark = regexp.MustCompile(`\\([[:punct:]])`)

func unescapeMarkdown(text []byte) []byte {
	plain := escapedMark.ReplaceAllString(string(text), "$1")
	return []byte(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&#36;", "$").Replace(plain))
}

// A comment is never longer than GitHub takes, consists of whole sections, and says what it leaves out.
func TestCommentIsCut(t *testing.T) {
	file := func(i, size int) lint.FileReport {
		return lint.FileReport{
			Name: fmt.Sprintf("2026010100%04d_f.sql", i), Text: strings.Repeat("SELECT 'ü';\n", size), Down: strings.Repeat("SELECT 1;\n", size),
			Effect:      []string{"+ column public.t.c: integer"},
			Statements:  []lint.Statement{{Line: 1, Text: "SELECT 1"}},
			Diagnostics: []lint.Diagnostic{{Line: 1, Col: 1, Text: strings.Repeat("x", size), Name: "n", Severity: lint.Warning}},
		}
	}
	for _, tt := range []struct {
		files, size int
		want        string // what is left out
	}{
		{3, 100, ""},
		{3, 1200, "Left out, because GitHub takes no longer comments: 2 scripts."},
		{3, 3000, "Left out, because GitHub takes no longer comments: 2 down scripts, 3 scripts."},
		{3, 30000, "Left out, because GitHub takes no longer comments: 1 finding, 3 down scripts, 3 scripts."},
		{400, 100, "Left out"},
	} {
		r := &lint.Report{Total: tt.files, Changed: tt.files}
		for i := range tt.files {
			r.Files = append(r.Files, file(i, tt.size))
		}
		got, err := show(t, Markdown, func(p *Printer) error { return p.Lint(r) })
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > 65_536 {
			t.Errorf("%d files: %d bytes", tt.files, len(got))
		}
		if !strings.Contains(got, tt.want) || tt.want == "" && strings.Contains(got, "Left out") {
			t.Errorf("%d files: want %q in %s", tt.files, tt.want, got[max(0, len(got)-300):])
		}
		if strings.Count(got, "```")%2 != 0 || strings.Count(got, "<details>") != strings.Count(got, "</details>") {
			t.Errorf("%d files: a section is cut: %s", tt.files, got)
		}
		harmlessMarkdown(t, fmt.Sprint(tt.files, " files"), got)
	}
	// A file with many statements has rows for the first.
	many := lint.FileReport{Statements: make([]lint.Statement, 5000)}
	if text := string(lockTable(many)); len(text) > 21_000 || !strings.Contains(text, " statements more |") {
		t.Errorf("%d bytes, ending in %q", len(text), text[len(text)-100:])
	}
}

// The lines of a definition are lines of the diff, whatever they are.
func TestCommentBody(t *testing.T) {
	r := &lint.Report{Files: []lint.FileReport{{Name: "1.sql", Changed: true, Effect: []string{
		"- function public.g(): SELECT 'a\\\\nb'",
		"+ function public.f(): CREATE\\n\\n- x \\u202e@team\\n```\\n</details> PASSWORD '" + secretText + "' \\\\d\\r\\n",
	}}}}
	got, err := show(t, Markdown, func(p *Printer) error { return p.Lint(r) })
	if err != nil {
		t.Fatal(err)
	}
	harmlessMarkdown(t, "a function", got)
	want := "diff\n- function public.g(): SELECT 'a\\\\nb'\n+ function public.f():\n+   CREATE\n+\n+   - x \\u202e@team\n+   ```\n+   </details> PASSWORD 'xxxxx' \\d\n````\n"
	if !strings.Contains(got, want) {
		t.Errorf("no %s in %s", want, got)
	}
}

// A comment draws the tables that change, whatever their names are, unless they are too many.
func TestCommentDiagram(t *testing.T) {
	read := func(text string) catalog.Catalog {
		t.Helper()
		e, err := catalog.ParseEffect(text)
		if err != nil {
			t.Fatal(err)
		}
		return catalog.New(e.Added())
	}
	odd := pgsql.Ident("a`|\"``` </details> @team -->")
	before := "+ table public.people: ordinary\n+ column public.people.age: integer\n+ table public.same: ordinary\n+ column public.same.id: integer\n"
	after := "+ table public.users: ordinary\n+ column public.users.age: bigint\n+ column public.users." + odd + ": text default '" + secretText + "'::text\n" +
		"+ table public." + odd + ": ordinary\n+ column public." + odd + ".id: integer\n+ table public.same: ordinary\n+ column public.same.id: integer\n"
	comment := func(before, after string) string {
		t.Helper()
		r := &lint.Report{Path: []catalog.Catalog{read(before), read(after)}, Files: []lint.FileReport{{Name: "1.sql", Changed: true, Text: "ALTER TABLE people RENAME TO users;\n"}}}
		got, err := show(t, Markdown, func(p *Printer) error { return p.Lint(r) })
		if err != nil {
			t.Fatal(err)
		}
		harmlessMarkdown(t, "a diagram", got)
		return got
	}
	got := comment(before, after)
	_, block, found := strings.Cut(got, "```mermaid\n")
	block, _, _ = strings.Cut(block, "\n```\n")
	if !found || !strings.Contains(block, `["users (changed, was people)"]`) || strings.Contains(block, "same") || strings.Contains(block, "`") {
		t.Errorf("the diagram is\n%s", block)
	}
	if got := comment(before, before); strings.Contains(got, "mermaid") {
		t.Errorf("nothing changes, and there is a diagram: %s", got)
	}
	for n, want := range map[int]bool{100: true, 3000: false} {
		var many strings.Builder
		for i := range n {
			fmt.Fprintf(&many, "+ table public.t%d: ordinary\n+ column public.t%[1]d.id: integer\n", i)
		}
		if got := comment(before, many.String()); strings.Contains(got, "mermaid") != want {
			t.Errorf("%d tables: a diagram is %t", n, !want)
		}
	}
}
