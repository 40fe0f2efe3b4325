package online

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/catalog"
	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// expandOps returns the ops of an expansion: files that add the new columns, one that fills them and swaps names, and
// files that drop the old columns.
func (d *differ) expandOps(ctx context.Context, from, to *state.State, x *expansion) ([]Op, error) {
	forth := &turn{x: x, forth: true,
		in: func(c *expandedColumn) string { return c.new }, out: func(c *expandedColumn) string { return c.old },
		def: func(c *expandedColumn) *column { return c.to }, was: func(c *expandedColumn) *column { return c.from }}
	back := &turn{x: x,
		in: func(c *expandedColumn) string { return c.old }, out: func(c *expandedColumn) string { return c.new },
		def: func(c *expandedColumn) *column { return c.from }, was: func(c *expandedColumn) *column { return c.to }}
	forth.parts = d.want.partsOf(x, func(e *expanded) *table { return e.want })
	back.parts = d.have.partsOf(x, func(e *expanded) *table { return e.have })
	forth.gone, back.gone = slices.Clone(back.parts), slices.Clone(forth.parts)
	if err := forth.provide(ctx, d, to, "_new"); err != nil {
		return nil, err
	}
	if err := back.provide(ctx, d, from, "_old"); err != nil {
		return nil, err
	}
	var ops []Op
	swap := Op{stage: stageExpand, rank: 1, step: "swap", key: x.tables[0].have.String() + " swap", apart: true, downApart: true, passing: true}
	for _, e := range x.tables {
		o := Op{stage: stageExpand, step: "expand", key: e.have.String() + " expand", passing: true, hazards: e.notices(back.gone), up: forth.add(e), down: e.drop(func(c *expandedColumn) string { return c.new })}
		o.up = append(o.up, e.create(true)...)
		for _, c := range e.columns {
			o.hazards = append(o.hazards, c.losses()...) // their queries are about the old column
		}
		o.change = e.change()
		if e == x.tables[0] {
			x.prepare(&o)
		}
		ops = append(ops, o)
		swap.up = append(swap.up, forth.fill(e)...)
		swap.down = append(swap.down, e.missing(func(c *expandedColumn) string { return c.old }, false)...)
		for _, c := range e.columns {
			swap.hazards = append(swap.hazards, c.failures()...)
			if !c.from.NotNull && c.to.NotNull {
				swap.hazards = append(swap.hazards, withNulls(e.have, c.from)...)
			}
			if c.from.NotNull && !c.to.NotNull {
				swap.downHazards = append(swap.downHazards, withNulls(e.have, c.to)...)
			}
		}
	}
	swap.up = append(swap.up, forth.swap(d)...)
	swap.down = append(swap.down, back.swap(d)...)
	swap.change = x.tables[0].change()
	for _, e := range x.enums {
		swap.downHazards = append(swap.downHazards, e.used(e.added())...)
	}
	ops = append(ops, swap)
	for _, e := range x.tables {
		o := Op{stage: stageContract, step: "contract", key: e.have.String() + " contract", contract: true, downApart: true,
			up: e.drop(func(c *expandedColumn) string { return c.old }), down: back.add(e)}
		o.up[0].note = append([]string{"Drops the old column and what keeps it up to date. Apply stops before this file, so that the change can be reverted quickly until then."}, o.up[0].note...)
		o.down = append(append(o.down, e.create(false)...), back.fill(e)...)
		o.change = e.change()
		if e == x.tables[len(x.tables)-1] {
			x.finish(&o)
		}
		ops = append(ops, o)
	}
	d.done(x, back.gone, forth.gone)
	return ops, nil
}

func (e *expanded) change() change {
	var names []string
	for _, c := range e.columns {
		names = append(names, c.from.Name)
	}
	return change{verb: "change", kind: "column", table: e.have.Name, name: few(names), what: "type"}
}

// failures returns the hazards of values that can't be converted.
func (c *expandedColumn) failures() []hazard.Hazard {
	return c.pick(func(h hazard.Hazard) bool { return h.Kind == hazard.Narrow || h.Kind == hazard.Cast })
}

// losses returns the hazards of values that are changed.
func (c *expandedColumn) losses() []hazard.Hazard {
	return c.pick(func(h hazard.Hazard) bool { return h.Kind == hazard.Lossy })
}

func (c *expandedColumn) pick(is func(hazard.Hazard) bool) (list []hazard.Hazard) {
	for _, h := range c.hazards {
		if is(h) {
			h.Instead = fix.Text{}
			list = append(list, h)
		}
	}
	return list
}

