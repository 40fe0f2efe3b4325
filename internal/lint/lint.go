// Package lint finds what is dangerous in the migrations of a change: which files a change adds, edits or deletes, what their
// statements do to a schema when they are run on a throwaway PostgreSQL, and what of that its authors have silenced.
package lint

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Config says what to lint.
type Config struct {
	// Start starts the server on which the migrations are run, with the first of the states that is kept (devdb.Config.States).
	// It is called if there is something to run. Who gives the server closes it.
	Start   func(ctx context.Context, states []string) (*devdb.Server, error)
	Dir     *migration.Dir
	Root    string // the migrations folder on disk, which Dir was read from, for git; not needed with Latest
	Options catalog.Options

	// Schema is the text of the schema file, SchemaName its name in findings, and SchemaFile its path on disk, for git. Whether
	// the migrations still give what it says is looked at where git tells what changed, and with a Schema that is not nil.
	Schema                 []byte
	SchemaName, SchemaFile string

	// Latest is how many of the last files to look at, all if there are fewer. With 0 git tells which files changed since
	// the merge base with Base.
	Latest int
	// Base is a git revision. Without one it is the pull request's base in GitHub Actions ($GITHUB_BASE_REF), or else the first
	// that exists of origin/HEAD, main, master, origin/main and origin/master.
	Base string

	// Policy says what is reported, and how.
	Policy Policy
	// Major is the target's major version; by default the dev server's.
	Major int
	// Sizes are the target's tables, by schema and name with a dot between them, as [ReadSizes] returns them.
	Sizes map[string]Size
	// LookupEnv reads the environment, by default os.LookupEnv.
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
	Silenced int          // findings that atlas:nolint or the policy silenced
}

// FileReport is what was found in one file.
type FileReport struct {
	Name        string // as a path inside the migrations folder
	Text        string // the file's contents; empty for a deleted one
	Error       string // why the file does not pass: the titles of its errors, joined by "; "; empty if it passes
	Diagnostics []Diagnostic
	// Effect is what the file changes in the catalog, as its effect file says: "+ column public.t.c: integer".
	Effect []string
	// Statements are those of a changed file, with what they were seen to do; without them if it could not be run.
	Statements []Statement
}

// Diagnostic is one finding.
type Diagnostic struct {
	Pos  int // of the statement: byte offset in the file
	Line int // of the statement, from 1; 0 if the file as a whole is meant
	Col  int // in characters, from 1

	Title    string // the heading that it belongs under, as Atlas names it: "destructive changes detected"
	Text     string // what happens, in a sentence
	Code     string // "DS103", as in [Rules]
	Name     string // the hazard's name, "drop-column"
	Analyzer string // "destructive"; empty for a finding about the directory, which cannot be silenced
	Table    string // the table's name as SQL writes it, with its schema unless that is public; empty if none is meant
	Column   string // its column's name as SQL writes it, if one is meant
	Severity Severity

	Lock  string   // the strongest lock on the table, as pg_locks names it: "AccessExclusiveLock"; empty if it is not about one
	Fix   fix.Text // the SQL to write instead, or, if there is none, what to do in words
	Query fix.Text // finds the rows that stand in the way; empty if it is not about rows
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

// Run lints. What is wrong with the files is in the report; an error says that no report could be made. It is a *DetectError if
// git cannot tell which files changed.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	c, err := detect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	r := &Report{Base: c.base, Total: len(cfg.Dir.Files()), Changed: len(c.added)}
	for _, f := range c.added {
		report := r.file(f.Name)
		text, err := f.Effect()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if effect, err := catalog.ParseEffect(text); err == nil { // what is wrong with it is check's to say
			report.Effect = effect.Lines()
		}
	}
	r.directoryFindings(c, cfg)
	if (len(c.added) > 0 || c.differs()) && !r.unrunnable(c, cfg) {
		if err := r.statementFindings(ctx, c, cfg); err != nil {
			return nil, err
		}
	}
	r.finish(cfg.Dir)
	return r, nil
}

