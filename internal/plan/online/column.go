package online

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// typed returns the column's type with its collation.
func (c *column) typed() string {
	if c.Collation != "" {
		return c.Type + " COLLATE " + c.Collation
	}
	return c.Type
}

// def returns the column's definition for ADD COLUMN.
func (c *column) def() string {
	s := ident(c.Name) + " " + c.typed()
	switch {
	case c.Generated != nil && c.Virtual:
		s += " GENERATED ALWAYS AS (" + *c.Generated + ") VIRTUAL"
	case c.Generated != nil:
		s += " GENERATED ALWAYS AS (" + *c.Generated + ") STORED"
	case c.Identity != "":
		s += " GENERATED " + c.Identity + " AS IDENTITY" + c.own.parenthesis()
	case c.Default != nil:
		s += " DEFAULT " + *c.Default
	}
	if c.NotNull && c.Identity == "" {
		s += " NOT NULL"
	}
	return s
}

func (s *sequence) parenthesis() string {
	if s == nil || s.Options == "" {
		return ""
	}
	return " (" + s.Options + ")"
}

func (s *sequence) String() string { return pgsql.QualifiedIdent(s.Schema, s.Name) }

func (t *table) columnName(c *column) string { return t.String() + "." + ident(c.Name) }

// columns returns the ops for the columns of a table.
func (d *differ) columns(ctx context.Context, have, want *table) ([]Op, error) {
	var ops []Op
	for _, p := range pair(have.columns, want.columns, func(c *column) string { return c.Name }) {
		var found []Op
		var err error
		switch h, w := p.have, p.want; {
		case h == nil:
			found, err = d.addColumn(ctx, have, want, w)
		case w == nil:
			var named string
			if named, err = d.namedByTrigger(ctx, have, h); err != nil {
				return nil, err
			}
			if named != "" {
				found = refuse(have, fmt.Sprintf("column %s is missing from the schema file, but %s names it, so each write to the table would fail\n"+
					"first change or drop the trigger in a migration of your own (new); if it is of a change of type that was not completed, restore the migration with migrate:contract", have.columnName(h), named))
				break
			}
			var drop Op
			drop, err = d.dropColumn(ctx, have, h)
			found = []Op{drop}
		default:
			if !sameLine(d.have, d.want, "column", have.part(h.Name)) || !sameSequence(h.serial(), w.serial()) {
				found, err = d.changeColumn(ctx, have, h, w)
			}
			if d.isFilling(h) && w.Default != nil {
				found = append(found, d.fill(have, w)...)
			}
			if !d.isFilling(h) {
				found = append(found, comment(have, "COLUMN "+have.columnName(h), h.Comment, w.Comment)...)
			}
		}
		if err != nil {
			return nil, err
		}
		c := change{verb: p.verb(), kind: "column", table: have.Name, name: cmp.Or(p.have, p.want).Name}
		if p.have != nil && p.want != nil {
			c.what = p.have.differsIn(p.want)
		}
		ops = append(ops, about(c, found)...)
	}
	ops, err := d.fillTogether(ctx, have, ops)
	return d.tightenTogether(have, ops), err
}

func sameSequence(a, b *sequence) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// createColumn adds a column in one statement, with its sequence and its comment.
func (d *differ) createColumn(t *table, c *column, note ...string) []cmd {
	s := c.serial()
	if s != nil && d.have.sequences[s.String()] != nil && !d.dropsSequence(s.String()) {
		s = nil // the sequence outlives the column
	}
	return createColumn(t, c, s, note...)
}

func createColumn(t *table, c *column, s *sequence, note ...string) []cmd {
	var cmds []cmd
	if s != nil {
		cmds = append(cmds, sql(s.create()))
	}
	cmds = append(cmds, action(t, "ADD COLUMN "+c.def(), note...))
	if s != nil {
		cmds = append(cmds, sql("ALTER SEQUENCE "+s.String()+" OWNED BY "+t.columnName(c)))
	}
	if c.Comment != nil {
		cmds = append(cmds, commentOn("COLUMN "+t.columnName(c), *c.Comment))
	}
	return append(cmds, c.properties...)
}

