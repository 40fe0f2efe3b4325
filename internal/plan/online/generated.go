package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// changesExpression reports whether two generated columns of the same name differ in their expression or storage.
func changesExpression(a, b *column) bool {
	return a.Generated != nil && b.Generated != nil && (*a.Generated != *b.Generated || a.Virtual != b.Virtual)
}

// setsExpression reports whether PostgreSQL can change an expression in place, as it can since 17.
func (d *differ) setsExpression(ctx context.Context, a, b *column) (bool, error) {
	var version int
	if err := d.have.conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return false, fmt.Errorf("reading the server's version: %w", err)
	}
	return version >= 170000 && a.Virtual == b.Virtual && a.typed() == b.typed() && a.NotNull == b.NotNull, nil
}

// setExpression changes the expression of a generated column.
func setExpression(t *table, a, b *column) []Op {
	set := func(c *column) []cmd {
		// This must be its own statement. If the same ALTER TABLE changes the type of an indexed column, PostgreSQL
		// fails with "cache lookup failed" for the index that it has already dropped.
		return []cmd{sql("ALTER TABLE " + t.String() + " ALTER COLUMN " + ident(c.Name) + " SET EXPRESSION AS (" + *c.Generated + ")")}
	}
	o := Op{stage: stageRewrite, key: t.String(), up: set(b), down: set(a)}
	if !b.Virtual {
		why := "the values of " + ident(a.Name) + " are computed again"
		o.hazards = rewrites(t, why, expressionAlternative(b))
		o.downHazards = rewrites(t, why, fix.Text{})
		return []Op{analyze(t.String(), "the new values", b.Name), o}
	}
	return []Op{o}
}

// expressionAlternative describes how to change an expression without blocking.
func expressionAlternative(c *column) fix.Text {
	return fix.Words("To keep the application running, add a column with the new expression under another name instead,\n" +
		"let the application read that, and drop " + ident(c.Name) + " when nothing uses it any more.")
}

// recreated are the generated columns of one state that are dropped and added again, with their dependents.
type recreated struct {
	columns     []*column
	constraints []*constraint
	indexes     []*index      // those that back no constraint
	parts       []outsidePart // unmanaged ones
	lost        []outsidePart // those of parts that read a column which the desired state lacks
}

// reads reports whether one of the names is that of a column.
func (r *recreated) reads(names []string) bool {
	return slices.ContainsFunc(r.columns, func(c *column) bool { return slices.Contains(names, c.Name) })
}

// replica returns the index that is the table's replica identity, or nil.
func (r *recreated) replica() *index {
	indexes := slices.Clone(r.indexes)
	for _, k := range r.constraints {
		if k.index != nil {
			indexes = append(indexes, k.index)
		}
	}
	return find(indexes, func(i *index) bool { return i.Replica })
}

// addPart adds an unmanaged part, and reports whether the desired state has all columns that it reads.
func (r *recreated) addPart(p outsidePart, reads []string, want *table) bool {
	r.parts = append(r.parts, p)
	stays := !slices.ContainsFunc(reads, func(name string) bool { return want.column(name) == nil })
	if !stays {
		r.lost = append(r.lost, p)
	}
	return stays
}

// dropAll drops the constraints, indexes and parts, and then the columns.
func (r *recreated) dropAll(t *table) (cmds []cmd) {
	for _, k := range r.constraints {
		cmds = append(cmds, dropConstraint(t, k.Name))
	}
	for _, i := range r.indexes {
		cmds = append(cmds, sql("DROP INDEX "+pgsql.QualifiedIdent(t.Schema, i.Name)))
	}
	for _, p := range r.parts {
		drop := p.drop()
		if slices.Contains(r.lost, p) {
			drop.note = []string{"It uses a column that is dropped. The schema file doesn't manage it; the down file restores it."}
		}
		cmds = append(cmds, drop)
	}
	return append(cmds, r.dropColumns(t)...)
}

