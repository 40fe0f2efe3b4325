package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/devdb"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/plan/online"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// RepairConfig says which database is repaired, and how far.
type RepairConfig struct {
	// Live is the database with its directory and its record.
	Live migrator.Config
	// Version is the version that the database is brought to, as migration.Dir.Resolve takes it.
	Version string
	// Start starts the throwaway server on which the repair is planned and proven, of the live server's major version
	// if it can. Repair calls it only if there is something to repair, and doesn't close the server.
	Start func(ctx context.Context, major int) (*devdb.Server, error)
	// First is SQL that runs before the planned statements, because it decides what they can't; nil: none. Each
	// statement commits on its own. An interrupted repair runs it again.
	First *First
	// DropExtra is whether to drop the tables, columns, constraints, indexes and enums that the version doesn't have.
	DropExtra bool
	// Yes is whether to run the repair.
	Yes bool
}

// First is a file of statements that the user has written.
type First struct{ Name, SQL string }

// A Repaired is a repair, done or only planned.
type Repaired struct {
	Version, Revision string
	// Already is whether the version was recorded before; the caller sets it.
	Already bool
	// Differences are those of the live schema from the version's, apart from Extra.
	Differences []catalog.Difference
	// Extra is what only the live schema has and keeps, Dropped what it has and loses.
	Extra, Dropped []catalog.Difference
	// Scripts run in this order.
	Scripts []Script
	// Tables are the tables that the scripts change, with their sizes.
	Tables []Table
	// Losses are the rows and values that are dropped.
	Losses []migrator.Loss
	// Decisions must be made before the repair can run; there is none if it ran.
	Decisions []Decision
	// Result is what was done; nil if nothing was.
	Result *migrator.RepairResult
}

// A Script is a part of a repair.
type Script struct {
	Name    string // "repair 1 of 3", or the name of RepairConfig.First
	SQL     string
	TxNone  bool     // each statement commits on its own
	Does    []string // a line for each action
	Hazards []hazard.Hazard
}

// A Table is a table of the live database.
type Table struct {
	Name  string // schema.name, quoted where needed
	Bytes int64  // with its indexes
	Rows  int64  // as of the last ANALYZE; -1 if there was none
}

// A Decision is a part of a repair that the tool can't decide.
type Decision struct {
	Table string // schema.name, quoted where needed; may be empty
	Text  string // what is wrong, without a period; it may have several lines
	Rows  int64  // how many rows it is about, if any
	// Fixes are statements that may be the answer, one after the other, if there are any to suggest.
	Fixes []fix.Text
}

// A DecisionError means that the repair needs decisions. Nothing was done, except for the statements of After.
type DecisionError struct {
	Decisions []Decision
	After     string // the file of RepairConfig.First, if its statements have run; otherwise ""
}

func (e *DecisionError) Error() string {
	var b strings.Builder
	switch e.After {
	case "":
		b.WriteString("the repair needs a decision; nothing was done:")
	default:
		b.WriteString("the statements of " + e.After + " have run, but the repair needs another decision; nothing else was done:")
	}
	for _, d := range e.Decisions {
		b.WriteString("\n  " + strings.ReplaceAll(d.Text, "\n", "\n  "))
	}
	return b.String()
}

// A NoServerError means that the repair can't be planned here, because there is no throwaway server or no pg_dump.
type NoServerError struct{ Err error }

func (e *NoServerError) Unwrap() error { return e.Err }

func (e *NoServerError) Error() string {
	return fmt.Sprintf(`%v
a repair is planned and proven on a throwaway PostgreSQL, on a copy of the live schema: run it where both are installed, with -url naming this database
if that machine can't reach the database:
  1. here, or wherever pg_dump is: pg_dump --schema-only of this database to a file
  2. there: restore the file in an empty database, run adopt -repair -dryrun with -url naming that one, and keep the script that it prints
  3. here: run the script with psql, then adopt, which finds the schema in order and records it`, e.Err)
}

// Repair plans again, at most so often and after a pause, if the schema changes before it has the lock: a session that
// was killed may run on for a moment.
const (
	replans = 5
	pause   = time.Second
)

// Repair brings a live database to a version: it copies the live schema to the throwaway server, plans the online
// statements that lead from there to what the migrations produce, and proves them there. With Yes, it then runs them as
// Apply runs migrations, proves that the live schema is the version's, and records the version.
//
// What was interrupted is planned again, from what is there. A repair that needs decisions is a *DecisionError, one
// that can't be planned here a *NoServerError; other errors are those of migrator.Migrator.Repair. The result isn't nil
// if something was planned.
func Repair(ctx context.Context, cfg RepairConfig) (*Repaired, error) {
	for try := 1; ; try++ {
		r, err := repair(ctx, cfg)
		if !errors.As(err, new(*migrator.ChangedError)) || try == replans {
			return r, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return r, context.Cause(ctx)
		}
	}
}

