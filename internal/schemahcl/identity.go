package schemahcl

import (
	"cmp"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// starts are the identity columns that start at 0, as schema, table and column. The engine takes 0 for unset.
type starts map[[3]string]bool

// takeStarts removes zeros from body.
func takeStarts(body *hclsyntax.Body) starts {
	starts := starts{}
	for _, t := range body.Blocks {
		for _, c := range t.Body.Blocks {
			for _, i := range c.Body.Blocks {
				a := i.Body.Attributes["start"]
				if t.Type != "table" || c.Type != "column" || i.Type != "identity" || a == nil {
					continue
				}
				if n, ok := integer(a.Expr); ok && n.Sign() == 0 {
					starts[[3]string{schemaOf(t), lastLabel(t), lastLabel(c)}] = true
					a.Expr = &hclsyntax.LiteralValueExpr{Val: cty.NumberIntVal(1), SrcRange: a.Expr.Range()}
				}
			}
		}
	}
	return starts
}

// put sets the start and the increment of all identity columns. PostgreSQL's default depends on the direction.
func (s starts) put(r *schema.Realm) {
	for _, ns := range r.Schemas {
		for _, t := range ns.Tables {
			for _, c := range t.Columns {
				i := identity(c)
				if i == nil {
					continue
				}
				if i.Sequence == nil {
					i.Sequence = &postgres.Sequence{}
				}
				i.Generation = cmp.Or(i.Generation, "BY DEFAULT")
				i.Sequence.Increment = cmp.Or(i.Sequence.Increment, 1)
				first := int64(1)
				if i.Sequence.Increment < 0 {
					first = -1
				}
				i.Sequence.Start = cmp.Or(i.Sequence.Start, first)
				if s[[3]string{ns.Name, t.Name, c.Name}] {
					i.Sequence.Start = 0
				}
			}
		}
	}
}

// identity returns a column's identity, or nil.
func identity(c *schema.Column) *postgres.Identity {
	for _, a := range c.Attrs {
		if i, ok := a.(*postgres.Identity); ok {
			return i
		}
	}
	return nil
}
