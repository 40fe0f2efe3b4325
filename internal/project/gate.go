package project

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
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
			set, path := g.Checks[name], fmt.Sprintf("lint.check %q", name)
			if err := once(seen, path, b.LabelRanges[0]); err != nil {
				return err
			}
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
		case "owner":
			if err := g.owner(b, s, seen); err != nil {
				return err
			}
		case "rule":
			if err := g.rule(b, s, seen); err != nil {
				return err
			}
		default:
			set := g.Analyzers[b.Type]
			if err := set.decode(b.Body, s, "lint."+b.Type); err != nil {
				return err
			}
			if g.Analyzers == nil {
				g.Analyzers = map[string]Setting{}
			}
			g.Analyzers[b.Type] = set
			if b.Type == "naming" {
				if err := g.naming(b.Body, s, seen); err != nil {
					return err
				}
			}
		}
	}
	for _, b := range body.Blocks {
		if b.Type == "concurrent_index" {
			if err := g.concurrently(b.Body, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// once returns an error if a lint block has set what the path names before.
func once(seen map[string]bool, path string, pos hcl.Range) error {
	if seen[path] {
		return at(pos, "%s is set twice", path)
	}
	seen[path] = true
	return nil
}

// naming reads the patterns of a naming block. It doesn't change what is already set.
func (g *Gate) naming(body *hclsyntax.Body, s *scope, seen map[string]bool) error {
	read := func(kind string, body *hclsyntax.Body, at hcl.Range) error {
		path := strings.TrimSuffix("lint.naming."+kind, ".")
		if err := once(seen, path, at); err != nil {
			return err
		}
		re, text, err := s.regexp(body, path, at)
		if err != nil {
			return err
		}
		message, err := s.text(body.Attributes["message"])
		if err != nil {
			return err
		}
		if _, set := g.Naming[kind]; set {
			return nil
		}
		if g.Naming == nil {
			g.Naming = map[string]Pattern{}
		}
		g.Naming[kind] = Pattern{re, message}
		s.note(path+".match", strconv.Quote(text), at)
		return nil
	}
	if body.Attributes["match"] != nil {
		if err := read("", body, body.Attributes["match"].NameRange); err != nil {
			return err
		}
	}
	for _, b := range body.Blocks {
		if slices.Contains(conventions, b.Type) {
			if err := read(b.Type, b.Body, b.TypeRange); err != nil {
				return err
			}
		}
	}
	return nil
}

// owner reads who owns what. It doesn't change what is already set.
func (g *Gate) owner(b *hclsyntax.Block, s *scope, seen map[string]bool) error {
	if len(b.Labels) == 0 {
		return at(b.TypeRange, "an owner block needs a name: owner \"billing-team\" { ... }")
	}
	o := Owner{Name: b.Labels[0]}
	path := fmt.Sprintf("lint.owner %q", o.Name)
	if err := once(seen, path, b.LabelRanges[0]); err != nil {
		return err
	}
	a := b.Body.Attributes["match"]
	if a == nil {
		return at(b.TypeRange, "%s needs match = \"...\", a regular expression that matches whole names", path)
	}
	text, err := s.text(a)
	if err != nil {
		return err
	}
	if o.Match, err = compile(text, "^(?:"+text+")$", a); err != nil {
		return err
	}
	if !slices.ContainsFunc(g.Owners, func(other Owner) bool { return other.Name == o.Name }) {
		g.Owners = append(g.Owners, o)
		s.noteAttribute(path+".match", strconv.Quote(text), a)
	}
	return nil
}

// rule reads a check of the project's own.
func (g *Gate) rule(b *hclsyntax.Block, s *scope, seen map[string]bool) error {
	if len(b.Labels) == 0 {
		return at(b.TypeRange, "a rule block needs a name: rule \"no-vacuum\" { ... }")
	}
	r := CustomRule{Name: b.Labels[0]}
	path := fmt.Sprintf("lint.rule %q", r.Name)
	if err := once(seen, path, b.LabelRanges[0]); err != nil {
		return err
	}
	if slices.ContainsFunc(g.Rules, func(o CustomRule) bool { return o.Name == r.Name }) {
		return nil // the env's overrides the file's
	}
	var text string
	var err error
	if r.Match, text, err = s.regexp(b.Body, path, b.TypeRange); err != nil {
		return err
	}
	if r.Message, err = s.text(b.Body.Attributes["message"]); err != nil {
		return err
	}
	if r.Message == "" {
		return at(b.TypeRange, "%s needs message = \"...\", which says why", path)
	}
	if a := b.Body.Attributes["error"]; a != nil {
		if r.Error, err = s.flag(a); err != nil {
			return err
		}
		s.noteAttribute(path+".error", strconv.FormatBool(r.Error), a)
	}
	g.Rules = append(g.Rules, r)
	s.noteAttribute(path+".match", strconv.Quote(text), b.Body.Attributes["match"])
	return nil
}

// concurrently turns off the checks that attributes of concurrent_index are false for. It doesn't change what is
// already set.
func (g *Gate) concurrently(body *hclsyntax.Body, s *scope) error {
	for name, codes := range concurrentChecks {
		a := body.Attributes[name]
		if a == nil {
			continue
		}
		on, err := s.flag(a)
		if err != nil {
			return err
		}
		s.noteAttribute("lint.concurrent_index."+name, strconv.FormatBool(on), a)
		for _, code := range codes {
			if set := g.Checks[code]; set.Skip == nil && !on {
				off := true
				set.Skip = &off
				if g.Checks == nil {
					g.Checks = map[string]Setting{}
				}
				g.Checks[code] = set
			}
		}
	}
	return nil
}

// regexp returns the match attribute of the block at a position, and its text.
func (s *scope) regexp(body *hclsyntax.Body, path string, pos hcl.Range) (*regexp.Regexp, string, error) {
	a := body.Attributes["match"]
	if a == nil {
		return nil, "", at(pos, "%s needs match = \"...\", a regular expression", path)
	}
	text, err := s.text(a)
	if err != nil {
		return nil, "", err
	}
	re, err := compile(text, text, a)
	return re, text, err
}

// compile compiles an attribute's regular expression; expr is how it is used.
func compile(text, expr string, a *hclsyntax.Attribute) (*regexp.Regexp, error) {
	if text == "" {
		return nil, at(a.Expr.Range(), "%q isn't a regular expression", text)
	}
	if _, err := regexp.Compile(text); err != nil {
		why := err.Error()
		if e := (*syntax.Error)(nil); errors.As(err, &e) {
			why = e.Code.String()
		}
		return nil, at(a.Expr.Range(), "%q isn't a regular expression: %s", text, why)
	}
	return regexp.Compile(expr)
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
		if b.Type != "allow_table" && b.Type != "allow_column" {
			continue
		}
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
	re, err := compile(text, "^(?:"+text+")$", a)
	if err != nil {
		return nil, err
	}
	s.note(fmt.Sprintf("%s.%s %q", path, b.Type, text), "", a.NameRange)
	return re, nil
}
