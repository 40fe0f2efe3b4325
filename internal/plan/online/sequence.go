package online

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// serial returns the sequence that a serial column owns and its default uses, or nil.
func (c *column) serial() *sequence {
	if c.Identity != "" {
		return nil
	}
	return c.own
}

func (s *sequence) create() string {
	return strings.TrimSpace("CREATE SEQUENCE " + s.String() + " AS " + s.Type + " " + s.Options)
}

// start returns the first number of the sequence.
func (s *sequence) start() string { return strconv.FormatInt(s.options().start, 10) }

// options are the options of a sequence with their values, defaults included.
type options struct {
	increment, min, max, start, cache int64
	cycle                             bool
	// lowest and highest are the bounds by default.
	lowest, highest int64
}

func (s *sequence) options() options { return parseOptions(s.Type, s.Options) }

// parseOptions parses the options that aren't the default, in SQL or in the catalog's form.
func parseOptions(typ, text string) options {
	words := slices.DeleteFunc(strings.Fields(strings.ToLower(text)), func(w string) bool { return w == "by" || w == "with" })
	value := func(name string, otherwise int64) int64 {
		if i := slices.Index(words, name); i >= 0 && i+1 < len(words) {
			return number(words[i+1])
		}
		return otherwise
	}
	low, high := bounds(typ)
	o := options{increment: value("increment", 1), cache: value("cache", 1), cycle: slices.Contains(words, "cycle"), lowest: 1, highest: high}
	if o.descends() {
		o.lowest, o.highest = low, -1
	}
	o.min, o.max = value("minvalue", o.lowest), value("maxvalue", o.highest)
	o.start = o.min
	if o.descends() {
		o.start = o.max
	}
	o.start = value("start", o.start)
	return o
}

// bounds returns the lowest and the highest value of an integer type, and 0 for other types.
func bounds(typ string) (low, high int64) {
	l, h, _, _ := hazard.Integer(typ)
	return number(l), number(h)
}

// number parses a number that PostgreSQL has written.
func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// exceeded reports whether some of the numbers from low to high are past the last number of the sequence.
func (o options) exceeded(low, high int64) bool {
	if o.descends() {
		return low < o.min
	}
	return high > o.max
}

// descends reports whether the sequence counts down.
func (o options) descends() bool { return o.increment < 0 }

// turns reports whether one of the sequences counts up and the other down.
func (o options) turns(from options) bool { return o.descends() != from.descends() }

// set returns the actions of ALTER COLUMN that change the options of an identity column. A sequence that turns starts
// again, because its last number is outside of its new bounds.
func (o options) set(from options) string {
	var b strings.Builder
	number := func(name string, from, to int64) {
		if from != to {
			fmt.Fprintf(&b, " SET %s %d", name, to)
		}
	}
	bound := func(name string, from, to, none int64) {
		if from != to && to == none {
			b.WriteString(" SET NO " + name)
			return
		}
		number(name, from, to)
	}
	number("INCREMENT BY", from.increment, o.increment)
	bound("MINVALUE", from.min, o.min, o.lowest)
	bound("MAXVALUE", from.max, o.max, o.highest)
	number("START WITH", from.start, o.start)
	number("CACHE", from.cache, o.cache)
	switch {
	case o.cycle && !from.cycle:
		b.WriteString(" SET CYCLE")
	case from.cycle && !o.cycle:
		b.WriteString(" SET NO CYCLE")
	}
	if o.turns(from) {
		b.WriteString(" RESTART")
	}
	return b.String()
}

func ownedBy(sequence, column string) cmd {
	return sql("ALTER SEQUENCE " + sequence + " OWNED BY " + cmp.Or(column, "NONE"))
}

// dropsSequence reports whether a sequence is dropped with its column. Only a serial column's sequence is, and only if
// no other column uses it.
func (d *differ) dropsSequence(name string) bool {
	s, w := d.have.sequences[name], d.want.sequences[name]
	return s != nil && s.Serial && (w == nil || len(w.Users) == 0)
}

// keepSequences returns the statements that keep sequences when their columns are dropped, and those that make the
// columns their owners again. Sequences that are dropped with their column are omitted.
func (d *differ) keepSequences(t *table, columns ...*column) (up, down []cmd) {
	for _, name := range slices.Sorted(maps.Keys(d.have.sequences)) {
		owner := d.have.sequences[name].Owner
		if !d.dropsSequence(name) && slices.ContainsFunc(columns, func(c *column) bool { return owner == t.columnName(c) }) {
			up = append(up, sql("ALTER SEQUENCE "+name+" OWNED BY NONE", "The schema file doesn't declare this sequence, so it is kept."))
			down = append(down, ownedBy(name, owner))
		}
	}
	for _, p := range t.partitions {
		partUp, partDown := d.keepSequences(p, columns...)
		up, down = append(up, partUp...), append(down, partDown...)
	}
	return up, down
}

