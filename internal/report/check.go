package report

import (
	"strings"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlcheck"

	"github.com/ibutsu/ibutsu-schema/internal/plan"
)

// checkTitles are the findings' headings in JSON.
var checkTitles = map[plan.FindingKind]string{
	plan.FindingPlan:   "the schema file and the migrations differ",
	plan.FindingSum:    "sums do not fit",
	plan.FindingEffect: "effects are not as measured",
	plan.FindingDown:   "down files do not lead back",

	plan.FindingCheckpoint: "checkpoints do not give what the migrations do",
}

// Check shows what check found. The error is a *FindingsError if that is anything.
func (p *Printer) Check(r *plan.CheckResult) error {
	if err := p.check(r); err != nil {
		return err
	}
	if r.OK() {
		return nil
	}
	return &FindingsError{plural(len(r.Findings), "finding")}
}

func (p *Printer) check(r *plan.CheckResult) error {
	if p.Format == JSON {
		return p.json(p.checked(r))
	}
	s := p.Style
	var b strings.Builder
	p.findings(&b, r.Findings)
	if r.OK() {
		what := "the " + plural(len(r.Files), "migration") + " give what the schema file says, and lead back"
		switch len(r.Files) {
		case 0:
			what = "there is no migration, and the schema file needs none"
		case 1:
			what = "the migration gives what the schema file says, and leads back"
		}
		b.WriteString(s.good("In order") + ": " + what + ".\n")
	}
	for _, o := range r.Outside {
		b.WriteString(s.faint("outside the schema file: "+o.String()) + "\n")
	}
	return p.text(&b)
}

// findings writes findings, each with its place.
func (p *Printer) findings(b *strings.Builder, findings []plan.Finding) {
	for _, f := range findings {
		text := indent(f.Text, "  ")[2:]
		if f.File != "" { // else the text begins with the schema file's name
			text = p.Style.strong(p.place(f.File, f.Line, 0)) + ": " + text
		}
		b.WriteString(text + "\n")
		for _, d := range f.Differences {
			b.WriteString(indent(d.Text, "  ") + "\n")
		}
	}
}

func (p *Printer) checked(r *plan.CheckResult) summary {
	out := summary{SummaryReport: atlasexec.SummaryReport{Env: p.env()}, Errors: len(r.Findings)}
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
			Diagnostic: sqlcheck.Diagnostic{Text: f.Text},
			Name:       string(f.Kind), Severity: "error", Line: f.Line, Differences: f.Differences,
		})
	}
	return out
}
