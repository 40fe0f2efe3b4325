//go:build mage

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	ibutsuschema "github.com/ibutsu/ibutsu-schema"
	"github.com/ibutsu/ibutsu-schema/internal/lint"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/pgsql"
	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/site/review"
	"github.com/ibutsu/ibutsu-schema/internal/tree"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// linter returns the configuration for package lint.
func (c *command) linter(s *lint.Settings) (lint.Config, error) {
	cfg := lint.Config{
		Start: c.server, Dir: c.dir, Root: c.env.MigrationsDir, Project: c.env.Root, Options: c.options(),
		Base: s.Base, MergedDir: s.MergedDir, TipDir: s.TipDir, Latest: s.Latest, Changes: s.Changes, OwnSettings: s.OwnSettings,
		Policy: lint.Policy(c.env.Gate.Policy), Sizes: s.Sizes, SchemaName: c.env.Schema,
	}
	if c.env.OnEmbedded {
		return cfg, nil
	}
	cfg.SchemaFile = filepath.Join(c.env.Root, filepath.FromSlash(c.env.Schema))
	var err error
	cfg.Schema, err = c.schema()
	return cfg, err
}

// lint lints the flags' base or latest files. If sizes is set, it reads the sizes of the
// database's tables, and its planner's estimates.
func (c *command) lint(ctx context.Context, base string, latest int, sizes bool) (*lint.Report, error) {
	s, err := lint.ReadSettings(ctx, c.env, base, latest, nil)
	if err != nil {
		return nil, err
	}
	c.env, c.out.SchemaFile, c.out.Dir = s.Env, s.Env.Schema, s.Env.Migrations
	var invalid migration.Errors
	if err := c.read(migration.Read); err != nil && !errors.As(err, &invalid) {
		return nil, err
	}
	if !invalid.Readable() {
		return lint.Invalid(invalid), nil
	}
	cfg, err := c.linter(s)
	if err != nil {
		return nil, err
	}
	if sizes {
		db, err := c.connect(ctx)
		if err != nil {
			return nil, err
		}
		defer db.Close(context.WithoutCancel(ctx))
		if cfg.Sizes, err = lint.ReadSizes(ctx, db); err != nil {
			return nil, err
		}
		cfg.Estimate = lint.Estimator(db)
		cfg.Major = pgsql.MajorVersion(db.PgConn().ParameterStatus("server_version"))
	}
	return lint.Run(ctx, cfg)
}

// connect connects to the live database.
func (c *command) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := c.connConfig(ctx)
	if err != nil {
		return nil, err
	}
	db, err := pgx.ConnectConfig(ctx, conn)
	if err != nil {
		return nil, migrator.NewConnectError(conn, err)
	}
	return db, nil
}

// snapshot writes the sizes of the database's tables to a file. Those of the local PostgreSQL
// must be asked for.
func (c *command) snapshot(ctx context.Context, file string) error {
	if d, err := c.env.Database(); err == nil && d.Local && d.Source != "-env=local" {
		return usage.Errorf("-snapshot: no database is set: name the one whose tables to measure, such as -url=postgres://... (or -env=local)")
	}
	db, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	sizes, err := lint.ReadSizes(ctx, db)
	if err != nil {
		return err
	}
	if len(sizes) == 0 {
		return fmt.Errorf("the database has no tables: %s isn't written", file)
	}
	if err := tree.Write(ctx, c.out.Project, file, string(sizes.Snapshot())); err != nil {
		return fmt.Errorf("writing the sizes: %w", err)
	}
	return c.out.Snapshot(len(sizes), file)
}

// showLint shows the findings, also in files and in the summary of a GitHub Actions step.
func (c *command) showLint(r *lint.Report, outs []report.Out) error {
	c.out.ToolVersion = toolVersion()
	if err := c.out.LintTo(r, outs); err != nil {
		return err
	}
	if c.out.Format == report.GitHub {
		if err := c.out.LintSummary(r, os.LookupEnv); err != nil {
			return err
		}
	}
	return c.out.Lint(r)
}

// review writes the page about what lint found to a file, or to standard output if it is "-".
func (c *command) review(ctx context.Context, r *lint.Report, file string) error {
	p, err := review.New(ctx, r, review.Config{Dir: c.out.Dir, Schema: c.out.SchemaFile, Tool: toolVersion()})
	if err != nil {
		return fmt.Errorf("making the page: %w", err)
	}
	if file == "-" {
		return c.out.HTML(p.HTML)
	}
	if err := tree.Write(ctx, c.out.Project, file, p.HTML); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return c.out.Review(file, p.Verdict)
}

// checks prints all checks of lint, or the page about one.
func checks(f flags, explain *string) error {
	p, err := printer(f)
	if err != nil {
		return err
	}
	if explain == nil {
		return p.Rules()
	}
	pages, err := fs.Sub(ibutsuschema.Hazards, "docs/hazards")
	if err != nil {
		return err
	}
	return p.Explain(*explain, pages)
}
