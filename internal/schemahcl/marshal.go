package schemahcl

import (
	"fmt"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Marshal returns r, an inspected and completed realm, as HCL that evaluates to r. It changes r.
func Marshal(r *schema.Realm) ([]byte, error) {
	plainReferences(r)
	exact, names := takeExact(r), newNames("hcl_quoted_name_")
	rename(r, names.placeholder)
	text, err := postgres.MarshalHCL.MarshalSpec(r)
	if err != nil {
		return nil, fmt.Errorf("writing the schema as HCL: %w", err)
	}
	f, diags := hclwrite.ParseConfig(text, "schema.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("writing the schema as HCL: %w", diags)
	}
	for _, b := range f.Body().Blocks() {
		if t := tableOf(r, b); t != nil {
			exact.put(b.Body(), t)
		}
	}
	return names.put(f), nil
}

// exact is what the engine doesn't write as it reads it: the types and defaults of columns, and the names of primary
// keys.
type exact struct {
	columns map[*schema.Column]schema.Column
	keys    map[*schema.Table]string
}

// takeExact replaces SQL in the types and defaults of columns with placeholders.
func takeExact(r *schema.Realm) exact {
	exact := exact{map[*schema.Column]schema.Column{}, map[*schema.Table]string{}}
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			exact.keys[t] = KeyName(t, t.PrimaryKey)
			for _, c := range t.Columns {
				exact.columns[c] = schema.Column{Type: &schema.ColumnType{Type: c.Type.Type}, Default: c.Default}
				if _, ok := c.Type.Type.(*postgres.UserDefinedType); ok {
					c.Type.Type = &postgres.UserDefinedType{T: "type"}
				}
				if c.Default != nil {
					c.Default = &schema.RawExpr{X: "default"}
				}
			}
		}
	}
	return exact
}

// tableOf returns the table that a block of the file declares, or nil.
func tableOf(r *schema.Realm, b *hclwrite.Block) *schema.Table {
	attr := b.Body().GetAttribute("schema")
	if b.Type() != "table" || attr == nil {
		return nil
	}
	ref := strings.TrimSpace(string(attr.Expr().BuildTokens(nil).Bytes()))
	for _, s := range r.Schemas {
		if ref == "schema."+s.Name {
			t, _ := s.Table(b.Labels()[len(b.Labels())-1])
			return t
		}
	}
	return nil
}

// put writes what is exact into the body of a table.
func (e exact) put(body *hclwrite.Body, t *schema.Table) {
	if key := body.FirstMatchingBlock("primary_key", nil); key != nil {
		if name := e.keys[t]; name != "" {
			key.SetLabels([]string{name})
		}
	}
	for _, b := range body.Blocks() {
		if b.Type() != "column" {
			continue
		}
		c, ok := t.Column(b.Labels()[0])
		if !ok {
			continue
		}
		if i, block := identity(c), b.Body().FirstMatchingBlock("identity", nil); i != nil && block != nil && i.Sequence.Increment < 0 {
			block.Body().SetAttributeValue("start", cty.NumberIntVal(i.Sequence.Start)) // the engine omits 1
		}
		typ := e.columns[c].Type.Type
		if u, ok := typ.(*postgres.UserDefinedType); ok {
			b.Body().SetAttributeRaw("type", typeTokens(u.T))
		}
		if x, ok := e.columns[c].Default.(*schema.RawExpr); ok {
			b.Body().SetAttributeRaw("default", defaultTokens(typ, x.X))
		}
	}
}

// KeyName returns the name of a table's primary key, or "" if there is none or it is the name that PostgreSQL would
// choose.
func KeyName(t *schema.Table, key *schema.Index) string {
	if key == nil || key.Name == t.Name+"_pkey" {
		return ""
	}
	return key.Name
}

// plainReferences writes the types of columns as SQL where HCL can't refer to the enum because its name isn't an
// identifier or exists in two schemas.
func plainReferences(r *schema.Realm) {
	count := map[string]int{}
	for _, s := range r.Schemas {
		for _, o := range s.Objects {
			if e, ok := o.(*schema.EnumType); ok {
				count[e.T]++
			}
		}
	}
	for _, s := range r.Schemas {
		for _, t := range s.Tables {
			for _, c := range t.Columns {
				e, ok := c.Type.Type.(*schema.EnumType)
				if !ok || count[e.T] == 1 && hclsyntax.ValidIdentifier(e.T) {
					continue
				}
				name := pgsql.Ident(e.T)
				if e.Schema != nil {
					name = pgsql.QualifiedIdent(e.Schema.Name, e.T)
				}
				c.Type.Type = &postgres.UserDefinedType{T: name}
			}
		}
	}
}
