package online

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
)

// A change is what an op is a part of, as far as the name of a migration tells it.
type change struct {
	verb    string // add, drop, change or rename
	kind    string // schema, table, enum, enum value, sequence; column, index, constraint or comment of a table
	schema  string // that a table or enum is in
	table   string // that something is a part of, or the enum of a value
	name    string // empty for a constraint
	columns []string
	refers  string // the table that a foreign key refers to
}

// about says of ops what they are a part of.
func about(c change, ops []Op) []Op {
	for i := range ops {
		ops[i].change = c
	}
	return ops
}

// change is what becomes of a constraint of the table.
func (k *constraint) change(verb string, t *table) change {
	c := change{verb: verb, kind: "constraint", table: t.Name, columns: k.Columns}
	if k.refs != nil {
		c.refers = k.refs.Name
	}
	return c
}

// words name an index by its columns, or where it has expressions by its own name.
func (i *index) words(t *table) string {
	if i.Expressions {
		return strings.TrimPrefix(strings.TrimPrefix(i.Name, "ix_"), t.Name+"_")
	}
	return strings.Join(i.Columns, "_")
}

// deriveName says in a few words what the changes do: add_results_flaky, drop_reports,
// index_results_tags, change_runs_and_results. It is empty for no changes.
func deriveName(changes []schema.Change) string {
	var parts []string
	tables := map[string]bool{} // whose creation or drop says enough
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.AddTable:
			tables[c.T.Name] = true
		case *schema.DropTable:
			tables[c.T.Name] = true
		}
	}
	byVerb := map[string][]string{}
	add := func(verb string, names ...string) {
		if len(byVerb[verb]) == 0 {
			parts = append(parts, verb)
		}
		byVerb[verb] = append(byVerb[verb], strings.Join(names, "_"))
	}
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.AddTable:
			add("add", c.T.Name)
		case *schema.DropTable:
			add("drop", c.T.Name)
		case *schema.AddObject:
			add("add", objectName(c.O))
		case *schema.DropObject:
			add("drop", objectName(c.O))
		case *schema.ModifyObject:
			add("change", objectName(c.To))
		case *schema.AddSchema:
			// Its tables say it, if there are any.
			if len(c.S.Tables) == 0 {
				add("add", "schema", c.S.Name)
			}
		case *schema.DropSchema:
			add("drop", "schema", c.S.Name)
		case *schema.ModifySchema:
			add("change", "schema", c.S.Name)
		case *schema.ModifyTable:
			changes := essential(c.Changes)
			if onlyKeys(changes, tables) {
				continue // they come along with their tables
			}
			verb, names := verbOf(changes)
			add(verb, append([]string{c.T.Name}, names...)...)
		default:
			add("change", "schema")
		}
	}
	name := ""
	switch {
	case len(changes) == 0:
		return ""
	case len(parts) == 1 && len(byVerb[parts[0]]) <= 2:
		name = parts[0] + "_" + strings.Join(byVerb[parts[0]], "_and_")
	case len(parts) == 1:
		name = fmt.Sprintf("%s_%s_and_%d_more", parts[0], byVerb[parts[0]][0], len(byVerb[parts[0]])-1)
	default:
		name = "change_" + strings.Join(touched(changes), "_and_")
	}
	return name
}

