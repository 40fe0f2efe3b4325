package online

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// blockers are a table's constraints and indexes that make a change of its columns' types fail, because PostgreSQL
// cannot rebuild them with the new types. They are dropped first, and created again afterwards.
type blockers struct {
	constraints map[*constraint]bool
	indexes     map[*index]bool
}

func (d *differ) blockers(ctx context.Context, have, want *table) (blockers, error) {
	found := blockers{map[*constraint]bool{}, map[*index]bool{}}
	types, err := d.retypes(ctx, have, want)
	if err != nil {
		return found, err
	}
	for _, k := range have.constraints {
		if found.constraints[k], err = types.block(ctx, outsidePart{table: have, constraint: k}); err != nil {
			return found, err
		}
	}
	for _, i := range have.indexes {
		if i.constraint != nil {
			continue
		}
		if found.indexes[i], err = types.block(ctx, outsidePart{table: have, index: i}); err != nil {
			return found, err
		}
	}
	return found, nil
}

// retyped are the columns of a table whose types change, and the statements that try it.
type retyped struct {
	columns       []string
	create, alter string
	conn          *pgx.Conn // to the state that has all the types
}

// retypes returns the columns whose types change. If PostgreSQL has no cast for one, it returns none: the change is
// refused.
func (d *differ) retypes(ctx context.Context, have, want *table) (r retyped, err error) {
	var columns, alters []string
	for _, a := range have.columns {
		columns = append(columns, ident(a.Name)+" "+a.typed())
		b := want.column(a.Name)
		if b == nil || a.typed() == b.typed() {
			continue
		}
		_, using, ok, err := d.castCost(ctx, have, a, b)
		if err != nil || !ok {
			return retyped{}, err
		}
		r.columns = append(r.columns, a.Name)
		alters = append(alters, "ALTER COLUMN "+ident(a.Name)+" TYPE "+b.typed()+using)
	}
	if len(r.columns) == 0 {
		return r, nil
	}
	r.create = "CREATE TEMPORARY TABLE tried (" + strings.Join(columns, ", ") + ")"
	r.alter = "ALTER TABLE pg_temp.tried " + strings.Join(alters, ", ")
	// A type may exist in only one of the two states.
	r.conn = d.have.conn
	if err := possible(ctx, r.conn, r.create, r.alter); pgsql.SQLState(err) != "" {
		r.conn = d.want.conn
	}
	return r, nil
}

// block reports whether the changes of types fail because of p, although they succeed without it. A key that foreign
// keys refer to doesn't count, because it cannot change.
func (r retyped) block(ctx context.Context, p outsidePart) (bool, error) {
	reads := func(names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(r.columns, name) })
	}
	if len(p.users()) > 0 {
		return false, nil
	}
	if k := p.constraint; k != nil && (k.Kind == "f" || !reads(k.Columns)) || k == nil && !reads(p.index.Reads) {
		return false, nil
	}
	return blocksTypes(ctx, r.conn, r.create, tried(p), r.alter)
}

// allow reports whether p can be created with the new types.
func (r retyped) allow(ctx context.Context, p outsidePart) (bool, error) {
	err := possible(ctx, r.conn, r.create, r.alter, tried(p))
	if err != nil && pgsql.SQLState(err) == "" {
		return false, err
	}
	return err == nil, nil
}

// tried returns the statement that creates p on the table that is tried.
func tried(p outsidePart) string {
	if p.constraint != nil {
		return "ALTER TABLE pg_temp.tried ADD " + p.constraint.Def
	}
	return "CREATE INDEX ON pg_temp.tried " + p.index.On
}

// blocksTypes reports whether alter fails on a new table with part, although it succeeds without part.
func blocksTypes(ctx context.Context, conn *pgx.Conn, create, part, alter string) (bool, error) {
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

// possible tries the statements. If PostgreSQL refuses one, the error is a *pgconn.PgError.
func possible(ctx context.Context, conn *pgx.Conn, stmts ...string) error {
	_, err := try(ctx, conn, "pg_temp.tried", stmts...)
	return err
}

const unblockNote = "Dropped before the type of its column changes, because PostgreSQL cannot rebuild it over the new type."

// uncheckedNote is for constraints and unique indexes that a later file creates again.
const uncheckedNote = "Until it is created again it checks nothing; rows that violate it by then make that fail."

// unblockConstraint drops a constraint before the types change and adds w, its successor, afterwards.
func (d *differ) unblockConstraint(t *table, h, w *constraint) (ops []Op) {
	drop := dropConstraint(t, h.Name)
	drop.note = []string{unblockNote}
	if w != nil {
		drop.note = append(drop.note, uncheckedNote)
		ops = d.addConstraint(t, w)
	}
	up := append(d.withoutReplica(t, h.index), drop)
	return append(ops, Op{stage: stageUnblock, unblocks: h.index, up: up}.undo(d.addConstraint(t, h)))
}

// unblockIndex is like unblockConstraint for an index that backs no constraint.
func (d *differ) unblockIndex(t *table, h, w *index) (ops []Op) {
	drop := sql(dropIndex(t, h.Name))
	if t.Partitioned {
		drop = dropPartitioned(t, h.Name)
	}
	note := []string{unblockNote}
	if w != nil {
		if h.Unique {
			note = append(note, uncheckedNote, "Meanwhile ON CONFLICT fails, because it finds no index.")
		} else {
			note = append(note, "Until it is built again, queries run without it.")
		}
		ops = d.addIndex(t, w)
	}
	drop.note = append(note, drop.note...)
	up := append(d.withoutReplica(t, h), drop)
	return append(ops, Op{stage: stageUnblock, unblocks: h, up: up}.undo(d.addIndex(t, h)))
}
