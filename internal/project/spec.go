package project

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/ibutsu/ibutsu-schema/internal/words"
)

// A spec lists what a block may contain.
type spec struct {
	attrs  []string
	blocks map[string]*spec
	// refused are the names that Atlas knows and this tool doesn't support, with the reason. They are an error only in
	// what the chosen env uses, because other envs may be for the Atlas CLI only.
	refused map[string]string
	// labels is how many labels the block can have.
	labels int
	// open blocks may contain any attribute and block.
	open bool
}

// pattern is a block that exempts what its regular expression matches.
var pattern = &spec{attrs: []string{"match"}}

// setting is a block of lint that configures an analyzer or a check.
var setting = &spec{
	attrs:  []string{"error", "skip", "force"},
	blocks: map[string]*spec{"allow_table": pattern, "allow_column": pattern},
}

// convention is a block of naming for a kind of object.
var convention = &spec{attrs: []string{"match", "message"}}

// conventions are the kinds of objects for which naming has a block.
var conventions = []string{"schema", "table", "column", "index", "foreign_key", "check"}

var namingSpec = func() *spec {
	s := &spec{attrs: slices.Concat(setting.attrs, convention.attrs), blocks: maps.Clone(setting.blocks)}
	for _, kind := range conventions {
		s.blocks[kind] = convention
	}
	return s
}()

// concurrentSpec has, in addition to those of other analyzers, Atlas's attributes that turn off some of its checks.
var concurrentSpec = &spec{attrs: slices.Concat(setting.attrs, slices.Collect(maps.Keys(concurrentChecks))), blocks: setting.blocks}

// concurrentChecks are the codes of the checks that attributes of concurrent_index turn off.
var concurrentChecks = map[string][]string{
	"check_create": {"PG101", "PG108"}, "check_drop": {"PG102"}, "check_txmode": {"PG103"},
}

var lintSpec = &spec{
	attrs: []string{"log", "format", "latest", "review", "small", "sizes"},
	blocks: map[string]*spec{
		"git": {attrs: []string{"base", "dir"}},
		// Atlas's analyzers, then our own.
		"concurrent_index": concurrentSpec, "condrop": setting, "data_depend": setting, "destructive": setting,
		"incompatible": setting, "naming": namingSpec,
		"blocking": setting, "style": setting, "transaction": setting,

		"check":       {labels: 1, attrs: setting.attrs, blocks: setting.blocks},
		"rule":        {labels: 1, attrs: []string{"match", "message", "error"}},
		"owner":       {labels: 1, attrs: []string{"match"}},
		"allow_table": pattern,
	},
}

var diffSpec = &spec{
	attrs: []string{"rewrite", "timezone"},
	blocks: map[string]*spec{
		"skip": {attrs: []string{
			"add_schema", "drop_schema", "modify_schema", "add_table", "drop_table", "modify_table",
			"add_column", "drop_column", "modify_column", "add_index", "drop_index", "modify_index",
			"add_foreign_key", "drop_foreign_key", "modify_foreign_key",
		}},
		"concurrent_index": {attrs: []string{"add", "create", "drop"}},
	},
}

var formatSpec = &spec{
	blocks: map[string]*spec{
		"migrate": {attrs: []string{"apply", "diff", "down", "lint", "status"}},
		"schema":  {attrs: []string{"apply", "clean", "diff", "inspect"}},
	},
}

// driftSpec says which differences drift accepts.
var driftSpec = &spec{
	attrs:  []string{"ignore"},
	blocks: map[string]*spec{"with": {labels: 1, attrs: []string{"ignore"}}},
}

// batchSpec says how apply runs statements in batches.
var batchSpec = &spec{attrs: []string{"target", "min_size", "max_size", "vacuum_wait", "max_replica_lag"}}

// alembicSpec says how to run a Python project's Alembic.
var alembicSpec = &spec{attrs: []string{"command", "url", "scheme", "timeout"}}

var envSpec = &spec{
	labels: 1,
	attrs: []string{
		"name", "url", "dev", "src", "exclude",
		"alembic_version_schema", "lock_timeout", "lock_retry", "role",
		"replay_statement_timeout", "replay_timeout", "replay_disk", "dev_extensions", "oldest_postgres",
		"schemas", "include", "for_each",
	},
	refused: map[string]string{
		"schemas":  "every schema that exclude doesn't match is managed",
		"include":  "every object that exclude doesn't match is managed",
		"for_each": "a command works on one database",
		"schema":   "set src to the schema file",
	},
	blocks: map[string]*spec{
		"schema": {open: true},
		"migration": {
			attrs: []string{
				"dir", "exclude", "format", "lock_timeout", "revisions_schema", "exec_order", "baseline",
			},
			refused: map[string]string{"baseline": "record a database's version with `stamp` instead"},
			blocks:  map[string]*spec{"repo": {attrs: []string{"name"}}},
		},
		"diff": diffSpec, "lint": lintSpec, "format": formatSpec, "log": formatSpec, "drift": driftSpec, "batch": batchSpec,
	},
}

