package state

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

	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// A SchemaError is something in the schema file that cannot be.
type SchemaError struct {
	File string
	// Line and Col are 1-based, Col in characters.
	Line, Col int
	Msg       string // what is wrong and what to do
	Err       error  // PostgreSQL's error, if it was PostgreSQL that refused
}

func (e *SchemaError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Col, e.Msg)
}

func (e *SchemaError) Unwrap() error { return e.Err }

// A document is an evaluated schema file.
type document struct {
	name   string
	realm  *schema.Realm
	blocks []block
}

// A block is a block of the file with those around it.
type block struct {
	path []label // outermost first
	pos  hcl.Pos
}

// A label is a block's type and last label: table "results".
type label struct {
	kind, name string
	// schema is the first label of two, or what the attribute "schema" refers to.
	schema string
}

// parse evaluates the schema file. The error is a *SchemaError, or joins several.
func parse(name string, src []byte) (*document, error) {
	p := hclparse.NewParser()
	f, diags := p.ParseHCL(src, name)
	if diags.HasErrors() {
		if line := tree.ConflictLine(string(src)); line > 0 {
			return nil, &SchemaError{File: name, Line: line, Col: 1, Msg: "git's conflict markers: resolve the conflict"}
		}
		return nil, diagError(name, diags)
	}
	d := &document{name: name, realm: &schema.Realm{}}
	// Atlas changes the body while it evaluates it.
	d.index(f.Body.(*hclsyntax.Body), nil)
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := strict(name, f.Body.(*hclsyntax.Body)); err != nil {
		return nil, err
	}
	types := takeSQLTypes(f.Body.(*hclsyntax.Body))
	if err := postgres.EvalHCL.Eval(p, d.realm, nil); err != nil {
		if errors.As(err, &diags) {
			return nil, diagError(name, diags)
		}
		return nil, d.unplaced(err)
	}
	types.put(d.realm)
	return d, nil
}

// diagError is the first error of diags.
func diagError(name string, diags hcl.Diagnostics) error {
	i := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError })
	if i < 0 {
		i = 0
	}
	d := diags[i]
	e := &SchemaError{File: name, Line: 1, Col: 1, Msg: decapitalize(d.Summary)}
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

func (d *document) index(body *hclsyntax.Body, path []label) {
	for _, b := range body.Blocks {
		l := label{kind: b.Type}
		if n := len(b.Labels); n > 0 {
			l.name = b.Labels[n-1]
			if n > 1 {
				l.schema = b.Labels[0]
			}
		}
		l.schema = cmp.Or(schemaOf(b), l.schema)
		p := append(slices.Clone(path), l)
		d.blocks = append(d.blocks, block{path: p, pos: b.TypeRange.Start})
		d.index(b.Body, p)
	}
}

// check refuses what could only be misunderstood.
func (d *document) check() error {
	declared := false
	for _, b := range d.blocks {
		l := b.path[len(b.path)-1]
		declared = declared || l.kind == "schema"
		if strings.Contains(l.name, `"`) {
			return &SchemaError{File: d.name, Line: b.pos.Line, Col: b.pos.Column,
				Msg: fmt.Sprintf("%s %q: the engine cannot write a name with a double quote in it; choose another, or create it in a migration (new)", l.kind, l.name)}
		}
	}
	if !declared {
		return &SchemaError{File: d.name, Line: 1, Col: 1,
			Msg: `no schema is declared, and everything would be dropped: declare one, such as schema "public" {}`}
	}
	return nil
}

// table returns the place of a table's block, or of the block of the named part in it,
// and that block. Without one it is the start of the file.
func (d *document) table(schemaName, table, part string) (hcl.Pos, label) {
	best, at := hcl.InitialPos, label{}
	for _, b := range d.blocks {
		t := b.path[0]
		if t.kind != "table" || t.name != table || t.schema != schemaName {
			continue
		}
		switch {
		case len(b.path) == 1:
			best, at = b.pos, t
		case len(b.path) == 2 && part != "" && b.path[1].name == part:
			return b.pos, b.path[1]
		}
	}
	return best, at
}

var quoted = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`) })

// unplaced gives an error of Atlas's that has no position that of the innermost block
// whose own name and those around it the message quotes.
func (d *document) unplaced(err error) *SchemaError {
	msg := err.Error()
	for _, prefix := range []string{"specutil: failed converting to *schema.Realm: ", "specutil: ", "postgres: "} {
		msg = strings.TrimPrefix(msg, prefix)
	}
	names := map[string]bool{}
	for _, m := range quoted().FindAllStringSubmatch(msg, -1) {
		names[m[1]] = true
	}
	said := func(b block) int {
		for _, l := range b.path {
			// Atlas names neither an extension nor its like, only the kind.
			if !names[l.name] && !strings.Contains(msg, l.kind+"s are not supported") {
				return 0
			}
		}
		return len(b.path)
	}
	e := &SchemaError{File: d.name, Line: 1, Col: 1, Msg: msg, Err: err}
	if len(d.blocks) > 0 {
		best := slices.MaxFunc(d.blocks, func(a, b block) int { return cmp.Compare(said(a), said(b)) })
		if said(best) > 0 {
			e.Line, e.Col = best.pos.Line, best.pos.Column
		}
	}
	return e
}
