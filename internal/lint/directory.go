package lint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Findings about the directory as such. No atlas:nolint silences them.

const (
	titleHistory = "the history was changed"
	titleSum     = "sums do not fit"
	titleFails   = "migrations that fail"
	titleInvalid = "files that cannot be read"
	titleMisread = "files that the stock Atlas CLI reads otherwise"
)

// directoryFindings adds what is wrong with the change before any statement is looked at.
func (r *Report) directoryFindings(c *changeSet, dir *migration.Dir) {
	for _, name := range c.edited {
		r.add(name, Diagnostic{
			Title: titleHistory, Name: "edited-applied-file", Severity: Error,
			Text: "the file is merged already and was edited: databases that have run it will not run it again; restore it, and write a new migration",
		})
	}
	for _, name := range c.deleted {
		r.add(name, Diagnostic{
			Title: titleHistory, Name: "edited-applied-file", Severity: Error,
			Text: "the file is merged already and was deleted or renamed: databases that have run it no longer fit the directory; restore it",
		})
	}
	for _, f := range slices.Concat(c.added, c.checkpoints) {
		if before, taken := c.before(f); taken {
			r.add(f.Name, Diagnostic{
				Title: titleHistory, Name: "non-linear-history", Severity: Error,
				Text: fmt.Sprintf("the version %s is that of %s, which is merged already: give the file a later version", f.Version, before),
			})
		} else if before != "" {
			r.add(f.Name, Diagnostic{
				Title: titleHistory, Name: "non-linear-history", Severity: Error,
				Text: fmt.Sprintf("the version is earlier than that of %s, which is merged already: databases that have run that one will not run this one; give it a later version", before),
			})
		}
		if m, ok := f.Misread(); ok {
			r.add(f.Name, Diagnostic{
				Pos: m.Pos.Offset, Line: m.Pos.Line, Col: m.Pos.Col,
				Title: titleMisread, Name: "misread-by-atlas", Severity: Warning, Text: m.Msg,
			})
		}
	}
	var sum *migration.SumError
	if err := dir.Verify(); errors.As(err, &sum) {
		r.add(sum.Sum, Diagnostic{Line: sum.Line, Title: titleSum, Name: "checksum-mismatch", Severity: Error, Text: err.Error()})
	}
}

// before returns the name of the last merged file if it comes after f, or the one that has f's version.
func (c *changeSet) before(f *migration.File) (name string, sameVersion bool) {
	for _, up := range c.upstream {
		version, _, _ := strings.Cut(strings.TrimSuffix(up, ".sql"), "_")
		switch {
		case up == f.Name:
			return "", false // it was merged by another way
		case version == f.Version:
			return up, true
		case version > f.Version:
			name = up
		}
	}
	return name, false
}

// Invalid is the report on a directory that cannot be read, made of what [migration.Read] returned.
func Invalid(errs migration.Errors) *Report {
	r := &Report{}
	for _, e := range errs {
		r.add(e.File, Diagnostic{Line: e.Line, Col: e.Col, Title: titleInvalid, Name: "invalid-file", Severity: Error, Text: e.Msg})
	}
	r.finish(&migration.Dir{})
	return r
}
