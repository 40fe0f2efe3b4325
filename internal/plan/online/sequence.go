package online

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// serial is the sequence that the column owns and draws its default from, other than an
// identity column's.
func (c *column) serial() *sequence {
	if c.Identity != "" {
		return nil
	}
	return c.own
}

func (s *sequence) create() string {
	return strings.TrimSpace("CREATE SEQUENCE " + s.String() + " AS " + s.Type + " " + s.Options)
}

// descends says whether the sequence counts down. Nobody makes such a one for a key, so it
// is never set to a number.
func (s *sequence) descends() bool { return strings.Contains(s.Options, "INCREMENT BY -") }

// start is the first number that the sequence gives.
func (s *sequence) start() string {
	for _, option := range []string{"START WITH ", "MINVALUE "} {
		if _, rest, ok := strings.Cut(s.Options, option); ok {
			start, _, _ := strings.Cut(rest, " ")
			return start
		}
	}
	return "1"
}

func ownedBy(sequence, column string) cmd {
	return sql("ALTER SEQUENCE " + sequence + " OWNED BY " + cmp.Or(column, "NONE"))
}

// gone says whether a sequence is dropped with what declares it. Only a serial column's is,
// and not while another column draws from it.
func (d *differ) gone(name string) bool {
	s, w := d.have.sequences[name], d.want.sequences[name]
	return s != nil && s.Serial && (w == nil || len(w.Users) == 0)
}

// released are what keeps the sequences that columns own when those are dropped, except what
// is gone with them. The way back binds them again.
func (d *differ) released(t *table, columns ...*column) (up, down []cmd) {
	for _, name := range slices.Sorted(maps.Keys(d.have.sequences)) {
		owner := d.have.sequences[name].Owner
		if !d.gone(name) && slices.ContainsFunc(columns, func(c *column) bool { return owner == t.columnName(c) }) {
			up = append(up, sql("ALTER SEQUENCE "+name+" OWNED BY NONE", "The schema file does not declare this sequence: it stays."))
			down = append(down, ownedBy(name, owner))
		}
	}
	for _, p := range t.partitions {
		partUp, partDown := d.released(p, columns...)
		up, down = append(up, partUp...), append(down, partDown...)
	}
	return up, down
}

// bindLoosely takes out of what is dropped what ties it to sequences that are not dropped
// with it, and what ties other dropped columns to those that are. In have it is so for the
// engine.
func (d *differ) bindLoosely(have *schema.Realm) (ops []Op) {
	for _, name := range slices.Sorted(maps.Keys(d.have.sequences)) {
		s := d.have.sequences[name]
		if !d.gone(name) {
			if t := d.have.tables[s.Table()]; s.Serial && t != nil && d.want.tables[s.Table()] == nil {
				// The table comes back where the sequence is already.
				c := find(t.columns, func(c *column) bool { return t.columnName(c) == s.Owner })
				if r := realmColumn(have, t, c); r != nil {
					r.Type.Type, r.Default = &schema.IntegerType{T: s.Type}, &schema.RawExpr{X: *c.Default}
				}
			}
			continue
		}
		for _, u := range s.Shared() {
			for _, t := range d.have.tables {
				c := find(t.columns, func(c *column) bool { return t.columnName(c) == u })
				w := d.want.tables[t.String()]
				if c == nil || w != nil && w.column(c.Name) != nil || w == nil && s.Table() == t.String() {
					continue
				}
				alter := "ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(c.Name) + " "
				ops = append(ops, Op{stage: stageDropKeys, up: []cmd{sql(alter+"DROP DEFAULT", "It draws from "+name+", which is dropped.")}, down: []cmd{sql(alter + "SET DEFAULT " + *c.Default)}})
				c.Default, c.draws = nil, ""
				if r := realmColumn(have, t, c); r != nil {
					r.Default = nil
				}
			}
		}
	}
	return ops
}

// realmColumn is a column as the engine has it, nil if it hasn't.
func realmColumn(r *schema.Realm, t *table, c *column) *schema.Column {
	if s, ok := r.Schema(t.Schema); ok {
		if t, ok := s.Table(t.Name); ok {
			if c, ok := t.Column(c.Name); ok {
				return c
			}
		}
	}
	return nil
}

