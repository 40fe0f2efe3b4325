package online

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/schema"

	"github.com/ibutsu/ibutsu-schema/internal/fix"
	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/runner"
)

// A rebuiltEnum is an enum that loses or reorders values. PostgreSQL has no statement for that: a new type replaces
// the old one, which rewrites every table that uses it.
type rebuiltEnum struct {
	schema     string
	have, want *schema.EnumType
	users      []enumUser
	inPlace    string // why it isn't replaced by expand and contract
}

// typed reports whether one of the columns has the enum's type.
func (e rebuiltEnum) typed(t *table, columns []string) bool {
	return slices.ContainsFunc(e.users, func(u enumUser) bool { return u.table == t.String() && slices.Contains(columns, u.column) })
}

// changedEnums returns the enums whose values change: those to rebuild, and those that only gain values.
func (d *differ) changedEnums(ctx context.Context, have, want *schema.Realm) (rebuilt, extended []rebuiltEnum, err error) {
	for _, s := range have.Schemas {
		ws, ok := want.Schema(s.Name)
		if !ok {
			continue
		}
		for _, o := range s.Objects {
			h, ok := o.(*schema.EnumType)
			if !ok {
				continue
			}
			for _, o := range ws.Objects {
				w, ok := o.(*schema.EnumType)
				if !ok || w.T != h.T || slices.Equal(h.Values, w.Values) {
					continue
				}
				users, err := d.enumUsers(ctx, s.Name, h.T)
				if err != nil {
					return nil, nil, err
				}
				if e := (rebuiltEnum{schema: s.Name, have: h, want: w, users: users}); subsequence(h.Values, w.Values) {
					extended = append(extended, e)
				} else {
					rebuilt = append(rebuilt, e)
				}
			}
		}
	}
	return rebuilt, extended, nil
}

// shrinkEnum returns the down statements for an enum that gains values, and what they cost. There are none if something
// else depends on the enum.
func (d *differ) shrinkEnum(ctx context.Context, e rebuiltEnum) (Op, error) {
	comment, err := d.typeComment(ctx, e.schema, e.have.T)
	if err != nil {
		return Op{}, err
	}
	users := slices.Clone(e.users)
	var drop, again []cmd
	for i := range users {
		u := &users[i]
		t := d.have.tables[u.table]
		if t != nil && t.column(u.column) != nil {
			u.def = t.column(u.column).Default
		}
		u.had = u.def != nil
		if t != nil && (i == 0 || users[i-1].table != u.table) {
			h := d.dependents(e, t, t)
			drop, again = append(drop, h.from.dropAll(t)...), append(again, h.from.create(t)...)
		}
	}
	swap := swapEnum(e.schema, e.have.T, d.oldEnum(e.schema, e.have.T), e.have.Values, users, comment)
	o := Op{down: slices.Concat(drop, swap, again)}
	var texts []string
	for _, c := range o.down {
		texts = append(texts, c.String())
	}
	if _, err := try(ctx, d.have.conn, "pg_catalog.pg_class", texts...); err != nil {
		if pgsql.SQLState(err) == "" {
			return Op{}, err
		}
		return Op{}, nil
	}
	added := missing(e.want.Values, e.have.Values)
	o.down[len(drop)].note = []string{"PostgreSQL cannot remove the values of an enum: a new type replaces it.",
		"Fails while a row has " + strings.Join(added, " or ") + ": change those rows first."}
	o.downHazards = append(e.hazards("it no longer has "+strings.Join(added, ", ")), e.used(added)...)
	return o, nil
}

// hazards returns the hazards of replacing the enum.
func (e rebuiltEnum) hazards(why string) (list []hazard.Hazard) {
	for i, u := range e.users {
		if i == 0 || e.users[i-1].table != u.table {
			h := hazard.Hazard{Kind: hazard.Rewrite, Table: u.table, Lock: hazard.AccessExclusive,
				What: "the enum " + pgsql.QualifiedIdent(e.schema, e.have.T) + " is rebuilt because " + why}
			if e.inPlace != "" && e.inPlace != chosenInPlace {
				h.Also = "It isn't made by expand and contract, because " + e.inPlace + "."
			}
			list = append(list, h)
		}
	}
	return list
}

