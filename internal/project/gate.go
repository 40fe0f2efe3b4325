package project

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

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
		if latest != 0 {
			s.noteAttribute("lint.latest", strconv.Itoa(latest), body.Attributes["latest"])
		}
	}
	seen := make(map[string]bool)
	for _, b := range body.Blocks {
		switch b.Type {
		case "git":
			base, err := s.text(b.Body.Attributes["base"])
			if err != nil {
				return err
			}
			if !chosen && base != "" {
				g.Base = base
				s.noteAttribute("lint.git.base", strconv.Quote(base), b.Body.Attributes["base"])
			}
		case "allow_table":
			re, err := s.pattern(b, "lint")
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
			set, path := g.Checks[name], fmt.Sprintf("lint.check %q", name)
			if err := set.decode(b.Body, s, path); err != nil {
				return err
			}
			if set.Skip == nil { // mentioning a check turns it on
				set.Skip = new(bool)
				s.note(path, "", b.TypeRange)
			}
			if g.Checks == nil {
				g.Checks = map[string]Setting{}
			}
			g.Checks[name] = set
		default:
			set := g.Analyzers[b.Type]
			if err := set.decode(b.Body, s, "lint."+b.Type); err != nil {
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

// decode reads a block, which the path names. It doesn't change what is already set.
func (set *Setting) decode(body *hclsyntax.Body, s *scope, path string) error {
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
			s.noteAttribute(path+"."+name, strconv.FormatBool(v), a)
		}
	}
	if a := body.Attributes["force"]; a != nil {
		v, err := s.flag(a)
		if err != nil {
			return err
		}
		if v && !set.Force {
			set.Force = true
			s.noteAttribute(path+".force", "true", a)
		}
	}
	for _, b := range body.Blocks {
		re, err := s.pattern(b, path)
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

// pattern returns the match attribute of an allow block, which must match whole names. The path names the block that it
// is in.
func (s *scope) pattern(b *hclsyntax.Block, path string) (*regexp.Regexp, error) {
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
	s.note(fmt.Sprintf("%s.%s %q", path, b.Type, text), "", a.NameRange)
	return re, nil
}
