package project

import (
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// decode reads a lint block. It doesn't change what is already set. checks are the labels that check blocks may have.
func (g *Gate) decode(body *hclsyntax.Body, s *scope, checks []string) error {
	latest, err := s.number(body.Attributes["latest"])
	if err != nil {
		return err
	}
	// As in Atlas, the env's way to find the changed files overrides the file's.
	chosen := g.Base != "" || g.Latest != 0
	if !chosen {
		g.Latest = latest
	}
	seen := make(map[string]bool)
	for _, b := range body.Blocks {
		switch b.Type {
		case "git":
			base, err := s.text(b.Body.Attributes["base"])
			if err != nil {
				return err
			}
			if !chosen {
				g.Base = base
			}
		case "allow_table":
			re, err := s.pattern(b)
			if err != nil {
				return err
			}
			g.AllowTables = append(g.AllowTables, re)
		case "check":
			if len(b.Labels) == 0 {
				return at(b.TypeRange, "a check block needs the check's name or code: check \"drop-column\" { ... }")
			}
			name := b.Labels[0]
			if len(checks) > 0 && !slices.Contains(checks, name) {
				return at(b.LabelRanges[0], "unknown check %q%s", name, instead("checks", name, checks))
			}
			if seen[name] {
				return at(b.LabelRanges[0], "check %q is set twice", name)
			}
			seen[name] = true
			set := g.Checks[name]
			if err := set.decode(b.Body, s); err != nil {
				return err
			}
			if set.Skip == nil { // mentioning a check turns it on
				set.Skip = new(bool)
			}
			if g.Checks == nil {
				g.Checks = map[string]Setting{}
			}
			g.Checks[name] = set
		default:
			set := g.Analyzers[b.Type]
			if err := set.decode(b.Body, s); err != nil {
				return err
			}
			if g.Analyzers == nil {
				g.Analyzers = map[string]Setting{}
			}
			g.Analyzers[b.Type] = set
		}
	}
	return nil
}

// decode reads a block. It doesn't change what is already set.
func (set *Setting) decode(body *hclsyntax.Body, s *scope) error {
	for name, dst := range map[string]**bool{"error": &set.Error, "skip": &set.Skip} {
		a := body.Attributes[name]
		if a == nil {
			continue
		}
		v, err := s.flag(a)
		if err != nil {
			return err
		}
		if *dst == nil {
			*dst = &v
		}
	}
	if a := body.Attributes["force"]; a != nil {
		v, err := s.flag(a)
		if err != nil {
			return err
		}
		set.Force = set.Force || v
	}
	for _, b := range body.Blocks {
		re, err := s.pattern(b)
		if err != nil {
			return err
		}
		if b.Type == "allow_table" {
			set.AllowTables = append(set.AllowTables, re)
		} else {
			set.AllowColumns = append(set.AllowColumns, re)
		}
	}
	return nil
}

// pattern returns the match attribute of an allow block. It must match whole names.
func (s *scope) pattern(b *hclsyntax.Block) (*regexp.Regexp, error) {
	a := b.Body.Attributes["match"]
	if a == nil {
		return nil, at(b.TypeRange, "%s needs match = \"...\", a regular expression that matches whole names", b.Type)
	}
	text, err := s.text(a)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile("^(?:" + text + ")$")
	if text == "" || err != nil {
		return nil, at(a.Expr.Range(), "%q isn't a regular expression", text)
	}
	return re, nil
}