// notices returns what an application may notice of the change.
func (e *expanded) notices(parts []dependent) []hazard.Hazard {
	var names, olds []string
	for _, c := range e.columns {
		names, olds = append(names, ident(c.from.Name)), append(olds, ident(c.new))
	}
	columns := strings.Join(names, ", ")
	what := "changes the type of %s by expand and contract: %s gets the values, and later the name"
	if len(names) > 1 {
		what = "changes the types of %s by expand and contract: %s get the values, and later the names"
	}
	list := []hazard.Hazard{{Kind: hazard.Notice, Table: e.have.String(),
		What: fmt.Sprintf(what, columns, strings.Join(olds, ", ")),
		Also: "The disk holds one more copy of the column and its indexes meanwhile. COPY and INSERT without a column list, and SELECT *, see one more column.\n" +
			"At the swap, a prepared SELECT fails once with \"cached plan must not change result type\", and prepared statements keep the old parameter type."}}
	for _, p := range parts {
		if p.table.String() == e.have.String() && p.backing() != nil && p.backing().Unique && !p.foreign() {
			list = append(list, conflict(e.have, "("+identList(p.backing().Columns)+")", p.name())...)
		}
	}
	return list
}

// trigger returns the name of the table's trigger, which must run after all other BEFORE triggers.
func (e *expanded) trigger() string { return syncTrigger(e.object) }

func syncTrigger(object string) string { return pgsql.Fit("zz_"+object, "") }

func (e *expanded) qualified() string { return pgsql.QualifiedIdent(e.have.Schema, e.object) }

// create creates the trigger and its function.
func (e *expanded) create(forth bool) []cmd {
	t := e.have.String()
	return []cmd{
		sql("CREATE FUNCTION "+e.function(forth), "Keeps both columns equal, whatever writes."),
		sql("CREATE TRIGGER " + ident(e.trigger()) + " BEFORE INSERT OR UPDATE ON " + t + " FOR EACH ROW EXECUTE FUNCTION " + e.qualified() + "()"),
		sql("ALTER TABLE " + t + " ENABLE ALWAYS TRIGGER " + ident(e.trigger())),
	}
}

// function returns the definition of the trigger's function. Before the swap, the old column decides; afterwards the
// new one, and the old one follows where it can.
func (e *expanded) function(forth bool) string {
	var b strings.Builder
	b.WriteString("BEGIN\n")
	for _, c := range e.columns {
		name := ident(c.from.Name)
		if forth {
			b.WriteString(assign(ident(c.new), c.forth, "NEW."+name, "  "))
			continue
		}
		// Equal values may have different texts, such as 1.0 and 1.00, and the old column may be text.
		when := "TG_OP = 'INSERT' OR NEW." + name + "::text IS DISTINCT FROM OLD." + name + "::text"
		if c.back.tries() {
			when += " OR NEW." + ident(c.old) + " IS NULL" // as where existing rows are filled
		}
		b.WriteString("  IF " + when + " THEN\n")
		b.WriteString(assign(ident(c.old), c.back, "NEW."+name, "    "))
		b.WriteString("  END IF;\n")
	}
	b.WriteString("  RETURN NEW;\nEND")
	return e.qualified() + `() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres'
AS ` + pgsql.DollarQuoteAs("sync", b.String())
}

// assign sets a column of the new row to a value, or to NULL if the value has no counterpart.
func assign(column string, c conversion, value, indent string) string {
	c.cast = cmp.Or(c.assigned, c.cast)
	set := "NEW." + column + " := "
	if !c.tries() {
		return indent + set + c.value(value) + ";\n"
	}
	return indent + "BEGIN\n" + indent + "  " + set + c.strict(value) + ";\n" + indent + "EXCEPTION WHEN OTHERS THEN\n" + indent + "  " + set + "NULL;\n" + indent + "END;\n"
}

// drop drops the trigger, its function and columns.
func (e *expanded) drop(name func(*expandedColumn) string) []cmd {
	cmds := []cmd{
		sql("DROP TRIGGER " + ident(e.trigger()) + " ON " + e.have.String()),
		sql("DROP FUNCTION " + e.qualified() + "()"),
	}
	for _, c := range e.columns {
		cmds = append(cmds, action(e.have, "DROP COLUMN "+ident(name(c))))
	}
	return cmds
}

// A turn is the replacement of columns by their twins, in one direction.
type turn struct {
	x       *expansion
	forth   bool
	in, out func(*expandedColumn) string  // the name of the incoming column before the swap, and of the outgoing one after it
	def     func(*expandedColumn) *column // the incoming column
	was     func(*expandedColumn) *column // the outgoing column
	parts   []dependent                   // on the incoming columns
	gone    []dependent                   // on the outgoing columns
	facts   *facts                        // with the incoming columns by their names before the swap
	names   map[dependent]string          // the names of parts before the swap
}

