package report

import (
	"path"
	"slices"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlcheck"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/history"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
)

// checkTitles are the findings' headings in JSON.
var checkTitles = map[proof.FindingKind]string{
	proof.FindingPlan:   "the schema file and the migrations differ",
	proof.FindingSum:    "checksums don't match",
	proof.FindingEffect: "effect files don't match what the migrations do",
	proof.FindingDown:   "down files don't reverse their migrations",
	proof.FindingDone:   "queries about data steps fail",

	proof.FindingCheckpoint: "checkpoints differ from the migrations",
	proof.FindingDocs:       "the pages about the schema are out of date",
}

// Check shows what check found, and returns a *FindingsError if it found anything.
func (p *Printer) Check(r *history.CheckResult) error {
	if err := p.check(r); err != nil {
		return err
	}
	if r.OK() {
		return nil
	}
	return findingsError(len(r.Findings), "finding")
}

func (p *Printer) check(r *history.CheckResult) error {
	if p.Format == JSON {
		return p.Out.json(p.checked(r))
	}
	s := p.Out.style
	var b page
	p.findings(&b, r.Findings)
	if r.OK() {
		what := sprintf("the %s produce %s, and every down file reverses its migration", plural(len(r.Files), "migration"), p.SchemaFile)
		switch len(r.Files) {
		case 0:
			what = sprintf("there are no migrations, and %s needs none", p.SchemaFile)
		case 1:
			what = sprintf("the migration produces %s, and its down file reverses it", p.SchemaFile)
		}
		b.put(s.good("OK"), ": ", what, ".\n")
	}
	for _, o := range r.Outside {
		b.put(s.faint(sprintf("not in %s: %s", p.SchemaFile, o)), "\n")
	}
	return p.page(&b)
}

// mostPages is how many of the pages that are out of date the text names.
const mostPages = 3

// findings writes findings, each with its position.
func (p *Printer) findings(b *page, findings []proof.Finding) {
	var pages []string
	for _, f := range findings {
		at := p.location(f.File, f.Line, 0)
		if f.Kind == proof.FindingDocs {
			at = f.File
			if pages = append(pages, at); len(pages) > mostPages {
				continue
			}
		}
		if f.File != "" { // otherwise the text begins with the schema file's name
			b.put(p.Out.style.strong(line(at)), ": ")
		}
		b.put(lines(f.Text, "  "), "\n")
		for _, d := range f.Differences {
			b.put("  ", lines(d.Text, "  "), "\n")
		}
	}
	if more := len(pages) - mostPages; more > 0 {
		b.put(p.Out.style.strong(line(path.Dir(pages[0]))), ": and ", plural(more, "more file"), ": run docs\n")
	}
}

func (p *Printer) checked(r *history.CheckResult) summary {
	out := summary{SummaryReport: atlasexec.SummaryReport{Env: p.env()}, Errors: len(r.Findings), Outside: outsides(r.Outside)}
	for _, f := range r.Findings {
		title := checkTitles[f.Kind]
		name := f.File
		if name == "" {
			name = p.SchemaFile
		}
		file := out.file(name, "")
		file.Error = title
		rep := file.report(title)
		rep.Diagnostics = append(rep.Diagnostics, diagnostic{
			Diagnostic: sqlcheck.Diagnostic{Text: pgsql.Redact(f.Text)},
			Name:       string(f.Kind), Severity: "error", Line: f.Line, Differences: differences(f.Differences),
		})
	}
	return out
}

// differences masks the passwords of functions and foreign servers.
func differences(all []catalog.Difference) []catalog.Difference {
	masked := slices.Clone(all)
	for i, d := range masked {
		masked[i].Want, masked[i].Have, masked[i].Text = pgsql.Mask(d.Want), pgsql.Mask(d.Have), pgsql.Redact(d.Text)
	}
	return masked
}
