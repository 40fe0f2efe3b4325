package report

import (
	"slices"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// What the Atlas CLI writes where there is no version.
const (
	noCurrent = "No migration applied yet"
	noNext    = "Already at latest version"
)

// status is atlasexec.MigrateStatus with what is ours.
type status struct {
	atlasexec.MigrateStatus
	Env       *atlasexec.Env          `json:"Env,omitempty"` // nil where no database was looked at
	Available []migrationFile         `json:"Available,omitempty"`
	Pending   []migrationFile         `json:"Pending,omitempty"`
	Version   string                  `json:"Version"`           // of the last migration that is applied to its end, empty at the base
	Revision  []string                `json:"Revision"`          // alembic_version's rows
	Ahead     []string                `json:"Ahead,omitempty"`   // applied versions later than the last file
	Partial   *partial                `json:"Partial,omitempty"` // the migration that is half applied or half taken back
	Settle    string                  `json:"Settle,omitempty"`  // what the next apply settles in the record
	Problems  []*revision.Problem     `json:"Problems,omitempty"`
	Sum       string                  `json:"Sum,omitempty"` // what is wrong with the sums
	Invalid   []migrator.InvalidIndex `json:"Invalid,omitempty"`
	// Checkpoint is the version of the one that the database started from, Checkpoints are all
	// (in a history).
	Checkpoint  string          `json:"Checkpoint,omitempty"`
	Checkpoints []migrationFile `json:"Checkpoints,omitempty"`
}

type partial struct {
	migrationFile
	Reverting bool // half taken back; Done and Total are of its down file
	Done      int
	Total     int
}

// Status shows where a database stands. The error is a *FindingsError if more than pending
// migrations keeps it from head.
func (p *Printer) Status(st *migrator.Status) error {
	var err error
	if p.Format == JSON {
		err = p.Out.json(p.status(st))
	} else {
		err = p.statusText(st)
	}
	if err != nil || st.Clean() {
		return err
	}
	return &FindingsError{"the database or the directory needs attention"}
}

func (p *Printer) statusText(st *migrator.Status) error {
	s := p.Out.style
	var b page
	pending := st.Pending
	b.put("At ", s.strong(line(at(st))))
	switch {
	case st.BySchema || unknown(st): // what is pending is not known either
		pending = nil
	case len(st.Ahead) > 0:
		b.printf(", and ahead: it has %s later than the last one here, up to %s", plural(len(st.Ahead), "migration"), st.Ahead[len(st.Ahead)-1])
	case len(st.Files) == 0:
		b.put(": there are no migrations yet")
	case st.Reverting:
	case len(st.Pending) == 0:
		b.put(", the head: nothing is pending")
	default:
		b.printf("; %s pending:", isAre(len(st.Pending)))
	}
	b.put("\n")
	for _, f := range pending {
		b.printf("  %s\n", fileTitle(f))
	}
	if f := st.Partial; f != nil {
		what, next, stmts := safe("half applied"), "apply", f.Stmts
		if st.Reverting {
			what, next, stmts = "half taken back", "down", nil
			if f.Down != nil {
				stmts = f.Down.Stmts
			}
		}
		begun := ""
		if st.Done < len(stmts) && runner.Cut(stmts, true)[st.Done].Mode == runner.MayCommit {
			begun = ", and the next, which commits by itself, may have in part"
		}
		b.printf("%s: %s, %d of %d statements have run%s; %s goes on with it\n", s.bad(what), f.Name, st.Done, st.Total, begun, next)
		if st.Error != "" {
			b.put("  it stopped with: ", lines(pgsql.MaskMessage(st.Error, st.ErrorStmt), "  "), "\n")
		}
		if st.ErrorStmt != "" {
			b.printf("  at: %s\n", firstLine(st.ErrorStmt))
		}
	}
	if st.Settle != "" {
		b.put(s.warn("the next apply settles the record"), ": ", lines(st.Settle, "  "), "\n")
	}
	for _, problem := range st.Problems {
		b.put(s.bad(line(string(problem.Kind))), ": ", lines(problem.Text, "  "), "\n")
	}
	if st.Sum != nil {
		b.put(s.bad("sums"), ": ", lines(st.Sum.Error(), "  "), "\n")
	}
	for _, ix := range st.Invalid {
		if ix.Building != 0 {
			b.printf("index %s on %s is being built by pid %d\n", ix.Name, ix.Table, ix.Building)
		} else {
			b.printf("%s on %s, left by an interrupted build%s\n", s.bad(sprintf("INVALID index %s", ix.Name)), ix.Table, next(ix.Next))
		}
	}
	return p.page(&b)
}

// next says what becomes of an INVALID index.
func next(n migrator.Next) safe {
	switch n {
	case migrator.NextBuild:
		return ": the next apply builds it again"
	case migrator.NextDrop:
		return ": REINDEX has left it, and the next apply drops it"
	case migrator.NextKeep:
		return ": no migration makes it, so drop it or build it again by REINDEX INDEX CONCURRENTLY"
	}
	return ""
}

// at says where the database is: version, revision id and name.
func at(st *migrator.Status) string {
	where := "the base"
	switch {
	case st.Index >= 0:
		where = fileTitle(st.Files[st.Index])
	case unknown(st):
		return "an unknown revision"
	}
	if st.BySchema {
		where += " by its schema"
	}
	return where
}

// unknown reports whether the record says what the directory doesn't know, and nothing tells
// where the database is.
func unknown(st *migrator.Status) bool {
	return st.Index < 0 && !st.BySchema && slices.ContainsFunc(st.Problems, func(p *revision.Problem) bool { return p.Kind == revision.Unknown })
}

func isAre(n int) safe {
	if n == 1 {
		return "1 migration is"
	}
	return sprintf("%d migrations are", n)
}

func (p *Printer) status(st *migrator.Status) status {
	env := p.env()
	out := status{
		Env: &env, Available: migrationFiles(st.Files), Pending: migrationFiles(st.Pending),
		Version: st.Current, Revision: st.Alembic, Ahead: st.Ahead, Settle: pgsql.Redact(st.Settle),
		Problems: st.Problems, Invalid: st.Invalid, Sum: errorText(st.Sum),
	}
	if st.Checkpoint != nil {
		out.Checkpoint = st.Checkpoint.Version
	}
	sdk := &out.MigrateStatus
	sdk.Current, sdk.Next, sdk.Status = st.Current, noNext, "OK"
	if n := len(st.Ahead); n > 0 {
		sdk.Current = st.Ahead[n-1]
	}
	if f := st.Partial; f != nil {
		out.Partial = &partial{migrationFile: newMigrationFile(f), Reverting: st.Reverting, Done: st.Done, Total: st.Total}
		sdk.Error, sdk.SQL = pgsql.MaskMessage(st.Error, st.ErrorStmt), pgsql.Mask(st.ErrorStmt)
		if !st.Reverting { // to the Atlas CLI, that is the current one
			sdk.Current, sdk.Count, sdk.Total = f.Version, st.Done, st.Total
		}
	}
	if sdk.Current == "" {
		sdk.Current = noCurrent
	}
	if len(st.Pending) > 0 {
		sdk.Next, sdk.Status = st.Pending[0].Version, "PENDING"
	}
	for _, r := range st.Journal {
		sdk.Applied = append(sdk.Applied, journalRow(r))
	}
	return out
}

func journalRow(r *migrate.Revision) *atlasexec.Revision {
	return &atlasexec.Revision{
		Version: r.Version, Description: r.Description, Type: r.Type.String(), Applied: r.Applied, Total: r.Total,
		ExecutedAt: r.ExecutedAt, ExecutionTime: r.ExecutionTime, Error: pgsql.MaskMessage(r.Error, r.ErrorStmt), ErrorStmt: pgsql.Mask(r.ErrorStmt),
		OperatorVersion: r.OperatorVersion,
	}
}

// History shows the migrations and checkpoints in order, and where the database stands
// among them; st is nil where there is none to look at. sum is what is wrong with the sums.
func (p *Printer) History(files []*migration.File, checkpoints []*migration.Checkpoint, sum error, st *migrator.Status) error {
	if p.Format == JSON {
		if st == nil {
			var out status
			out.Available, out.Checkpoints, out.Sum = migrationFiles(files), checkpointFiles(checkpoints), errorText(sum)
			return p.Out.json(out)
		}
		out := p.status(st)
		out.Checkpoints = checkpointFiles(checkpoints)
		return p.Out.json(out)
	}
	var rows [][]safe
	here := 0 // the line after which the database stands
	journal := map[string]*migrate.Revision{}
	if st != nil {
		here = st.Index + 1
		for _, r := range st.Journal {
			journal[r.Version] = r
		}
	}
	for i, f := range files {
		row := []safe{line(f.Version), line(f.Revision), line(f.Desc)}
		if st != nil {
			row = append(row, became(st, i, journal[f.Version]))
		}
		rows = append(rows, row)
		for _, c := range checkpoints {
			if c.Through == i {
				rows = append(rows, checkpointRow(c, st))
			}
		}
	}
	var b page
	for i, row := range align(rows) {
		mark := safe("  ")
		if st != nil && here > 0 && rows[i][0] == line(files[here-1].Version) {
			mark, row = "> ", p.Out.style.strong(row)
		}
		b.put(mark, row, "\n")
	}
	switch {
	case len(files) == 0:
		b.put("There are no migrations yet.\n")
	case st != nil && st.Index < 0 && !unknown(st):
		b.put("The database is at the base.\n")
	}
	if st != nil {
		for _, v := range st.Ahead {
			b.printf("  %s  applied, and not in this directory\n", v)
		}
		for _, problem := range st.Problems {
			b.put(p.Out.style.bad(line(string(problem.Kind))), ": ", lines(problem.Text, "  "), "\n")
		}
	}
	if sum != nil {
		b.put(p.Out.style.bad("sums"), ": ", lines(sum.Error(), "  "), "\n")
	}
	return p.page(&b)
}

// became is what became of the migration at an index.
func became(st *migrator.Status, i int, row *migrate.Revision) safe {
	switch {
	case st.Partial != nil && st.Files[i] == st.Partial && st.Reverting:
		return sprintf("half taken back (%d of %d)", st.Done, st.Total)
	case st.Partial != nil && st.Files[i] == st.Partial:
		return sprintf("half applied (%d of %d)", st.Done, st.Total)
	case unknown(st):
		return "unknown"
	case i > st.Index:
		return "pending"
	case st.BySchema:
		return "by the schema"
	case st.Checkpoint != nil && i <= st.Checkpoint.Through:
		return sprintf("by the checkpoint %s", st.Checkpoint.Version)
	case row == nil:
		return "applied"
	case row.Type.Has(migrate.RevisionTypeResolved):
		return sprintf("recorded %s", row.ExecutedAt.UTC().Format("2006-01-02 15:04"))
	}
	return sprintf("applied %s in %s", row.ExecutedAt.UTC().Format("2006-01-02 15:04"), short(row.ExecutionTime))
}
