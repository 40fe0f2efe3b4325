// Package lint finds hazards in the migrations of a change. It determines which files the change adds, edits or
// deletes, runs their statements on a throwaway PostgreSQL, checks what they do there, and applies the directives that
// silence findings.
package lint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/project"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Config is what to lint.
type Config struct {
	// Start starts the server that runs the migrations, with the first cached one of the states (devdb.Config.States).
	// It is called if there is something to run. Its owner closes the server.
	Start   func(ctx context.Context, states []string) (*devdb.Server, error)
	Dir     *migration.Dir
	Root    string // the folder on disk that Dir was read from, for git; not needed with Latest
	Options catalog.Options
	// Project is the project's folder on disk, which must be in the same git repository as Root; "" for no check.
	Project string

	// Schema is the text of the schema file, SchemaName its name in findings, and SchemaFile its path on disk, for git.
	// If git determines what changed and Schema isn't nil, lint checks that the migrations still produce it.
	Schema                 []byte
	SchemaName, SchemaFile string

	// Latest is how many of the last files to lint, all if there are fewer. If it is 0, git determines which files
	// changed since the merge base with Base.
	Latest int
	// Base is a git revision. By default it is the pull request's base in GitHub Actions ($GITHUB_BASE_REF), or else
	// the first of origin/HEAD, main, master, origin/main and origin/master that exists.
	Base string
	// MergedDir and TipDir are the paths of the folder in the base if it was moved, as in gitdiff.Config.
	MergedDir, TipDir string

	// Policy determines what is reported, and how.
	Policy Policy
	// Changes are findings about atlas.hcl. OwnSettings is whether its current version decides what is reported.
	Changes     []Diagnostic
	OwnSettings bool
	// Major is the target's major version; by default the dev server's.
	Major int
	// Sizes are the sizes of the target's tables.
	Sizes Sizes
	// Estimate estimates how many rows of the target satisfy a condition, as [Estimator] does; nil for no database.
	Estimate func(ctx context.Context, c Condition) (rows float64, ok bool, err error)
	// LookupEnv reads the environment, by default os.LookupEnv.
	LookupEnv func(string) (string, bool)
}

// ConfigFile is the name of the project file in findings. It isn't in the migrations folder.
const ConfigFile = project.ConfigName

// Severity is how serious a finding is.
type Severity string

const (
	Error   Severity = "error" // lint fails
	Warning Severity = "warning"
)

// Report is the result of linting.
type Report struct {
	Base     string       // what determined the changed files: "origin/main at 1a2b3c4d", "the latest 2 files"
	Total    int          // files in the directory
	Changed  int          // of those, changed
	Files    []FileReport // changed files and others with findings, by name
	Silenced int          // findings that atlas:nolint or the policy silenced
	Small    int64        // bytes; of smaller tables, blocking is only a warning
	// Counts is what the effects of the changed files say, taken together.
	Counts []catalog.Count
	// Path are the catalogs before the change and after each of its files, as far as they ran.
	Path []catalog.Catalog
	// OwnSettings is set if the current atlas.hcl decided what is reported, because git has no base to take it from.
	OwnSettings bool
}

// FileReport is the result for one file.
type FileReport struct {
	Name        string // its path in the migrations folder
	Text        string // the file's contents; empty for a deleted one
	Changed     bool   // whether the change adds the file; the others only have findings
	Contract    bool   // whether a changed file is a contract file, before which apply stops
	TxNone      bool   // whether a changed file's statements run outside a transaction
	Error       string // why the file fails: the titles of its errors, joined by "; "; empty if it passes
	Diagnostics []Diagnostic
	// Silenced are the findings that directives and settings silence, except those of rules that are off by default.
	Silenced []Diagnostic
	// Effect is what the file changes in the catalog, from its effect file: "+ column public.t.c: integer". A rename is
	// one line.
	Effect []string
	// Down is the text of a changed file's down file, and NoWayBack why it is irreversible; empty if there is none.
	Down, NoWayBack string
	// Statements are a changed file's statements with their observed effects; nil if it couldn't be run.
	Statements []Statement
}

// Diagnostic is one finding.
type Diagnostic struct {
	Pos  int // of the statement: byte offset in the file
	Line int // of the statement, from 1; 0 for the whole file
	Col  int // in characters, from 1

	Title    string // its heading, in Atlas's words: "destructive changes detected"
	Text     string // what happens, in one sentence
	Code     string // "DS103", as in [Rules]
	Name     string // the rule's name: "drop-column"
	Analyzer string // "destructive"; empty for a finding about the directory, which can't be silenced
	Table    string // the table's name as SQL, with its schema unless that is public; may be empty
	Column   string // its column's name as SQL; may be empty
	Severity Severity

	Size  *Size    // of the table; nil if unknown
	Small bool     // it isn't an error because of the sizes of the tables
	Lock  string   // the strongest lock that the statement takes on the table, as in pg_locks: "AccessExclusiveLock"; may be empty
	Held  string   // the strongest lock that earlier statements of its transaction hold on the table; may be empty
	Fix   fix.Text // the SQL to write instead, or else advice in words
	Query fix.Text // finds the offending rows; empty if it isn't about rows
}

// Stmts returns the statements of the changed files.
func (r *Report) Stmts() (stmts []pgsql.Stmt) {
	for _, f := range r.Files {
		if more, err := pgsql.Split(f.Text); f.Changed && err == nil {
			stmts = append(stmts, more...)
		}
	}
	return stmts
}

// Failed reports whether there are errors.
func (r *Report) Failed() bool { return r.Count(Error) > 0 }

// Count returns how many findings have a severity.
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

