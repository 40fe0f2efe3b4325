package report

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas-go-sdk/atlasexec"
	"ariga.io/atlas/sql/migrate"

	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// What the Atlas CLI writes when there is no version.
const (
	noCurrent = "No migration applied yet"
	noNext    = "Already at latest version"
)

// status is atlasexec.MigrateStatus with our fields.
type status struct {
	atlasexec.MigrateStatus
	Env       *atlasexec.Env          `json:"Env,omitempty"` // nil if no database was read
	Available []migrationFile         `json:"Available,omitempty"`
	Pending   []migrationFile         `json:"Pending,omitempty"`
	Waiting   []migrationFile         `json:"Waiting,omitempty"` // the last of Pending, which apply doesn't run without -contract: the first is a contract
	Ready     *bool                   `json:"Ready,omitempty"`   // whether status -ready exits 0; nil if no database was read
	Version   string                  `json:"Version"`           // of the last migration that is fully applied, empty at the base
	Revision  []string                `json:"Revision"`          // alembic_version's rows
	Ahead     []string                `json:"Ahead,omitempty"`   // applied versions later than the last file
	Partial   *partial                `json:"Partial,omitempty"` // the migration that is half applied or half reverted
	Settle    string                  `json:"Settle,omitempty"`  // what the next apply repairs in the record
	Problems  []*revision.Problem     `json:"Problems,omitempty"`
	Sum       string                  `json:"Sum,omitempty"` // what is wrong with the checksums
	Invalid   []migrator.InvalidIndex `json:"Invalid,omitempty"`
	// Checkpoint is the version of the checkpoint that the database started from. Checkpoints lists all, in a history.
	Checkpoint  string          `json:"Checkpoint,omitempty"`
	Checkpoints []migrationFile `json:"Checkpoints,omitempty"`
}

type partial struct {
	migrationFile
	Reverting bool // half reverted; Done and Total are of its down file
	Done      int
	Total     int
	Batch     *halfBatch `json:",omitempty"` // of the next statement, if its batches have begun
}

// halfBatch says how far a statement's batches have come.
type halfBatch struct {
	Pass    int    // over the table, from 1
	Changed int64  // rows
	Next    string // where they go on
}

// Status shows which version a database is at, and returns a *FindingsError if more than pending migrations keeps it
// from head. With ready, pending migrations that apply would run do too.
func (p *Printer) Status(st *migrator.Status, ready bool) error {
	var err error
	if p.Format == JSON {
		err = p.Out.json(p.status(st))
	} else {
		err = p.statusText(st)
	}
	switch {
	case err != nil:
		return err
	case !st.Clean():
		return &FindingsError{Text: "the database or the directory needs attention", Shown: true}
	case ready && !st.Ready():
		return &FindingsError{Text: string(countPending(len(st.Pending)-len(st.Waiting)) + " pending"), Shown: true}
	}
	return nil
}

func (p *Printer) statusText(st *migrator.Status) error {
	s := p.Out.style
	var b page
	pending := st.Pending
	if p.Database.Config != nil {
		b.put(s.faint(p.Database.text()), "\n")
	}
	b.put("At ", s.strong(line(at(st))))
	switch {
	case st.BySchema || unknown(st) || uncertain(st): // what is pending is unknown too
		pending = nil
	case len(st.Ahead) > 0:
		b.printf(", ahead of this project by %s, up to %s", plural(len(st.Ahead), "migration"), st.Ahead[len(st.Ahead)-1])
	case len(st.Files) == 0:
		b.put(": there are no migrations yet")
	case st.Reverting:
	case len(st.Pending) == 0:
		b.put(", the head: nothing is pending")
	default:
		b.printf("; %s pending:", countPending(len(st.Pending)))
	}
	b.put("\n")
	for _, f := range pending {
		b.printf("  %s%s\n", fileTitle(f), contractMark(f))
	}
	if waiting := st.Waiting; len(waiting) > 0 && len(pending) > 0 {
		b.put(s.warn("contract pending"), sprintf(": `apply` stops before %s; %s\n", fileTitle(waiting[0]), goOn(waiting)))
	}
	if f := st.Partial; f != nil {
		what, next, stmts := safe("half applied"), "apply", f.Stmts
		if st.Reverting {
			what, next, stmts = "half reverted", "down", nil
			if f.Down != nil {
				stmts = f.Down.Stmts
			}
		}
		begun, where := "", ""
		if rest, ok := runner.Rest(stmts, st.Done); ok && len(rest) > 0 && rest[0].Mode == runner.MayCommit {
			begun = ", and the next, which commits on its own, may have run in part"
		}
		if n := st.Batch; n != nil {
			begun, where = fmt.Sprintf(", and batches of the next have changed %s rows", words.Thousands(n.Changed)), " "+n.Where()
		}
		if st.Unbegun {
			where += ", or `down` reverts it"
		}
		b.printf("%s: %s: %d of %d statements have run%s; `%s` resumes it%s\n", s.bad(what), f.Name, st.Done, st.Total, begun, next, where)
		if st.Error != "" {
			b.put("  error: ", lines(pgsql.MaskMessage(st.Error, st.ErrorStmt), "  "), "\n")
		}
		if st.ErrorStmt != "" {
			b.printf("  statement: %s\n", firstLine(st.ErrorStmt))
		}
	}
	if st.Settle != "" {
		b.put(s.warn("the next apply repairs the record"), ": ", lines(st.Settle, "  "), "\n")
	}
	for _, problem := range st.Problems {
		b.put(s.bad(line(string(problem.Kind))), ": ", lines(problem.Text, "  "), "\n")
	}
	if st.Sum != nil {
		b.put(s.bad("checksums"), ": ", lines(st.Sum.Error(), "  "), "\n")
	}
	for _, ix := range st.Invalid {
		invalid := s.bad(sprintf("INVALID index %s", ix.Name))
		switch {
		case len(ix.Lacking) > 0:
			b.printf("%s on %s lacks its part on %s: build each concurrently, and attach it\n", invalid, ix.Table, someOf(ix.Lacking))
		case ix.Part != "":
			b.printf("%s on %s has its part on every partition: attach %s again, or, if it stays INVALID, replace it with another index\n", invalid, ix.Table, ix.Part)
		case ix.Partitioned:
			b.printf("%s on %s, which has no partitions: drop it, and create it again\n", invalid, ix.Table)
		case ix.Building != 0:
			b.printf("index %s on %s is being built by pid %d\n", ix.Name, ix.Table, ix.Building)
		default:
			b.printf("%s on %s, left by an interrupted build%s\n", invalid, ix.Table, next(ix.Next))
		}
	}
	return p.page(&b)
}

