package report

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// An Out is a file that a result is written to, in addition to Printer.Out.
type Out struct {
	Format Format
	File   string
}

// ParseOuts reads the -out flag: FORMAT=FILE, or several separated by commas. No file may be named twice. Anything else
// is a *usage.Error.
func ParseOuts(word string) ([]Out, error) {
	if word == "" {
		return nil, nil
	}
	formats := []Format{Text, JSON, GitHub, SARIF, Markdown}
	var outs []Out
	for _, part := range strings.Split(word, ",") {
		format, file, _ := strings.Cut(part, "=")
		if !slices.Contains(formats, Format(format)) || file == "" {
			return nil, usage.Errorf("-out=%s: write FORMAT=FILE, or several separated by commas; known formats: text, json, github, sarif, markdown", word)
		}
		if slices.ContainsFunc(outs, func(o Out) bool { return o.File == file }) {
			return nil, usage.Errorf("-out=%s: %s is named twice", word, file)
		}
		outs = append(outs, Out{Format(format), file})
	}
	return outs, nil
}

// LintTo writes what lint found to files. They may be anywhere; in the project's checkout symbolic links aren't
// followed.
func (p *Printer) LintTo(r *lint.Report, outs []Out) error {
	for _, o := range outs {
		if err := p.lintFile(r, o, os.O_TRUNC); err != nil {
			return err
		}
	}
	return nil
}

// Snapshot shows that the sizes of tables were written to a file.
func (p *Printer) Snapshot(tables int, file string) error {
	if p.Format == JSON {
		return p.Out.json(struct {
			File   string
			Tables int
		}{file, tables})
	}
	var b page
	b.put(p.Out.style.good("wrote "), p.Out.style.strong(line(file)), ": ")
	b.printf("%s\n", plural(tables, "table"))
	return p.page(&b)
}

// Review shows that a page was written to a file, and its verdict.
func (p *Printer) Review(file, verdict string) error {
	var b page
	b.put(p.Out.style.good("wrote "), p.Out.style.strong(line(file)), ": ")
	b.printf("%s\n", verdict)
	return p.page(&b)
}

// HTML writes a page.
func (p *Printer) HTML(text string) error { return p.Out.exact("the page", text) }

// LintSummary appends what lint found to the job summary of GitHub Actions, whose file the environment names. Elsewhere
// it does nothing.
func (p *Printer) LintSummary(r *lint.Report, lookup func(string) (string, bool)) error {
	file, _ := lookup("GITHUB_STEP_SUMMARY")
	if file == "" {
		return nil
	}
	return p.lintFile(r, Out{Markdown, file}, os.O_APPEND)
}

func (p *Printer) lintFile(r *lint.Report, o Out, flags int) (err error) {
	f, err := tree.Create(p.Project, o.File, flags)
	if err != nil {
		return fmt.Errorf("writing %s: %w", o.Format, err)
	}
	defer func() {
		if cerr := f.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("writing %s: %w", o.Format, cerr)
		}
	}()
	to := *p
	to.Out, to.Format = &Stream{w: f, stored: true}, o.Format
	err = to.Lint(r)
	if _, found := err.(*FindingsError); found {
		return nil
	}
	return err
}
