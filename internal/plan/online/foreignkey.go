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

// heldKeys returns the foreign keys whose two ends change to types that PostgreSQL does not
// compare with the old ones. It makes a key anew with each end, and refuses: such a key goes
// before and comes back after.
func (d *differ) heldKeys(ctx context.Context, enums []rebuiltEnum) (map[*constraint]bool, error) {
	held := map[*constraint]bool{}
	for name, t := range d.have.tables {
		next := d.want.tables[name]
		if next == nil {
			next = &table{} // dropped, after what it refers to has changed
		}
		for _, k := range t.constraints {
			if k.Kind != "f" {
				continue
			}
			if slices.ContainsFunc(enums, func(e rebuiltEnum) bool { return e.typed(t, k.Columns) }) {
				held[k] = true // the new enum is not compared with the old one either
			}
			if k.refs == nil || k.refs.OID == t.OID {
				continue // one ALTER TABLE changes both ends
			}
			for i, column := range k.Columns {
				want := ends{column: next.column(column)}
				if ref := d.want.tables[k.refs.String()]; ref != nil {
					want.ref = ref.column(k.RefColumns[i])
				}
				holds, err := d.holds(ctx, ends{t.column(column), k.refs.column(k.RefColumns[i])}, want)
				if err != nil {
					return nil, err
				}
				held[k] = held[k] || holds
			}
		}
	}
	return held, nil
}

// ends are the columns that a foreign key ties to each other.
type ends struct{ column, ref *column }

// holds says whether a foreign key between a pair of columns stands in the way of their new
// types, whichever of the two changes first.
func (d *differ) holds(ctx context.Context, have, want ends) (bool, error) {
	between := []ends{{have.column, want.ref}, {want.column, have.ref}}
	for _, e := range between {
		if e.column == nil || e.ref == nil || have.column.typed() == e.column.typed() && have.ref.typed() == e.ref.typed() {
			continue
		}
		// A type may exist in one of the two states only. In neither there are both if one
		// is new and the other goes, and then nothing compares them.
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

// freeKey drops a foreign key before the types change and adds w, what becomes of it, after.
func (d *differ) freeKey(t *table, h, w *constraint) (ops []Op) {
	drop := dropConstraint(t, h.Name)
	why := "Its two ends change one after the other"
	if d.want.tables[t.String()] == nil {
		why = "What it refers to changes before its table is dropped"
	}
	drop.note = []string{why + ", and PostgreSQL compares no old type with a new one."}
	if w != nil {
		if d.retyped(t, h) { // not so for an enum, of which both ends are made anew at once
			drop.note = append(drop.note, "In between a statement that joins the two fails as well.")
		}
		drop.note = append(drop.note, "Until it is added again it neither checks nor cascades: a row that is against it by then fails its validation.")
		ops = d.addConstraint(t, w)
	}
	return append(ops, Op{stage: stageFree, up: []cmd{drop}, downHazards: d.emptyHazards(t, h)}.undo(d.addConstraint(t, h)))
}

// emptyHazards say what stops the way back of a foreign key's drop: the table that it refers to
// is dropped too, and comes back without rows.
func (d *differ) emptyHazards(t *table, k *constraint) []hazard.Hazard {
	if k.refs == nil || d.want.tables[k.refs.String()] != nil || !k.Valid {
		return nil
	}
	var set []string
	for _, c := range k.Columns {
		if d.want.tables[t.String()].column(c) == nil {
			return nil // comes back empty too
		}
		set = append(set, ident(c)+" IS NOT NULL")
	}
	return []hazard.Hazard{{
		Kind: hazard.Fails, Table: t.String(),
		What:  "fails while a row of " + t.String() + " refers to " + k.refs.String() + ", which comes back without its rows",
		Query: fix.Rows(t.String(), strings.Join(set, " AND ")),
		Instead: fix.Words("Before it runs, or where it has failed before it runs again, give " + k.refs.String() + " its rows back, from a backup,\n" +
			"or let no row refer to them."),
	}}
}