// renameSequence gives a column's own sequence the name that it has in the schema file. It
// returns the column as it is then.
func renameSequence(t *table, a, b *column) (*column, Op) {
	rename := func(from, to *sequence) cmd {
		return sql("ALTER SEQUENCE " + from.String() + " RENAME TO " + ident(to.Name))
	}
	up := rename(a.own, b.own)
	up.note = []string{"The schema file needs the name for another column."}
	next, own := *a, *a.own
	own.Name = b.own.Name
	next.own, next.draws, next.Default = &own, b.draws, b.Default
	return &next, Op{stage: stageRename, key: t.String(), up: []cmd{up}, down: []cmd{rename(b.own, a.own)}}
}

// A numbering is what a change of a column's default needs if that changes which sequence
// numbers the column.
type numbering struct {
	ops                  []Op
	up, down             steps
	hazards, downHazards []hazard.Hazard
	moves                bool // numbers, either way
}

// file is the key of the file that changes the default: others could part its transaction.
func (n numbering) file(t *table, c *column) string {
	if n.moves {
		return numbersFile(t, c)
	}
	return t.String()
}

func numbersFile(t *table, c *column) string { return t.columnName(c) + " numbers" }

// Steps stand around the ALTER TABLE that sets the default. All are one transaction, and
// from the ALTER TABLE on nobody else writes the table.
type steps struct{ before, after []cmd }

func (s *steps) then(c cmd) {
	c.last = true // between the actions of an ALTER TABLE it would part them
	s.after = append(s.after, c)
}

// numbering makes the sequence that numbers column a that of column b.
func (d *differ) numbering(t *table, a, b *column) (n numbering) {
	from, to := a.serial(), b.serial()
	if from != nil && to != nil && from.String() == to.String() {
		if from.Type != to.Type {
			n.up.then(retype(to, from.Type, to.Type))
			n.down.then(retype(to, to.Type, from.Type))
		}
		return n
	}
	var had *state.Sequence // what becomes the column's own
	if to != nil {
		had = d.have.sequences[to.String()]
	}
	created := to != nil && had == nil
	if created && a.draws == "" && isInteger(a.Type) && !leads(t, a.Name) && !unique(t, a.Name) {
		// No two rows collide if somebody writes a number meanwhile.
		n.ops = []Op{numbers(t, b, to)}
		return n
	}
	dropped := from != nil && d.gone(from.String())
	late := dropped && len(d.have.sequences[from.String()].Shared()) > 0 // after the others' defaults
	if created {
		n.up.before = append(n.up.before, sql(to.create()))
	}
	if dropped && !late {
		n.down.before = append(n.down.before, sql(from.create()))
	}
	if had != nil && had.Type != to.Type {
		n.up.then(retype(to, had.Type, to.Type))
		n.down.then(retype(to, to.Type, had.Type))
	}
	if a.draws != b.draws {
		n.moves = true
		n.hazards = d.moveNumbers(&n.up, t, a, b, created)
		n.downHazards = d.moveNumbers(&n.down, cmp.Or(d.want.tables[t.String()], t), b, a, dropped && !late)
	}
	switch {
	case created:
		n.up.then(ownedBy(to.String(), t.columnName(b)))
		n.down.then(sql("DROP SEQUENCE " + to.String()))
	case had != nil && had.Owner != t.columnName(b):
		n.up.then(ownedBy(to.String(), t.columnName(b)))
		n.down.then(ownedBy(to.String(), had.Owner))
	}
	switch {
	case late:
		n.ops = []Op{{stage: stageDrop, key: t.String(), up: []cmd{sql("DROP SEQUENCE " + from.String())}, down: []cmd{sql(from.create() + " OWNED BY " + t.columnName(a))}}}
	case dropped:
		n.up.then(sql("DROP SEQUENCE " + from.String()))
		n.down.then(ownedBy(from.String(), t.columnName(a)))
	}
	return n
}

func isInteger(typ string) bool {
	_, _, _, ok := hazard.Integer(typ)
	return ok
}

func retype(s *sequence, from, to string) cmd {
	c := sql("ALTER SEQUENCE " + s.String() + " AS " + to)
	_, _, had, _ := hazard.Integer(from)
	if _, high, has, _ := hazard.Integer(to); has < had {
		c.note = []string{"Fails if the sequence is past " + high + "."}
	}
	return c
}

