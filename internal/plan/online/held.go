package online

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// held are the constraints and indexes of a table that PostgreSQL cannot make over the
// new types of their columns, which fails the change of the types: such a one goes before, and
// what the schema file has in its place comes after.
type held struct {
	constraints map[*constraint]bool
	indexes     map[*index]bool
}

func (d *differ) heldParts(ctx context.Context, have, want *table) (held, error) {
	h := held{map[*constraint]bool{}, map[*index]bool{}}
	var columns, alters, retyped []string
	for _, a := range have.columns {
		columns = append(columns, ident(a.Name)+" "+a.typed())
		b := want.column(a.Name)
		if b == nil || a.typed() == b.typed() {
			continue
		}
		_, using, ok, err := d.castCost(ctx, have, a, b)
		if err != nil || !ok { // if it isn't ok, the change is refused
			return h, err
		}
		retyped = append(retyped, a.Name)
		alters = append(alters, "ALTER COLUMN "+ident(a.Name)+" TYPE "+b.typed()+using)
	}
	if len(retyped) == 0 {
		return h, nil
	}
	reads := func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(retyped, name) })
	}
	create := "CREATE TEMPORARY TABLE tried (" + strings.Join(columns, ", ") + ")"
	alter := "ALTER TABLE pg_temp.tried " + strings.Join(alters, ", ")
	// A type may exist in one of the two states only.
	conn := d.have.conn
	if err := possible(ctx, conn, create, alter); pgsql.SQLState(err) != "" {
		conn = d.want.conn
	}
	var err error
	for _, k := range have.constraints {
		if k.Kind == "f" || !reads(k.Columns) || k.index != nil && len(k.index.Users) > 0 {
			continue // what foreign keys refer to does not change
		}
		if h.constraints[k], err = holdsTypes(ctx, conn, create, "ALTER TABLE pg_temp.tried ADD "+k.Def, alter); err != nil {
			return h, err
		}
	}
	for _, i := range have.indexes {
		if i.constraint != nil || !reads(i.Reads) || len(i.Users) > 0 {
			continue
		}
		if h.indexes[i], err = holdsTypes(ctx, conn, create, "CREATE INDEX ON pg_temp.tried "+i.On, alter); err != nil {
			return h, err
		}
	}
	return h, nil
}

// holdsTypes says whether what part makes on a new table stands in the way of alter, which
// runs without it.
func holdsTypes(ctx context.Context, conn *pgx.Conn, create, part, alter string) (bool, error) {
	err := possible(ctx, conn, create, part, alter)
	if pgsql.SQLState(err) == "" {
		return false, err
	}
	for _, stmts := range [][]string{{create, part}, {create, alter}} {
		if err := possible(ctx, conn, stmts...); err != nil {
			if pgsql.SQLState(err) == "" {
				return false, err
			}
			return false, nil
		}
	}
	return true, nil
}

// possible tries statements; the error is PostgreSQL's if it refuses one.
func possible(ctx context.Context, conn *pgx.Conn, stmts ...string) error {
	_, err := try(ctx, conn, "pg_temp.tried", stmts...)
	return err
}

const freedNote = "It goes before the type of its column changes: PostgreSQL cannot make it over the new type."

// freedUntil is what follows where something like it comes back in a later file.
const freedUntil = "Until it is made again it checks nothing: rows that are against it by then stop that."

// freeConstraint drops a constraint before the types change and adds w, what becomes of it,
// after.
func (d *differ) freeConstraint(t *table, h, w *constraint) (ops []Op) {
	drop := dropConstraint(t, h.Name)
	drop.note = []string{freedNote}
	if w != nil {
		drop.note = append(drop.note, freedUntil)
		ops = d.addConstraint(t, w)
	}
	return append(ops, Op{stage: stageFree, up: []cmd{drop}}.undo(d.addConstraint(t, h)))
}

// freeIndex is freeConstraint for an index that is behind no constraint.
func (d *differ) freeIndex(t *table, h, w *index) (ops []Op) {
	drop := sql(dropIndex(t, h.Name))
	if t.Partitioned {
		drop = dropPartitioned(t, h.Name)
	}
	note := []string{freedNote}
	if w != nil {
		if h.Unique {
			note = append(note, freedUntil, "ON CONFLICT finds no index meanwhile, and is an error.")
		} else {
			note = append(note, "Until it is built again queries go without it.")
		}
		ops = d.addIndex(t, w)
	}
	drop.note = append(note, drop.note...)
	return append(ops, Op{stage: stageFree, up: []cmd{drop}}.undo(d.addIndex(t, h)))
}
