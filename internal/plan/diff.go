package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// diff returns the statements that lead from one state to the other, by Atlas's engine,
// and a name for them. There are none if the engine sees no difference.
func diff(ctx context.Context, from, to *state.State) ([]*migrate.Change, string, error) {
	var have, want *schema.Realm
	var g errgroup.Group
	g.Go(func() (err error) { have, err = from.Realm(ctx); return err })
	g.Go(func() (err error) { want, err = to.Realm(ctx); return err })
	if err := g.Wait(); err != nil {
		return nil, "", err
	}
	drv, err := from.Driver()
	if err != nil {
		return nil, "", err
	}
	changes, err := drv.RealmDiff(have, want, schema.DiffNormalized())
	if err != nil {
		return nil, "", fmt.Errorf("comparing the states: %w", err)
	}
	name := deriveName(changes)
	changes, drops, err := dropSchemas(ctx, from, changes)
	if err != nil {
		return nil, "", err
	}
	p, err := drv.PlanChanges(ctx, name, separateDrops(changes), func(o *migrate.PlanOptions) {
		o.Indent = "  "
		o.Mode = migrate.PlanModeDeferred
	})
	if err != nil {
		return nil, "", fmt.Errorf("planning: %w", err)
	}
	for _, c := range p.Changes {
		if _, ok := c.Source.(*schema.AddSchema); ok {
			// What was put into the schema has been taken out again by then, and what
			// somebody else put there is not ours to drop.
			if r, ok := c.Reverse.(string); ok {
				c.Reverse = strings.TrimSuffix(r, " CASCADE")
			}
		}
	}
	all := append(p.Changes, drops...)
	// A new value of an enum can be used only by a later transaction: it comes first.
	slices.SortStableFunc(all, func(a, b *migrate.Change) int {
		return boolInt(!isEnumValue(a)) - boolInt(!isEnumValue(b))
	})
	return all, name, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func isEnumValue(c *migrate.Change) bool {
	return c.Source == nil && strings.HasPrefix(c.Cmd, "ALTER TYPE ")
}

// dropSchemas takes the drops of schemas out of changes: Atlas plans them as CASCADE, which
// would take along what stands outside schema.hcl. A schema's tables and enums are dropped
// one by one instead, and then the schema, unless something else is in it.
func dropSchemas(ctx context.Context, from *state.State, changes []schema.Change) ([]schema.Change, []*migrate.Change, error) {
	var kept []schema.Change
	var drops []*migrate.Change
	for _, c := range changes {
		d, ok := c.(*schema.DropSchema)
		if !ok {
			kept = append(kept, c)
			continue
		}
		for _, t := range d.S.Tables {
			kept = append(kept, &schema.DropTable{T: t})
		}
		for _, o := range d.S.Objects {
			kept = append(kept, &schema.DropObject{O: o})
		}
		other, err := holdsOther(ctx, from, d.S.Name)
		if err != nil {
			return nil, nil, err
		}
		if other {
			continue
		}
		name := `"` + strings.ReplaceAll(d.S.Name, `"`, `""`) + `"`
		drops = append(drops, &migrate.Change{
			Cmd:     "DROP SCHEMA " + name,
			Reverse: "CREATE SCHEMA " + name,
			Comment: fmt.Sprintf("drop schema named %q", d.S.Name),
			Source:  d,
		})
	}
	return kept, drops, nil
}

// holdsOther says whether anything but tables, their parts and enums is in the schema.
func holdsOther(ctx context.Context, s *state.State, name string) (bool, error) {
	var other bool
	err := s.Conn().QueryRow(ctx, `
		SELECT EXISTS (
			SELECT FROM pg_depend d
			LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
			LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
			WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = to_regnamespace($1)::oid
			AND NOT coalesce(c.relkind IN ('r', 'p'), false)
			AND NOT coalesce(c.relkind = 'S' AND EXISTS (
				SELECT FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid AND o.refclassid = d.classid AND o.deptype IN ('a', 'i')), false)
			AND NOT coalesce(t.typtype = 'e', false))`, pgsql.Ident(name)).Scan(&other)
	if err != nil {
		return false, fmt.Errorf("looking into schema %s: %w", pgsql.Ident(name), err)
	}
	return other, nil
}

// separateDrops gives the drops of indexes and foreign keys on dropped columns statements
// of their own. PostgreSQL drops them with the column, and Atlas leaves them out for that;
// then they are missing from the way back too.
func separateDrops(changes []schema.Change) []schema.Change {
	var out []schema.Change
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			out = append(out, c)
			continue
		}
		dropped := map[string]bool{}
		for _, c := range m.Changes {
			if d, ok := c.(*schema.DropColumn); ok {
				dropped[d.C.Name] = true
			}
		}
		var first, rest []schema.Change
		for _, c := range m.Changes {
			if onDropped(c, dropped) {
				first = append(first, c)
			} else {
				rest = append(rest, c)
			}
		}
		if len(first) > 0 {
			out = append(out, &schema.ModifyTable{T: m.T, Changes: first})
		}
		if len(rest) > 0 {
			out = append(out, &schema.ModifyTable{T: m.T, Changes: rest})
		}
	}
	return out
}

// onDropped says whether c drops an index or foreign key with one of the columns.
func onDropped(c schema.Change, columns map[string]bool) bool {
	switch c := c.(type) {
	case *schema.DropIndex:
		return slices.ContainsFunc(c.I.Parts, func(p *schema.IndexPart) bool { return p.C != nil && columns[p.C.Name] })
	case *schema.DropForeignKey:
		return slices.ContainsFunc(c.F.Columns, func(c *schema.Column) bool { return columns[c.Name] })
	}
	return false
}