func repair(ctx context.Context, cfg RepairConfig) (*Repaired, error) {
	dir := cfg.Live.Dir
	to, err := dir.Resolve(cfg.Version)
	if err != nil {
		return nil, err
	}
	if err := dir.Verify(); err != nil {
		return nil, err
	}
	r := &Repaired{}
	if to >= 0 {
		r.Version, r.Revision = dir.Files()[to].Version, dir.Files()[to].Revision
	}
	conn, err := connect(ctx, cfg.Live)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	p := &repairing{cfg: cfg, to: to, conn: conn, out: r}
	if p.live, err = catalog.Read(ctx, conn, p.options()); err != nil {
		return nil, err
	}
	if p.hasInvalid() {
		if err := p.awaitBuilds(ctx); err != nil {
			return nil, err
		}
		if p.live, err = catalog.Read(ctx, conn, p.options()); err != nil {
			return nil, err
		}
	}
	// The effect files need no server. What isn't in order is planned from the replayed migrations.
	want, err := catalog.At(dir, to)
	if err != nil || cfg.DropExtra || cfg.First != nil || len(faults(want, p.live)) > 0 {
		if want, err = p.plan(ctx); err != nil {
			return r, err
		}
	}
	p.want = want
	r.Differences, r.Extra = sorted(want, p.live)
	r.Extra = slices.DeleteFunc(r.Extra, func(e catalog.Difference) bool { return slices.ContainsFunc(r.Dropped, sameObject(e)) })
	if err := p.look(ctx); pgsql.SQLState(err) == pgsql.LockNotAvailable {
		return r, state.Locked(ctx, conn, err)
	} else if err != nil {
		return r, err
	}
	if len(r.Decisions) > 0 {
		return r, &DecisionError{Decisions: r.Decisions}
	}
	if !cfg.Yes {
		return r, nil
	}
	r.Result, err = migrator.New(cfg.Live).Repair(ctx, migrator.RepairOptions{
		To: cfg.Version, Planned: p.live, Scripts: p.scripts(),
		Check: func(live catalog.Catalog) error {
			if left := faults(want, live); len(left) > 0 {
				return &UnequalError{left}
			}
			return nil
		},
	})
	return r, err
}

// An UnequalError means that the schema isn't the version's after the repair. Nothing is recorded.
type UnequalError struct{ Differences []catalog.Difference }

func (e *UnequalError) Error() string {
	var texts []string
	for _, d := range e.Differences {
		texts = append(texts, d.Text)
	}
	return "the repair ran, but another session changed the schema at the same time, and it still differs from the version's: " + strings.Join(texts, ", ") + "; nothing was recorded: run the command again"
}

func connect(ctx context.Context, live migrator.Config) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, live.ConnConfig)
	if err != nil {
		return nil, migrator.NewConnectError(live.ConnConfig, err)
	}
	sql := fmt.Sprintf("SET lock_timeout = %d; SET statement_timeout = 0", devdb.DumpLockTimeout.Milliseconds())
	if live.Role != "" {
		sql += "; SET ROLE " + pgsql.Ident(live.Role)
	}
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("setting up the session: %w", err)
	}
	return conn, nil
}

// faults returns how have differs from want in a way that matters, apart from what want doesn't have.
func faults(want, have catalog.Catalog) []catalog.Difference {
	found, _ := sorted(want, have)
	var list []catalog.Difference
	for _, d := range found {
		if !d.Harmless || slices.ContainsFunc(literals(d.Have), online.Unfinished) {
			list = append(list, d)
		}
	}
	return list
}

// sorted returns the differences of have from want, and what only have has.
func sorted(want, have catalog.Catalog) (differences, extra []catalog.Difference) {
	for _, d := range catalog.Compare(want, have, "the migrations say") {
		if d.IsExtra(want) || extends(d) {
			extra = append(extra, d)
		} else {
			differences = append(differences, d)
		}
	}
	return differences, extra
}

// sameObject returns a function that reports whether a difference is about the same object as d.
func sameObject(d catalog.Difference) func(catalog.Difference) bool {
	return func(o catalog.Difference) bool { return o.Kind == d.Kind && o.Table == d.Table && o.Object == d.Object }
}

// key returns the start of a line's text.
func key(l catalog.Line) string {
	return catalog.Line{Comment: l.Comment, Kind: l.Kind, Name: l.Name}.String()
}

// extends reports whether an object is the wanted one with more: a table with settings that someone has tuned, or an
// enum with more values.
func extends(d catalog.Difference) bool {
	want, have := catalog.Line{Kind: d.Kind, Def: d.Want}, catalog.Line{Kind: d.Kind, Def: d.Have}
	switch d.Kind {
	case "table":
		a, settings := want.CutState()
		b, more := have.CutState()
		return a == b && settings == "" && strings.HasPrefix(more, "with (")
	case "enum":
		return within(literals(d.Want), literals(d.Have))
	}
	return false
}

func literals(def string) (list []string) {
	for _, t := range pgsql.Tokens(def) {
		if t.Kind == pgsql.String {
			list = append(list, t.Text)
		}
	}
	return list
}

// within reports whether b is a with more values anywhere.
func within(a, b []string) bool {
	for _, v := range b {
		if len(a) > 0 && a[0] == v {
			a = a[1:]
		}
	}
	return len(a) == 0
}
