package online

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// incomparableKeys returns the foreign keys that must be dropped before the types of their columns change, and added
// again afterwards. When the type of one end changes, PostgreSQL recreates the key, and fails if it cannot compare the
// new type of that end with the old type of the other. It refuses changes that no longer allow an unmanaged key.
func (d *differ) incomparableKeys(ctx context.Context, enums []rebuiltEnum) (keys map[*constraint]bool, refusals []Op, err error) {
	keys = map[*constraint]bool{}
	within := map[*constraint]bool{} // the keys of managed tables and of the tables below them
	for _, t := range d.have.tables {
		for _, k := range t.constraints {
			within[k] = true
		}
		for _, p := range t.parts() {
			within[p.constraint] = true
		}
	}
	tables := slices.SortedFunc(maps.Values(d.have.byOID), func(a, b *table) int { return strings.Compare(a.String(), b.String()) })
	for _, t := range tables {
		for _, k := range slices.Concat(t.constraints, t.outside) {
			if k.Kind != "f" || k.Inherited && !within[k] {
				continue
			}
			if within[k] && slices.ContainsFunc(enums, func(e rebuiltEnum) bool {
				return slices.ContainsFunc(k.Columns, func(c string) bool { return e.typed(d.have.origin(t, c), []string{c}) })
			}) {
				keys[k] = true // the old and the new enum are incomparable too
			}
			if k.refs == nil || k.refs.OID == t.OID {
				continue // one ALTER TABLE changes both ends
			}
			for i, column := range k.Columns {
				have := ends{t.column(column), k.refs.column(k.RefColumns[i])}
				want := ends{d.next(t, column), d.next(k.refs, k.RefColumns[i])}
				incomparable, err := d.incomparable(ctx, have, want)
				if err != nil {
					return nil, nil, err
				}
				if !incomparable {
					continue
				}
				keys[k] = within[k]
				if d.have.tables[t.String()] == t && !slices.Contains(t.outside, k) || want.column == nil || want.ref == nil {
					continue
				}
				ok, err := d.comparable(ctx, want)
				if err != nil {
					return nil, nil, err
				}
				if !ok {
					refusals = append(refusals, d.refuseTypes(t, k, i, have, want)...)
				}
			}
		}
	}
	return keys, refusals, nil
}

// refuseTypes refuses a change of a type that no longer allows the unmanaged foreign key k of t. have and want are the
// ends of its i-th column.
func (d *differ) refuseTypes(t *table, k *constraint, i int, have, want ends) []Op {
	changed, column, other := k.refs, k.RefColumns[i], t.part(k.Columns[i])
	from, to, stays := have.ref, want.ref, want.column
	if from.typed() == to.typed() {
		changed, column, other = t, k.Columns[i], k.refs.part(k.RefColumns[i])
		to, stays = want.column, want.ref
	}
	changed = d.have.origin(changed, column)
	return refuse(changed, fmt.Sprintf("column %s cannot become %s: the foreign key %s, which the schema file doesn't manage, compares it with %s, which is %s\n"+
		"first drop the key in a migration of your own (new)", changed.part(column), to.typed(), t.part(k.Name), other, stays.typed()))
}

// next returns the column of a table of the replayed state as it is in the desired state, or nil. A column that an
// unmanaged table has of its own stays as it is.
func (d *differ) next(t *table, name string) *column {
	if top := d.have.origin(t, name); d.have.tables[top.String()] == top {
		return d.want.tables[top.String()].column(name)
	}
	return t.column(name)
}

// origin returns the table that t inherits a column from, or t.
func (f *facts) origin(t *table, column string) *table {
	for _, oid := range append([]int64{t.Parent}, t.Inherits...) {
		if above := f.byOID[oid]; above.column(column) != nil {
			return f.origin(above, column)
		}
	}
	return t
}

// ends are a foreign key's column and the column that it refers to.
type ends struct{ column, ref *column }

// incomparable reports whether PostgreSQL has no equality operator for the types of a foreign key's two columns while
// only one of them has changed.
func (d *differ) incomparable(ctx context.Context, have, want ends) (bool, error) {
	between := []ends{{have.column, want.ref}, {want.column, have.ref}}
	for _, e := range between {
		if e.column == nil || e.ref == nil || have.column.typed() == e.column.typed() && have.ref.typed() == e.ref.typed() {
			continue
		}
		if ok, err := d.comparable(ctx, e); err != nil || !ok {
			return err == nil, err
		}
	}
	return false, nil
}

// comparable reports whether PostgreSQL allows a foreign key with these ends.
func (d *differ) comparable(ctx context.Context, e ends) (bool, error) {
	// A type may exist in only one of the two states. If one type is new and the other dropped, neither state has both,
	// and nothing compares them.
	for _, conn := range []*pgx.Conn{d.have.conn, d.want.conn} {
		_, err := try(ctx, conn, "pg_temp.tried", "CREATE TEMPORARY TABLE tried_ref (c "+e.ref.typed()+" UNIQUE)",
			"CREATE TEMPORARY TABLE tried (c "+e.column.typed()+")", "ALTER TABLE pg_temp.tried ADD FOREIGN KEY (c) REFERENCES pg_temp.tried_ref (c)")
		if err == nil {
			return true, nil
		}
		if pgsql.SQLState(err) == "" {
			return false, err
		}
	}
	return false, nil
}

// unblockKey drops a foreign key before the types change and adds w, its successor, afterwards.
func (d *differ) unblockKey(t *table, h, w *constraint) (ops []Op) {
	drop := dropConstraint(t, h.Name)
	why := "The types of its columns and of those that it refers to change one after the other"
	if d.have.tables[t.String()] == t && d.want.tables[t.String()] == nil {
		why = "The type that it refers to changes before its table is dropped"
	}
	drop.note = []string{why + ", and PostgreSQL cannot compare the old with the new."}
	if w != nil {
		if d.retyped(t, h) { // one statement rebuilds an enum on both ends
			drop.note = append(drop.note, "Until both have changed, a statement that joins the two tables fails as well.")
		}
		drop.note = append(drop.note, "Until it is added again it neither checks nor cascades; a row that violates it by then fails its validation.")
		ops = d.addConstraint(t, w)
	}
	return append(ops, Op{stage: stageUnblock, up: []cmd{drop}, downHazards: d.emptyHazards(t, h)}.undo(d.addConstraint(t, h)))
}

// emptyHazards returns the hazard of adding a foreign key again in a down file, if the table that it refers to is
// dropped too and restored without rows.
func (d *differ) emptyHazards(t *table, k *constraint) []hazard.Hazard {
	if k.refs == nil || d.have.tables[k.refs.String()] == nil || d.want.tables[k.refs.String()] != nil || !k.Valid {
		return nil
	}
	var set []string
	for _, c := range k.Columns {
		if d.want.tables[t.String()].column(c) == nil {
			return nil // restored without values too
		}
		set = append(set, ident(c)+" IS NOT NULL")
	}
	return []hazard.Hazard{{
		Kind: hazard.Fails, Table: t.String(),
		What:  "fails while a row of " + t.String() + " refers to " + k.refs.String() + ", which is restored without its rows",
		Query: fix.Rows(t.String(), strings.Join(set, " AND ")),
		Instead: fix.Words("Before running it, or running it again after it failed, restore the rows of " + k.refs.String() + " from a backup,\n" +
			"or remove the references to them."),
	}}
}