// detachSequences drops the defaults of dropped columns that use a sequence of another dropped column, and removes
// them from the facts and the realm of the replayed state. In the realm, dropped serial columns whose sequence is
// kept become plain columns.
func (d *differ) detachSequences(have *schema.Realm) (ops []Op) {
	for _, name := range slices.Sorted(maps.Keys(d.have.sequences)) {
		s := d.have.sequences[name]
		if !d.dropsSequence(name) {
			if t := d.have.tables[s.Table()]; s.Serial && t != nil && d.want.tables[s.Table()] == nil {
				// The sequence still exists when the down file creates the table, so the column can't be serial there.
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
				ops = append(ops, Op{stage: stageDropKeys, up: []cmd{sql(alter+"DROP DEFAULT", "It uses "+name+", which is dropped.")}, down: []cmd{sql(alter + "SET DEFAULT " + *c.Default)}})
				c.Default, c.draws = nil, ""
				if r := realmColumn(have, t, c); r != nil {
					r.Default = nil
				}
			}
		}
	}
	return ops
}

// realmColumn returns the engine's column, or nil.
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

// renameSequence gives a column's own sequence its name in the schema file. It returns the column as it is
// afterwards.
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

// A numbering is what has to be done when a column's new default uses another sequence.
type numbering struct {
	ops                  []Op
	up, down             steps
	hazards, downHazards []hazard.Hazard
	moves                bool // up or down moves numbers from one sequence to the other
}

// file returns the key of the file that changes the default. If numbers move, no other change shares the file, because
// it could split the transaction.
func (n numbering) file(t *table, c *column) string {
	if n.moves {
		return numbersFile(t, c)
	}
	return t.String()
}

func numbersFile(t *table, c *column) string { return t.columnName(c) + " numbers" }

// steps run before and after the ALTER TABLE that sets the default, in the same transaction. The ALTER TABLE locks the
// table for the steps after it.
type steps struct{ before, after []cmd }

func (s *steps) then(c cmd) {
	c.last = true // it would split the actions of an ALTER TABLE
	s.after = append(s.after, c)
}