func (d *differ) addColumn(ctx context.Context, have, want *table, c *column) ([]Op, error) {
	drop := []cmd{action(have, "DROP COLUMN "+ident(c.Name))}
	if c.NotNull && c.Default == nil && c.Generated == nil && c.Identity == "" {
		if d.live {
			return []Op{{refusal: lacking(have, c)}}, nil
		}
		return refuse(have, newNotNullRefusal(have, c)), nil
	}
	if key := d.inlineKey(want, c); key != nil {
		// Without a default PostgreSQL knows that there is nothing to check.
		_, refs, _ := strings.Cut(key.Def, " REFERENCES ")
		return []Op{{stage: stageAlter, key: have.String(), down: drop, up: append(
			[]cmd{action(have, "ADD COLUMN "+c.def()+" CONSTRAINT "+ident(key.Name)+" REFERENCES "+refs,
				"The key is valid at once: a column of NULLs has nothing to check.")},
			d.createColumn(have, c)[1:]...)}}, nil
	}
	cost, err := d.addCost(ctx, c.def())
	if err != nil && pgsql.SQLState(err) == "" {
		return nil, err
	}
	if err == nil && !cost.rewrites && c.serial() == nil {
		return []Op{{stage: stageAlter, key: have.String(), up: d.createColumn(have, c), down: drop}}, nil
	}
	if c.Identity != "" {
		return d.addIdentity(ctx, have, want, c)
	}
	plain := *c
	plain.Default, plain.NotNull, plain.Comment, plain.own = nil, false, nil, nil
	if c.Default != nil {
		if cost, err = d.addCost(ctx, plain.def()); err != nil && pgsql.SQLState(err) == "" {
			return nil, err
		}
	}
	if c.Default == nil || err != nil || cost.rewrites {
		why := "its type is checked in every row"
		if c.Generated != nil {
			why = "its values are computed for every row"
		}
		return []Op{{stage: stageRewrite, key: have.String(), up: d.createColumn(have, c), down: drop,
			hazards: rewrites(have, "the new column "+ident(c.Name)+": "+why, addAlternative(have, c))}}, nil
	}
	var up []cmd
	if s := c.serial(); s != nil {
		up = append(up, sql(s.create()))
	}
	up = append(up, action(have, "ADD COLUMN "+plain.def(), "The default differs per row, so adding it with the column would rewrite the table."),
		sql("ALTER TABLE "+have.String()+" ALTER COLUMN "+ident(c.Name)+" SET DEFAULT "+*c.Default))
	if s := c.serial(); s != nil {
		up = append(up, sql("ALTER SEQUENCE "+s.String()+" OWNED BY "+have.columnName(c)))
	}
	comment := c.Comment
	if d.live {
		comment = new(filling)
	}
	if comment != nil {
		up = append(up, commentOn("COLUMN "+have.columnName(c), *comment))
	}
	o := Op{stage: stageAlter, key: have.String(), up: up, down: drop}
	if d.awaitsSequence(c) {
		o.stage = stageRewrite
	}
	return append([]Op{o}, d.fill(have, c)...), nil
}

// fill fills a new column, and sets it NOT NULL if it should be.
func (d *differ) fill(t *table, c *column) []Op {
	ops := []Op{{fills: c}}
	if d.live {
		ops = append(ops, Op{stage: stageBackfill, key: t.String(), rank: 1, up: []cmd{commentOn("COLUMN "+t.columnName(c), text(c.Comment))}})
	}
	if c.NotNull {
		ops = append(ops, Op{sets: c})
	}
	return ops
}

// inlineKey returns the new foreign key that can be added in the same statement as the new column c, or nil.
func (d *differ) inlineKey(want *table, c *column) *constraint {
	if c.Default != nil || c.Generated != nil || c.Identity != "" || want.Partitioned {
		return nil
	}
	return find(want.constraints, func(k *constraint) bool {
		return k.Kind == "f" && slices.Equal(k.Columns, []string{c.Name}) && k.Valid && !d.late(k)
	})
}

