package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlcheck"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

const drop, rename = "20240102000000_drop.sql", "20240103000000_50%,a.sql"

// found has findings of each kind.
var found = &lint.Report{
	Base: "origin/main at 1a2b3c4d", Total: 7, Changed: 3, Silenced: 1,
	Counts: []catalog.Count{{Sign: "+", What: "index", N: 2}, {Sign: "~", What: "renamed column", N: 1}},
	Files: []lint.FileReport{
		{
			Name: "20240101000000_fine.sql", Contract: true, Text: "CREATE INDEX CONCURRENTLY i ON results (source);\n",
			Down:   "DROP INDEX CONCURRENTLY i;\n",
			Effect: []string{"+ index public.results.i: CREATE INDEX i ON results USING btree (source)", "~ column public.results.env -> environment: text"},
			Statements: []lint.Statement{
				{Line: 1, Text: "CREATE INDEX CONCURRENTLY i ON results (source)", Effects: []lint.TableEffect{{Table: "results", Lock: "ShareUpdateExclusiveLock", Scanned: true}}},
				{Line: 2, Text: "UPDATE results SET source = 'a|b'", Effects: []lint.TableEffect{{Table: "results", Lock: "RowExclusiveLock"}}},
				{Line: 3, Text: "INSERT INTO kinds VALUES (1)", WithNext: true},
				{Line: 4, Text: "INSERT INTO kinds VALUES (2)", WithNext: true},
				{Line: 5, Text: "INSERT INTO kinds VALUES (3)", Effects: []lint.TableEffect{{Table: "kinds", Lock: "RowExclusiveLock"}}},
				{Line: 6, Text: "CREATE TABLE t (id int)"},
				{Line: 7, Text: "DROP INDEX j", Effects: []lint.TableEffect{{Table: "results", Lock: "AccessExclusiveLock", Held: "AccessExclusiveLock"}}},
				{Line: 8, Text: "VACUUM", Refused: true},
			},
		},
		{
			Name: drop, Text: "-- gone\nALTER TABLE results\n\tDROP COLUMN source; SELECT 1;\n" + long + "UPDATE \"My|`Table\" SET ä = nothing;\n",
			Error: "destructive changes detected", Down: "-- alembic:down none the values are gone\n", NoWayBack: "the values are gone",
			Statements: []lint.Statement{
				{Line: 2, Text: "ALTER TABLE results\n\tDROP COLUMN source", Effects: []lint.TableEffect{
					{Table: `"My|` + "`" + `Table"`, Rewritten: true, Lock: "AccessExclusiveLock"}, {Table: "results", Lock: "ShareLock", Held: "AccessExclusiveLock", Size: &lint.Size{Bytes: 8192, Rows: 1}},
				}},
			},
			Diagnostics: []lint.Diagnostic{
				{Pos: 8, Line: 2, Col: 1, Title: "destructive changes detected", Text: `Dropping non-virtual column "source"`, Code: "DS103", Name: "drop-column", Analyzer: "destructive", Table: "results", Column: "source", Severity: lint.Error, Lock: "ShareLock", Held: "AccessExclusiveLock", Size: &lint.Size{Bytes: 3 << 30, Rows: 1234567}, Fix: fix.Words("stop using it, then drop it"), Query: fix.CountRows("results", "")},
				{Pos: 8, Line: 2, Col: 1, Title: "data dependent changes detected", Text: "It may fail\nfor two reasons: a, b", Code: "MF101", Name: "unique-data", Analyzer: "data_depend", Table: `app."My <Table>"`, Severity: lint.Warning, Size: &lint.Size{Bytes: 8192, Rows: -1}, Fix: fix.CreateIndex(fix.Index{Name: "i", Table: "a", Unique: true, On: "(b)"})},
				{Pos: 65, Line: 5, Col: 1, Title: "blocking table changes detected", Text: "a long one", Name: "add-check-validating", Severity: lint.Warning},
				{Pos: 65 + len(long) - 10 + 28, Line: 16, Col: 29, Title: "migrations fail", Text: `column "nothing" does not exist`, Name: "migration-fails", Code: "IB607", Severity: lint.Error},
			},
		},
		{Name: rename, Error: "applied files changed", Diagnostics: []lint.Diagnostic{
			{Title: "applied files changed", Text: "100% of it was deleted", Severity: lint.Error},
		}},
		{Name: "atlas.hcl", Diagnostics: []lint.Diagnostic{
			{Line: 7, Col: 3, Title: "lint settings changed", Text: "lint.style.skip = true was added", Name: "lint-settings-changed", Code: "IB622", Severity: lint.Warning},
		}},
		{Name: "schema.hcl", Error: "x", Diagnostics: []lint.Diagnostic{
			{Line: 3, Col: 5, Title: "the schema file and the migrations differ", Text: "schema.hcl was changed", Name: "schema-not-planned", Code: "IB617", Severity: lint.Error},
		}},
	},
}

