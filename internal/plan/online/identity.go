package online

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// addIdentity adds an identity column. It numbers the existing rows with a temporary sequence; then the column's own
// sequence continues after it.
func (d *differ) addIdentity(ctx context.Context, have, want *table, c *column) ([]Op, error) {
	seq := *c.own
	seq.Name = d.names.index(have, have.Name+"_"+c.Name, "_numbers")
	next := "nextval(" + pgsql.Literal(seq.String()) + "::regclass)"
	serial := *c
	serial.Identity, serial.Default, serial.own, serial.draws = "", &next, &seq, seq.String()
	ops, err := d.addColumn(ctx, have, want, &serial)
	if err != nil {
		return nil, err
	}
	alter := "ALTER TABLE " + have.String() + " ALTER COLUMN " + ident(c.Name) + " "
	own := d.identitySequence(have, c)
	set := func(to, from string) cmd { return sql("SELECT setval(" + to + ", nextval(" + from + "), false)") }
	return append(ops, Op{stage: stageSwap, key: numbersFile(have, c),
		up: []cmd{
			sql(alter+"DROP DEFAULT, ALTER COLUMN "+ident(c.Name)+" ADD GENERATED "+c.Identity+" AS IDENTITY"+c.own.parenthesis(), "The column's own sequence continues after the other."),
			sql("ALTER SEQUENCE " + seq.String() + " OWNED BY NONE"),
			set(own, pgsql.Literal(seq.String())),
			sql("DROP SEQUENCE " + seq.String()),
		},
		down: []cmd{
			lockTable(have),
			sql(seq.create()),
			set(pgsql.Literal(seq.String()), own),
			sql(alter + "DROP IDENTITY, ALTER COLUMN " + ident(c.Name) + " SET DEFAULT " + next),
			sql("ALTER SEQUENCE " + seq.String() + " OWNED BY " + have.columnName(c)),
		}}), nil
}

// changeIdentity adds, drops or changes the identity of a column.
func (d *differ) changeIdentity(t *table, a, b *column) []Op {
	alter := "ALTER COLUMN " + ident(a.Name) + " "
	switch {
	case a.Identity == "" && b.Identity == "":
	case a.Identity == "":
		var ops []Op
		if !a.NotNull {
			ops = d.setNotNull(t, a)
		}
		return append(ops, d.addIdentityTo(t, a, b)...)
	case b.Identity == "":
		add := action(t, alter+"ADD GENERATED "+a.Identity+" AS IDENTITY"+a.own.parenthesis())
		return []Op{{stage: stageAlter, key: t.String(), up: []cmd{action(t, alter+"DROP IDENTITY")}, down: []cmd{add, d.numberOn(t, a)}}}
	case a.Identity != b.Identity || a.own.Options != b.own.Options:
		o := Op{stage: stageAlter, key: t.String(), up: d.setIdentity(t, a, b), down: d.setIdentity(t, b, a)}
		if b.own.options().turns(a.own.options()) && !leads(t, a.Name) {
			o.hazards, o.downHazards = findsNumber(t, b), findsNumber(t, a)
			o.stage = stageRewrite
		}
		return []Op{o}
	}
	return nil
}

// setIdentity returns the statements that turn the identity of column a into that of b.
func (d *differ) setIdentity(t *table, a, b *column) (cmds []cmd) {
	from, to := a.own.options(), b.own.options()
	if !to.turns(from) {
		// The last number must be within the bounds before they narrow.
		identity := d.identitySequence(t, a)
		last := fmt.Sprintf("coalesce(pg_sequence_last_value(%s), %d)", identity, from.start)
		if to.min > from.min {
			cmds = append(cmds, sql(fmt.Sprintf("SELECT setval(%s, %d, false) WHERE %s < %d", identity, to.min, last, to.min)))
		}
		if to.max < from.max {
			cmds = append(cmds, sql(fmt.Sprintf("SELECT setval(%s, %d, false) WHERE %s > %d", identity, to.max, last, to.max)))
		}
	}
	set := " SET GENERATED " + b.Identity
	if a.Identity == b.Identity {
		set = ""
	}
	cmds = append(cmds, action(t, "ALTER COLUMN "+ident(a.Name)+set+to.set(from)))
	if to.turns(from) {
		cmds = append(cmds, d.numberOn(t, b))
	}
	return cmds
}

