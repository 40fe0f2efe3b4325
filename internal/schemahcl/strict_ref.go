package schemahcl

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// declared are the blocks that references in the file can refer to.
type declared struct {
	schemas []string
	// tables and enums are blocks by address.
	tables, enums map[[2]string][]*hclsyntax.Block
}

func declarations(body *hclsyntax.Body) declared {
	d := declared{tables: map[[2]string][]*hclsyntax.Block{}, enums: map[[2]string][]*hclsyntax.Block{}}
	for _, b := range body.Blocks {
		if len(b.Labels) == 0 || len(b.Labels) > 2 {
			continue
		}
		switch b.Type {
		case "schema":
			d.schemas = append(d.schemas, b.Labels[0])
		case "table":
			d.tables[address(b)] = append(d.tables[address(b)], b)
		case "enum":
			d.enums[address(b)] = append(d.enums[address(b)], b)
		}
	}
	return d
}

// address returns a block's labels: its schema, which may be "", and its name.
func address(b *hclsyntax.Block) [2]string {
	if len(b.Labels) == 2 {
		return [2]string{b.Labels[0], b.Labels[1]}
	}
	return [2]string{"", b.Labels[0]}
}

// reference returns a reference's parts: column and id for both column.id and column["id"].
func reference(x hclsyntax.Expression) ([]string, bool) {
	t, ok := x.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil, false
	}
	var parts []string
	for _, step := range t.Traversal {
		switch step := step.(type) {
		case hcl.TraverseRoot:
			parts = append(parts, step.Name)
		case hcl.TraverseAttr:
			parts = append(parts, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() != cty.String {
				return nil, false
			}
			parts = append(parts, step.Key.AsString())
		default:
			return nil, false
		}
	}
	return parts, true
}

func schemaRef(c *strictness, in scope, a *hclsyntax.Attribute) {
	parts, ok := reference(a.Expr)
	switch {
	case computed(a.Expr):
	case !ok || len(parts) != 2 || parts[0] != "schema":
		c.refuse(a.Expr.Range().Start, "%q in %s must refer to a schema block, such as schema.public", a.Name, in)
	case !slices.Contains(c.decls.schemas, parts[1]):
		c.refuse(a.Expr.Range().Start, "there is no schema block %q%s", parts[1], instead(parts[1], slices.Clone(c.decls.schemas)))
	}
}

// schemaOf returns the name of the schema that a table's or enum's attribute refers to, or "".
func schemaOf(b *hclsyntax.Block) string {
	if a := b.Body.Attributes["schema"]; a != nil {
		if parts, ok := reference(a.Expr); ok && len(parts) == 2 && parts[0] == "schema" {
			return parts[1]
		}
	}
	return ""
}

// qualifier refuses a first label that isn't the block's schema.
func qualifier(c *strictness, in scope, b *hclsyntax.Block) {
	if s := schemaOf(b); len(b.Labels) == 2 && s != "" && s != b.Labels[0] {
		c.refuse(b.LabelRanges[0].Start, "%s is labeled with schema %q but refers to schema %q: the engine ignores the label", in, b.Labels[0], s)
	}
}

// enum checks a reference enum.NAME. The engine doesn't find enums whose names need quotes or are qualified.
func (c *strictness) enum(in scope, x *hclsyntax.ScopeTraversalExpr) {
	at := x.Range().Start
	parts, ok := reference(x)
	if !ok || len(parts) > 3 {
		c.refuse(at, `"type" in %s must refer to an enum block, such as enum.NAME`, in)
		return
	}
	name := parts[len(parts)-1]
	key := [2]string{"", name}
	if len(parts) == 3 {
		key[0] = parts[1]
	}
	found := c.decls.enums[key]
	switch {
	case len(found) == 0:
		var names []string
		for k := range c.decls.enums {
			names = append(names, k[1])
		}
		c.refuse(at, "there is no enum block %q%s", name, instead(name, names))
	case len(parts) == 3 || !hclsyntax.ValidIdentifier(name):
		s := cmp.Or(schemaOf(found[0]), "SCHEMA")
		c.refuse(at, `the engine cannot refer to enum %q: write type = sql("\"%s\".\"%s\"")`, name, s, name)
	}
}

func ownColumn(c *strictness, in scope, a *hclsyntax.Attribute) {
	if !computed(a.Expr) {
		c.column(in, a, a.Expr, true)
	}
}

func ownColumns(c *strictness, in scope, a *hclsyntax.Attribute) { c.columns(in, a, true) }

func otherColumns(c *strictness, in scope, a *hclsyntax.Attribute) { c.columns(in, a, false) }

