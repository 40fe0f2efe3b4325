// Package schemahcl reads and writes schema files in the HCL dialect of the Atlas engine. It refuses everything that
// the engine would silently ignore, and supports types that the engine doesn't know, written as SQL. It doesn't know
// the database: whether a type or an expression exists is up to PostgreSQL.
package schemahcl

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/hclsize"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// An Error is an error in the schema file.
type Error struct {
	File string
	// Line and Col are 1-based, Col in characters.
	Line, Col int
	Msg       string // what is wrong and what to do
	Err       error  // PostgreSQL's error, or nil
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

func (e *Error) Unwrap() error { return e.Err }

// A Document is an evaluated schema file.
type Document struct {
	Name   string // the file's name in errors
	Realm  *schema.Realm
	Blocks []Block // in the order of the file
}

// A Block is a block of the file and the blocks that contain it.
type Block struct {
	Path []Label // outermost first
	Pos  hcl.Pos
}

// A Label is a block's type and last label: table "results".
type Label struct {
	Kind, Name string
	// Schema is the first of two labels, or the schema that the attribute "schema" refers to.
	Schema string
}

// Parse evaluates the schema file. The error is an *Error, or joins several.
func Parse(name string, src []byte) (*Document, error) {
	if err := bounded(hclsize.Source(name, src)); err != nil {
		return nil, err
	}
	p := hclparse.NewParser()
	f, diags := p.ParseHCL(src, name)
	if diags.HasErrors() {
		if line := tree.ConflictLine(string(src)); line > 0 {
			return nil, &Error{File: name, Line: line, Col: 1, Msg: "git's conflict markers: resolve the conflict"}
		}
		return nil, diagError(name, diags)
	}
	d := &Document{Name: name, Realm: &schema.Realm{}}
	// Atlas changes the body while it evaluates it.
	d.index(f.Body.(*hclsyntax.Body), nil)
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := strict(name, f.Body.(*hclsyntax.Body)); err != nil {
		return nil, err
	}
	if err := bounded(hclsize.Values(name, f.Body.(*hclsyntax.Body), len(src), typeNames()...)); err != nil {
		return nil, err
	}
	types, values := takeSQLTypes(f.Body.(*hclsyntax.Body)), takeValues(src, f.Body.(*hclsyntax.Body))
	starts, names := takeStarts(f.Body.(*hclsyntax.Body)), takeNames(src, f.Body.(*hclsyntax.Body))
	if err := names.restoreError(postgres.EvalHCL.Eval(p, d.Realm, nil)); err != nil {
		if errors.As(err, &diags) {
			return nil, diagError(name, diags)
		}
		return nil, d.Unplaced(err)
	}
	rename(d.Realm, names.name)
	types.put(d.Realm)
	if err := values.put(d); err != nil {
		return nil, err
	}
	starts.put(d.Realm)
	return d, nil
}

// bounded converts an error of package hclsize to an *Error.
func bounded(err error) error {
	var over *hclsize.Error
	if errors.As(err, &over) {
		return &Error{File: over.File, Line: over.Line, Col: over.Col, Msg: over.Msg}
	}
	return err
}

// diagError returns the first error of diags.
func diagError(name string, diags hcl.Diagnostics) error {
	i := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError })
	if i < 0 {
		i = 0
	}
	d := diags[i]
	e := &Error{File: name, Line: 1, Col: 1, Msg: decapitalize(d.Summary)}
	if d.Detail != "" {
		e.Msg += ": " + decapitalize(strings.TrimSuffix(d.Detail, "."))
	}
	if d.Subject != nil {
		e.Line, e.Col = d.Subject.Start.Line, d.Subject.Start.Column
	}
	return e
}

func decapitalize(s string) string {
	if len(s) < 2 || s[1] < 'a' || s[1] > 'z' {
		return s // empty, or an abbreviation
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func (d *Document) index(body *hclsyntax.Body, path []Label) {
	for _, b := range body.Blocks {
		l := Label{Kind: b.Type}
		if n := len(b.Labels); n > 0 {
			l.Name = b.Labels[n-1]
			if n > 1 {
				l.Schema = b.Labels[0]
			}
		}
		l.Schema = cmp.Or(schemaOf(b), l.Schema)
		p := append(slices.Clone(path), l)
		d.Blocks = append(d.Blocks, Block{Path: p, Pos: b.TypeRange.Start})
		d.index(b.Body, p)
	}
}

// check refuses a file without a schema.
func (d *Document) check() error {
	declared := false
	for _, b := range d.Blocks {
		l := b.Path[len(b.Path)-1]
		declared = declared || l.Kind == "schema"
	}
	if !declared {
		return &Error{File: d.Name, Line: 1, Col: 1,
			Msg: `no schema is declared, so everything would be dropped: declare one, such as schema "public" {}`}
	}
	return nil
}

// Table returns the position and label of a table's block, or of the named block in it. If there is none, the position
// is the start of the file.
func (d *Document) Table(schemaName, table, part string) (hcl.Pos, Label) {
	best, at := hcl.InitialPos, Label{}
	for _, b := range d.Blocks {
		t := b.Path[0]
		if t.Kind != "table" || t.Name != table || t.Schema != schemaName {
			continue
		}
		switch {
		case len(b.Path) == 1:
			best, at = b.Pos, t
		case len(b.Path) == 2 && part != "" && b.Path[1].Name == part:
			return b.Pos, b.Path[1]
		}
	}
	return best, at
}

var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`) })

// Unplaced adds a position to an error of Atlas that has none: the position of the innermost block if the message
// quotes its name and the names of the blocks that contain it.
func (d *Document) Unplaced(err error) *Error {
	msg := err.Error()
	for _, prefix := range []string{"specutil: failed converting to *schema.Realm: ", "specutil: ", "postgres: "} {
		msg = strings.TrimPrefix(msg, prefix)
	}
	names := map[string]bool{}
	for _, m := range quoted().FindAllStringSubmatch(msg, -1) {
		names[m[1]] = true
	}
	depth := func(b Block) int {
		for _, l := range b.Path {
			// For extensions and other unsupported kinds, Atlas only names the kind.
			if !names[l.Name] && !strings.Contains(msg, l.Kind+"s are not supported") {
				return 0
			}
		}
		return len(b.Path)
	}
	e := &Error{File: d.Name, Line: 1, Col: 1, Msg: msg, Err: err}
	if len(d.Blocks) > 0 {
		best := slices.MaxFunc(d.Blocks, func(a, b Block) int { return cmp.Compare(depth(a), depth(b)) })
		if depth(best) > 0 {
			e.Line, e.Col = best.Pos.Line, best.Pos.Column
		}
	}
	return e
}