// fileSpec is what atlas.hcl may contain.
var fileSpec = &spec{
	blocks: map[string]*spec{
		"env":      envSpec,
		"variable": {labels: 1, attrs: []string{"type", "default", "description"}},
		"locals":   {open: true},
		"data":     {labels: 2, open: true},
		"atlas": {blocks: map[string]*spec{
			"cloud": {attrs: []string{"token", "url", "project"}},
		}},
		"diff": diffSpec, "lint": lintSpec, "drift": driftSpec, "alembic": alembicSpec,
	},
}

// check reports the first thing, in source order, that a body may not contain. The path names the block in messages:
// "env.lint.git", or empty for the file.
func (s *spec) check(body *hclsyntax.Body, path string) error {
	if s.open {
		return nil
	}
	type entry struct {
		at    hcl.Range
		check func() error
	}
	var entries []entry
	for _, a := range body.Attributes {
		entries = append(entries, entry{a.NameRange, func() error {
			if slices.Contains(s.attrs, a.Name) {
				return nil
			}
			if s.blocks[a.Name] != nil {
				return at(a.NameRange, "%s is a block: write %s { ... }", in(a.Name, path), a.Name)
			}
			return at(a.NameRange, "unknown attribute %s%s", in(a.Name, path), instead("names", a.Name, s.names()))
		}})
	}
	for _, b := range body.Blocks {
		entries = append(entries, entry{b.TypeRange, func() error {
			sub := s.blocks[b.Type]
			switch {
			case sub == nil && slices.Contains(s.attrs, b.Type):
				return at(b.TypeRange, "%s is an attribute: write %s = ...", in(b.Type, path), b.Type)
			case sub == nil:
				return at(b.TypeRange, "unknown block %s%s", in(b.Type, path), instead("names", b.Type, s.names()))
			case len(b.Labels) > sub.labels:
				return at(b.LabelRanges[sub.labels], "block %s has too many labels", in(b.Type, path))
			}
			return sub.check(b.Body, strings.TrimPrefix(path+"."+b.Type, "."))
		}})
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.at.Start.Byte - b.at.Start.Byte })
	for _, e := range entries {
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

// checkRefused reports what the body contains and isn't supported.
func (s *spec) checkRefused(body *hclsyntax.Body, path string) error {
	for _, name := range slices.Sorted(maps.Keys(s.refused)) {
		if a := body.Attributes[name]; a != nil {
			return at(a.NameRange, "%s is not supported: %s", in(name, path), s.refused[name])
		}
		for _, b := range body.Blocks {
			if b.Type == name {
				return at(b.TypeRange, "%s is not supported: %s", in(name, path), s.refused[name])
			}
		}
	}
	return nil
}

// names are those of the attributes and blocks that the block may contain.
func (s *spec) names() []string {
	return slices.AppendSeq(slices.Clone(s.attrs), maps.Keys(s.blocks))
}

// in says which block a name is in.
func in(name, path string) string {
	if path == "" {
		return name
	}
	return name + " in " + path
}

// instead suggests the valid name that was probably meant, or lists them all under the plural kind if none is similar.
// It is empty if there are none.
func instead(kind, name string, valid []string) string {
	if len(valid) == 0 {
		return ""
	}
	if best := words.Nearest(name, valid); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	return "; known " + kind + ": " + strings.Join(slices.Sorted(slices.Values(valid)), ", ")
}

// at returns an error at a position in the file.
func at(r hcl.Range, format string, args ...any) error {
	return fmt.Errorf("%s:%d:%d: %w", r.Filename, r.Start.Line, r.Start.Column, fmt.Errorf(format, args...))
}

// diagnosed returns HCL's first error.
func diagnosed(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		text := strings.TrimSuffix(d.Summary, ".")
		if d.Detail != "" {
			text += ": " + strings.TrimSuffix(d.Detail, ".")
		}
		if d.Subject == nil {
			return fmt.Errorf("%s: %s", ConfigName, text)
		}
		return at(*d.Subject, "%s", text)
	}
	return nil
}