const long = "\n-- next\nCREATE TABLE t (\n  a int,\n  b int,\n  c int,\n  d int,\n  e int,\n  f int,\n  g int,\n  h int\n);\n"

func TestLint(t *testing.T) {
	locate(t, found)
	clean := &lint.Report{Base: "the latest 2 files", Total: 6, Changed: 2, OwnSettings: true}
	warned := &lint.Report{Total: 1, Changed: 1, Files: []lint.FileReport{{Name: "a.sql", Diagnostics: []lint.Diagnostic{{Line: 1, Col: 1, Text: "hm", Severity: lint.Warning}}}}}
	many := &lint.Report{Total: 1, Changed: 1, Files: []lint.FileReport{{Name: "a.sql"}}}
	for i := range 25 {
		d := lint.Diagnostic{Line: i + 1, Title: "t", Name: "drop-table", Text: fmt.Sprintf("number %d", i+1), Severity: lint.Error}
		if i%2 == 1 {
			d.Severity = lint.Warning
		}
		if i < 21 { // 11 errors, 10 warnings
			many.Files[0].Diagnostics = append(many.Files[0].Diagnostics, d)
		}
	}
	for _, tt := range []struct {
		golden string
		format Format
		report *lint.Report
		err    string
	}{
		{"lint.txt", Text, found, "4 errors"},
		{"lint-github.txt", GitHub, found, "4 errors"},
		{"lint.json", JSON, found, "4 errors"},
		{"lint.sarif", SARIF, found, "4 errors"},
		{"lint.md", Markdown, found, "4 errors"},
		{"lint-many-github.txt", GitHub, many, "11 errors"},
		{"lint-clean.txt", Text, clean, ""},
		{"lint-clean.json", JSON, clean, ""},
		{"lint-clean.sarif", SARIF, clean, ""},
		{"lint-clean.md", Markdown, clean, ""},
		{"lint-clean-github.txt", GitHub, clean, ""},
		{"lint-warned.txt", Text, warned, ""},
		{"lint-warned.md", Markdown, warned, ""},
		{"lint-unchanged.txt", Text, &lint.Report{Base: "main", Total: 6}, ""},
	} {
		got, err := show(t, tt.format, func(p *Printer) error { return p.Lint(tt.report) })
		golden(t, tt.golden, got)
		if text := errorText(err); text != tt.err || err != nil && ExitCode(err) != ExitFindings {
			t.Errorf("%s: error %v, want %q", tt.golden, err, tt.err)
		}
		if tt.format == SARIF {
			validSARIF(t, got)
		}
	}

	text, _ := show(t, JSON, func(p *Printer) error { return p.Lint(found) })
	got := decode[atlasexec.SummaryReport](t, text)
	d := found.Files[1].Diagnostics
	want := []*atlasexec.FileReport{{Name: drop, Text: found.Files[1].Text, Error: "destructive changes detected"}}
	for _, d := range d {
		diag := sqlcheck.Diagnostic{Pos: d.Pos, Text: d.Text, Code: d.Code}
		if !d.Fix.Empty() {
			diag.SuggestedFixes = []sqlcheck.SuggestedFix{{Message: d.Fix.String()}}
		}
		want[0].Reports = append(want[0].Reports, sqlcheck.Report{Text: d.Title, Diagnostics: []sqlcheck.Diagnostic{diag}})
	}
	if diff := cmp.Diff(want, got.Files[:1]); diff != "" {
		t.Error(diff)
	}
	wanted := atlasexec.SummaryReport{Env: wantEnv}
	if diff := cmp.Diff(wanted.Env, got.Env); diff != "" {
		t.Error(diff)
	}
	if got.DiagnosticsCount() != 7 || len(got.Errors()) != 3 {
		t.Errorf("the SDK counts %d diagnostics, %d errors", got.DiagnosticsCount(), len(got.Errors()))
	}
}

// locate sets the positions of the findings of the drop to those of their statements, so that the text above can
// change.
func locate(t *testing.T, r *lint.Report) {
	t.Helper()
	f := &r.Files[1]
	for i, words := range []string{"ALTER", "ALTER", "CREATE", "nothing"} {
		at := strings.Index(f.Text, words)
		line := strings.Count(f.Text[:at], "\n") + 1
		col := utf8.RuneCountInString(f.Text[strings.LastIndex(f.Text[:at], "\n")+1:at]) + 1
		f.Diagnostics[i].Pos, f.Diagnostics[i].Line, f.Diagnostics[i].Col = at, line, col
	}
}

// validSARIF validates the text with OASIS's schema of SARIF 2.1.0.
func validSARIF(t *testing.T, text string) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	log, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(log); err != nil {
		t.Error(err)
	}
}

