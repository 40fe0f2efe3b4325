package schemahcl

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Strict exports strict to the tests that need a database.
func Strict(body *hclsyntax.Body) error { return strict("schema.hcl", body) }

// Paths returns the attributes and blocks that a schema file may have: "table.column.type".
func Paths() []string { return paths("", fileShape) }

func paths(at string, sh *shape) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(sh.attrs)) {
		all = append(all, at+name)
	}
	for _, name := range slices.Sorted(maps.Keys(sh.blocks)) {
		all = append(append(all, at+name), paths(at+name+".", sh.blocks[name])...)
	}
	return all
}

func ParseBody(t *testing.T, src []byte) *hclsyntax.Body {
	t.Helper()
	f, diags := hclsyntax.ParseConfig(src, "schema.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return f.Body.(*hclsyntax.Body)
}
