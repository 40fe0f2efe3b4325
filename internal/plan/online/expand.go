package online

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/hazard"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// Changes of types that rewrite or scan a table under a strong lock are made by expand and contract: a second column
// gets the values, kept up to date by a trigger, and takes the name of the first in a short transaction. The first
// column follows the second until the contract migration drops it, so that the change can be reverted until then.

// An expansion is such a change of one table, or of several whose foreign keys can't compare an old type with a new
// one, or which use an enum that another type replaces.
type expansion struct {
	tables []*expanded
	enums  []*expandedEnum
}

// An expanded table is one with columns that change.
type expanded struct {
	have, want *table
	columns    []*expandedColumn
	object     string     // the name of the trigger's function, and of its proof
	attached   []attached // on the columns
}

// An expandedColumn is a column in both types.
type expandedColumn struct {
	from, to    *column
	new, old    string // the names of the new column before the swap, and of the old one after it
	forth, back conversion
	hazards     []hazard.Hazard // of the change itself
	downHazards []hazard.Hazard
	grants      []string // on the new column
	oldGrants   []string // on the old column, by its later name
	numbers     []string // grants on the identity's sequence
}

func (e *expanded) twin(name string) *expandedColumn {
	return find(e.columns, func(c *expandedColumn) bool { return c.from.Name == name })
}

// reads reports whether one of the names is that of a column that changes.
func (e *expanded) reads(names []string) bool {
	return e != nil && slices.ContainsFunc(names, func(name string) bool { return e.twin(name) != nil })
}

// expansions returns the changes that are made by expand and contract, in an order in which tables come before those
// that refer to them, and the enums that are replaced in place. For every other table whose columns change types,
// d.inPlace says why.
func (d *differ) expansions(ctx context.Context, from *state.State, enums []rebuiltEnum) ([]*expansion, []rebuiltEnum, error) {
	if err := d.checkNames(enums); err != nil {
		return nil, nil, err
	}
	groups, stay, err := d.groups(ctx, enums)
	if err != nil || len(groups) == 0 {
		return nil, stay, err
	}
	had, err := from.Privileges(ctx)
	if err != nil {
		return nil, nil, err
	}
	var list []*expansion
	for _, x := range groups {
		for _, e := range x.tables {
			for _, c := range e.columns {
				taken := func(name string) bool { return e.have.column(name) != nil || e.want.column(name) != nil }
				c.new, c.old = pgsql.FreeName(c.from.Name, "_new", taken), pgsql.FreeName(c.from.Name, "_old", taken)
				c.grants = had.On("table "+e.have.String(), ident(c.from.Name), ident(c.new))
				c.oldGrants = had.On("table "+e.have.String(), ident(c.from.Name), ident(c.old))
				if c.from.Identity != "" {
					c.numbers = had.On("sequence "+c.from.own.String(), "", "")
				}
			}
		}
		list = append(list, x)
	}
	return list, stay, nil
}

// expandables returns the tables with columns that change by expand and contract. stay are the enums that are replaced
// in place, enums those that aren't.
func (d *differ) expandables(ctx context.Context, stay []rebuiltEnum, enums []*expandedEnum) (map[string]*expanded, error) {
	tables := map[string]*expanded{}
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		have, want := d.have.tables[name], d.want.tables[name]
		if want == nil {
			continue
		}
		e, why, err := d.expandable(ctx, have, want, stay, enums)
		switch {
		case err != nil:
			return nil, err
		case why != "":
			d.inPlace[name] = why
		case e != nil:
			tables[name] = e
		}
	}
	return tables, nil
}

// chosenInPlace is the reason for a change in place that the user has chosen.
const chosenInPlace = "chosen"

