// Package online finds the statements that lead from one schema to another while an application uses the database. What
// takes long on a big table is done without blocking it, or carries a hazard; what no statements do safely is refused.
// It knows nothing of files, versions and proofs.
package online

import (
	"context"

	"ariga.io/atlas/sql/schema"
	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// A Refusal is a change that no sequence of files can make safely by itself.
type Refusal struct {
	// Table is the qualified name of the table, Text what cannot be and what to do instead.
	Table, Text string
}

// A differ knows both states.
type differ struct {
	have, want *facts
	names      *names
	freed      map[*constraint]bool // foreign keys that are dropped before the types of their columns change
}

// Diff returns the ops that lead from one state to the other, or why it refuses. Whole tables, types
// and schemas come and go as Atlas's engine plans it; what changes in a table that is in both states is found by the
// catalogs. The schemas named in kept are not dropped, and hold nothing that schema.hcl manages. The error is a
// *state.EngineError for what the engine refuses.
func Diff(ctx context.Context, from, to *state.State, kept []string) ([]Op, []Refusal, error) {
	d := &differ{}
	var have, want *schema.Realm
	read := func(s *state.State, f **facts, r **schema.Realm) func() error {
		return func() (err error) {
			if *f, err = readFacts(ctx, s, kept...); err != nil {
				return err
			}
			if err = (*f).readUnsaid(ctx, s); err != nil {
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
	d.names = &names{have: d.have, want: d.want, taken: map[string]bool{}}

	// These change what is known of the replayed state to what it is after their ops.
	ops := d.bindLoosely(have)
	enums, err := d.rebuiltEnums(ctx, have, want)
	if err != nil {
		return nil, nil, err
	}
	if d.freed, err = d.heldKeys(ctx, enums); err != nil {
		return nil, nil, err
	}
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
	whole, err := d.engine(ctx, from, have, want, kept)
	if err != nil {
		return nil, nil, err
	}
	return append(ops, whole...), nil, nil
}

func refuse(t *table, text string) []Op {
	return []Op{{refusal: &Refusal{Table: t.String(), Text: text}}}
}

func ident(name string) string { return pgsql.Ident(name) }

func literal(s string) string { return pgsql.Literal(s) }
