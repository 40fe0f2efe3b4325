//go:build mage

package main

import (
	"context"
	"os"
	"time"

	"github.com/ibutsu/ibutsu-schema/internal/alembic"
	"github.com/ibutsu/ibutsu-schema/internal/importer"
	"github.com/ibutsu/ibutsu-schema/internal/migration"
	"github.com/ibutsu/ibutsu-schema/internal/migrator"
	"github.com/ibutsu/ibutsu-schema/internal/report"
	"github.com/ibutsu/ibutsu-schema/internal/usage"
)

// with runs a target that works on a project and its migrations.
func with(ctx context.Context, f flags, fn func(context.Context, *command) error) error {
	return withoutDir(ctx, f, func(ctx context.Context, c *command) error {
		if err := c.read(migration.Read); err != nil {
			return err
		}
		return fn(ctx, c)
	})
}

// withoutDir is like with, for targets that read the migrations themselves. Until then c.dir is nil.
func withoutDir(ctx context.Context, f flags, fn func(context.Context, *command) error) error {
	return run(ctx, func(ctx context.Context) (err error) {
		if f.metrics != nil {
			if err := f.metrics.check(); err != nil {
				return err
			}
			defer func() { err = f.metrics.write(ctx, err) }()
		}
		c, err := open(ctx, f)
		if err != nil {
			return err
		}
		defer c.close(&err)
		return fn(ctx, c)
	})
}

// withRevisions is like with, for targets that work on a folder of Alembic's revision files.
func withRevisions(ctx context.Context, f flags, dir *string, fn func(context.Context, *command, *alembic.Folder) error) error {
	return with(ctx, f, func(ctx context.Context, c *command) error {
		if value(dir) == "" {
			return usage.Errorf("name the folder of the revision files with -alembic=DIR")
		}
		folder, err := alembic.Read(ctx, *dir)
		if err != nil {
			return err
		}
		return fn(ctx, c, folder)
	})
}

// imported returns the only format whose folder is given.
func imported(formats map[*string]importer.Format) (importer.Format, string, error) {
	delete(formats, nil)
	if len(formats) != 1 {
		return nil, "", usage.Errorf("name one folder, with -alembic=DIR, -goose=DIR, -golangmigrate=DIR or -dbmate=DIR")
	}
	for dir, format := range formats {
		if *dir != "" {
			return format, *dir, nil
		}
	}
	return nil, "", usage.Errorf("the name of the folder is empty")
}

// live runs a target that works on a live database; writes says that it changes something there.
func live(ctx context.Context, f flags, wait *time.Duration, writes bool, fn func(context.Context, *command, *migrator.Migrator) error) error {
	return withoutDir(ctx, f, func(ctx context.Context, c *command) error {
		if wait != nil {
			c.env.Wait = wait
		}
		m := c.dial(ctx, writes)
		err := c.read(migration.ReadToRun)
		if err != nil {
			return err
		}
		if m == nil {
			m, err = c.migrator(ctx)
		} else {
			m.SetDir(c.dir)
		}
		if err != nil {
			return err
		}
		return fn(ctx, c, m)
	})
}

// migrate runs Apply or Down on a live database, on n files.
func migrate(ctx context.Context, f flags, wait *time.Duration, n *int, opts migrator.Options,
	run func(*migrator.Migrator, context.Context, migrator.Options) (*migrator.Result, error)) error {
	return live(ctx, f, wait, !opts.DryRun, func(ctx context.Context, c *command, m *migrator.Migrator) (err error) {
		if opts.N, err = count("n", n); err != nil {
			return err
		}
		if f.metrics != nil && opts.DryRun {
			return usage.Errorf("-metrics is about what apply did: omit it with -dryrun")
		}
		opts.Notes = c.notes(ctx)
		if c.out.Format == report.Text {
			c.connected.do(func() { stderr.Database(c.out.Database, os.LookupEnv) })
		}
		r, err := run(m, ctx, opts)
		c.metrics.Apply, c.metrics.Files = r, c.dir.Files()
		return c.out.Run(r, err)
	})
}