// contractMark marks contract files in lists.
func contractMark(f *migration.File) safe {
	if f.Contract {
		return " (contract)"
	}
	return ""
}

// someOf lists at most three names.
func someOf(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// next says what happens to an INVALID index.
func next(n migrator.Next) safe {
	switch n {
	case migrator.NextBuild:
		return ": the next apply rebuilds it"
	case migrator.NextDrop:
		return ": REINDEX left it, and the next apply drops it"
	case migrator.NextKeep:
		return ": no migration creates it, so drop it, or rebuild it with REINDEX INDEX CONCURRENTLY"
	}
	return ""
}

// at names the migration that the database is at.
func at(st *migrator.Status) string {
	where := "the base"
	switch {
	case st.Index >= 0:
		where = fileTitle(st.Files[st.Index])
	case unknown(st):
		return "an unknown revision"
	}
	switch {
	case st.BySchema:
		where += ", judging by its schema"
	case uncertain(st):
		where += ", judging by the journal"
	}
	return where
}

// unknown reports whether the record names a revision that the directory doesn't have, and the schema doesn't tell
// either.
func unknown(st *migrator.Status) bool {
	return st.Index < 0 && !st.BySchema && slices.ContainsFunc(st.Problems, func(p *revision.Problem) bool { return p.Kind == revision.Unknown })
}

// uncertain reports whether alembic_version doesn't say the same as the journal, and the schema doesn't decide.
func uncertain(st *migrator.Status) bool {
	return len(st.Journal) > 0 && slices.ContainsFunc(st.Problems, func(p *revision.Problem) bool {
		return p.Kind == revision.Unknown || p.Kind == revision.Branches || p.Kind == revision.Disagree
	})
}

func countPending(n int) safe {
	if n == 1 {
		return "1 migration is"
	}
	return sprintf("%d migrations are", n)
}

func (p *Printer) status(st *migrator.Status) status {
	env := p.env()
	out := status{
		Env: &env, Available: migrationFiles(st.Files), Pending: migrationFiles(st.Pending),
		Waiting: migrationFiles(st.Waiting), Ready: new(st.Ready()),
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
		if n := st.Batch; n != nil {
			out.Partial.Batch = &halfBatch{n.Pass, n.Changed, n.Where()}
		}
		sdk.Error, sdk.SQL = pgsql.MaskMessage(st.Error, st.ErrorStmt), pgsql.Mask(st.ErrorStmt)
		if !st.Reverting { // the Atlas CLI's current version
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

// History shows the migrations and checkpoints in order, and which one the database is at. st is nil if no database was
// read. sum is what is wrong with the checksums, if anything.
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
	here := 0 // how many files come up to the database's version
	journal := map[string]*migrate.Revision{}
	if st != nil {
		here = st.Index + 1
		for _, r := range st.Journal {
			journal[r.Version] = r
		}
	}
	head := []safe{"VERSION", "REVISION ID", "NAME"}
	if st != nil {
		head = append(head, "STATE (UTC)")
	}
	if len(files) > 0 {
		rows = append(rows, head)
	}
	for i, f := range files {
		row := []safe{line(f.Version), line(f.Revision), line(f.Desc) + contractMark(f)}
		if st != nil {
			row = append(row, fate(st, i, journal[f.Version]))
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
			b.printf("  %s  applied, but not in this directory\n", v)
		}
		for _, problem := range st.Problems {
			b.put(p.Out.style.bad(line(string(problem.Kind))), ": ", lines(problem.Text, "  "), "\n")
		}
	}
	if sum != nil {
		b.put(p.Out.style.bad("checksums"), ": ", lines(sum.Error(), "  "), "\n")
	}
	return p.page(&b)
}

// fate returns what happened to the migration at an index.
func fate(st *migrator.Status, i int, row *migrate.Revision) safe {
	switch {
	case st.Partial != nil && st.Files[i] == st.Partial && st.Reverting:
		return sprintf("half reverted (%d of %d)", st.Done, st.Total)
	case st.Partial != nil && st.Files[i] == st.Partial:
		return sprintf("half applied (%d of %d)", st.Done, st.Total)
	case unknown(st):
		return "unknown"
	case i > st.Index:
		return "pending"
	case st.BySchema:
		return "inferred from the schema"
	case st.Checkpoint != nil && i <= st.Checkpoint.Through:
		return sprintf("replaced by checkpoint %s", st.Checkpoint.Version)
	case row == nil:
		return "applied"
	case row.Type.Has(migrate.RevisionTypeResolved):
		return sprintf("recorded %s", row.ExecutedAt.UTC().Format("2006-01-02 15:04"))
	}
	return sprintf("applied %s in %s", row.ExecutedAt.UTC().Format("2006-01-02 15:04"), short(row.ExecutionTime))
}