// statementFindings replays the merged files and runs the added ones after them, as a database will that has run the merged ones.
func (r *Report) statementFindings(ctx context.Context, c *changeSet, cfg Config) error {
	srv, err := cfg.Start(ctx, state.Names(c.merged))
	if err != nil {
		return err
	}
	st, err := state.ReplayFiles(ctx, srv, c.merged, cfg.Options)
	if err != nil {
		failed, err := refused(err)
		if err != nil {
			return err
		}
		r.addFailure(failed)
		return nil
	}
	defer st.Close()
	const perMajor = 10000
	t, err := newTracer(ctx, st, target{
		major: cmp.Or(cfg.Major, srv.VersionNum()/perMajor), version: srv.VersionNum(), sizes: cfg.Sizes,
	})
	if err != nil {
		return err
	}
	defer t.close(ctx)
	p := promise{Config: cfg, change: c, srv: srv, st: st, path: []catalog.Catalog{st.Catalog}}
	for _, f := range c.added {
		tr, err := t.run(ctx, f)
		if err != nil {
			return err
		}
		r.file(f.Name).Statements = tr.observed()
		silence := readNolint(f)
		for _, d := range tr.findings(cfg.Policy) {
			if silence.silences(d) && !cfg.Policy.forced(rulesByName()[d.Name]) || cfg.Policy.allows(d) {
				r.Silenced++
				continue
			}
			r.add(f.Name, d)
		}
		for _, d := range silence.findings(tr.failed == nil) {
			r.fixed(cfg.Policy, f.Name, d)
		}
		if tr.failed != nil {
			r.addFailure(tr.failed)
		}
		if tr.incomplete {
			// What comes behind it cannot be run.
			return nil
		}
		if err := p.mark(ctx); err != nil {
			return err
		}
	}
	return p.findings(ctx, r)
}

func (r *Report) addFailure(e *runner.StmtError) {
	_, text, _ := strings.Cut(e.Error(), ": ")
	r.fixed(Policy{}, e.File, Diagnostic{
		Pos: e.Pos.Offset, Line: e.Pos.Line, Col: e.Pos.Col, Name: "migration-fails", Text: text,
	})
}

// file is the report on a file, made when it is first asked for.
func (r *Report) file(name string) *FileReport {
	i := slices.IndexFunc(r.Files, func(f FileReport) bool { return f.Name == name })
	if i < 0 {
		i = len(r.Files)
		r.Files = append(r.Files, FileReport{Name: name})
	}
	return &r.Files[i]
}

func (r *Report) add(name string, d Diagnostic) {
	f := r.file(name)
	f.Diagnostics = append(f.Diagnostics, d)
}

// finish sorts what was found and says of each file whether it passes.
func (r *Report) finish(dir *migration.Dir) {
	texts := make(map[string]string)
	for _, f := range dir.Files() {
		texts[f.Name] = f.SQL
		if f.Down != nil {
			texts[migration.DownDir+"/"+f.Name] = f.Down.SQL
		}
	}
	for _, c := range dir.Checkpoints() {
		texts[c.Name] = c.SQL
	}
	slices.SortStableFunc(r.Files, func(a, b FileReport) int { return strings.Compare(a.Name, b.Name) })
	for i := range r.Files {
		f := &r.Files[i]
		f.Text = texts[f.Name]
		slices.SortStableFunc(f.Diagnostics, func(a, b Diagnostic) int {
			if (a.Line == 0) != (b.Line == 0) { // what is said of the file comes first
				return cmp.Compare(min(a.Line, 1), min(b.Line, 1))
			}
			return cmp.Compare(a.Pos, b.Pos)
		})
		var titles []string
		for _, d := range f.Diagnostics {
			if d.Severity == Error && !slices.Contains(titles, d.Title) {
				titles = append(titles, d.Title)
			}
		}
		f.Error = strings.Join(titles, "; ")
	}
}
