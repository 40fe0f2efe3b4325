package online

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// incomparableKeys returns the foreign keys that must be dropped before the types of their columns change, and added
// again afterwards. When the type of one end changes, PostgreSQL recreates the key, and fails if it cannot compare the
// new type of that end with the old type of the other.
func (d *differ) incomparableKeys(ctx context.Context, enums []rebuiltEnum) (map[*constraint]bool, error) {
	keys := map[*constraint]bool{}
	for name, t := range d.have.tables {
		next := d.want.tables[name] // if nil, t is dropped after the tables that it refers to have changed
		constraints := t.constraints
		for _, p := range t.parts() {
			if p.constraint != nil {
				constraints = append(slices.Clip(constraints), p.constraint)
			}
		}
		for _, k := range constraints {
			if k.Kind != "f" {
				continue
			}
			if slices.ContainsFunc(enums, func(e rebuiltEnum) bool { return e.typed(t, k.Columns) }) {
				keys[k] = true // the old and the new enum are incomparable too
			}
			if k.refs == nil || k.refs.OID == t.OID {
				continue // one ALTER TABLE changes both ends
			}
			for i, column := range k.Columns {
				want := ends{column: next.column(column)}
				if ref := d.want.tables[d.have.top(k.refs).String()]; ref != nil {
					want.ref = ref.column(k.RefColumns[i])
				}
				incomparable, err := d.incomparable(ctx, ends{t.column(column), k.refs.column(k.RefColumns[i])}, want)
				if err != nil {
					return nil, err
				}
				keys[k] = keys[k] || incomparable
			}
		}
	}
	return keys, nil
}

// top returns the partitioned table that t is a partition of, or t.
func (f *facts) top(t *table) *table {
	for f.byOID[t.Parent] != nil {
		t = f.byOID[t.Parent]
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
		// A type may exist in only one of the two states. If one type is new and the other dropped, neither state has
		// both, and nothing compares them.
		possible := false
		for _, conn := range []*pgx.Conn{d.have.conn, d.want.conn} {
			_, err := try(ctx, conn, "pg_temp.tried", "CREATE TEMPORARY TABLE tried_ref (c "+e.ref.typed()+" UNIQUE)",
				"CREATE TEMPORARY TABLE tried (c "+e.column.typed()+")", "ALTER TABLE pg_temp.tried ADD FOREIGN KEY (c) REFERENCES pg_temp.tried_ref (c)")
			if err != nil && pgsql.SQLState(err) == "" {
				return false, err
			}
			possible = possible || err == nil
		}
		if !possible {
			return true, nil
		}
	}
	return false, nil
}

// unblockKey drops a foreign key before the types change and adds w, its successor, afterwards.
func (d *differ) unblockKey(t *table, h, w *constraint) (ops []Op) {
	drop := dropConstraint(t, h.Name)
	why := "The types of its columns and of those that it refers to change one after the other"
	if d.want.tables[t.String()] == nil {
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
