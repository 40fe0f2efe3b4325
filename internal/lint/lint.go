// Package lint finds what is dangerous in the migrations of a change: which files a change adds, edits or deletes, what their
// statements do to a schema when they are run on a throwaway PostgreSQL, and what of that its authors have silenced.
package lint

import (
	"context"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
)

// Config says what to lint.
type Config struct {
	Server  *devdb.Server // where the migrations are run
	Dir     *migration.Dir
	Root    string // the migrations folder on disk, which Dir was read from, for git; not needed with Latest
	Options catalog.Options

	// Latest is how many of the last files to look at, all if there are fewer. With 0 git tells which files changed since
	// the merge base with Base.
	Latest int
	// Base is a git revision. Without one it is the pull request's base in GitHub Actions ($GITHUB_BASE_REF), or else the first
	// that exists of origin/HEAD, main, master, origin/main and origin/master.
	Base string
	// GitDir is the folder that git runs in, default Root.
	GitDir string

	// Errors holds by an analyzer's name (destructive, data_depend, condrop, incompatible) whether its findings are errors;
	// of those not mentioned only destructive's are.
	Errors map[string]bool
	// LookupEnv is os.LookupEnv, or a test's own.
	LookupEnv func(string) (string, bool)
}

// Severity is what a finding does to the gate.
type Severity string

const (
	Error   Severity = "error" // the gate fails
	Warning Severity = "warning"
)

// Report is what was found.
type Report struct {
	Base     string       // what the changed files were compared with, for people: "origin/main at 1a2b3c4d", "the latest 2 files"
	Total    int          // files in the directory
	Changed  int          // of them changed
	Files    []FileReport // the changed ones by name, and whatever other file has findings
	Silenced int          // findings that atlas:nolint silenced
}

// FileReport is what was found in one file.
type FileReport struct {
	Name        string // as a path inside the migrations folder
	Text        string // the file's contents; empty for a deleted one
	Error       string // why the file does not pass: the titles of its errors, joined by "; "; empty if it passes
	Diagnostics []Diagnostic
}

// Diagnostic is one finding.
type Diagnostic struct {
	Pos  int // of the statement: byte offset in the file
	Line int // of the statement, from 1; 0 if the file as a whole is meant
	Col  int // in characters, from 1

	Title    string // the heading that it belongs under, as Atlas names it: "destructive changes detected"
	Text     string // what happens, in a sentence
	Code     string // Atlas's code, "DS103"; empty where Atlas has none
	Name     string // the hazard's name, "drop-column"
	Analyzer string // "destructive"; empty for a finding about the directory, which cannot be silenced
	Table    string // the table's name as SQL writes it, with its schema unless that is public; empty if none is meant
	Column   string // its column's name as SQL writes it, if one is meant
	Severity Severity
}

// Failed reports whether there is an error, so that the gate stops the change.
func (r *Report) Failed() bool { return r.Count(Error) > 0 }

// Count returns how many findings have that severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Files {
		for _, d := range f.Diagnostics {
			if d.Severity == s {
				n++
			}
		}
	}
	return n
}

// Run lints. What is wrong with the files is in the report; an error says that no report could be made.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	return &Report{Total: len(cfg.Dir.Files())}, nil
}

// Invalid is the report on a directory that cannot be read, for an error of [migration.Read].
func Invalid(errs migration.Errors) *Report { return &Report{} }
