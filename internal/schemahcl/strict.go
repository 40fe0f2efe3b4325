package schemahcl

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// strict refuses what Atlas's engine would silently ignore or misread: attributes and blocks that it doesn't read or
// that have no effect, excess labels, duplicate blocks, and references that it resolves to something else. The error is
// an *Error, or joins several in the order of the file.
//
// The engine must not have evaluated body, because that changes it.
func strict(name string, body *hclsyntax.Body) error {
	c := &strictness{file: name, decls: declarations(body)}
	c.body(scope{kind: theFile}, fileShape, body, hcl.InitialPos)
	c.duplicates(body)
	slices.SortStableFunc(c.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if len(c.errs) == 1 {
		return c.errs[0]
	}
	errs := make([]error, len(c.errs))
	for i, e := range c.errs {
		errs[i] = e
	}
	return errors.Join(errs...)
}

type strictness struct {
	file  string
	decls declared
	errs  []*Error
}

// A scope is the block that is being checked.
type scope struct {
	kind, name string
	// of is the enclosing block, if the block itself has no name.
	of string
	// table is the enclosing table's block, or the block itself. It is nil outside tables.
	table *hclsyntax.Block
}

const theFile = "the file"

// lastLabel returns a block's name, or "".
func lastLabel(b *hclsyntax.Block) string {
	if n := len(b.Labels); n > 0 {
		return b.Labels[n-1]
	}
	return ""
}

func (s scope) String() string {
	switch {
	case s.name == "" && s.of == "":
		return s.kind
	case s.name == "":
		return s.kind + " of " + s.of
	}
	return fmt.Sprintf("%s %q", s.kind, s.name)
}

func (c *strictness) refuse(at hcl.Pos, format string, args ...any) {
	c.errs = append(c.errs, &Error{File: c.file, Line: at.Line, Col: at.Column, Msg: fmt.Sprintf(format, args...)})
}

// body checks the contents of a block that begins at the position at, or of the file.
func (c *strictness) body(in scope, sh *shape, body *hclsyntax.Body, at hcl.Pos) {
	for _, a := range body.Attributes {
		c.attribute(in, sh, a)
	}
	first := map[string]*hclsyntax.Block{}
	for _, b := range body.Blocks {
		child, ok := sh.blocks[b.Type]
		if !ok {
			c.unknownBlock(in, sh, b)
			continue
		}
		if before := first[b.Type]; before != nil && child.single {
			c.refuse(b.TypeRange.Start, "duplicate %s in %s: the engine reads only the first, on line %d", b.Type, in, before.TypeRange.Start.Line)
		} else {
			first[b.Type] = b
		}
		c.block(in, child, b)
	}
	for _, need := range sh.needs {
		c.need(in, need, body, at)
	}
}

func (c *strictness) block(in scope, sh *shape, b *hclsyntax.Block) {
	inner := scope{kind: b.Type, name: lastLabel(b), table: in.table}
	if inner.name == "" && in.kind != theFile {
		inner.of = in.String()
	}
	if b.Type == "table" {
		inner.table = b
	}
	c.labels(inner, sh, b)
	c.body(inner, sh, b.Body, b.TypeRange.Start)
	if sh.also != nil {
		sh.also(c, inner, b)
	}
}

func (c *strictness) labels(in scope, sh *shape, b *hclsyntax.Block) {
	switch n := len(b.Labels); {
	case n < sh.labels.least:
		c.refuse(b.TypeRange.Start, `%s without a name: write %s "NAME" {`, b.Type, b.Type)
	case n > sh.labels.most && sh.labels.most == 0:
		c.refuse(b.LabelRanges[0].Start, "%s takes no name: the engine ignores %q", b.Type, b.Labels[0])
	case n > sh.labels.most && sh.labels.most == 1:
		c.refuse(b.LabelRanges[1].Start, "%s %q has %d labels: it takes one, its name", b.Type, in.name, n)
	case n > sh.labels.most:
		c.refuse(b.LabelRanges[2].Start, "%s %q has %d labels: it takes its name, or its schema and its name", b.Type, in.name, n)
	}
	for i, l := range b.Labels {
		switch {
		case l == "":
			c.refuse(b.LabelRanges[i].Start, "%s with an empty name", b.Type)
		case len(l) > maxName:
			c.refuse(b.LabelRanges[i].Start, "%s %q: the name has %d bytes, and PostgreSQL truncates names to %d", b.Type, l, len(l), maxName)
		}
	}
}

// maxName is the maximum length of a name in bytes (PostgreSQL's NAMEDATALEN - 1).
const maxName = 63

func (c *strictness) attribute(in scope, sh *shape, a *hclsyntax.Attribute) {
	if sh.free {
		return
	}
	if check, ok := sh.attrs[a.Name]; ok {
		// Null means that the attribute isn't set.
		if v, ok := literal(a.Expr); !ok || !v.IsNull() {
			check(c, in, a)
		}
		return
	}
	at := a.NameRange.Start
	switch advice := sh.advice[a.Name]; {
	case a.Name == "for_each":
		c.refuse(at, "attribute %q in %s: every copy would have the same name; write a block for each", a.Name, in)
	case advice != "":
		c.refuse(at, "attribute %q in %s: %s", a.Name, in, advice)
	case sh.blocks[a.Name] != nil:
		c.refuse(at, "attribute %q in %s: the engine ignores it; write it as a block, %s { }", a.Name, in, a.Name)
	default:
		c.refuse(at, "unknown attribute %q in %s%s", a.Name, in, instead(a.Name, slices.Collect(maps.Keys(sh.attrs))))
	}
}

func (c *strictness) unknownBlock(in scope, sh *shape, b *hclsyntax.Block) {
	at, what := b.TypeRange.Start, scope{kind: b.Type, name: lastLabel(b)}
	switch advice := sh.advice[b.Type]; {
	case b.Type == "dynamic":
		c.refuse(at, "block %s in %s: the engine ignores dynamic blocks; write a block for each", what, in)
	case advice != "":
		c.refuse(at, "block %s in %s: %s", what, in, advice)
	case sh.attrs[b.Type] != nil:
		c.refuse(at, "block %s in %s: the engine ignores it; write it as an attribute, %s = ...", what, in, b.Type)
	default:
		c.refuse(at, "unknown block %q in %s%s", b.Type, in, instead(b.Type, slices.Collect(maps.Keys(sh.blocks))))
	}
}

// need checks that exactly one of the names is present, as an attribute or as blocks.
func (c *strictness) need(in scope, names []string, body *hclsyntax.Body, at hcl.Pos) {
	var have []string
	for _, n := range names {
		if body.Attributes[n] != nil || slices.ContainsFunc(body.Blocks, func(b *hclsyntax.Block) bool { return b.Type == n }) {
			have = append(have, n)
		}
	}
	switch {
	case len(have) == 0:
		c.refuse(at, "%s needs %s", in, quotedList(names, " or "))
	case len(have) > 1:
		c.refuse(at, "%s has %s: only one of them is allowed", in, quotedList(have, " and "))
	}
}

// quotedList joins the quoted names with commas, the last one with the separator last.
func quotedList(names []string, last string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	if n := len(quoted) - 1; n > 0 {
		return strings.Join(quoted[:n], ", ") + last + quoted[n]
	}
	return quoted[0]
}

// instead ends a sentence about an unknown name, with the valid name that was probably meant or with all of them.
func instead(name string, valid []string) string {
	if len(valid) == 0 {
		return "; known: none"
	}
	slices.Sort(valid)
	if best := words.Nearest(name, valid); best != "" {
		return fmt.Sprintf(": did you mean %q?", best)
	}
	if len(valid) > 20 {
		return ""
	}
	return "; known: " + quotedList(valid, ", ")
}