// expandable returns the columns of a table that change by expand and contract, or nil and why they can't. If no
// column's change would block the table, both are empty.
func (d *differ) expandable(ctx context.Context, have, want *table, stay []rebuiltEnum, enums []*expandedEnum) (*expanded, string, error) {
	e := &expanded{have: have, want: want}
	why := ""
	for _, a := range have.columns {
		b := want.column(a.Name)
		if c := twinOf(enums, have, a, b); c != nil {
			if d.types.stays(have, a.Name) {
				return nil, chosenInPlace, nil
			}
			e.columns = append(e.columns, c)
			continue
		}
		if b == nil || a.typed() == b.typed() {
			continue
		}
		cost, using, ok, err := d.castCost(ctx, have, a, b)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			return nil, "", nil // refused
		}
		c := &expandedColumn{from: a, to: b, hazards: d.typeHazards(have, a, b, using, cost)}
		chosen := d.types.stays(have, a.Name)
		if zoned(a, b, "UTC") != "" {
			if d.types.Zone == "" && !chosen {
				d.asked = append(d.asked, askZone(have, a, b))
				return nil, "", nil
			}
			if err := d.knowsZone(ctx); err != nil {
				return nil, "", err
			}
		}
		if !slices.ContainsFunc(c.hazards, hazard.Hazard.Long) {
			continue
		}
		if chosen {
			return nil, chosenInPlace, nil
		}
		_, back, backs, err := d.castCost(ctx, have, b, a)
		if err != nil {
			return nil, "", err
		}
		c.downHazards = d.typeHazards(have, b, a, back, cost)
		e.columns = append(e.columns, c)
		var forth, toBack string
		if c.forth, forth, err = d.conversion(ctx, have, a, b, using); err != nil {
			return nil, "", err
		}
		if c.back, toBack, err = d.conversion(ctx, have, b, a, back); err != nil {
			return nil, "", err
		}
		if !backs {
			toBack = "there is no cast from " + b.Type + " back to " + a.Type
		}
		why = cmp.Or(why, forth, toBack)
	}
	if len(e.columns) == 0 || why != "" {
		return nil, why, nil
	}
	e.object = d.names.function(have, have.Name+"_"+e.columns[0].from.Name, "_sync")
	if why = d.stuck(e, stay); why != "" {
		return nil, why, nil
	}
	why, err := d.readAttached(ctx, e)
	if err != nil || why != "" {
		return nil, why, err
	}
	return e, "", nil
}

// stuck says why the columns of a table can't have twins, or returns "".
func (d *differ) stuck(e *expanded, enums []rebuiltEnum) string {
	t := e.have
	if why := t.family(); why != "" {
		return "the table " + why
	}
	for _, enum := range enums {
		if slices.ContainsFunc(enum.users, func(u enumUser) bool { return u.table == t.String() }) {
			return "the same plan rebuilds an enum of the table"
		}
	}
	for _, c := range e.columns {
		switch {
		case c.from.Generated != nil || c.to.Generated != nil:
			return "column " + ident(c.from.Name) + " is generated"
		case c.from.Checked:
			return "the domain " + c.from.Type + " has constraints"
		case c.to.Checked:
			return "the domain " + c.to.Type + " has constraints"
		case !sameNumbers(c.from, c.to):
			return "the numbers of column " + ident(c.from.Name) + " change with its type"
		}
		for _, g := range slices.Concat(t.columns, e.want.columns) {
			if slices.Contains(g.Reads, c.from.Name) {
				return "the generated column " + ident(g.Name) + " reads " + ident(c.from.Name)
			}
		}
	}
	return d.stuckParts(e)
}

// family says what keeps columns of the table from having twins, or returns "".
func (t *table) family() string {
	switch {
	case t.Partitioned:
		return "is partitioned"
	case len(t.below) > 0 || len(t.Inherits) > 0:
		return "is part of an inheritance hierarchy"
	}
	return ""
}

// sameNumbers reports whether two columns are numbered by the same sequence, in the same way.
func sameNumbers(a, b *column) bool {
	if a.Identity != b.Identity || a.draws != b.draws {
		return false
	}
	if a.own == nil || b.own == nil {
		return a.own == b.own
	}
	return a.own.String() == b.own.String() && (a.Identity != "" || a.own.Options == b.own.Options)
}

