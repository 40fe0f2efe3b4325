package schemahcl

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// names are placeholders for the names that aren't identifiers in HCL, and vice versa. The engine escapes such names in
// references twice when it writes them, and doesn't unescape them when it reads them.
type names struct {
	prefix   string
	to, from map[string]string
}

func newNames(prefix string) *names {
	return &names{prefix: prefix, to: map[string]string{}, from: map[string]string{}}
}

// placeholderPrefix returns a prefix of placeholders that no value in the file src begins with, even a computed one: a
// file cannot contain its own hash.
func placeholderPrefix(kind string, src []byte) string {
	return fmt.Sprintf("%s_%.16x_", kind, sha256.Sum256(src))
}

// placeholder replaces a name.
func (n *names) placeholder(name string) string {
	if name == "" || hclsyntax.ValidIdentifier(name) {
		return name
	}
	p, ok := n.to[name]
	if !ok {
		p = fmt.Sprintf("%s%d_", n.prefix, len(n.to)) // none is a prefix of another
		n.to[name], n.from[p] = p, name
	}
	return p
}

// name restores a name.
func (n *names) name(placeholder string) string {
	if name, ok := n.from[placeholder]; ok {
		return name
	}
	return placeholder
}

// takeNames replaces the names in body, the file src.
func takeNames(src []byte, body *hclsyntax.Body) *names {
	n := newNames(placeholderPrefix("name", src))
	n.labels(body)
	hclsyntax.VisitAll(body, func(x hclsyntax.Node) hcl.Diagnostics {
		t, ok := x.(*hclsyntax.ScopeTraversalExpr)
		if !ok || t.Traversal.RootName() == "local" || t.Traversal.RootName() == "var" {
			return nil
		}
		for i, step := range t.Traversal {
			if index, ok := step.(hcl.TraverseIndex); ok && index.Key.Type() == cty.String {
				index.Key = cty.StringVal(n.placeholder(index.Key.AsString()))
				t.Traversal[i] = index
			}
		}
		return nil
	})
	return n
}

func (n *names) labels(body *hclsyntax.Body) {
	for _, b := range body.Blocks {
		if b.Type == "variable" || b.Type == "locals" {
			continue
		}
		for i, l := range b.Labels {
			b.Labels[i] = n.placeholder(l)
		}
		n.labels(b.Body)
	}
}

// rename changes all names in r.
func rename(r *schema.Realm, name func(string) string) {
	change := func(names ...*string) {
		for _, n := range names {
			*n = name(*n)
		}
	}
	for _, s := range r.Schemas {
		change(&s.Name)
		for _, o := range s.Objects {
			if e, ok := o.(*schema.EnumType); ok {
				change(&e.T)
			}
		}
		for _, t := range s.Tables {
			change(TableNames(t)...)
		}
	}
}

// TableNames returns the names of a table and of its parts, without those that it refers to.
func TableNames(t *schema.Table) []*string {
	names := []*string{&t.Name}
	for _, c := range t.Columns {
		names = append(names, &c.Name)
	}
	if t.PrimaryKey != nil {
		names = append(names, IndexNames(t.PrimaryKey)...)
	}
	for _, i := range t.Indexes {
		names = append(names, IndexNames(i)...)
	}
	for _, k := range t.ForeignKeys {
		names = append(names, &k.Symbol)
	}
	for _, a := range t.Attrs {
		if c, ok := a.(*schema.Check); ok {
			names = append(names, &c.Name)
		}
	}
	return names
}

// IndexNames returns the names of an index and of its constraint.
func IndexNames(i *schema.Index) []*string {
	names := []*string{&i.Name}
	for _, a := range i.Attrs {
		if k, ok := a.(*postgres.Constraint); ok {
			names = append(names, &k.N)
		}
	}
	return names
}

// restoreError restores the names in an error of the engine.
func (n *names) restoreError(err error) error {
	if err == nil || len(n.from) == 0 {
		return err
	}
	var pairs []string
	for p, name := range n.from {
		pairs = append(pairs, p, name)
	}
	restore := strings.NewReplacer(pairs...).Replace
	if diags := (hcl.Diagnostics)(nil); errors.As(err, &diags) {
		for _, d := range diags {
			d.Summary, d.Detail = restore(d.Summary), restore(d.Detail)
		}
		return diags
	}
	return errors.New(restore(err.Error()))
}

// put restores the names in the labels and references of a written file.
func (n *names) put(f *hclwrite.File) []byte {
	tokens := f.BuildTokens(nil)
	for i, t := range tokens {
		name, ok := n.from[string(t.Bytes)]
		if !ok {
			continue
		}
		quoted := hclwrite.TokensForValue(cty.StringVal(name)).Bytes()
		switch {
		case t.Type == hclsyntax.TokenQuotedLit:
			t.Bytes = quoted[1 : len(quoted)-1]
		case i > 0 && tokens[i-1].Type == hclsyntax.TokenDot:
			tokens[i-1].Bytes = []byte("[")
			t.Bytes = append(quoted, ']')
		}
	}
	return hclwrite.Format(tokens.Bytes())
}