func newNotNullRefusal(t *table, c *column) string {
	add := t.fixColumn(c.Name, c.typed())
	return fmt.Sprintf(`column %s is new, NOT NULL and without a default: adding it fails if the table has rows
do it in steps, each applied before the next:
  1. make the column nullable in the schema file, run plan and apply: %s
  2. let the application write it, then fill the old rows in a migration of your own (new), in batches if there are many: %s
  3. make it NOT NULL in the schema file, run plan and apply: plan sets it without blocking reads or writes
or give the column a default in the schema file`, t.columnName(c), fix.AddColumn(add), fix.FillRows(add, fix.Blank, add.Name+" IS NULL"))
}

// namedByTrigger returns a trigger of the table whose PL/pgSQL function names the column of the new or old row, or "".
// PostgreSQL doesn't know what such functions need.
func (d *differ) namedByTrigger(ctx context.Context, t *table, c *column) (trigger string, err error) {
	err = d.have.conn.QueryRow(ctx, `SELECT coalesce(min(format('the function %s of trigger %I', p.oid::regprocedure, g.tgname)), '')
FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE g.tgrelid = $1::text::regclass AND NOT g.tgisinternal AND l.lanname = 'plpgsql'
  AND p.prosrc ~* ('\m(new|old)\.' || regexp_replace(quote_ident($2), '(\W)', '\\\1', 'g') || '(\W|$)')`, t.String(), c.Name).Scan(&trigger)
	if err != nil {
		return "", fmt.Errorf("looking for triggers that name a column: %w", err)
	}
	return trigger, nil
}

// dropColumn drops a column after everything that depends on it.
func (d *differ) dropColumn(ctx context.Context, t *table, c *column) (Op, error) {
	back := []string{"The data of column " + t.columnName(c) + " is not restored."}
	if c.NotNull && c.Default == nil && c.Generated == nil && c.Identity == "" {
		back = append(back, "Column "+t.columnName(c)+" is NOT NULL without a default: this fails if the table has rows.")
	}
	note := "Drops column " + t.columnName(c) + " with its data."
	o := Op{stage: stageDrop, key: t.String(), rank: 1, losses: []string{"column " + t.columnName(c)},
		up: []cmd{action(t, "DROP COLUMN "+ident(c.Name), note)}, down: d.createColumn(t, c, back...)}
	if c.Generated != nil {
		// Computed values are not a loss.
		o.losses, o.up[0].note, o.down = nil, nil, d.createColumn(t, c)
	}
	cost, err := d.addCost(ctx, c.def())
	if err != nil && pgsql.SQLState(err) == "" {
		return Op{}, err
	}
	if cost.rewrites || c.serial() != nil || c.Generated != nil && !c.Virtual {
		o.downHazards = rewrites(t, "the column "+ident(c.Name)+" is restored with a value in every row", fix.Text{})
	}
	up, down := d.keepSequences(t, c)
	o.up, o.down = append(up, o.up...), append(o.down, down...)
	return o, nil
}

