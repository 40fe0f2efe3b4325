package report

import (
	"slices"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/sqlcheck"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
)

// summary is atlasexec.SummaryReport with our fields, and so on for the types below.
type summary struct {
	atlasexec.SummaryReport
	Files    []*fileReport `json:"Files,omitempty"`
	Errors   int           `json:"Errors"`
	Warnings int           `json:"Warnings"`
	Outside  []outside     `json:"Outside,omitempty"` // objects that aren't in the schema file
}

type fileReport struct {
	atlasexec.FileReport
	Reports []*checkReport `json:"Reports,omitempty"`
}

type checkReport struct {
	sqlcheck.Report
	Diagnostics []diagnostic `json:"Diagnostics,omitempty"`
}

type diagnostic struct {
	sqlcheck.Diagnostic
	Name     string `json:"Name,omitempty"`     // of the hazard, or the kind of check's finding
	Severity string `json:"Severity,omitempty"` // "error" or "warning"
	Table    string `json:"Table,omitempty"`
	Column   string `json:"Column,omitempty"` // of the table
	Lock     string `json:"Lock,omitempty"`   // the strongest that the statement takes on the table, as pg_locks names it
	Held     string `json:"Held,omitempty"`   // the strongest that earlier statements of its transaction hold on the table
	Size     *size  `json:"Size,omitempty"`   // of the table
	Query    string `json:"Query,omitempty"`  // finds the offending rows
	Line     int    `json:"Line,omitempty"`   // in the file, from 1; Pos is the byte offset
	Char     int    `json:"Char,omitempty"`   // in the line, from 1
	// Differences are the details.
	Differences []catalog.Difference `json:"Differences,omitempty"`
}

// size is the size of a table, with its indexes and partitions.
type size struct {
	Bytes int64  `json:"Bytes"`
	Rows  *int64 `json:"Rows,omitempty"` // estimated; omitted if PostgreSQL has no estimate
}

func newSize(s *lint.Size) *size {
	switch {
	case s == nil:
		return nil
	case s.Rows < 0:
		return &size{Bytes: s.Bytes}
	}
	return &size{s.Bytes, &s.Rows}
}

// file returns the report of a file, creating it if needed.
func (s *summary) file(name, text string) *fileReport {
	i := slices.IndexFunc(s.Files, func(f *fileReport) bool { return f.Name == name })
	if i < 0 {
		i = len(s.Files)
		s.Files = append(s.Files, &fileReport{FileReport: atlasexec.FileReport{Name: name, Text: text}})
	}
	return s.Files[i]
}

// report returns the file's report with a title, creating it if needed.
func (f *fileReport) report(text string) *checkReport {
	i := slices.IndexFunc(f.Reports, func(r *checkReport) bool { return r.Text == text })
	if i < 0 {
		i = len(f.Reports)
		f.Reports = append(f.Reports, &checkReport{Report: sqlcheck.Report{Text: text}})
	}
	return f.Reports[i]
}