// partsOf returns the parts that read the columns of an expansion.
func (f *facts) partsOf(x *expansion, of func(*expanded) *table) []dependent {
	var list []dependent
	for _, e := range x.tables {
		for _, p := range f.dependents(of(e), e) {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// provide reads the parts with the names that the columns have before the swap, and gives them names until then.
func (r *turn) provide(ctx context.Context, d *differ, s *state.State, suffix string) (err error) {
	conn := s.Conn()
	rename := func(from, to func(*expandedColumn) string) error {
		for _, e := range r.x.tables {
			for _, c := range e.columns {
				stmt := "ALTER TABLE " + e.have.String() + " RENAME COLUMN " + ident(from(c)) + " TO " + ident(to(c))
				if _, err := conn.Exec(ctx, stmt, pgx.QueryExecModeSimpleProtocol); err != nil {
					return fmt.Errorf("renaming a column to see what depends on it: %w", err)
				}
			}
		}
		return nil
	}
	plain := func(c *expandedColumn) string { return c.from.Name }
	if err := rename(plain, r.in); err != nil {
		return err
	}
	retype := func(back bool) error {
		for _, e := range r.x.enums {
			from, to := e.have.T, e.in(r.forth)
			if back {
				from, to = to, from
			}
			if _, err := conn.Exec(ctx, renameType(e.schema, from, to).String(), pgx.QueryExecModeSimpleProtocol); err != nil {
				return fmt.Errorf("renaming an enum to see what depends on it: %w", err)
			}
		}
		return nil
	}
	if err := retype(false); err != nil {
		return err
	}
	if r.facts, err = readFacts(ctx, s); err == nil {
		err = r.facts.readProperties(ctx, s)
	}
	err = cmp.Or(err, rename(r.in, plain), retype(true))
	if err != nil {
		return err
	}
	r.names = map[dependent]string{}
	for i, p := range r.parts {
		q := dependent{table: r.facts.tables[p.table.String()]}
		if p.constraint != nil {
			q.constraint = q.table.constraint(p.name())
		} else {
			q.index = q.table.index(p.name())
		}
		if p.backing() != nil && !p.foreign() {
			r.names[q] = d.names.index(p.table, p.name(), suffix)
		} else {
			r.names[q] = d.names.constraint(p.table, p.name(), suffix)
		}
		r.parts[i] = q
	}
	return nil
}

// column returns the incoming column by its name before the swap.
func (r *turn) column(e *expanded, c *expandedColumn) *column {
	return r.facts.tables[e.have.String()].column(r.in(c))
}

// add adds the incoming columns, bare.
func (r *turn) add(e *expanded) (cmds []cmd) {
	for _, c := range e.columns {
		cmds = append(cmds, action(e.have, "ADD COLUMN "+ident(r.in(c))+" "+r.column(e, c).typed()))
	}
	for _, c := range e.columns {
		cmds = append(cmds, r.column(e, c).properties...)
		grants := c.grants
		if !r.forth {
			grants = c.oldGrants
		}
		for _, g := range grants {
			cmds = append(cmds, sql(g))
		}
	}
	return cmds
}

// fill fills the incoming columns of existing rows in batches.
func (r *turn) fill(e *expanded) []cmd {
	t := e.have
	var set, where, names []string
	for _, c := range e.columns {
		in, out, conv := ident(r.in(c)), "r."+ident(c.from.Name), c.forth
		if !r.forth {
			conv = c.back
		}
		names = append(names, in)
		if conv.tries() {
			set = append(set, in+" = NULL")
			where = append(where, "r."+in+" IS NULL AND "+out+" IS NOT NULL")
			continue
		}
		set = append(set, in+" = "+conv.value(out))
		where = append(where, conv.differs("r."+in, conv.value(out)))
	}
	condition := where[0]
	if len(where) > 1 {
		condition = "((" + strings.Join(where, ") OR (") + "))"
	}
	b := fix.Batch{Table: t.fix(), Alias: "r", Statement: "UPDATE " + t.String() + " r SET " + strings.Join(set, ", "), Where: condition}
	directive, update := b.SQL()
	all := strings.Join(names, ", ")
	note := []string{"Fill " + all + " in existing rows, batch by batch.", directive}
	if directive == "" {
		note = []string{"Fill " + all + " in existing rows, in one statement: there is no key to batch by."}
	}
	if strings.Contains(strings.Join(set, " "), " = NULL") {
		note = append([]string{"The trigger converts the values; it sets NULL where that fails."}, note...)
	}
	cmds := []cmd{sql(update.String(), note...), sql("ANALYZE " + t.String() + " (" + all + ")")}
	if r.forth {
		cmds = append(cmds, e.missing(r.in, true)...)
	}
	return cmds
}

// missing fails if rows have values without a counterpart in the other column, whose name is other.
func (e *expanded) missing(other func(*expandedColumn) string, forth bool) []cmd {
	var where, names []string
	for _, c := range e.columns {
		conv := c.forth
		if !forth {
			conv = c.back
		}
		if conv.loses() {
			names = append(names, ident(c.from.Name))
			where = append(where, ident(c.from.Name)+" IS NOT NULL AND "+ident(other(c))+" IS NULL")
		}
	}
	if len(where) == 0 {
		return nil
	}
	return e.count(names, where)
}

// count fails if there are rows of one of the conditions, with values of the named columns that the other type can't
// have.
func (e *expanded) count(names, where []string) []cmd {
	t := e.have.String()
	condition := strings.Join(where, " OR ")
	body := fmt.Sprintf(`DECLARE
  n bigint := (SELECT count(*) FROM %s WHERE %s);
BEGIN
  IF n > 0 THEN
    RAISE EXCEPTION USING ERRCODE = 'data_exception',
      MESSAGE = format(%s, n),
      HINT = %s;
  END IF;
END`, t, condition, literal("%s rows of "+strings.ReplaceAll(t, "%", "%%")+" have a value of "+strings.ReplaceAll(strings.Join(names, ", "), "%", "%%")+" that the other type can't have"),
		literal("change those rows, then run this again; "+fix.Rows(t, condition).String()))
	return []cmd{sql("DO "+pgsql.DollarQuote(body), "Fails, with their number, if rows have values that the other type can't have.", "repeatable it only reads")}
}

// done changes the facts of the replayed state as if the expansion had been made.
func (d *differ) done(x *expansion, now, before []dependent) {
	type object struct{ kind, name string }
	changed := map[object]bool{}
	mark := func(list []dependent) {
		for _, p := range list {
			kind := "constraint"
			if p.index != nil {
				kind = "index"
			}
			changed[object{kind, p.table.part(p.name())}] = true
		}
	}
	mark(now)
	mark(before)
	for _, e := range x.enums {
		e.have.Values = e.want.Values
		changed[object{"enum", pgsql.QualifiedIdent(e.schema, e.have.T)}] = true
	}
	for _, e := range x.tables {
		t := e.have
		for i, c := range t.columns {
			tw := e.twin(c.Name)
			if tw == nil {
				continue
			}
			next := *tw.to
			next.Table = t.OID
			t.columns[i] = &next
			changed[object{"column", t.part(c.Name)}] = true
			if s := tw.to.serial(); s != nil {
				changed[object{"sequence", s.String()}] = true
				d.have.sequences[s.String()] = d.want.sequences[s.String()]
			}
		}
	}
	for _, p := range before {
		t := d.have.tables[p.table.String()]
		if p.index != nil {
			t.indexes = slices.DeleteFunc(t.indexes, func(i *index) bool { return i.Name == p.name() })
			continue
		}
		t.constraints = slices.DeleteFunc(t.constraints, func(k *constraint) bool { return k.Name == p.name() })
		if p.constraint.index != nil {
			t.indexes = slices.DeleteFunc(t.indexes, func(i *index) bool { return i.Name == p.name() })
		}
	}
	for _, p := range now {
		t, w := d.have.tables[p.table.String()], d.want.tables[p.table.String()]
		var next *index
		if i := (dependent{table: w, constraint: w.constraint(p.name()), index: w.index(p.name())}).backing(); i != nil && !p.foreign() {
			next = new(*i)
			next.Table = t.OID
			t.indexes = append(t.indexes, next)
		}
		if p.constraint == nil {
			continue
		}
		k := new(*w.constraint(p.name()))
		k.Table, k.index = t.OID, next
		if next != nil {
			next.constraint = k
		}
		t.constraints = append(t.constraints, k)
	}
	// Keys refer to tables and indexes of the same state.
	for _, p := range now {
		if !p.foreign() {
			continue
		}
		t, w := d.have.tables[p.table.String()], d.want.tables[p.table.String()].constraint(p.name())
		k := t.constraint(p.name())
		k.refs = d.have.tables[w.refs.String()]
		if w.key != nil {
			k.key = k.refs.index(w.key.Name)
		}
	}
	is := func(l catalog.Line) bool { return changed[object{l.Kind, l.Name}] }
	lines := slices.Collect(d.have.catalog.Filter(func(l catalog.Line) bool { return !is(l) }).All())
	d.have.catalog = catalog.New(slices.AppendSeq(lines, d.want.catalog.Filter(is).All()))
}
