package lint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// Findings about the directory and whole files. No directive silences them.

const (
	titleHistory = "history changed"
	titleSum     = "checksums don't match"
	titleFails   = "migrations fail"
	titleInvalid = "invalid files"
	titleMisread = "files that the stock Atlas CLI reads differently"
	titleNolint  = "directives that silence nothing"
	titleDown    = "down files don't reverse their migrations"
	titleSchema  = "the schema file and the migrations differ"
	titleFormat  = "file format problems"
	titleChanged = "lint settings changed"
)

var fixedTitles = map[string]string{
	"edited-applied-file": titleHistory, "non-linear-history": titleHistory,
	"checksum-mismatch": titleSum, "migration-fails": titleFails, "invalid-file": titleInvalid, "misread-by-atlas": titleMisread,
	"empty-file": titleFormat, "byte-order-mark": titleFormat, "carriage-returns": titleFormat, "large-file": titleFormat,
	"unused-nolint": titleNolint, "unknown-nolint": titleNolint,
	"down-file-missing": titleDown, "down-file-wrong": titleDown, "schema-not-planned": titleSchema,
	"lint-settings-changed": titleChanged,
}

// fixed adds a finding of the fixed rule d.Name.
func (r *Report) fixed(p Policy, file string, d Diagnostic) {
	rule := rulesByName()[d.Name]
	if !p.on(rule) {
		return
	}
	d.Title, d.Code, d.Severity = fixedTitles[d.Name], rule.Code, p.severity(rule)
	r.add(file, d)
}

// directoryFindings adds what is wrong with the change, its statements aside.
func (r *Report) directoryFindings(c *changeSet, cfg Config) {
	for _, name := range c.edited {
		r.fixed(cfg.Policy, name, Diagnostic{
			Name: "edited-applied-file",
			Text: "the file is already merged and was edited: databases that have run it won't run it again; restore it, and write a new migration",
		})
	}
	for _, name := range c.deleted {
		r.fixed(cfg.Policy, name, Diagnostic{
			Name: "edited-applied-file",
			Text: "the file is already merged and was deleted: databases that have run it no longer match the directory; restore it",
		})
	}
	for _, m := range c.renamed {
		r.fixed(cfg.Policy, m.from, Diagnostic{
			Name: "edited-applied-file",
			Text: fmt.Sprintf("the file is already merged and was renamed to %s: databases that have run it would run it again; rename it back to %s", m.to, m.from),
		})
	}
	for _, f := range slices.Concat(c.added, c.checkpoints) {
		if before, taken := c.before(f); taken {
			r.fixed(cfg.Policy, f.Name, Diagnostic{
				Name: "non-linear-history",
				Text: fmt.Sprintf("version %s is also that of %s, which is already merged: give the file a later version (rebase does that)", f.Version, before),
			})
		} else if before != "" {
			r.fixed(cfg.Policy, f.Name, Diagnostic{
				Name: "non-linear-history",
				Text: fmt.Sprintf("the version is earlier than that of %s, which is already merged: databases that have run that file won't run this one; give it a later version (rebase does that)", before),
			})
		}
		if d, ok := format(f); ok {
			r.fixed(cfg.Policy, f.Name, d)
		} else if m, ok := f.Misread(); ok {
			r.fixed(cfg.Policy, f.Name, Diagnostic{Pos: m.Pos.Offset, Line: m.Pos.Line, Col: m.Pos.Col, Name: "misread-by-atlas", Text: m.Msg})
		}
	}
	var sum *migration.SumError
	if err := cfg.Dir.Verify(); errors.As(err, &sum) {
		r.fixed(cfg.Policy, sum.Sum, Diagnostic{Line: sum.Line, Name: "checksum-mismatch", Text: err.Error()})
	}
}

// largeFile is the size in bytes from which a file is reported as large.
const largeFile = 1 << 20

// format returns the first thing wrong with a file's format.
func format(f *migration.File) (Diagnostic, bool) {
	switch line := strings.Count(f.SQL[:strings.Index(f.SQL, "\r")+1], "\n") + 1; {
	case len(f.Stmts) == 0:
		return Diagnostic{Name: "empty-file", Text: "the file has no statements, yet databases record that they have run it: write its statements, or delete it"}, true
	case strings.HasPrefix(f.SQL, "\uFEFF"):
		return Diagnostic{Line: 1, Col: 1, Name: "byte-order-mark", Text: "the file begins with a byte order mark, which other tools read as part of the first statement: save it as UTF-8 without one"}, true
	case strings.Contains(f.SQL, "\r"):
		return Diagnostic{Line: line, Name: "carriage-returns", Text: "lines end with CR LF: if git converts them, the file no longer matches atlas.sum; save it with LF, and put \"*.sql -text\" in .gitattributes"}, true
	case len(f.SQL) >= largeFile:
		return Diagnostic{Name: "large-file", Text: fmt.Sprintf("the file has %.1f MB in %s: nobody will review it, and it holds its locks until the last statement; load data outside the migrations, or split the file", float64(len(f.SQL))/largeFile, words.Plural(len(f.Stmts), "statement"))}, true
	}
	return Diagnostic{}, false
}

// before returns the name of the last merged file if it comes after f, or of the one with f's version.
func (c *changeSet) before(f *migration.File) (name string, sameVersion bool) {
	for _, up := range c.upstream {
		version, _, _ := strings.Cut(strings.TrimSuffix(up, ".sql"), "_")
		switch {
		case up == f.Name:
			return "", false // already merged
		case version == f.Version:
			return up, true
		case version > f.Version:
			name = up
		}
	}
	return name, false
}

// Invalid returns the report on a directory that [migration.Read] couldn't read.
func Invalid(errs migration.Errors) *Report {
	r := &Report{}
	for _, e := range errs {
		r.fixed(Policy{}, e.File, Diagnostic{Line: e.Line, Col: e.Col, Name: "invalid-file", Text: e.Msg})
	}
	r.finish(&migration.Dir{})
	return r
}