// used returns the hazards of rows that have values that the enum loses.
func (e rebuiltEnum) used(lost []string) (list []hazard.Hazard) {
	if len(lost) == 0 {
		return nil
	}
	for _, u := range e.users {
		column := ident(u.column)
		list = append(list, hazard.Hazard{Kind: hazard.Violated, Table: u.table, Column: column,
			What: "fails if a row has " + strings.Join(lost, " or ") + " in " + column, Query: fix.CountRows(u.table, u.has(column, lost))})
	}
	return list
}

// has returns the condition that an expression of the column's type has one of the values, which are literals.
func (u enumUser) has(expr string, values []string) string {
	if u.array {
		return expr + "::text[] && ARRAY[" + strings.Join(values, ", ") + "]"
	}
	return expr + "::text IN (" + strings.Join(values, ", ") + ")"
}

// difference says what the enum loses.
func (e rebuiltEnum) difference() string {
	if gone := missing(e.have.Values, e.want.Values); len(gone) > 0 {
		return "no longer has " + strings.Join(gone, ", ")
	}
	return "has its values in another order"
}

// missing returns, as literals, the values that others lack.
func missing(values, others []string) []string {
	var literals []string
	for _, v := range values {
		if !slices.Contains(others, v) {
			literals = append(literals, pgsql.Literal(v))
		}
	}
	return literals
}