// recreate drops and adds the generated columns that PostgreSQL cannot change in place: because the type of a column
// that they read changes, or because PostgreSQL has no statement to change their expression. It returns the two tables
// without these columns and their dependents.
func (d *differ) recreate(ctx context.Context, have, want *table) (_, _ *table, ops []Op, err error) {
	var from, to recreated
	var instead []string // what to do instead, for each column
	for _, g := range have.columns {
		next := want.column(g.Name)
		if next != nil && next.Generated == nil {
			continue
		}
		retyped := slices.ContainsFunc(g.Reads, func(name string) bool {
			a, b := have.column(name), want.column(name)
			return b != nil && a.typed() != b.typed()
		})
		if !retyped {
			if next == nil || !changesExpression(g, next) {
				continue
			}
			sets, err := d.setsExpression(ctx, g, next)
			if err != nil {
				return nil, nil, nil, err
			}
			if sets {
				continue
			}
			if !next.Virtual {
				instead = append(instead, expressionAlternative(next).String())
			}
		}
		from.columns = append(from.columns, g)
		if next != nil {
			to.columns = append(to.columns, next)
		}
	}
	if len(from.columns) == 0 {
		return have, want, nil, nil
	}
	for _, g := range from.columns {
		switch _, err := try(ctx, d.have.conn, have.String(), "ALTER TABLE "+have.String()+" DROP COLUMN "+ident(g.Name)); {
		case err == nil:
		case pgsql.SQLState(err) == "":
			return nil, nil, nil, err
		default:
			return have, want, refuse(have, fmt.Sprintf("the generated column %s or the type of a column that it reads changes: PostgreSQL can only recreate it, and something depends on it: %s\n"+
				"write this change as SQL (new), or first drop what depends on the column", have.columnName(g), runner.Message(err))), nil
		}
	}
	// A dependent that is dropped with its column is created with it only if it keeps its name.
	from.addDependents(have, func(k *constraint) bool { return !d.dropFirst[k] }, func(*index) bool { return true })
	to.addDependents(want, func(k *constraint) bool {
		return slices.ContainsFunc(from.constraints, func(h *constraint) bool { return h.Name == k.Name && h.Kind == k.Kind })
	}, func(i *index) bool {
		return slices.ContainsFunc(from.indexes, func(h *index) bool { return h.Name == i.Name })
	})
	for _, p := range have.parts() {
		reads := p.reads(have)
		if from.reads(reads) && !d.dropFirst[p.constraint] && from.addPart(p, reads, want) {
			to.parts = append(to.parts, p)
		}
	}
	// ANALYZE can wait until the lock is released.
	create, later := to.create(have), []cmd(nil)
	create = slices.DeleteFunc(create, func(c cmd) bool {
		if c.last {
			later = []cmd{c}
		}
		return c.last
	})
	if later != nil {
		ops = append(ops, Op{stage: stageAnalyze, up: later})
	}
	release, bindBack := d.keepSequences(have, from.columns...)
	releaseBack, bind := d.keepSequences(have, to.columns...)
	if i := from.replica(); i != nil && to.replica() == nil {
		release = append(release, d.withoutReplica(have, i)...)
	}
	ops = append(ops, Op{stage: stageRewrite, key: have.String(), rank: -1, up: append(release, from.drop(have)...), down: append(from.create(have), bindBack...),
		hazards: d.recreateHazards(have, to, fix.Words(strings.Join(instead, "\n"))), downHazards: d.recreateHazards(have, from, fix.Text{})},
		Op{stage: stageRewrite, key: have.String(), rank: 1, up: append(create, bind...), down: append(releaseBack, to.drop(have)...)})
	for _, c := range to.columns {
		if !c.Virtual {
			ops = append(ops, analyze(have.String(), "the new values", c.Name))
		}
	}
	changed := change{verb: "change", kind: "column", table: have.Name, name: from.columns[0].Name}
	return from.without(have), to.without(want), about(changed, ops), nil
}

// addDependents adds the constraints and indexes of the table that use one of the columns.
func (r *recreated) addDependents(t *table, constraint func(*constraint) bool, index func(*index) bool) {
	for _, k := range t.constraints {
		if (r.reads(k.Columns) || k.index != nil && r.reads(k.index.Reads)) && constraint(k) {
			r.constraints = append(r.constraints, k)
		}
	}
	for _, i := range t.indexes {
		if i.constraint == nil && r.reads(i.Reads) && index(i) {
			r.indexes = append(r.indexes, i)
		}
	}
}

