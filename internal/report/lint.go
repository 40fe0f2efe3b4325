package report

import (
	"strings"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlcheck"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// linted is a summary with what lint checked.
type linted struct {
	summary
	Base     string `json:"Base"`     // what the changed files were compared with
	Total    int    `json:"Total"`    // files in the directory
	Changed  int    `json:"Changed"`  // files that changed
	Silenced int    `json:"Silenced"` // findings that directives or atlas.hcl silenced
	// OwnSettings is set if there is no base, whose atlas.hcl would decide what is reported.
	OwnSettings bool `json:"OwnSettings,omitempty"`
}

// Lint shows what lint found, and returns a *FindingsError if that includes errors.
func (p *Printer) Lint(r *lint.Report) error {
	r = r.Masked()
	var err error
	switch p.Format {
	case JSON:
		err = p.Out.json(p.linted(r))
	case GitHub:
		err = p.lintGitHub(r)
	case SARIF:
		err = p.lintSARIF(r)
	case Markdown:
		err = p.lintMarkdown(r)
	default:
		err = p.lintText(r)
	}
	if err == nil && r.Failed() {
		err = findingsError(r.Count(lint.Error), "error")
	}
	return err
}

func (p *Printer) lintText(r *lint.Report) error {
	s := p.Out.style
	var b page
	for _, f := range r.Files {
		src := newListing(f.Text)
		shown := -1
		for _, d := range f.Diagnostics {
			severity := s.bad(line(string(d.Severity)))
			if d.Severity != lint.Error {
				severity = s.warn(line(string(d.Severity)))
			}
			b.printf("%s: %s: %s%s\n", s.strong(line(p.location(f.Name, d.Line, d.Col))), severity,
				lines(d.Describe(), "  "), s.faint(line(label(d))))
			if at := src.span(d); at.start != at.end && d.Pos != shown {
				b.put(src.excerpt(at, s))
				shown = d.Pos
			}
			b.put(advice("instead", advised(d.Fix), s), advice("offending rows", advised(d.Query), s))
		}
	}
	b.put(lintSummary(r))
	return p.page(&b)
}

// advice returns a line of words or an indented block below a finding.
func advice(head safe, text string, s style) safe {
	switch {
	case text == "":
		return ""
	case strings.Contains(text, "\n") || strings.HasSuffix(text, ";"):
		return "  " + s.good(head+":") + "\n    " + lines(text, "    ") + "\n"
	}
	return "  " + s.good(head+":") + " " + line(text) + "\n"
}

// advised returns a fix's text without the passwords of the statement that it rewrites.
func advised(text fix.Text) string { return pgsql.Mask(text.String()) }

// label returns a finding's code and name.
func label(d lint.Diagnostic) string {
	words := strings.TrimSpace(d.Code + " " + d.Name)
	if words == "" {
		return ""
	}
	return " [" + words + "]"
}

// lintSummary returns the last line for people.
func lintSummary(r *lint.Report) safe {
	head := safe("Nothing found")
	if r.Count(lint.Error)+r.Count(lint.Warning) > 0 {
		head = counts(r)
	}
	return sprintf("%s: %s.\n", head, r.Scope())
}

// counts returns the number of errors and warnings.
func counts(r *lint.Report) safe {
	return plural(r.Count(lint.Error), "error") + ", " + plural(r.Count(lint.Warning), "warning")
}

func (p *Printer) linted(r *lint.Report) linted {
	out := linted{
		summary: summary{
			SummaryReport: atlasexec.SummaryReport{Env: p.env()},
			Errors:        r.Count(lint.Error), Warnings: r.Count(lint.Warning),
		},
		Base: r.Base, Total: r.Total, Changed: r.Changed, Silenced: r.Silenced, OwnSettings: r.OwnSettings,
	}
	for _, f := range r.Files {
		if len(f.Diagnostics) == 0 && f.Error == "" {
			continue // the SDK lists only files with findings
		}
		file := out.file(f.Name, f.Text)
		file.Error = f.Error
		for _, d := range f.Diagnostics {
			rep := file.report(d.Title)
			diag := sqlcheck.Diagnostic{Pos: d.Pos, Text: d.Text, Code: d.Code}
			if !d.Fix.Empty() {
				diag.SuggestedFixes = []sqlcheck.SuggestedFix{{Message: advised(d.Fix)}}
			}
			rep.Diagnostics = append(rep.Diagnostics, diagnostic{
				Diagnostic: diag, Name: d.Name, Severity: string(d.Severity),
				Table: d.Table, Column: d.Column, Lock: d.Lock, Held: d.Held, Size: newSize(d.Size), Query: advised(d.Query), Line: d.Line, Char: d.Col,
			})
		}
	}
	return out
}