// subsequence reports whether b is a with values inserted anywhere.
func subsequence(a, b []string) bool {
	for _, v := range b {
		if len(a) > 0 && a[0] == v {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// rebuildEnum returns the ops that replace an enum's type. In the replayed state it gives the enum its new values, so
// that the engine finds nothing more to do, and columns of the type their new defaults.
func (d *differ) rebuildEnum(ctx context.Context, e rebuiltEnum) ([]Op, error) {
	schemaName, h, w, users := e.schema, e.have, e.want, e.users
	name := pgsql.QualifiedIdent(schemaName, h.T)
	gone, added := missing(h.Values, w.Values), missing(w.Values, h.Values)
	defaults := make([]*string, len(users))
	for i := range users {
		u := &users[i]
		if t := d.have.tables[u.table]; t != nil && t.column(u.column) != nil {
			u.def = t.column(u.column).Default // with qualified names
		}
		defaults[i] = u.def
		have, want := d.have.tables[u.table], d.want.tables[u.table]
		if have == nil || want == nil {
			continue
		}
		// Set the new default here: the type may no longer have the value of the old one.
		if a, b := have.column(u.column), want.column(u.column); a != nil && b != nil && a.typed() == b.typed() && text(a.Default) != text(b.Default) {
			defaults[i], a.Default = b.Default, b.Default
		}
	}
	comment, err := d.typeComment(ctx, schemaName, h.T)
	if err != nil {
		return nil, err
	}
	old := d.oldEnum(schemaName, h.T)
	for i := range users {
		users[i].had = defaults[i] != nil
	}
	drop, again, dropBack, againBack := d.hold(e)
	down := slices.Concat(dropBack, swapEnum(schemaName, h.T, old, h.Values, users, comment), againBack)
	for i, u := range users {
		users[i].had, users[i].def = u.def != nil, defaults[i]
	}
	up := slices.Concat(drop, swapEnum(schemaName, h.T, old, w.Values, users, comment), again)
	var texts []string
	for k := range d.dropFirst {
		texts = append(texts, dropConstraint(d.have.byOID[k.Table], k.Name).String())
	}
	for _, c := range slices.Concat(d.swaps, up) {
		texts = append(texts, c.String())
	}
	if _, err := try(ctx, d.have.conn, "pg_catalog.pg_class", texts...); err != nil {
		if pgsql.SQLState(err) == "" {
			return nil, err
		}
		why, werr := d.enumDependents(ctx, schemaName, h.T)
		if werr != nil {
			return nil, werr
		}
		if why = "PostgreSQL can do that only by replacing the type, but these depend on it: " + why; strings.HasSuffix(why, ": ") {
			why = "PostgreSQL can do that only by replacing the type, which fails: " + runner.Message(err)
		}
		return []Op{{refusal: &Refusal{Text: fmt.Sprintf("the enum %s removes or reorders values: %s\n"+
			"write this change as SQL (new), or keep the values in the schema file", name, why)}}}, nil
	}
	h.Values, d.swaps = w.Values, append(d.swaps, up...)
	var ops []Op
	o := Op{stage: stageSwapEnum, key: "enum " + name, up: up, down: down}
	swap := &o.up[len(drop)]
	swap.note = []string{"PostgreSQL cannot remove or reorder the values of an enum: a new type replaces it."}
	what := "its values change their order"
	if len(gone) > 0 {
		what = "it no longer has " + strings.Join(gone, ", ")
		swap.note = append(swap.note, "Fails while a row has "+strings.Join(gone, " or ")+": change those rows first.")
	}
	if len(added) > 0 {
		o.down[len(dropBack)].note = []string{"Fails while a row has " + strings.Join(added, " or ") + ": change those rows first."}
	}
	o.hazards, o.downHazards = e.hazards(what), e.hazards(what)
	for _, h := range o.hazards {
		ops = append(ops, d.analyzeEnum(h.Table, users)...)
	}
	o.hazards, o.downHazards = append(o.hazards, e.used(gone)...), append(o.downHazards, e.used(added)...)
	return about(change{verb: "change", kind: "enum", schema: schemaName, name: h.T}, append(ops, o)), nil
}

// oldEnum returns an unused name for the type that is replaced.
func (d *differ) oldEnum(schemaName, name string) string {
	return d.enumName(schemaName, name, "_old")
}

func (d *differ) enumName(schemaName, name, suffix string) string {
	return d.names.free(schemaName, name, suffix, func(free string) bool {
		q := pgsql.QualifiedIdent(schemaName, free)
		return d.have.relations[q] || d.want.relations[q]
	})
}

// held is what depends on a column of an enum that is replaced: generated columns, and constraints and indexes that
// contain its values. It is dropped before the type is replaced, and added again in the same transaction, which
// rewrites the table anyway. What the desired state lacks or defines differently is not added again, and what reads
// columns that a later op adds or gives another type is added after that op.
type held struct {
	from, to recreated
	kept     []*index      // of the desired state, for those of the replayed state in to
	late     []outsidePart // unmanaged ones that are added again after a column that they read
}

// hold returns the statements that drop what depends on an enum and add it again, and those of the down file.
func (d *differ) hold(e rebuiltEnum) (drop, again, dropBack, againBack []cmd) {
	for i, u := range e.users {
		have, want := d.have.tables[u.table], d.want.tables[u.table]
		if have == nil || i > 0 && e.users[i-1].table == u.table {
			continue
		}
		if want == nil {
			want = have // dropped later
		}
		h := d.held[u.table]
		if h == nil {
			h = &held{}
			d.held[u.table] = h
		}
		have = h.leaves(have)
		one := d.dependents(e, have, want)
		if i := one.from.replica(); i != nil && one.to.replica() == nil {
			drop = append(drop, d.withoutReplica(have, i)...)
		}
		drop, again = append(drop, one.from.dropAll(have)...), append(again, one.to.create(have)...)
		dropBack, againBack = append(dropBack, one.to.dropAll(have)...), append(againBack, one.from.create(have)...)
		h.from.add(one.from)
		h.to.add(one.to)
		h.kept, h.late = append(h.kept, one.kept...), append(h.late, one.late...)
	}
	for _, cmds := range [][]cmd{drop, dropBack} {
		if len(cmds) > 0 {
			cmds[0].note = append([]string{"It depends on the values of the enum " + pgsql.QualifiedIdent(e.schema, e.have.T) + "."}, cmds[0].note...)
		}
	}
	return drop, again, dropBack, againBack
}

// leaves returns the table t of the replayed state with what is added again in place of what is dropped.
func (h *held) leaves(t *table) *table {
	t = h.from.without(t)
	t.columns = append(t.columns, h.to.columns...)
	t.constraints = append(t.constraints, h.to.constraints...)
	t.indexes = append(t.indexes, h.to.indexes...)
	return t
}

// rest returns the tables of the two states without what is dropped and added again.
func (h *held) rest(have, want *table) (_, _ *table) {
	to := h.to
	to.indexes = append(slices.Clone(to.indexes), h.kept...)
	return h.from.without(have), to.without(want)
}

// add adds what r doesn't contain.
func (r *recreated) add(o recreated) {
	r.columns, r.constraints, r.indexes = union(r.columns, o.columns), union(r.constraints, o.constraints), union(r.indexes, o.indexes)
}

func union[T comparable](a, b []T) []T {
	for _, x := range b {
		if !slices.Contains(a, x) {
			a = append(a, x)
		}
	}
	return a
}

// dependents returns what of a table depends on an enum. have is the table as the ops before leave it.
func (d *differ) dependents(e rebuiltEnum, have, want *table) held {
	cast := "::" + pgsql.QualifiedIdent(e.schema, e.have.T)
	h := held{}
	// ready reports whether columns have the types of the desired state when the type is replaced.
	ready := func(columns []string) bool {
		return !slices.ContainsFunc(columns, func(name string) bool {
			a, b := have.column(name), want.column(name)
			return a == nil || b == nil || a.typed() != b.typed() || slices.Contains(h.from.columns, a) && !slices.Contains(h.to.columns, b)
		})
	}
	for _, g := range have.columns {
		next := want.column(g.Name)
		if g.Generated == nil || !e.typed(have, g.Reads) || next != nil && next.Generated == nil {
			continue
		}
		h.from.columns = append(h.from.columns, g)
		if next != nil && ready(next.Reads) {
			h.to.columns = append(h.to.columns, next)
		}
	}
	if len(h.from.columns) > 0 {
		h.from.addDependents(have, func(k *constraint) bool { return !d.dropFirst[k] }, func(*index) bool { return true })
		h.to.addDependents(want, func(k *constraint) bool {
			return ready(k.Columns) && (k.index == nil || ready(k.index.Reads)) &&
				slices.ContainsFunc(h.from.constraints, func(h *constraint) bool { return h.Name == k.Name && h.Kind == k.Kind })
		}, func(i *index) bool {
			return ready(i.Reads) && slices.ContainsFunc(h.from.indexes, func(h *index) bool { return h.Name == i.Name })
		})
	}
	for _, k := range have.constraints {
		if !strings.Contains(k.Def, cast) || k.Kind != "c" && k.Kind != "x" || slices.Contains(h.from.constraints, k) {
			continue
		}
		h.from.constraints = append(h.from.constraints, k)
		if w := want.constraint(k.Name); w != nil && w.Def == k.Def && ready(w.Columns) {
			h.to.constraints = append(h.to.constraints, w)
		}
	}
	for _, i := range have.indexes {
		if !strings.Contains(i.On, cast) || i.constraint != nil || slices.Contains(h.from.indexes, i) {
			continue
		}
		h.from.indexes = append(h.from.indexes, i)
		// The existing index knows its parts.
		if w := want.index(i.Name); w != nil && w.On == i.On && w.Unique == i.Unique && text(w.Comment) == text(i.Comment) && ready(w.Reads) {
			h.to.indexes, h.kept = append(h.to.indexes, i), append(h.kept, w)
		}
	}
	for _, p := range have.parts() {
		reads := p.reads(have)
		if p.index != nil && strings.Contains(p.index.On, cast) || p.constraint != nil && strings.Contains(p.constraint.Def, cast) || h.from.reads(reads) {
			switch {
			case d.dropFirst[p.constraint]:
			case !h.from.addPart(p, reads, want):
			case ready(reads):
				h.to.parts = append(h.to.parts, p)
			default:
				h.late = append(h.late, p)
			}
		}
	}
	return h
}

// enumDependents describes what depends on an enum or on columns of its type, and keeps the type from being replaced.
func (d *differ) enumDependents(ctx context.Context, schemaName, name string) (list string, err error) {
	err = d.have.conn.QueryRow(ctx, `
		WITH types AS (
			SELECT unnest(ARRAY[t.oid, t.typarray]) AS oid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
			WHERE n.nspname = $1 AND t.typname = $2),
		columns AS (
			SELECT a.attrelid, a.attnum, c.relkind FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
			WHERE a.atttypid IN (SELECT oid FROM types) AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')),
		found AS (
			SELECT CASE d.classid WHEN 'pg_catalog.pg_rewrite'::regclass THEN
					(SELECT pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0) FROM pg_catalog.pg_rewrite r WHERE r.oid = d.objid)
				ELSE pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) END AS what
			FROM pg_catalog.pg_depend d
			WHERE (d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (SELECT oid FROM types)
					AND NOT (d.classid = 'pg_catalog.pg_type'::regclass AND d.objid IN (SELECT oid FROM types))
				OR d.refclassid = 'pg_catalog.pg_class'::regclass AND (d.refobjid, d.refobjsubid) IN (SELECT attrelid, attnum FROM columns))
				AND d.classid NOT IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_constraint'::regclass)
			UNION
			SELECT 'the partition key of ' || k.partrelid::regclass FROM pg_catalog.pg_partitioned_table k
			JOIN columns c ON c.attrelid = k.partrelid AND c.attnum = ANY (k.partattrs::int2[]))
		SELECT coalesce(pg_catalog.string_agg(what, ', ' ORDER BY what), '') FROM found`, schemaName, name).Scan(&list)
	if err != nil {
		return "", fmt.Errorf("looking for what depends on an enum: %w", err)
	}
	return list, nil
}

// analyzeEnum gathers the statistics that the table's columns of an enum lost.
func (d *differ) analyzeEnum(table string, users []enumUser) []Op {
	want := d.want.tables[table]
	if want == nil {
		return nil
	}
	var columns []string
	for _, u := range users {
		if u.table == table && want.column(u.column) != nil {
			columns = append(columns, u.column)
		}
	}
	if len(columns) == 0 {
		return nil
	}
	return []Op{analyze(table, "the values of the new type", columns...)}
}

// An enumUser is a column of an enum's type, or of an array of it.
type enumUser struct {
	table, column string
	array         bool
	def           *string // the default after the swap
	had           bool    // there is a default before the swap
}

func (d *differ) enumUsers(ctx context.Context, schemaName, name string) ([]enumUser, error) {
	rows, err := d.have.conn.Query(ctx, `
		SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname::text, a.atttypid = t.typarray, pg_catalog.pg_get_expr(f.adbin, f.adrelid)
		FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
		JOIN pg_catalog.pg_attribute a ON a.atttypid IN (t.oid, t.typarray) AND NOT a.attisdropped AND a.attinhcount = 0 AND a.attnum > 0
		JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum AND a.attgenerated = ''
		WHERE tn.nspname = $1 AND t.typname = $2 ORDER BY 1, a.attnum`, schemaName, name)
	if err != nil {
		return nil, fmt.Errorf("looking for columns of an enum: %w", err)
	}
	var users []enumUser
	defer rows.Close()
	for rows.Next() {
		var u enumUser
		if err := rows.Scan(&u.table, &u.column, &u.array, &u.def); err != nil {
			return nil, fmt.Errorf("looking for columns of an enum: %w", err)
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

func (d *differ) typeComment(ctx context.Context, schemaName, name string) (comment *string, err error) {
	err = d.have.conn.QueryRow(ctx, `SELECT pg_catalog.obj_description(t.oid, 'pg_type') FROM pg_catalog.pg_type t
		JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = $1 AND t.typname = $2`, schemaName, name).Scan(&comment)
	if err != nil {
		return nil, fmt.Errorf("reading an enum's comment: %w", err)
	}
	return comment, nil
}

// enumComment restores the comment on a dropped enum, which the engine doesn't do.
func (d *differ) enumComment(ctx context.Context, o schema.Object) ([]Op, error) {
	e, ok := o.(*schema.EnumType)
	if !ok {
		return nil, nil
	}
	text, err := d.typeComment(ctx, e.Schema.Name, e.T)
	if err != nil || text == nil {
		return nil, err
	}
	return []Op{{stage: stageDropTypes, rank: -1, down: []cmd{commentOn("TYPE "+pgsql.QualifiedIdent(e.Schema.Name, e.T), *text)}}}, nil
}

// swapEnum creates the type with other values and converts its columns.
func swapEnum(schemaName, name, old string, values []string, users []enumUser, comment *string) []cmd {
	typ := pgsql.QualifiedIdent(schemaName, name)
	cmds := []cmd{renameType(schemaName, name, old), createEnum(schemaName, name, values)}
	for _, u := range users {
		alter := func(s string) cmd { return cmd{table: u.table, action: "ALTER COLUMN " + ident(u.column) + " " + s} }
		array := ""
		if u.array {
			array = "[]"
		}
		if u.had {
			cmds = append(cmds, alter("DROP DEFAULT")) // PostgreSQL has no cast for it
		}
		cmds = append(cmds, alter("TYPE "+typ+array+" USING "+ident(u.column)+"::text"+array+"::"+typ+array))
		if u.def != nil {
			cmds = append(cmds, alter("SET DEFAULT "+*u.def))
		}
	}
	if comment != nil {
		cmds = append(cmds, sql("COMMENT ON TYPE "+typ+" IS "+pgsql.Literal(*comment)))
	}
	return append(cmds, sql("DROP TYPE "+pgsql.QualifiedIdent(schemaName, old)))
}

func renameType(schemaName, from, to string) cmd {
	return sql("ALTER TYPE " + pgsql.QualifiedIdent(schemaName, from) + " RENAME TO " + ident(to))
}

func createEnum(schemaName, name string, values []string) cmd {
	return sql("CREATE TYPE " + pgsql.QualifiedIdent(schemaName, name) + " AS ENUM (" + strings.Join(missing(values, nil), ", ") + ")")
}