// changeColumn returns the ops that turn column a into column b of the same name.
func (d *differ) changeColumn(ctx context.Context, t *table, a, b *column) (ops []Op, err error) {
	alter := "ALTER COLUMN " + ident(a.Name) + " "
	switch {
	case changesExpression(a, b):
		return setExpression(t, a, b), nil
	case b.Generated != nil && a.Generated == nil:
		return refuse(t, fmt.Sprintf("column %s becomes a generated column, which PostgreSQL cannot do in place\n"+
			"add a column with the expression in the schema file, move the application to it, then drop the old one", t.columnName(a))), nil
	case a.Generated != nil && b.Generated == nil:
		// Before the types of the columns that it reads change.
		ops = append(ops, Op{stage: stageAlter, rank: -1, key: t.String() + " " + a.Name, up: []cmd{action(t, alter+"DROP EXPRESSION", "The column keeps its values and is no longer computed.")},
			irreversible: "PostgreSQL cannot turn the column " + ident(a.Name) + " of " + t.String() + " back into a generated one"})
		plain := *a
		plain.Generated = nil
		a = &plain
	}
	var op Op
	if h, w := a.serial(), b.serial(); h != nil && w != nil && h.Name != w.Name && d.have.sequences[w.String()] == nil {
		a, op = renameSequence(t, a, b)
		ops = append(ops, op)
	}
	if swapsNumbers(a, b) {
		a, op = d.swapNumbers(t, a, b)
		ops = append(ops, op)
	}
	if a.Identity != "" && b.Identity == "" && b.draws != "" {
		a, op = d.dropIdentity(t, a, b)
		ops = append(ops, op)
	}
	next := a
	if a.Identity == "" && b.Identity != "" && a.typed() == b.typed() {
		plain := *a // the identity replaces the default
		plain.Default, plain.draws, plain.own = nil, "", nil
		next = &plain
	}
	typed, err := d.changeType(ctx, t, next, b)
	if err != nil {
		return nil, err
	}
	ops = slices.Concat(ops, typed, d.changeIdentity(t, a, b))
	switch {
	case b.NotValid != nil: // in a repair
		if !a.NotNull && a.NotValid == nil {
			ops = append(ops, Op{stage: stageAlter, key: t.String(),
				up:   []cmd{action(t, "ADD CONSTRAINT "+ident(b.NotValid.Name)+" "+b.NotValid.Def)},
				down: []cmd{action(t, "DROP CONSTRAINT "+ident(b.NotValid.Name))}})
		}
	case a.NotNull && !b.NotNull:
		o := Op{stage: stageAlter, key: t.String(), rank: 1, up: []cmd{action(t, alter+"DROP NOT NULL")}}
		if pk := t.primaryKey(); pk != nil && slices.Contains(pk.Columns, a.Name) {
			o.stage = stageDrop // after the key
		}
		ops = append(ops, o.undo(d.setNotNull(t, a)))
	case a.NotValid != nil && !b.NotNull:
		ops = append(ops, Op{stage: stageAlter, key: t.String(), rank: 1,
			up:   []cmd{action(t, "DROP CONSTRAINT "+ident(a.NotValid.Name))},
			down: []cmd{action(t, "ADD CONSTRAINT "+ident(a.NotValid.Name)+" "+a.NotValid.Def)}})
	case !a.NotNull && b.NotNull && b.Identity == "" && !d.isFilling(a):
		ops = append(ops, Op{tightens: a})
	}
	return ops, nil
}

// tightenTogether merges the ops that set existing columns of a table NOT NULL, so that the table is scanned once.
func (d *differ) tightenTogether(t *table, ops []Op) []Op {
	var columns, notValid []*column
	for _, o := range ops {
		switch {
		case o.tightens == nil:
		case o.tightens.NotValid != nil:
			notValid = append(notValid, o.tightens)
		case t.notNullCheck(o.tightens) == nil:
			columns = append(columns, o.tightens)
		}
	}
	var out []Op
	for _, o := range ops {
		switch {
		case o.tightens == nil:
			out = append(out, o)
		case o.tightens.NotValid != nil:
			if o.tightens == notValid[0] {
				out = append(out, about(o.change, []Op{validateNotNull(t, notValid)})...)
			}
		case t.notNullCheck(o.tightens) != nil:
			out = append(out, about(o.change, d.setNotNull(t, o.tightens))...)
		case o.tightens == columns[0]:
			out = append(out, about(o.change, d.setNotNull(t, columns...))...)
		}
	}
	return out
}

// notNullCheck returns a valid check that proves that there is no NULL in the column, or nil.
func (t *table) notNullCheck(c *column) *constraint {
	for _, k := range t.constraints {
		if k.Kind == "c" && k.Valid && k.Def == "CHECK (("+ident(c.Name)+" IS NOT NULL))" {
			return k
		}
	}
	return nil
}

