package online

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// An expandedEnum is an enum that another type replaces by expand and contract: all of its columns change to the new
// type, and the two types swap their names in the same transaction as the columns.
type expandedEnum struct {
	rebuiltEnum
	new, old string // the names of the new type before the swap, and of the old one after it
	comment  *string
}

// in returns the name of the incoming type before the swap.
func (e *expandedEnum) in(forth bool) string {
	if forth {
		return e.new
	}
	return e.old
}

func (e *expandedEnum) qualified(name string) string { return pgsql.QualifiedIdent(e.schema, name) }

// gone and added return the values that only the old and only the new type has, as literals.
func (e *expandedEnum) gone() []string  { return missing(e.have.Values, e.want.Values) }
func (e *expandedEnum) added() []string { return missing(e.want.Values, e.have.Values) }

// create creates one of the two types.
func (e *expandedEnum) create(name string, values []string) []cmd {
	cmds := []cmd{createEnum(e.schema, name, values)}
	if e.comment != nil {
		cmds = append(cmds, commentOn("TYPE "+e.qualified(name), *e.comment))
	}
	return cmds
}

// rename swaps the names of the types.
func (e *expandedEnum) rename(forth bool) []cmd {
	out := e.old
	if !forth {
		out = e.new
	}
	away := renameType(e.schema, e.have.T, out)
	away.note = []string{"atlas:nolint rename-view -- the other type takes the name in the same transaction"}
	return []cmd{away, renameType(e.schema, e.in(forth), e.have.T)}
}

// twinOf returns the column a of t if it has the type of one of the enums, or nil.
func twinOf(enums []*expandedEnum, t *table, a, b *column) *expandedColumn {
	for _, e := range enums {
		i := slices.IndexFunc(e.users, func(u enumUser) bool { return u.table == t.String() && u.column == a.Name })
		if i < 0 {
			continue
		}
		u := e.users[i]
		return &expandedColumn{from: a, to: b, forth: u.conversion(e.qualified(e.new), e.gone()), back: u.conversion(e.qualified(e.old), e.added())}
	}
	return nil
}

// conversion returns how to convert the column's values to the enum typ, which lacks some.
func (u enumUser) conversion(typ string, lost []string) conversion {
	array := ""
	if u.array {
		array = "[]"
	}
	text := hole + "::text" + array
	c := conversion{cast: text + "::" + typ + array, assigned: text}
	if len(lost) > 0 {
		c.fails = u.has(hole, lost)
	}
	return c
}

// prepare adds the new types to the first migration of an expansion. It fails first if rows have values that they lack.
func (x *expansion) prepare(o *Op) {
	var first, types, drops []cmd
	for _, t := range x.tables {
		var names, where []string
		for _, e := range x.enums {
			for _, u := range e.users {
				if gone := e.gone(); u.table == t.have.String() && len(gone) > 0 {
					names, where = append(names, ident(u.column)), append(where, u.has(ident(u.column), gone))
				}
			}
		}
		if len(where) > 0 {
			first = append(first, t.count(names, where)...)
		}
	}
	var notices []hazard.Hazard
	for _, e := range x.enums {
		types = append(types, e.create(e.new, e.want.Values)...)
		drops = append(drops, sql("DROP TYPE "+e.qualified(e.new)))
		name := e.qualified(e.have.T)
		notices = append(notices, hazard.Hazard{Kind: hazard.Notice, Table: x.tables[0].have.String(),
			What: "the enum " + name + " " + e.difference() + ": another type, " + e.qualified(e.new) + ", takes its name at the swap",
			Also: "A prepared statement with a parameter of the enum fails from then on: prepare it again, or connect again."})
		notices = append(notices, e.used(e.gone())...)
	}
	o.hazards = append(notices, o.hazards...)
	o.up = slices.Concat(first, types, o.up)
	o.down = append(o.down, drops...)
}

// finish removes the old types in the last migration of an expansion.
func (x *expansion) finish(o *Op) {
	var again []cmd
	for _, e := range x.enums {
		o.up = append(o.up, sql("DROP TYPE "+e.qualified(e.old), "atlas:nolint drop-type -- its last column is dropped"))
		again = append(again, e.create(e.old, e.have.Values)...)
	}
	o.down = append(again, o.down...)
}

// groups returns the expansions, without names, and the enums that are replaced in place.
func (d *differ) groups(ctx context.Context, rebuilt []rebuiltEnum) ([]*expansion, []rebuiltEnum, error) {
	var stay []rebuiltEnum
	var enums []*expandedEnum
	for _, e := range rebuilt {
		why, err := d.enumStays(ctx, e)
		if err != nil {
			return nil, nil, err
		}
		if e.inPlace = why; why != "" || len(e.users) == 0 {
			stay = append(stay, e)
			continue
		}
		comment, err := d.typeComment(ctx, e.schema, e.have.T)
		if err != nil {
			return nil, nil, err
		}
		enums = append(enums, &expandedEnum{rebuiltEnum: e, comment: comment})
	}
	taken, chosen, asked := maps.Clone(d.names.taken), slices.Clone(d.names.chosen), slices.Clone(d.asked)
	for {
		for _, e := range enums {
			e.new, e.old = d.enumName(e.schema, e.have.T, "_new"), d.oldEnum(e.schema, e.have.T)
		}
		tables, err := d.expandables(ctx, stay, enums)
		if err != nil {
			return nil, nil, err
		}
		list, err := d.grouped(ctx, tables, enums)
		if err != nil {
			return nil, nil, err
		}
		// An enum changes in all of its tables or in none.
		n := slices.IndexFunc(enums, func(e *expandedEnum) bool {
			i := slices.IndexFunc(e.users, func(u enumUser) bool { return tables[u.table] == nil })
			if i >= 0 {
				e.inPlace = cmp.Or(d.inPlace[e.users[i].table], chosenInPlace)
			}
			return i >= 0
		})
		if n < 0 {
			return list, stay, nil
		}
		stay = append(stay, enums[n].rebuiltEnum)
		enums = slices.Delete(enums, n, n+1)
		d.inPlace, d.asked = map[string]string{}, slices.Clone(asked)
		d.names.taken, d.names.chosen = maps.Clone(taken), slices.Clone(chosen)
	}
}

//go:embed expand_enum.sql
var expandEnumSQL string

// enumStays says why an enum's columns can't have twins, or returns "".
func (d *differ) enumStays(ctx context.Context, e rebuiltEnum) (why string, err error) {
	var tables, columns []string
	for _, u := range e.users {
		have, want := d.have.tables[u.table], d.want.tables[u.table]
		name := "column " + u.table + "." + ident(u.column)
		if have == nil || want == nil {
			return name + " belongs to a table that the schema file doesn't manage, or that is dropped in the same plan", nil
		}
		if why := have.family(); why != "" {
			return "the table " + u.table + " " + why, nil
		}
		a, b := have.column(u.column), want.column(u.column)
		if a == nil || b == nil || a.typed() != b.typed() {
			return name + " is dropped or gets another type in the same plan", nil
		}
		tables, columns = append(tables, u.table), append(columns, u.column)
	}
	for _, conn := range []*pgx.Conn{d.have.conn, d.want.conn} {
		err := conn.QueryRow(ctx, expandEnumSQL, e.schema, e.have.T, tables, columns).Scan(&why)
		if err == nil {
			return "the " + why + " uses it", nil
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			return "", err
		}
	}
	return "", nil
}
