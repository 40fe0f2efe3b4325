package history

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A CheckpointPlan is a checkpoint to be written.
type CheckpointPlan struct {
	*plan.Plan          // one file; none if the directory already ends with a checkpoint
	Through    string   // name of the last migration that it replaces
	Migrations int      // how many it replaces
	DataOnly   []string // names of those that change no schema, whose work a database that starts from the checkpoint lacks
	Rows       []string // tables with rows after the replay, which the checkpoint leaves empty
}

// ErrNoMigrations is Checkpoint's error for an empty directory.
var ErrNoMigrations = errors.New("there are no migrations to make a checkpoint from")

// A CheckpointError is a checkpoint that does not produce the schema of the migrations before it.
type CheckpointError struct {
	Name        string               // the file's
	Err         error                // the failure, a *runner.StmtError for a statement; or
	Differences []catalog.Difference // from the schema of the migrations; or
	Misread     string               // how Atlas's own CLI would misread the file
	NoDump      error                // why pg_dump didn't write the file, nil if it did
}

func (e *CheckpointError) Error() string {
	var b strings.Builder
	var stmt *runner.StmtError
	switch {
	case errors.As(e.Err, &stmt):
		fmt.Fprintf(&b, "nothing was written: the checkpoint fails: %s\n  in: %s", stmt.Reason(), strings.ReplaceAll(pgsql.Mask(stmt.Stmt), "\n", "\n      "))
	case e.Err != nil:
		fmt.Fprintf(&b, "nothing was written: the checkpoint cannot be made: %v", e.Err)
	case e.Misread != "":
		fmt.Fprintf(&b, "nothing was written: %s", e.Misread)
	default:
		b.WriteString("nothing was written: the checkpoint does not produce the schema of the migrations:")
		for _, d := range e.Differences {
			b.WriteString("\n  " + d.Text)
		}
	}
	if e.NoDump != nil {
		fmt.Fprintf(&b, "\npg_dump would write a complete checkpoint, but it cannot be used: %v", e.NoDump)
	}
	return b.String()
}

func (e *CheckpointError) Unwrap() error { return e.Err }

// Checkpoint makes a file that creates the schema of all migrations in an empty database, and proves it: its catalog
// equals that of the replay. It writes nothing. cfg.Name defaults to "checkpoint".
//
// The error is a *usage.Error for a name, a *migration.SumError, a *runner.StmtError for a migration that fails,
// ErrNoMigrations, or a *CheckpointError.
func Checkpoint(ctx context.Context, cfg plan.Config) (*CheckpointPlan, error) {
	if cfg.Name == "" {
		cfg.Name = "checkpoint"
	}
	if err := plan.CheckName(cfg.Name); err != nil {
		return nil, err
	}
	if err := cfg.Dir.Verify(); err != nil {
		return nil, err
	}
	files := cfg.Dir.Files()
	last := len(files) - 1
	if last < 0 {
		return nil, ErrNoMigrations
	}
	p := &CheckpointPlan{Plan: plan.To(cfg.Dir), Through: files[last].Name, Migrations: len(files)}
	if all := cfg.Dir.Checkpoints(); len(all) > 0 && all[len(all)-1].Through == last {
		return p, nil
	}
	version := migration.NextVersion(cfg.Dir, cfg.Time(), 0)
	f := plan.File{Version: version}
	f.Name = version + "_" + cfg.Name + ".sql"
	made, err := makeCheckpoint(ctx, cfg, f.Name, last)
	if err != nil {
		return nil, err
	}
	f.SQL, f.Effect = made.sql, made.effect
	f.Draft.Effect = f.Effect.String()
	f.Down = checkpointDown
	p.Files = []plan.File{f}
	p.DataOnly, p.Rows = made.dataOnly, made.rows
	return p, nil
}

const checkpointDown = "-- alembic:down none a checkpoint replaces all migrations before it, and a database that starts from it never ran them\n\n"

// madeCheckpoint is the result of makeCheckpoint.
type madeCheckpoint struct {
	sql      string
	effect   catalog.Effect
	dataOnly []string
	rows     []string
}

// makeCheckpoint makes and proves the checkpoint called name of the files up to index through.
func makeCheckpoint(ctx context.Context, cfg plan.Config, name string, through int) (*madeCheckpoint, error) {
	replayed, err := state.Replay(ctx, cfg.Server, cfg.Dir, through, cfg.Options)
	if err != nil {
		return nil, err
	}
	defer replayed.Close()
	made := &madeCheckpoint{}
	for _, f := range cfg.Dir.Files()[:through+1] {
		e, err := catalog.EffectOf(f)
		if err == nil && len(e.Add) == 0 && len(e.Remove) == 0 && len(f.Stmts) > 0 {
			made.dataOnly = append(made.dataOnly, f.Name)
		}
	}
	if made.rows, err = replayed.FilledTables(ctx); err != nil {
		return nil, err
	}
	body, noDump, err := replayed.Dump(ctx)
	if err != nil {
		return nil, &CheckpointError{Name: name, Err: err, NoDump: noDump}
	}
	made.sql = checkpointHead(cfg.Dir.Files()[through].Name, through+1, made) + body

	stmts, err := pgsql.Split(made.sql)
	if err != nil {
		return nil, fmt.Errorf("reading the checkpoint %s: %w", name, err)
	}
	if m, ok := (&migration.File{Name: name, SQL: made.sql, Stmts: stmts}).Misread(); ok {
		return nil, &CheckpointError{Name: name, Misread: m.Msg, NoDump: noDump}
	}
	effect, have, err := proof.RunCheckpoint(ctx, cfg.Base, &migration.File{Name: name, SQL: made.sql, Stmts: stmts})
	if err != nil {
		var stmt *runner.StmtError
		if errors.As(err, &stmt) {
			return nil, &CheckpointError{Name: name, Err: stmt, NoDump: noDump}
		}
		return nil, err
	}
	if !have.Equal(replayed.Catalog) {
		return nil, &CheckpointError{Name: name, Differences: catalog.Diff(replayed.Catalog, have), NoDump: noDump}
	}
	made.effect = effect
	return made, nil
}

// checkpointHead returns the head of a checkpoint: the directive that Atlas reads, and what a reader must know.
func checkpointHead(through string, n int, made *madeCheckpoint) string {
	var b strings.Builder
	b.WriteString("-- atlas:checkpoint\n\n")
	migrations := fmt.Sprintf("the %d migrations", n)
	if n == 1 {
		migrations = "the migration"
	}
	fmt.Fprintf(&b, "-- The schema of %s up to %s,\n-- for empty databases; one that has run any of them never runs this.\n-- It holds no rows: what the migrations do to data is not in it.\n-- Written by checkpoint, not by hand.\n", migrations, strings.TrimPrefix(pgsql.LineComment(through), "-- "))
	list := func(head string, names []string) {
		if len(names) == 0 {
			return
		}
		b.WriteString("--\n-- " + head + "\n")
		for _, n := range names {
			b.WriteString(pgsql.LineComment("  "+n) + "\n")
		}
	}
	list("These migrations change no schema, so nothing that they do is in it:", made.dataOnly)
	list("These tables have rows after the migrations, and none after this file:", made.rows)
	b.WriteString("\n" + state.DumpSettings)
	return b.String()
}
