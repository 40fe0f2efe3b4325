package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/capture"
	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A SchemaError means that a file's schema isn't that of the revision from which it was recorded. Nothing was written.
type SchemaError struct {
	File, Revision string
	Differences    []catalog.Difference
}

func (e *SchemaError) Error() string {
	text := fmt.Sprintf("nothing was written: %s, recorded from %s, doesn't produce the schema that Alembic does:", e.File, e.Revision)
	for _, d := range e.Differences {
		text += "\n  " + d.Text
	}
	return text + "\nplease report this, with the revision"
}

// Alembic writes the revisions of a project's Alembic into a project without migrations. It runs them one by one on the
// throwaway server, records their statements, and proves that the files produce the same schemas. After an error,
// nothing is written.
func Alembic(ctx context.Context, to Target, cmd *alembic.Command) (*Result, error) {
	folder := cmd.Folder
	switch heads := folder.Heads(); {
	case len(heads) == 0:
		return nil, fmt.Errorf("%s has no revisions: name the folder that Alembic's script_location names", folder.Path)
	case len(heads) > 1:
		return nil, fmt.Errorf("%s has several heads, %s and %s: merge them with `alembic merge heads` first", folder.Path, heads[0], heads[1])
	}
	for {
		chain, err := record(ctx, to, cmd)
		if errors.Is(err, errAgain) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return to.prove(ctx, folder, chain)
	}
}

// A step is a revision that was recorded.
type step struct {
	revision *alembic.Revision
	up       *recorded
	effect   catalog.Effect // of the revision

	down *recorded
	none string // why there is no down
}

// errAgain means that roles have been created which the revisions need.
var errAgain = errors.New("a role was missing")

// A recorder runs Alembic on a state.
type recorder struct {
	cmd   *alembic.Command
	state *state.State
	proxy *capture.Proxy
}

// newRecorder returns a recorder of what Alembic does to a state's database. It takes over the state.
func newRecorder(cmd *alembic.Command, s *state.State) (*recorder, error) {
	proxy, err := capture.Listen(s.DB.ConnConfig())
	if err != nil {
		s.Close()
		return nil, err
	}
	return &recorder{cmd, s, proxy}, nil
}

// reach returns an error if Alembic doesn't connect to the recorder's database. It changes nothing, should env.py
// connect to another one.
func (r *recorder) reach(ctx context.Context) error {
	_, err := r.run(ctx, "current")
	return err
}

func (r *recorder) close() {
	_ = r.proxy.Close() // only the listener's error, with which nothing can be done
	r.state.Close()
}

// run runs Alembic, and returns what it did. The error is errAgain if a role was missing.
func (r *recorder) run(ctx context.Context, args ...string) (*recorded, error) {
	tables, err := tablesOf(ctx, r.state.Conn())
	if err != nil {
		return nil, err
	}
	failed := r.cmd.Run(ctx, r.proxy.URL(), args...)
	rec := r.proxy.Take(ctx)
	switch {
	case failed != nil:
		return nil, r.explain(ctx, rec, failed)
	case !rec.Connected:
		return nil, fmt.Errorf("alembic %s didn't connect to the database that %s names: env.py must take the URL from that variable, or name another one as url in atlas.hcl's alembic block",
			strings.Join(args, " "), r.cmd.Variable)
	case rec.Refused != "":
		return nil, fmt.Errorf("alembic %s uses what can't be recorded: %s", strings.Join(args, " "), rec.Refused)
	}
	return needed(ctx, r.state.Conn(), rec, tables)
}

// explain returns the error of a run that failed.
func (r *recorder) explain(ctx context.Context, rec *capture.Recording, err error) error {
	var slow *alembic.TimeoutError
	if errors.As(err, &slow) && len(rec.Running) > 0 {
		return fmt.Errorf("%w; it was running: %s", err, pgsql.OneLine(rec.Running[0], 200))
	}
	var failed *alembic.RunError
	if !errors.As(err, &failed) || rec.Failed == nil {
		return err
	}
	failed.Reason = pgsql.MaskMessage(failed.Reason, rec.Failed.SQL)
	stmt := &runner.StmtError{Stmt: rec.Failed.SQL, Err: rec.Failed.Err}
	again, rerr := r.state.CreateMissingRoles(ctx, stmt)
	switch {
	case rerr != nil:
		return errors.Join(err, rerr)
	case again:
		return errAgain
	}
	return err
}

