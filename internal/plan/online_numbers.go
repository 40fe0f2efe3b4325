package plan

import "strings"

// swapsNumbers says whether a column that is numbered by its own sequence is so in another
// way: serial, or as an identity.
func swapsNumbers(a, b *column) bool {
	return a.Identity != "" && b.serial() != nil || a.serial() != nil && b.Identity != ""
}

// swapNumbers makes an identity column of a serial one or a serial one of an identity. The
// numbers go on. It returns the column as it is then.
func (d *differ) swapNumbers(t *table, a, b *column) *column {
	tmp := *b.Sequence
	tmp.Schema, tmp.Name = t.Schema, d.indexName(t, t.Name+"_"+a.Name, "_numbers")
	d.add(op{stage: stageAlter, key: t.String(), rank: -1, up: renumber(t, a, b, &tmp), down: renumber(t, b, a, &tmp)})
	next := *a
	next.Identity, next.Sequence, next.Default, next.NotNull = b.Identity, b.Sequence, b.Default, true
	return &next
}

// renumber leads from a to b. Both want a sequence of the same name: one is called tmp
// for a moment.
func renumber(t *table, a, b *column, tmp *sequence) []cmd {
	alter := "ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(a.Name) + " "
	own := "pg_get_serial_sequence(" + literal(t.String()) + ", " + literal(a.Name) + ")"
	if b.Identity != "" {
		return []cmd{
			sql(alter+"DROP DEFAULT", "The numbers go on where the column's sequence stands."),
			sql("ALTER SEQUENCE " + a.Sequence.String() + " OWNED BY NONE"),
			sql("ALTER SEQUENCE " + a.Sequence.String() + " RENAME TO " + ident(tmp.Name)),
			sql(alter + "ADD GENERATED " + b.Identity + " AS IDENTITY" + b.Sequence.parenthesis()),
			sql("SELECT setval(" + own + ", nextval(" + literal((&sequence{Schema: a.Sequence.Schema, Name: tmp.Name}).String()) + "), false)"),
			sql("DROP SEQUENCE " + (&sequence{Schema: a.Sequence.Schema, Name: tmp.Name}).String()),
		}
	}
	seq := *b.Sequence
	seq.Name = tmp.Name
	return []cmd{
		sql(seq.create(), "The numbers go on where the column's sequence stands."),
		sql("SELECT setval(" + literal(seq.String()) + ", nextval(" + own + "), false)"),
		sql(alter + "DROP IDENTITY"),
		sql("ALTER SEQUENCE " + seq.String() + " RENAME TO " + ident(b.Sequence.Name)),
		sql(alter + "SET DEFAULT " + *b.Default),
		sql("ALTER SEQUENCE " + b.Sequence.String() + " OWNED BY " + t.columnName(b)),
	}
}

// numberOn lets a column's new sequence go on after the highest number that there is. One
// that counts down, which nobody makes for a key, starts anew.
func numberOn(t *table, c *column) cmd {
	start := "1"
	if _, rest, ok := strings.Cut(c.Sequence.Options, "START WITH "); ok {
		start, _, _ = strings.Cut(rest, " ")
	}
	highest := "max(" + ident(c.Name) + ")"
	last := sql("SELECT setval(pg_get_serial_sequence("+literal(t.String())+", "+literal(c.Name)+"), "+highest+") FROM "+t.String()+" HAVING "+highest+" >= "+start,
		"The numbers go on after the highest; without an index on the column this reads the whole table.")
	last.last = true // between the actions of an ALTER TABLE it would part them
	return last
}
