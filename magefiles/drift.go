//go:build mage

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ibutsu/ibutsu-schema/internal/adopt"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/project"
	"github.com/ibutsu/ibutsu-schema/internal/state"
)

// driftOptions returns what a database is compared with: with is the flag's value, "" for the recorded version.
func (c *command) driftOptions(ctx context.Context, with string) (opts adopt.DriftOptions, err error) {
	switch {
	case with == "":
		opts.Ignore = c.env.Ignored()
	case strings.HasPrefix(with, "postgres://"), strings.HasPrefix(with, "postgresql://"):
		db, err := project.OtherDatabase(with, "-with")
		if err != nil {
			return opts, err
		}
		conn, err := db.Config()
		if err != nil {
			return opts, err
		}
		cfg := c.migrating(conn)
		cfg.Dir, cfg.Role = c.dir, ""
		opts.Ignore = c.env.Ignored(db.String())
		opts.Other, err = adopt.FromDatabase(ctx, migrator.New(cfg))
		return opts, err
	default:
		text, err := os.ReadFile(with)
		if err != nil {
			return opts, fmt.Errorf("-with: %w", err)
		}
		opts.Ignore = c.env.Ignored(with, filepath.Base(with))
		opts.Other, err = c.fromFile(ctx, with, text)
		return opts, err
	}
	return opts, nil
}

// fromFile returns the schema that a file of SQL or HCL makes on the throwaway server.
func (c *command) fromFile(ctx context.Context, name string, text []byte) (*adopt.Other, error) {
	if filepath.Ext(name) != ".hcl" {
		server, err := c.server(ctx, nil)
		if err != nil {
			return nil, err
		}
		return adopt.FromSQL(ctx, server, filepath.Base(name), string(text), c.options())
	}
	cfg, err := c.plannerFrom(ctx, "", state.Names(c.dir.Files()))
	if err != nil {
		return nil, err
	}
	cfg.Base.Schema, cfg.Base.SchemaName = text, filepath.Base(name)
	return adopt.FromHCL(ctx, cfg.Base)
}