// numbering replaces column a's sequence with column b's.
func (d *differ) numbering(t *table, a, b *column) (n numbering) {
	from, to := a.serial(), b.serial()
	if from != nil && to != nil && from.String() == to.String() {
		if from.Type != to.Type {
			n.up.then(retype(to, from.Type, to.Type))
			n.down.then(retype(to, to.Type, from.Type))
		}
		return n
	}
	var had *state.Sequence // the existing sequence that the column will own
	if to != nil {
		had = d.have.sequences[to.String()]
	}
	created := to != nil && had == nil
	dropped := from != nil && d.dropsSequence(from.String())
	late := dropped && len(d.have.sequences[from.String()].Shared()) > 0 // dropped after the other columns' defaults
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
		n.downHazards = d.moveNumbers(&n.down, t, b, a, dropped && !late)
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

// moveNumbers adds a step that makes the new sequence continue after all numbers of the old one. a is the column before
// its default changes, b afterwards. It returns the hazards of that step.
func (d *differ) moveNumbers(s *steps, t *table, a, b *column, created bool) []hazard.Hazard {
	switch {
	case b.draws == "":
		return nil
	case a.draws == "" && b.serial() == nil && (!isInteger(b.Type) || !unique(t, b.Name)):
		return nil
	}
	least := lastValue(b.draws)
	if created {
		least = b.serial().start()
	} else {
		s.before = append(s.before, d.lockSequence(b.draws))
	}
	set, found := d.advance(t, b, literal(b.draws), d.options(b.draws), least, d.source(a))
	s.then(set)
	return found
}

// A source is a sequence that has numbered a column. seq is an SQL expression for it.
type source struct {
	seq string
	options
}

// source returns the sequence that the default of a column uses, or nil.
func (d *differ) source(c *column) *source {
	if c.draws == "" {
		return nil
	}
	return &source{literal(c.draws), d.options(c.draws)}
}

// last returns an SQL expression for the last number of the sequence, NULL if it has returned none. The number that
// somebody has set it to counts as returned.
func (s source) last() string {
	return fmt.Sprintf("coalesce(pg_sequence_last_value(%[1]s), nullif(nextval(%[1]s), %[2]d))", s.seq, s.start)
}

// lastValue returns an SQL expression for the last number of a sequence, or for its first one.
func lastValue(sequence string) string { return "(SELECT last_value FROM " + sequence + ")" }

// advance returns the statement that makes the sequence target, an SQL expression, continue after the numbers of column
// c and of the sequence that has numbered it, if there is one. It does nothing if these are before least. The table is
// locked. Rows outside of the sequence's bounds don't count. If no index finds the last row, rows count only if no
// sequence of the same direction has numbered them; then the hazard is that the table is scanned.
func (d *differ) advance(t *table, c *column, target string, o options, least string, from *source) (cmd, []hazard.Hazard) {
	which, most, among, within, past, before, end := "highest", "max", "greatest", "least", ">=", "<=", o.max
	if o.descends() {
		which, most, among, within, past, before, end = "lowest", "min", "least", "greatest", "<=", ">=", o.min
	}
	column, leads := ident(c.Name), leads(t, c.Name)
	var numbers []string
	number, rows := "number", ""
	if from != nil {
		numbers = append(numbers, from.last())
		if o.exceeded(from.min, from.max) {
			number = fmt.Sprintf("%s(number, %d)", within, end)
		}
	}
	var found []hazard.Hazard
	if from == nil || isInteger(c.Type) && (leads || from.turns(o)) {
		numbers, rows = append(numbers, most+"("+column+")"), " FROM "+t.String()
		if o.exceeded(bounds(c.Type)) {
			rows += fmt.Sprintf(" WHERE %s %s %d", column, before, end)
		}
		if !leads {
			found = blocks(t, "finding the "+which+" "+column+" scans it, because no index starts with that column",
				fix.Words("To keep the application running, first declare an index that starts with it in the schema file, and apply that."))
		}
	}
	last := numbers[0]
	if len(numbers) > 1 {
		last = among + "(" + strings.Join(numbers, ", ") + ")"
	}
	return sql(fmt.Sprintf("SELECT setval(%s, %s) FROM (SELECT %s AS number%s) AS %s WHERE number %s %s", target, number, last, rows, which, past, least),
		"The numbers continue after the "+which+". The table is locked, so none of them is taken first."), found
}

// withIndex returns o, and if it would scan the table for the last number of column c, builds an index first and drops
// it afterwards.
func (d *differ) withIndex(t *table, c *column, o Op) []Op {
	if len(o.hazards) == 0 || !d.indexable(t, c) {
		return []Op{o}
	}
	o.hazards, o.downHazards = nil, nil
	i := &index{Name: d.names.index(t, t.Name+"_"+c.Name, "_numbers"), On: "(" + ident(c.Name) + ")"}
	create, drop := sql(createIndex(t, i, i.Name)), sql(dropIndex(t, i.Name))
	build := Op{stage: stageNumbers, key: t.String(), up: []cmd{create}, down: []cmd{drop}}
	build.up[0].note = []string{"Finds the last number, so that nothing scans the table while it is locked; dropped afterwards."}
	return []Op{build, o, {stage: stageDropIndex, up: []cmd{drop}, down: []cmd{create}}}
}

// indexable reports whether withIndex can build an index on a column.
func (d *differ) indexable(t *table, c *column) bool {
	have := d.have.tables[t.String()].column(c.Name)
	return !t.Partitioned && !d.live && have != nil && isInteger(have.Type)
}

// awaitsSequence reports whether a column uses a sequence that is created with another column.
func (d *differ) awaitsSequence(c *column) bool {
	return c.draws != "" && c.serial() == nil && d.have.sequences[c.draws] == nil
}

// sequence returns the sequence of that name in either state.
func (d *differ) sequence(name string) *state.Sequence {
	return cmp.Or(d.want.sequences[name], d.have.sequences[name])
}

// lockSequence keeps others from using a sequence until the end of the transaction. It sets an option to its current
// value, which makes PostgreSQL rewrite the sequence and discard the numbers that sessions have cached.
func (d *differ) lockSequence(name string) cmd {
	return sql(fmt.Sprintf("ALTER SEQUENCE %s CACHE %d", name, d.options(name).cache), "Locks the sequence until the end of the transaction.")
}

func (d *differ) options(name string) options {
	s := d.sequence(name)
	return parseOptions(s.Type, s.Options)
}

// unique reports whether a unique index contains a column, so that equal numbers would be refused.
func unique(t *table, column string) bool {
	return slices.ContainsFunc(t.indexes, func(i *index) bool { return i.Unique && slices.Contains(i.Columns, column) })
}

// leads reports whether an index finds the highest value of a column.
func leads(t *table, column string) bool {
	return slices.ContainsFunc(t.indexes, func(i *index) bool {
		rest, ok := strings.CutPrefix(i.On, "("+ident(column))
		return ok && i.Valid && rest != "" && strings.ContainsRune(" ,)", rune(rest[0])) && !strings.Contains(i.On, ") WHERE ")
	})
}

func lockTable(t *table, note ...string) cmd {
	return sql("LOCK TABLE "+t.String()+" IN ACCESS EXCLUSIVE MODE", note...)
}