func (c *strictness) columns(in scope, a *hclsyntax.Attribute, own bool) {
	if computed(a.Expr) {
		return
	}
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok || len(list.Exprs) == 0 {
		c.refuse(a.Expr.Range().Start, "%q in %s must be a list of columns, such as [%s]", a.Name, in, example(own))
		return
	}
	tables := map[*hclsyntax.Block]bool{}
	for _, x := range list.Exprs {
		t := c.column(in, a, x, own)
		if tables[t] = t != nil; t == nil {
			return
		}
	}
	if len(tables) > 1 {
		c.refuse(a.Expr.Range().Start, "the columns of %q in %s must belong to one table", a.Name, in)
	}
}

func example(own bool) string {
	if own {
		return "column.id"
	}
	return "table.other.column.id"
}

// column checks a reference to a column and returns the column's table, or nil. own means that it must be the table of
// the scope, because the engine ignores the reference's table there.
func (c *strictness) column(in scope, a *hclsyntax.Attribute, x hclsyntax.Expression, own bool) *hclsyntax.Block {
	at := x.Range().Start
	parts, ok := reference(x)
	n := len(parts)
	isColumn := ok && n >= 2 && parts[n-2] == "column" && (n == 2 || parts[0] == "table" && (n == 4 || n == 5))
	if !isColumn {
		c.refuse(at, "%q in %s must refer to a column, such as %s", a.Name, in, example(own))
		return nil
	}
	t := in.table
	if n > 2 {
		if t = c.tableAt(at, parts[1:n-2]); t == nil {
			return nil
		}
	}
	if own && t != in.table {
		c.refuse(at, "the columns of %q in %s must belong to its own table: the engine would read this as column.%s", a.Name, in, parts[n-1])
		return nil
	}
	names := columnNames(t)
	if !slices.Contains(names, parts[n-1]) {
		c.refuse(at, "there is no column %q in table %q%s", parts[n-1], lastLabel(t), instead(parts[n-1], names))
		return nil
	}
	return t
}

func (c *strictness) tableAt(at hcl.Pos, names []string) *hclsyntax.Block {
	key := [2]string{"", names[len(names)-1]}
	if len(names) == 2 {
		key[0] = names[0]
	}
	found := c.decls.tables[key]
	elsewhere := func(b *hclsyntax.Block) bool { return schemaOf(b) != schemaOf(found[0]) }
	switch {
	case len(found) > 0 && !slices.ContainsFunc(found, elsewhere) && (key[0] != "" || c.labeled(key[1]) == ""):
		return found[0] // duplicates reports two in one schema
	case len(found) > 0:
		c.refuse(at, "several table blocks are named %q: add the schema as the first label of each, and refer to %s", key[1], tableRef("SCHEMA", key[1]))
	case len(names) == 1 && c.labeled(names[0]) != "":
		c.refuse(at, "table %q is labeled with its schema: refer to %s", names[0], tableRef(c.labeled(names[0]), names[0]))
	default:
		var valid []string
		for k := range c.decls.tables {
			if !slices.Contains(valid, k[1]) { // in several schemas
				valid = append(valid, k[1])
			}
		}
		c.refuse(at, "there is no table block %q%s", key[1], instead(key[1], valid))
	}
	return nil
}

// tableRef returns how HCL refers to a table whose first label is its schema.
func tableRef(schema, table string) string {
	ref := "table"
	for _, label := range []string{schema, table} {
		if hclsyntax.ValidIdentifier(label) {
			ref += "." + label
		} else {
			ref += "[" + string(hclwrite.TokensForValue(cty.StringVal(label)).Bytes()) + "]"
		}
	}
	return ref
}

// labeled returns the alphabetically first schema that is the first label of a table of that name, or "".
func (c *strictness) labeled(table string) string {
	first := ""
	for k := range c.decls.tables {
		if k[1] == table && k[0] != "" && (first == "" || k[0] < first) {
			first = k[0]
		}
	}
	return first
}

func columnNames(table *hclsyntax.Block) []string {
	var names []string
	for _, b := range table.Body.Blocks {
		if b.Type == "column" && len(b.Labels) > 0 {
			names = append(names, lastLabel(b))
		}
	}
	return names
}

// sameNumber checks that both sides of a foreign key have the same number of columns.
func sameNumber(c *strictness, in scope, b *hclsyntax.Block) {
	number := func(name string) int {
		if a := b.Body.Attributes[name]; a != nil {
			if list, ok := a.Expr.(*hclsyntax.TupleConsExpr); ok {
				return len(list.Exprs)
			}
		}
		return 0
	}
	from, to := number("columns"), number("ref_columns")
	if from > 0 && to > 0 && from != to {
		c.refuse(b.Body.Attributes["ref_columns"].Expr.Range().Start, `%s has %d "columns" but %d "ref_columns"`, in, from, to)
	}
}

