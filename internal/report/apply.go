package report

import (
	"errors"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas-go-sdk/atlasexec"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// applied is atlasexec.MigrateApply with our fields.
type applied struct {
	atlasexec.MigrateApply
	Pending  []migrationFile `json:"Pending,omitempty"`
	Applied  []*fileRun      `json:"Applied,omitempty"`
	Revision string          `json:"Revision"`          // of alembic_version now, empty for no row
	Settled  string          `json:"Settled,omitempty"` // how the record was repaired first
	Rebuilt  []string        `json:"Rebuilt,omitempty"` // INVALID indexes that were rebuilt
	Ahead    []string        `json:"Ahead,omitempty"`   // applied versions later than the last file
	Script   string          `json:"Script,omitempty"`  // of a dry run
	// Drift is how the database differed from its version before the files ran.
	Drift []catalog.Difference `json:"Drift,omitempty"`
	// Waiting are the pending migrations before the first of which, a contract, apply stopped. Passed are the contracts
	// that it was told not to stop before.
	Waiting []migrationFile `json:"Waiting,omitempty"`
	Passed  []migrationFile `json:"Passed,omitempty"`
}

// reverted is atlasexec.MigrateDown with our fields. URL and Status are for Atlas Cloud only and stay empty.
type reverted struct {
	atlasexec.MigrateDown
	Planned  []migrationFile `json:"Planned,omitempty"`
	Reverted []*fileRun      `json:"Reverted,omitempty"`
	Env      atlasexec.Env   `json:"Env"`
	Revision string          `json:"Revision"`          // of alembic_version now, empty for no row
	Settled  string          `json:"Settled,omitempty"` // how the record was repaired first
	Losses   []migrator.Loss `json:"Losses,omitempty"`  // the data that is lost
	Script   string          `json:"Script,omitempty"`  // of a dry run
}

// migrationFile is atlasexec.File with the revision id.
type migrationFile struct {
	atlasexec.File
	Revision string `json:"Revision"`
	Contract bool   `json:"Contract,omitempty"` // apply stops before it
}

// fileRun is atlasexec.AppliedFile with our fields. atlasexec.RevertedFile has the same fields except Scope.
type fileRun struct {
	migrationFile
	Start   time.Time
	End     time.Time
	Skipped int
	Applied []string
	Error   *runError
}

// runError is the SDK's unnamed type for a statement that failed, with its position and SQLSTATE.
type runError struct {
	Stmt   string
	Text   string
	Code   string `json:"Code,omitempty"`
	File   string `json:"File,omitempty"`
	Line   int    `json:"Line,omitempty"`
	Column int    `json:"Column,omitempty"`
}

// Run shows what apply or down did, also when it failed, and returns the error that it ended with, if any.
func (p *Printer) Run(r *migrator.Result, failed error) error {
	if ExitCode(failed) == ExitUsage {
		return failed
	}
	var err error
	switch {
	case p.Format != JSON:
		err = p.runText(r, failed)
	case r.Down:
		err = p.Out.json(p.reverted(r, failed))
	default:
		err = p.Out.json(p.applied(r, failed))
	}
	if failed != nil {
		return failed
	}
	return err
}

func (p *Printer) runText(r *migrator.Result, failed error) error {
	var b page
	var ran, run safe = "Applied", "apply"
	if r.Down {
		ran, run = "Reverted", "revert"
	}
	at := versionName(r.Target, r.Revision)
	switch {
	case failed != nil:
		if n := done(r.Ran); n > 0 && !errors.As(failed, new(*migrator.OutcomeError)) {
			b.printf("%s %d of %s: the database is at %s.\n", ran, n, plural(len(r.Planned), "migration"), versionName(reached(r, n), r.Revision))
		}
	case len(r.Ahead) > 0:
		b.printf("Nothing to apply: the database is ahead of this project by %s, up to %s.\n",
			plural(len(r.Ahead), "migration"), r.Ahead[len(r.Ahead)-1])
	case r.Script != "":
		for _, l := range r.Losses {
			b.printf("-- This loses %s.\n", oneLine(l.String()))
		}
		if len(r.Waiting) > 0 {
			b.put("-- ", stopped(r.Waiting))
		}
		return p.Out.exact("the script", string(b.safe())+r.Script)
	case len(r.Planned) == 0 && len(r.Waiting) > 0:
	case len(r.Planned) == 0:
		b.printf("Nothing to %s: the database is at %s.\n", run, at)
	default:
		b.printf("%s %s in %s: the database is at %s.\n", p.Out.style.good(ran),
			plural(len(r.Ran), "migration"), short(r.End.Sub(r.Start)), at)
		for _, l := range r.Losses {
			b.put(p.Out.style.warn(sprintf("lost %s", l)), "\n")
		}
	}
	if failed == nil {
		for _, f := range r.Passed {
			b.printf("Passed the contract %s.\n", fileTitle(f))
		}
		if len(r.Waiting) > 0 {
			b.put(stopped(r.Waiting))
		}
	}
	if len(r.Rebuilt) > 0 {
		b.printf("Rebuilt index %s.\n", strings.Join(r.Rebuilt, ", "))
	}
	return p.page(&b)
}

// stopped says that apply stops before the first of the files, a contract.
func stopped(waiting []*migration.File) safe {
	return sprintf("Stopped before the contract %s: %s.\n", fileTitle(waiting[0]), goOn(waiting))
}

// goOn says how the files run before the first of which, a contract, apply stops.
func goOn(waiting []*migration.File) safe {
	after := safe("")
	switch n := len(waiting) - 1; {
	case n == 1:
		after = " and the migration after it"
	case n > 1:
		after = sprintf(" and the %d migrations after it", n)
	}
	return "when no running application needs what it removes, `apply -contract` runs it" + after
}

// reached returns the version of the database after the first n planned files, "" at the base.
func reached(r *migrator.Result, n int) string {
	switch {
	case !r.Down:
		return r.Ran[n-1].File.Version
	case n < len(r.Planned):
		return r.Planned[n].Version
	}
	return r.Target
}

// done counts the files that ran to the end.
func done(runs []*migrator.FileRun) int {
	n := 0
	for n < len(runs) && runs[n].Done {
		n++
	}
	return n
}

// versionName names a version and its revision id, or the base.
func versionName(version, revision string) string {
	switch {
	case version == "":
		return "the base"
	case revision == "" || revision == version:
		return version
	}
	return version + " (" + revision + ")"
}

func (p *Printer) applied(r *migrator.Result, failed error) applied {
	return applied{
		MigrateApply: atlasexec.MigrateApply{
			Env: p.env(), Current: r.Current, Target: r.Target, Start: r.Start, End: r.End, Error: errorText(failed),
		},
		Pending: migrationFiles(r.Planned), Applied: fileRuns(r.Ran, failed),
		Revision: r.Revision, Settled: pgsql.Redact(r.Settled), Rebuilt: r.Rebuilt, Ahead: r.Ahead, Script: r.Script, Drift: differences(r.Drift),
		Waiting: migrationFiles(r.Waiting), Passed: migrationFiles(r.Passed),
	}
}

func (p *Printer) reverted(r *migrator.Result, failed error) reverted {
	return reverted{
		MigrateDown: atlasexec.MigrateDown{
			Current: r.Current, Target: r.Target, Total: len(r.Planned), Start: r.Start, End: r.End, Error: errorText(failed),
		},
		Planned: migrationFiles(r.Planned), Reverted: fileRuns(r.Ran, failed), Env: p.env(),
		Revision: r.Revision, Settled: pgsql.Redact(r.Settled), Losses: r.Losses, Script: r.Script,
	}
}

// errorText returns an error's text for JSON.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return pgsql.Redact(err.Error())
}

