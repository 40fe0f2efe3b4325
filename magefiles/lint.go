//go:build mage

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/report"
)

// linter returns what package lint works on: the flags' base or latest files, else
// atlas.hcl's.
func (c *cmd) linter(base string, latest int) (lint.Config, error) {
	cfg := lint.Config{
		Start: c.server, Dir: c.dir, Root: c.MigrationsDir, Options: c.options(),
		Base: base, Latest: latest, Policy: lint.Policy(c.Gate.Policy), SchemaName: c.Schema,
	}
	if base == "" && latest == 0 {
		cfg.Base, cfg.Latest = c.Gate.Base, c.Gate.Latest
	}
	if c.OnEmbedded {
		return cfg, nil
	}
	cfg.SchemaFile = filepath.Join(c.Root, filepath.FromSlash(c.Schema))
	var err error
	cfg.Schema, err = c.schema()
	return cfg, err
}

// sizes reads from the live database what the findings say of it.
func (c *cmd) sizes(ctx context.Context, cfg *lint.Config) error {
	conn, err := c.connConfig(ctx)
	if err != nil {
		return err
	}
	db, err := pgx.ConnectConfig(ctx, conn)
	if err != nil {
		return migrator.NewConnectError(conn, err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	const perMajor = 10000
	var version int
	if err := db.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return fmt.Errorf("reading the server's version: %w", err)
	}
	cfg.Major = version / perMajor
	cfg.Sizes, err = lint.ReadSizes(ctx, db)
	return err
}

// showLint shows what lint found, also in files and in the summary of a step of GitHub
// Actions.
func (c *cmd) showLint(r *lint.Report, outs []report.Out) error {
	c.ToolVersion = toolVersion()
	if err := c.LintTo(r, outs); err != nil {
		return err
	}
	if c.Format == report.GitHub {
		if err := c.LintSummary(r, os.LookupEnv); err != nil {
			return err
		}
	}
	return c.Lint(r)
}
