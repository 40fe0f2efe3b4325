package project

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/hclsize"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// A file is atlas.hcl, checked but not evaluated.
type file struct {
	envs []envBlock
	vars map[string]*hclsyntax.Block
	// locals are the attributes of all locals blocks.
	locals     map[string]*hclsyntax.Attribute
	lint, diff []*hclsyntax.Block
	drift      []*hclsyntax.Block
	alembic    *hclsyntax.Block
}

// An envBlock is one env. The block for any env (`env { name = atlas.env }`) has no name.
type envBlock struct {
	name string
	body *hclsyntax.Body
	at   hcl.Range
}

// parse parses atlas.hcl and checks every name in it.
func parse(src []byte) (*file, error) {
	if err := hclsize.Source(ConfigName, src); err != nil {
		return nil, err
	}
	parsed, diags := hclsyntax.ParseConfig(src, ConfigName, hcl.InitialPos)
	if diags.HasErrors() {
		if line := tree.ConflictLine(string(src)); line > 0 {
			return nil, fmt.Errorf("%s:%d: git's conflict markers: resolve the conflict", ConfigName, line)
		}
		return nil, diagnosed(diags)
	}
	body := parsed.Body.(*hclsyntax.Body)
	if err := fileSpec.check(body, ""); err != nil {
		return nil, err
	}
	if err := hclsize.Values(ConfigName, body, len(src)); err != nil {
		return nil, err
	}
	f := &file{vars: map[string]*hclsyntax.Block{}, locals: map[string]*hclsyntax.Attribute{}}
	for _, b := range body.Blocks {
		switch b.Type {
		case "env":
			e, err := newEnvBlock(b)
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(f.envs, func(o envBlock) bool { return o.name == e.name }); i >= 0 {
				return nil, at(e.at, "duplicate env %q: the first is at line %d", e.name, f.envs[i].at.Start.Line)
			}
			f.envs = append(f.envs, e)
		case "variable":
			if len(b.Labels) == 0 {
				return nil, at(b.TypeRange, "a variable needs a name: variable %q { ... }", "name")
			}
			if f.vars[b.Labels[0]] != nil {
				return nil, at(b.TypeRange, "duplicate variable %q", b.Labels[0])
			}
			f.vars[b.Labels[0]] = b
		case "locals":
			for name, a := range b.Body.Attributes {
				if f.locals[name] != nil {
					return nil, at(a.NameRange, "duplicate local %s", name)
				}
				f.locals[name] = a
			}
		case "lint":
			f.lint = append(f.lint, b)
		case "diff":
			f.diff = append(f.diff, b)
		case "drift":
			f.drift = append(f.drift, b)
		case "alembic":
			if f.alembic != nil {
				return nil, at(b.TypeRange, "duplicate block alembic: the first is at line %d", f.alembic.TypeRange.Start.Line)
			}
			f.alembic = b
		}
	}
	return f, nil
}

func newEnvBlock(b *hclsyntax.Block) (envBlock, error) {
	e := envBlock{body: b.Body, at: b.TypeRange}
	switch name := b.Body.Attributes["name"]; {
	case len(b.Labels) == 1:
		e.name = b.Labels[0]
	case name == nil:
		return e, at(b.TypeRange, "an env needs a name: env %q { ... }", "name")
	default:
		// Like the Atlas CLI, which reads this expression before it evaluates any.
		t, ok := name.Expr.(*hclsyntax.ScopeTraversalExpr)
		if !ok || len(t.Traversal) != 2 || t.Traversal.RootName() != "atlas" {
			return e, at(name.Expr.Range(), "the name of an env without a label must be atlas.env")
		}
	}
	return e, nil
}

// choose finds the env block to use: the named one, or the one for any name. The default name is local. Without a name,
// a file's only env is used.
func (f *file) choose(name string) (envBlock, error) {
	want := name
	if want == "" {
		want = localName
	}
	anonymous := -1
	var names []string
	for i, e := range f.envs {
		switch e.name {
		case want:
			return e, nil
		case "":
			anonymous = i
		default:
			names = append(names, e.name)
		}
	}
	switch {
	case anonymous >= 0:
		e := f.envs[anonymous]
		e.name = want
		return e, nil
	case len(names) == 0:
		return envBlock{}, fmt.Errorf("%s has no env: add env %q { ... }", ConfigName, localName)
	case name != "":
		return envBlock{}, usage.Errorf("%s has no env %q%s", ConfigName, name, instead("envs", name, names))
	case len(names) == 1:
		return f.envs[0], nil
	}
	return envBlock{}, usage.Errorf("%s has several envs: choose one with -env; known envs: %s", ConfigName, strings.Join(slices.Sorted(slices.Values(names)), ", "))
}