// swapsNumbers reports whether a serial column becomes an identity column or the other way around.
func swapsNumbers(a, b *column) bool {
	return a.Identity != "" && b.serial() != nil || a.serial() != nil && b.Identity != ""
}

// swapNumbers turns a serial column into an identity column or the other way around. The numbers continue. It returns
// the column as it is afterwards.
func (d *differ) swapNumbers(t *table, a, b *column) (*column, Op) {
	tmp := *cmp.Or(a.serial(), b.serial())
	tmp.Schema, tmp.Name = t.Schema, d.names.index(t, t.Name+"_"+a.Name, "_numbers")
	kept := a.serial() != nil && !d.dropsSequence(a.own.String()) || b.serial() != nil && d.have.sequences[b.own.String()] != nil
	o := Op{stage: stageAlter, key: numbersFile(t, a), rank: -1, up: d.renumber(t, a, b, &tmp, kept), down: d.renumber(t, b, a, &tmp, kept)}
	next := *a
	next.Identity, next.own, next.draws, next.Default, next.NotNull = b.Identity, b.own, b.draws, b.Default, true
	return &next, o
}

// renumber returns the statements that turn column a into column b. Both columns' sequences have the same name, so one
// is called tmp for a moment. If kept is set, the serial column's sequence exists before and afterwards.
func (d *differ) renumber(t *table, a, b *column, tmp *sequence, kept bool) []cmd {
	alter := "ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(a.Name) + " "
	const note = "The numbers continue from the column's current sequence."
	identity := d.identitySequence(t, a)
	switch {
	case b.Identity != "" && kept:
		return []cmd{
			sql(alter+"DROP DEFAULT", note),
			sql(alter + "ADD GENERATED " + b.Identity + " AS IDENTITY" + b.own.parenthesis()),
			sql("SELECT setval(" + identity + ", last_value, is_called) FROM " + a.own.String()),
		}
	case b.Identity != "":
		old := &sequence{Schema: a.own.Schema, Name: tmp.Name}
		return []cmd{
			sql(alter+"DROP DEFAULT", note),
			sql("ALTER SEQUENCE " + a.own.String() + " OWNED BY NONE"),
			sql("ALTER SEQUENCE " + a.own.String() + " RENAME TO " + ident(tmp.Name)),
			sql(alter + "ADD GENERATED " + b.Identity + " AS IDENTITY" + b.own.parenthesis()),
			sql("SELECT setval(" + identity + ", nextval(" + literal(old.String()) + "), false)"),
			sql("DROP SEQUENCE " + old.String()),
		}
	case kept:
		return []cmd{
			lockTable(t, note),
			d.lockSequence(b.own.String()),
			raise(b.own.String(), "nextval("+identity+")"),
			sql(alter + "DROP IDENTITY"),
			sql(alter + "SET DEFAULT " + *b.Default),
			ownedBy(b.own.String(), t.columnName(b)),
		}
	}
	seq := *b.own
	seq.Name = tmp.Name
	return []cmd{
		lockTable(t, note),
		sql(seq.create()),
		sql("SELECT setval(" + literal(seq.String()) + ", nextval(" + identity + "), false)"),
		sql(alter + "DROP IDENTITY"),
		sql("ALTER SEQUENCE " + seq.String() + " RENAME TO " + ident(b.own.Name)),
		sql(alter + "SET DEFAULT " + *b.Default),
		ownedBy(b.own.String(), t.columnName(b)),
	}
}

