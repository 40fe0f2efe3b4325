package online

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// freeTypes finds the indexes and constraints of a table that PostgreSQL cannot make over the
// new types of their columns, which fails the change of the types: such a one goes before, and
// what the schema file has in its place comes after.
func (d *differ) freeTypes(ctx context.Context, have, want *table) error {
	var columns, alters, retyped []string
	for _, a := range have.columns {
		columns = append(columns, ident(a.Name)+" "+a.typed())
		b := want.column(a.Name)
		if b == nil || a.typed() == b.typed() {
			continue
		}
		_, using, ok, err := d.castCost(ctx, have, a, b)
		if err != nil {
			return err
		}
		if !ok {
			return nil // refused
		}
		retyped = append(retyped, a.Name)
		alters = append(alters, "ALTER COLUMN "+ident(a.Name)+" TYPE "+b.typed()+using)
	}
	if len(retyped) == 0 {
		return nil
	}
	reads := func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(retyped, name) })
	}
	create := "CREATE TEMPORARY TABLE tried (" + strings.Join(columns, ", ") + ")"
	alter := "ALTER TABLE pg_temp.tried " + strings.Join(alters, ", ")
	// A type may exist in one of the two states only.
	conn := d.haveConn
	if err := possible(ctx, conn, create, alter); pgsql.SQLState(err) != "" {
		conn = d.wantConn
	}
	for _, k := range have.constraints {
		if k.Kind == "f" || !reads(k.Columns) || k.index != nil && len(k.index.Users) > 0 {
			continue // what foreign keys refer to does not change
		}
		held, err := holdsTypes(ctx, conn, create, "ALTER TABLE pg_temp.tried ADD "+k.Def, alter)
		if err != nil {
			return err
		}
		if held {
			d.freed[k] = true
		}
	}
	for _, i := range have.indexes {
		if i.constraint != nil || !reads(i.Reads) || len(i.Users) > 0 {
			continue
		}
		held, err := holdsTypes(ctx, conn, create, "CREATE INDEX ON pg_temp.tried "+i.On, alter)
		if err != nil {
			return err
		}
		if held {
			d.freedIndexes[i] = true
		}
	}
	return nil
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
func (d *differ) freeConstraint(t *table, h, w *constraint) {
	drop := dropConstraint(t, h.Name)
	drop.note = []string{freedNote}
	if w != nil {
		drop.note = append(drop.note, freedUntil)
		d.add(d.addConstraint(t, w)...)
	}
	d.add(Op{stage: stageFree, up: []cmd{drop}}.undo(d.addConstraint(t, h)))
}

// freeIndex is freeConstraint for an index that is behind no constraint.
func (d *differ) freeIndex(t *table, h, w *index) {
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
		d.add(d.addIndex(t, w)...)
	}
	drop.note = append(note, drop.note...)
	d.add(Op{stage: stageFree, up: []cmd{drop}}.undo(d.addIndex(t, h)))
}
