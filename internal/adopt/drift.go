package adopt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/revision"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// DefaultBudget is how long FindDrift counts rows in total.
const DefaultBudget = 300 * time.Millisecond

// FromMigrations is Drift.From for the recorded version.
const FromMigrations = "the migrations"

// DriftOptions say what a database is compared with, and how.
type DriftOptions struct {
	// Other is a schema to compare with, nil for that of the recorded version.
	Other *Other
	// Ignore are patterns of differences that are accepted, as in catalog.Difference.Ignored. The texts are those
	// without what was counted.
	Ignore []string
	// Budget is how long to count rows in total; 0: DefaultBudget. Negative: as long as it takes.
	Budget time.Duration
}

// Drift is how a database differs from the schema that it should have.
type Drift struct {
	// Version and Revision are the recorded version, "" at the base, or if the database was compared with something
	// else and the record doesn't say.
	Version, Revision string
	// From is what the database was compared with: "the migrations", "models.sql".
	From string
	// Differences are sorted by table, kind and name.
	Differences []catalog.Difference
	// Ignored are the differences that Options.Ignore accepts, and Unused the patterns that match none.
	Ignored []catalog.Difference
	Unused  []string
	// Outside is what schema files can't express, such as views and grants.
	Outside []state.Outside
	// Notes say what could not be compared or counted, and what else explains differences.
	Notes []string
}

// Harmful returns how many of the differences aren't harmless.
func (d *Drift) Harmful() int {
	n := 0
	for _, x := range d.Differences {
		if !x.Harmless {
			n++
		}
	}
	return n
}

// FindDrift compares the database of m with the schema of its recorded version in dir, or with another one. It writes
// and locks nothing. If the record names no version to compare with, the error is a *revision.Problem.
func FindDrift(ctx context.Context, m *migrator.Migrator, dir *migration.Dir, opts DriftOptions) (*Drift, error) {
	r := &Drift{}
	return r, m.Survey(ctx, func(ctx context.Context, v *migrator.Survey) error {
		d := &drifter{Drift: r, v: v, dir: dir, opts: opts}
		return d.find(ctx)
	})
}

// drifter is the state of a call to FindDrift.
type drifter struct {
	*Drift
	v    *migrator.Survey
	dir  *migration.Dir
	opts DriftOptions
	// index is that of the recorded version, -1 at the base.
	index int
}

func (d *drifter) note(format string, args ...any) {
	d.Notes = append(d.Notes, fmt.Sprintf(format, args...))
}

func (d *drifter) find(ctx context.Context) error {
	want, says, err := d.wanted()
	if err != nil {
		return err
	}
	have := d.v.Record.Without(d.v.Catalog)
	if o := d.opts.Other; o != nil && o.managed {
		have, _ = state.Split(have, o.unmanaged...)
	}
	undeclared, all := catalog.Undeclared(want, catalog.Compare(want, have, says))
	for i := range all {
		switch x := &all[i]; {
		case x.Leftover:
			x.Text += "; REINDEX left it, and the next `apply` drops it"
		case x.Invalid && x.Want != "":
			x.Text += "; the next `apply` rebuilds it"
		case x.Invalid:
			x.Text += "; if nobody is building it, drop it, or rebuild it with REINDEX INDEX CONCURRENTLY"
		}
	}
	for _, x := range undeclared {
		x.Harmless = true
		all = append(all, x)
	}
	order, err := d.columnOrder(ctx, d.order(want), says)
	if err != nil {
		return err
	}
	all = append(all, order...)
	used := map[string]bool{}
	for _, x := range all {
		if p := x.Ignored(d.opts.Ignore); p != "" {
			used[p] = true
			d.Ignored = append(d.Ignored, x)
		} else {
			d.Differences = append(d.Differences, x)
		}
	}
	if err := d.measure(ctx, func(x catalog.Difference) bool {
		p := x.Ignored(d.opts.Ignore)
		used[p] = true
		return p != ""
	}); err != nil {
		return err
	}
	for _, p := range d.opts.Ignore {
		if !used[p] {
			d.Unused = append(d.Unused, p)
		}
	}
	slices.SortStableFunc(d.Differences, func(a, b catalog.Difference) int { return strings.Compare(a.Table, b.Table) })
	d.Outside, err = state.OutsideOf(ctx, d.v.Conn(), d.v.Catalog)
	return err
}

// order returns the wanted order of columns by table, as far as it is known.
func (d *drifter) order(want catalog.Catalog) map[string][]string {
	if d.opts.Other != nil {
		return d.opts.Other.order
	}
	return orderAfter(d.dir.Files()[:d.index+1], want)
}

// wanted returns the schema to compare with, and who says so.
func (d *drifter) wanted() (want catalog.Catalog, says string, err error) {
	pos, err := d.v.Position()
	if err != nil && !errors.As(err, new(*revision.Problem)) {
		return want, "", err
	}
	d.index = pos.Index
	var unknown error
	for _, p := range pos.Problems {
		switch p.Kind {
		case revision.Drifted:
		case revision.OutOfOrder, revision.Edited, revision.HalfOld, revision.Missing:
			d.note("%s", p.Text)
		default:
			unknown = p
		}
	}
	if unknown == nil && pos.Index >= 0 {
		f := d.dir.Files()[pos.Index]
		d.Version, d.Revision = f.Version, f.Revision
	}
	if o := d.opts.Other; o != nil {
		d.From, d.Notes = o.Name, append(d.Notes, o.notes...)
		return d.v.Record.Without(o.catalog), o.Name + " says", nil
	}
	if unknown != nil {
		return want, "", unknown
	}
	d.From = FromMigrations
	switch p := pos.Partial; {
	case p != nil && revision.IsDown(p):
		d.note("migration %s is half reverted, so what its down file has undone is a difference", p.Version)
	case p != nil:
		d.note("migration %s is half applied, so what it has done is a difference", p.Version)
	}
	if n := len(pos.Ahead); n > 0 {
		d.note("the database has later migrations than this directory, up to %s: what they do is a difference", pos.Ahead[n-1].Version)
	}
	want, err = catalog.At(d.dir, pos.Index)
	return d.v.Record.Without(want), catalog.MigrationsSay, err
}
