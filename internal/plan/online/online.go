// Package online finds the statements that lead from one schema to another while an application uses the database. A
// change that takes long on a big table either doesn't block it or has a hazard that says so. A change that can't be
// made safely is refused. The package knows nothing about versions, the migrations folder or proofs.
package online

import (
	"context"
	"strings"

	"ariga.io/atlas/sql/schema"
	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A Refusal is a change that no plan can make safely.
type Refusal struct {
	// Table is the qualified name of the table, "" for an enum. Text says what cannot be done and what to do instead;
	// it may have several lines.
	Table, Text string
	// Fixes are statements for a live database that may be the answer, one after the other. Only Repair sets them.
	Fixes []fix.Text
}

// A differ compares two states.
type differ struct {
	have, want *facts
	names      *names
	dropFirst  map[*constraint]bool // foreign keys to drop before the types of their columns change
	held       map[string]*held     // by the name of the table: what ops that replace enums drop and add again
	swaps      []cmd                // of the enums that have been replaced
	shrink     map[string]Op        // by the name of an enum that gains values: how to revert that
	types      Options
	inPlace    map[string]string // by the name of a table: why the types of its columns change in place
	asked      []Op              // refusals to guess what only the user knows
	live       bool              // have is a live schema, of which
	keep       bool              // nothing is dropped
	oldest     int               // the lowest major version of PostgreSQL that runs the statements, 0 if unknown
}

// Diff returns the ops that lead from one state to the other, or none if a change is refused. Atlas's engine plans how
// whole tables, types and schemas are created and dropped. Tables that are in both states are compared by their
// catalogs. The schemas named in unmanaged are not dropped, and contain nothing that schema.hcl manages. Diff changes
// neither state. If the engine refuses a change, the error is a *state.EngineError.
func Diff(ctx context.Context, from, to *state.State, unmanaged []string, options Options) ([]Op, []Refusal, error) {
	return diff(ctx, &differ{names: &names{taken: map[string]bool{}}, types: options, oldest: options.Oldest}, from, to, unmanaged)
}

// Repair is like Diff for a live schema and the one that it should be. If keep is set, nothing is dropped that only the
// live one has, except for what an interrupted repair has marked as its own. taken are the names of relations in the
// database that live, a copy, lacks.
func Repair(ctx context.Context, live, want *state.State, unmanaged, taken []string, keep bool) ([]Op, []Refusal, error) {
	d := &differ{live: true, keep: keep, names: &names{taken: map[string]bool{}}}
	for _, name := range taken {
		d.names.taken[name] = true
	}
	return diff(ctx, d, live, want, unmanaged)
}

func diff(ctx context.Context, d *differ, from, to *state.State, unmanaged []string) ([]Op, []Refusal, error) {
	d.held, d.shrink, d.inPlace = map[string]*held{}, map[string]Op{}, map[string]string{}
	var have, want *schema.Realm
	read := func(s *state.State, f **facts, r **schema.Realm) func() error {
		return func() (err error) {
			if *f, err = readFacts(ctx, s, unmanaged...); err != nil {
				return err
			}
			if err = (*f).readProperties(ctx, s); err != nil {
				return err
			}
			*r, err = s.Realm(ctx)
			return err
		}
	}
	var g errgroup.Group
	g.Go(read(from, &d.have, &have))
	g.Go(read(to, &d.want, &want))
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	d.names.have, d.names.want, d.names.all = d.have, d.want, from.Catalog

	// These ops come first: they update the facts of the replayed state, which are constant from then on.
	var ops []Op
	if d.live {
		ops = d.leftovers()
	}
	if d.keep {
		ops = append(ops, d.keepExtra(have, want)...)
	}
	ops = append(ops, d.detachSequences(have)...)
	enums, extended, err := d.changedEnums(ctx, have, want)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range extended {
		if d.shrink[pgsql.QualifiedIdent(e.schema, e.have.T)], err = d.shrinkEnum(ctx, e); err != nil {
			return nil, nil, err
		}
	}
	if !d.live {
		var expansions []*expansion
		if expansions, enums, err = d.expansions(ctx, from, enums); err != nil {
			return nil, nil, err
		}
		expanded, err := d.expand(ctx, from, to, expansions)
		if err != nil {
			return nil, nil, err
		}
		ops = append(append(ops, expanded...), d.asked...)
	}
	dropFirst, refused, err := d.incomparableKeys(ctx, enums)
	if err != nil {
		return nil, nil, err
	}
	d.dropFirst, ops = dropFirst, append(ops, refused...)
	for _, e := range enums {
		rebuilt, err := d.rebuildEnum(ctx, e)
		if err != nil {
			return nil, nil, err
		}
		ops = append(ops, rebuilt...)
	}

	tables, err := d.tables(ctx)
	if err != nil {
		return nil, nil, err
	}
	ops = append(ops, tables...)
	var refusals []Refusal
	for _, o := range ops {
		if o.refusal != nil {
			refusals = append(refusals, *o.refusal)
		}
	}
	if len(refusals) > 0 {
		return nil, refusals, nil
	}
	whole, err := d.engine(ctx, from, have, want, unmanaged)
	if err != nil {
		return nil, nil, err
	}
	return append(ops, whole...), nil, nil
}

func refuse(t *table, text string) []Op {
	return []Op{{refusal: &Refusal{Table: t.String(), Text: text}}}
}

func ident(name string) string { return pgsql.Ident(name) }

func identList(names []string) string {
	var list []string
	for _, n := range names {
		list = append(list, ident(n))
	}
	return strings.Join(list, ", ")
}

func literal(s string) string { return pgsql.Literal(s) }