// without returns the table without the columns and their dependents.
func (r *recreated) without(t *table) *table {
	rest := *t
	rest.columns = slices.DeleteFunc(slices.Clone(t.columns), func(c *column) bool { return slices.Contains(r.columns, c) })
	rest.constraints = slices.DeleteFunc(slices.Clone(t.constraints), func(k *constraint) bool { return slices.Contains(r.constraints, k) })
	rest.indexes = slices.DeleteFunc(slices.Clone(t.indexes), func(i *index) bool {
		return slices.Contains(r.indexes, i) || i.constraint != nil && slices.Contains(r.constraints, i.constraint)
	})
	return &rest
}

// drop drops the columns, and with them their dependents.
func (r *recreated) drop(t *table) []cmd {
	cmds := r.dropColumns(t)
	for _, p := range r.lost {
		cmds[0].note = append(cmds[0].note, "Drops "+p.String()+", which uses a dropped column. The schema file doesn't manage it; the down file restores it.")
	}
	return cmds
}

func (r *recreated) dropColumns(t *table) []cmd {
	var cmds []cmd
	for _, c := range r.columns {
		cmds = append(cmds, action(t, "DROP COLUMN "+ident(c.Name), "PostgreSQL can only recreate the column; its values are computed, so none are lost.",
			"Privileges on the column that no migration granted are lost: grant them again."))
	}
	return cmds
}

// create adds the columns and their dependents, in one transaction. One statement adds all columns, because each one
// would rewrite the table again.
func (r *recreated) create(t *table) []cmd {
	var cmds, rest []cmd
	for _, c := range r.columns {
		create := createColumn(t, c, nil)
		cmds, rest = append(cmds, create[0]), append(rest, create[1:]...)
	}
	index := func(t *table, i *index) []cmd {
		return append(createLocked(t, i, i.Name), finish(t, i)...)
	}
	for _, k := range r.constraints {
		cmds, rest = append(cmds, addAgain(t, k)), append(rest, finishConstraint(t, k)...)
	}
	for _, i := range r.indexes {
		rest = append(rest, index(t, i)...)
	}
	for _, p := range r.parts {
		if p.index != nil {
			rest = append(rest, index(p.table, p.index)...)
			continue
		}
		rest = append(append(rest, addAgain(p.table, p.constraint)), finishConstraint(p.table, p.constraint)...)
	}
	return append(cmds, rest...)
}

// createLocked builds an index under the lock that the transaction already has. The parts of an existing index keep
// their names.
func createLocked(t *table, i *index, name string) []cmd {
	if !t.Partitioned || !slices.ContainsFunc(t.partitions, func(p *table) bool { return p.childIndex(i) != nil }) {
		return []cmd{sql(i.create(ident(name), t.String()))}
	}
	cmds := []cmd{sql(i.create(ident(name), "ONLY "+t.String()))}
	for _, p := range t.partitions {
		if c := p.childIndex(i); c != nil {
			cmds = append(append(cmds, createLocked(p, c, c.Name)...),
				sql("ALTER INDEX "+pgsql.QualifiedIdent(t.Schema, name)+" ATTACH PARTITION "+pgsql.QualifiedIdent(p.Schema, c.Name)))
		}
	}
	return cmds
}

// recreateHazards returns the cost of adding the columns, and its side effects.
func (d *differ) recreateHazards(t *table, r recreated, instead fix.Text) []hazard.Hazard {
	var names, along []string
	var others []hazard.Hazard
	stored := false
	for _, c := range r.columns {
		names = append(names, ident(c.Name))
		stored = stored || !c.Virtual
		others = append(others, d.keyHazards(t, c.Name)...)
	}
	for _, k := range r.constraints {
		along = append(along, ident(k.Name))
	}
	for _, i := range r.indexes {
		along = append(along, ident(i.Name))
	}
	for _, p := range r.parts {
		along = append(along, p.String())
	}
	if !stored && len(along) == 0 {
		return nil
	}
	h := hazard.Hazard{Kind: hazard.Block, Table: t.String(), Lock: hazard.AccessExclusive, What: "generated columns are recreated, " + strings.Join(names, ", "), Instead: instead}
	if stored {
		h.Kind = hazard.Rewrite
	}
	if len(along) > 0 {
		h.Also = "These are rebuilt under the same lock: " + strings.Join(along, ", ") + ".\n"
	}
	h.Also += "This changes the order of the table's columns, which affects SELECT * and INSERT without a list of columns."
	return append([]hazard.Hazard{h}, others...)
}
