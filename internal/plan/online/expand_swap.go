package online

import (
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// swap gives the incoming columns everything that the outgoing ones have, and then their names. Only one transaction
// needs a strong lock, and it scans nothing.
func (r *turn) swap(d *differ) (cmds []cmd) {
	cmds = append(cmds, r.build(d)...)
	var tables []string
	for _, e := range r.x.tables {
		tables = append(tables, e.have.String())
	}
	var late []cmd
	for _, p := range r.gone {
		if !p.foreign() {
			continue
		}
		drop := sql(dropConstraint(p.table, p.name()).String(), "Its successor is valid.")
		if r.both(p) {
			drop.note = append(drop.note, "atlas:nolint drop-foreign-key -- its successor is valid")
		}
		if !r.acts(p) {
			cmds = append(cmds, drop)
			continue
		}
		late = append(late, drop)
		if parent := p.constraint.refs.String(); !slices.Contains(tables, parent) {
			tables = append(tables, parent)
		}
	}
	for _, e := range r.x.tables {
		for _, c := range e.columns {
			if a, b := r.was(c).serial(), r.def(c).serial(); a != nil && b != nil && a.Type != b.Type {
				cmds = append(cmds, retype(b, a.Type, b.Type))
			}
		}
	}
	where := "the table"
	if len(tables) > 1 {
		where = "the tables"
	}
	cmds = append(cmds, sql("BEGIN"),
		sql("LOCK TABLE "+strings.Join(tables, ", ")+" IN ACCESS EXCLUSIVE MODE", "The swap: from here to COMMIT nothing is read or written in "+where+", and nothing is scanned."))
	cmds = append(cmds, late...)
	for _, e := range r.x.enums {
		cmds = append(cmds, e.rename(r.forth)...)
	}
	for _, e := range r.x.tables {
		cmds = append(cmds, r.exchange(e)...)
	}
	cmds = append(cmds, sql("COMMIT"))
	return append(cmds, r.tidy()...)
}

// acts reports whether a foreign key writes to an outgoing column: SET NULL, SET DEFAULT, or the CASCADE of an update.
// Until the swap the trigger overrules what its successor writes to the incoming column, so the key must stay until
// then.
func (r *turn) acts(p dependent) bool {
	k := p.constraint
	return r.changes(p.table, k.Columns) && (strings.Contains(k.Def, " SET NULL") || strings.Contains(k.Def, " SET DEFAULT") || strings.Contains(k.Def, "ON UPDATE CASCADE"))
}

// changes reports whether one of the columns of a table, in either state, changes.
func (r *turn) changes(t *table, columns []string) bool {
	return slices.ContainsFunc(r.x.tables, func(e *expanded) bool { return e.have.String() == t.String() && e.reads(columns) })
}

// both reports whether both ends of a foreign key change.
func (r *turn) both(p dependent) bool {
	return r.changes(p.table, p.constraint.Columns) && r.changes(p.constraint.refs, p.constraint.RefColumns)
}

// unique reports whether a part is a unique index or a key.
func (p dependent) unique() bool { return !p.foreign() && p.backing() != nil && p.backing().Unique }

func (p dependent) check() bool { return p.constraint != nil && p.constraint.Kind == "c" }

// build builds what the incoming columns need, under provisional names, without blocking. The unique indexes come last,
// because they can make ON CONFLICT fail.
func (r *turn) build(d *differ) (cmds []cmd) {
	index := func(p dependent) {
		cmds = append(cmds, sql(createIndex(p.table, p.backing(), r.names[p]), "Scans the table without blocking reads or writes."))
	}
	for _, p := range r.parts {
		if p.index != nil && !p.unique() {
			index(p)
		}
	}
	for _, e := range r.x.tables {
		var columns []*column
		for _, c := range e.columns {
			if b := r.def(c); b.NotNull || b.Identity != "" {
				next := *b
				next.Name = r.in(c)
				columns = append(columns, &next)
			}
		}
		if len(columns) > 0 {
			for _, o := range d.setNotNull(e.have, columns...) {
				cmds = append(cmds, o.up...)
			}
		}
	}
	for _, p := range r.parts {
		if p.check() {
			cmds = append(cmds, r.addValid(p)...)
		}
	}
	for _, e := range r.x.tables {
		cmds = append(cmds, r.prove(e)...)
	}
	for _, p := range r.parts {
		if p.unique() {
			index(p)
		}
	}
	for _, p := range r.parts {
		if p.foreign() {
			cmds = append(cmds, r.addValid(p)...)
		}
	}
	return cmds
}

// addValid adds a check or a foreign key under its provisional name, and validates it.
func (r *turn) addValid(p dependent) []cmd {
	k := *p.constraint
	k.Name = r.names[p]
	cmds := []cmd{sql(addNotValid(p.table, k.Name, k.Def).String())}
	if k.Valid {
		cmds = append(cmds, sql("ALTER TABLE "+p.table.String()+" VALIDATE CONSTRAINT "+ident(k.Name), "Scans the table without blocking reads or writes."))
	}
	return cmds
}

// proof returns what a check constraint proves before the swap, or "". Forth, the columns are equal. Back, the old
// column follows the new one where it can, so that only values without a counterpart could be lost.
func (r *turn) proof(e *expanded) string {
	var terms []string
	for _, c := range e.columns {
		switch {
		case r.forth:
			terms = append(terms, c.forth.equals(ident(c.new), c.forth.strict(ident(c.from.Name))))
		case c.back.loses() && !r.def(c).NotNull:
			terms = append(terms, "("+ident(c.from.Name)+" IS NULL OR "+ident(c.old)+" IS NOT NULL)")
		}
	}
	return strings.Join(terms, " AND ")
}

// prove proves that no value gets lost, and rejects writes of those that would.
func (r *turn) prove(e *expanded) []cmd {
	proof := r.proof(e)
	if proof == "" {
		return nil
	}
	what := "Proves that the columns are equal."
	if !r.forth {
		what = "Proves that no value gets lost."
	}
	t := e.have.String()
	return []cmd{
		sql("ALTER TABLE "+t+" ADD CONSTRAINT "+ident(e.object)+" CHECK ("+proof+") NOT VALID", what+" Until the swap, values without a counterpart are rejected."),
		sql("ALTER TABLE "+t+" VALIDATE CONSTRAINT "+ident(e.object), "Scans the table without blocking reads or writes."),
	}
}

// of returns those parts that belong to a table.
func of(e *expanded, parts []dependent, is func(dependent) bool) (list []dependent) {
	for _, p := range parts {
		if p.table.String() == e.have.String() && is(p) {
			list = append(list, p)
		}
	}
	return list
}

// exchange swaps the names of a table's columns and gives the incoming ones what can't be prepared.
func (r *turn) exchange(e *expanded) (cmds []cmd) {
	t := e.have
	alter := func(column, action string) cmd {
		return sql("ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(column) + " " + action)
	}
	number := func(c *expandedColumn) string { return literal("schema.next_" + c.from.Name) }
	for _, c := range e.columns {
		if r.def(c).Identity != "" {
			cmds = append(cmds, sql("SELECT set_config("+number(c)+", nextval(pg_get_serial_sequence("+literal(t.String())+", "+literal(c.from.Name)+"))::text, true)", "The numbers continue."))
		}
	}
	var drops []cmd
	if r.proof(e) != "" {
		drops = append(drops, dropConstraint(t, e.object))
	}
	for _, p := range of(e, r.gone, func(p dependent) bool { return p.constraint != nil && (p.unique() || p.check()) }) {
		drop := dropConstraint(t, p.name())
		if p.constraint.Kind == "u" {
			drop.note = []string{"atlas:nolint drop-unique-constraint -- its successor is built"}
		}
		again := func(q dependent) bool { return q.check() && q.name() == p.name() }
		if len(r.x.enums) > 0 && p.check() && len(of(e, r.parts, again)) > 0 {
			drop.note = []string{"atlas:nolint drop-check-constraint -- its successor is valid"}
		}
		drops = append(drops, drop)
	}
	cmds = append(cmds, drops...)
	for _, p := range of(e, r.gone, func(p dependent) bool { return p.constraint == nil && !r.outlives(p) }) {
		cmds = append(cmds, sql("DROP INDEX "+pgsql.QualifiedIdent(t.Schema, p.name()), "atlas:nolint drop-index-blocking -- the swap has locked the table"))
	}
	for _, a := range e.attached {
		cmds = append(cmds, sql(a.Drop))
	}
	for _, c := range e.columns {
		was := r.was(c)
		switch {
		case was.Identity != "":
			cmds = append(cmds, alter(c.from.Name, "DROP IDENTITY"))
		case was.Default != nil:
			cmds = append(cmds, alter(c.from.Name, "DROP DEFAULT"))
		}
		if was.NotNull {
			drop := alter(c.from.Name, "DROP NOT NULL")
			drop.note = []string{"atlas:nolint drop-not-null -- it is the column that is replaced"}
			cmds = append(cmds, drop)
		}
		if was.Comment != nil {
			cmds = append(cmds, commentOn("COLUMN "+t.columnName(c.from), ""))
		}
		rename := func(from, to string) cmd {
			return sql("ALTER TABLE " + t.String() + " RENAME COLUMN " + ident(from) + " TO " + ident(to))
		}
		away := rename(c.from.Name, r.out(c))
		away.note = []string{"atlas:nolint rename-column -- the other column takes the name in the same transaction"}
		cmds = append(cmds, away, rename(r.in(c), c.from.Name))
		def := r.def(c)
		switch {
		case def.Identity != "":
			own := "pg_get_serial_sequence(" + literal(t.String()) + ", " + literal(c.from.Name) + ")"
			cmds = append(cmds, alter(c.from.Name, "ADD GENERATED "+def.Identity+" AS IDENTITY"+def.own.parenthesis()),
				sql("SELECT setval("+own+", current_setting("+number(c)+")::bigint, false)"))
			for _, g := range c.numbers {
				cmds = append(cmds, sql(g))
			}
		case def.Default != nil:
			cmds = append(cmds, alter(c.from.Name, "SET DEFAULT "+*def.Default))
		}
		if def.Comment != nil {
			cmds = append(cmds, commentOn("COLUMN "+t.columnName(c.from), *def.Comment))
		}
	}
	for _, p := range of(e, r.parts, dependent.unique) {
		if k := p.constraint; k != nil {
			cmds = append(cmds, sql("ALTER TABLE "+t.String()+" ADD CONSTRAINT "+ident(k.Name)+usingIndex(k, r.names[p])))
			cmds = append(cmds, finishConstraint(t, k)...)
		} else {
			cmds = append(append(cmds, renameIndex(t, r.names[p], p.name())), finish(t, p.index)...)
		}
		if !slices.ContainsFunc(p.backing().properties, func(c cmd) bool { return strings.Contains(c.sql, "REPLICA IDENTITY") }) {
			cmds = append(cmds, markReplica(t, p.backing(), p.name())...)
		}
	}
	for _, p := range of(e, r.parts, dependent.check) {
		cmds = append(append(cmds, renameConstraint(t, r.names[p], p.name())), finishConstraint(t, p.constraint)...)
	}
	cmds = append(cmds, sql("CREATE OR REPLACE FUNCTION "+e.function(!r.forth)))
	for _, a := range e.attached {
		for _, s := range a.Create {
			cmds = append(cmds, sql(s))
		}
	}
	return cmds
}

// outlives reports whether an outgoing index stays until after the swap. It doesn't if a unique index takes its name
// there.
func (r *turn) outlives(p dependent) bool {
	return !p.unique() && !slices.ContainsFunc(r.parts, func(q dependent) bool {
		return q.unique() && q.table.String() == p.table.String() && q.name() == p.name()
	})
}

// tidy gives the parts that need no strong lock on the table their names, and drops those that they replace.
func (r *turn) tidy() (cmds []cmd) {
	for _, e := range r.x.tables {
		for _, c := range e.columns {
			if s := r.def(c).serial(); s != nil {
				cmds = append(cmds, ownedBy(s.String(), e.have.columnName(c.from)))
			}
		}
	}
	plain := func(p dependent) bool { return p.index != nil && !p.unique() }
	for _, p := range r.gone {
		if p.index != nil && r.outlives(p) {
			cmds = append(cmds, sql(dropIndex(p.table, p.name())))
		}
	}
	for _, p := range r.parts {
		switch {
		case plain(p):
			cmds = append(append(cmds, renameIndex(p.table, r.names[p], p.name())), finish(p.table, p.index)...)
		case p.foreign():
			cmds = append(append(cmds, renameConstraint(p.table, r.names[p], p.name())), finishConstraint(p.table, p.constraint)...)
		}
	}
	return cmds
}
