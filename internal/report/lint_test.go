package report

import (
	"testing"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlcheck"
	"github.com/google/go-cmp/cmp"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
)

func TestLint(t *testing.T) {
	const drop, rename = "20240102000000_drop.sql", "20240103000000_50%,a.sql"
	found := &lint.Report{
		Base: "origin/main at 1a2b3c4d", Total: 7, Changed: 3, Silenced: 1,
		Files: []lint.FileReport{
			{Name: "20240101000000_fine.sql", Text: "SELECT 1;\n"},
			{Name: drop, Text: "-- gone\nALTER TABLE results DROP COLUMN source;\n", Error: "destructive changes detected", Diagnostics: []lint.Diagnostic{
				{Pos: 8, Line: 2, Col: 1, Title: "destructive changes detected", Text: `Dropping non-virtual column "source"`, Code: "DS103", Name: "drop-column", Analyzer: "destructive", Table: "results", Column: "source", Severity: lint.Error},
				{Pos: 8, Line: 2, Col: 1, Title: "data dependent changes detected", Text: "It may fail\nfor two reasons: a, b", Code: "MF101", Name: "unique", Analyzer: "data_depend", Table: `app."My <Table>"`, Severity: lint.Warning},
			}},
			{Name: rename, Error: "applied files changed", Diagnostics: []lint.Diagnostic{
				{Title: "applied files changed", Text: "100% of it was deleted", Severity: lint.Error},
			}},
		},
	}
	clean := &lint.Report{Base: "the latest 2 files", Total: 6, Changed: 2}
	warned := &lint.Report{Total: 1, Changed: 1, Files: []lint.FileReport{{Name: "a.sql", Diagnostics: []lint.Diagnostic{{Line: 1, Col: 1, Text: "hm", Severity: lint.Warning}}}}}
	for _, tt := range []struct {
		golden string
		format Format
		report *lint.Report
		err    string
	}{
		{"lint.txt", Text, found, "2 errors"},
		{"lint-github.txt", GitHub, found, "2 errors"},
		{"lint.json", JSON, found, "2 errors"},
		{"lint-clean.txt", Text, clean, ""},
		{"lint-clean.json", JSON, clean, ""},
		{"lint-clean-github.txt", GitHub, clean, ""},
		{"lint-warned.txt", Text, warned, ""},
		{"lint-unchanged.txt", Text, &lint.Report{Base: "main", Total: 6}, ""},
	} {
		got, err := show(t, tt.format, func(p *Printer) error { return p.Lint(tt.report) })
		golden(t, tt.golden, got)
		if text := errorText(err); text != tt.err || err != nil && ExitCode(err) != ExitFindings {
			t.Errorf("%s: error %v, want %q", tt.golden, err, tt.err)
		}
	}

	text, _ := show(t, JSON, func(p *Printer) error { return p.Lint(found) })
	d := found.Files[1].Diagnostics
	want := atlasexec.SummaryReport{Files: []*atlasexec.FileReport{
		{Name: drop, Text: found.Files[1].Text, Error: "destructive changes detected", Reports: []sqlcheck.Report{
			{Text: d[0].Title, Diagnostics: []sqlcheck.Diagnostic{{Pos: 8, Text: d[0].Text, Code: "DS103"}}},
			{Text: d[1].Title, Diagnostics: []sqlcheck.Diagnostic{{Pos: 8, Text: d[1].Text, Code: "MF101"}}},
		}},
		{Name: rename, Error: "applied files changed", Reports: []sqlcheck.Report{
			{Text: "applied files changed", Diagnostics: []sqlcheck.Diagnostic{{Text: "100% of it was deleted"}}},
		}},
	}}
	want.Env = wantEnv
	got := decode[atlasexec.SummaryReport](t, text)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.DiagnosticsCount() != 3 || len(got.Errors()) != 2 {
		t.Errorf("the SDK counts %d diagnostics, %d errors", got.DiagnosticsCount(), len(got.Errors()))
	}
}

func TestStamp(t *testing.T) {
	done := &migrator.StampResult{Target: "20240101000000", Revision: "cacecc4f1237", Set: []string{"20240101000000"}, Removed: []string{"a", "b"}, Done: true}
	text, err := show(t, Text, func(p *Printer) error { return p.Stamp(done, nil) })
	if want := "The record says 20240101000000 (cacecc4f1237). alembic_version said nothing; of the journal's rows, 1 were written and 2 removed.\n"; text != want || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	refused := &migrator.StampResult{From: []string{"x"}, Removed: []string{"1"}, Differences: []catalog.Difference{{Table: "t", Kind: "table", Have: "t", Text: "table t is too many"}}}
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
		Text: "ibutsu-schema  v1.2.3\natlas          v1.3.0\nschema         20240103000000\n",
		JSON: "{\n  \"Tool\": \"v1.2.3\",\n  \"Atlas\": \"v1.3.0\",\n  \"Version\": \"20240103000000\",\n  \"Revision\": \"20240103000000\"\n}\n",
	} {
		got, err := show(t, format, func(p *Printer) error {
			return p.Version(Versions{Tool: "v1.2.3", Atlas: "v1.3.0", Schema: dir})
		})
		if got != want || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
}