// brinOnly refuses page_per_range on other types of index. PostgreSQL would not refuse it if it is the default, which
// the engine omits.
func brinOnly(c *strictness, in scope, b *hclsyntax.Block) {
	a, typ := b.Body.Attributes["page_per_range"], b.Body.Attributes["type"]
	if a == nil {
		return
	}
	if typ != nil {
		name, _ := bare(typ.Expr)
		s, _ := literalText(typ.Expr)
		if computed(typ.Expr) || strings.EqualFold(name+s, "BRIN") {
			return
		}
	}
	c.refuse(a.NameRange.Start, "attribute %q in %s requires type = BRIN", a.Name, in)
}

// nullsOnce refuses both orders of nulls together, of which the engine would choose one.
func nullsOnce(c *strictness, in scope, b *hclsyntax.Block) {
	first, last := b.Body.Attributes["nulls_first"], b.Body.Attributes["nulls_last"]
	if isTrue(first) && isTrue(last) {
		c.refuse(last.NameRange.Start, `%s has "nulls_first" and "nulls_last": only one of them is allowed`, in)
	}
}

func isTrue(a *hclsyntax.Attribute) bool {
	if a == nil {
		return false
	}
	v, ok := literal(a.Expr)
	return ok && !v.IsNull() && v.Type() == cty.Bool && v.True()
}

// duplicates refuses duplicate names. The engine merges some of them, keeps the last of others, and leaves the rest to
// PostgreSQL, whose errors have no position in the file.
func (c *strictness) duplicates(body *hclsyntax.Body) {
	schemas, inputs := unique{c: c}, unique{c: c}
	enums := map[string]*hclsyntax.Block{}
	types := unique{c: c, why: ": tables and enums share the namespace of their schema"}
	relations := unique{c: c, why: ": tables, indexes, unique constraints and primary keys share the namespace of their schema"}
	for _, b := range body.Blocks {
		switch {
		case b.Type == "locals":
			for _, a := range b.Body.Attributes {
				inputs.add("local", a.Name, "local", a.NameRange.Start)
			}
		case len(b.Labels) == 0:
		case b.Type == "schema":
			schemas.block("", b)
		case b.Type == "variable":
			inputs.block("var", b)
		case b.Type == "enum":
			name := lastLabel(b)
			if first := enums[name]; first == nil {
				enums[name] = b
			} else if schemaOf(first) != schemaOf(b) {
				c.refuse(b.TypeRange.Start, "duplicate enum %q: the engine supports only one enum of a name, whatever its schema, and the first is on line %d; write this one as SQL in a migration (new)", name, first.TypeRange.Start.Line)
			}
			types.block(schemaOf(b), b)
		case b.Type == "table":
			if types.block(schemaOf(b), b) {
				relations.block(schemaOf(b), b)
			}
			c.duplicatesIn(b, &relations)
		}
	}
}

func (c *strictness) duplicatesIn(table *hclsyntax.Block, relations *unique) {
	columns, constraints := unique{c: c}, unique{c: c, why: ": constraints share the namespace of their table"}
	for _, b := range table.Body.Blocks {
		if len(b.Labels) == 0 {
			continue
		}
		switch b.Type {
		case "column":
			columns.block("", b)
		case "check", "foreign_key":
			constraints.block("", b)
		case "primary_key", "unique":
			if relations.block(schemaOf(table), b) {
				constraints.block("", b)
			}
		case "index":
			relations.block(schemaOf(table), b)
		}
	}
}

// unique finds duplicate names in namespaces.
type unique struct {
	c    *strictness
	why  string
	seen map[[2]string]earlier
}

type earlier struct {
	kind string
	line int
}

// block adds a block's name and reports whether it is new.
func (u *unique) block(namespace string, b *hclsyntax.Block) bool {
	return u.add(namespace, lastLabel(b), b.Type, b.TypeRange.Start)
}

func (u *unique) add(namespace, name, kind string, at hcl.Pos) bool {
	key := [2]string{namespace, name}
	if before, ok := u.seen[key]; ok {
		switch {
		case before.kind != kind:
			u.c.refuse(at, "%s %q has the same name as the %s on line %d%s", kind, name, before.kind, before.line, u.why)
		case kind == "table" || kind == "enum":
			u.c.refuse(at, "duplicate %s %q: the first is on line %d", kind, name, before.line)
		default:
			u.c.refuse(at, "duplicate %s %q: the first is on line %d%s", kind, name, before.line, u.why)
		}
		return false
	}
	if u.seen == nil {
		u.seen = map[[2]string]earlier{}
	}
	u.seen[key] = earlier{kind: kind, line: at.Line}
	return true
}