func TestLintTo(t *testing.T) {
	locate(t, found)
	dir := t.TempDir()
	outs, err := ParseOuts("sarif=" + dir + "/a,markdown=" + dir + "/b")
	if err != nil {
		t.Fatal(err)
	}
	_, err = show(t, Text, func(p *Printer) error { return p.LintTo(found, outs) })
	if err != nil {
		t.Fatal(err)
	}
	for file, name := range map[string]string{"a": "lint.sarif", "b": "lint.md"} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(text))
	}
	// A summary is appended.
	summary := filepath.Join(dir, "summary")
	lookup := func(name string) (string, bool) { return summary, name == "GITHUB_STEP_SUMMARY" }
	for range 2 {
		if _, err := show(t, GitHub, func(p *Printer) error { return p.LintSummary(found, lookup) }); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), string(commentMark)); n != 2 {
		t.Errorf("%d summaries", n)
	}
	if _, err := show(t, Text, func(p *Printer) error { return p.LintTo(found, []Out{{JSON, dir + "/no/such"}}) }); err == nil {
		t.Error("written to a missing folder")
	}
	// A pull request may contain symbolic links.
	kept := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(kept, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(kept, filepath.Join(dir, "link.md")); err != nil {
		t.Fatal(err)
	}
	_, err = show(t, Text, func(p *Printer) error {
		p.Project = dir
		return p.LintTo(found, []Out{{Markdown, filepath.Join(dir, "link.md")}})
	})
	if !errors.As(err, new(*tree.Error)) {
		t.Errorf("through a link: %v", err)
	}
	if text, err := os.ReadFile(kept); err != nil || string(text) != "kept" {
		t.Errorf("through a link: %q, %v", text, err)
	}
}

func TestParseOuts(t *testing.T) {
	for word, want := range map[string]string{
		"sarif":           "-out=sarif: write FORMAT=FILE, or several separated by commas; known formats: text, json, github, sarif, markdown",
		"sarif=":          "-out=sarif=: write FORMAT=FILE, or several separated by commas; known formats: text, json, github, sarif, markdown",
		"html=a":          "-out=html=a: write FORMAT=FILE, or several separated by commas; known formats: text, json, github, sarif, markdown",
		"json=a,":         "-out=json=a,: write FORMAT=FILE, or several separated by commas; known formats: text, json, github, sarif, markdown",
		"json=a,sarif=a":  "-out=json=a,sarif=a: a is named twice",
		"json=a,json=b=c": "",
		"":                "",
	} {
		_, err := ParseOuts(word)
		if got := errorText(err); got != want || err != nil && ExitCode(err) != ExitUsage {
			t.Errorf("%s: %v", word, err)
		}
	}
}

func TestStamp(t *testing.T) {
	done := &migrator.StampResult{Target: "20240101000000", Revision: "cacecc4f1237", Set: []string{"20240101000000"}, Removed: []string{"a", "b"}, Done: true}
	text, err := show(t, Text, func(p *Printer) error { return p.Stamp(done, nil) })
	if want := "Recorded 20240101000000 (cacecc4f1237): alembic_version was empty; wrote 1 journal row and deleted 2.\n"; text != want || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	refused := &migrator.StampResult{From: []string{"x"}, Removed: []string{"1"}, Differences: []catalog.Difference{{Table: "t", Kind: "table", Have: "t", Text: "table t is unexpected"}}}
	contradiction := &migrator.ContradictionError{Result: refused}
	text, err = show(t, JSON, func(p *Printer) error { return p.Stamp(refused, contradiction) })
	golden(t, "stamp-refused.json", text)
	if err != contradiction {
		t.Errorf("error %v", err)
	}
	if text, err = show(t, Text, func(p *Printer) error { return p.Stamp(refused, contradiction) }); text != "" || err != contradiction {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestVersion(t *testing.T) {
	dir, err := migration.Read(project)
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[Format]string{
		Text: "ibutsu-schema  v1.2.3\ncommit         c0ffee\ngo             go1.26.8\npostgresql     12 to 18\natlas          v1.3.0\nschema         20240103000000\n",
		JSON: "{\n  \"Tool\": \"v1.2.3\",\n  \"Commit\": \"c0ffee\",\n  \"Go\": \"go1.26.8\",\n  \"PostgreSQL\": \"12 to 18\",\n  \"Atlas\": \"v1.3.0\",\n" +
			"  \"Version\": \"20240103000000\",\n  \"Revision\": \"20240103000000\"\n}\n",
	} {
		got, err := show(t, format, func(p *Printer) error {
			return p.Version(Versions{Tool: "v1.2.3", Commit: "c0ffee", Go: "go1.26.8", Atlas: "v1.3.0", Schema: dir})
		})
		if got != want || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}