// stuckParts says why the constraints and indexes of the columns can't have twins, or returns "".
func (d *differ) stuckParts(e *expanded) string {
	have, want := d.have.dependents(e.have, e), d.want.dependents(e.want, e)
	for _, p := range slices.Concat(have, want) {
		k := p.constraint
		name := p.table.part(p.name())
		both := d.have.tables[p.table.String()] != nil && d.want.tables[p.table.String()] != nil
		switch {
		case !both:
			return name + " belongs to a table that the schema file doesn't manage, or that is created or dropped in the same plan"
		case p.outside:
			return "the schema file doesn't manage " + name
		case p.index != nil && !p.index.Valid:
			return "the index " + name + " is INVALID"
		case p.index != nil && p.index.Parent != 0:
			return "the index " + name + " is part of a partitioned one"
		case k == nil:
			continue
		case k.Kind == "x":
			return "the exclusion constraint " + name + " can't be built without blocking the table"
		case k.Kind != "f" && k.Deferrable != "":
			return "the key " + name + " is deferrable, and a key that is built next to it isn't"
		case strings.Contains(k.Def, "WITHOUT OVERLAPS") || strings.Contains(k.Def, "PERIOD "):
			return "the key " + name + " is temporal"
		case strings.Contains(k.Def, " NOT ENFORCED"):
			return "the constraint " + name + " isn't enforced"
		case k.Inherited:
			return "the constraint " + name + " is inherited"
		case k.Kind == "f" && (p.table.Partitioned || k.refs.Partitioned):
			return "the foreign key " + name + " belongs or refers to a partitioned table"
		}
	}
	for _, side := range []struct {
		list  []dependent
		other *facts
		deps  []dependent
	}{{have, d.want, want}, {want, d.have, have}} {
		for _, p := range side.list {
			o := side.other.tables[p.table.String()]
			taken := o.constraint(p.name()) != nil || o.index(p.name()) != nil || p.backing() != nil && side.other.relations[pgsql.QualifiedIdent(p.table.Schema, p.name())]
			if taken && !slices.ContainsFunc(side.deps, func(q dependent) bool { return q.table.String() == p.table.String() && q.name() == p.name() }) {
				return "the name of " + p.table.part(p.name()) + " passes to another object in the same plan"
			}
			if k := p.constraint; k != nil && k.Kind == "p" && o.primaryKey() != nil && !e.reads(o.primaryKey().Columns) {
				return "the table gets a different primary key in the same plan"
			}
		}
	}
	return ""
}

// A dependent is a constraint or an index, but not an index of a constraint.
type dependent struct {
	table      *table
	constraint *constraint // or
	index      *index
	outside    bool // schema.hcl doesn't manage it
}

func (p dependent) name() string {
	if p.constraint != nil {
		return p.constraint.Name
	}
	return p.index.Name
}

// backing returns the part's index, or nil.
func (p dependent) backing() *index {
	if p.constraint != nil {
		return p.constraint.index
	}
	return p.index
}

// foreign reports whether the part is a foreign key.
func (p dependent) foreign() bool { return p.constraint != nil && p.constraint.Kind == "f" }

