package onboard

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// BaselineConfig says which database becomes which project.
type BaselineConfig struct {
	// Base is the project, without migrations. Its Schema is nil if there is no schema file. Its Server isn't used.
	proof.Base
	Live *migrator.Migrator
	// Start starts the throwaway server.
	Start func(context.Context) (*devdb.Server, error)
	// Root is the project's folder, in which Base.SchemaName is; MigrationsDir is that of Base.Dir.
	Root, MigrationsDir string
	// Revision is the first migration's revision id, by default its version.
	Revision string
	Now      time.Time
}

// Baselined is the project that a database became.
type Baselined struct {
	Name, Version, Revision string                // of the first migration
	None                    string                // why it is irreversible, "" if it isn't
	Outside                 []state.Outside       // what the migration creates and the schema file can't express
	Roles                   []string              // that the migration grants something to, and doesn't create
	Uncarried               []state.Outside       // what the database has and the migration doesn't create
	Unvalidated             []string              // the constraints that are NOT VALID, which plan will validate
	Stamped                 *migrator.StampResult // nil if nothing was recorded; the caller sets it
}

// A RefusedError says why a database or a project isn't one for a baseline. Nothing was written.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// A BaselineError means that what was made of a database isn't its schema. Nothing was written.
type BaselineError struct {
	What        string
	Differences []catalog.Difference
	Advice      string
}

func (e *BaselineError) Error() string {
	text := "nothing was written: " + e.What
	for _, d := range e.Differences {
		text += "\n  " + d.Text
	}
	return text + "\n" + e.Advice
}