func newMigrationFile(f *migration.File) migrationFile {
	return migrationFile{
		File:     atlasexec.File{Name: f.Name, Version: f.Version, Description: f.Desc},
		Revision: f.Revision, Contract: f.Contract,
	}
}

func migrationFiles(files []*migration.File) []migrationFile {
	var out []migrationFile
	for _, f := range files {
		out = append(out, newMigrationFile(f))
	}
	return out
}

// fileRuns shows the runs. The last may have ended with an error that isn't a statement's.
func fileRuns(runs []*migrator.FileRun, failed error) []*fileRun {
	var out []*fileRun
	for _, r := range runs {
		f := &fileRun{
			migrationFile: newMigrationFile(r.File),
			Start:         r.Start, End: r.End, Skipped: r.Skipped, Applied: slices.Clone(r.Applied),
		}
		for i, sql := range f.Applied {
			f.Applied[i] = pgsql.Mask(sql)
		}
		if e := r.Err; e != nil {
			f.Error = &runError{Stmt: pgsql.Mask(e.Stmt), Text: e.Err.Error(), File: e.File, Line: e.Pos.Line, Column: e.Pos.Col}
			var pg *pgconn.PgError
			if errors.As(e.Err, &pg) {
				f.Error.Text, f.Error.Code = pg.Message, pg.Code
			}
			f.Error.Text = pgsql.MaskMessage(f.Error.Text, e.Stmt)
		} else if !r.Done {
			f.Error = &runError{Text: errorText(failed)}
		}
		out = append(out, f)
	}
	return out
}