// tableChanges are the changes of tables that are in both states, as far as a name needs
// them.
func (d *differ) tableChanges() []schema.Change {
	var names []string
	for name := range d.have.tables {
		if d.want.tables[name] != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out []schema.Change
	for _, name := range names {
		if changes := d.changesOf(d.have.tables[name], d.want.tables[name]); len(changes) > 0 {
			t := d.want.tables[name]
			out = append(out, &schema.ModifyTable{T: schema.NewTable(t.Name).SetSchema(schema.New(t.Schema)), Changes: changes})
		}
	}
	return out
}

func (d *differ) changesOf(have, want *table) []schema.Change {
	var changes []schema.Change
	table := schema.NewTable(want.Name)
	for _, p := range pair(have.columns, want.columns, func(c *column) string { return c.Name }) {
		switch {
		case p.have == nil:
			changes = append(changes, &schema.AddColumn{C: schema.NewColumn(p.want.Name)})
		case p.want == nil:
			changes = append(changes, &schema.DropColumn{C: schema.NewColumn(p.have.Name)})
		case !sameLine(d.have, d.want, "column", have.part(p.have.Name)) || !sameSequence(p.have.serial(), p.want.serial()) ||
			text(p.have.Comment) != text(p.want.Comment):
			changes = append(changes, &schema.ModifyColumn{To: schema.NewColumn(p.want.Name)})
		}
	}
	named := func(i *index) *schema.Index {
		x := schema.NewIndex(i.Name).SetTable(table)
		for _, c := range i.Columns {
			x.AddColumns(schema.NewColumn(c))
		}
		if i.Expressions {
			x.AddParts(schema.NewExprPart(&schema.RawExpr{}))
		}
		if i.constraint != nil {
			x.AddAttrs(&postgres.Constraint{T: i.constraint.Kind})
		}
		return x
	}
	for _, p := range pair(have.indexes, want.indexes, func(i *index) string { return i.Name }) {
		switch {
		case p.have == nil:
			changes = append(changes, &schema.AddIndex{I: named(p.want)})
		case p.want == nil:
			changes = append(changes, &schema.DropIndex{I: named(p.have)})
		case p.have.On != p.want.On || p.have.Unique != p.want.Unique ||
			(p.have.constraint == nil) != (p.want.constraint == nil) || text(p.have.Comment) != text(p.want.Comment):
			changes = append(changes, &schema.ModifyIndex{From: named(p.have), To: named(p.want)})
		}
	}
	for _, p := range pair(have.constraints, want.constraints, func(k *constraint) string { return k.Name }) {
		k := p.want
		if k == nil {
			k = p.have
		}
		if k.index != nil {
			continue // said already
		}
		key := &schema.ForeignKey{Symbol: k.Name, Table: table}
		if k.refs != nil {
			key.RefTable = schema.NewTable(k.refs.Name)
		}
		for _, c := range k.Columns {
			key.Columns = append(key.Columns, schema.NewColumn(c))
		}
		check := schema.NewCheck().SetName(k.Name)
		switch {
		case p.have == nil && k.Kind == "f":
			changes = append(changes, &schema.AddForeignKey{F: key})
		case p.have == nil:
			changes = append(changes, &schema.AddCheck{C: check})
		case p.want == nil && k.Kind == "f":
			changes = append(changes, &schema.DropForeignKey{F: key})
		case p.want == nil:
			changes = append(changes, &schema.DropCheck{C: check})
		case !d.sameDef(have, p.have, p.want):
			changes = append(changes, &schema.ModifyCheck{From: check, To: check})
		}
	}
	if text(have.Comment) != text(want.Comment) {
		changes = append(changes, &schema.ModifyAttr{})
	}
	return changes
}

// touched returns the names of what changes, at most two of them.
func touched(changes []schema.Change) []string {
	var names []string
	for _, c := range changes {
		n := ""
		switch c := c.(type) {
		case *schema.AddTable:
			n = c.T.Name
		case *schema.DropTable:
			n = c.T.Name
		case *schema.ModifyTable:
			n = c.T.Name
		case *schema.AddObject:
			n = objectName(c.O)
		case *schema.DropObject:
			n = objectName(c.O)
		case *schema.ModifyObject:
			n = objectName(c.To)
		}
		if n != "" && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return []string{"schema"}
	}
	if len(names) > 2 {
		return []string{names[0], fmt.Sprintf("%d_more", len(names)-1)}
	}
	return names
}

// essential leaves out the changes that come along with the columns that are added or
// dropped: their indexes and keys.
func essential(changes []schema.Change) []schema.Change {
	added, dropped := map[string]bool{}, map[string]bool{}
	for _, c := range changes {
		switch c := c.(type) {
		case *schema.AddColumn:
			added[c.C.Name] = true
		case *schema.DropColumn:
			dropped[c.C.Name] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c schema.Change) bool {
		switch c := c.(type) {
		case *schema.AddIndex:
			return slices.ContainsFunc(c.I.Parts, func(p *schema.IndexPart) bool { return p.C != nil && added[p.C.Name] })
		case *schema.AddForeignKey:
			return slices.ContainsFunc(c.F.Columns, func(c *schema.Column) bool { return added[c.Name] })
		default:
			return onDropped(c, dropped)
		}
	})
}

// verbOf returns a verb for the changes of one table, and what it is done to if that is
// not too much.
func verbOf(changes []schema.Change) (string, []string) {
	var verb string
	var names []string
	for _, c := range changes {
		v := ""
		switch c := c.(type) {
		case *schema.AddColumn:
			v = "add"
			names = append(names, c.C.Name)
		case *schema.DropColumn:
			v = "drop"
			names = append(names, c.C.Name)
		case *schema.AddIndex:
			v = "index"
			if _, ok := isConstraint(c.I); ok {
				v = "constrain"
			}
			names = append(names, indexed(c.I))
		case *schema.DropIndex:
			v = "drop_index"
			if _, ok := isConstraint(c.I); ok {
				v = "drop_constraint"
			}
			names = append(names, indexed(c.I))
		case *schema.AddForeignKey, *schema.AddCheck, *schema.AddPrimaryKey:
			v = "constrain"
		case *schema.DropForeignKey, *schema.DropCheck, *schema.DropPrimaryKey:
			v = "drop_constraint"
		default:
			return "change", nil
		}
		if verb != "" && v != verb {
			return "change", nil
		}
		verb = v
	}
	switch {
	case verb == "constrain", verb == "drop_constraint":
		return verb, nil
	case len(names) > 2 && (verb == "add" || verb == "drop"):
		return "change", nil // without names it would be the table
	case len(names) > 2:
		return verb, nil
	}
	if len(names) == 2 {
		names = []string{names[0], "and", names[1]}
	}
	return verb, names
}

func isConstraint(i *schema.Index) (string, bool) {
	for _, a := range i.Attrs {
		if c, ok := a.(*postgres.Constraint); ok {
			return c.T, true
		}
	}
	return "", false
}

// indexed names an index by its columns, or where it has expressions by its own name.
func indexed(i *schema.Index) string {
	var names []string
	for _, p := range i.Parts {
		if p.C == nil {
			return strings.TrimPrefix(strings.TrimPrefix(i.Name, "ix_"), i.Table.Name+"_")
		}
		names = append(names, p.C.Name)
	}
	return strings.Join(names, "_")
}

// onlyKeys says whether the changes only add or drop foreign keys to the given tables, or
// do nothing.
func onlyKeys(changes []schema.Change, tables map[string]bool) bool {
	return !slices.ContainsFunc(changes, func(c schema.Change) bool {
		switch c := c.(type) {
		case *schema.AddForeignKey:
			return !tables[c.F.RefTable.Name]
		case *schema.DropForeignKey:
			return !tables[c.F.RefTable.Name]
		}
		return true
	})
}

func objectName(o schema.Object) string {
	if e, ok := o.(*schema.EnumType); ok {
		return e.T
	}
	return "object"
}

// onDropped says whether c drops an index or foreign key with one of the columns.
func onDropped(c schema.Change, columns map[string]bool) bool {
	switch c := c.(type) {
	case *schema.DropIndex:
		return slices.ContainsFunc(c.I.Parts, func(p *schema.IndexPart) bool { return p.C != nil && columns[p.C.Name] })
	case *schema.DropForeignKey:
		return slices.ContainsFunc(c.F.Columns, func(c *schema.Column) bool { return columns[c.Name] })
	}
	return false
}
