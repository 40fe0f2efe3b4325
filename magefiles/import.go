//go:build mage

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/proof"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
)

// importFrom writes the migrations of a folder, in a format or, if that is nil, Alembic's.
func (c *command) importFrom(ctx context.Context, format importer.Format, folder string) (*importer.Result, error) {
	to := importer.Target{Root: c.env.Root, Migrations: c.env.MigrationsDir}
	start := func() (err error) {
		to.Base = proof.Base{Dir: c.dir, SchemaName: c.env.Schema, Options: c.options()}
		if to.Schema, err = fs.ReadFile(c.env.FS, c.env.Schema); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("reading the schema file: %w", err)
		}
		to.Server, err = c.server(ctx, nil)
		return err
	}
	if format == nil {
		revisions, err := alembic.Read(ctx, folder)
		if err != nil {
			return nil, err
		}
		cmd, err := c.alembic(revisions)
		if err == nil {
			err = start()
		}
		if err != nil {
			return nil, err
		}
		return importer.Alembic(ctx, to, cmd)
	}
	files, err := tree.Open(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no folder %s: name the one that holds the other tool's migrations", folder)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the other tool's migrations: %w", err)
	}
	defer files.Close()
	if err := start(); err != nil {
		return nil, err
	}
	return importer.Import(ctx, to, format, folder, files)
}

// alembic returns how to run the Alembic of a folder of revisions.
func (c *command) alembic(f *alembic.Folder) (*alembic.Command, error) {
	a := c.env.Alembic
	if a == nil {
		return nil, fmt.Errorf(`atlas.hcl doesn't say how to run Alembic. Add, with the command that runs it and the environment variable from which env.py takes the database's URL:
alembic {
  command = ["alembic"]
  url     = "DATABASE_URL"
}`)
	}
	return &alembic.Command{Args: a.Command, Variable: a.Variable, Scheme: a.Scheme, Timeout: a.Timeout, Folder: f}, nil
}

// upstream returns migrations for the revisions that are missing, if atlas.hcl says how to run Alembic.
func (c *command) upstream(ctx context.Context, f *alembic.Folder, found *alembic.Comparison) ([]importer.Suggestion, error) {
	if c.env.Alembic == nil || len(found.Missing) == 0 || len(found.Heads) > 1 {
		return nil, nil
	}
	cmd, err := c.alembic(f)
	if err != nil {
		return nil, err
	}
	cfg, err := c.planner(ctx, "")
	if err != nil {
		return nil, err
	}
	return importer.Upstream(ctx, cfg.Base, cmd, found)
}
