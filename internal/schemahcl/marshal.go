package schemahcl

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
)

// Marshal returns r, the inspected realm of the database on conn, as HCL that evaluates to r. It changes r.
func Marshal(ctx context.Context, conn *pgx.Conn, r *schema.Realm) ([]byte, error) {
	plainReferences(r)
	if err := exactDefaults(ctx, conn, r); err != nil {
		return nil, err
	}
	text, err := postgres.MarshalHCL.MarshalSpec(r)
	if err != nil {
		return nil, fmt.Errorf("writing the schema as HCL: %w", err)
	}
	f, diags := hclwrite.ParseConfig(text, "schema.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, fmt.Errorf("writing the schema as HCL: %w", diags)
	}
	// The engine reads a primary key's name but doesn't write it.
	for _, b := range f.Body().Blocks() {
		if b.Type() != "table" {
			continue
		}
		attr := b.Body().GetAttribute("schema")
		key := b.Body().FirstMatchingBlock("primary_key", nil)
		if attr == nil || key == nil {
			continue
		}
		ref := strings.TrimSpace(string(attr.Expr().BuildTokens(nil).Bytes()))
		for _, s := range r.Schemas {
			if ref != "schema."+s.Name && ref != fmt.Sprintf("schema[%q]", s.Name) {
				continue
			}
			if t, ok := s.Table(b.Labels()[len(b.Labels())-1]); ok {
				if name := KeyName(t, t.PrimaryKey); name != "" {
					key.SetLabels([]string{name})
				}
			}
		}
	}
	return f.Bytes(), nil
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

// exactDefaults writes the defaults of numeric columns as SQL where PostgreSQL would read the engine's number as a
// different expression.
func exactDefaults(ctx context.Context, conn *pgx.Conn, r *schema.Realm) error {
	rows, err := conn.Query(ctx, `
		SELECT n.nspname, c.relname, a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid)
		FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid AND c.relkind IN ('r', 'p')
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = ''`)
	if err != nil {
		return fmt.Errorf("inspecting defaults: %w", err)
	}
	var ns, table, column, expr string
	_, err = pgx.ForEachRow(rows, []any{&ns, &table, &column, &expr}, func() error {
		s, ok := r.Schema(ns)
		if !ok {
			return nil
		}
		t, ok := s.Table(table)
		if !ok {
			return nil
		}
		c, ok := t.Column(column)
		if !ok {
			return nil
		}
		switch c.Type.Type.(type) {
		case *schema.IntegerType, *schema.DecimalType, *schema.FloatType:
			if _, ok := c.Default.(*schema.Literal); ok && !plainNumber().MatchString(expr) {
				c.Default = &schema.RawExpr{X: expr}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("inspecting defaults: %w", err)
	}
	return nil
}

// plainNumber matches the expressions that PostgreSQL stores for a number as default.
var plainNumber = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:(?:0|[1-9]\d{0,8})(?:\.\d*[1-9])?|'-[1-9]\d{0,8}'::integer)$`)
})
