package report

import (
	"fmt"
	"path"
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
	for _, f := range r.Findings {
		where := p.fileOf(f)
		if f.Line > 0 {
			where = fmt.Sprintf("%s:%d", where, f.Line)
		}
		text := indent(f.Text, "  ")[2:]
		if f.File != "" { // else it begins with the schema file's name
			text = s.strong(where) + ": " + text
		}
		b.WriteString(text + "\n")
		for _, d := range f.Differences {
			b.WriteString(indent(d.Text, "  ") + "\n")
		}
	}
	if r.OK() {
		fmt.Fprintf(&b, "%s: the %s give what the schema file says, and lead back.\n", s.good("In order"), plural(len(r.Files), "migration"))
	}
	for _, o := range r.Outside {
		b.WriteString(s.faint("outside the schema file: "+o.String()) + "\n")
	}
	return p.text(&b)
}

// fileOf is the path of the file that a finding is about.
func (p *Printer) fileOf(f plan.Finding) string {
	if f.File == "" {
		return p.Schema
	}
	return path.Join(p.Dir, f.File)
}

func (p *Printer) checked(r *plan.CheckResult) summary {
	out := summary{SummaryReport: atlasexec.SummaryReport{Env: p.env()}, Errors: len(r.Findings)}
	for _, f := range r.Findings {
		title := checkTitles[f.Kind]
		file := out.file(p.fileOf(f), "")
		file.Error = title
		rep := file.report(title)
		rep.Diagnostics = append(rep.Diagnostics, diagnostic{
			Diagnostic: sqlcheck.Diagnostic{Text: f.Text},
			Name:       string(f.Kind), Severity: "error", Line: f.Line, Differences: f.Differences,
		})
	}
	return out
}