// moveNumbers lets the sequence that column b draws from go on after all numbers of column
// a, which is the same before its default changes. It returns its hazards.
func (d *differ) moveNumbers(s *steps, t *table, a, b *column, created bool) []hazard.Hazard {
	switch {
	case b.draws == "", strings.HasPrefix(d.sequence(b.draws).Options, "increment -"):
		return nil
	case a.draws == "" && b.serial() == nil && (!isInteger(b.Type) || !unique(t, b.Name)):
		return nil
	}
	least := "(SELECT last_value FROM " + b.draws + ")"
	if created {
		least = b.serial().start()
	} else {
		s.before = append(s.before, d.lockSequence(b.draws))
	}
	number, read := highest(t, a, b)
	s.then(sql("SELECT setval("+literal(b.draws)+", number) FROM ("+number+") AS highest WHERE number >= "+least,
		"The numbers go on after the highest. The table is locked by now: nobody takes one of them before the new default holds."))
	if !read {
		return nil
	}
	return blocks(t, "the highest "+ident(b.Name)+" is looked for, and no index begins with it",
		fix.Words("To keep the application running, declare an index that begins with it in the schema file, and apply that first."))
}

// highest is the query of the highest number that column a has or gave away, when it is
// column b. read says that it reads the whole table.
func highest(t *table, a, b *column) (query string, read bool) {
	if a.draws == "" {
		return "SELECT max(" + ident(b.Name) + ") AS number FROM " + t.String(), !leads(t, b.Name)
	}
	last := "SELECT last_value AS number FROM " + a.draws + " WHERE is_called"
	if !isInteger(b.Type) || !leads(t, b.Name) {
		return last, false
	}
	return "SELECT greatest((" + last + "), max(" + ident(b.Name) + ")) AS number FROM " + t.String(), false
}

// awaits says whether a column draws from a sequence that comes with another column.
func (d *differ) awaits(c *column) bool {
	return c.draws != "" && c.serial() == nil && d.have.sequences[c.draws] == nil
}

// sequence is the one of a name that is in either state.
func (d *differ) sequence(name string) *state.Sequence {
	return cmp.Or(d.want.sequences[name], d.have.sequences[name])
}

// lockSequence keeps others from drawing from a sequence until the end of the transaction.
// It sets an option to what it is: PostgreSQL writes the sequence anew then, and takes the
// numbers that sessions hold in store.
func (d *differ) lockSequence(name string) cmd {
	cache := "1"
	if _, rest, ok := strings.Cut(d.sequence(name).Options, "cache "); ok {
		cache, _, _ = strings.Cut(rest, " ")
	}
	return sql("ALTER SEQUENCE "+name+" CACHE "+cache, "From here to the end nobody draws from the sequence.")
}

// unique says whether two rows of a table may collide in a column.
func unique(t *table, column string) bool {
	return slices.ContainsFunc(t.indexes, func(i *index) bool { return i.Unique && slices.Contains(i.Columns, column) })
}

// leads says whether an index finds the highest value of a column at once.
func leads(t *table, column string) bool {
	return slices.ContainsFunc(t.indexes, func(i *index) bool {
		rest, ok := strings.CutPrefix(i.On, "("+ident(column))
		return ok && i.Valid && rest != "" && strings.ContainsRune(" ,)", rune(rest[0])) && !strings.Contains(i.On, ") WHERE ")
	})
}

// numbers makes a sequence for a column that has values, where nobody waits while the
// highest is looked for.
func numbers(t *table, c *column, seq *sequence) Op {
	o := Op{stage: stageNumbers, key: t.String(), up: []cmd{sql(seq.create() + " OWNED BY " + t.columnName(c))}, down: []cmd{sql("DROP SEQUENCE " + seq.String())}}
	if !seq.descends() {
		highest := "max(" + ident(c.Name) + ")"
		o.up = append(o.up, sql("SELECT setval("+literal(seq.String())+", "+highest+") FROM "+t.String()+" HAVING "+highest+" >= "+seq.start(),
			"The numbers go on after the highest; this may read the whole table and blocks nobody."))
	}
	return o
}

// raise lets a sequence that nobody else draws from give number next, unless it is past that.
func raise(name, number string) cmd {
	return sql("SELECT setval(" + literal(name) + ", number, false) FROM (SELECT " + number + " AS number) AS next WHERE number > (SELECT last_value FROM " + name + ")")
}

func lockTable(t *table, note ...string) cmd {
	return sql("LOCK TABLE "+t.String()+" IN ACCESS EXCLUSIVE MODE", note...)
}