// record runs all revisions, each up and down, on new databases.
func record(ctx context.Context, to Target, cmd *alembic.Command) (chain []step, err error) {
	s, err := state.New(ctx, to.Server, to.Options)
	if err != nil {
		return nil, err
	}
	r, err := newRecorder(cmd, s)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if err := r.reach(ctx); err != nil {
		return nil, err
	}
	if err := s.Refresh(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	downs, ctx := errgroup.WithContext(ctx)
	downs.SetLimit(1) // in addition to the run that goes up
	defer func() {
		if err != nil {
			cancel()
		}
		if failed := downs.Wait(); err == nil || errors.Is(err, context.Canceled) {
			err = cmp.Or(failed, err)
		}
		cancel()
	}()
	chain = make([]step, len(cmd.Folder.Revisions))
	for i, rev := range cmd.Folder.Revisions {
		chain[i].revision = rev
		if err := chain[i].goUp(ctx, r, to.Options.AlembicSchema); err != nil {
			return nil, err
		}
		after, err := s.Clone(ctx)
		if err != nil {
			return nil, err
		}
		downs.Go(func() error { return chain[i].goDown(ctx, cmd, after) })
	}
	return chain, nil
}

// recordSchemaSQL returns a schema that has the table, another one than that given if there is one.
const recordSchemaSQL = `SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND c.relkind = 'r' ORDER BY n.nspname = $2 LIMIT 1`

// goUp runs the revision.
func (s *step) goUp(ctx context.Context, r *recorder, schema string) (err error) {
	before := r.state.Catalog
	id := s.revision.ID
	if s.up, err = r.run(ctx, "upgrade", id); err != nil {
		return err
	}
	if !slices.Equal(s.up.wrote, []string{id}) {
		return fmt.Errorf("alembic upgrade %s wrote %s into %s: env.py must call it that (version_table), and revisions must come after those of their depends_on",
			id, cmp.Or(strings.Join(s.up.wrote, ", "), "nothing"), recordTable)
	}
	var is string
	if err := r.state.Conn().QueryRow(ctx, recordSchemaSQL, recordTable, schema).Scan(&is); err != nil {
		return err
	}
	if is != schema {
		return fmt.Errorf("env.py's %s is in the schema %s: set alembic_version_schema = %q in each env of atlas.hcl", recordTable, is, is)
	}
	if err := r.state.Refresh(ctx); err != nil {
		return err
	}
	s.effect = catalog.Measure(before, r.state.Catalog)
	return nil
}

// goDown runs the revision's downgrade on the state after it, which it closes.
func (s *step) goDown(ctx context.Context, cmd *alembic.Command, after *state.State) error {
	r, err := newRecorder(cmd, after)
	if err != nil {
		return err
	}
	defer r.close()
	to := "base"
	if len(s.revision.Down) > 0 {
		to = s.revision.Down[0]
	}
	s.down, err = r.run(ctx, "downgrade", s.revision.ID+"@"+to) // of several branches, only the revision's
	var failed *alembic.RunError
	if !errors.As(err, &failed) {
		return err
	}
	why, ok := failed.NotImplemented()
	switch {
	case !ok:
		s.none = "its downgrade fails: " + failed.Reason
	case why != "":
		s.none = why
	default:
		s.none = "its downgrade raises NotImplementedError"
	}
	return nil
}

// prove makes files of the steps, proves them, and writes them.
func (to *Target) prove(ctx context.Context, folder *alembic.Folder, chain []step) (*Result, error) {
	res := &Result{}
	var drafts []migration.Draft
	version := ""
	for i, s := range chain {
		if i > 0 && !slices.Equal(s.revision.Down, []string{chain[i-1].revision.ID}) {
			res.Merged = s.revision.ID
		}
		m := s.migration(version)
		version = m.Version
		f, d := m.draft(len(version), make(map[string]source))
		f.Source, f.Apart, f.Depends = filepath.Join(folder.Path, s.revision.File), s.up.apart(), s.up.depends()
		res.Files, drafts = append(res.Files, f), append(drafts, d)
	}
	base := to.Base
	var err error
	if base.Dir, err = to.Dir.With(drafts); err != nil {
		return nil, fmt.Errorf("nothing was written: %w", err)
	}
	w := proof.NewWalk(base)
	w.SkipProven(nil)
	s, err := w.BothWays(ctx)
	if err != nil {
		return nil, unproven(err)
	}
	defer s.Close()
	effects := w.Effects()
	for i := range drafts {
		drafts[i].Effect = effects[drafts[i].Name]
	}
	if err := same(drafts, chain); err != nil {
		return nil, err
	}
	end, err := s.Clone(ctx)
	if err != nil {
		return nil, err
	}
	defer end.Close()
	wrong, err := w.CheckDowns(ctx, s)
	if err != nil {
		return nil, err
	}
	for i, d := range drafts {
		for _, f := range wrong {
			if f.File == path.Join(migration.DownDir, d.Name) {
				res.Files[i].None = "its downgrade doesn't revert it: " + f.Text
				drafts[i].Down = downNone(res.Files[i].None)
			}
		}
	}
	if res.Schema, err = to.write(ctx, end, drafts); err != nil {
		return nil, err
	}
	w.Written(effects)
	return res, nil
}

// same returns an error if the files' effects aren't those of the revisions, so that their schemas differ.
func same(drafts []migration.Draft, chain []step) error {
	theirs, ours := catalog.Catalog{}, catalog.Catalog{}
	for i, d := range drafts {
		effect, err := catalog.ParseEffect(d.Effect)
		if err != nil {
			return err
		}
		if theirs, err = theirs.Apply(chain[i].effect); err != nil {
			return err
		}
		if ours, err = ours.Apply(effect); err != nil {
			return err
		}
		if !ours.Equal(theirs) {
			return &SchemaError{d.Name, chain[i].revision.String(), catalog.Diff(theirs, ours)}
		}
	}
	return nil
}

// unproven returns the error of a recorded file that fails.
func unproven(err error) error {
	var stmt *runner.StmtError
	if !errors.As(err, &stmt) {
		return err
	}
	return fmt.Errorf("nothing was written: %w\n  in: %s", err, strings.ReplaceAll(pgsql.Mask(stmt.Stmt), "\n", "\n      "))
}

// beginning is the version of a first revision without a date.
const beginning = "20000101000000"

// migration returns the revision as a migration whose version comes after the last one.
func (s *step) migration(last string) *Migration {
	rev := s.revision
	m := &Migration{Revision: rev.ID, None: s.none, Up: Section{File: rev.File, SQL: s.up.notes() + s.up.sql(), TxNone: s.up.txNone()}}
	switch {
	case !rev.Created.IsZero():
		m.Version = migration.VersionAfter(last, rev.Created, 0)
	case last == "":
		m.Version = beginning
	default:
		m.Version = migration.VersionAfter(last, time.Time{}, 0)
	}
	name := strings.TrimSuffix(rev.File, ".py")
	m.Name = cmp.Or(strings.Trim(strings.TrimPrefix(name, rev.ID), "_"), rev.Doc, name)
	if s.down != nil {
		m.Down = &Section{File: rev.File, SQL: s.down.notes() + s.down.sql(), TxNone: s.down.txNone()}
	}
	return m
}

// depends returns why the statements may depend on the rows of the database.
func (r *recorded) depends() (reasons []string) {
	if len(r.reads) > 0 {
		reasons = append(reasons, "it read rows of "+strings.Join(r.reads, ", "))
	}
	if r.part {
		reasons = append(reasons, "a statement has a LIMIT, as one in a loop does")
	}
	return reasons
}

// notes returns comments about what the statements don't show.
func (r *recorded) notes() string {
	var lines []string
	if reasons := r.depends(); len(reasons) > 0 {
		lines = append(lines, "This revision's SQL depends on the data: "+strings.Join(reasons, ", and ")+".",
			"It was recorded on a database that has only the rows which the revisions insert: compare it with the Python.")
	}
	if apart := r.apart(); len(apart) > 0 {
		lines = append(lines, "In Alembic, statements "+strings.Join(apart, ", ")+" were one transaction each; here, every statement commits by itself.")
	}
	if r.locks {
		lines = append(lines, "A LOCK is left out, because it has no effect outside of a transaction.")
	}
	if len(lines) == 0 {
		return ""
	}
	return "-- " + strings.Join(lines, "\n-- ") + "\n\n"
}