// Baseline makes a database that nobody manages a project: it writes the schema file, and one migration that creates
// all of the database's schema, with its down and effect file. It first proves that the migration gives an empty
// database the live catalog, and that there is nothing to plan then. It writes nothing to the database.
func Baseline(ctx context.Context, cfg BaselineConfig) (*Baselined, error) {
	if err := begun(cfg.Base); err != nil {
		return nil, err
	}
	var res *Baselined
	err := cfg.Live.Survey(ctx, func(ctx context.Context, v *migrator.Survey) (err error) {
		b := &baseline{cfg: cfg, v: v, live: v.Record.Without(v.Catalog), out: &Baselined{}}
		if res, err = b.out, b.make(ctx); err != nil {
			return err
		}
		return Write(ctx, b.cfg.Root, b.cfg.Base, b.hcl, b.cfg.MigrationsDir, []migration.Draft{b.draft})
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// begun returns an error if a project has more than Init writes.
func begun(base proof.Base) error {
	if len(base.Dir.Files())+len(base.Dir.Checkpoints()) > 0 {
		return &RefusedError{"there are migrations already, and a baseline is the first one: `adopt` brings a database under them"}
	}
	if Initial(base.Schema) {
		return nil
	}
	return &RefusedError{fmt.Sprintf("%s is written already, and baseline would overwrite it: move it to another name; then `drift -with=` compares the database with it", base.SchemaName)}
}

// recorded returns an error if the record is another tool's, and the revision id doesn't continue it.
func recorded(rec revision.Record, id string) error {
	switch n := len(rec.Alembic); {
	case len(rec.Journal) > 0:
		return &RefusedError{fmt.Sprintf("this database has a history: its journal atlas_schema_revisions says that %d migrations were applied: copy those into the migrations folder, which is Atlas's, and run `adopt`", len(rec.Journal))}
	case n > 1:
		return &RefusedError{fmt.Sprintf("alembic_version has the rows %s: merge Alembic's branches first", strings.Join(rec.Alembic, ", "))}
	case n == 1 && id == "":
		return &RefusedError{fmt.Sprintf("this database has a history: alembic_version says that it is at %[1]s; -revision=%[1]s continues from there without Alembic's revisions; to keep them, write them as migrations, and run `adopt`", rec.Alembic[0])}
	case n == 1 && id != rec.Alembic[0]:
		return &RefusedError{fmt.Sprintf("alembic_version says that this database is at %[1]s: write -revision=%[1]s", rec.Alembic[0])}
	}
	return nil
}

// baseline is a baseline in progress.
type baseline struct {
	cfg   BaselineConfig
	v     *migrator.Survey
	live  catalog.Catalog
	out   *Baselined
	draft migration.Draft
	hcl   []byte
}

func (b *baseline) make(ctx context.Context) error {
	if err := recorded(b.v.Record, b.cfg.Revision); err != nil {
		return err
	}
	if len(b.live.Lines()) == 0 {
		return &RefusedError{fmt.Sprintf("the database is empty: declare the schema in %s, and run `plan`", b.cfg.SchemaName)}
	}
	var invalid []string
	for l := range b.live.All() {
		if _, st := l.CutState(); l.Kind == "index" && strings.HasPrefix(st, "INVALID") {
			invalid = append(invalid, l.Name)
		}
	}
	if len(invalid) > 0 {
		return &RefusedError{fmt.Sprintf("INVALID indexes: %s: drop them with DROP INDEX CONCURRENTLY, or build them with REINDEX INDEX CONCURRENTLY", strings.Join(invalid, ", "))}
	}
	sql, err := b.dump(ctx)
	if err != nil {
		return err
	}
	major := pgsql.MajorVersion(b.v.Conn().PgConn().ParameterStatus("server_version"))
	if have := b.cfg.Server.VersionNum() / 10000; have < major {
		return &RefusedError{fmt.Sprintf("the database is on PostgreSQL %d, and the throwaway server is %d: set dev in atlas.hcl to \"docker://postgres/%[1]d/dev\"", major, have)}
	}
	return b.prove(ctx, sql)
}

// dump reads the SQL of the live database while the throwaway server starts.
func (b *baseline) dump(ctx context.Context) (sql *state.LiveSQL, err error) {
	starting, cancel := context.WithCancel(ctx)
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() { b.cfg.Server, failed = b.cfg.Start(starting) })
	live := b.cfg.Live.Config()
	if sql, err = state.ReadLive(ctx, b.v.Conn(), live.ConnConfig, live.Role, b.cfg.Options); err != nil {
		cancel()
	}
	wg.Wait()
	cancel()
	return sql, cmp.Or(err, failed)
}

// prove makes the files and proves them.
func (b *baseline) prove(ctx context.Context, sql *state.LiveSQL) error {
	dir, err := b.migration(sql.Up, sql.Down)
	if err != nil {
		return err
	}
	// Run the migration while the live database is inspected and what its schema file declares is created.
	running, cancel := context.WithCancel(ctx)
	var reverting *state.State // a copy of the replayed state
	replay := sync.OnceValues(func() (*state.State, error) {
		s, err := state.Replay(running, b.cfg.Server, dir, 0, b.cfg.Options)
		if err != nil {
			return nil, err
		}
		if reverting, err = s.Clone(running); err != nil {
			s.Close()
			return nil, err
		}
		return s, nil
	})
	// Prove the down file meanwhile, too.
	revert := sync.OnceValues(func() ([]proof.Finding, error) {
		if _, err := replay(); err != nil {
			return nil, err
		}
		defer reverting.Close()
		return proof.Downs(running, reverting, dir.Files(), []catalog.Catalog{{}, reverting.Catalog}, func(ctx context.Context, n int) (*state.State, error) {
			return state.Replay(ctx, b.cfg.Server, dir, n-1, b.cfg.Options)
		})
	})
	go revert()
	defer func() {
		cancel()
		revert()
		if s, err := replay(); err == nil {
			s.Close()
		}
	}()
	var loud error // instead of a comment in the file
	hcl, inspection := state.Inspect(ctx, b.cfg.Live.Config().ConnConfig, b.cfg.Options, func(ctx context.Context, _ *state.State, hcl []byte) (diffs []catalog.Difference, err error) {
		diffs, loud = b.quiet(ctx, dir, replay, hcl)
		return diffs, loud
	})
	if inspection != nil {
		cancel()
	}
	s, replayed := replay()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case inspection == nil && replayed != nil:
		return unproven(replayed, sql)
	}
	now, err := catalog.Read(ctx, b.v.Conn(), b.cfg.Options)
	if err == nil && !now.Equal(b.v.Catalog) {
		return &migrator.ChangedError{Differences: catalog.Diff(b.v.Catalog, now)}
	}
	if err := cmp.Or(inspection, err); err != nil {
		return err
	}
	const exclude = "to leave something to others, add it to exclude in atlas.hcl"
	if have := b.v.Record.Without(s.Catalog); !have.Equal(b.live) {
		return &BaselineError{"the migration gives an empty database another schema:", catalog.Diff(b.live, have), exclude}
	}
	if loud != nil {
		return loud
	}
	b.hcl = hcl
	if len(b.out.Unvalidated) == 0 {
		base := b.cfg.Base
		base.Dir, base.Schema = dir, b.hcl
		proof.NewSame(base).Remember(s.Catalog)
	}
	b.out.Roles, b.draft.Effect = sql.Roles, catalog.Measure(catalog.Catalog{}, s.Catalog).String()
	if b.out.Outside, err = s.Outside(ctx, func(catalog.Line) bool { return true }); err != nil {
		return err
	}
	if err := b.uncarried(ctx, s); err != nil {
		return err
	}
	found, err := revert()
	if err == nil && len(found) > 0 {
		b.out.None = found[0].Text
		b.draft.Down = "-- alembic:down none " + pgsql.OneLine(found[0].Text, 200) + "\n\n"
	}
	return err
}

// migration makes the migration, and returns the directory with it.
func (b *baseline) migration(up, down string) (*migration.Dir, error) {
	r := b.out
	r.Version = migration.NextVersion(b.cfg.Dir, b.cfg.Now, 0)
	r.Name, r.Revision = r.Version+"_baseline.sql", r.Version
	head := ""
	if b.cfg.Revision != "" {
		r.Revision = b.cfg.Revision
		head = "-- alembic:revision " + r.Revision + "\n\n"
	}
	b.draft.Name = r.Name
	b.draft.SQL = head + "-- The schema of the database from which this project began, as pg_dump writes it.\n\n" + state.DumpSettings + up
	b.draft.Down = strings.TrimPrefix(down, "\n")
	dir, err := b.cfg.Dir.With([]migration.Draft{b.draft})
	if err != nil {
		return nil, fmt.Errorf("nothing was written: %w", err)
	}
	return dir, nil
}

// unproven returns an error for a migration that fails, with the object that the statement is about.
func unproven(err error, sql *state.LiveSQL) error {
	var stmt *runner.StmtError
	if !errors.As(err, &stmt) {
		return err
	}
	e := &BaselineError{What: fmt.Sprintf("on the throwaway server, where migrations aren't run by a superuser, a statement fails: %s\n  in: %s",
		stmt.Reason(), strings.ReplaceAll(pgsql.Mask(stmt.Stmt), "\n", "\n      "))}
	e.Advice = stmt.Advice()
	if kind, name, ok := sql.Object(stmt.Stmt); ok {
		e.Advice += fmt.Sprintf("; or, to leave it to others, add %q to exclude in atlas.hcl", name+"[type="+strings.ReplaceAll(kind, " ", "_")+"]")
	}
	return e
}

// quiet returns an error if there is something to plan from the state after the migration to what hcl declares. It
// returns the differences that a plan leaves alone.
func (b *baseline) quiet(ctx context.Context, dir *migration.Dir, replay func() (*state.State, error), hcl []byte) ([]catalog.Difference, error) {
	base := b.cfg.Base
	base.Dir, base.Schema = dir, hcl
	replayed, desired, err := proof.States(ctx, base, func(ctx context.Context) (*state.State, error) {
		s, err := replay()
		if err != nil {
			return nil, err
		}
		return s.Clone(ctx)
	})
	if err != nil {
		return nil, unusable(err)
	}
	defer replayed.Close()
	defer desired.Close()
	diffs, err := proof.Compare(ctx, replayed, desired)
	if err != nil {
		return nil, unusable(err)
	}
	var left []catalog.Difference
	diffs = slices.DeleteFunc(diffs, func(d catalog.Difference) bool { // a schema file can't say NOT VALID
		unvalidated := d.Kind == "constraint" && d.Have == d.Want+" NOT VALID"
		if unvalidated {
			b.out.Unvalidated = append(b.out.Unvalidated, d.Table+"."+d.Object)
			left = append(left, d)
		}
		return unvalidated
	})
	if len(diffs) > 0 {
		return nil, &BaselineError{"the schema file that `inspect` prints declares another schema:", diffs, "please report this"}
	}
	return left, nil
}

func unusable(err error) error {
	return fmt.Errorf("nothing was written: the schema file that `inspect` prints can't be used: %w", err)
}

//go:embed uncarried.sql
var uncarriedSQL string

// uncarried lists what the live database has and s, which the migration made, lacks.
func (b *baseline) uncarried(ctx context.Context, s *state.State) error {
	rows, err := b.v.Conn().Query(ctx, uncarriedSQL)
	if err != nil {
		return fmt.Errorf("reading what isn't in the migration: %w", err)
	}
	var kind, name string
	if _, err := pgx.ForEachRow(rows, []any{&kind, &name}, func() error {
		if n := len(b.out.Uncarried); n > 0 && b.out.Uncarried[n-1].Kind == kind {
			b.out.Uncarried[n-1].Names = append(b.out.Uncarried[n-1].Names, name)
			return nil
		}
		b.out.Uncarried = append(b.out.Uncarried, state.Outside{Kind: kind, Names: []string{name}})
		return nil
	}); err != nil {
		return fmt.Errorf("reading what isn't in the migration: %w", err)
	}
	lost, err := s.Ungranted(ctx, b.v.Conn())
	if slices.Sort(lost); err == nil && len(lost) > 0 {
		b.out.Uncarried = append(b.out.Uncarried, state.Outside{Kind: "privilege", Names: lost})
	}
	return err
}
