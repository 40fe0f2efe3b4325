package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"golang.org/x/sync/errgroup"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// diff returns the statements that lead from one state to the other, by Atlas's engine,
// and a name for them. There are none if the engine sees no difference. The schemas named
// in kept are not dropped. The error is an *EngineError for what the engine refuses.
func diff(ctx context.Context, from, to *state.State, kept []string) ([]*migrate.Change, string, error) {
	var have, want *schema.Realm
	var g errgroup.Group
	g.Go(func() (err error) { have, err = from.Realm(ctx); return err })
	g.Go(func() (err error) { want, err = to.Realm(ctx); return err })
	if err := g.Wait(); err != nil {
		return nil, "", err
	}
	plainKeys(have)
	plainKeys(want)
	drv, err := from.Driver()
	if err != nil {
		return nil, "", err
	}
	changes, err := drv.RealmDiff(have, want, schema.DiffNormalized())
	if err != nil {
		return nil, "", &EngineError{err}
	}
	name := deriveName(changes)
	restateDefaults(changes)
	changes, drops := dropSchemas(changes, kept)
	planned, err := from.Plan(ctx, separateDrops(changes))
	if err != nil {
		return nil, "", &EngineError{err}
	}
	for _, c := range planned {
		if _, ok := c.Source.(*schema.AddSchema); ok {
			// What was put into the schema has been taken out again by then, and what
			// somebody else put there is not ours to drop.
			if r, ok := c.Reverse.(string); ok {
				c.Reverse = strings.TrimSuffix(r, " CASCADE")
			}
		}
	}
	planned = append(planned, renamedKeys(have, want)...)
	all := append(planned, drops...)
	// A new value of an enum can be used only by a later transaction: it comes first.
	slices.SortStableFunc(all, func(a, b *migrate.Change) int {
		return boolInt(!isEnumValue(a)) - boolInt(!isEnumValue(b))
	})
	if name == "" {
		name = "rename_primary_keys"
	}
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

// restateDefaults sets the default of each column whose type changes. PostgreSQL keeps it as
// an expression of the old type, and to the engine it is the same then.
func restateDefaults(changes []schema.Change) {
	serial := func(c *schema.Column) bool {
		_, ok := c.Type.Type.(*postgres.SerialType)
		return ok
	}
	for _, c := range changes {
		m, ok := c.(*schema.ModifyTable)
		if !ok {
			continue
		}
		for _, c := range m.Changes {
			c, ok := c.(*schema.ModifyColumn)
			if ok && c.Change.Is(schema.ChangeType) && c.From.Default != nil && c.To.Default != nil && !serial(c.From) && !serial(c.To) {
				c.Change |= schema.ChangeDefault
			}
		}
	}
}

// dropSchemas takes the drops of schemas out of changes: Atlas plans them as CASCADE, which
// would take along what stands outside schema.hcl. A schema's tables and enums are dropped
// one by one instead, and then the schema, unless it is to be kept.
func dropSchemas(changes []schema.Change, kept []string) ([]schema.Change, []*migrate.Change) {
	var rest []schema.Change
	var drops []*migrate.Change
	for _, c := range changes {
		d, ok := c.(*schema.DropSchema)
		if !ok {
			rest = append(rest, c)
			continue
		}
		for _, t := range d.S.Tables {
			rest = append(rest, &schema.DropTable{T: t})
		}
		for _, o := range d.S.Objects {
			rest = append(rest, &schema.DropObject{O: o})
		}
		if slices.Contains(kept, pgsql.Ident(d.S.Name)) {
			continue
		}
		drops = append(drops, &migrate.Change{
			Cmd:     "DROP SCHEMA " + quote(d.S.Name),
			Reverse: "CREATE SCHEMA " + quote(d.S.Name),
			Comment: fmt.Sprintf("drop schema named %q", d.S.Name),
			Source:  d,
		})
	}
	return rest, drops
}

// quote quotes a name always, as Atlas does.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// renamedKeys renames the primary keys that have another name in want and are the same
// otherwise. Atlas sees no difference there.
func renamedKeys(have, want *schema.Realm) []*migrate.Change {
	var out []*migrate.Change
	for _, s := range have.Schemas {
		ws, ok := want.Schema(s.Name)
		if !ok {
			continue
		}
		for _, t := range s.Tables {
			w, ok := ws.Table(t.Name)
			if !ok || !sameKey(t.PrimaryKey, w.PrimaryKey) || t.PrimaryKey.Name == w.PrimaryKey.Name {
				continue
			}
			table := "ALTER TABLE " + quote(s.Name) + "." + quote(t.Name) + " RENAME CONSTRAINT "
			from, to := quote(t.PrimaryKey.Name), quote(w.PrimaryKey.Name)
			out = append(out, &migrate.Change{
				Cmd:     table + from + " TO " + to,
				Reverse: table + to + " TO " + from,
				Comment: fmt.Sprintf("rename the primary key of table: %q", t.Name),
			})
		}
	}
	return out
}

// sameKey says whether two keys have the same columns.
func sameKey(a, b *schema.Index) bool {
	return a != nil && b != nil && slices.EqualFunc(a.Parts, b.Parts, func(a, b *schema.IndexPart) bool {
		return a.C != nil && b.C != nil && a.C.Name == b.C.Name
	})
}

// plainKeys leaves the actions of foreign keys unsaid where they are PostgreSQL's default.
func plainKeys(r *schema.Realm) {
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			for _, k := range t.ForeignKeys {
				if k.OnUpdate == schema.NoAction {
					k.OnUpdate = ""
				}
				if k.OnDelete == schema.NoAction {
					k.OnDelete = ""
				}
			}
		}
	}
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
		slices.SortStableFunc(rest, func(a, b schema.Change) int { return turn(a) - turn(b) })
		if len(rest) > 0 {
			out = append(out, &schema.ModifyTable{T: m.T, Changes: rest})
		}
	}
	return out
}

// turn orders the changes of one ALTER TABLE so that what needs a column comes after it is
// added and before it is dropped, and in the reverse order it does so too. PostgreSQL drops
// a check together with any of its columns.
func turn(c schema.Change) int {
	switch c.(type) {
	case *schema.AddColumn, *schema.ModifyColumn:
		return 0
	case *schema.DropColumn:
		return 2
	}
	return 1
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
