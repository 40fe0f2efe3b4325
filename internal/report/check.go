package report

import (
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
	proof.FindingSum:    "sums do not fit",
	proof.FindingEffect: "effects are not as measured",
	proof.FindingDown:   "down files do not lead back",

	proof.FindingCheckpoint: "checkpoints do not give what the migrations do",
}

// Check shows what check found. The error is a *FindingsError if that is anything.
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
		what := "the " + plural(len(r.Files), "migration") + " give what the schema file says, and lead back"
		switch len(r.Files) {
		case 0:
			what = "there is no migration, and the schema file needs none"
		case 1:
			what = "the migration gives what the schema file says, and leads back"
		}
		b.put(s.good("In order"), ": ", what, ".\n")
	}
	for _, o := range r.Outside {
		b.put(s.faint(sprintf("outside the schema file: %s", o)), "\n")
	}
	return p.page(&b)
}

// findings writes findings, each with its place.
func (p *Printer) findings(b *page, findings []proof.Finding) {
	for _, f := range findings {
		if f.File != "" { // else the text begins with the schema file's name
			b.put(p.Out.style.strong(line(p.place(f.File, f.Line, 0))), ": ")
		}
		b.put(lines(f.Text, "  "), "\n")
		for _, d := range f.Differences {
			b.put("  ", lines(d.Text, "  "), "\n")
		}
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

// differences are those that a result holds, without the passwords of functions and foreign servers.
func differences(all []catalog.Difference) []catalog.Difference {
	masked := slices.Clone(all)
	for i, d := range masked {
		masked[i].Want, masked[i].Have, masked[i].Text = pgsql.Mask(d.Want), pgsql.Mask(d.Have), pgsql.Redact(d.Text)
	}
	return masked
}
