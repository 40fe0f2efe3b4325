//go:build mage

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/project"
)

// linter returns what package lint works on: the flags' base or latest files, else
// atlas.hcl's.
func (c *cmd) linter(base string, latest int) (lint.Config, error) {
	cfg := lint.Config{
		Start: c.server, Dir: c.dir, Root: c.MigrationsDir, Options: c.options(),
		Base: base, Latest: latest, Policy: policy(c.Gate), SchemaName: c.Schema,
	}
	if base == "" && latest == 0 {
		cfg.Base, cfg.Latest = c.Gate.Base, c.Gate.Latest
	}
	if c.OnEmbedded {
		return cfg, nil
	}
	cfg.SchemaFile = filepath.Join(c.Root, filepath.FromSlash(c.Schema))
	var err error
	if cfg.Schema, err = fs.ReadFile(c.FS, c.Schema); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cfg, fmt.Errorf("reading the desired state: %w", err)
	}
	return cfg, nil
}

// policy is what atlas.hcl says of the gate.
func policy(g project.Gate) lint.Policy {
	settings := func(of map[string]project.Setting) map[string]lint.Setting {
		out := make(map[string]lint.Setting, len(of))
		for name, s := range of {
			out[name] = lint.Setting(s)
		}
		return out
	}
	return lint.Policy{Analyzers: settings(g.Analyzers), Checks: settings(g.Checks), AllowTables: g.AllowTables}
}