// Run lints. Problems in the files are in the report; an error means that there is no report. It is a *DetectError if
// git can't determine which files changed.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	c, err := detect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	r := &Report{Base: c.base, Total: len(cfg.Dir.Files()), Changed: len(c.added), Small: cfg.Policy.Small, OwnSettings: cfg.OwnSettings}
	for _, d := range cfg.Changes {
		r.fixed(cfg.Policy, ConfigFile, d)
	}
	var effects []catalog.Effect
	var stmts [][]pgsql.Stmt
	for _, f := range c.added {
		report := r.file(f.Name)
		report.Changed, report.Contract, report.TxNone = true, f.Contract, f.TxNone
		if f.Down != nil {
			report.Down, report.NoWayBack = f.Down.SQL, f.Down.None
		}
		text, err := f.Effect()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if effect, err := catalog.ParseEffect(text); err == nil { // check reports what is wrong with it
			report.Effect = effect.Lines(f.Stmts...)
			effects, stmts = append(effects, effect), append(stmts, f.Stmts)
		}
	}
	r.Counts = catalog.Counts(effects, stmts)
	r.directoryFindings(c, cfg)
	if (len(c.added) > 0 || c.differs()) && !r.unrunnable(c, cfg) {
		if err := r.statementFindings(ctx, c, cfg); err != nil {
			return nil, err
		}
	}
	r.finish(cfg.Dir)
	return r, nil
}

// statementFindings replays the merged files, then runs the added ones, as a database that has run the merged ones
// will.
func (r *Report) statementFindings(ctx context.Context, c *changeSet, cfg Config) error {
	srv, err := cfg.Start(ctx, state.Names(c.merged))
	if err != nil {
		return err
	}
	st, err := state.ReplayFiles(ctx, srv, c.merged, cfg.Options)
	if err != nil {
		return r.stopped(err)
	}
	defer st.Close()
	const perMajor = 10000
	live := cfg.estimates(ctx)
	t, err := newTracer(ctx, st, target{
		major: cmp.Or(cfg.Major, srv.VersionNum()/perMajor), version: srv.VersionNum(), sizes: cfg.Sizes, estimate: live.estimate,
	})
	if err != nil {
		return err
	}
	defer t.close(ctx)
	p := promise{Config: cfg, change: c, srv: srv, st: st}
	if err := p.mark(ctx); err != nil {
		return err
	}
	traces, stopped := t.runAll(ctx, c.added, p.mark)
	r.Path = p.path
	if err := r.report(traces, cfg.Policy, func(word string) ([]string, error) { return c.editing(ctx, cfg, word) }); err != nil {
		return err
	}
	if live.lost != nil {
		return live.lost
	}
	if stopped != nil {
		return r.stopped(stopped)
	}
	if len(traces) < len(c.added) || len(traces) > 0 && traces[len(traces)-1].incomplete {
		return nil // the rest can't run
	}
	t.close(ctx) // findings may copy the database, in which no session may be
	return p.findings(ctx, r)
}

// report adds the findings about files that were run. editing returns the code in which the change edits lines with a
// word.
func (r *Report) report(traces []*trace, policy Policy, editing func(word string) ([]string, error)) error {
	for _, tr := range traces {
		f := tr.file
		r.file(f.Name).Statements = tr.observed()
		silence := readNolint(f)
		list, off := tr.findings(policy)
		order, err := deployOrder(list, policy, editing)
		if err != nil {
			return err
		}
		for _, d := range append(list, order...) {
			if silence.silences(d) && !policy.forced(rulesByName()[d.Name]) || policy.allows(d) {
				r.Silenced++
				off = append(off, d)
				continue
			}
			r.add(f.Name, d)
		}
		r.file(f.Name).Silenced = off
		for _, d := range silence.findings(tr.failed == nil) {
			r.fixed(policy, f.Name, d)
		}
		if tr.failed != nil {
			r.addFailure(tr.failed)
		}
	}
	return nil
}

// An estimates asks the database for estimates.
type estimates struct {
	estimate func(Condition) (rows float64, ok bool) // target.estimate
	lost     error                                   // why the database can't be asked any more
}

// estimates returns what asks the database. What it refuses to estimate is unknown.
func (cfg Config) estimates(ctx context.Context) *estimates {
	e := &estimates{}
	if cfg.Estimate == nil {
		return e
	}
	e.estimate = func(c Condition) (float64, bool) {
		if e.lost != nil {
			return 0, false
		}
		rows, ok, err := cfg.Estimate(ctx, c)
		var refused *pgconn.PgError
		if err != nil && (!errors.As(err, &refused) || refused.SeverityUnlocalized != "ERROR") {
			e.lost = fmt.Errorf("estimating how many rows of table %s match: %w", pgsql.QualifiedIdent(c.Schema, c.Table), err)
		}
		return rows, ok && err == nil
	}
	return e
}

// stopped adds the finding about a statement after which nothing can run: PostgreSQL rejected it, or it exceeded a
// limit for which the connection is closed. Other errors are returned.
func (r *Report) stopped(err error) error {
	failed, other := refused(err)
	if errors.As(err, new(*devdb.LimitError)) && errors.As(err, &failed) {
		other = nil
	}
	if other == nil {
		r.addFailure(failed)
	}
	return other
}

func (r *Report) addFailure(e *runner.StmtError) {
	_, text, _ := strings.Cut(e.Error(), ": ")
	r.fixed(Policy{}, e.File, Diagnostic{
		Pos: e.Pos.Offset, Line: e.Pos.Line, Col: e.Pos.Col, Name: "migration-fails", Text: text,
	})
}

// file returns the report on a file, and adds it if needed.
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

// finish sorts the findings and determines which files pass.
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
			if (a.Line == 0) != (b.Line == 0) { // findings about the whole file come first
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
