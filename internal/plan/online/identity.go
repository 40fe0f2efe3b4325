package online

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
)

// addIdentity adds an identity column. It numbers the existing rows with a temporary sequence; then the column's own
// sequence continues after it.
func (d *differ) addIdentity(ctx context.Context, have, want *table, c *column) ([]Op, error) {
	seq := *c.own
	seq.Name = d.names.index(have, have.Name+"_"+c.Name, "_numbers")
	next := "nextval(" + literal(seq.String()) + "::regclass)"
	serial := *c
	serial.Identity, serial.Default, serial.own, serial.draws = "", &next, &seq, seq.String()
	ops, err := d.addColumn(ctx, have, want, &serial)
	if err != nil {
		return nil, err
	}
	alter := "ALTER TABLE " + have.String() + " ALTER COLUMN " + ident(c.Name) + " "
	own := d.identitySequence(have, c)
	return append(ops, Op{stage: stageSwap, key: numbersFile(have, c),
		up: []cmd{
			sql(alter+"DROP DEFAULT, ALTER COLUMN "+ident(c.Name)+" ADD GENERATED "+c.Identity+" AS IDENTITY"+c.own.parenthesis(), "The column's own sequence continues after the other."),
			sql("ALTER SEQUENCE " + seq.String() + " OWNED BY NONE"),
			sql("SELECT setval(" + own + ", last_value, is_called) FROM " + seq.String()),
			sql("DROP SEQUENCE " + seq.String()),
		},
		down: []cmd{
			lockTable(have),
			sql(seq.create()),
			sql("SELECT setval(" + literal(seq.String()) + ", " + source{own, c.own.options()}.last() + ")"),
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
		set, found := d.numberOn(t, a)
		return []Op{{stage: stageAlter, key: t.String(), up: []cmd{action(t, alter+"DROP IDENTITY")}, down: []cmd{add, set}, downHazards: found}}
	case a.Identity != b.Identity || a.own.Options != b.own.Options:
		o := Op{stage: stageAlter, key: t.String()}
		o.up, o.hazards = d.setIdentity(t, a, b)
		o.down, o.downHazards = d.setIdentity(t, b, a)
		if len(o.hazards) > 0 && !d.indexable(t, a) {
			o.stage = stageRewrite
		}
		return d.withIndex(t, a, o)
	}
	return nil
}

// setIdentity returns the statements that turn the identity of column a into that of b, and their hazards.
func (d *differ) setIdentity(t *table, a, b *column) (cmds []cmd, found []hazard.Hazard) {
	from, to := a.own.options(), b.own.options()
	identity := d.identitySequence(t, a)
	set := func(number int64, called bool, past string) cmd {
		return sql(fmt.Sprintf("SELECT setval(%[1]s, %[2]d, %[3]t) WHERE coalesce(pg_sequence_last_value(%[1]s), %[4]d) %[5]s %[2]d", identity, number, called, from.start, past))
	}
	turns := to.turns(from)
	if !turns {
		// The last number must be within the bounds before they narrow.
		if to.min > from.min {
			cmds = append(cmds, set(to.min, to.descends(), "<"))
		}
		if to.max < from.max {
			cmds = append(cmds, set(to.max, !to.descends(), ">"))
		}
	}
	generated := " SET GENERATED " + b.Identity
	if a.Identity == b.Identity {
		generated = ""
	}
	cmds = append(cmds, action(t, "ALTER COLUMN "+ident(a.Name)+generated+to.set(from)))
	var last []cmd
	switch {
	case turns:
		last = make([]cmd, 1)
		last[0], found = d.numberOn(t, b)
	case to.descends() && to.start < min(from.start, to.max):
		last = []cmd{set(to.start, false, ">")}
	case !to.descends() && to.start > max(from.start, to.min):
		last = []cmd{set(to.start, false, "<")}
	}
	if !turns && len(last) > 0 && leads(t, b.Name) {
		// Rows may be past the new start although the sequence wasn't.
		set, _ := d.advance(t, b, identity, to, fmt.Sprintf("coalesce(pg_sequence_last_value(%s), %d)", identity, to.start), nil)
		last = append(last, set)
	}
	for i := range last {
		last[i].last = true // it would split the actions of an ALTER TABLE
	}
	return append(cmds, last...), found
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
	o := Op{stage: stageAlter, key: numbersFile(t, a), rank: -1}
	o.up, o.hazards = d.renumber(t, a, b, &tmp, kept)
	o.down, o.downHazards = d.renumber(t, b, a, &tmp, kept)
	next := *a
	next.Identity, next.own, next.draws, next.Default, next.NotNull = b.Identity, b.own, b.draws, b.Default, true
	return &next, o
}

// renumber returns the statements that turn column a into column b, and their hazards. Both columns' sequences have the
// same name, so one is called tmp for a moment. If kept is set, the serial column's sequence exists before and
// afterwards.
func (d *differ) renumber(t *table, a, b *column, tmp *sequence, kept bool) ([]cmd, []hazard.Hazard) {
	alter := "ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(a.Name) + " "
	const note = "The numbers continue from the column's current sequence."
	identity, o := d.identitySequence(t, a), b.own.options()
	from := &source{identity, a.own.options()}
	if b.Identity != "" {
		old := *a.own
		cmds := []cmd{sql(alter+"DROP DEFAULT", note)}
		if !kept {
			old.Name = tmp.Name
			cmds = append(cmds,
				sql("ALTER SEQUENCE "+a.own.String()+" OWNED BY NONE"),
				sql("ALTER SEQUENCE "+a.own.String()+" RENAME TO "+ident(tmp.Name)))
		}
		from.seq = literal(old.String())
		set, found := d.advance(t, b, identity, o, b.own.start(), from)
		cmds = append(cmds, sql(alter+"ADD GENERATED "+b.Identity+" AS IDENTITY"+b.own.parenthesis()), set)
		if !kept {
			cmds = append(cmds, sql("DROP SEQUENCE "+old.String()))
		}
		return cmds, found
	}
	if kept {
		set, found := d.advance(t, b, literal(b.own.String()), o, lastValue(b.own.String()), from)
		return []cmd{
			lockTable(t, note),
			d.lockSequence(b.own.String()),
			set,
			sql(alter + "DROP IDENTITY"),
			sql(alter + "SET DEFAULT " + *b.Default),
			ownedBy(b.own.String(), t.columnName(b)),
		}, found
	}
	seq := *b.own
	seq.Name = tmp.Name
	set, found := d.advance(t, b, literal(seq.String()), o, b.own.start(), from)
	return []cmd{
		lockTable(t, note),
		sql(seq.create()),
		set,
		sql(alter + "DROP IDENTITY"),
		sql("ALTER SEQUENCE " + seq.String() + " RENAME TO " + ident(b.own.Name)),
		sql(alter + "SET DEFAULT " + *b.Default),
		ownedBy(b.own.String(), t.columnName(b)),
	}, found
}

// addIdentityTo turns a column that has values into an identity column, and drops its default.
func (d *differ) addIdentityTo(t *table, a, b *column) []Op {
	o := Op{stage: stageSwap, key: numbersFile(t, a)}
	o.up, o.down, o.hazards, o.downHazards = d.identityInPlace(t, a, b)
	return d.withIndex(t, a, o)
}

// identityInPlace turns column a into the identity column b in one transaction.
func (d *differ) identityInPlace(t *table, a, b *column) (up, down []cmd, found, downFound []hazard.Hazard) {
	add, drop := addIdentity(t, a, b)
	identity := d.identitySequence(t, a)
	set, found := d.advance(t, b, identity, b.own.options(), b.own.start(), d.source(a))
	up, down = []cmd{add, set}, []cmd{drop}
	if a.draws != "" {
		set, downFound = d.advance(t, a, literal(a.draws), d.options(a.draws), lastValue(a.draws), &source{identity, b.own.options()})
		down = []cmd{lockTable(t), d.lockSequence(a.draws), set, drop}
	}
	return up, down, found, downFound
}

// dropIdentity makes an identity column use a sequence that it doesn't own. It returns the column as it is
// afterwards.
func (d *differ) dropIdentity(t *table, a, b *column) (*column, Op) {
	next := *a
	next.Identity, next.own, next.draws, next.Default = "", nil, b.draws, b.Default
	o := Op{stage: stageAlter, key: numbersFile(t, a), rank: -1}
	o.down, o.up, o.downHazards, o.hazards = d.identityInPlace(t, &next, a)
	return &next, o
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
func (d *differ) numberOn(t *table, c *column) (cmd, []hazard.Hazard) {
	set, found := d.advance(t, c, d.identitySequence(t, c), c.own.options(), c.own.start(), nil)
	set.last = true // it would split the actions of an ALTER TABLE
	return set, found
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