// addIdentityTo turns a column that has values into an identity column, and drops its default.
func (d *differ) addIdentityTo(t *table, a, b *column) []Op {
	if a.draws != "" || leads(t, a.Name) {
		up, down := d.identityInPlace(t, a, b)
		return []Op{{stage: stageSwap, key: numbersFile(t, a), up: up, down: down}}
	}
	seq := *b.own
	seq.Schema, seq.Name = t.Schema, d.names.index(t, t.Name+"_"+a.Name, "_numbers")
	add, drop := addIdentity(t, a, b)
	return []Op{numbers(t, b, &seq), {stage: stageSwap, key: numbersFile(t, a),
		up: []cmd{
			sql("ALTER SEQUENCE "+seq.String()+" OWNED BY NONE", "The column's own sequence continues from this one."),
			add,
			sql("SELECT setval(" + d.identitySequence(t, a) + ", nextval(" + literal(seq.String()) + "), false)"),
			sql("DROP SEQUENCE " + seq.String()),
		},
		down: []cmd{drop, sql(seq.create() + " OWNED BY " + t.columnName(b))}}}
}

// identityInPlace turns column a into the identity column b in one transaction.
func (d *differ) identityInPlace(t *table, a, b *column) (up, down []cmd) {
	add, drop := addIdentity(t, a, b)
	up, down = []cmd{add}, []cmd{drop}
	identity := d.identitySequence(t, a)
	if !b.own.descends() {
		number, _ := highest(t, a, b)
		up = append(up, sql("SELECT setval("+identity+", number) FROM ("+number+") AS highest WHERE number >= "+b.own.start(),
			"The numbers continue after the highest. The table is locked, so none of them is taken first."))
	}
	if a.draws != "" {
		down = []cmd{lockTable(t), d.lockSequence(a.draws), raise(a.draws, "nextval("+identity+")"), drop}
	}
	return up, down
}

// dropIdentity makes an identity column use a sequence that it doesn't own. It returns the column as it is
// afterwards.
func (d *differ) dropIdentity(t *table, a, b *column) (*column, Op) {
	next := *a
	next.Identity, next.own, next.draws, next.Default = "", nil, b.draws, b.Default
	down, up := d.identityInPlace(t, &next, a)
	return &next, Op{stage: stageAlter, key: numbersFile(t, a), rank: -1, up: up, down: down}
}

// identitySequence returns an SQL expression for the sequence of an identity column, whatever its name.
func (d *differ) identitySequence(t *table, c *column) string {
	column := t.columnName(c)
	for name, s := range d.have.sequences {
		if s.Owner == column && !d.dropsSequence(name) {
			// The column also owns this sequence, so pg_get_serial_sequence might return it.
			return "(SELECT d.objid::regclass FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid" +
				" WHERE d.classid = 'pg_class'::regclass AND d.refobjid = " + literal(t.String()) + "::regclass AND d.deptype = 'i' AND a.attname = " + literal(c.Name) + ")"
		}
	}
	return "pg_get_serial_sequence(" + literal(t.String()) + ", " + literal(c.Name) + ")"
}

// numberOn sets an identity column's new sequence to continue after the existing numbers.
func (d *differ) numberOn(t *table, c *column) cmd {
	which, number, past := "highest", "max("+ident(c.Name)+")", " >= "
	if c.own.descends() {
		which, number, past = "lowest", "min("+ident(c.Name)+")", " <= "
	}
	last := sql("SELECT setval("+d.identitySequence(t, c)+", "+number+") FROM "+t.String()+" HAVING "+number+past+c.own.start(),
		"The numbers continue after the "+which+"; without an index on the column this scans the table.")
	last.last = true // it would split the actions of an ALTER TABLE
	return last
}

// addIdentity turns column a into the identity column b; drop reverts it.
func addIdentity(t *table, a, b *column) (add, drop cmd) {
	alter := "ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(a.Name) + " "
	identity := "ADD GENERATED " + b.Identity + " AS IDENTITY" + b.own.parenthesis()
	if a.Default == nil {
		return sql(alter + identity), sql(alter + "DROP IDENTITY")
	}
	also := ", ALTER COLUMN " + ident(a.Name) + " "
	return sql(alter + "DROP DEFAULT" + also + identity), sql(alter + "DROP IDENTITY" + also + "SET DEFAULT " + *a.Default)
}