// dependents returns the parts that read columns of t which change, and the foreign keys that refer to them. Those of
// t come first.
func (f *facts) dependents(t *table, e *expanded) []dependent {
	var list []dependent
	tables := slices.SortedFunc(maps.Values(f.byOID), func(a, b *table) int {
		return cmp.Or(-btoi(a == t)+btoi(b == t), strings.Compare(a.String(), b.String()))
	})
	for _, o := range tables {
		for i, k := range slices.Concat(o.constraints, o.outside) {
			own := o == t && (e.reads(k.Columns) || k.index != nil && e.reads(k.index.Reads))
			if own || k.Kind == "f" && k.refs == t && e.reads(k.RefColumns) {
				list = append(list, dependent{table: o, constraint: k, outside: i >= len(o.constraints) || f.tables[o.String()] != o})
			}
		}
		for _, i := range o.indexes {
			if o == t && i.constraint == nil && e.reads(i.Reads) {
				list = append(list, dependent{table: o, index: i})
			}
		}
	}
	return list
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// grouped groups the tables: those whose foreign keys can't compare an old type with a new one change together. It
// takes tables out that refer to, or are referred to by, a column that changes in place and can't be compared
// meanwhile. Tables with the same enum change together, too.
func (d *differ) grouped(ctx context.Context, tables map[string]*expanded, enums []*expandedEnum) ([]*expansion, error) {
	type edge struct {
		child, parent string
		k             *constraint
		apart         bool // both ends can't be compared while only one has changed
	}
	var edges []edge
	for _, name := range slices.Sorted(maps.Keys(d.have.tables)) {
		t := d.have.tables[name]
		for _, k := range t.constraints {
			if k.Kind != "f" || k.refs == nil || k.refs == t {
				continue
			}
			if !tables[name].reads(k.Columns) && !tables[k.refs.String()].reads(k.RefColumns) {
				continue
			}
			g := edge{child: name, parent: k.refs.String(), k: k}
			for i := range k.Columns {
				have := ends{t.column(k.Columns[i]), k.refs.column(k.RefColumns[i])}
				want := ends{d.next(t, k.Columns[i]), d.next(k.refs, k.RefColumns[i])}
				apart, err := d.incomparable(ctx, have, want)
				if err != nil {
					return nil, err
				}
				g.apart = g.apart || apart
			}
			edges = append(edges, g)
		}
	}
	for again := true; again; {
		again = false
		for _, g := range edges {
			a, b := tables[g.child], tables[g.parent]
			if !g.apart || a.reads(g.k.Columns) && b.reads(g.k.RefColumns) {
				continue
			}
			for _, name := range []string{g.child, g.parent} {
				if tables[name] != nil {
					d.inPlace[name] = "the foreign key " + d.have.tables[g.child].part(g.k.Name) + " can't compare the new type with the old one of its other end, which changes in place"
					delete(tables, name)
					again = true
				}
			}
		}
	}
	group := map[string]*expansion{}
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		group[name] = &expansion{tables: []*expanded{tables[name]}}
	}
	join := func(a, b *expansion) {
		if a == nil || b == nil || a == b {
			return
		}
		b.tables = append(b.tables, a.tables...)
		for _, e := range a.tables {
			group[e.have.String()] = b
		}
	}
	for _, g := range edges {
		if g.apart {
			join(group[g.child], group[g.parent])
		}
	}
	for _, e := range enums {
		for _, u := range e.users {
			join(group[u.table], group[e.users[0].table])
		}
	}
	for _, e := range enums {
		if x := group[e.users[0].table]; x != nil {
			x.enums = append(x.enums, e)
		}
	}
	var list []*expansion
	var visit func(x *expansion)
	visit = func(x *expansion) {
		if slices.Contains(list, x) {
			return
		}
		list = append(list, x) // before its parents, to end cycles
		for _, g := range edges {
			if p := group[g.parent]; p != nil && group[g.child] == x {
				visit(p)
			}
		}
		list = append(slices.DeleteFunc(list, func(o *expansion) bool { return o == x }), x)
	}
	for _, name := range slices.Sorted(maps.Keys(group)) {
		visit(group[name])
	}
	for _, x := range list {
		slices.SortFunc(x.tables, func(a, b *expanded) int { return strings.Compare(a.have.String(), b.have.String()) })
	}
	return list, nil
}

//go:embed expand.sql
var expandSQL string

// readAttached reads what depends on the columns of a table in addition to constraints and indexes. It returns why the
// columns can't have twins, or "".
func (d *differ) readAttached(ctx context.Context, e *expanded) (why string, err error) {
	var names []string
	for _, c := range e.columns {
		names = append(names, c.from.Name)
	}
	err = pgx.BeginTxFunc(ctx, d.have.conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog"); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, expandSQL, e.have.String(), names, e.trigger()).Scan(&why)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("looking for what uses a column: %w", err)
	}
	if why != "" {
		return why, nil
	}
	all, err := d.attached(ctx, e.have)
	for _, a := range all {
		if e.reads(a.Columns) {
			e.attached = append(e.attached, a)
		}
	}
	return "", err
}

// expand returns the ops of the expansions. From then on the facts of the replayed state are as if they had been made.
func (d *differ) expand(ctx context.Context, from, to *state.State, list []*expansion) ([]Op, error) {
	var ops []Op
	for i, x := range list {
		found, err := d.expandOps(ctx, from, to, x)
		if err != nil {
			return nil, fmt.Errorf("planning a change of types: %w", err)
		}
		for n := range found {
			found[n].rank += 10 * i
		}
		ops = append(ops, found...)
	}
	return ops, nil
}