// validateNotNull checks the existing rows of columns that are NOT NULL and NOT VALID.
func validateNotNull(t *table, columns []*column) Op {
	var names, actions []string
	o := Op{stage: stageValidate}
	for _, c := range columns {
		names, actions = append(names, ident(c.Name)), append(actions, "VALIDATE CONSTRAINT "+ident(c.NotValid.Name))
		o.down = append(o.down, action(t, "DROP CONSTRAINT "+ident(c.NotValid.Name)), action(t, "ADD CONSTRAINT "+ident(c.NotValid.Name)+" "+c.NotValid.Def))
		o.hazards = append(o.hazards, withNulls(t, c)...)
	}
	where := names[0]
	if len(names) > 1 {
		where = "one of " + strings.Join(names, ", ")
	}
	o.up = []cmd{sql("ALTER TABLE "+t.String()+" "+strings.Join(actions, ", "), "Scans the table without blocking reads or writes; fails if there is a NULL in "+where+".")}
	return o
}

// addNotNull makes columns NOT NULL and NOT VALID. It returns the columns as they are afterwards.
func (d *differ) addNotNull(t *table, columns []*column) (Op, []*column) {
	o := Op{stage: stageAlter, key: t.String()}
	var out []*column
	for _, c := range columns {
		next := *c
		next.NotValid = &notNull{d.names.constraint(t, t.Name+"_"+c.Name, "_not_null"), "NOT NULL " + ident(c.Name) + " NOT VALID"}
		o.up = append(o.up, action(t, "ADD CONSTRAINT "+ident(next.NotValid.Name)+" "+next.NotValid.Def, "Rejects new NULLs in "+ident(c.Name)+"; existing rows are checked later."))
		o.down = append(o.down, action(t, "DROP CONSTRAINT "+ident(next.NotValid.Name)))
		out = append(out, &next)
	}
	return o, out
}

// setNotNull sets columns NOT NULL. Nothing is scanned under ACCESS EXCLUSIVE: the constraints are validated, or before
// PostgreSQL 18 a valid check proves that there is no NULL.
func (d *differ) setNotNull(t *table, columns ...*column) []Op {
	if columns[0].NotValid != nil {
		return []Op{validateNotNull(t, columns)}
	}
	if d.oldest >= 18 && (len(columns) > 1 || t.notNullCheck(columns[0]) == nil) {
		add, added := d.addNotNull(t, columns)
		return []Op{add, validateNotNull(t, added)}
	}
	var names, terms []string
	var set, unset []cmd
	var nulls []hazard.Hazard
	for _, c := range columns {
		col := ident(c.Name)
		names, terms, nulls = append(names, col), append(terms, col+" IS NOT NULL"), append(nulls, withNulls(t, c)...)
		set = append(set, action(t, "ALTER COLUMN "+col+" SET NOT NULL"))
		unset = append([]cmd{action(t, "ALTER COLUMN "+col+" DROP NOT NULL")}, unset...)
	}
	base, where := t.Name, "one of them"
	if len(columns) == 1 {
		if k := t.notNullCheck(columns[0]); k != nil {
			set[0].note = []string{"No scan: the check " + ident(k.Name) + " proves that there is no NULL."}
			return []Op{{stage: stageAlter, key: t.String(), up: set, down: unset}}
		}
		base, where = t.Name+"_"+columns[0].Name, names[0]
	}
	name := ident(d.names.constraint(t, base, "_not_null"))
	check := "ADD CONSTRAINT " + name + " CHECK (" + strings.Join(terms, " AND ") + ") NOT VALID"
	set[0].note = []string{"No scan: the check proves it. A statement of its own, because it would scan together with the next."}
	add := []cmd{action(t, check, "Rejects new NULLs in "+strings.Join(names, ", ")+"; existing rows are checked later.")}
	if d.live {
		add = append(add, commentOn("CONSTRAINT "+name+" ON "+t.String(), proving))
	}
	return []Op{
		{stage: stageAlter, key: t.String(), up: add, down: []cmd{action(t, "DROP CONSTRAINT "+name)}},
		{stage: stageValidate, hazards: nulls,
			up: slices.Concat(
				[]cmd{sql("ALTER TABLE "+t.String()+" VALIDATE CONSTRAINT "+name, "Scans the table without blocking reads or writes; fails if there is a NULL in "+where+".")},
				set,
				[]cmd{sql("ALTER TABLE " + t.String() + " DROP CONSTRAINT " + name)}),
			down: append([]cmd{action(t, check)}, unset...)},
	}
}
